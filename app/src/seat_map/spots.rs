//! Single seats drawn anew, each within its own few pixels, while the rest of the picture stays: how a thousand changes
//! cost less than one whole picture.

use domain::seat::{Features, SeatId};
use raster::{Buffer, Place, Rect, Sheet, paint_spot, seats_near};

use super::layout::Near;
use super::letters::Letters;
use super::scene::Scene;

/// For fewer changed seats what lies beneath them is drawn spot by spot.
const FEW: usize = 100;

impl Scene {
    /// Draws changed seats anew where they are too small to bear words; gives the box around all that changed.
    pub(super) fn paint_spots(&mut self, seats: &[u64], place: &Place, letters: &mut dyn Letters) -> Rect {
        let kept = self.keep_under(seats.len(), place);
        let about = self.about_rects(place);
        let reach = self.masks.look_reach();
        let mut sheet = Sheet::new(&self.masks);
        let mut close = Vec::new();
        let mut around = Rect::default();
        let mut last: Option<(usize, std::rc::Rc<Near>)> = None;
        for seat in seats {
            let seat = SeatId(*seat as u32);
            let (Some(at), Some(section)) = (self.model.at(seat), self.model.section_of(seat)) else { continue };
            let square = self.model.chart.seats.features.get(seat.index()).is_some_and(|f| f.has(Features::ACCESSIBLE));
            let spot = self.masks.look_box(square, place, at).and(self.buffer.all());
            if spot.is_empty() || !self.model.shows(self.model.plates[section].floor) {
                continue;
            }
            around = around.around(spot);
            // Seats of one section come one after the other.
            let near = match &last {
                Some((i, near)) if *i == section => near.clone(),
                _ => self.near(section, reach * 2 + 2),
            };
            let drawn_about = about.iter().any(|r| !r.and(spot).is_empty());
            if !kept {
                self.paint_ground(spot, place, Some(&near));
            }
            self.seats_near(spot, place, &mut close);
            let planes = self.model.planes(0..self.model.len());
            let (buffer, masks, under) = (&mut self.buffer, &mut self.masks, kept.then_some(&self.under));
            paint_spot(buffer, spot, under, place, planes, &close, &self.layout.paints, masks, &mut sheet);
            if drawn_about {
                self.paint_about(spot, place);
            }
            self.paint_words(spot, place, Some(&near), letters);
            last = Some((section, near));
        }
        around
    }

    /// Draws everything beneath the seats once and keeps it, where enough of them change to be worth it: until the picture
    /// moves, each is then drawn on a copy. Says whether there is such a picture.
    fn keep_under(&mut self, changed: usize, place: &Place) -> bool {
        if !self.under_holds && changed > FEW {
            let (width, height) = (self.buffer.width(), self.buffer.height());
            if (self.under.width(), self.under.height()) != (width, height) {
                self.under = Buffer::new(width, height, self.theme.ground);
            }
            core::mem::swap(&mut self.buffer, &mut self.under);
            self.paint_ground(self.buffer.all(), place, None);
            core::mem::swap(&mut self.buffer, &mut self.under);
            self.under_holds = true;
        }
        self.under_holds
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
