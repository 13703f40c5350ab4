//! Who is named in the overview, and where: decided once for a step of scales, from the least of them.
//!
//! Words keep their size and their places move apart as the map grows, so what fits and is clear of its neighbours at the
//! least scale of a step is so at each of its scales: a frame of a zoom only moves the words. Steps begin at the scale of
//! the whole house, where nothing is named less than there is room for.

use std::rc::Rc;

use raster::TextMask;

use super::letters::{Letters, Style};
use super::names::short;
use super::scene::Scene;

/// How many times as large a step ends as it begins.
pub(super) const STEP: f64 = 1.122;
/// Names where all have room, in CSS pixels.
const LARGE: f64 = 12.5;
/// Names otherwise, and prices: nothing smaller can be read.
const SMALL: f64 = 11.0;
/// Of more sections than so many with small names some are left out.
const MANY: usize = 60;
/// Sections that are looked at for a price's place, at most.
const TRIES: usize = 24;

/// A word of a section and how many pixels below the middle of the section's place it has its own.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) section: usize,
    pub(super) down: i32,
    pub(super) mask: Rc<TextMask>,
}

/// What may be written of a section: an index into its masks.
#[derive(Clone, Copy)]
enum Kind {
    Name,
    Short,
    Price,
}

/// The masks of one section's words, looked up when first needed.
pub(super) type Masks = [Option<Rc<TextMask>>; 3];

/// Where a section's name stands, and where its price does, if it has one: pixels down from the middle.
type Stand = (i32, Option<i32>);

/// What of a word keeps others off, but for the height that all have.
struct Core {
    section: usize,
    /// The middle of the section's place, in plan units.
    at: (f32, f32),
    down: i32,
    wide: i32,
}

/// A picture's names on their way.
struct Naming<'a> {
    scene: &'a mut Scene,
    letters: &'a mut dyn Letters,
    /// Pixels a plan unit at both ends of the step.
    scales: [f32; 2],
    small: bool,
    /// How names are set.
    bold: Style,
    /// Pixels of soft edge around letters.
    soft: i32,
    /// From one word's middle to the next one's below it, in pixels: letters are an em high at most, their masks higher.
    high: i32,
    /// Sections that are shown, the largest first.
    order: Vec<usize>,
    stands: Vec<Option<Stand>>,
    placed: Vec<Core>,
}

impl Scene {
    /// Decides what is written of the sections from a scale on (pixels a plan unit) and up to [`STEP`] times it, ascending,
    /// each price before its name.
    pub(super) fn decide(&mut self, scale: f32, letters: &mut dyn Letters) -> Vec<Word> {
        let mut keys: Vec<u64> = Vec::new();
        for (plate, i) in self.model.plates.iter().zip(0_u64..) {
            if self.model.shows(plate.floor) && !self.model.chart.sections[i as usize].name.is_empty() {
                // The bits of a number above zero are in its order.
                keys.push(u64::from(!plate.area.to_bits()) << 32 | i);
            }
        }
        keys.sort_unstable();
        let order = keys.into_iter().map(|key| (key & 0xffff_ffff) as usize).collect();
        let scales = [scale, scale * STEP as f32];
        let (bold, stands, placed) = (self.edged(LARGE, true), Vec::new(), Vec::new());
        let mut naming =
            Naming { scene: self, letters, scales, small: false, bold, soft: 0, high: 0, order, stands, placed };
        naming.place();
        naming.words()
    }
}

impl Naming<'_> {
    fn place(&mut self) {
        self.begin(false);
        if self.place_names() {
            self.place_prices();
            return;
        }
        self.begin(true);
        // Where names are left out anyway prices go first; elsewhere they take no name's place.
        if self.order.len() > MANY {
            self.prepare();
            self.place_prices();
            self.place_names();
        } else {
            self.place_names();
            self.place_prices();
        }
    }

    /// Nothing is placed.
    fn begin(&mut self, small: bool) {
        self.small = small;
        self.bold = self.scene.edged(if small { SMALL } else { LARGE }, true);
        self.soft = i32::from(self.bold.edge);
        self.high = i32::from(self.bold.size + 1) / 2 * 2 + self.soft;
        self.stands = vec![None; self.scene.model.plates.len()];
        self.placed.clear();
    }

    /// Places all large, until one has no room: false. Or all small that have room.
    fn place_names(&mut self) -> bool {
        let mut drawn = false;
        // Neighbours follow each other: no two in a row are left out where one would do. The second half begins with the
        // small ones, which had nothing of the first.
        for turn in [0, 2, 1, 3] {
            // Where large ones do not fit the smallest sections say so at once.
            let larger_first = turn % 2 == 0 && self.small;
            for at in 0..self.order.len() {
                let section = self.order[if larger_first { at } else { self.order.len() - 1 - at }];
                if section % 4 != turn || self.stands[section].is_some() {
                    continue;
                }
                if !self.stand(section, false) && !self.small {
                    return false;
                }
                // Mostly the first tells that large ones do not fit: the others are not drawn for nothing.
                if !core::mem::replace(&mut drawn, true) {
                    self.prepare();
                }
            }
        }
        true
    }

    /// Places each price that is nowhere yet once: with the largest section that begins at it and has room.
    fn place_prices(&mut self) {
        let mut told: Vec<i64> = Vec::new();
        for section in &self.order {
            if matches!(self.stands[*section], Some((_, Some(_)))) {
                told.extend(self.scene.least(*section));
            }
        }
        let mut tried: Vec<i64> = Vec::new();
        for at in 0..self.order.len() {
            let section = self.order[at];
            let Some(total) = self.scene.least(section).filter(|total| !told.contains(total)) else { continue };
            if tried.iter().filter(|one| **one == total).count() == TRIES {
                continue;
            }
            tried.push(total);
            // Its name, where it stands alone, moves up.
            let alone = self.stands[section].take();
            self.placed.retain(|core| core.section != section);
            if self.stand(section, true) {
                told.push(total);
            } else if let Some(alone) = alone {
                self.put(section, alone);
            }
        }
    }

    /// Places one section's name clear of the words that are there, its price beneath where that has room; says whether
    /// there was room for what has to be there. `must`: the price has to be, and may reach over the section's border.
    fn stand(&mut self, section: usize, must: bool) -> bool {
        let line = self.scene.px(if self.small { SMALL } else { LARGE } + 0.5);
        let wide = self.wide(section, self.name());
        let plate = &self.scene.model.plates[section];
        let scale = f64::from(self.scales[0]);
        let [x0, y0, x1, y1] = plate.bounds.map(|at| f64::from(at) * scale);
        // A section's box is a little larger than itself.
        let (width, height) = (x1 - x0 + 3.0, y1 - y0 + 3.0);
        let (area, middle) = (f64::from(plate.area) * scale * scale, f64::from(plate.label_at.1) * scale);
        let fits = |wide: i32, lines: f64, over: f64, share: f64| {
            let (w, h) = (f64::from(wide), line * lines);
            w <= width * over && h <= height * over && w * h <= area * share
        };
        let inside = fits(wide, 0.8, 1.0, 0.42);
        if !(inside || self.small && fits(wide, 0.8, 2.0, 1.6)) {
            return false;
        }
        let price = if must || !self.small { self.wide(section, Kind::Price) } else { 0 };
        let priced = price > 0 && (must || fits(wide.max(price), 2.0, 1.0, 0.42));
        let half = (line / 2.0) as i32;
        let airy = inside && self.small && height >= line * 2.0;
        // Where a neighbour's words reach over: without the price, then beside the middle; a price that has to be there
        // above or below its name, then clear of names beside it.
        let (bare, full, clear) = (!must, 2 * half, self.high);
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
        for (_, down, price_down) in ways.into_iter().filter(|(may, ..)| *may) {
            // In a neighbour it would be read as the neighbour's.
            let (above, below) = (middle - y0 + 1.0 + f64::from(half), y1 - middle + 1.0 + f64::from(half));
            if price_down.is_some_and(|by| f64::from(-by) > above || f64::from(by) > below) {
                continue;
            }
            let stand = (down, price_down);
            let (name, price) = self.cores(section, stand);
            if self.is_clear(&name) && price.is_none_or(|price| self.is_clear(&price)) {
                self.put(section, stand);
                return true;
            }
        }
        false
    }

    fn put(&mut self, section: usize, stand: Stand) {
        self.stands[section] = Some(stand);
        let (name, price) = self.cores(section, stand);
        self.placed.push(name);
        if let Some(price) = price {
            self.placed.push(price);
        }
    }

    fn cores(&mut self, section: usize, (down, price_down): Stand) -> (Core, Option<Core>) {
        let at = self.scene.model.plates[section].label_at;
        let wide = self.wide(section, self.name());
        let name = Core { section, at, down, wide };
        let price = price_down.map(|down| Core { section, at, down, wide: self.wide(section, Kind::Price) });
        (name, price)
    }

    /// Whether a word is clear of all that are placed, at every scale of the step. Soft edges may meet, as long as none
    /// lies on letters with more than its faint outermost pixel.
    fn is_clear(&self, core: &Core) -> bool {
        self.placed.iter().all(|other| {
            let (a, b) = if core.at.0 > other.at.0 { (other, core) } else { (core, other) };
            let ((ax, ay), (bx, by)) = (a.at, b.at);
            self.stay(by - ay, self.high + a.down - b.down)
                || self.stay(ay - by, self.high + b.down - a.down)
                || self.stay(bx - ax, a.wide - a.wide / 2 + b.wide / 2 + self.soft)
        })
    }

    /// Whether what lies so far apart in the plan is so many pixels apart, or one less, at every scale of the step: places are
    /// rounded to whole pixels, however the picture lies between them.
    fn stay(&self, apart: f32, pixels: i32) -> bool {
        apart * self.scales[usize::from(apart < 0.0)] >= pixels as f32 - 0.98
    }

    fn name(&self) -> Kind {
        if self.small { Kind::Short } else { Kind::Name }
    }

    /// Draws the names of all sections in one go.
    fn prepare(&mut self) {
        self.scene.prepare_names(self.bold, self.small, self.letters);
    }

    fn mask(&mut self, section: usize, kind: Kind) -> Rc<TextMask> {
        if let Some(Some(mask)) = self.scene.names.masks.get(section).map(|masks| &masks[kind as usize]) {
            return mask.clone();
        }
        let chart = self.scene.model.chart.clone();
        let name = chart.sections[section].name.as_str();
        let scene = &mut *self.scene;
        let mask = match kind {
            Kind::Name => scene.words.get(name, self.bold, self.letters),
            Kind::Short => scene.words.get(short(name), self.bold, self.letters),
            Kind::Price => scene.words.get(&scene.price_words(section), scene.edged(SMALL, false), self.letters),
        };
        self.scene.names.masks[section][kind as usize] = Some(mask.clone());
        mask
    }

    fn wide(&mut self, section: usize, kind: Kind) -> i32 {
        self.mask(section, kind).width
    }

    fn words(mut self) -> Vec<Word> {
        let mut words = Vec::new();
        for section in 0..self.stands.len() {
            let Some((down, price_down)) = self.stands[section] else { continue };
            if let Some(down) = price_down {
                words.push(Word { section, down, mask: self.mask(section, Kind::Price) });
            }
            words.push(Word { section, down, mask: self.mask(section, self.name()) });
        }
        words
    }
}
