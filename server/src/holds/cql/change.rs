//! A hold after it was granted: found, verified, extended, let go, swept.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::hold::{EXTEND_BY, Hold};
use domain::ids::{HoldId, HolderId};
use domain::time::Millis;
use futures::stream::{self, StreamExt};
use tokio::time::{Instant, timeout};

use super::Inner;
use super::cell::Cell;
use super::contents::Kept;
use super::decide::{Verdict, Wish};
use super::engine::{unavailable, unconfirmed};
use super::hall::{Seen, SharedHall};
use super::load::must_by;
use super::queue::{Failure, ask, ask_by};
use super::table::{Note, Reading};
use crate::holds::memory::lock;
use crate::holds::store::{Loss, Outcome};
use crate::holds::turns::Turn;
use crate::trouble::Trouble;

/// Blocks that one sweep tidies, at most.
const SWEPT: usize = 256;

impl Inner {
    /// The hold's record, from the store.
    pub(super) async fn recorded(&self, hold: HoldId, holder: HolderId) -> Result<Option<Kept>, Trouble> {
        let asked = timeout(self.engine.tuning.answer_within, self.engine.table.record(hold, holder)).await;
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

    /// The hold as the mirror's cells tell it, where all of them are its own.
    pub(super) fn intact(&self, kept: &Kept) -> Option<Hold> {
        self.mirrored(kept).and_then(|cells| agreed(kept, &cells))
    }

    /// A live hold as last known. What another process did to it is asked for where the mirror shows a trace of it; and
    /// where its record says that it ran out, the cells are asked, for they may have been extended since.
    pub(super) async fn get(&self, hold: HoldId, holder: HolderId, now: Millis) -> Result<Option<Hold>, Trouble> {
        if let Some(hold) = self.granted_here(hold, holder, now) {
            return Ok(Some(hold));
        }
        match self.recorded(hold, holder).await? {
            Some(kept) if now >= kept.hold.expires_at => self.whole(&kept, now).await,
            found => Ok(found.map(|kept| kept.hold)),
        }
    }

    pub(super) async fn by_holder(&self, holder: HolderId, now: Millis) -> Result<Vec<Hold>, Trouble> {
        let asked = timeout(self.engine.tuning.answer_within, self.engine.table.records_of(holder)).await;
        let known = self.engine.went(asked.unwrap_or_else(|_| Err(unavailable("no answer in time"))))?;
        let mut holds = Vec::new();
        // One that was extended may be written down with its earlier end.
        for (hold, _) in known.into_iter().filter(|(_, until)| now < until.plus(EXTEND_BY)) {
            holds.extend(self.get(hold, holder, now).await?);
        }
        holds.sort_unstable_by_key(|hold| hold.id);
        Ok(holds)
    }

    /// The hold, if every place of it is its own by a reading that decides; its end is the least of its cells'.
    pub(super) async fn whole(&self, kept: &Kept, now: Millis) -> Result<Option<Hold>, Trouble> {
        let hall = self.hall_of(kept).await?;
        let mut cells = Vec::new();
        for (key, seats) in &kept.rows {
            self.engine.counters.reads(Reading::Deciding);
            let tick = self.engine.tick();
            let asked = self.engine.table.read(*key, seats, Reading::Deciding);
            let asked = timeout(self.engine.tuning.answer_within, asked).await;
            let rows = self.engine.went(asked.unwrap_or_else(|_| Err(unavailable("no answer in time"))))?;
            if let Some(hall) = &hall
                && let Some(block) = hall.block_of(*key)
            {
                hall.merge_read(block, seats, &rows, Seen::Read(tick));
            }
            for seat in seats {
                cells.push(rows.iter().find(|(row, _)| row == seat).map(|(_, cell)| *cell).unwrap_or_default());
            }
        }
        Ok(agreed(kept, &cells).filter(|hold| now < hold.expires_at))
    }

    pub(super) async fn verify(&self, hold: HoldId, holder: HolderId, now: Millis) -> Result<Option<Hold>, Trouble> {
        // A change of it may have its places and be about to give them back. Nothing comes of that while the cluster is
        // away.
        let deadline = Instant::now() + self.engine.tuning.resolve_within;
        if !self.engine.is_away() && !self.debts.paid(hold, deadline).await {
            return Err(unavailable("a change of this hold is still under way"));
        }
        let Some(kept) = self.find(hold, holder).await? else { return Ok(None) };
        match self.whole(&kept, now).await {
            // While the cluster is away nobody is granted anything here, and a hold that this process granted is, as far as it
            // can know, as it was: its buyer may pay. PostgreSQL decides about its end, its fence and every seat once more.
            Err(trouble) if self.engine.is_away() && !self.debts.is_owed(hold) => {
                self.granted_here(hold, holder, now).ok_or(trouble).map(Some)
            }
            told => told,
        }
    }

    /// A live hold of which this process knows every place.
    fn granted_here(&self, hold: HoldId, holder: HolderId, now: Millis) -> Option<Hold> {
        let known = self.book.get(hold, holder).and_then(|kept| self.intact(&kept));
        known.filter(|hold| now < hold.expires_at)
    }

    /// The holder's turn, with nothing owed of the hold; a trouble where that did not come in time.
    async fn turn(&self, hold: HoldId, holder: HolderId, deadline: Instant) -> Result<Turn, Trouble> {
        let turn = self.book.turn(holder, deadline).await.ok_or_else(|| unavailable("too many wait"))?;
        if self.debts.paid(hold, deadline).await {
            return Ok(turn);
        }
        Err(unconfirmed("an earlier change of this hold is still under way"))
    }

    pub(super) async fn extend(&self, id: HoldId, holder: HolderId, by: i64, now: Millis) -> Outcome<Hold> {
        let deadline = Instant::now() + self.engine.tuning.resolve_within;
        let told = async {
            let _turn = self.turn(id, holder, deadline).await?;
            let Some(kept) = self.find(id, holder).await? else { return Ok(Outcome::Lost(Loss::Gone)) };
            let hall = self.hall_of(&kept).await?.ok_or_else(|| unavailable("the event is not open here"))?;
            let Some(hold) = self.whole(&kept, now).await? else { return Ok(Outcome::Lost(Loss::Gone)) };
            if hold.extensions_left < kept.hold.extensions_left
                && let Some(record) = self.recorded(id, holder).await?
                && hold.extensions_left < record.hold.extensions_left
            {
                // All cells are extended and the record is not: an earlier call ended in between, and this is its end.
                self.keep(&Kept { hold: hold.clone(), ..kept }, deadline).await?;
                return Ok(Outcome::Applied(hold));
            }
            if hold.extensions_left == 0 {
                return Ok(Outcome::Lost(Loss::NoExtensionLeft));
            }
            let (until, extensions) = (hold.expires_at.plus(by.max(0)), hold.extensions_left - 1);
            for (nth, (key, seats)) in kept.rows.iter().enumerate() {
                let Some(block) = hall.block_of(*key) else { return Ok(Outcome::Lost(Loss::Gone)) };
                let wish = Wish::Prolong { hold: id, places: places_of(&hall, block, seats), until, extensions };
                let undone = nth == 0;
                match ask_by(&self.engine, &hall, block, wish, now, false, deadline).await {
                    Ok(Verdict::Done(_)) => {}
                    Ok(_) => return Ok(Outcome::Lost(Loss::Gone)),
                    Err(Failure::Busy) if undone => return Ok(Outcome::Lost(Loss::Busy)),
                    Err(Failure::Trouble(trouble)) if undone => return Err(trouble),
                    Err(_) => return Err(unconfirmed("a part of the hold is extended")),
                }
            }
            let hold = Hold { expires_at: until, extensions_left: extensions, ..hold };
            self.keep(&Kept { hold: hold.clone(), ..kept }, deadline).await?;
            Ok(Outcome::Applied(hold))
        };
        told.await.unwrap_or_else(Outcome::Unknown)
    }

    /// Frees what the hold keeps of its rows.
    pub(super) async fn free_rows(
        &self,
        hall: &SharedHall,
        kept: &Kept,
        now: Millis,
        deadline: Instant,
    ) -> Result<u32, Trouble> {
        let mut freed = 0;
        for (key, seats) in &kept.rows {
            if let Some(block) = hall.block_of(*key) {
                let wish = Wish::Release { hold: kept.hold.id, places: places_of(hall, block, seats) };
                freed += must_by(&self.engine, hall, block, wish, now, deadline).await?;
            }
        }
        Ok(freed)
    }

    /// The hold is over: nobody finds it any more.
    pub(super) async fn forget(&self, hold: &Hold, deadline: Instant) -> Result<(), Trouble> {
        let note = Note::Forget(hold.id, hold.holder, hold.fence);
        self.recorder.write(&self.engine, hold.holder, vec![note], deadline).await?;
        self.book.remove(hold.id, hold.holder);
        Ok(())
    }

    /// Lets a hold go. Once begun it goes on to its end, also where that takes longer than an answer may.
    pub(super) async fn release(self: &Arc<Self>, id: HoldId, holder: HolderId, now: Millis) -> Outcome<bool> {
        let deadline = Instant::now() + self.engine.tuning.resolve_within;
        let told = async {
            let _turn = self.turn(id, holder, deadline).await?;
            let Some(kept) = self.find(id, holder).await? else { return Ok(false) };
            let hall = self.hall_of(&kept).await?.ok_or_else(|| unavailable("the event is not open here"))?;
            let told = async {
                let freed = self.free_rows(&hall, &kept, now, deadline).await?;
                let mut live = now < kept.hold.expires_at;
                if live != (freed > 0) {
                    // Another process may have let it go, or extended it, without this one having heard of it.
                    live = self.recorded(id, holder).await?.is_some_and(|kept| now < kept.hold.expires_at);
                }
                self.forget(&kept.hold, deadline).await?;
                let all: usize = kept.rows.iter().map(|(_, seats)| seats.len()).sum();
                if (freed as usize) < all {
                    // A change at another process may have had some, and given them back before it was forgotten.
                    self.free_rows(&hall, &kept, now, deadline).await?;
                }
                Ok(live)
            };
            let told: Result<bool, Trouble> = told.await;
            told.map_err(|_| {
                let left = Duration::from_millis(u64::try_from(kept.hold.expires_at.since(now)).unwrap_or(0));
                self.owe_end(Arc::clone(&hall), kept, now, Instant::now() + left);
                unconfirmed("the hold is still being let go")
            })
        };
        told.await.map_or_else(Outcome::Unknown, Outcome::Applied)
    }

    /// Tidies a bounded number of blocks; what ran out is free without it.
    pub(super) async fn sweep(self: &Arc<Self>, now: Millis) -> Result<u32, Trouble> {
        let mut due: Vec<(SharedHall, usize)> = Vec::new();
        let at = self.engine.moment(now);
        for hall in self.open_halls() {
            let blocks = (0..hall.blocks.len()).filter(|block| hall.has_run_out(*block, at));
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
