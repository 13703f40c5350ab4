//! What a call owes when it has to answer before its end: taken places that are still to be put back, or a record that
//! is still to be written. A task of its own goes on until it is done or the hold has run out; who asks again under the
//! same id waits for it.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::hold::{Fence, Hold};
use domain::ids::{HoldId, HolderId};
use domain::time::Millis;
use futures::future::join_all;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use super::Inner;
use super::cell::{Cell, Mark};
use super::contents::Kept;
use super::decide::Wish;
use super::hall::SharedHall;
use super::load::must_by;
use super::place::is_fresh;
use super::table::Note;
use crate::holds::memory::lock;
use crate::holds::store::Grant;
use crate::trouble::Trouble;

/// Pauses between tries, the first and the longest.
const PAUSE: Duration = Duration::from_millis(40);
const LONG_PAUSE: Duration = Duration::from_secs(1);

/// What a call took so far, or may have taken.
pub(super) struct Taken {
    hall: SharedHall,
    hold: HoldId,
    holder: HolderId,
    /// What the call is to replace, as it stood.
    old: Option<Kept>,
    now: Millis,
    /// By then it has run out by itself.
    ends: Instant,
    /// Blocks in which there may be something of it.
    pub(super) blocks: BTreeSet<usize>,
    /// The fences under which it was taken.
    pub(super) fences: Vec<Fence>,
    /// Who asks for what is to be replaced waits until it is known what becomes of it.
    _waits: Option<Entry>,
}

impl Taken {
    /// Nothing yet.
    pub(super) fn new(inner: &Arc<Inner>, hall: &SharedHall, grant: &Grant, old: Option<Kept>, now: Millis) -> Self {
        let lasts = u64::try_from(grant.expires_at.since(now)).unwrap_or(0);
        let waits = old.as_ref().map(|old| Entry::new(inner, old.hold.id, false));
        Self {
            hall: Arc::clone(hall),
            hold: grant.id,
            holder: grant.holder,
            old,
            now,
            ends: Instant::now() + Duration::from_millis(lasts.min(24 * 3_600_000)),
            blocks: BTreeSet::new(),
            fences: Vec::new(),
            _waits: waits,
        }
    }

    /// What the replaced hold had in a block.
    fn displaced(&self, old: &Kept, block: usize) -> Vec<(u32, Cell)> {
        let here = &self.hall.blocks[block];
        let Hold { id, holder, expires_at: until, extensions_left: extensions, fence, .. } = old.hold;
        let cell =
            Cell { version: 0, mark: Mark::Held, hold: Some(id), holder: Some(holder), until, fence, extensions };
        let rows = old.rows.iter().filter(|(key, _)| *key == here.key).flat_map(|(_, seats)| seats);
        rows.filter_map(|seat| Some((here.seats.binary_search(seat).ok()? as u32, cell))).collect()
    }
}

/// Holds of which something is still to be done.
#[derive(Debug, Default)]
pub(super) struct Debts(Mutex<HashMap<HoldId, Owed>>);

/// All that is owed of one hold: two calls may each leave something.
#[derive(Debug, Default)]
struct Owed {
    /// Cancelled when the last of it is paid.
    paid: CancellationToken,
    /// How many debts, and calls that are to replace it.
    all: u32,
    /// How many of them are places to be put back.
    go: u32,
}

impl Debts {
    /// Waits until nothing is owed of the hold; false where that did not come in time.
    pub(super) async fn paid(&self, hold: HoldId, deadline: Instant) -> bool {
        let Some(paid) = lock(&self.0).get(&hold).map(|owed| owed.paid.clone()) else { return true };
        timeout_at(deadline, paid.cancelled()).await.is_ok()
    }

    /// Waits until nothing is owed of the hold, for as long as that takes: at most until it has run out.
    pub(super) async fn all_paid(&self, hold: HoldId) {
        let owed = || lock(&self.0).get(&hold).map(|owed| owed.paid.clone());
        while let Some(paid) = owed() {
            paid.cancelled().await;
        }
    }

    /// Whether anything is still to be done for the hold.
    pub(super) fn has(&self, hold: HoldId) -> bool {
        lock(&self.0).contains_key(&hold)
    }

    /// Whether places of it are to be put back: it counts for nothing any more.
    pub(super) fn is_owed(&self, hold: HoldId) -> bool {
        lock(&self.0).get(&hold).is_some_and(|owed| owed.go > 0)
    }
}

/// A debt that is entered; dropped, it is paid or given up.
struct Entry {
    inner: Arc<Inner>,
    hold: HoldId,
    /// Whether it is places to be put back.
    goes: bool,
}

impl Entry {
    fn new(inner: &Arc<Inner>, hold: HoldId, goes: bool) -> Self {
        let mut debts = lock(&inner.debts.0);
        let owed = debts.entry(hold).or_default();
        owed.all += 1;
        owed.go += u32::from(goes);
        Self { inner: Arc::clone(inner), hold, goes }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut debts = lock(&self.inner.debts.0);
        let Some(owed) = debts.get_mut(&self.hold) else { return };
        owed.all -= 1;
        owed.go -= u32::from(self.goes);
        if owed.all == 0
            && let Some(owed) = debts.remove(&self.hold)
        {
            owed.paid.cancel();
        }
    }
}

impl Inner {
    /// A hold about to be replaced, with the end that its cells have where they are known.
    pub(super) fn as_it_stands(&self, kept: Kept) -> Kept {
        match self.intact(&kept) {
            Some(hold) => Kept { hold, ..kept },
            None => kept,
        }
    }

    /// Puts back what was taken; false where some of it could not be in time.
    pub(super) async fn put_back(&self, taken: &mut Taken, deadline: Instant) -> bool {
        if taken.blocks.is_empty() {
            return true;
        }
        let old = match &taken.old {
            // Somebody may have let it go meanwhile: then nothing of it comes back.
            Some(old) => match self.recorded(old.hold.id, old.hold.holder).await {
                Ok(found) => found.map(|found| old.longest(&found)),
                Err(_) => return false,
            },
            None => None,
        };
        // Side by side: none of them has to wait for another's block.
        let asked = taken.blocks.iter().map(|block| async {
            let displaced = old.as_ref().map(|old| taken.displaced(old, *block)).unwrap_or_default();
            let wish = Wish::PutBack { hold: taken.hold, fences: taken.fences.clone(), displaced };
            let done = must_by(&self.engine, &taken.hall, *block, wish, taken.now, deadline).await;
            done.is_err().then_some(*block)
        });
        let left: BTreeSet<usize> = join_all(asked).await.into_iter().flatten().collect();
        let Some(old) = &taken.old else {
            taken.blocks = left;
            return taken.blocks.is_empty();
        };
        // What came back, now or at an earlier try, is looked after together. To put back twice is harmless.
        if !left.is_empty() || !self.still_stands(taken, old, deadline).await {
            return false;
        }
        taken.blocks.clear();
        true
    }

    /// Places may have come back to this hold. Where another process let it go meanwhile, which found them to be others',
    /// they go free: nobody would find them any more. False where that is not known in time.
    async fn still_stands(&self, taken: &Taken, old: &Kept, deadline: Instant) -> bool {
        match self.recorded(old.hold.id, old.hold.holder).await {
            Ok(Some(_)) => true,
            Ok(None) => self.free_rows(&taken.hall, old, taken.now, deadline).await.is_ok(),
            Err(_) => false,
        }
    }

    /// Goes on putting back, in a task of its own.
    pub(super) fn owe(self: &Arc<Self>, mut taken: Taken) {
        let (inner, entry) = (Arc::clone(self), Entry::new(self, taken.hold, true));
        tokio::spawn(async move {
            let _entry = entry;
            let within = inner.engine.tuning.resolve_within;
            let mut pause = PAUSE;
            while !inner.put_back(&mut taken, Instant::now() + within).await {
                if Instant::now() >= taken.ends {
                    tracing::warn!(hold = %taken.hold, "places of a hold that was not granted were left to run out");
                    return;
                }
                sleep(pause).await;
                pause = (pause * 2).min(LONG_PAUSE);
            }
        });
    }

    /// Writes a granted hold down, so that every process finds it.
    pub(super) async fn keep(&self, kept: &Kept, deadline: Instant) -> Result<(), Trouble> {
        let note = Note::Keep(kept.record()?);
        self.recorder.write(&self.engine, kept.hold.holder, vec![note], deadline).await?;
        self.book.put(kept.clone());
        Ok(())
    }

    /// All places are taken, and the record could not be written in time: it is written later.
    pub(super) fn owe_record(self: &Arc<Self>, taken: Taken, kept: Kept) {
        let (inner, entry) = (Arc::clone(self), Entry::new(self, taken.hold, false));
        tokio::spawn(async move {
            let within = inner.engine.tuning.resolve_within;
            while let Err(trouble) = inner.keep(&kept, Instant::now() + within).await {
                if Instant::now() >= taken.ends || !trouble.retryable() {
                    tracing::warn!(%trouble, hold = %taken.hold, "the record of a hold was never written");
                    return;
                }
                sleep(LONG_PAUSE).await;
            }
            if inner.has_greater(&kept).await {
                inner.give_way(taken);
                drop(entry);
            } else {
                inner.replaced(taken, Instant::now() + within).await;
            }
        });
    }

    /// Whether there is a record with a greater fence than this hold's, which comes to nothing beside it.
    async fn has_greater(&self, kept: &Kept) -> bool {
        let found = self.recorded(kept.hold.id, kept.hold.holder).await;
        matches!(&found, Ok(Some(found)) if found.hold.fence > kept.hold.fence)
    }

    /// As [`Inner::has_greater`], by `now`: nobody else uses an id that is still fresh.
    pub(super) async fn is_overtaken(&self, kept: &Kept, now: Millis) -> bool {
        !is_fresh(kept.hold.id, now) && self.has_greater(kept).await
    }

    /// Another process has granted the hold meanwhile, perhaps with other places: what is left of these goes.
    pub(super) fn give_way(self: &Arc<Self>, taken: Taken) {
        self.book.remove(taken.hold, taken.holder);
        self.owe(taken);
    }

    /// The new hold stands: what is left of the replaced one goes free, by the deadline or later.
    pub(super) async fn replaced(self: &Arc<Self>, taken: Taken, deadline: Instant) {
        let Some(old) = taken.old else { return };
        self.book.remove(old.hold.id, taken.holder);
        if self.end(&taken.hall, &old, taken.now, deadline).await.is_err() {
            self.owe_end(taken.hall, old, taken.now, taken.ends);
        }
    }

    /// Frees a hold's places, then forgets it. Answers how many were its own.
    pub(super) async fn end(
        &self,
        hall: &SharedHall,
        kept: &Kept,
        now: Millis,
        deadline: Instant,
    ) -> Result<u32, Trouble> {
        let freed = self.free_rows(hall, kept, now, deadline).await?;
        self.forget(&kept.hold, deadline).await?;
        Ok(freed)
    }

    /// Goes on ending a hold, in a task of its own.
    pub(super) fn owe_end(self: &Arc<Self>, hall: SharedHall, kept: Kept, now: Millis, ends: Instant) {
        let (inner, entry) = (Arc::clone(self), Entry::new(self, kept.hold.id, true));
        tokio::spawn(async move {
            let _entry = entry;
            let within = inner.engine.tuning.resolve_within;
            let mut pause = PAUSE;
            while inner.end(&hall, &kept, now, Instant::now() + within).await.is_err() && Instant::now() < ends {
                sleep(pause).await;
                pause = (pause * 2).min(LONG_PAUSE);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::holds::cql::fake::FakeTable;
    use crate::holds::cql::{CqlHolds, Tuning};
    use crate::test_support::NOW;

    #[tokio::test]
    async fn a_hold_is_paid_for_when_the_last_of_its_debts_is() {
        let inner = CqlHolds::on(Arc::new(FakeTable::default()), Tuning::default(), None).inner;
        let hold = HoldId::mint(NOW, [1; 10]);
        let soon = || Instant::now() + Duration::from_millis(20);
        let release = Entry::new(&inner, hold, true);
        // Whoever waits since the first debt waits for the second one, too, and is told of its end.
        let waiter = tokio::spawn({
            let inner = Arc::clone(&inner);
            async move { inner.debts.paid(hold, Instant::now() + Duration::from_secs(60)).await }
        });
        tokio::task::yield_now().await;
        let record = Entry::new(&inner, hold, false);
        let replaced = Entry::new(&inner, hold, true);
        drop(release);
        assert!(!inner.debts.paid(hold, soon()).await, "two are left");
        assert!(inner.debts.is_owed(hold));
        drop(replaced);
        assert!(!inner.debts.paid(hold, soon()).await, "a record is still to be written");
        assert!(!inner.debts.is_owed(hold), "no place of it goes back any more");
        assert!(!waiter.is_finished());
        drop(record);
        assert!(waiter.await.unwrap(), "it was woken, and did not wait for its time to be over");
        assert!(inner.debts.paid(hold, soon()).await);
    }
}
