//! A field of numbers over the plane, on square cells: distances to places, and the lines where they have a value.

use std::collections::BTreeMap;

use crate::chart::Point;

/// Where the cells of a field lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cells {
    from: Point,
    step: f32,
    wide: usize,
    high: usize,
}

impl Cells {
    /// Cells of `step` from `min` to `max` and `margin` around; `None` where they would be more than `most`.
    pub(super) fn around(min: Point, max: Point, margin: f32, step: f32, most: usize) -> Option<Self> {
        let count = |from: f32, to: f32| ((to - from + 2.0 * margin) / step).ceil() as usize + 1;
        let (wide, high) = (count(min.x, max.x), count(min.y, max.y));
        let from = Point { x: min.x - margin, y: min.y - margin };
        (step > 0.0 && wide.saturating_mul(high) <= most).then_some(Self { from, step, wide, high })
    }

    fn place(&self, x: f32, y: f32) -> Point {
        Point { x: self.from.x + x * self.step, y: self.from.y + y * self.step }
    }

    /// The distance of each cell to the nearest of some points, told up to `reach`.
    pub(super) fn distances(&self, points: impl Iterator<Item = Point>, reach: f32) -> Vec<f32> {
        let mut squares = vec![reach * reach; self.wide * self.high];
        let span = |at: f32, from: f32, cells: usize| {
            let (low, high) = ((at - reach - from) / self.step, (at + reach - from) / self.step);
            (low.ceil().max(0.0) as usize)..(high.floor() as usize + 1).min(cells)
        };
        for at in points {
            for y in span(at.y, self.from.y, self.high) {
                for x in span(at.x, self.from.x, self.wide) {
                    let cell = self.place(x as f32, y as f32);
                    let (dx, dy) = (cell.x - at.x, cell.y - at.y);
                    let known = &mut squares[y * self.wide + x];
                    *known = known.min(dx * dx + dy * dy);
                }
            }
        }
        squares.into_iter().map(f32::sqrt).collect()
    }

    /// The closed lines along which `field` is `level` (marching squares), what is above on the same side of all.
    pub(super) fn lines(&self, field: &[f32], level: f32) -> Vec<Vec<Point>> {
        let mut next = self.ways(field, level);
        let value = |x: usize, y: usize| field[y * self.wide + x];
        let crossing = |(x, y, across): Edge| {
            let (a, b) = (value(x, y), if across { value(x + 1, y) } else { value(x, y + 1) });
            let part = ((level - a) / (b - a)).clamp(0.0, 1.0);
            let (dx, dy) = if across { (part, 0.0) } else { (0.0, part) };
            self.place(x as f32 + dx, y as f32 + dy)
        };
        let mut lines = Vec::new();
        while let Some((&start, _)) = next.first_key_value() {
            let (mut line, mut at) = (Vec::new(), start);
            while let Some(to) = next.remove(&at) {
                line.push(crossing(at));
                at = to;
            }
            lines.push(line);
        }
        lines
    }

    /// From the edge that a line enters a cell by to the one it leaves it by.
    fn ways(&self, field: &[f32], level: f32) -> BTreeMap<Edge, Edge> {
        let mut next = BTreeMap::new();
        for y in 0..self.high - 1 {
            for x in 0..self.wide - 1 {
                let above = |dx: usize, dy: usize| u8::from(field[(y + dy) * self.wide + x + dx] >= level);
                let (top, right, bottom, left) = ((x, y, true), (x + 1, y, false), (x, y + 1, true), (x, y, false));
                let corners = above(0, 0) | above(1, 0) << 1 | above(1, 1) << 2 | above(0, 1) << 3;
                let ways: &[(Edge, Edge)] = match corners {
                    0b0001 => &[(top, left)],
                    0b0010 => &[(right, top)],
                    0b0100 => &[(bottom, right)],
                    0b1000 => &[(left, bottom)],
                    0b0011 => &[(right, left)],
                    0b0110 => &[(bottom, top)],
                    0b1100 => &[(left, right)],
                    0b1001 => &[(top, bottom)],
                    0b0111 => &[(bottom, left)],
                    0b1011 => &[(right, bottom)],
                    0b1101 => &[(top, right)],
                    0b1110 => &[(left, top)],
                    0b0101 => &[(top, left), (bottom, right)],
                    0b1010 => &[(right, top), (left, bottom)],
                    _ => &[],
                };
                next.extend(ways.iter().copied());
            }
        }
        next
    }
}

/// An edge of the grid: from a cell to its right neighbour (`true`) or to the one below.
type Edge = (usize, usize, bool);
