//! The hold store in this process: one lock a block of seats, one a shard of holders, nothing global.
//!
//! A seat's cell is the truth about the seat, the holder's record about the hold; whoever changes both holds both
//! locks, always in the same order: holder's shard, blocks ascending, standing tiers. One shard at a time, so no two
//! callers can wait for each other.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use async_trait::async_trait;
use domain::hold::{Fence, Hold};
use domain::ids::{EventId, HoldId, HolderId};
use domain::time::Millis;

use super::cells::EventCells;
use super::store::{Grant, HoldStore, Layout, Loss, Outcome, Snapshot, Sold, StandingSold};
use crate::trouble::Trouble;

const SHARDS: usize = 256;

type Shard = HashMap<HolderId, Vec<Hold>>;

/// Holds in this process; they are gone when it ends, and nothing sold is lost with them.
#[derive(Debug)]
pub struct MemoryHolds {
    events: RwLock<HashMap<EventId, Arc<EventCells>>>,
    shards: Box<[Mutex<Shard>]>,
    hasher: RandomState,
    fence: AtomicI64,
}

impl Default for MemoryHolds {
    fn default() -> Self {
        Self {
            events: RwLock::default(),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            fence: AtomicI64::new(0),
        }
    }
}

/// Every critical section leaves its data whole, so a poisoned lock says nothing about them.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MemoryHolds {
    fn event(&self, event: EventId) -> Option<Arc<EventCells>> {
        self.events.read().unwrap_or_else(PoisonError::into_inner).get(&event).cloned()
    }

    fn shard(&self, holder: HolderId) -> MutexGuard<'_, Shard> {
        let hash = self.hasher.hash_one(holder.0);
        lock(&self.shards[hash as usize % SHARDS])
    }

    /// The next fence: above every earlier one of this process, above the millisecond, which carries it over a
    /// restart, and above the floor that Postgres remembers, which carries it over a clock set back.
    fn next_fence(&self, now: Millis, floor: Fence) -> Fence {
        let least = now.0.saturating_mul(1 << 20).max(floor.0.saturating_add(1));
        let previous = self
            .fence
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(least.max(last.saturating_add(1))));
        Fence(least.max(previous.unwrap_or_else(|last| last).saturating_add(1)))
    }

    fn place_now(&self, grant: &Grant, now: Millis) -> Outcome<Hold> {
        let Some(event) = self.event(grant.event).filter(|event| event.is_open()) else {
            return Outcome::Lost(Loss::NotOpen);
        };
        let mut shard = self.shard(grant.holder);
        let mine = shard.entry(grant.holder).or_default();
        if let Some(known) = mine.iter().find(|hold| hold.id == grant.id) {
            if known.event != grant.event || known.seats != grant.seats || known.standing != grant.standing {
                return Outcome::Lost(Loss::IdReused);
            }
            let whole = now < known.expires_at && event.lock(&known.seats).all_of(known.id);
            return if whole { Outcome::Applied(known.clone()) } else { Outcome::Lost(Loss::Gone) };
        }
        let replaced = grant.replaces.and_then(|old| mine.iter().position(|h| h.id == old && h.event == grant.event));
        let live = mine.iter().filter(|hold| now < hold.expires_at).count();
        let freed = usize::from(replaced.is_some_and(|at| now < mine[at].expires_at));
        if live - freed >= grant.max_holds {
            return Outcome::Lost(Loss::TooManyHolds);
        }
        let old = replaced.map(|at| &mine[at]);
        if let Err(loss) = event.take(grant, old, now) {
            return Outcome::Lost(loss);
        }
        let fence = self.next_fence(now, event.fence_floor());
        let hold = grant.granted(grant.expires_at, grant.extensions, fence);
        if let Some(at) = replaced {
            mine.remove(at);
        }
        mine.push(hold.clone());
        Outcome::Applied(hold)
    }

    fn extend_now(&self, id: HoldId, holder: HolderId, by: i64, now: Millis) -> Outcome<Hold> {
        let mut shard = self.shard(holder);
        let Some(hold) = shard.get_mut(&holder).and_then(|mine| mine.iter_mut().find(|hold| hold.id == id)) else {
            return Outcome::Lost(Loss::Gone);
        };
        let Some(event) = self.event(hold.event) else { return Outcome::Lost(Loss::Gone) };
        if now >= hold.expires_at {
            return Outcome::Lost(Loss::Gone);
        }
        if hold.extensions_left == 0 {
            return Outcome::Lost(Loss::NoExtensionLeft);
        }
        let until = hold.expires_at.plus(by.max(0));
        if !event.prolong(hold, until) {
            return Outcome::Lost(Loss::Gone);
        }
        hold.expires_at = until;
        hold.extensions_left -= 1;
        Outcome::Applied(hold.clone())
    }

    fn look(&self, id: HoldId, holder: HolderId, now: Millis, cells: bool) -> Option<Hold> {
        let shard = self.shard(holder);
        let hold = shard.get(&holder)?.iter().find(|hold| hold.id == id && now < hold.expires_at)?;
        let whole = !cells || self.event(hold.event).is_some_and(|event| event.is_whole(hold));
        whole.then(|| hold.clone())
    }

    fn forget(shard: &mut Shard, holder: HolderId, id: HoldId) -> Option<Hold> {
        let mine = shard.get_mut(&holder)?;
        let at = mine.iter().position(|hold| hold.id == id)?;
        let hold = mine.remove(at);
        if mine.is_empty() {
            shard.remove(&holder);
        }
        Some(hold)
    }
}

#[async_trait]
impl HoldStore for MemoryHolds {
    async fn open(&self, event: EventId, layout: Layout) -> Result<(), Trouble> {
        let known = self.event(event).or_else(|| {
            // Laid out before all events are locked.
            let cells = Arc::new(EventCells::new(&layout));
            match self.events.write().unwrap_or_else(PoisonError::into_inner).entry(event) {
                Entry::Occupied(known) => Some(Arc::clone(known.get())),
                Entry::Vacant(unknown) => {
                    unknown.insert(cells);
                    None
                }
            }
        });
        if let Some(known) = known {
            known.lay(&layout);
        }
        Ok(())
    }

    async fn load_sold(&self, event: EventId, sold: Sold) -> Result<(), Trouble> {
        let detail = || "sold seats of an event that was not opened".to_owned();
        let event = self.event(event).ok_or_else(|| Trouble::Corrupt { what: "hold store", detail: detail() })?;
        event.load(&sold);
        Ok(())
    }

    async fn is_open(&self, event: EventId) -> Result<bool, Trouble> {
        Ok(self.event(event).is_some_and(|event| event.is_open()))
    }

    async fn place(&self, grant: &Grant, now: Millis) -> Outcome<Hold> {
        self.place_now(grant, now)
    }

    async fn get(&self, hold: HoldId, holder: HolderId, now: Millis) -> Result<Option<Hold>, Trouble> {
        Ok(self.look(hold, holder, now, false))
    }

    async fn by_holder(&self, holder: HolderId, now: Millis) -> Result<Vec<Hold>, Trouble> {
        let shard = self.shard(holder);
        let mine = shard.get(&holder).map(Vec::as_slice).unwrap_or_default();
        Ok(mine.iter().filter(|hold| now < hold.expires_at).cloned().collect())
    }

    async fn verify(&self, hold: HoldId, holder: HolderId, now: Millis) -> Result<Option<Hold>, Trouble> {
        Ok(self.look(hold, holder, now, true))
    }

    async fn extend(&self, hold: HoldId, holder: HolderId, by: i64, now: Millis) -> Outcome<Hold> {
        self.extend_now(hold, holder, by, now)
    }

    async fn release(&self, hold: HoldId, holder: HolderId, now: Millis) -> Outcome<bool> {
        let mut shard = self.shard(holder);
        let Some(hold) = Self::forget(&mut shard, holder, hold) else { return Outcome::Applied(false) };
        if let Some(event) = self.event(hold.event) {
            event.give_back(&hold);
        }
        Outcome::Applied(now < hold.expires_at)
    }

    async fn mark_sold(&self, hold: &Hold) -> Result<(), Trouble> {
        let mut shard = self.shard(hold.holder);
        Self::forget(&mut shard, hold.holder, hold.id);
        if let Some(event) = self.event(hold.event) {
            event.sell(hold);
        }
        Ok(())
    }

    async fn standing_sold(&self, event: EventId) -> Result<StandingSold, Trouble> {
        Ok(self.event(event).map(|event| event.standing_sold()).unwrap_or_default())
    }

    async fn mark_free(&self, event: EventId, hold: HoldId, places: &Sold) -> Result<(), Trouble> {
        if let Some(event) = self.event(event) {
            event.unsell(hold, places);
        }
        Ok(())
    }

    async fn sweep(&self, now: Millis) -> Result<u32, Trouble> {
        let mut swept = 0;
        for shard in &self.shards {
            let mut shard = lock(shard);
            shard.retain(|_, mine| {
                mine.retain(|hold| {
                    let live = now < hold.expires_at;
                    if !live {
                        swept += 1;
                        if let Some(event) = self.event(hold.event) {
                            event.give_back(hold);
                        }
                    }
                    live
                });
                !mine.is_empty()
            });
        }
        Ok(swept)
    }

    async fn snapshot(&self, event: EventId, now: Millis) -> Result<Option<Snapshot>, Trouble> {
        Ok(self.event(event).filter(|event| event.is_open()).map(|event| event.snapshot(now)))
    }

    async fn version(&self, event: EventId) -> Result<Option<u64>, Trouble> {
        Ok(self.event(event).filter(|event| event.is_open()).map(|event| event.version()))
    }
}
