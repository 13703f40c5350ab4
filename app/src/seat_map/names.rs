//! The overview's names: where each section's stands, how large, and whose are left out.
//!
//! Where every section has room for its name, all are written at their full size, with prices beneath where these fit
//! too. Otherwise all are small and short, and may reach over their section's border. A price that fits nowhere is written
//! once, with the largest section that begins at it and has room, and may reach over, too. Words keep off each other: where sections are
//! narrower than their names, every second is named, or every fourth, and the larger sections go first.

use raster::{Place, Rect};

use super::events::CategoryWords;
use super::layout::Placed;
use super::letters::Letters;
use super::scene::Scene;

/// Names where all have room, in CSS pixels.
const LARGE: f64 = 12.5;
/// Names otherwise, and prices: nothing smaller can be read.
const SMALL: f64 = 11.0;
/// Of more sections than so many with small names some are left out.
const MANY: usize = 60;
/// Sections that are looked at for a price's place, at most: this is done at every step of a zoom.
const TRIES: usize = 24;

/// What is written of a section.
struct Name<'a> {
    index: usize,
    text: &'a str,
    /// Nothing where it is not wanted.
    price: &'a str,
    /// The price has to be there, and may reach over the section's border.
    must: bool,
}

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
        let large = self.place_all(&order, false, place, letters, placed);
        if !large {
            placed.truncate(from);
        }
        // Where names are left out anyway prices go first; elsewhere they take no name's place.
        let prices_first = !large && order.len() > MANY;
        if prices_first {
            self.prepare_names(self.edged(SMALL, true), true, letters);
            self.place_prices(&order, true, place, letters, placed);
        }
        if !large {
            self.place_all(&order, true, place, letters, placed);
        }
        if !prices_first {
            self.place_prices(&order, !large, place, letters, placed);
        }
    }

    /// Places each price that is nowhere yet once: with the largest section that begins at it and has room.
    fn place_prices(
        &mut self,
        order: &[u64],
        small: bool,
        place: &Place,
        letters: &mut dyn Letters,
        placed: &mut Vec<Placed>,
    ) {
        let chart = self.model.chart.clone();
        let grounds = self.model.grounds.len();
        let of = |placed: &[Placed], index: usize| placed.iter().filter(|word| word.owner == grounds + index).count();
        let least = |scene: &Self, index: usize| scene.least(index).map(|price| price.total);
        let written = order.iter().map(index).filter(|index| of(placed, *index) > 1);
        let mut told: Vec<i64> = written.filter_map(|index| least(self, index)).collect();
        let mut tried: Vec<i64> = Vec::new();
        for index in order.iter().map(index) {
            let name = chart.sections.get(index).map_or("", |section| section.name.as_str());
            let Some(total) = least(self, index).filter(|total| !name.is_empty() && !told.contains(total)) else {
                continue;
            };
            if tried.iter().filter(|one| **one == total).count() == TRIES {
                continue;
            }
            tried.push(total);
            let (price, text) = (self.price_words(index), if small { short(name) } else { name });
            // Its name, where it stands alone, moves up.
            let alone = placed.iter().position(|word| word.owner == grounds + index).map(|at| (at, placed.remove(at)));
            if self.place_name(Name { index, text, price: &price, must: true }, small, place, letters, placed) {
                told.push(total);
            } else if let Some((at, word)) = alone {
                placed.insert(at, word);
            }
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
                let i = index(&key);
                let name = chart.sections.get(i).map_or("", |section| section.name.as_str());
                let owner = self.model.grounds.len() + i;
                let is_placed = || small && placed.iter().any(|word| word.owner == owner);
                if i % 4 != turn || name.is_empty() || is_placed() {
                    continue;
                }
                let text = if small { short(name) } else { name };
                let price = if small { String::new() } else { self.price_words(i) };
                let name = Name { index: i, text, price: &price, must: false };
                if !self.place_name(name, small, place, letters, placed) && !small {
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

    /// Places one section's name clear of the words that are there, its price beneath where that has room; says whether
    /// there was room for what has to be there.
    fn place_name(
        &mut self,
        Name { index, text, price, must }: Name<'_>,
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
        let has_price = !price.is_empty();
        let priced = has_price && (must || fits(wide.max(self.size_of(price, light, letters).0), 2.0, 1.0, 0.42));
        let half = (line / 2.0) as i32;
        let airy = inside && small && height >= line * 2.0;
        // Letters are an em high at most, their masks higher. Soft edges may meet, as long as none lies on letters.
        let (soft, tall) = (i32::from(bold.edge), i32::from(bold.size + 1) / 2);
        // Where a neighbour's words reach over: without the price, then beside the middle; a price that has to be there
        // above or below its name, then clear of names beside it.
        let (bare, full, clear) = (!must, 2 * half, 2 * tall + soft);
        let ways = [
            (priced, -half, Some(half)),
            (bare, 0, None),
            (bare && airy, half, None),
            (bare && airy, -half, None),
            (must, 0, Some(full)),
            (must, 0, Some(-full)),
            (must, half, Some(-half)),
            (must, 0, Some(clear)),
            (must, 0, Some(-clear)),
        ];
        let grounds = self.model.grounds.len();
        let owner = grounds + index;
        let core = |w: &Placed| {
            let (left, wide) = (w.at.0 - w.mask.width / 2, w.mask.width);
            Rect::new(left, w.at.1 - tall, left + wide, w.at.1 + tall)
        };
        for (_, down, price_down) in ways.into_iter().filter(|(may, ..)| *may) {
            // In a neighbour it would be read as the neighbour's.
            if price_down.is_some_and(|by| at.1 + by < reach.y0 - half || at.1 + by > reach.y1 + half) {
                continue;
            }
            let ink = |style| (style, self.theme.ink, Some(self.theme.surface));
            let (name_ink, price_ink) = (ink(bold), ink(light));
            let mut own = Vec::new();
            if let Some(price_down) = price_down {
                own.push(self.place_word(owner, (at.0, at.1 + price_down), price, price_ink, letters));
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

    /// The prices of what is free in a section.
    fn free_prices(&self, index: usize) -> impl Iterator<Item = &CategoryWords> {
        let free = self.model.plates[index].free.iter().zip(&self.prices);
        free.filter(|(n, price)| **n > 0 && !price.words.is_empty()).map(|(_, price)| price)
    }

    fn least(&self, index: usize) -> Option<&CategoryWords> {
        self.free_prices(index).min_by_key(|price| price.total)
    }

    /// "from €48.50", the one price, "sold out", or nothing where prices are not known.
    fn price_words(&self, index: usize) -> String {
        let plate = &self.model.plates[index];
        if self.prices.is_empty() || plate.seats.is_empty() {
            return String::new();
        }
        if plate.free.iter().all(|n| *n == 0) {
            return self.own_words.sold_out.clone();
        }
        let Some(least) = self.least(index) else { return String::new() };
        let mut words = String::new();
        if self.free_prices(index).any(|price| price.total != least.total) {
            words.push_str(&self.own_words.from);
            words.push(' ');
        }
        words.push_str(&least.words);
        words
    }
}

/// Whose turn a key of the order is.
fn index(key: &u64) -> usize {
    (key & 0xffff_ffff) as usize
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
