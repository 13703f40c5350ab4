//! Words on the map: names and prices of sections from afar, row letters and seat numbers nearby, the stage.
//!
//! What is written depends on the scale and never on the clip or the view's border, so that a moved picture equals a
//! fresh one.

use domain::chart::SeatNumber;
use domain::seat::SeatId;
use raster::{Colour, Place, Rect, Shape, paint_one, paint_text};

use super::layout::{Near, Placed};
use super::letters::{Letters, Style};
use super::look::{Kind, parts, readable_on};
use super::names::short;
use super::outline::At;
use super::scene::Scene;

/// Seat numbers are written from this radius on, in CSS pixels.
const NUMBERS_FROM: f64 = 8.5;
/// Seat numbers below this one are looked up together.
const PLAIN: u32 = 1000;
/// Row letters from this one.
const ROWS_FROM: f64 = 5.5;
/// The sign of accessible places from this one.
const SIGN_FROM: f64 = 5.0;

/// How a word is written: size and weight, its colour, the colour of its soft edge.
type Manner = (Style, Colour, Option<Colour>);

impl Scene {
    /// Writes everything that touches the clip.
    pub(super) fn paint_words(&mut self, clip: Rect, place: &Place, near: Option<&Near>, letters: &mut dyn Letters) {
        let radius = self.camera.radius();
        if radius >= SIGN_FROM {
            self.write_seats(clip, place, letters);
        }
        if radius >= ROWS_FROM {
            self.write_rows(clip, place, letters);
        }
        match near {
            Some(near) => self.paint_placed(clip, place, near.words.iter().copied()),
            None => self.paint_placed(clip, place, 0..self.layout.words.len()),
        }
    }

    /// Writes what is placed already.
    pub(super) fn paint_placed(&mut self, clip: Rect, place: &Place, which: impl Iterator<Item = usize>) {
        let (dx, dy) = place.whole;
        for word in which.filter_map(|i| self.layout.words.get(i)) {
            if !word.reach.moved((dx, dy)).and(clip).is_empty() {
                let at = (word.at.0 + dx, word.at.1 + dy);
                paint_text(&mut self.buffer, clip, at, &word.mask, word.colour, word.under);
            }
        }
    }

    /// The words of shapes and sections in their places, in the order in which they are written.
    pub(super) fn place_words(&mut self, place: &Place, letters: &mut dyn Letters) -> Vec<Placed> {
        let mut placed = Vec::new();
        self.place_grounds(place, letters, &mut placed);
        if self.in_overview() {
            self.place_names(place, letters, &mut placed);
            return placed;
        }
        self.prepare_names(self.edged(12.0, true), false, letters);
        for i in 0..self.model.plates.len() {
            if self.model.shows(self.model.plates[i].floor) {
                self.place_behind(i, place, letters, &mut placed);
            }
        }
        placed
    }

    /// Draws the names of all sections in one go, whole or short, where they were not drawn before.
    pub(super) fn prepare_names(&mut self, style: Style, is_short: bool, letters: &mut dyn Letters) {
        let chart = self.model.chart.clone();
        let mut names: Vec<&str> = Vec::new();
        for section in &chart.sections {
            names.push(if is_short { short(&section.name) } else { &section.name });
        }
        self.words.prepare(&names, style, letters);
    }

    /// Device pixels of a length in CSS pixels.
    pub(super) fn px(&self, css: f64) -> f64 {
        css * self.ratio
    }

    fn style(&self, css: f64, bold: bool) -> Style {
        Style { size: self.px(css).round().clamp(4.0, 200.0) as u16, bold, edge: 0 }
    }

    /// The same with a soft edge.
    pub(super) fn edged(&self, css: f64, bold: bool) -> Style {
        Style { edge: self.px(3.0).round().clamp(2.0, 12.0) as u8, ..self.style(css, bold) }
    }

    /// Writes one word with its middle at a pixel.
    fn write(
        &mut self,
        clip: Rect,
        at: (i32, i32),
        text: &str,
        (style, colour, under): Manner,
        letters: &mut dyn Letters,
    ) {
        // Words far from the clip are not even looked up.
        let far = i32::from(style.size) * (text.len() as i32 + 2);
        if Rect::new(at.0 - far, at.1 - far, at.0 + far, at.1 + far).and(clip).is_empty() {
            return;
        }
        let mask = self.words.get(text, style, letters);
        paint_text(&mut self.buffer, clip, at, &mask, colour, under);
    }

    /// Writes a section's name behind its back, clear of the outline however the words lie to it; as short as can be where
    /// all of it would reach beyond the picture of the whole house.
    fn place_behind(&mut self, index: usize, place: &Place, letters: &mut dyn Letters, placed: &mut Vec<Placed>) {
        let chart = self.model.chart.clone();
        let Some(name) = chart.sections.get(index).map(|s| s.name.as_str()).filter(|n| !n.is_empty()) else { return };
        let ((bx, by), (nx, ny)) = self.model.plates[index].back;
        let style = self.edged(12.0, true);
        let cap = f32::from(style.size) * 0.36;
        let (x, y) = place.pixel(bx, by);
        // Around the plan the camera leaves at least so much.
        let spare = self.px(6.0) as i32;
        let (left, right) = (place.pixel(0.0, by).0 - spare, place.pixel(self.model.size.0, by).0 + spare);
        let mut found = None;
        for words in [name, short(name)] {
            let mask = self.words.get(words, style, letters);
            let off = self.px(6.0) as f32 + nx.abs() * mask.width as f32 / 2.0 + ny.abs() * cap;
            let at = (x + (nx * off).round() as i32, y + (ny * off).round() as i32);
            let begins = at.0 - mask.width / 2;
            let is_within = begins >= left && begins + mask.width <= right;
            found = Some((mask, at));
            if is_within {
                break;
            }
        }
        let Some((mask, at)) = found else { return };
        placed.push(Placed {
            owner: chart.shapes.len() + index,
            at,
            reach: mask.reach().moved(at),
            mask,
            colour: self.theme.ink_2,
            under: Some(self.theme.ground),
        });
    }

    fn place_grounds(&mut self, place: &Place, letters: &mut dyn Letters, placed: &mut Vec<Placed>) {
        let chart = self.model.chart.clone();
        let style = self.style(12.5, true);
        for (i, shape) in chart.shapes.iter().enumerate() {
            let Some((text, _)) = &shape.text else { continue };
            let ground = &self.model.grounds[i];
            if !ground.floor.is_none_or(|f| self.model.shows(f)) {
                continue;
            }
            let at = place.pixel(ground.label_at.0, ground.label_at.1);
            let bare = ground.outline.is_empty();
            let reach = self.layout.grounds[i];
            let mask = self.words.get(text, style, letters);
            if bare || mask.width <= reach.x1 - reach.x0 + self.px(8.0) as i32 {
                let (reach, colour) = (mask.reach().moved(at), self.theme.ink_2);
                placed.push(Placed { owner: i, at, reach, mask, colour, under: None });
            }
        }
    }

    /// Row letters beyond both ends of every row.
    fn write_rows(&mut self, clip: Rect, place: &Place, letters: &mut dyn Letters) {
        let chart = self.model.chart.clone();
        let style = self.style((self.camera.radius() * 1.25).clamp(9.0, 13.0), false);
        let colour = self.theme.ink_2;
        for (section, i) in chart.sections.iter().zip(0..) {
            if self.layout.plates[i].moved(place.whole).and(clip).is_empty() {
                continue;
            }
            let rows = || section.rows.clone().filter_map(|r| chart.rows.get(r as usize));
            let names: Vec<&str> = rows().map(|row| row.name.as_str()).collect();
            self.words.prepare(&names, style, letters);
            for row in rows() {
                let (first, last) = (row.seats.start as usize, row.seats.end as usize);
                if last <= first + 1 || last > self.model.len() {
                    continue;
                }
                let ends = [(first, first + 1), (last - 1, last - 2)];
                for (end, next) in ends {
                    let at = self.beyond(end, next);
                    self.write(clip, place.pixel(at.0, at.1), &row.name, (style, colour, None), letters);
                }
            }
        }
    }

    /// A point beyond a row's end seat, away from its neighbour.
    fn beyond(&self, end: usize, next: usize) -> At {
        let (x, y) = (self.model.x[end], self.model.y[end]);
        let (dx, dy) = (x - self.model.x[next], y - self.model.y[next]);
        let length = dx.hypot(dy).max(1e-3);
        let far = self.model.radius * 2.0;
        (x + dx / length * far, y + dy / length * far)
    }

    /// Seat numbers, and the sign of accessible places.
    fn write_seats(&mut self, clip: Rect, place: &Place, letters: &mut dyn Letters) {
        let chart = self.model.chart.clone();
        let radius = self.camera.radius();
        let style = self.style((radius * 0.98).min(14.0), false);
        let colours = self.theme.zones.map(readable_on);
        let numbers = radius >= NUMBERS_FROM;
        let reach = self.masks.reach(Shape::Disc);
        let wide = Rect::new(clip.x0 - reach, clip.y0 - reach, clip.x1 + reach, clip.y1 + reach);
        // Plain numbers are gathered first: each is then looked up once for all its seats, and new ones are drawn in one go.
        let mut counts: Vec<((i32, i32), Colour, usize)> = Vec::new();
        let mut most = 0;
        self.for_shown(clip, place, |scene, seats| {
            for seat in seats {
                let (x, y) = (scene.model.x[seat], scene.model.y[seat]);
                let at = place.pixel(x, y);
                if at.0 < wide.x0 || at.0 >= wide.x1 || at.1 < wide.y0 || at.1 >= wide.y1 {
                    continue;
                }
                let Some(kind) = scene.is_written(SeatId(seat as u32)) else { continue };
                let colour = colours[parts(scene.model.looks[seat]).1];
                if kind == Kind::Square {
                    paint_one(&mut scene.buffer, clip, place, (x, y), Shape::Sign, colour, 256, &mut scene.masks);
                } else if numbers {
                    match chart.seats.number.get(seat) {
                        Some(SeatNumber::Count(n)) if n < PLAIN => {
                            most = most.max(n as usize);
                            counts.push((at, colour, n as usize));
                        }
                        Some(number) => scene.write(clip, at, &number.words(), (style, colour, None), letters),
                        None => {}
                    }
                }
            }
        });
        self.write_counts(clip, &counts, most, style, letters);
    }

    /// Writes plain numbers, the greatest of them `most`, each with its middle at a pixel.
    fn write_counts(
        &mut self,
        clip: Rect,
        counts: &[((i32, i32), Colour, usize)],
        most: usize,
        style: Style,
        letters: &mut dyn Letters,
    ) {
        if counts.is_empty() {
            return;
        }
        let mut words: Vec<String> = Vec::new();
        words.resize_with(most + 1, String::new);
        for (_, _, n) in counts {
            if words[*n].is_empty() {
                words[*n] = SeatNumber::Count(*n as u32).words();
            }
        }
        let texts: Vec<&str> = words.iter().map(String::as_str).collect();
        self.words.prepare(&texts, style, letters);
        let masks: Vec<_> = texts.iter().map(|text| self.words.get(text, style, letters)).collect();
        for (at, colour, n) in counts {
            paint_text(&mut self.buffer, clip, *at, &masks[*n], *colour, None);
        }
    }
}
