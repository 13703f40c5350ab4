//! Single seats drawn anew, each within its own few pixels, while the rest of the picture stays: how a thousand changes
//! cost less than one whole picture.

use domain::seat::{SeatId, SeatState};
use raster::{Place, Rect, Shape, Sheet, is_inside, paint_spot, seats_near};

use super::layout::Near;
use super::letters::Letters;
use super::look::look;
use super::outline::At;
use super::scene::Scene;

impl Scene {
    /// Draws changed seats anew where they are too small to bear words; gives the box around all that changed.
    pub(super) fn paint_spots(&mut self, seats: &[u64], place: &Place, letters: &mut dyn Letters) -> Rect {
        let about = self.about_rects(place);
        let reach = self.masks.look_reach();
        let mut sheet = Sheet::new(&self.masks);
        let mut close = Vec::new();
        let mut around = Rect::default();
        let mut last: Option<(usize, std::rc::Rc<Near>)> = None;
        for seat in seats {
            let seat = SeatId(*seat as u32);
            let (Some(at), Some(section)) = (self.model.at(seat), self.model.section_of(seat)) else { continue };
            let spot = self.spot(seat, at, place);
            if spot.is_empty() || !self.model.shows(self.model.plates[section].floor) {
                continue;
            }
            around = around.around(spot);
            // Seats of one section come one after the other.
            let near = match &last {
                Some((i, near)) if *i == section => near.clone(),
                _ => self.near(section, reach * 2 + 2),
            };
            let ground = self.is_plain(spot, section, &near, place).then(|| self.layout.colours[section]);
            let drawn_about = about.iter().any(|r| !r.and(spot).is_empty());
            if ground.is_none() {
                self.paint_ground(spot, place, Some(&near));
            }
            self.seats_near(spot, place, &mut close);
            let planes = self.model.planes(0..self.model.len());
            let (buffer, masks) = (&mut self.buffer, &mut self.masks);
            paint_spot(buffer, spot, ground, place, planes, &close, &self.layout.paints, masks, &mut sheet);
            if drawn_about {
                self.paint_about(spot, place);
            }
            self.paint_words(spot, place, Some(&near), letters);
            last = Some((section, near));
        }
        around
    }

    /// The pixels that a seat's look may touch, whatever its state: those of the largest, which is the free one.
    fn spot(&mut self, seat: SeatId, at: At, place: &Place) -> Rect {
        let features = self.model.chart.seats.features.get(seat.index()).copied().unwrap_or_default();
        let free = look(SeatState::Free, 0, features, true);
        let mut spot = Rect::default();
        for shape in [self.paints[usize::from(free)].shape, Shape::Ring, Shape::Dot, Shape::Speck] {
            spot = spot.around(self.masks.box_at(shape, place, at));
        }
        spot.and(self.buffer.all())
    }

    /// Whether nothing but the ground of its section lies beneath a spot: no outline near it, no other section, no shape.
    fn is_plain(&self, spot: Rect, section: usize, near: &Near, place: &Place) -> bool {
        let (grounds, plates) = (&self.model.grounds, &self.model.plates);
        let covered = |i: &usize| grounds[*i].over && !self.layout.grounds[*i].moved(place.whole).and(spot).is_empty();
        if near.grounds.iter().any(covered) {
            return false;
        }
        // The outline's line reaches so far, and a rounding.
        let reach = self.line_width() + 1.5;
        let [x0, y0, x1, y1] = [spot.x0, spot.y0, spot.x1, spot.y1].map(|v| v as f32);
        let wide = (x0 - reach, y0 - reach, x1 + reach, y1 + reach);
        near.plates.iter().all(|i| is_inside(&plates[*i].outline, place, wide) == Some(*i == section))
    }

    /// Shown seats that may touch a small clip, ascending, by the grid.
    pub(super) fn seats_near(&self, clip: Rect, place: &Place, seats: &mut Vec<u64>) {
        let model = &self.model;
        seats_near(clip, place, model.grid(), &self.masks, seats);
        if !model.shows_all() {
            seats.retain(|seat| model.is_shown(SeatId(*seat as u32)));
        }
    }

    /// Where something is drawn about single seats.
    fn about_rects(&self, place: &Place) -> Vec<Rect> {
        let seats = self.suggestion.iter().chain(&self.mine).chain(&self.hover).chain(&self.focus);
        seats.map(|seat| self.seat_rect(*seat, place)).filter(|r| !r.is_empty()).collect()
    }
}
