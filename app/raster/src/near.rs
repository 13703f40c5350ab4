//! What lies within a few pixels: the seats there, drawn anew by themselves.

use crate::buffer::{Buffer, Rect};
use crate::colour::Colour;
use crate::grid::Grid;
use crate::mask::Masks;
use crate::seats::{Paint, Place, Planes, stamp_small};
use crate::shape::Shape;

/// Finds the seats whose looks may touch a clip, ascending.
#[inline(never)]
pub fn seats_near(clip: Rect, place: &Place, grid: &Grid, masks: &Masks, seats: &mut Vec<u64>) {
    // In plan units and a little wide: a centre is rounded by an eighth of a pixel, and one too many does no harm.
    let wide = clip.grown(masks.look_reach());
    let plan = |pixel: i32, whole: i32, fraction: f32| ((pixel - whole) as f32 - fraction) / place.scale;
    let margin = 0.25 / place.scale;
    let left = plan(wide.x0, place.whole.0, place.fraction.0) - margin;
    let right = plan(wide.x1, place.whole.0, place.fraction.0) + margin;
    let top = plan(wide.y0, place.whole.1, place.fraction.1) - margin;
    let bottom = plan(wide.y1, place.whole.1, place.fraction.1) + margin;
    seats.clear();
    grid.around(left, top, right, bottom, |x, y, seat| {
        if x >= left && x <= right && y >= top && y <= bottom {
            seats.push(u64::from(seat));
        }
    });
    if seats.len() > 40 {
        seats.sort_unstable();
        return;
    }
    for i in 1..seats.len() {
        let mut at = i;
        while at > 0 && seats[at - 1] > seats[at] {
            seats.swap(at - 1, at);
            at -= 1;
        }
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

/// A small picture of its own for [`paint_spot`].
#[derive(Debug)]
pub struct Sheet(Buffer);

impl Sheet {
    /// Large enough for a spot about one seat, the seats that reach into it, and all that they reach.
    #[must_use]
    pub fn new(masks: &Masks) -> Self {
        let side = (6 * masks.look_reach() + 24) as usize;
        Self(Buffer::new(side, side, Colour::default()))
    }
}

/// Draws the seats of a spot on a picture of what lies beneath them, or where there is none on what is there: on a sheet
/// of its own, where no stamp meets a border, and cut out. A spot that is too large for the sheet is drawn in its place.
#[inline(never)]
#[expect(clippy::too_many_arguments, reason = "one spot, said whole")]
pub fn paint_spot(
    buffer: &mut Buffer,
    spot: Rect,
    under: Option<&Buffer>,
    place: &Place,
    planes: Planes<'_>,
    seats: &[u64],
    paints: &[Paint],
    masks: &mut Masks,
    Sheet(sheet): &mut Sheet,
) {
    let margin = 2 * masks.look_reach() + 4;
    let (left, top) = (spot.x0 - margin, spot.y0 - margin);
    let there = spot.moved((-left, -top));
    if there.grown(margin).and(sheet.all()) != there.grown(margin) {
        if let Some(under) = under {
            buffer.take(under, spot, (spot.x0, spot.y0));
        }
        paint_some(buffer, spot, place, planes, seats, paints, masks);
        return;
    }
    sheet.take(under.unwrap_or(buffer), spot, (there.x0, there.y0));
    let moved = Place { whole: (place.whole.0 - left, place.whole.1 - top), ..*place };
    let all = sheet.all();
    paint_some(sheet, all, &moved, planes, seats, paints, masks);
    buffer.take(sheet, there, (spot.x0, spot.y0));
}

impl Masks {
    /// How far a seat's look reaches from its pixel, whatever its state.
    #[must_use]
    pub fn look_reach(&self) -> i32 {
        self.reach(Shape::Square).max(self.reach(Shape::Dot))
    }

    /// The pixels that a seat's look may touch at a point of the plan, whatever its state; `square`: an accessible place.
    #[inline(never)]
    pub fn look_box(&mut self, square: bool, place: &Place, at: (f32, f32)) -> Rect {
        let (qx, qy) = place.quarters(at.0, at.1);
        let phase = ((qx & 3) | (qy & 3) << 2) as usize;
        let slot = usize::from(square) * 16 + phase;
        let known = self.looks[slot];
        let touched = if known.is_empty() {
            // A disc reaches as far as every other look but these.
            let others = [if square { Shape::Square } else { Shape::Disc }, Shape::Disc, Shape::Dot, Shape::Speck];
            let all =
                others.into_iter().fold(Rect::default(), |all, shape| all.around(self.get(shape, phase).touched()));
            self.looks[slot] = all;
            all
        } else {
            known
        };
        touched.moved((qx >> 2, qy >> 2))
    }
}
