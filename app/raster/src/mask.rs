//! Coverage masks: every shape at one radius, in four by four sub-pixel phases, made when first needed.

use crate::buffer::Rect;
use crate::lanes::{Lanes, lanes};
use crate::shape::{SHAPES, Shape, length};

/// Coverage of a shape around one sub-pixel phase.
#[derive(Clone, Debug, Default)]
pub struct Mask {
    /// Pixels across, a multiple of four; 0 while not made.
    pub(crate) width: i32,
    /// Pixels across that are covered at all.
    used: i32,
    /// Pixels down.
    pub(crate) height: i32,
    /// Left edge from the whole pixel of the centre.
    pub(crate) left: i32,
    /// Top edge from the whole pixel of the centre.
    pub(crate) top: i32,
    /// 0 to 256, four pixels at a time.
    pub(crate) coverage: Vec<Lanes>,
    /// What of each row is touched, and what is covered whole.
    pub(crate) spans: Vec<Span>,
}

/// Rows of four pixels that hold a look, wherever in its pixel it is, while it is no larger.
pub(crate) const TINY_ROWS: usize = 4;

/// Coverage of some rows of four pixels.
#[derive(Clone, Copy, Debug)]
struct Tiny {
    rows: [Lanes; TINY_ROWS],
    made: bool,
}

/// Where a row's coverage begins, is whole, and ends, in groups of four pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: u16,
    pub(crate) full: (u16, u16),
    pub(crate) to: u16,
}

/// The masks of every shape at one radius.
#[derive(Clone, Debug)]
pub struct Masks {
    radius: f32,
    ratio: f32,
    masks: Box<[Mask; SHAPES * 16]>,
    reach: [i32; SHAPES],
    /// The looks of a scale at which [`Self::tiny_rows`] are enough.
    tiny: Box<[Tiny; SHAPES * 16]>,
    /// What a look may touch at each phase: empty where not known yet.
    pub(crate) looks: [Rect; 16],
}

impl Default for Masks {
    fn default() -> Self {
        let mut masks = Self {
            radius: 0.0,
            ratio: 0.0,
            masks: Box::new([const { Mask::EMPTY }; SHAPES * 16]),
            reach: [0; SHAPES],
            tiny: Box::new([Tiny { rows: [[0; 8]; TINY_ROWS], made: false }; SHAPES * 16]),
            looks: [Rect::default(); 16],
        };
        masks.set(1.0, 1.0);
        masks
    }
}

impl Masks {
    /// Takes another radius (pixels, rounded to a sixteenth) and ratio (pixels a CSS pixel); says whether anything
    /// changed.
    pub fn set(&mut self, radius: f32, ratio: f32) -> bool {
        let radius = (radius * 16.0).round().max(1.0) / 16.0;
        if radius == self.radius && ratio == self.ratio {
            return false;
        }
        (self.radius, self.ratio) = (radius, ratio);
        for (mask, tiny) in self.masks.iter_mut().zip(self.tiny.iter_mut()) {
            (mask.width, tiny.made) = (0, false);
        }
        self.looks = [Rect::default(); 16];
        for (reach, shape) in self.reach.iter_mut().zip(Shape::ALL) {
            *reach = shape.reach(radius, ratio).ceil() as i32 + 1;
        }
        true
    }

    /// The radius they are made for, in pixels.
    #[must_use]
    pub fn radius(&self) -> f32 {
        self.radius
    }

    /// Pixels a CSS pixel.
    pub(crate) fn ratio(&self) -> f32 {
        self.ratio
    }

    /// Whole pixels from the centre's pixel that a shape may touch.
    #[must_use]
    pub fn reach(&self, shape: Shape) -> i32 {
        self.reach[shape as usize]
    }

    /// The mask of a shape at a phase: quarters of a pixel to the right in the lower two bits, downwards above them.
    #[inline]
    pub(crate) fn get(&mut self, shape: Shape, phase: usize) -> &Mask {
        let at = shape as usize * 16 + (phase & 15);
        if self.masks[at].width == 0 {
            self.make(shape, phase & 15);
        }
        &self.masks[at]
    }

    /// The rows of a look where [`Self::tiny_rows`] are enough: from its quarter less [`Self::tiny_before`] on, whatever its
    /// shape.
    #[inline(always)]
    pub(crate) fn tiny(&mut self, shape: Shape, phase: usize) -> &[Lanes; TINY_ROWS] {
        let at = shape as usize * 16 + (phase & 15);
        if !self.tiny[at].made {
            self.make_tiny(shape, phase & 15);
        }
        &self.tiny[at].rows
    }

    #[cold]
    #[inline(never)]
    fn make_tiny(&mut self, shape: Shape, phase: usize) {
        let before = self.tiny_before();
        let first = |quarter: usize| (quarter as i32 - before) >> 2;
        let mut parts = [[0_u32; 4]; TINY_ROWS];
        let mask = self.get(shape, phase);
        for y in 0..mask.height {
            for x in 0..mask.used {
                let (row, column) = (y + mask.top - first(phase >> 2), x + mask.left - first(phase & 3));
                if let Some(part) = parts.get_mut(row as usize).and_then(|row| row.get_mut(column as usize)) {
                    *part = mask.at(x, y) * 0x0001_0001;
                }
            }
        }
        self.tiny[shape as usize * 16 + phase] = Tiny { rows: parts.map(bytemuck::cast), made: true };
    }

    #[cold]
    #[inline(never)]
    fn make(&mut self, shape: Shape, phase: usize) {
        let reach = self.reach[shape as usize];
        self.masks[shape as usize * 16 + phase].make(shape, phase, self.radius, self.ratio, reach);
    }
}

impl Mask {
    const EMPTY: Self = Self { width: 0, used: 0, height: 0, left: 0, top: 0, coverage: Vec::new(), spans: Vec::new() };

    /// Of plain coverage, its middle at the pixel it is drawn at.
    pub(crate) fn centred(width: i32, height: i32, coverage: &[u8]) -> Self {
        let mut mask = Self { left: -(width / 2), top: -(height / 2), ..Self::default() };
        let whole = |c: &u8| u32::from(*c) + u32::from(*c >> 7);
        mask.gather(
            width,
            coverage.chunks(width.max(1) as usize).take(height.max(0) as usize).map(|row| row.iter().map(whole)),
        );
        mask
    }

    /// What it touches, from the whole pixel of the centre.
    pub(crate) fn reach(&self) -> Rect {
        Rect::new(self.left, self.top, self.left + self.width, self.top + self.height)
    }

    /// The same without the columns that fill up the last group of four.
    pub(crate) fn touched(&self) -> Rect {
        Rect::new(self.left, self.top, self.left + self.used, self.top + self.height)
    }

    /// One pixel's coverage.
    pub(crate) fn at(&self, x: i32, y: i32) -> u32 {
        let group = self.coverage[((y * self.width + x) >> 2) as usize];
        u32::from(group[(x & 3) as usize * 2])
    }

    /// Takes coverage over, row by row, in groups of four.
    fn gather<R: Iterator<Item = u32>>(&mut self, width: i32, rows: impl Iterator<Item = R>) {
        (self.width, self.used) = ((width + 3) & !3, width);
        self.coverage.clear();
        self.spans.clear();
        for row in rows {
            let start = self.coverage.len();
            let mut group = [0_u32; 4];
            for (i, part) in row.chain([0; 3]).enumerate().take(self.width as usize) {
                group[i & 3] = part * 0x0001_0001;
                if i & 3 == 3 {
                    self.coverage.push(bytemuck::cast(group));
                }
            }
            let groups = &self.coverage[start..];
            let first = |found: &dyn Fn(&Lanes) -> bool| groups.iter().position(found).unwrap_or(groups.len());
            let full = lanes(256 * 0x0001_0001);
            let from = first(&|g| *g != [0; 8]);
            let whole = first(&|g| *g == full);
            let end = whole + groups[whole..].iter().take_while(|g| **g == full).count();
            let to = groups.iter().rposition(|g| *g != [0; 8]).map_or(from, |last| last + 1);
            // Nothing covered whole: the empty run lies at the end.
            let full = if whole < end { (whole, end) } else { (to, to) };
            self.spans.push(Span { from: from as u16, full: (full.0 as u16, full.1 as u16), to: to as u16 });
        }
        self.height = self.spans.len() as i32;
    }

    fn make(&mut self, shape: Shape, phase: usize, r: f32, ratio: f32, reach: i32) {
        let (cx, cy) = ((phase & 3) as f32 * 0.25, (phase >> 2) as f32 * 0.25);
        let side = 2 * reach + 1;
        let far = shape.reach(r, ratio) + 1.5;
        // Small shapes are sampled finely, and those with small parts, for there the distance alone misjudges the area;
        // large ones need it not.
        let n = match shape.reach(r, ratio) {
            ..1.3 => 3,
            3.0.. if !matches!(shape, Shape::Check | Shape::Sign) => 1,
            _ => 2,
        };
        let scale = shape.strength() * 256.0 / (n * n) as f32;
        let mut drawn = vec![0_u32; (side * side) as usize];
        // What is touched: every pixel beyond costs time with each seat.
        let (mut x0, mut y0, mut x1, mut y1) = (reach, reach, reach, reach);
        for y in 0..side {
            let mut x = 0;
            while x < side {
                let (px, py) = ((x - reach) as f32 - cx, (y - reach) as f32 - cy);
                let beyond = length(px + 0.5, py + 0.5) - far;
                if beyond > 0.0 {
                    x += 1 + beyond as i32;
                    continue;
                }
                // A distance grows by no more than one goes: far from the outline the middle speaks for the pixel, and for
                // the next ones as well.
                let middle = shape.distance(px + 0.5, py + 0.5, r, ratio);
                let next = x + 1 + (middle.abs() - 0.75).max(0.0) as i32;
                let mut sum = if middle < 0.0 { (n * n) as f32 } else { 0.0 };
                if n == 1 {
                    sum = (0.5 - middle).clamp(0.0, 1.0);
                } else if middle.abs() < 0.75 {
                    sum = 0.0;
                    for sub in 0..n * n {
                        let (sx, sy) = ((sub % n) as f32 + 0.5, (sub / n) as f32 + 0.5);
                        let d = shape.distance(px + sx / n as f32, py + sy / n as f32, r, ratio);
                        sum += (0.5 - d * n as f32).clamp(0.0, 1.0);
                    }
                }
                let part = (sum * scale + 0.5) as u32;
                let to = next.min(side);
                if part > 0 {
                    (x0, y0, x1, y1) = (x0.min(x), y0.min(y), x1.max(to - 1), y1.max(y));
                    drawn[(y * side + x) as usize..(y * side + to) as usize].fill(part);
                }
                x = next;
            }
        }
        (self.left, self.top) = (x0 - reach, y0 - reach);
        let rows = drawn.chunks_exact(side as usize).skip(y0 as usize).take((y1 - y0 + 1) as usize);
        self.gather(x1 - x0 + 1, rows.map(|row| row[x0 as usize..=x1 as usize].iter().copied()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disc_covers_its_area_at_every_radius_and_phase() {
        for radius in [0.5_f32, 0.8, 1.5, 3.0, 4.6, 9.0, 20.0] {
            let mut masks = Masks::default();
            masks.set(radius, 1.0);
            for phase in 0..16 {
                let mask = masks.get(Shape::Disc, phase);
                let sum: u32 = (0..mask.height * mask.width).map(|i| mask.at(i % mask.width, i / mask.width)).sum();
                let area = core::f32::consts::PI * masks.radius() * masks.radius();
                let drawn = sum as f32 / 256.0;
                assert!((drawn - area).abs() < 0.03 * area + 0.02, "{radius} at {phase}: {drawn} for {area}");
            }
        }
    }

    #[test]
    fn no_shape_is_cut_off() {
        for radius in [0.4_f32, 1.0, 2.5, 7.0, 22.0] {
            let (mut masks, mut wider) = (Masks::default(), Masks::default());
            masks.set(radius, 2.0);
            wider.set(radius, 2.0);
            for reach in &mut wider.reach {
                *reach += 3;
            }
            for shape in Shape::ALL {
                for phase in [0, 5, 15] {
                    let (m, w) = (masks.get(shape, phase), wider.get(shape, phase));
                    assert_eq!((m.left, m.top), (w.left, w.top), "{shape:?} {radius} {phase}");
                    assert_eq!(m.coverage, w.coverage, "{shape:?} {radius} {phase}");
                    assert_eq!(m.coverage.len() * 4, (m.width * m.height) as usize);
                }
            }
        }
    }
}
