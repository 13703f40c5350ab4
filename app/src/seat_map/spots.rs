//! Single seats drawn anew, each within its own few pixels, while the rest of the picture stays: how a thousand changes
//! cost less than one whole picture.

use domain::seat::SeatId;
use raster::{Buffer, Place, Rect, Spots, seats_near};

use super::layout::Near;
use super::letters::Letters;
use super::scene::Scene;

/// For fewer changed seats what lies beneath them is drawn spot by spot.
const FEW: usize = 100;

impl Scene {
    /// Draws changed seats anew, where they are too small to bear words; gives the box around all that changed. One after the
    /// other in any order, and more than once if need be: each is drawn whole. Ascending, as changes come, is soonest.
    pub(super) fn paint_spots(&mut self, seats: &[u64], place: &Place, letters: &mut dyn Letters) -> Rect {
        let spots = self.spots(seats, place);
        let kept = self.keep_under(spots.len(), place);
        let about = self.about_rects(place);
        let reach = self.masks.look_reach();
        // Spots are drawn together, and then what of each word lies over them.
        let mut together = Vec::new();
        let mut single = Vec::new();
        let mut over: Vec<Vec<Rect>> = Vec::new();
        over.resize_with(self.layout.words.len(), Vec::new);
        let mut around = Rect::default();
        let mut last: Option<(usize, std::rc::Rc<Near>)> = None;
        for (section, spot) in spots {
            around = around.around(spot);
            // Seats of one section come one after the other.
            let near = match &last {
                Some((i, near)) if *i == section => near.clone(),
                _ => self.near(section, reach * 2 + 2),
            };
            if kept && about.iter().all(|r| r.and(spot).is_empty()) {
                together.push(spot);
                for word in &near.words {
                    add(&mut over[*word], self.layout.words[*word].reach.moved(place.whole).and(spot));
                }
            } else {
                single.push((spot, near.clone()));
            }
            last = Some((section, near));
        }
        self.paint_seats_of(&together, kept, place);
        for (word, parts) in over.into_iter().enumerate() {
            for part in parts {
                self.paint_placed(part, place, core::iter::once(word));
            }
        }
        for (spot, near) in single {
            if !kept {
                self.paint_ground(spot, place, Some(&near));
            }
            self.paint_seats_of(&[spot], kept, place);
            self.paint_about(spot, place);
            self.paint_words(spot, place, Some(&near), letters);
        }
        around
    }

    /// The sections of shown seats and the pixels in view that their looks may touch.
    fn spots(&mut self, seats: &[u64], place: &Place) -> Vec<(usize, Rect)> {
        let all = self.buffer.all();
        let mut spots = Vec::with_capacity(seats.len());
        let mut section = usize::MAX;
        for seat in seats {
            let seat = SeatId(*seat as u32);
            if !self.model.plates.get(section).is_some_and(|plate| plate.seats.contains(&seat.index())) {
                let Some(found) = self.model.section_of(seat) else { continue };
                section = found;
            }
            let Some(at) = self.model.at(seat).filter(|_| self.model.shows(self.model.plates[section].floor)) else {
                continue;
            };
            let spot = self.masks.look_box(place, at).and(all);
            if !spot.is_empty() {
                spots.push((section, spot));
            }
        }
        spots
    }

    /// Draws the seats of some spots.
    fn paint_seats_of(&mut self, spots: &[Rect], kept: bool, place: &Place) {
        let (model, paints) = (&self.model, &self.layout.paints);
        let shown = |seat: u32| model.is_shown(SeatId(seat));
        let shown = (!model.shows_all()).then_some(&shown as &dyn Fn(u32) -> bool);
        let (under, grid, looks) = (kept.then_some(&self.under), model.grid(), model.looks.as_slice());
        let sections = model.sections.as_slice();
        Spots { under, place, looks, grid, sections, paints, shown }.paint(&mut self.buffer, spots, &mut self.masks);
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

    /// Shown seats that may touch a small clip, in the order of drawing, by the grid.
    pub(super) fn seats_near(&self, clip: Rect, place: &Place, seats: &mut Vec<u64>) {
        let model = &self.model;
        seats_near(clip, place, model.grid(), &model.sections, &self.masks, seats);
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

/// Adds what of a part lies in none of those that are there: what is mixed in twice is not what is mixed in once.
fn add(parts: &mut Vec<Rect>, part: Rect) {
    if part.is_empty() {
        return;
    }
    let Some(both) = parts.iter().map(|other| other.and(part)).find(|both| !both.is_empty()) else {
        parts.push(part);
        return;
    };
    add(parts, Rect { y1: both.y0, ..part });
    add(parts, Rect { y0: both.y1, ..part });
    let (y0, y1) = (both.y0, both.y1);
    add(parts, Rect { y0, y1, x1: both.x0, ..part });
    add(parts, Rect { y0, y1, x0: both.x1, ..part });
}
