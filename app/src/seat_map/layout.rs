//! The layout of one scale: where sections, shapes and their words lie, and in which colours. It holds while the picture
//! only moves by whole pixels, so that a pan or a changed seat need not work it out again.

use std::rc::Rc;

use domain::seat::SeatId;
use raster::{Colour, Paint, Place, Rect, TextMask};

use super::letters::Letters;
use super::scene::{SPOTS_BELOW, Scene};

/// A word in its place. Pixels count from the whole-pixel translation.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    /// Which shape or, counted after all of them, which section it belongs to.
    pub(super) owner: usize,
    /// Its middle.
    pub(super) at: (i32, i32),
    /// Every pixel it may touch.
    pub(super) reach: Rect,
    pub(super) mask: Rc<TextMask>,
    pub(super) colour: Colour,
    /// The colour of its soft edge.
    pub(super) under: Option<Colour>,
}

impl Placed {
    fn is(&self, other: &Self) -> bool {
        self.at == other.at && Rc::ptr_eq(&self.mask, &other.mask) && self.colour == other.colour
    }
}

/// What may be seen around a section, by index, each list ascending.
#[derive(Clone, Debug, Default)]
pub(super) struct Near {
    pub(super) plates: Vec<usize>,
    pub(super) grounds: Vec<usize>,
    pub(super) words: Vec<usize>,
}

/// See the module. Boxes count from the whole-pixel translation; what is not shown has an empty one.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub(super) plates: Vec<Rect>,
    pub(super) grounds: Vec<Rect>,
    /// Sections' grounds, and whether they are marked.
    pub(super) colours: Vec<(Colour, bool)>,
    /// The looks as strong as this scale draws them.
    pub(super) paints: Vec<Paint>,
    pub(super) words: Vec<Placed>,
    /// Where the step of scales begins that names were decided in.
    pub(super) step: f32,
    /// Around each section, found when first needed.
    pub(super) near: Vec<Option<Rc<Near>>>,
}

impl Scene {
    /// Works the layout out anew.
    pub(super) fn lay_out(&mut self, place: &Place, letters: &mut dyn Letters) {
        let still = Place { whole: (0, 0), ..*place };
        let shown = |bounds: [f32; 4], shown: bool| if shown { Self::box_of(&still, bounds) } else { Rect::default() };
        // A mark reaches farther than its section.
        let wide = if self.marks() { self.mark_width() as i32 } else { 0 };
        let model = &self.model;
        let plates = model.plates.iter().map(|p| shown(p.bounds, model.shows(p.floor)).grown(wide)).collect();
        let grounds = model.grounds.iter().map(|g| shown(g.bounds, g.floor.is_none_or(|f| model.shows(f)))).collect();
        let colours = (0..model.plates.len()).map(|i| (self.plate_colour(i), self.is_marked(i))).collect();
        let strength = self.seat_strength() * self.calm() / 256;
        let mut paints = self.paints.to_vec();
        if strength < 256 {
            for paint in &mut paints {
                paint.colour = self.theme.surface.mix(paint.colour, strength);
            }
        }
        let near = vec![None; model.plates.len()];
        let step = self.step();
        self.layout = Layout { plates, grounds, colours, paints, words: Vec::new(), step, near };
        self.layout.words = self.place_words(&still, letters);
    }

    /// The pixels beyond which the layout leaves bare ground: all of them where rows and seats bear words of their own.
    pub(super) fn laid_out_on(&self, place: &Place) -> Rect {
        let all = self.buffer.all();
        if self.camera.radius() >= SPOTS_BELOW {
            return all;
        }
        let layout = &self.layout;
        let boxes = layout.plates.iter().chain(&layout.grounds).copied().chain(layout.words.iter().map(|w| w.reach));
        // What is drawn about a seat reaches farther than its section.
        boxes.fold(Rect::default(), Rect::around).grown(self.about_reach()).moved(place.whole).and(all)
    }

    /// Places the words anew, where something else is said than was; gives the pixels where they differ.
    pub(super) fn place_words_again(&mut self, place: &Place, letters: &mut dyn Letters) -> Vec<Rect> {
        if self.names_hold() {
            return Vec::new();
        }
        let new = self.place_words(&Place { whole: (0, 0), ..*place }, letters);
        let old = core::mem::take(&mut self.layout.words);
        let mut differs = Vec::new();
        let (mut a, mut b) = (old.iter().peekable(), new.iter().peekable());
        while let Some(owner) = a.peek().into_iter().chain(b.peek()).map(|w| w.owner).min() {
            let next = |w: &&Placed| w.owner == owner;
            let (was, is): (Vec<_>, Vec<_>) =
                (core::iter::from_fn(|| a.next_if(next)).collect(), core::iter::from_fn(|| b.next_if(next)).collect());
            if was.len() != is.len() || was.iter().zip(&is).any(|(a, b)| !a.is(b)) {
                differs.extend(was.iter().chain(&is).map(|w| w.reach.moved(place.whole)));
            }
        }
        self.layout.words = new;
        self.layout.near.fill(None);
        differs
    }

    /// Takes the tints and marks over of sections whose seats changed; gives the pixels where they differ.
    pub(super) fn tint_again(&mut self, seats: &[u64], place: &Place) -> Vec<Rect> {
        let mut sections: Vec<usize> = seats.iter().filter_map(|s| self.model.section_of(SeatId(*s as u32))).collect();
        // Seats are in the order of their sections, or nearly so.
        sections.dedup();
        let mut differs = Vec::new();
        for i in sections {
            let now = (self.plate_colour(i), self.is_marked(i));
            if let Some(old) = self.layout.colours.get_mut(i).filter(|old| **old != now) {
                *old = now;
                differs.push(self.layout.plates[i].moved(place.whole));
            }
        }
        differs
    }

    /// What may be seen within `reach` pixels of a section.
    pub(super) fn near(&mut self, section: usize, reach: i32) -> Rc<Near> {
        let layout = &mut self.layout;
        let Some(around) = layout.plates.get(section) else { return Rc::default() };
        let around = around.grown(reach);
        let touching = |boxes: &[Rect]| -> Vec<usize> {
            let touches = |(i, b): (usize, &Rect)| (!b.and(around).is_empty()).then_some(i);
            boxes.iter().enumerate().filter_map(touches).collect()
        };
        let found = layout.near[section].get_or_insert_with(|| {
            let words = layout.words.iter().enumerate();
            let words = words.filter(|(_, w)| !w.reach.and(around).is_empty()).map(|(i, _)| i).collect();
            Rc::new(Near { plates: touching(&layout.plates), grounds: touching(&layout.grounds), words })
        });
        found.clone()
    }
}
