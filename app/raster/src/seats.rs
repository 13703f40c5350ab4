//! Seats from planes of coordinates: one pass, no calls out, culled by centre.

use crate::buffer::{Buffer, Rect};
use crate::colour::Colour;
use crate::lanes::lanes;
use crate::mask::{Mask, Masks, TINY_ROWS};
use crate::shape::Shape;
use crate::window::{TOGETHER, Window};

/// Quarters of a pixel beyond which nothing is told apart: sums of two stay far from overflowing.
pub(crate) const FAR: i32 = 1 << 29;

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
        let (right, down) = self.whole_quarters();
        (self.quarter(x, fx) + right, self.quarter(y, fy) + down)
    }

    /// One coordinate without the whole pixels.
    #[inline(always)]
    pub(crate) fn quarter(&self, at: f32, fraction: f32) -> i32 {
        (((at * self.scale + fraction) * 4.0 + 0.5).floor() as i32).clamp(-FAR, FAR)
    }

    pub(crate) fn whole_quarters(&self) -> (i32, i32) {
        (self.whole.0.saturating_mul(4).clamp(-FAR, FAR), self.whole.1.saturating_mul(4).clamp(-FAR, FAR))
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

/// What a seat is drawn with. Eight bytes, for a loop over seats looks it up by a shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(align(4))]
pub struct Paint {
    /// The shape.
    pub shape: Shape,
    /// Its colour.
    pub colour: Colour,
}

/// Seats' coordinates and looks, all of one length.
#[derive(Clone, Copy, Debug)]
pub struct Planes<'a> {
    /// Number of the first of them.
    pub first: usize,
    /// Plan units to the right.
    pub x: &'a [f32],
    /// Plan units downwards.
    pub y: &'a [f32],
    /// Index into the paints; beyond them nothing is drawn.
    pub look: &'a [u8],
}

/// The place of a seat in the order of drawing, and the seat at a place: in every 64 the first of each eight come first,
/// then the second ones. What was just written cannot be read back at once, and neighbours share pixels.
#[must_use]
pub(crate) fn in_turn(seat: u32) -> u32 {
    seat & !63 | (seat & 7) << 3 | seat >> 3 & 7
}

/// Orders seats as they are drawn: section by section, each in turn.
#[inline(always)]
pub(crate) fn drawn_in(sections: &[u16], seat: u32) -> u64 {
    u64::from(sections.get(seat as usize).copied().unwrap_or(u16::MAX)) << 32 | u64::from(in_turn(seat))
}

/// Draws the seats of the planes inside the clip, in turn.
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
    match masks.tiny_rows() {
        3 => paint_all::<3>(buffer, clip, place, planes, paints, masks),
        TINY_ROWS => paint_all::<TINY_ROWS>(buffer, clip, place, planes, paints, masks),
        _ => paint_all::<0>(buffer, clip, place, planes, paints, masks),
    }
}

/// The same, where so many `ROWS` hold every look, or none do: in one loop for all the rows of a tiny look would take twice
/// as long.
fn paint_all<const ROWS: usize>(
    buffer: &mut Buffer,
    clip: Rect,
    place: &Place,
    planes: Planes<'_>,
    paints: &[Paint],
    masks: &mut Masks,
) {
    let reach = masks.look_reach();
    let (before, width) = (masks.tiny_before(), buffer.width() as i32);
    let window = Window::new(place, clip, reach);
    let mut at = [[0; TOGETHER]; 2];
    // Of tiny looks: the index of the first pixel.
    let mut starts = [0_i32; TOGETHER];
    let (mut from, end) = (0, planes.x.len().min(planes.y.len()).min(planes.look.len()));
    while from < end {
        // Up to the next number that together begin with.
        let before_these = (planes.first + from) % TOGETHER;
        let these = from..end.min(from + TOGETHER - before_these);
        from = these.end;
        let looks = &planes.look[these.clone()];
        let (seen, within) = window.look(&planes.x[these.clone()], &planes.y[these], &mut at);
        if seen == 0 {
            continue;
        }
        if ROWS > 0 {
            for (start, (qx, qy)) in starts.iter_mut().zip(at[0].iter().zip(&at[1])) {
                let (x, y) = (qx.wrapping_sub(before) >> 2, qy.wrapping_sub(before) >> 2);
                *start = y.wrapping_mul(width).wrapping_add(x);
            }
        }
        for turn in 0..TOGETHER {
            let i = in_turn(turn as u32) as usize;
            let Some(i) = i.checked_sub(before_these).filter(|i| seen >> i & 1 == 1) else { continue };
            let quick = within >> i & 1 == 1;
            let Some(look) = looks.get(i) else { continue };
            let Some(paint) = paints.get(usize::from(*look)) else { continue };
            let (qx, qy) = (at[0][i], at[1][i]);
            let phase = ((qx & 3) | (qy & 3) << 2) as usize;
            if ROWS > 0 && quick {
                let rows = masks.tiny(paint.shape, phase);
                buffer.blend_rows::<ROWS>(starts[i] as usize, rows, paint.colour);
                continue;
            }
            let (px, py) = (qx >> 2, qy >> 2);
            let mask = masks.get(paint.shape, phase);
            if ROWS == 0 && quick && mask.width <= 8 {
                let (x, y) = (px + mask.left, py + mask.top);
                if mask.width == 4 {
                    buffer.blend_column(x, y, &mask.coverage, paint.colour);
                } else {
                    buffer.blend_pairs(x, y, mask.coverage.as_chunks::<2>().0, paint.colour);
                }
            } else {
                stamp(buffer, clip, px, py, mask, paint.colour);
            }
        }
    }
}

/// The same pixels as [`stamp`], sooner for a mask of one group across.
#[inline(never)]
pub(crate) fn stamp_small(buffer: &mut Buffer, clip: Rect, px: i32, py: i32, mask: &Mask, colour: Colour) {
    let (x, y) = (px + mask.left, py + mask.top);
    if mask.width == 4 && x >= clip.x0 && y >= clip.y0 && x + 4 <= clip.x1 && y + mask.height <= clip.y1 {
        buffer.blend_column(x, y, &mask.coverage, colour);
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
#[inline(never)]
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

    /// Natively and, by `./test size`, in the vectors that browsers get: at every size, over borders and beyond them.
    #[test]
    fn many_seats_are_drawn_as_each_of_them_is() {
        let paints =
            Shape::ALL.map(|shape| Paint { shape, colour: Colour::hex(0x0036_8986 + shape as u32 * 0x0011_0500) });
        let numbers: Vec<usize> = (0..200).map(|turn| in_turn(turn) as usize).collect();
        let looks = [Shape::Disc, Shape::Square, Shape::Notch, Shape::Half, Shape::Ring, Shape::Dot, Shape::Speck];
        for (radius, rows) in [(0.5, 3), (1.0, 3), (1.1, 4), (1.3, 4), (1.5, 4), (1.6, 0), (3.0, 0), (9.0, 0)] {
            let mut masks = Masks::default();
            masks.set(radius, 1.0);
            assert_eq!(masks.tiny_rows(), rows, "{radius}");
            // Close together, a part of them out of view, one at no place at all.
            let count = 2 * TOGETHER + 7;
            let x: Vec<f32> = (0..count).map(|i| (i % 27) as f32 * 2.3 - 4.0).collect();
            let mut y: Vec<f32> = (0..count).map(|i| (i / 27) as f32 * 9.1 - 3.0 + (i % 5) as f32 * 0.3).collect();
            y[9] = f32::NEG_INFINITY;
            let look: Vec<u8> = (0..count).map(|i| looks[i % looks.len()] as u8).collect();
            let place = Place { scale: 1.07, fraction: (0.3, 0.8), whole: (1, -1) };
            let mut all = Buffer::new(53, 47, Colour::hex(0x00F1_EBE2));
            let mut each = all.clone();
            for clip in [all.all(), Rect::new(5, 7, 40, 41)] {
                let planes = Planes { first: 11, x: &x, y: &y, look: &look };
                paint_seats(&mut all, clip, &place, planes, &paints, &mut masks);
                for i in numbers.iter().filter_map(|seat| seat.checked_sub(11)).filter(|i| *i < count) {
                    let Paint { shape, colour } = paints[usize::from(look[i])];
                    paint_one(&mut each, clip, &place, (x[i], y[i]), shape, colour, 256, &mut masks);
                }
                assert!(all == each, "radius {radius}, {clip:?}");
            }
        }
    }

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
