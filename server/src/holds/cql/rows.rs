//! Rows of a block, read into the mirror and written from it.

use std::collections::BTreeMap;

use futures::future::{Either, select};
use tokio::time::timeout;

use super::cell::Cell;
use super::engine::{Engine, count, unconfirmed};
use super::hall::{Seen, SharedHall};
use super::table::{BlockKey, Change, Reading, Written};
use crate::trouble::Trouble;

/// Reads rows of a block into the mirror; all of them where `seats` is empty.
pub(super) async fn read(
    engine: &Engine,
    hall: &SharedHall,
    block: usize,
    seats: &[i32],
    how: Reading,
) -> Result<u32, Trouble> {
    let tick = engine.tick();
    let ask = || {
        engine.counters.reads(how);
        engine.table.read(hall.blocks[block].key, seats, how)
    };
    let rows = engine.went(engine.ask_twice(ask).await)?;
    let seen = if how == Reading::Deciding { Seen::Decided(tick) } else { Seen::Read(tick) };
    let merged = hall.merge_read(block, seats, &rows, seen);
    // Rows never fall back but when the keyspace was lost: what stands there now is asked again, and believed.
    let again = if merged.fell { Box::pin(read(engine, hall, block, seats, Reading::Deciding)).await? } else { 0 };
    Ok(merged.news + again)
}

/// Whether a partition has any row.
pub(super) async fn exists(engine: &Engine, key: BlockKey) -> Result<bool, Trouble> {
    let ask = || {
        engine.counters.reads(Reading::Plain);
        engine.table.read(key, &[], Reading::Plain)
    };
    Ok(!engine.went(engine.ask_twice(ask).await)?.is_empty())
}

/// The rows of these places, ascending.
pub(super) fn seats_of<'a>(hall: &SharedHall, block: usize, places: impl Iterator<Item = &'a u32>) -> Vec<i32> {
    let mut seats: Vec<i32> =
        places.filter_map(|place| hall.blocks[block].seats.get(*place as usize).copied()).collect();
    seats.sort_unstable();
    seats.dedup();
    seats
}

/// Writes these places, each if it `was` at that version, all or none.
pub(super) async fn write(
    engine: &Engine,
    hall: &SharedHall,
    block: usize,
    changes: &BTreeMap<u32, Cell>,
    was: &BTreeMap<u32, i64>,
) -> Written {
    let here = &hall.blocks[block];
    let change = |(place, cell): (&u32, &Cell)| {
        let (seat, was) = (here.seats.get(*place as usize)?, was.get(place)?);
        Some(Change { seat: *seat, was: *was, cell: *cell })
    };
    let batch: Vec<Change> = changes.iter().filter_map(change).collect();
    count(&engine.counters.writes);
    let tick = engine.tick();
    let mut sent = engine.table.write(here.key, &batch);
    let written = match timeout(engine.tuning.answer_within * 3 / 4, &mut sent).await {
        Ok(written) => written,
        // Slow or lost: the rows are asked, and whichever answer comes first counts.
        Err(_) => {
            let seats = seats_of(hall, block, changes.keys());
            let looked = Box::pin(read(engine, hall, block, &seats, Reading::Deciding));
            match select(sent, looked).await {
                Either::Left((written, _)) => written,
                Either::Right(_) => Written::Unknown(unconfirmed("no answer in time")),
            }
        }
    };
    match &written {
        Written::Applied | Written::Lost(_) => drop(engine.went(Ok(()))),
        Written::Unknown(trouble) | Written::NotDone(trouble) => drop(engine.went::<()>(Err(trouble.clone()))),
    }
    if written == Written::Applied {
        let rows: Vec<(i32, Cell)> = batch.iter().map(|change| (change.seat, change.cell)).collect();
        hall.merge(block, &rows, Seen::Read(tick));
        engine.outbox.tell(hall.event, here.key, &rows);
    }
    written
}
