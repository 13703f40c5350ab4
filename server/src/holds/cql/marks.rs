//! What the audit asks: the cells' marks of what is sold, and their correction.

use domain::ids::EventId;
use domain::seat::SeatId;
use domain::time::Millis;

use super::Inner;
use super::cell::Mark;
use super::decide::Wish;
use super::load::{must, read_all};
use super::table::Reading;
use crate::holds::audit::{Drift, Marks};
use crate::holds::memory::lock;
use crate::trouble::Trouble;

impl Inner {
    /// Reads every cell anew, which mends the mirror, too.
    pub(super) async fn marks(&self, event: EventId) -> Result<Option<Marks>, Trouble> {
        let Some(hall) = self.hall(event) else { return Ok(None) };
        let stale = read_all(&self.engine, &hall, Reading::Plain).await?;
        let mut marks = Marks { stale, seats: vec![(0, false); hall.seats()], ..Marks::default() };
        for block in &hall.blocks[..hall.seated()] {
            let cells = lock(&block.cells);
            for (seat, cell) in block.seats.iter().zip(&cells.cells) {
                marks.seats[seat.unsigned_abs() as usize] = (cell.version, cell.mark == Mark::Sold);
            }
        }
        for standing in &hall.standing {
            for block in &hall.blocks[standing.blocks.clone()] {
                let cells = lock(&block.cells);
                for cell in cells.cells.iter().filter(|cell| cell.mark == Mark::Sold) {
                    *marks.standing.entry((standing.tier, cell.hold)).or_default() += 1;
                }
            }
        }
        Ok(Some(marks))
    }

    pub(super) async fn correct(&self, event: EventId, drift: &Drift) -> Result<(), Trouble> {
        let Some(hall) = self.hall(event) else { return Ok(()) };
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
        // What is too much goes first: it makes room for what is missing.
        for ((tier, hold), (marked, truly)) in drift.standing.iter().filter(|(_, (marked, truly))| marked > truly) {
            self.unsell_standing(&hall, *tier, *hold, marked - truly).await?;
        }
        for ((tier, hold), (_, truly)) in drift.standing.iter().filter(|(_, (marked, truly))| marked < truly) {
            self.sell_standing(&hall, *tier, *hold, *truly).await?;
        }
        Ok(())
    }
}
