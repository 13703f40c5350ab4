//! Where seats stand: rows that the plan puts nowhere, seats out of order, gaps, plans far from their origin.

use super::gather::{Gathered, Row, Zone};
use super::{Oddity, Report};
use crate::chart::Point;

pub(super) fn apart(a: Point, b: Point) -> f32 {
    (a.x - b.x).hypot(a.y - b.y)
}

/// Brings the seats of all rows into the order they stand in and the rows into sensible places.
pub(super) fn straighten(plan: &mut Gathered, report: &mut Report) {
    for row in plan.zones.iter_mut().flat_map(|zone| &mut zone.rows) {
        if sort(row) {
            report.note(Oddity::OutOfOrder, || row.path());
        }
    }
    let pitch = pitch(plan);
    // Seats as large as their distance allows, whatever the plan says.
    plan.radius = plan.radius.clamp(pitch * 0.2, pitch * 0.45);
    for zone in &mut plan.zones {
        unplaced(zone, plan.radius, report);
    }
    outside(plan, report);
    near(plan, report);
    for row in plan.zones.iter_mut().flat_map(|zone| &mut zone.rows) {
        gaps(row, pitch);
        numbering(row, report);
    }
}

/// Distances of neighbours, ascending.
fn distances(row: &Row) -> Vec<f32> {
    let mut distances: Vec<f32> =
        row.seats.windows(2).map(|pair| apart(pair[0].at, pair[1].at)).filter(|&distance| distance > 0.01).collect();
    distances.sort_unstable_by(f32::total_cmp);
    distances
}

/// The usual distance between two neighbours: the median over the rows' medians.
fn pitch(plan: &Gathered) -> f32 {
    let rows = plan.zones.iter().flat_map(|zone| &zone.rows);
    let mut medians: Vec<f32> = rows
        .filter_map(|row| {
            let all = distances(row);
            all.get(all.len() / 2).copied()
        })
        .collect();
    medians.sort_unstable_by(f32::total_cmp);
    medians.get(medians.len() / 2).copied().unwrap_or(2.5 * plan.radius).clamp(0.1, 10_000.0)
}

/// Sorts a row along its main direction where that makes the way from seat to seat clearly shorter. A table's or a
/// horseshoe's seats stay as listed. Whether anything was sorted.
pub(super) fn sort(row: &mut Row) -> bool {
    let count = row.seats.len() as f64;
    if row.seats.len() < 3 {
        return false;
    }
    let (mut x, mut y, mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for seat in &row.seats {
        let (sx, sy) = (f64::from(seat.at.x), f64::from(seat.at.y));
        (x, y) = (x + sx / count, y + sy / count);
    }
    for seat in &row.seats {
        let (dx, dy) = (f64::from(seat.at.x) - x, f64::from(seat.at.y) - y);
        (xx, xy, yy) = (xx + dx * dx, xy + dx * dy, yy + dy * dy);
    }
    // The direction of greatest spread: the eigenvector of the covariance.
    let angle = 0.5 * (2.0 * xy).atan2(xx - yy);
    let (mut ax, mut ay) = (angle.cos() as f32, angle.sin() as f32);
    let along = |at: Point, ax: f32, ay: f32| at.x * ax + at.y * ay;
    let (first, last) = (row.seats[0].at, row.seats[row.seats.len() - 1].at);
    if along(first, ax, ay) > along(last, ax, ay) {
        (ax, ay) = (-ax, -ay);
    }
    let mut order: Vec<usize> = (0..row.seats.len()).collect();
    order.sort_by(|&a, &b| along(row.seats[a].at, ax, ay).total_cmp(&along(row.seats[b].at, ax, ay)));
    let way = |order: &mut dyn Iterator<Item = usize>| -> f32 {
        let places: Vec<Point> = order.map(|seat| row.seats[seat].at).collect();
        places.windows(2).map(|pair| apart(pair[0], pair[1])).sum()
    };
    let listed = way(&mut (0..row.seats.len()));
    let jumps = listed > 1.25 * way(&mut order.iter().copied());
    if jumps {
        row.seats.sort_by(|a, b| along(a.at, ax, ay).total_cmp(&along(b.at, ax, ay)));
    }
    jumps
}

/// Rows without a position stand where their seats say, unless something stands there already: then below all that
/// came before, a row's depth apart.
fn unplaced(zone: &mut Zone, radius: f32, report: &mut Report) {
    let mut taken: Option<(Point, Point)> = None;
    for row in &mut zone.rows {
        let (mut min, mut max) = bounds(row);
        if !row.placed {
            report.note(Oddity::RowUnplaced, || row.path());
            if let Some((_, lowest)) = taken.filter(|(from, to)| {
                let reach = 2.0 * radius;
                min.x < to.x + reach && max.x > from.x - reach && min.y < to.y + reach && max.y > from.y - reach
            }) {
                let down = lowest.y + 2.8 * radius - min.y;
                row.seats.iter_mut().for_each(|seat| seat.at.y += down);
                (min.y, max.y) = (min.y + down, max.y + down);
            }
        }
        taken = Some(taken.map_or((min, max), |(from, to)| {
            let from = Point { x: from.x.min(min.x), y: from.y.min(min.y) };
            (from, Point { x: to.x.max(max.x), y: to.y.max(max.y) })
        }));
    }
}

fn bounds(row: &Row) -> (Point, Point) {
    let far = f32::INFINITY;
    row.seats.iter().fold((Point { x: far, y: far }, Point { x: -far, y: -far }), |(min, max), seat| {
        let at = seat.at;
        (Point { x: min.x.min(at.x), y: min.y.min(at.y) }, Point { x: max.x.max(at.x), y: max.y.max(at.y) })
    })
}

fn outside(plan: &Gathered, report: &mut Report) {
    let Some(size) = plan.size else { return };
    let seats = plan.zones.iter().flat_map(|zone| &zone.rows).flat_map(|row| &row.seats);
    for seat in seats {
        let inside = (0.0..=size.x).contains(&seat.at.x) && (0.0..=size.y).contains(&seat.at.y);
        if !inside {
            report.note(Oddity::OutsideSize, || seat.path());
        }
    }
}

/// Single precision tells places apart only near the origin: a small plan far out is moved there, and a plan of tiny
/// seats gets seats as large as its extent needs.
fn near(plan: &mut Gathered, report: &mut Report) {
    let rows = plan.zones.iter().flat_map(|zone| &zone.rows);
    let all = rows.map(bounds).reduce(|(a, b), (c, d)| {
        (Point { x: a.x.min(c.x), y: a.y.min(c.y) }, Point { x: b.x.max(d.x), y: b.y.max(d.y) })
    });
    let Some((min, max)) = all else { return };
    let farthest = [min.x, min.y, max.x, max.y].into_iter().fold(0.0_f32, |far, value| far.max(value.abs()));
    let extent = (max.x - min.x).max(max.y - min.y);
    if farthest > 50_000.0 * plan.radius && extent < farthest {
        report.note(Oddity::Moved, || "$.zones[0].position".to_owned());
        let move_by = |at: &mut Point| *at = Point { x: at.x - min.x, y: at.y - min.y };
        for zone in &mut plan.zones {
            zone.rows.iter_mut().flat_map(|row| &mut row.seats).for_each(|seat| move_by(&mut seat.at));
            zone.areas.iter_mut().for_each(|area| area.points().for_each(move_by));
        }
    }
    plan.radius = plan.radius.max(extent / 50_000.0);
}

/// Where seats stand wider apart than the row's seats do, an aisle is between them.
pub(super) fn gaps(row: &mut Row, pitch: f32) {
    let distances = distances(row);
    let usual = match distances.len() {
        0..3 => pitch,
        count => distances[count / 2].min(pitch * 1.5),
    };
    for seat in 0..row.seats.len() {
        let next = row.seats.get(seat + 1).map(|next| next.at);
        row.seats[seat].gap_after = next.is_some_and(|next| apart(row.seats[seat].at, next) > 1.6 * usual);
    }
}

/// Tells of numbers that fall or skip.
fn numbering(row: &Row, report: &mut Report) {
    let numbers: Option<Vec<i64>> = row.seats.iter().map(|seat| seat.number.parse().ok()).collect();
    let Some(numbers) = numbers.filter(|numbers| numbers.len() > 1) else { return };
    let steps = || numbers.windows(2).map(|pair| pair[1].saturating_sub(pair[0]));
    if steps().all(|step| step < 0) {
        report.note(Oddity::RunsBackwards, || row.path());
    }
    if steps().any(|step| step.abs() != 1) {
        report.note(Oddity::NumbersJump, || row.path());
    }
}
