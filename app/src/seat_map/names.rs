//! The overview's names: where each section's stands, how large, and whose are left out.
//!
//! Where every section has room for its name, all are written at their full size, with prices beneath where these fit
//! too. Otherwise all are small, short and without prices, and may reach over their section's border. They keep off each
//! other: where sections are narrower than their names, every second is named, or every fourth, and the larger sections go
//! first.

use raster::{Place, Rect};

use super::layout::Placed;
use super::letters::Letters;
use super::scene::Scene;

/// Names where all have room, in CSS pixels.
const LARGE: f64 = 12.5;
/// Names otherwise, and prices: nothing smaller can be read.
const SMALL: f64 = 11.0;

impl Scene {
    /// Places the names of all sections that are shown, ascending.
    pub(super) fn place_names(&mut self, place: &Place, letters: &mut dyn Letters, placed: &mut Vec<Placed>) {
        let mut order: Vec<u64> = Vec::new();
        for (plate, i) in self.model.plates.iter().zip(0_u64..) {
            if self.model.shows(plate.floor) {
                // The bits of a number above zero are in its order.
                order.push(u64::from(!plate.area.to_bits()) << 32 | i);
            }
        }
        order.sort_unstable();
        let from = placed.len();
        if !self.place_all(&order, false, place, letters, placed) {
            placed.truncate(from);
            self.place_all(&order, true, place, letters, placed);
        }
    }

    /// Places all large, until one has no room: false. Or all small that have room.
    fn place_all(
        &mut self,
        order: &[u64],
        small: bool,
        place: &Place,
        letters: &mut dyn Letters,
        placed: &mut Vec<Placed>,
    ) -> bool {
        let chart = self.model.chart.clone();
        let mut drawn = false;
        // Neighbours follow each other: no two in a row are left out where one would do. The second half begins with the
        // small ones, which had nothing of the first.
        for turn in [0, 2, 1, 3] {
            // Where large ones do not fit the smallest sections say so at once.
            let larger_first = turn % 2 == 0 && small;
            for at in 0..order.len() {
                let key = order[if larger_first { at } else { order.len() - 1 - at }];
                let i = (key & 0xffff_ffff) as usize;
                let name = chart.sections.get(i).map_or("", |section| section.name.as_str());
                if i % 4 != turn || name.is_empty() {
                    continue;
                }
                let text = if small { short(name) } else { name };
                if !self.place_name((i, text), small, place, letters, placed) && !small {
                    return false;
                }
                // Mostly the first tells that large ones do not fit: the others are not drawn for nothing.
                if !core::mem::replace(&mut drawn, true) {
                    self.prepare_names(self.edged(if small { SMALL } else { LARGE }, true), small, letters);
                }
            }
        }
        true
    }

    /// Places one section's name clear of those that are there; says whether there was room.
    fn place_name(
        &mut self,
        (index, text): (usize, &str),
        small: bool,
        place: &Place,
        letters: &mut dyn Letters,
        placed: &mut Vec<Placed>,
    ) -> bool {
        let (plate, reach) = (&self.model.plates[index], self.layout.plates[index]);
        let (width, height) = (f64::from(reach.x1 - reach.x0), f64::from(reach.y1 - reach.y0));
        let area = f64::from(plate.area) * f64::from(place.scale).powi(2);
        let at = place.pixel(plate.label_at.0, plate.label_at.1);
        let size = if small { SMALL } else { LARGE };
        let (bold, light) = (self.edged(size, true), self.edged(SMALL, false));
        let line = self.px(size + 0.5);
        let fits = |wide: i32, lines: f64, over: f64, share: f64| {
            let (w, h) = (f64::from(wide), line * lines);
            w <= width * over && h <= height * over && w * h <= area * share
        };
        let wide = self.size_of(text, bold, letters).0;
        let inside = fits(wide, 0.8, 1.0, 0.42);
        if !(inside || small && fits(wide, 0.8, 2.0, 1.6)) {
            return false;
        }
        let price = if small { String::new() } else { self.price_words(index) };
        let priced = !price.is_empty() && fits(wide.max(self.size_of(&price, light, letters).0), 2.0, 1.0, 0.42);
        let half = (line / 2.0) as i32;
        let airy = inside && small && height >= line * 2.0;
        // Where a neighbour's words reach over: without the price, then beside the middle.
        let ways = [(priced, -half), (true, 0), (airy, half), (airy, -half)];
        let grounds = self.model.grounds.len();
        let owner = grounds + index;
        // Letters are an em high at most, their masks higher. Soft edges may meet, as long as none lies on letters.
        let (soft, tall) = (i32::from(bold.edge), i32::from(bold.size + 1) / 2);
        let core = |w: &Placed| {
            let (left, wide) = (w.at.0 - w.mask.width / 2, w.mask.width);
            Rect::new(left, w.at.1 - tall, left + wide, w.at.1 + tall)
        };
        for (way, (_, down)) in ways.into_iter().enumerate().filter(|(_, (may, _))| *may) {
            let ink = |style| (style, self.theme.ink, Some(self.theme.surface));
            let (name_ink, price_ink) = (ink(bold), ink(light));
            let mut own = Vec::new();
            if way == 0 {
                own.push(self.place_word(owner, (at.0, at.1 + half), &price, price_ink, letters));
            }
            own.push(self.place_word(owner, (at.0, at.1 + down), text, name_ink, letters));
            let mut others = placed.iter().filter(|word| word.owner >= grounds);
            if others.all(|other| own.iter().all(|word| core(word).grown(soft).and(core(other)).is_empty())) {
                for word in own {
                    let mut at = placed.len();
                    while at > 0 && placed[at - 1].owner > owner {
                        at -= 1;
                    }
                    placed.insert(at, word);
                }
                return true;
            }
        }
        false
    }

    /// "from €48.50", the one price, "sold out", or nothing where prices are not known.
    fn price_words(&self, index: usize) -> String {
        let plate = &self.model.plates[index];
        let free = || plate.free.iter().enumerate().filter(|(_, n)| **n > 0);
        if self.prices.is_empty() || plate.seats.is_empty() {
            return String::new();
        }
        if free().next().is_none() {
            return self.own_words.sold_out.clone();
        }
        let priced = || free().filter_map(|(category, _)| self.prices.get(category)).filter(|p| !p.words.is_empty());
        let Some(least) = priced().min_by_key(|p| p.total) else { return String::new() };
        let several = priced().any(|p| p.total != least.total);
        let mut words = String::new();
        if several {
            words.push_str(&self.own_words.from);
            words.push(' ');
        }
        words.push_str(&least.words);
        words
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
