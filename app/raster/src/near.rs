//! What lies within a few pixels: the seats there, drawn anew by themselves, and whether an outline passes.

use crate::buffer::{Buffer, Rect};
use crate::colour::Colour;
use crate::grid::Grid;
use crate::mask::Masks;
use crate::seats::{Paint, Place, Planes, stamp};
use crate::shape::Shape;

/// Finds the seats whose looks may touch a clip, ascending.
#[inline(never)]
pub fn seats_near(clip: Rect, place: &Place, grid: &Grid, masks: &Masks, seats: &mut Vec<u64>) {
    let wide = clip.grown(masks.look_reach());
    let plan = |pixel: i32, whole: i32, fraction: f32| ((pixel - whole) as f32 - fraction) / place.scale;
    let (left, right) =
        (plan(wide.x0 - 1, place.whole.0, place.fraction.0), plan(wide.x1 + 1, place.whole.0, place.fraction.0));
    let (top, bottom) =
        (plan(wide.y0 - 1, place.whole.1, place.fraction.1), plan(wide.y1 + 1, place.whole.1, place.fraction.1));
    seats.clear();
    grid.around(left, top, right, bottom, |x, y, seat| {
        let (x, y) = place.pixel(x, y);
        if x >= wide.x0 && x < wide.x1 && y >= wide.y0 && y < wide.y1 {
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
        stamp(buffer, clip, qx >> 2, qy >> 2, mask, paint.colour);
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

/// Draws the seats of a spot on a ground of one colour, or on what is there: on a sheet of its own, where no stamp meets
/// a border, and cut out. A spot that is too large for the sheet is drawn in its place.
#[inline(never)]
#[expect(clippy::too_many_arguments, reason = "one spot, said whole")]
pub fn paint_spot(
    buffer: &mut Buffer,
    spot: Rect,
    ground: Option<Colour>,
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
        if let Some(ground) = ground {
            buffer.clear(spot, ground);
        }
        paint_some(buffer, spot, place, planes, seats, paints, masks);
        return;
    }
    match ground {
        Some(ground) => sheet.clear(there, ground),
        None => sheet.take(buffer, spot, (there.x0, there.y0)),
    }
    let moved = Place { whole: (place.whole.0 - left, place.whole.1 - top), ..*place };
    let all = sheet.all();
    paint_some(sheet, all, &moved, planes, seats, paints, masks);
    buffer.take(sheet, there, (spot.x0, spot.y0));
}

/// Whether a box of pixels lies inside an outline in plan units (even-odd); `None` where the outline passes through it.
#[must_use]
#[inline(never)]
pub fn is_inside(outline: &[(f32, f32)], place: &Place, (x0, y0, x1, y1): (f32, f32, f32, f32)) -> Option<bool> {
    let (mx, my) = ((x0 + x1) / 2.0, (y0 + y1) / 2.0);
    let (dx, dy) = (place.whole.0 as f32 + place.fraction.0, place.whole.1 as f32 + place.fraction.1);
    let land = |p: &(f32, f32)| (p.0 * place.scale + dx, p.1 * place.scale + dy);
    let mut inside = false;
    let (mut ax, mut ay) = land(outline.last()?);
    for to in outline {
        let (bx, by) = land(to);
        if (ay >= y0 || by >= y0) && (ay <= y1 || by <= y1) {
            // Twice the area between the edge and a point: on which side of it the point lies.
            let side = |x: f32, y: f32| (bx - ax) * (y - ay) - (by - ay) * (x - ax);
            if (ax >= x0 || bx >= x0) && (ax <= x1 || bx <= x1) {
                let corners = [side(x0, y0), side(x1, y0), side(x0, y1), side(x1, y1)];
                if corners.iter().any(|c| *c >= 0.0) && corners.iter().any(|c| *c <= 0.0) {
                    return None;
                }
            }
            inside ^= (ay <= my) != (by <= my) && (side(mx, my) > 0.0) == (by > ay);
        }
        (ax, ay) = (bx, by);
    }
    Some(inside)
}

impl Masks {
    /// How far a seat's look reaches from its pixel, whatever its state.
    #[must_use]
    pub fn look_reach(&self) -> i32 {
        self.reach(Shape::Square).max(self.reach(Shape::Dot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_knows_whether_an_outline_holds_it() {
        let place = Place { scale: 2.0, whole: (3, 5), ..Place::default() };
        let outline = [(0.0, 0.0), (50.0, 0.0), (60.0, 30.0), (0.0, 40.0)];
        let at = |x: f32, y: f32| is_inside(&outline, &place, (x - 2.0, y - 2.0, x + 2.0, y + 2.0));
        assert_eq!(
            [at(40.0, 30.0), at(13.0, 15.0), at(200.0, 30.0), at(40.0, 0.0)],
            [Some(true), Some(true), Some(false), Some(false)]
        );
        // On the level edge above, on the upright one to the left, on the slanting one to the right.
        assert_eq!([at(50.0, 6.0), at(3.0, 40.0), at(113.0, 35.0)], [None; 3]);
        assert_eq!(is_inside(&[], &place, (0.0, 0.0, 1.0, 1.0)), None);
    }
}
