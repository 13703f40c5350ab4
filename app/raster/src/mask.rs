//! Coverage masks: every shape at one radius, in four by four sub-pixel phases, made when first needed.

use crate::shape::{SHAPES, Shape};

/// Coverage of a shape around one sub-pixel phase.
#[derive(Clone, Debug, Default)]
pub struct Mask {
    /// Pixels across, a multiple of four; 0 while not made.
    pub(crate) width: i32,
    /// Pixels down.
    pub(crate) height: i32,
    /// Left edge from the whole pixel of the centre.
    pub(crate) left: i32,
    /// Top edge from the whole pixel of the centre.
    pub(crate) top: i32,
    /// 0 to 256, one a pixel.
    pub(crate) coverage: Vec<u32>,
}

/// The masks of every shape at one radius.
#[derive(Clone, Debug)]
pub struct Masks {
    radius: f32,
    ratio: f32,
    masks: Vec<Mask>,
    reach: [i32; SHAPES],
}

impl Default for Masks {
    fn default() -> Self {
        let mut masks = Self { radius: 0.0, ratio: 0.0, masks: vec![Mask::default(); SHAPES * 16], reach: [0; SHAPES] };
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
        for mask in &mut self.masks {
            mask.width = 0;
        }
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

    /// Whole pixels from the centre's pixel that a shape may touch.
    #[must_use]
    pub fn reach(&self, shape: Shape) -> i32 {
        self.reach[shape as usize]
    }

    /// The mask of a shape at a phase: quarters of a pixel to the right in the lower two bits, downwards above them.
    pub(crate) fn get(&mut self, shape: Shape, phase: usize) -> &Mask {
        let at = shape as usize * 16 + (phase & 15);
        if self.masks[at].width == 0 {
            self.masks[at].make(shape, phase, self.radius, self.ratio, self.reach[shape as usize]);
        }
        &self.masks[at]
    }
}

impl Mask {
    /// Of plain coverage, its middle at the pixel it is drawn at.
    pub(crate) fn centred(width: i32, height: i32, coverage: &[u8]) -> Self {
        let padded = (width + 3) & !3;
        let mut wide = vec![0; (padded * height) as usize];
        if padded > 0 {
            let rows = wide.chunks_exact_mut(padded as usize).zip(coverage.chunks(width as usize));
            for (out, row) in rows {
                for (pixel, c) in out.iter_mut().zip(row) {
                    *pixel = u32::from(*c) + u32::from(*c >> 7);
                }
            }
        }
        Self { width: padded, height, left: -(width / 2), top: -(height / 2), coverage: wide }
    }

    fn make(&mut self, shape: Shape, phase: usize, r: f32, ratio: f32, reach: i32) {
        let (cx, cy) = ((phase & 3) as f32 * 0.25, (phase >> 2) as f32 * 0.25);
        let side = 2 * reach + 1;
        let far = shape.reach(r, ratio) + 1.5;
        // Small shapes are sampled finely, for there the distance alone misjudges the area; large ones need it not.
        let n = if r < 3.0 { 4 } else { 2 };
        let scale = shape.strength() * 256.0 / (n * n) as f32;
        let mut drawn = vec![0_u32; (side * side) as usize];
        // What is touched: every pixel beyond costs time with each seat.
        let (mut x0, mut y0, mut x1, mut y1) = (reach, reach, reach, reach);
        for y in 0..side {
            for x in 0..side {
                let (px, py) = ((x - reach) as f32 - cx, (y - reach) as f32 - cy);
                if (px + 0.5).hypot(py + 0.5) > far {
                    continue;
                }
                let mut sum = 0.0;
                for sub in 0..n * n {
                    let (sx, sy) = ((sub % n) as f32 + 0.5, (sub / n) as f32 + 0.5);
                    let d = shape.distance(px + sx / n as f32, py + sy / n as f32, r, ratio);
                    sum += (0.5 - d * n as f32).clamp(0.0, 1.0);
                }
                let part = (sum * scale + 0.5) as u32;
                if part > 0 {
                    (x0, y0, x1, y1) = (x0.min(x), y0.min(y), x1.max(x), y1.max(y));
                }
                drawn[(y * side + x) as usize] = part;
            }
        }
        self.width = (x1 - x0 + 4) & !3;
        self.height = y1 - y0 + 1;
        (self.left, self.top) = (x0 - reach, y0 - reach);
        self.coverage.clear();
        for row in drawn.chunks_exact(side as usize).skip(y0 as usize).take(self.height as usize) {
            self.coverage.extend(&row[x0 as usize..=x1 as usize]);
            self.coverage.resize(self.coverage.len().next_multiple_of(4), 0);
        }
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
                let sum: u32 = masks.get(Shape::Disc, phase).coverage.iter().sum();
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
                    assert_eq!(m.coverage.len(), (m.width * m.height) as usize);
                }
            }
        }
    }
}
