//! Finds neighbours fast: places sorted into square cells, a few a cell, so that no pile of seats costs more than others.

use std::collections::HashMap;

use super::gather::Zone;
use super::lay::apart;
use super::{Oddity, Report};
use crate::chart::Point;

/// Places kept a cell; more of them only say again that the cell is full.
const KEPT: usize = 8;
/// Spots tried beside a seat that lies on another.
const TRIES: usize = 40;

pub(super) struct Grid {
    cell: f32,
    cells: HashMap<(i32, i32), Vec<Point>>,
}

impl Grid {
    pub(super) fn new(cell: f32) -> Self {
        Self { cell, cells: HashMap::new() }
    }

    fn key(&self, at: Point) -> (i32, i32) {
        ((at.x / self.cell).floor() as i32, (at.y / self.cell).floor() as i32)
    }

    pub(super) fn add(&mut self, at: Point) {
        let kept = self.cells.entry(self.key(at)).or_default();
        if kept.len() < KEPT {
            kept.push(at);
        }
    }

    /// Whether a place within `reach`, at most a cell, was added.
    pub(super) fn near(&self, at: Point, reach: f32) -> bool {
        let (x, y) = self.key(at);
        (-1..=1).any(|dx: i32| {
            (-1..=1).any(|dy: i32| {
                let kept = self.cells.get(&(x.saturating_add(dx), y.saturating_add(dy)));
                kept.is_some_and(|kept| kept.iter().any(|other| apart(*other, at) < reach))
            })
        })
    }
}

/// Moves seats that lie on others to the nearest free spot of a spiral around them, so that each can be seen and picked.
pub(super) fn aside<'a>(zones: impl Iterator<Item = &'a mut Zone>, radius: f32, report: &mut Report) {
    let mut grid = Grid::new(2.2 * radius);
    for seat in zones.flat_map(|zone| &mut zone.rows).flat_map(|row| &mut row.seats) {
        if grid.near(seat.at, 0.8 * radius) {
            report.note(Oddity::OnTop, || seat.path());
            let from = seat.at;
            let spots = (1..=TRIES).map(|spot| {
                // The golden angle spreads the spots evenly.
                let (angle, far) = (spot as f32 * 2.399_963, 1.7 * radius * (spot as f32).sqrt());
                Point { x: from.x + far * angle.cos(), y: from.y + far * angle.sin() }
            });
            let mut last = from;
            for spot in spots {
                last = spot;
                if !grid.near(spot, 1.6 * radius) {
                    break;
                }
            }
            seat.at = last;
        }
        grid.add(seat.at);
    }
}
