//! What lies within a few pixels: the seats there, drawn anew by themselves.

use crate::buffer::{Buffer, Rect};
use crate::colour::Colour;
use crate::grid::Grid;
use crate::mask::{Masks, TINY_ROWS};
use crate::seats::{Paint, Place, Planes, drawn_in, in_turn, stamp_small};
use crate::shape::Shape;

/// A box of the plan, in plan units.
struct Wide {
    left: f32,
    top: f32,
    right: f32,
    bottom: f32,
}

impl Wide {
    /// Where the middles lie of the seats whose looks may touch a clip. A little wide: a middle is rounded by an eighth of
    /// a pixel, and one too many does no harm.
    fn about(clip: Rect, place: &Place, (before, after): (i32, i32)) -> Self {
        let one = 1.0 / place.scale;
        let plan = |pixel: i32, whole: i32, fraction: f32| ((pixel - whole) as f32 - fraction) * one;
        let ((dx, dy), (fx, fy)) = (place.whole, place.fraction);
        Self {
            left: plan(clip.x0 - after, dx, fx) - one * 0.25,
            right: plan(clip.x1 + before, dx, fx) + one * 0.25,
            top: plan(clip.y0 - after, dy, fy) - one * 0.25,
            bottom: plan(clip.y1 + before, dy, fy) + one * 0.25,
        }
    }

    #[inline(always)]
    fn seats(&self, grid: &Grid, mut each: impl FnMut(f32, f32, u32)) {
        grid.around(self.left, self.top, self.right, self.bottom, |x, y, seat| {
            if x >= self.left && x <= self.right && y >= self.top && y <= self.bottom {
                each(x, y, seat);
            }
        });
    }
}

/// Finds the seats whose looks may touch a clip, in the order of drawing.
#[inline(never)]
pub fn seats_near(clip: Rect, place: &Place, grid: &Grid, sections: &[u16], masks: &Masks, seats: &mut Vec<u64>) {
    seats.clear();
    Wide::about(clip, place, masks.look_bounds()).seats(grid, |_, _, seat| seats.push(drawn_in(sections, seat)));
    seats.sort_unstable();
    for seat in seats {
        *seat = u64::from(in_turn(*seat as u32));
    }
}

/// Draws some seats of the planes inside the clip, in the order given.
#[inline(never)]
pub fn paint_some(
    buffer: &mut Buffer,
    clip: Rect,
    place: &Place,
    planes: Planes<'_>,
    seats: &[u64],
    paints: &[Paint],
    masks: &mut Masks,
) {
    let clip = clip.and(buffer.all());
    for seat in seats {
        let i = *seat as usize;
        let (Some(x), Some(y), Some(look)) = (planes.x.get(i), planes.y.get(i), planes.look.get(i)) else { continue };
        let Some(paint) = paints.get(usize::from(*look)) else { continue };
        let (qx, qy) = place.quarters(*x, *y);
        let mask = masks.get(paint.shape, ((qx & 3) | (qy & 3) << 2) as usize);
        stamp_small(buffer, clip, qx >> 2, qy >> 2, mask, paint.colour);
    }
}

/// A seat close to a spot: its place, its number, and where in the order of drawing it is.
type Close = (f32, f32, u32, u64);

/// How many spots are asked for together, before the first of them is drawn.
const TOGETHER: usize = 16;

/// The seats about single spots: what a few changed seats are drawn anew with.
#[expect(missing_debug_implementations, reason = "a function is part of it")]
pub struct Spots<'a> {
    /// A picture of what lies beneath the seats; without it they are drawn on what is there.
    pub under: Option<&'a Buffer>,
    /// Where the plan lies.
    pub place: &'a Place,
    /// Every seat's look, by its number.
    pub looks: &'a [u8],
    /// Every seat's place.
    pub grid: &'a Grid,
    /// Every seat's section, by its number.
    pub sections: &'a [u16],
    /// What the looks are drawn with.
    pub paints: &'a [Paint],
    /// Which seats are drawn at all; `None`: every one.
    pub shown: Option<&'a dyn Fn(u32) -> bool>,
}

impl Spots<'_> {
    /// Draws each spot's seats: on a sheet of its own, where no stamp meets a border, and cut out. A spot that is too large
    /// for the sheet is drawn in its place. All spots lie inside the buffer.
    #[inline(never)]
    pub fn paint(&self, buffer: &mut Buffer, spots: &[Rect], masks: &mut Masks) {
        let reach = masks.look_reach();
        let side = (6 * reach + 24) as usize;
        let mut sheet = Buffer::new(side, side, Colour::default());
        let (bounds, mut close) = (masks.look_bounds(), Vec::new());
        // On the sheet there is room for whole rows about every seat.
        let tiny = (masks.tiny_rows() > 0).then(|| masks.tiny_before());
        for spots in spots.chunks(TOGETHER) {
            // Spots lie far from each other, and waiting for memory is most of what one costs: all of them are asked for at
            // once, and come together.
            let seen = spots.iter().fold(0, |seen, spot| seen ^ self.see(buffer, *spot, bounds));
            core::hint::black_box(seen);
            for spot in spots {
                self.gather(*spot, bounds, &mut close);
                self.paint_one(buffer, *spot, &close, (2 * reach + 4, tiny), masks, &mut sheet);
            }
        }
    }

    /// Reads a little of everything that a spot is drawn from.
    #[inline(always)]
    fn see(&self, buffer: &Buffer, spot: Rect, bounds: (i32, i32)) -> u32 {
        let wide = Wide::about(spot, self.place, bounds);
        let under = self.under.map_or(0, |under| under.see(spot));
        buffer.see(spot) ^ under ^ self.grid.see(wide.left, wide.top, wide.right, wide.bottom)
    }

    /// The seats that may touch a spot, in the order of drawing: so few that each finds its place by stepping back.
    #[inline(always)]
    fn gather(&self, spot: Rect, bounds: (i32, i32), close: &mut Vec<Close>) {
        close.clear();
        Wide::about(spot, self.place, bounds).seats(self.grid, |x, y, seat| {
            if self.shown.is_none_or(|shown| shown(seat)) {
                let mut at = close.len();
                let order = drawn_in(self.sections, seat);
                close.push((x, y, seat, order));
                while at > 0 && close[at - 1].3 > order {
                    close.swap(at - 1, at);
                    at -= 1;
                }
            }
        });
    }

    #[inline(always)]
    fn paint_one(
        &self,
        buffer: &mut Buffer,
        spot: Rect,
        close: &[Close],
        (margin, tiny): (i32, Option<i32>),
        masks: &mut Masks,
        sheet: &mut Buffer,
    ) {
        let (left, top) = (spot.x0 - margin, spot.y0 - margin);
        let there = spot.moved((-left, -top));
        if there.grown(margin).and(sheet.all()) != there.grown(margin) {
            if let Some(under) = self.under {
                buffer.take(under, spot, (spot.x0, spot.y0));
            }
            self.stamp(buffer, spot, spot, (0, 0), close, masks, None);
            return;
        }
        sheet.take(self.under.unwrap_or(buffer), spot, (there.x0, there.y0));
        self.stamp(sheet, sheet.all(), there, (left, top), close, masks, tiny);
        buffer.take(sheet, there, (spot.x0, spot.y0));
    }

    /// Draws seats on a buffer whose first pixel is `origin`, leaving out what touches nothing of the wanted pixels.
    /// `tiny`: where every look is, and the buffer has room for its rows, [`Masks::tiny_before`].
    #[expect(clippy::too_many_arguments, reason = "seats, said whole")]
    #[inline(never)]
    fn stamp(
        &self,
        buffer: &mut Buffer,
        clip: Rect,
        wanted: Rect,
        origin: (i32, i32),
        close: &[Close],
        masks: &mut Masks,
        tiny: Option<i32>,
    ) {
        for (x, y, seat, _) in close {
            let Some(look) = self.looks.get(*seat as usize) else { continue };
            let Some(paint) = self.paints.get(usize::from(*look)) else { continue };
            let (qx, qy) = self.place.quarters(*x, *y);
            let phase = ((qx & 3) | (qy & 3) << 2) as usize;
            if let Some(before) = tiny {
                let (x, y) = (((qx - before) >> 2) - origin.0, ((qy - before) >> 2) - origin.1);
                let at = y as usize * buffer.width() + x as usize;
                let rows = masks.tiny(paint.shape, phase);
                if before <= 4 {
                    buffer.blend_rows::<3>(at, rows, paint.colour);
                } else {
                    buffer.blend_rows::<TINY_ROWS>(at, rows, paint.colour);
                }
                continue;
            }
            let (px, py) = ((qx >> 2) - origin.0, (qy >> 2) - origin.1);
            let mask = masks.get(paint.shape, phase);
            if !mask.touched().moved((px, py)).and(wanted).is_empty() {
                stamp_small(buffer, clip, px, py, mask, paint.colour);
            }
        }
    }
}

impl Masks {
    /// How far a seat's look reaches from its pixel, whatever its state.
    #[must_use]
    pub fn look_reach(&self) -> i32 {
        self.reach(Shape::Square).max(self.reach(Shape::Dot))
    }

    /// How far a seat's look reaches from its middle, to the right and downwards alike, in pixels, whatever its state: a
    /// square reaches farther at its corners alone.
    fn look_far(&self) -> f32 {
        let far = [Shape::Disc, Shape::Dot, Shape::Speck].map(|shape| shape.reach(self.radius(), self.ratio()));
        far.into_iter().fold(0.0_f32, f32::max)
    }

    /// How many pixels before its own and from its own on, to the right and downwards alike, a seat's look may touch,
    /// whatever its state and wherever in its pixel it is.
    #[must_use]
    pub fn look_bounds(&self) -> (i32, i32) {
        let far = self.look_far();
        (far.ceil() as i32, (far + 0.75).ceil() as i32)
    }

    /// How many quarters of a pixel before its middle a seat's look begins at most.
    pub(crate) fn tiny_before(&self) -> i32 {
        (self.look_far() * 4.0).ceil() as i32
    }

    /// Rows of four pixels that hold every look, three (up to a whole pixel before its middle) or [`TINY_ROWS`]; 0 where looks
    /// are too large for that.
    pub(crate) fn tiny_rows(&self) -> usize {
        match self.tiny_before() {
            ..=4 => 3,
            5 | 6 => TINY_ROWS,
            _ => 0,
        }
    }

    /// The pixels that a seat's look may touch at a point of the plan, whatever its state and kind.
    #[inline(never)]
    pub fn look_box(&mut self, place: &Place, at: (f32, f32)) -> Rect {
        let (qx, qy) = place.quarters(at.0, at.1);
        let phase = ((qx & 3) | (qy & 3) << 2) as usize;
        let known = self.looks[phase];
        let touched = if known.is_empty() {
            // A disc reaches as far as every other look but these.
            let others = [Shape::Square, Shape::Disc, Shape::Dot, Shape::Speck];
            let all =
                others.into_iter().fold(Rect::default(), |all, shape| all.around(self.get(shape, phase).touched()));
            self.looks[phase] = all;
            all
        } else {
            known
        };
        touched.moved((qx >> 2, qy >> 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tiny_look_is_its_mask() {
        let (mut tiny, mut large) = ([0; 5], 0);
        for radius in (6..40).map(|i| i as f32 / 16.0) {
            for ratio in [0.5, 1.0, 2.0, 3.0] {
                let mut masks = Masks::default();
                masks.set(radius, ratio);
                let (rows, before) = (masks.tiny_rows(), masks.tiny_before());
                tiny[rows] += 1;
                if rows == 0 {
                    large += 1;
                    continue;
                }
                for shape in
                    [Shape::Disc, Shape::Square, Shape::Half, Shape::Ring, Shape::Dot, Shape::Speck, Shape::Small]
                {
                    for phase in 0..16 {
                        let mask = masks.get(shape, phase).clone();
                        let first = |quarter: usize| (quarter as i32 - before) >> 2;
                        let (left, top) = (mask.left - first(phase & 3), mask.top - first(phase >> 2));
                        let lanes = *masks.tiny(shape, phase);
                        let mut sum = 0;
                        for (y, row) in lanes.iter().enumerate() {
                            for x in 0..4 {
                                let part = u32::from(row[x * 2]);
                                let (mx, my) = (x as i32 - left, y as i32 - top);
                                let inside = (0..mask.width).contains(&mx) && (0..mask.height).contains(&my);
                                assert_eq!(part, if inside { mask.at(mx, my) } else { 0 });
                                assert!(part == 0 || y < rows, "{shape:?} of {radius} at {ratio}, phase {phase}");
                                sum += part;
                            }
                        }
                        let all: u32 =
                            (0..mask.width * mask.height).map(|i| mask.at(i % mask.width, i / mask.width)).sum();
                        assert_eq!(sum, all, "nothing is cut off: {shape:?} of {radius} at {ratio}, phase {phase}");
                    }
                }
            }
        }
        assert!(tiny[3] > 0 && tiny[4] > 0 && large > 0);
    }

    #[test]
    fn no_look_touches_more_than_its_bounds() {
        for radius in (4..400).map(|i| i as f32 / 16.0) {
            for ratio in [0.5, 1.0, 1.5, 3.0] {
                let mut masks = Masks::default();
                masks.set(radius, ratio);
                let (before, after) = masks.look_bounds();
                for shape in [
                    Shape::Disc,
                    Shape::Square,
                    Shape::Notch,
                    Shape::Half,
                    Shape::Ring,
                    Shape::Dot,
                    Shape::Speck,
                    Shape::Small,
                ] {
                    for phase in [0, 3, 5, 10, 12, 15] {
                        let t = masks.get(shape, phase).touched();
                        let inside = t.x0.min(t.y0) >= -before && t.x1.max(t.y1) <= after;
                        assert!(inside, "{shape:?} of {radius} at {ratio}, phase {phase}: {t:?}, {before} and {after}");
                    }
                }
            }
        }
    }
}
