//! Seats from planes of coordinates: one pass, no calls out, culled by centre.

use crate::buffer::{Buffer, Rect};
use crate::colour::Colour;
use crate::lanes::lanes;
use crate::mask::{Mask, Masks};
use crate::shape::Shape;

/// Where plan coordinates land: `pixel = round_to_quarter(plan * scale + fraction) + whole`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Place {
    /// Pixels a plan unit.
    pub scale: f32,
    /// Sub-pixel part of the translation, 0 to 1, to the right and downwards.
    pub fraction: (f32, f32),
    /// Whole pixels of the translation.
    pub whole: (i32, i32),
}

impl Place {
    /// A point in quarters of a pixel.
    #[must_use]
    pub fn quarters(&self, x: f32, y: f32) -> (i32, i32) {
        let (fx, fy) = self.fraction;
        (
            (((x * self.scale + fx) * 4.0 + 0.5).floor() as i32).saturating_add(self.whole.0.saturating_mul(4)),
            (((y * self.scale + fy) * 4.0 + 0.5).floor() as i32).saturating_add(self.whole.1.saturating_mul(4)),
        )
    }

    /// A point in 256ths of a pixel.
    #[must_use]
    pub fn fine(&self, x: f32, y: f32) -> (i32, i32) {
        let (fx, fy) = self.fraction;
        let bound = |v: f32| (v * 256.0).clamp(-1e9, 1e9) as i32;
        (
            bound(x * self.scale + fx).saturating_add(self.whole.0.saturating_mul(256)),
            bound(y * self.scale + fy).saturating_add(self.whole.1.saturating_mul(256)),
        )
    }

    /// The whole pixel of a point.
    #[must_use]
    pub fn pixel(&self, x: f32, y: f32) -> (i32, i32) {
        let (qx, qy) = self.quarters(x, y);
        (qx >> 2, qy >> 2)
    }
}

/// What a seat is drawn with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint {
    /// The shape.
    pub shape: Shape,
    /// Its colour.
    pub colour: Colour,
}

/// Seats' coordinates and looks, all of one length.
#[derive(Clone, Copy, Debug)]
pub struct Planes<'a> {
    /// Plan units to the right.
    pub x: &'a [f32],
    /// Plan units downwards.
    pub y: &'a [f32],
    /// Index into the paints; beyond them nothing is drawn.
    pub look: &'a [u8],
}

/// Seats whose places are found together.
const TOGETHER: usize = 64;

/// Draws the seats of the planes inside the clip, in order.
#[inline(never)]
pub fn paint_seats(
    buffer: &mut Buffer,
    clip: Rect,
    place: &Place,
    planes: Planes<'_>,
    paints: &[Paint],
    masks: &mut Masks,
) {
    let clip = clip.and(buffer.all());
    if clip.is_empty() {
        return;
    }
    let reach = masks.reach(Shape::Square).max(masks.reach(Shape::Dot));
    let (left, right, top, bottom) = (clip.x0 - reach, clip.x1 + reach, clip.y0 - reach, clip.y1 + reach);
    let mut at = [(0, 0); TOGETHER];
    let chunks = planes.x.chunks(TOGETHER).zip(planes.y.chunks(TOGETHER)).zip(planes.look.chunks(TOGETHER));
    for ((xs, ys), looks) in chunks {
        for ((at, x), y) in at.iter_mut().zip(xs).zip(ys) {
            *at = place.quarters(*x, *y);
        }
        for ((qx, qy), look) in at.iter().zip(looks) {
            let (px, py) = (qx >> 2, qy >> 2);
            if px < left || px >= right || py < top || py >= bottom {
                continue;
            }
            let Some(paint) = paints.get(usize::from(*look)) else { continue };
            let mask = masks.get(paint.shape, ((qx & 3) | (qy & 3) << 2) as usize);
            let (x, y) = (px + mask.left, py + mask.top);
            if mask.width == 4 && x >= clip.x0 && y >= clip.y0 && x + 4 <= clip.x1 && y + mask.height <= clip.y1 {
                buffer.blend_column(x, y, &mask.coverage, paint.colour);
            } else if mask.width == 8 {
                stamp_pair(buffer, clip, px, py, mask, paint.colour);
            } else {
                stamp(buffer, clip, px, py, mask, paint.colour);
            }
        }
    }
}

/// The same pixels as [`stamp`], sooner for a mask of one group across.
#[inline(always)]
pub(crate) fn stamp_small(buffer: &mut Buffer, clip: Rect, px: i32, py: i32, mask: &Mask, colour: Colour) {
    let (x, y) = (px + mask.left, py + mask.top);
    if mask.width == 4 && x >= clip.x0 && y >= clip.y0 && x + 4 <= clip.x1 && y + mask.height <= clip.y1 {
        buffer.blend_column(x, y, &mask.coverage, colour);
    } else {
        stamp(buffer, clip, px, py, mask, colour);
    }
}

/// The same pixels as [`stamp`], sooner for a mask of two groups across.
#[inline(never)]
fn stamp_pair(buffer: &mut Buffer, clip: Rect, px: i32, py: i32, mask: &Mask, colour: Colour) {
    let (x, y) = (px + mask.left, py + mask.top);
    if x >= clip.x0 && y >= clip.y0 && x + 8 <= clip.x1 && y + mask.height <= clip.y1 {
        buffer.blend_pairs(x, y, mask.coverage.as_chunks::<2>().0, colour);
    } else {
        stamp(buffer, clip, px, py, mask, colour);
    }
}

/// Draws one shape at a point; `strength` of 256 fades it.
#[expect(clippy::too_many_arguments, reason = "one shape, said whole")]
pub fn paint_one(
    buffer: &mut Buffer,
    clip: Rect,
    place: &Place,
    at: (f32, f32),
    shape: Shape,
    colour: Colour,
    strength: u32,
    masks: &mut Masks,
) {
    let (qx, qy) = place.quarters(at.0, at.1);
    let mask = masks.get(shape, ((qx & 3) | (qy & 3) << 2) as usize);
    let clip = clip.and(buffer.all());
    if strength >= 256 {
        stamp(buffer, clip, qx >> 2, qy >> 2, mask, colour);
    } else {
        stamp_clipped(buffer, clip, qx >> 2, qy >> 2, mask, colour, strength);
    }
}

/// Mixes a mask in around a pixel; `clip` lies inside the buffer.
#[inline]
pub(crate) fn stamp(buffer: &mut Buffer, clip: Rect, px: i32, py: i32, mask: &Mask, colour: Colour) {
    let (x, y) = (px + mask.left, py + mask.top);
    if x < clip.x0 || y < clip.y0 || x + mask.width > clip.x1 || y + mask.height > clip.y1 {
        stamp_clipped(buffer, clip, px, py, mask, colour, 256);
        return;
    }
    let (width, colour_lanes) = (buffer.width(), lanes(colour.word()));
    let mut at = y as usize * width + x as usize;
    // A word without ink has no row at all, and no width.
    for (row, span) in mask.coverage.chunks_exact((mask.width as usize / 4).max(1)).zip(&mask.spans) {
        let [from, full, end, to] = [span.from, span.full.0, span.full.1, span.to].map(usize::from);
        buffer.blend(at + from * 4, &row[from..full], colour_lanes);
        buffer.paint_over(at + full * 4, (end - full) * 4, colour.word());
        buffer.blend(at + end * 4, &row[end..to], colour_lanes);
        at += width;
    }
}

/// The same pixels as [`stamp`], one by one, kept inside the clip.
fn stamp_clipped(buffer: &mut Buffer, clip: Rect, px: i32, py: i32, mask: &Mask, colour: Colour, strength: u32) {
    let (x, y) = (px + mask.left, py + mask.top);
    let inside = Rect::new(x, y, x + mask.width, y + mask.height).and(clip);
    for at_y in inside.y0..inside.y1 {
        for at_x in inside.x0..inside.x1 {
            let part = mask.at(at_x - x, at_y - y);
            if part > 0 {
                buffer.mix(at_x, at_y, colour, (part * strength) >> 8);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clipped_stamp_equals_the_fast_one() {
        let mut masks = Masks::default();
        masks.set(4.6, 1.0);
        for phase in 0..16 {
            let mask = masks.get(Shape::Half, phase).clone();
            let mut fast = Buffer::new(40, 40, Colour::hex(0x00F1_EBE2));
            let mut slow = fast.clone();
            stamp(&mut fast, Rect::new(0, 0, 40, 40), 20, 20, &mask, Colour::hex(0x0036_8986));
            for clip in [Rect::new(0, 0, 21, 40), Rect::new(21, 0, 40, 19), Rect::new(21, 19, 40, 40)] {
                stamp_clipped(&mut slow, clip, 20, 20, &mask, Colour::hex(0x0036_8986), 256);
            }
            assert_eq!(fast, slow);
        }
    }
}
