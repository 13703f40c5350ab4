//! The hit test: a uniform grid over the seats, cells in one array.

/// Seats by cell, in plan units.
#[derive(Clone, Debug, Default)]
pub struct Grid {
    cell: f32,
    columns: i32,
    rows: i32,
    /// Where each cell's seats begin in `seats`; one more at the end.
    starts: Vec<u32>,
    /// Cell by cell, ascending within one. With their places beside them, for reading these elsewhere is what costs.
    seats: Vec<(f32, f32, u32)>,
}

impl Grid {
    /// Over seats at `x`, `y` (from 0 to `size`), each about `radius` wide: cells hold a few seats.
    #[must_use]
    pub fn new(x: &[f32], y: &[f32], size: (f32, f32), radius: f32) -> Self {
        let (w, h) = (size.0.max(1e-3), size.1.max(1e-3));
        // A sparse plan gets larger cells: never more than about one a seat.
        let cell = (radius * 4.0).max((w * h / (x.len() as f32 + 1.0)).sqrt()).max(w.max(h) / 4096.0);
        let (columns, rows) = ((w / cell) as i32 + 1, (h / cell) as i32 + 1);
        let mut grid = Self { cell, columns, rows, starts: Vec::new(), seats: vec![(0.0, 0.0, 0); x.len()] };
        let mut count = vec![0_u32; (columns * rows) as usize + 1];
        let cells: Vec<u32> = x.iter().zip(y).map(|(x, y)| grid.cell_of(*x, *y)).collect();
        for c in &cells {
            count[*c as usize + 1] += 1;
        }
        for i in 1..count.len() {
            count[i] += count[i - 1];
        }
        grid.starts.clone_from(&count);
        for (seat, c) in cells.iter().enumerate() {
            grid.seats[count[*c as usize] as usize] = (x[seat], y[seat], seat as u32);
            count[*c as usize] += 1;
        }
        grid
    }

    fn column(&self, x: f32) -> i32 {
        ((x / self.cell) as i32).clamp(0, self.columns - 1)
    }

    fn row(&self, y: f32) -> i32 {
        ((y / self.cell) as i32).clamp(0, self.rows - 1)
    }

    fn cell_of(&self, x: f32, y: f32) -> u32 {
        (self.row(y) * self.columns + self.column(x)) as u32
    }

    /// Calls `each` with place and number of every seat whose cell touches the box, cell by cell.
    #[inline]
    pub fn around(&self, left: f32, top: f32, right: f32, bottom: f32, mut each: impl FnMut(f32, f32, u32)) {
        if self.seats.is_empty() {
            return;
        }
        for row in self.row(top)..=self.row(bottom) {
            let first = (row * self.columns + self.column(left)) as usize;
            let last = (row * self.columns + self.column(right)) as usize;
            for (x, y, seat) in &self.seats[self.starts[first] as usize..self.starts[last + 1] as usize] {
                each(*x, *y, *seat);
            }
        }
    }

    /// Reads the first and the last of each row of cells that touch a box.
    #[inline(always)]
    pub(crate) fn see(&self, left: f32, top: f32, right: f32, bottom: f32) -> u32 {
        let mut seen = 0;
        for row in self.row(top)..=self.row(bottom) {
            let (first, last) = (row * self.columns + self.column(left), row * self.columns + self.column(right));
            for at in [self.starts.get(first as usize), self.starts.get(last as usize + 1)].into_iter().flatten() {
                seen ^= self.seats.get(*at as usize).map_or(0, |seat| seat.2);
            }
        }
        seen
    }

    /// The nearest seat within `reach` plan units of a point among those that `take` accepts; of two equally near the
    /// lower one.
    #[must_use]
    pub fn nearest(&self, (px, py): (f32, f32), reach: f32, take: impl Fn(u32) -> bool) -> Option<u32> {
        let mut best: Option<(f32, u32)> = None;
        self.around(px - reach, py - reach, px + reach, py + reach, |x, y, seat| {
            let (dx, dy) = (x - px, y - py);
            let d = dx * dx + dy * dy;
            if d <= reach * reach && best.is_none_or(|b| (d, seat) < b) && take(seat) {
                best = Some((d, seat));
            }
        });
        best.map(|b| b.1)
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_grid_finds_what_a_search_of_all_seats_finds(
            seats in prop::collection::vec((0.0..500.0_f32, 0.0..300.0_f32), 0..300),
            points in prop::collection::vec((-50.0..550.0_f32, -50.0..350.0_f32), 20),
            radius in 0.5..20.0_f32,
            reach in 0.1..60.0_f32,
        ) {
            let (x, y): (Vec<f32>, Vec<f32>) = seats.into_iter().unzip();
            let grid = Grid::new(&x, &y, (500.0, 300.0), radius);
            for p in points {
                let all = (0..x.len() as u32)
                    .map(|i| ((x[i as usize] - p.0).powi(2) + (y[i as usize] - p.1).powi(2), i))
                    .filter(|(d, i)| *d <= reach * reach && i % 3 != 0)
                    .min_by(|a, b| a.partial_cmp(b).expect("numbers"));
                prop_assert_eq!(grid.nearest(p, reach, |i| i % 3 != 0), all.map(|a| a.1));
            }
        }
    }
}
