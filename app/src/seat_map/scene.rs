//! The scene: everything that decides a pixel, and what must be drawn again when something changes.

use domain::seat::{SeatId, SeatState};
use raster::{Buffer, Masks, Paint, Place, Rect, Shape};

use super::camera::Camera;
use super::events::{CategoryWords, MapWords};
use super::layout::Layout;
use super::letters::{Letters, Words};
use super::look::paints;
use super::model::Model;
use super::names::Names;
use super::theme::Theme;

/// Beyond so many parts one whole picture costs less than many small ones.
const MANY: usize = 120;
/// Beyond so many parts the canvas gets the box around them: every part is a call.
const FEW: usize = 32;
/// Seats of a smaller radius, in CSS pixels, bear no words and are drawn anew each by itself.
pub(super) const SPOTS_BELOW: f64 = 5.0;

/// What of the buffer must reach the canvas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Painted {
    /// Nothing changed.
    Nothing,
    /// All of it.
    All,
    /// These parts.
    Parts(Vec<Rect>),
}

/// Model, camera and colours, and the picture of them.
#[derive(Debug)]
pub struct Scene {
    /// The seats.
    pub model: Model,
    /// Where they lie.
    pub camera: Camera,
    pub(super) prices: Vec<CategoryWords>,
    pub(super) own_words: MapWords,
    pub(super) names: Names,
    pub(super) theme: Theme,
    pub(super) paints: [Paint; 256],
    pub(super) ratio: f64,
    pub(super) buffer: Buffer,
    pub(super) masks: Masks,
    pub(super) words: Words,
    pub(super) mine: Vec<SeatId>,
    pub(super) suggestion: Vec<SeatId>,
    /// Strength of the suggestion's halo, of 256.
    pub(super) pulse: u32,
    pub(super) hover: Option<SeatId>,
    pub(super) focus: Option<SeatId>,
    pub(super) layout: Layout,
    /// What lies beneath the seats, where [`Self::under_holds`].
    pub(super) under: Buffer,
    /// Whether it is of the picture as it is: nothing moved since it was drawn.
    pub(super) under_holds: bool,
    drawn: Option<Place>,
    /// Beyond this the picture is bare ground.
    drawn_on: Rect,
    /// What the last whole picture differs in from the one before at most.
    fresh: Rect,
    /// Seats about which something else is drawn; wide, so that all sorting is of one kind.
    touched: Vec<u64>,
    /// Seats whose state changed.
    changed: Vec<u64>,
}

impl Scene {
    /// A scene of `width` by `height` device pixels, `ratio` of them a CSS pixel.
    #[must_use]
    pub fn new(model: Model, camera: Camera, theme: Theme, width: usize, height: usize, ratio: f64) -> Self {
        Self {
            model,
            camera,
            prices: Vec::new(),
            own_words: MapWords::default(),
            names: Names::default(),
            paints: paints(&theme),
            buffer: Buffer::new(width, height, theme.ground),
            theme,
            ratio,
            masks: Masks::default(),
            words: Words::default(),
            mine: Vec::new(),
            suggestion: Vec::new(),
            pulse: 0,
            hover: None,
            focus: None,
            layout: Layout::default(),
            under: Buffer::default(),
            under_holds: false,
            drawn: None,
            drawn_on: Rect::default(),
            fresh: Rect::default(),
            touched: Vec::new(),
            changed: Vec::new(),
        }
    }

    /// The picture.
    #[must_use]
    pub fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    /// After [`Painted::All`]: the pixels outside of which the picture is what it was.
    #[must_use]
    pub fn fresh(&self) -> Rect {
        self.fresh
    }

    /// Device pixels a CSS pixel.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.ratio
    }

    /// Everything must be drawn again.
    pub fn redraw(&mut self) {
        self.drawn = None;
    }

    /// Takes prices by category over, and words of the map's own.
    pub fn set_words(&mut self, prices: Vec<CategoryWords>, own: MapWords) {
        (self.prices, self.own_words, self.names) = (prices, own, Names::default());
        self.redraw();
    }

    /// Takes other colours over.
    pub fn set_theme(&mut self, theme: Theme) {
        if theme != self.theme {
            self.paints = paints(&theme);
            self.theme = theme;
            self.redraw();
        }
    }

    /// Takes another size of the picture over.
    pub fn set_size(&mut self, width: usize, height: usize, ratio: f64) {
        if (width, height) != (self.buffer.width(), self.buffer.height()) || ratio != self.ratio {
            self.buffer = Buffer::new(width, height, self.theme.ground);
            self.ratio = ratio;
            self.redraw();
        }
    }

    /// One seat's state changed.
    pub fn set_state(&mut self, seat: SeatId, state: SeatState) {
        if self.model.set_state(seat, state) {
            self.changed.push(u64::from(seat.0));
        }
    }

    /// One's own seats.
    pub fn set_mine(&mut self, seats: &[SeatId]) {
        let old = core::mem::replace(&mut self.mine, seats.to_vec());
        self.touch_all(old.iter().filter(|s| !seats.contains(s)));
        self.touch_all(seats.iter().filter(|s| !old.contains(s)));
    }

    /// Suggested seats, and how strong their halo is, of 256.
    pub fn set_suggestion(&mut self, seats: &[SeatId], pulse: u32) {
        if self.suggestion == seats && self.pulse == pulse {
            return;
        }
        let old = core::mem::replace(&mut self.suggestion, seats.to_vec());
        self.pulse = pulse;
        self.touch_all(old.iter().chain(seats));
    }

    /// The seat under the pointer.
    pub fn set_hover(&mut self, seat: Option<SeatId>) {
        let old = core::mem::replace(&mut self.hover, seat);
        if old != seat {
            self.touch_all(old.iter().chain(&seat));
        }
    }

    /// The seat with the focus ring.
    pub fn set_focus(&mut self, seat: Option<SeatId>) {
        let old = core::mem::replace(&mut self.focus, seat);
        if old != seat {
            self.touch_all(old.iter().chain(&seat));
        }
    }

    /// Suggested seats.
    #[must_use]
    pub fn suggestion(&self) -> &[SeatId] {
        &self.suggestion
    }

    /// The seat under the pointer.
    #[must_use]
    pub fn hover(&self) -> Option<SeatId> {
        self.hover
    }

    /// The seat with the focus ring.
    #[must_use]
    pub fn focus(&self) -> Option<SeatId> {
        self.focus
    }

    fn touch_all<'a>(&mut self, seats: impl Iterator<Item = &'a SeatId>) {
        self.touched.extend(seats.map(|seat| u64::from(seat.0)));
    }

    /// Brings the picture up to date and says what of it changed.
    pub fn frame(&mut self, letters: &mut dyn Letters) -> Painted {
        let place = self.camera.place(self.ratio);
        let all = self.buffer.all();
        self.masks.set((self.camera.radius() * self.ratio * f64::from(self.swell())) as f32, self.ratio as f32);
        let [mut touched, mut changed] = [core::mem::take(&mut self.touched), core::mem::take(&mut self.changed)];
        let words = core::mem::take(&mut self.model.words_changed) && self.in_overview();
        let before = self.drawn.replace(place);
        self.under_holds &= before == Some(place);
        let as_before = |b: &Place| b.scale == place.scale && b.fraction == place.fraction;
        let moved = before.filter(|b| as_before(b) && self.layout.step == self.step());
        let Some(moved) = moved else {
            self.lay_out(&place, letters);
            let on = self.laid_out_on(&place);
            let old = core::mem::replace(&mut self.drawn_on, on);
            // A margin that was bare and stays so is neither cleared nor shown again: a third of a wide screen.
            self.fresh = if before.is_some() { on.around(old) } else { all };
            self.paint_whole(self.fresh, &place, letters);
            return Painted::All;
        };
        (self.drawn_on, self.fresh) = (all, all);
        // What is left in a section shows in its tint and its words.
        let mut parts = if words { self.place_words_again(&place, letters) } else { Vec::new() };
        if self.seat_strength() < 256 || self.marks() {
            let tinted = self.tint_again(&changed, &place);
            self.under_holds &= tinted.is_empty();
            parts.extend(tinted);
        }
        let (dx, dy) = (place.whole.0 - moved.whole.0, place.whole.1 - moved.whole.1);
        let strips = if (dx, dy) == (0, 0) { Some(Default::default()) } else { self.buffer.shift(dx, dy) };
        // Where seats bear words there are few of them in view, and a whole picture of them costs little.
        let single = self.camera.radius() < SPOTS_BELOW;
        let seat = |seat: &u64| SeatId(*seat as u32);
        if !single {
            touched.append(&mut changed);
        }
        touched.sort_unstable();
        touched.dedup();
        parts.extend(touched.iter().map(|s| self.seat_rect(seat(s), &place)));
        parts.iter_mut().for_each(|part| *part = part.and(all));
        parts.retain(|part| !part.is_empty());
        let area: i64 = parts.iter().map(|r| r.area()).sum();
        let many = parts.len() > MANY || area * 2 > all.area() || changed.len() > 500 + self.model.len() / 25;
        let (Some(strips), false) = (strips, many) else {
            self.paint_whole(all, &place, letters);
            return Painted::All;
        };
        for part in strips.iter().chain(&parts) {
            self.paint(*part, &place, None, letters);
        }
        if self.seat_strength() > 0 {
            let spots = self.paint_spots(&changed, &place, letters);
            parts.extend((!spots.is_empty()).then_some(spots));
        }
        if (dx, dy) != (0, 0) {
            return Painted::All;
        }
        match parts.len() {
            0 => Painted::Nothing,
            1..=FEW => Painted::Parts(parts),
            _ => Painted::Parts(vec![parts.into_iter().fold(Rect::default(), Rect::around)]),
        }
    }

    /// How far from its pixel a seat reaches, with everything drawn about it.
    pub(super) fn about_reach(&self) -> i32 {
        let about = [Shape::Pulse, Shape::Focus, Shape::MineSquare, Shape::Halo];
        about.into_iter().map(|s| self.masks.reach(s)).max().unwrap_or(0)
    }

    /// The pixels a seat may touch, with everything drawn about it.
    pub(super) fn seat_rect(&self, seat: SeatId, place: &Place) -> Rect {
        let Some((x, y)) = self.model.at(seat).filter(|_| self.model.is_shown(seat)) else {
            return Rect::default();
        };
        let (x, y) = place.pixel(x, y);
        let reach = self.about_reach();
        Rect::new(x - reach, y - reach, x + reach + 1, y + reach + 1).and(self.buffer.all())
    }
}
