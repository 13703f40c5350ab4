//! Painting: ground, sections, seats, what is drawn about single seats, and words, always in this order.

use domain::chart::ShapeKind;
use domain::seat::{Features, SeatId, SeatState};
use raster::{Colour, Place, Rect, Shape, fill, fill_under, hairline, paint_one, paint_seats, paint_some};

use super::layout::Near;
use super::letters::Letters;
use super::look::{Kind, look, parts};
use super::scene::Scene;

/// Pixels of a band: half a megabyte, which stays in a small processor's own cache until its seats are drawn.
const BAND: i64 = 1 << 17;

impl Scene {
    /// Draws everything inside the clip anew. Every pixel comes out as a whole picture would have it.
    /// `near`: what may touch a small clip, where that is known.
    pub(super) fn paint(&mut self, clip: Rect, place: &Place, near: Option<&Near>, letters: &mut dyn Letters) {
        if clip.is_empty() {
            return;
        }
        self.paint_ground(clip, place, near);
        self.paint_seats(clip, place);
        self.paint_about(clip, place);
        self.paint_words(clip, place, near, letters);
    }

    /// The same for most of the picture, in bands: what is painted over in one of them is still close at hand.
    pub(super) fn paint_whole(&mut self, clip: Rect, place: &Place, letters: &mut dyn Letters) {
        // No band is so small that its seats would be looked up one by one.
        let pixels = BAND.max(self.buffer.all().area() / 14);
        let rows = (pixels / i64::from(clip.x1 - clip.x0).max(1)).max(1) as i32;
        let mut top = clip.y0;
        while top < clip.y1 {
            let bottom = if clip.y1 - top < 2 * rows { clip.y1 } else { top + rows };
            let band = Rect::new(clip.x0, top, clip.x1, bottom);
            self.paint_ground(band, place, None);
            self.paint_seats(band, place);
            top = bottom;
        }
        self.paint_about(clip, place);
        self.paint_words(clip, place, None, letters);
    }

    /// What lies beneath the seats.
    pub(super) fn paint_ground(&mut self, clip: Rect, place: &Place, near: Option<&Near>) {
        self.buffer.clear(clip, self.theme.ground);
        match near {
            Some(near) => {
                self.paint_grounds(clip, place, false, &mut near.grounds.iter().copied());
                self.paint_plates(clip, place, &mut near.plates.iter().copied());
                self.paint_grounds(clip, place, true, &mut near.grounds.iter().copied());
            }
            None => {
                let (grounds, plates) = (self.model.grounds.len(), self.model.plates.len());
                self.paint_grounds(clip, place, false, &mut (0..grounds));
                self.paint_plates(clip, place, &mut (0..plates));
                self.paint_grounds(clip, place, true, &mut (0..grounds));
            }
        }
    }

    /// Small seats are drawn a little larger than life, or a full house looks empty from afar.
    pub(super) fn swell(&self) -> f32 {
        1.0 + 0.14 * (1.0 - (self.camera.radius() as f32 - 1.0) / 3.0).clamp(0.0, 1.0)
    }

    /// Seats are too small to be chosen: sections speak.
    pub(super) fn in_overview(&self) -> bool {
        self.camera.radius() < 3.4
    }

    /// How strongly seats are drawn, of 256: below half a device pixel the section's tint stands for them.
    pub(super) fn seat_strength(&self) -> u32 {
        let r = self.camera.radius() * self.ratio;
        (((r - 0.42) / 0.2).clamp(0.0, 1.0) * 256.0) as u32
    }

    /// In the overview seats step back behind the sections' names, of 256.
    pub(super) fn calm(&self) -> u32 {
        172 + (((self.camera.radius() - 2.4) / 1.2).clamp(0.0, 1.0) * 84.0) as u32
    }

    /// Pixels of a box of the plan.
    pub(super) fn box_of(place: &Place, [x0, y0, x1, y1]: [f32; 4]) -> Rect {
        let ((left, top), (right, bottom)) = (place.pixel(x0, y0), place.pixel(x1, y1));
        Rect::new(left - 1, top - 1, right.saturating_add(2), bottom.saturating_add(2))
    }

    pub(super) fn line_width(&self) -> f32 {
        (self.ratio as f32).max(1.0)
    }

    /// Shapes beneath the sections (`over` false), or the small ones upon them: a vomitory's mouth, a post.
    fn paint_grounds(&mut self, clip: Rect, place: &Place, over: bool, which: &mut dyn Iterator<Item = usize>) {
        let width = self.line_width();
        for i in which {
            let ground = &self.model.grounds[i];
            if ground.over != over || self.layout.grounds[i].moved(place.whole).and(clip).is_empty() {
                continue;
            }
            let colour = match ground.kind {
                ShapeKind::Stage => self.theme.line,
                ShapeKind::Standing => self.theme.surface,
                ShapeKind::Other => self.theme.ground.mix(self.theme.line, 90),
            };
            fill(&mut self.buffer, clip, place, &ground.edges, colour);
            if ground.kind == ShapeKind::Standing {
                hairline(&mut self.buffer, clip, place, &ground.outline, self.theme.line, width);
            }
        }
    }

    /// The sections' ground.
    fn paint_plates(&mut self, clip: Rect, place: &Place, which: &mut dyn Iterator<Item = usize>) {
        let width = self.line_width();
        let line = self.theme.line.mix(self.theme.surface, 60);
        for i in which {
            if !self.layout.plates[i].moved(place.whole).and(clip).is_empty() {
                let plate = &self.model.plates[i];
                fill_under(&mut self.buffer, clip, place, &plate.edges, self.layout.colours[i].0);
                hairline(&mut self.buffer, clip, place, &plate.outline, line, width);
            }
        }
        // Over all of them, so that no neighbour's ground hides half of it.
        let all = if self.marks() { self.model.plates.len() } else { 0 };
        for i in 0..all {
            if self.layout.colours[i].1 && !self.layout.plates[i].moved(place.whole).and(clip).is_empty() {
                let (outline, width) = (&self.model.plates[i].outline, self.mark_width());
                hairline(&mut self.buffer, clip, place, outline, self.theme.ink, width);
            }
        }
    }

    /// Whether sections are marked that have what is asked for: from afar, where the few accessible places are too small to
    /// be seen.
    pub(super) fn marks(&self) -> bool {
        self.in_overview() && self.model.filter.accessible
    }

    /// Whether a section is marked: an accessible place of it, or one beside it, is free.
    pub(super) fn is_marked(&self, plate: usize) -> bool {
        let looks = &self.model.looks;
        let easy = |seat: usize| matches!(parts(looks[seat]).0, Kind::Square | Kind::Notch);
        self.marks() && self.model.plates[plate].seats.clone().any(easy)
    }

    /// A mark is told by its weight: two lines of the others.
    pub(super) fn mark_width(&self) -> f32 {
        self.line_width() * 2.0
    }

    /// A section's ground: far away it takes the colours of what is free, in the share that the seats would cover.
    pub(super) fn plate_colour(&self, plate: usize) -> Colour {
        let plate = &self.model.plates[plate];
        match 256 - self.seat_strength() {
            0 => self.theme.surface,
            tint => self.theme.surface.mix(self.tint(&plate.free, plate.area, plate.seats.len()), tint),
        }
    }

    /// The mean colour of a section's seats on their ground.
    fn tint(&self, free: &[u32], area: f32, seats: usize) -> Colour {
        let one = core::f32::consts::PI * (self.model.radius * self.swell()).powi(2) / area;
        let mut sum = [0.0_f32; 3];
        let mut covered = 0.0;
        let mut add = |colour: Colour, share: f32| {
            covered += share;
            for (s, c) in sum.iter_mut().zip(colour.0) {
                *s += f32::from(c) * share;
            }
        };
        let mut taken = seats as f32;
        for (category, n) in free.iter().enumerate().filter(|(_, n)| **n > 0) {
            taken -= *n as f32;
            let passes = self.model.passes(category as u8, Features::default());
            let paint = self.paints[usize::from(look(SeatState::Free, category as u8, Features::default(), passes))];
            add(paint.colour, *n as f32 * one);
        }
        let sold = self.paints[usize::from(look(SeatState::Sold, 0, Features::default(), true))];
        add(sold.colour, taken.max(0.0) * one * 0.07);
        let over = covered.max(1.0);
        let rest = (1.0 - covered).max(0.0);
        let channel = |i: usize| ((sum[i] / over) + f32::from(self.theme.surface.0[i]) * rest).clamp(0.0, 255.0) as u8;
        Colour::rgb(channel(0), channel(1), channel(2))
    }

    fn paint_seats(&mut self, clip: Rect, place: &Place) {
        if self.seat_strength() == 0 {
            return;
        }
        if self.is_small(clip) {
            let mut seats = Vec::new();
            self.seats_near(clip, place, &mut seats);
            let planes = self.model.planes(0..self.model.len());
            paint_some(&mut self.buffer, clip, place, planes, &seats, &self.layout.paints, &mut self.masks);
            return;
        }
        for i in 0..self.model.plates.len() {
            if !self.layout.plates[i].moved(place.whole).and(clip).is_empty() {
                let planes = self.model.planes(self.model.plates[i].seats.clone());
                paint_seats(&mut self.buffer, clip, place, planes, &self.layout.paints, &mut self.masks);
            }
        }
    }

    /// A clip for which single seats are looked up, instead of passing whole sections.
    fn is_small(&self, clip: Rect) -> bool {
        clip.area() * 16 < self.buffer.all().area()
    }

    /// Runs of seats that may touch the clip, in ascending order.
    pub(super) fn for_shown(
        &mut self,
        clip: Rect,
        place: &Place,
        mut each: impl FnMut(&mut Self, core::ops::Range<usize>),
    ) {
        if self.is_small(clip) {
            let mut seats = Vec::new();
            self.seats_near(clip, place, &mut seats);
            seats.sort_unstable();
            for seat in seats {
                each(self, seat as usize..seat as usize + 1);
            }
            return;
        }
        for i in 0..self.model.plates.len() {
            if !self.layout.plates[i].moved(place.whole).and(clip).is_empty() {
                let seats = self.model.plates[i].seats.clone();
                each(self, seats);
            }
        }
    }

    /// What is drawn about single seats: the suggestion's halo, one's own seats, rings.
    pub(super) fn paint_about(&mut self, clip: Rect, place: &Place) {
        let theme = self.theme;
        let mut one = |seat: SeatId, shape: Shape, colour: Colour, strength: u32| {
            if let Some(at) = self.model.at(seat).filter(|_| self.model.is_shown(seat)) {
                paint_one(&mut self.buffer, clip, place, at, shape, colour, strength, &mut self.masks);
            }
        };
        for seat in &self.suggestion {
            one(*seat, Shape::Pulse, theme.brass, self.pulse);
            one(*seat, Shape::Hover, theme.brass, 256);
        }
        for seat in &self.mine {
            one(*seat, Shape::Halo, theme.ink, 256);
        }
        for seat in &self.mine {
            let features = self.model.chart.seats.features.get(seat.index()).copied().unwrap_or_default();
            let square = features.has(Features::ACCESSIBLE);
            one(*seat, if square { Shape::MineSquare } else { Shape::Mine }, theme.ink, 256);
            one(*seat, Shape::Check, theme.paper, 256);
        }
        if let Some(seat) = self.hover {
            one(seat, Shape::Hover, theme.ink, 256);
        }
        if let Some(seat) = self.focus {
            one(seat, Shape::Focus, theme.focus, 256);
        }
    }

    /// Whether a seat's own number or sign is written on it.
    pub(super) fn is_written(&self, seat: SeatId) -> Option<Kind> {
        let (kind, _) = parts(*self.model.looks.get(seat.index())?);
        let plain = matches!(kind, Kind::Disc | Kind::Square | Kind::Notch);
        (plain && !self.mine.contains(&seat)).then_some(kind)
    }
}
