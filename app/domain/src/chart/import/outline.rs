//! The outline of a section: around its seats as they lie. A straight or gently bent block has its convex hull; what
//! bends around something, such as a horseshoe, is followed into the bend.
//!
//! The bent outline is the seats' morphological closing: grown until rows touch, then shrunk again to the margin. Its
//! border is read by marching squares and thinned by Douglas and Peucker's way.

use super::areas::{centre, hull, inside, surface};
use super::field::Cells;
use super::lay::apart;
use crate::chart::Point;

/// A hull so many times as large as what it should enclose is too wide.
const TOO_WIDE: f64 = 1.3;
/// Cells of the field for each seat, and for each section besides: no plan costs more than its seats.
const CELLS_A_SEAT: usize = 64;
const CELLS: usize = 2_048;
/// Most cells of one section's field: an outline needs no more however many seats there are.
const MOST_CELLS: usize = 40_000;

/// The outline of rows of places, `margin` outside of them, and where its name goes.
pub(super) fn outline(rows: &[Vec<Point>], margin: f32) -> (Vec<Point>, Point) {
    let places: Vec<Point> = rows.iter().flatten().copied().collect();
    let wide = hull(&places, margin);
    let ground = surface(&wide);
    let depth = depth(rows, margin);
    // So much the seats need at least; most sections are told from a horseshoe by this alone.
    if ground > TOO_WIDE * places.len() as f64 * f64::from(pitch(rows) * depth) {
        // What an aisle parts at the distance of its rows is grown somewhat more.
        for reach in [depth, 1.6 * depth, 2.5 * depth] {
            if let Some(line) = bent(&places, reach, margin) {
                if ground <= TOO_WIDE * surface(&line) {
                    break;
                }
                return (line, name_at(rows, &places));
            }
        }
    }
    let middle = centre(&wide);
    (wide, middle)
}

/// The usual distance between a row and the next, within bounds that close a single row and bridge no hall.
fn depth(rows: &[Vec<Point>], margin: f32) -> f32 {
    let gaps = rows.windows(2).filter_map(|pair| {
        let from = pair[0].get(pair[0].len() / 2)?;
        pair[1].iter().map(|to| apart(*from, *to)).min_by(f32::total_cmp)
    });
    median(gaps.collect()).unwrap_or(0.0).clamp(1.5 * margin, 4.0 * margin)
}

/// The usual distance between neighbours of a row.
fn pitch(rows: &[Vec<Point>]) -> f32 {
    let gaps = rows.iter().filter_map(|row| median(row.windows(2).map(|pair| apart(pair[0], pair[1])).collect()));
    median(gaps.collect()).unwrap_or(0.0)
}

fn median(mut values: Vec<f32>) -> Option<f32> {
    values.sort_unstable_by(f32::total_cmp);
    values.get(values.len() / 2).copied()
}

/// The closing of the places by a disc of `reach`, `margin` outside of them; `None` where it is not one shape around
/// all of them, or would be too coarse.
fn bent(places: &[Point], reach: f32, margin: f32) -> Option<Vec<Point>> {
    let first = *places.first()?;
    let (min, max) = places.iter().fold((first, first), |(min, max), at| {
        (Point { x: min.x.min(at.x), y: min.y.min(at.y) }, Point { x: max.x.max(at.x), y: max.y.max(at.y) })
    });
    let most = MOST_CELLS.min(CELLS + CELLS_A_SEAT * places.len());
    let steps = [4.0, 3.0, 2.2, 1.7].map(|part| (reach / part).min(margin));
    let (cells, step) = steps.into_iter().find_map(|step| {
        let cells = Cells::around(min, max, reach + 2.0 * step, step, most)?;
        Some((cells, step))
    })?;
    let grown = cells.distances(places.iter().copied(), reach + step);
    let edge = cells.lines(&grown, reach);
    // How deep within what was grown, and below nothing outside of it.
    let mut deep = cells.distances(edge.into_iter().flatten(), reach);
    deep.iter_mut().zip(&grown).filter(|(_, far)| **far > reach).for_each(|(deep, _)| *deep = -*deep);
    let lines = cells.lines(&deep, reach - margin);
    let line = lines.into_iter().max_by(|a, b| surface(a).total_cmp(&surface(b)))?;
    let line = thin(&line, 0.2 * margin);
    places.iter().all(|at| inside(&line, *at)).then_some(line)
}

/// In a bend the middle of the box is often on nobody's seat: the name goes to the middle row, where it is nearest to
/// the middle of all.
fn name_at(rows: &[Vec<Point>], places: &[Point]) -> Point {
    let count = places.len().max(1) as f32;
    let sum = places.iter().fold(Point::default(), |sum, at| Point { x: sum.x + at.x, y: sum.y + at.y });
    let middle = Point { x: sum.x / count, y: sum.y / count };
    let row = rows.get(rows.len() / 2).map_or(places, Vec::as_slice);
    let nearest = row.iter().min_by(|a, b| apart(**a, middle).total_cmp(&apart(**b, middle)));
    nearest.copied().unwrap_or(middle)
}

/// Leaves points out that lie less than `slack` beside the line without them.
fn thin(line: &[Point], slack: f32) -> Vec<Point> {
    let Some(&first) = line.first() else { return Vec::new() };
    let far = (0..line.len()).max_by(|a, b| apart(first, line[*a]).total_cmp(&apart(first, line[*b]))).unwrap_or(0);
    let closed: Vec<Point> = line.iter().copied().chain([first]).collect();
    let mut keep = vec![false; closed.len()];
    let mut spans = vec![(0, far), (far, line.len())];
    while let Some((from, to)) = spans.pop() {
        keep[from] = true;
        let beside = |at: &usize| off(closed[from], closed[to], closed[*at]);
        let worst = (from + 1..to).max_by(|a, b| beside(a).total_cmp(&beside(b)));
        if let Some(worst) = worst.filter(|worst| beside(worst) > slack) {
            spans.extend([(from, worst), (worst, to)]);
        }
    }
    line.iter().zip(keep).filter_map(|(at, keep)| keep.then_some(*at)).collect()
}

/// How far `at` lies beside the line through `a` and `b`.
fn off(a: Point, b: Point, at: Point) -> f32 {
    let long = apart(a, b);
    if long <= f32::EPSILON {
        return apart(a, at);
    }
    ((b.x - a.x) * (a.y - at.y) - (a.x - at.x) * (b.y - a.y)).abs() / long
}

#[cfg(test)]
mod tests;
