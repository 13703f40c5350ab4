//! What the audit asks: the cells' marks of what is sold, and their correction.

use std::collections::BTreeMap;

use domain::ids::EventId;
use domain::seat::SeatId;
use domain::time::Millis;

use super::Inner;
use super::cell::Mark;
use super::decide::{Reach, Wish};
use super::load::{must, read_all};
use super::table::Reading;
use crate::holds::audit::{Drift, Marked, Marks};
use crate::holds::memory::lock;
use crate::trouble::Trouble;

impl Inner {
    /// Reads every cell anew, which mends the mirror, too.
    pub(super) async fn marks(&self, event: EventId) -> Result<Option<Marks>, Trouble> {
        let Some(hall) = self.known(event) else { return Ok(None) };
        let stale = read_all(&self.engine, &hall, Reading::Plain).await?;
        let mut marks = Marks { stale, seats: vec![(0, false); hall.seats()], ..Marks::default() };
        for block in &hall.blocks[..hall.seated()] {
            let cells = lock(&block.cells);
            for (seat, cell) in block.seats.iter().zip(&cells.cells) {
                marks.seats[seat.unsigned_abs() as usize] = (cell.version, cell.mark == Mark::Sold);
            }
        }
        for standing in &hall.standing {
            for (number, block) in (0..).zip(&hall.blocks[standing.blocks.clone()]) {
                let cells = lock(&block.cells);
                for (place, cell) in (0..).zip(&cells.cells).filter(|(_, cell)| cell.mark == Mark::Sold) {
                    let marked = Marked { block: number, place, version: cell.version };
                    marks.standing.entry((standing.tier, cell.hold)).or_default().push(marked);
                }
            }
        }
        Ok(Some(marks))
    }

    pub(super) async fn correct(&self, event: EventId, drift: &Drift) -> Result<(), Trouble> {
        let Some(hall) = self.known(event) else { return Ok(()) };
        for sold in [true, false] {
            let wrong: Vec<SeatId> =
                drift.seats.iter().filter(|(_, (_, truly))| *truly == sold).map(|(seat, _)| *seat).collect();
            for (block, places) in hall.by_block(&wrong) {
                let version = |place: &u32| {
                    let seat = SeatId(hall.blocks[block].seats[*place as usize].unsigned_abs());
                    drift.seats.get(&seat).map(|(version, _)| (*place, *version))
                };
                let places = places.iter().filter_map(version).collect();
                must(&self.engine, &hall, block, Wish::Mark { places, sold }, Millis(0)).await?;
            }
        }
        // What is too much goes first: it makes room for what is missing. The places are named with their versions, so
        // that of two who correct the same thing one does.
        for ((tier, _), (marked, truly)) in &drift.standing {
            let Some(standing) = hall.tier(*tier) else { continue };
            let mut blocks: BTreeMap<usize, Vec<(u32, i64)>> = BTreeMap::new();
            for Marked { block, place, version } in marked.iter().skip(*truly as usize) {
                blocks.entry(standing.blocks.start + *block as usize).or_default().push((*place, *version));
            }
            for (block, places) in blocks.into_iter().filter(|(block, _)| standing.blocks.contains(block)) {
                must(&self.engine, &hall, block, Wish::Mark { places, sold: false }, Millis(0)).await?;
            }
        }
        let since = self.engine.tick();
        for ((tier, hold), (marked, truly)) in &drift.standing {
            if marked.len() < *truly as usize {
                self.sell_standing(&hall, (*tier, *hold, *truly), Reach::Held, since).await?;
            }
        }
        Ok(())
    }
}
