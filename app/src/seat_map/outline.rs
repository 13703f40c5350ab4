//! Outlines: the rounded hull of seats where a chart draws none, areas, and where a section's back is.

use raster::in_order;

/// A point in plan units, from the plan's upper left corner.
pub type At = (f32, f32);

/// The convex hull of seats, `pad` units away from every centre, with round corners. Empty for no seats.
#[must_use]
pub fn hull_around(seats: &[At], pad: f32) -> Vec<At> {
    let inner = hull(seats.to_vec());
    // Twelve points around each: quarter turns of three, without the bytes of a sine.
    const THIRDS: [At; 3] = [(1.0, 0.0), (0.866_025_4, 0.5), (0.5, 0.866_025_4)];
    let round = inner.iter().flat_map(|(x, y)| {
        THIRDS
            .into_iter()
            .flat_map(move |(c, s)| [(c, s), (-s, c), (-c, -s), (s, -c)].map(|(dx, dy)| (x + dx * pad, y + dy * pad)))
    });
    hull(round.collect())
}

/// The number behind [`in_order`].
fn from_order(order: u32) -> f32 {
    f32::from_bits(if order >> 31 == 1 { order & !(1 << 31) } else { !order })
}

/// Andrew's monotone chain.
fn hull(points: Vec<At>) -> Vec<At> {
    let points: Vec<At> = points.into_iter().filter(|p| p.0.is_finite() && p.1.is_finite()).collect();
    let mut order: Vec<u64> =
        points.iter().map(|p| u64::from(in_order(p.0)) << 32 | u64::from(in_order(p.1))).collect();
    order.sort_unstable();
    order.dedup();
    let points: Vec<At> = order.into_iter().map(|o| (from_order((o >> 32) as u32), from_order(o as u32))).collect();
    if points.len() < 3 {
        return points;
    }
    let turn = |o: At, a: At, b: At| (a.0 - o.0) * (b.1 - o.1) - (a.1 - o.1) * (b.0 - o.0);
    let mut out: Vec<At> = Vec::new();
    let mut chain = |points: &mut dyn Iterator<Item = At>| {
        let start = out.len();
        for p in points {
            while out.len() >= start + 2 && turn(out[out.len() - 2], out[out.len() - 1], p) <= 0.0 {
                out.pop();
            }
            out.push(p);
        }
        out.pop();
    };
    chain(&mut points.iter().copied());
    chain(&mut points.iter().rev().copied());
    out
}

/// The area inside an outline (the shoelace formula), in square plan units.
#[must_use]
pub fn area(outline: &[At]) -> f32 {
    let next = outline.iter().cycle().skip(1);
    let twice: f64 =
        outline.iter().zip(next).map(|(a, b)| f64::from(a.0) * f64::from(b.1) - f64::from(b.0) * f64::from(a.1)).sum();
    (twice.abs() / 2.0) as f32
}

/// The box around points: left, top, right, bottom. `None` for no points.
#[must_use]
pub fn bounds<'a>(points: impl Iterator<Item = &'a At>) -> Option<[f32; 4]> {
    points.filter(|p| p.0.is_finite() && p.1.is_finite()).fold(None, |b, p| {
        let [x0, y0, x1, y1] = b.unwrap_or([p.0, p.1, p.0, p.1]);
        Some([x0.min(p.0), y0.min(p.1), x1.max(p.0), y1.max(p.1)])
    })
}

/// A section's back: where the line from `focal` through `middle` leaves the outline last, and the direction straight
/// away from the outline's side there.
#[must_use]
pub fn back(outline: &[At], middle: At, focal: At) -> (At, At) {
    let (dx, dy) = (middle.0 - focal.0, middle.1 - focal.1);
    let length = dx.hypot(dy);
    let (ux, uy) = if length > 1e-3 { (dx / length, dy / length) } else { (0.0, -1.0) };
    let (mut far, mut away) = (0.0_f32, (ux, uy));
    for (a, b) in outline.iter().zip(outline.iter().cycle().skip(1)) {
        let (ax, ay, bx, by) = (a.0 - middle.0, a.1 - middle.1, b.0 - middle.0, b.1 - middle.1);
        let (side_a, side_b) = (ax * uy - ay * ux, bx * uy - by * ux);
        if (side_a <= 0.0) == (side_b <= 0.0) {
            continue;
        }
        let part = side_a / (side_a - side_b);
        let at = (ax + (bx - ax) * part) * ux + (ay + (by - ay) * part) * uy;
        let (ex, ey) = (bx - ax, by - ay);
        let edge = ex.hypot(ey);
        if at > far && edge > 0.0 {
            let sign = if ey * ux - ex * uy >= 0.0 { 1.0 } else { -1.0 };
            (far, away) = (at, (ey / edge * sign, -ex / edge * sign));
        }
    }
    ((middle.0 + ux * far, middle.1 + uy * far), away)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hull_encloses_its_seats() {
        let seats = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0), (5.0, 5.0)];
        let hull = hull_around(&seats, 2.0);
        let b = bounds(hull.iter()).expect("points");
        assert!(b[0] <= -1.9 && b[1] <= -1.9 && b[2] >= 11.9 && b[3] >= 11.9);
        assert!(area(&hull) > 100.0 && area(&hull) < 196.0);
        assert!(hull_around(&[], 2.0).is_empty());
        assert!(!hull_around(&[(1.0, 1.0)], 2.0).is_empty());
    }

    #[test]
    fn the_back_is_away_from_the_stage() {
        let square = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)];
        let (at, away) = back(&square, (5.0, 5.0), (5.0, 100.0));
        assert!((at.0 - 5.0).abs() < 1e-3 && at.1.abs() < 1e-3 && away.1 < -0.99);
    }
}
