//! A hold after it was granted: found, verified, extended, let go, swept.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::hold::Hold;
use domain::ids::{HoldId, HolderId};
use domain::time::Millis;
use futures::stream::{self, StreamExt};
use tokio::time::timeout;

use super::Inner;
use super::cell::Cell;
use super::contents::Kept;
use super::decide::{Verdict, Wish};
use super::engine::{count, unavailable};
use super::hall::SharedHall;
use super::load::must;
use super::queue::{Failure, ask};
use super::table::{Note, Reading};
use crate::holds::memory::lock;
use crate::holds::store::{Loss, Outcome};
use crate::trouble::Trouble;

/// Blocks that one sweep tidies, at most.
const SWEPT: usize = 256;

impl Inner {
    /// The hold's record, from the store.
    pub(super) async fn recorded(&self, hold: HoldId, holder: HolderId) -> Result<Option<Kept>, Trouble> {
        let asked = timeout(self.engine.tuning.answer_within, self.engine.table.record(hold)).await;
        let record = self.engine.went(asked.unwrap_or_else(|_| Err(unavailable("no answer in time"))))?;
        record.filter(|record| record.holder == holder).map(|record| Kept::read(&record)).transpose()
    }

    /// The hold as this process knows it, or else as its record says.
    pub(super) async fn find(&self, hold: HoldId, holder: HolderId) -> Result<Option<Kept>, Trouble> {
        match self.book.get(hold, holder) {
            Some(kept) => Ok(Some(kept)),
            None => self.recorded(hold, holder).await,
        }
    }

    /// The hold's cells as the mirror has them; `None` where the event is not open here.
    fn mirrored(&self, kept: &Kept) -> Option<Vec<Cell>> {
        let hall = self.hall(kept.hold.event)?;
        let mut cells = Vec::new();
        for (key, seats) in &kept.rows {
            let block = hall.block_of(*key)?;
            let known = lock(&hall.blocks[block].cells);
            for seat in seats {
                let at = hall.blocks[block].seats.binary_search(seat).ok()?;
                cells.push(known.cells[at]);
            }
        }
        Some(cells)
    }

    /// A live hold as last known. What another process did to it is asked for where the mirror shows a trace of it.
    pub(super) async fn get(&self, hold: HoldId, holder: HolderId, now: Millis) -> Result<Option<Hold>, Trouble> {
        let known = self.book.get(hold, holder);
        let intact = |kept: &Kept| self.mirrored(kept).and_then(|cells| agreed(kept, &cells));
        let found = match known {
            Some(kept) => match intact(&kept) {
                Some(hold) => Some(hold),
                None => self.recorded(hold, holder).await?.map(|kept| kept.hold),
            },
            None => self.recorded(hold, holder).await?.map(|kept| kept.hold),
        };
        Ok(found.filter(|hold| now < hold.expires_at))
    }

    pub(super) async fn by_holder(&self, holder: HolderId, now: Millis) -> Result<Vec<Hold>, Trouble> {
        let asked = timeout(self.engine.tuning.answer_within, self.engine.table.records_of(holder)).await;
        let known = self.engine.went(asked.unwrap_or_else(|_| Err(unavailable("no answer in time"))))?;
        let mut holds = Vec::new();
        for (hold, _) in known.into_iter().filter(|(_, until)| now < *until) {
            holds.extend(self.get(hold, holder, now).await?);
        }
        holds.sort_unstable_by_key(|hold| hold.id);
        Ok(holds)
    }

    /// The hold, if every place of it is its own by a reading that decides; its end is the least of its cells'.
    pub(super) async fn whole(&self, kept: &Kept, now: Millis) -> Result<Option<Hold>, Trouble> {
        let hall = self.hall(kept.hold.event);
        let mut cells = Vec::new();
        for (key, seats) in &kept.rows {
            count(&self.engine.counters.reads);
            let tick = self.engine.tick();
            let asked = self.engine.table.read(*key, seats, Reading::Deciding);
            let asked = timeout(self.engine.tuning.answer_within, asked).await;
            let rows = self.engine.went(asked.unwrap_or_else(|_| Err(unavailable("no answer in time"))))?;
            if let Some(hall) = &hall
                && let Some(block) = hall.block_of(*key)
            {
                hall.merge_read(block, seats, &rows, tick, false);
            }
            for seat in seats {
                cells.push(rows.iter().find(|(row, _)| row == seat).map(|(_, cell)| *cell).unwrap_or_default());
            }
        }
        Ok(agreed(kept, &cells).filter(|hold| now < hold.expires_at))
    }

    pub(super) async fn verify(&self, hold: HoldId, holder: HolderId, now: Millis) -> Result<Option<Hold>, Trouble> {
        match self.find(hold, holder).await? {
            Some(kept) => self.whole(&kept, now).await,
            None => Ok(None),
        }
    }

    pub(super) async fn extend(&self, id: HoldId, holder: HolderId, by: i64, now: Millis) -> Outcome<Hold> {
        let _turn = self.book.turn(holder).await;
        let kept = match self.find(id, holder).await {
            Ok(Some(kept)) => kept,
            Ok(None) => return Outcome::Lost(Loss::Gone),
            Err(trouble) => return Outcome::Unknown(trouble),
        };
        let Some(hall) = self.hall(kept.hold.event) else {
            return Outcome::Unknown(unavailable("the event is not open here"));
        };
        let hold = match self.whole(&kept, now).await {
            Ok(Some(hold)) => hold,
            Ok(None) => return Outcome::Lost(Loss::Gone),
            Err(trouble) => return Outcome::Unknown(trouble),
        };
        if hold.extensions_left == 0 {
            return Outcome::Lost(Loss::NoExtensionLeft);
        }
        let (until, extensions) = (hold.expires_at.plus(by.max(0)), hold.extensions_left - 1);
        for (key, seats) in &kept.rows {
            let Some(block) = hall.block_of(*key) else { return Outcome::Lost(Loss::Gone) };
            let wish = Wish::Prolong { hold: id, places: places_of(&hall, block, seats), until, extensions };
            match ask(&self.engine, &hall, block, wish, now, false).await {
                Ok(Verdict::Done(_)) => {}
                Ok(_) => return Outcome::Lost(Loss::Gone),
                Err(Failure::Busy) => return Outcome::Lost(Loss::Busy),
                Err(Failure::Trouble(trouble)) => return Outcome::Unknown(trouble),
            }
        }
        let kept = Kept { hold: Hold { expires_at: until, extensions_left: extensions, ..hold }, ..kept };
        let written = match kept.record() {
            Ok(record) => self.recorder.write(&self.engine, id, vec![Note::Keep(record)]).await,
            Err(trouble) => Err(trouble),
        };
        if let Err(trouble) = written {
            return Outcome::Unknown(trouble);
        }
        let hold = kept.hold.clone();
        self.book.put(kept);
        Outcome::Applied(hold)
    }

    /// Frees what the hold keeps of its rows.
    pub(super) async fn free_rows(&self, hall: &SharedHall, kept: &Kept, now: Millis) -> Result<u32, Trouble> {
        let mut freed = 0;
        for (key, seats) in &kept.rows {
            if let Some(block) = hall.block_of(*key) {
                let wish = Wish::Release { hold: kept.hold.id, places: places_of(hall, block, seats) };
                freed += must(&self.engine, hall, block, wish, now).await?;
            }
        }
        Ok(freed)
    }

    /// The hold is over: nobody finds it any more.
    pub(super) async fn forget(&self, hold: HoldId, holder: HolderId) -> Result<(), Trouble> {
        self.recorder.write(&self.engine, hold, vec![Note::Forget(hold, holder)]).await?;
        self.book.remove(hold, holder);
        Ok(())
    }

    pub(super) async fn release(&self, id: HoldId, holder: HolderId, now: Millis) -> Outcome<bool> {
        let _turn = self.book.turn(holder).await;
        let kept = match self.find(id, holder).await {
            Ok(Some(kept)) => kept,
            Ok(None) => return Outcome::Applied(false),
            Err(trouble) => return Outcome::Unknown(trouble),
        };
        let Some(hall) = self.hall(kept.hold.event) else {
            return Outcome::Unknown(unavailable("the event is not open here"));
        };
        let told = async {
            let freed = self.free_rows(&hall, &kept, now).await?;
            let mut live = now < kept.hold.expires_at;
            if live != (freed > 0) {
                // Another process may have let it go, or extended it, without this one having heard of it.
                live = self.recorded(id, holder).await?.is_some_and(|kept| now < kept.hold.expires_at);
            }
            self.forget(id, holder).await?;
            Ok(live)
        };
        told.await.map_or_else(Outcome::Unknown, Outcome::Applied)
    }

    /// Tidies a bounded number of blocks; what ran out is free without it.
    pub(super) async fn sweep(self: &Arc<Self>, now: Millis) -> Result<u32, Trouble> {
        let mut due: Vec<(SharedHall, usize)> = Vec::new();
        for hall in self.open_halls() {
            let blocks = (0..hall.blocks.len()).filter(|block| hall.has_run_out(*block, now));
            due.extend(blocks.take(SWEPT - due.len()).map(|block| (Arc::clone(&hall), block)));
        }
        let sweeps = stream::iter(due)
            .map(|(hall, block)| async move { ask(&self.engine, &hall, block, Wish::Sweep, now, false).await })
            .buffer_unordered(self.engine.tuning.reads)
            .collect::<Vec<_>>()
            .await;
        let mut over: BTreeSet<HoldId> = self.book.sweep(now).into_iter().collect();
        let mut failed = None;
        for swept in sweeps {
            match swept {
                Ok(Verdict::Swept(holds)) => over.extend(holds),
                Ok(_) | Err(Failure::Busy) => {}
                Err(Failure::Trouble(trouble)) => failed = Some(trouble),
            }
        }
        failed.map_or_else(|| Ok(u32::try_from(over.len()).unwrap_or(u32::MAX)), Err)
    }
}

/// The hold as its cells tell it, if every one of them is its own.
fn agreed(kept: &Kept, cells: &[Cell]) -> Option<Hold> {
    let until = cells.iter().map(|cell| cell.until).min()?;
    let extensions = cells.iter().map(|cell| cell.extensions).max()?;
    let whole = cells.iter().all(|cell| cell.is_held_by(kept.hold.id));
    whole.then(|| Hold { expires_at: until, extensions_left: extensions, ..kept.hold.clone() })
}

/// Rows' places within their block.
fn places_of(hall: &SharedHall, block: usize, seats: &[i32]) -> Vec<u32> {
    let place = |seat: &i32| hall.blocks[block].seats.binary_search(seat).ok().map(|at| at as u32);
    seats.iter().filter_map(place).collect()
}
