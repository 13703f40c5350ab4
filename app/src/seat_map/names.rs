//! The overview's names: what is written of each section, where each stands at a scale, and when that is decided anew.
//!
//! Where every section has room for its name, all are written at their full size, with prices beneath where these fit
//! too. Otherwise all are small and short, and may reach over their section's border. A price that fits nowhere is written
//! once, with the largest section that begins at it and has room, and may reach over, too. Words keep off each other: where sections are
//! narrower than their names, every second is named, or every fourth, and the larger sections go first.

use raster::Place;

use super::layout::Placed;
use super::letters::Letters;
use super::naming::{Masks, STEP, Word};
use super::scene::Scene;

/// Decisions for more steps than so many are not kept: windows of many sizes begin their steps at many scales.
const MOST: usize = 40;

/// What is said of a section's prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    /// The section is not shown.
    Hidden,
    /// Prices are not known.
    Nothing,
    SoldOut,
    /// The least one, by its category; whether it is one of several.
    Least(usize, bool),
}

/// What was decided of names, until something is said that differs.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Of every section.
    said: Vec<Said>,
    /// Device pixels a CSS pixel.
    ratio: f64,
    /// Of every section.
    pub(super) masks: Vec<Masks>,
    /// Decisions by the scale at which their step begins.
    steps: Vec<(f32, Vec<Word>)>,
}

impl Scene {
    /// Where the step of scales begins that the camera is in, in pixels a plan unit; nothing but in the overview. The first
    /// one begins at the whole house.
    pub(super) fn step(&self) -> f32 {
        if !self.in_overview() {
            return 0.0;
        }
        let mut scale = self.camera.fit_scale();
        while scale > self.camera.scale {
            scale /= STEP;
        }
        while scale * STEP <= self.camera.scale {
            scale *= STEP;
        }
        (scale * self.ratio) as f32
    }

    /// Places the names of all sections that are shown, ascending.
    pub(super) fn place_names(&mut self, place: &Place, letters: &mut dyn Letters, placed: &mut Vec<Placed>) {
        self.names_hold();
        let step = self.step();
        if !self.names.steps.iter().any(|(begins, _)| *begins == step) {
            let words = self.decide(step, letters);
            if self.names.steps.len() == MOST {
                self.names.steps.clear();
            }
            self.names.steps.push((step, words));
        }
        let grounds = self.model.grounds.len();
        for Word { section, down, mask } in self.names.steps.iter().filter(|(s, _)| *s == step).flat_map(|(_, w)| w) {
            let (x, y) = self.model.plates[*section].label_at;
            let (x, y) = place.pixel(x, y);
            let at = (x, y + down);
            let (mask, reach) = (mask.clone(), mask.reach().moved(at));
            let (colour, under) = (self.theme.ink, Some(self.theme.surface));
            placed.push(Placed { owner: grounds + section, at, reach, mask, colour, under });
        }
    }

    /// Whether what was decided of names still holds; otherwise it is forgotten.
    pub(super) fn names_hold(&mut self) -> bool {
        let said: Vec<Said> = (0..self.model.plates.len()).map(|index| self.said(index)).collect();
        let holds = self.names.ratio == self.ratio && self.names.said == said;
        if !holds {
            let mut masks = Vec::new();
            masks.resize_with(said.len(), Masks::default);
            self.names = Names { said, ratio: self.ratio, masks, steps: Vec::new() };
        }
        holds
    }

    /// The least price of what is free in a section.
    pub(super) fn least(&self, index: usize) -> Option<i64> {
        match self.said(index) {
            Said::Least(category, _) => Some(self.prices[category].total),
            _ => None,
        }
    }

    fn said(&self, index: usize) -> Said {
        let plate = &self.model.plates[index];
        if !self.model.shows(plate.floor) {
            return Said::Hidden;
        }
        if self.prices.is_empty() || plate.seats.is_empty() {
            return Said::Nothing;
        }
        let (mut said, mut total, mut sold_out) = (Said::Nothing, 0, true);
        for (category, free) in plate.free.iter().enumerate() {
            if *free == 0 {
                continue;
            }
            sold_out = false;
            let Some(price) = self.prices.get(category).filter(|price| !price.words.is_empty()) else { continue };
            said = match said {
                Said::Least(least, several) if total <= price.total => {
                    Said::Least(least, several || total < price.total)
                }
                Said::Least(..) => Said::Least(category, true),
                _ => Said::Least(category, false),
            };
            if let Said::Least(least, _) = said {
                total = self.prices[least].total;
            }
        }
        if sold_out { Said::SoldOut } else { said }
    }

    /// "from €48.50", the one price, "sold out", or nothing where prices are not known.
    pub(super) fn price_words(&self, index: usize) -> String {
        match self.said(index) {
            Said::SoldOut => self.own_words.sold_out.clone(),
            Said::Least(category, several) => {
                let mut words = String::new();
                if several {
                    words.push_str(&self.own_words.from);
                    words.push(' ');
                }
                words.push_str(&self.prices[category].words);
                words
            }
            Said::Hidden | Said::Nothing => String::new(),
        }
    }
}

/// What tells a section from its neighbours: "112" of "Section 112", "B" of "Block B"; of others the whole name.
pub(super) fn short(name: &str) -> &str {
    let (mut last, mut has_digit) = (0, false);
    for (at, byte) in name.bytes().enumerate() {
        if byte == b' ' {
            (last, has_digit) = (at + 1, false);
        }
        has_digit |= byte.is_ascii_digit();
    }
    let word = name.get(last..).unwrap_or(name);
    if has_digit || word.len() <= 2 { word } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_by_what_tells_it_from_its_neighbours() {
        for (name, said) in [("Section 112", "112"), ("Block B", "B"), ("Box 1", "1"), ("101", "101")] {
            assert_eq!(short(name), said);
        }
        assert_eq!(short("Stalls left"), "Stalls left");
    }
}
