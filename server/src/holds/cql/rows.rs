//! Rows of a block, read into the mirror.

use futures::future::select_ok;
use tokio::time::timeout;

use super::cell::Cell;
use super::engine::{Engine, count, unavailable};
use super::hall::{Seen, SharedHall};
use super::table::Reading;
use crate::trouble::Trouble;

/// Reads rows of a block into the mirror; all of them where `seats` is empty.
pub(super) async fn read(
    engine: &Engine,
    hall: &SharedHall,
    block: usize,
    seats: &[i32],
    how: Reading,
) -> Result<u32, Trouble> {
    count(&engine.counters.reads);
    let tick = engine.tick();
    let asked = timeout(engine.tuning.answer_within, ask_twice(engine, hall, block, seats, how)).await;
    let rows = engine.went(asked.unwrap_or_else(|_| Err(unavailable("no answer in time"))))?;
    let seen = if how == Reading::Deciding { Seen::Decided(tick) } else { Seen::Read(tick) };
    let merged = hall.merge_read(block, seats, &rows, seen);
    // Rows never fall back but when the keyspace was lost: what stands there now is asked again, and believed.
    let again = if merged.fell { Box::pin(read(engine, hall, block, seats, Reading::Deciding)).await? } else { 0 };
    Ok(merged.news + again)
}

/// A read that is not answered within a third of its time is asked once more, and the first good answer counts: a whole
/// block waits for it, and a single question that was lost is no reason to fail them all.
async fn ask_twice(
    engine: &Engine,
    hall: &SharedHall,
    block: usize,
    seats: &[i32],
    how: Reading,
) -> Result<Vec<(i32, Cell)>, Trouble> {
    let ask = || engine.table.read(hall.blocks[block].key, seats, how);
    let mut first = ask();
    if let Ok(answer) = timeout(engine.tuning.answer_within / 3, &mut first).await {
        return answer;
    }
    count(&engine.counters.reads);
    select_ok([first, ask()]).await.map(|(rows, _)| rows)
}
