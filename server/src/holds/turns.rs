//! Turns: of one holder's calls that must not meet, one goes on at a time.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex};

use domain::ids::HolderId;
use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, timeout_at};

use super::memory::lock;

const SHARDS: usize = 64;
/// Calls of one holder that wait for each other, at most.
const WAITING: usize = 64;

type Shard = HashMap<HolderId, Arc<tokio::sync::Mutex<()>>>;

/// Turns by holder.
#[derive(Debug)]
pub(super) struct Turns {
    shards: Arc<[Mutex<Shard>]>,
    hasher: RandomState,
}

impl Default for Turns {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }
}

/// A holder's turn. Dropped, the next one's comes.
#[derive(Debug)]
pub(super) struct Turn {
    shards: Arc<[Mutex<Shard>]>,
    shard: usize,
    holder: HolderId,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.guard.take();
        let mut shard = lock(&self.shards[self.shard]);
        if shard.get(&self.holder).is_some_and(|turn| Arc::strong_count(turn) == 1) {
            shard.remove(&self.holder);
        }
    }
}

impl Turns {
    /// Whether a call of this holder is under way, or waits for its turn.
    #[cfg(test)]
    pub(super) fn is_taken(&self, holder: HolderId) -> bool {
        lock(&self.shards[self.shard(holder)]).contains_key(&holder)
    }

    fn shard(&self, holder: HolderId) -> usize {
        self.hasher.hash_one(holder.0) as usize % SHARDS
    }

    /// The holder's turn, where nobody has it and nobody waits for it.
    pub(super) fn at_once(&self, holder: HolderId) -> Option<Turn> {
        let shard = self.shard(holder);
        let turn = match lock(&self.shards[shard]).entry(holder) {
            Entry::Vacant(nobody) => Arc::clone(nobody.insert(Arc::default())).try_lock_owned().ok(),
            Entry::Occupied(_) => None,
        };
        turn.map(|turn| Turn { shards: Arc::clone(&self.shards), shard, holder, guard: Some(turn) })
    }

    /// Waits for the holder's turn; none where too many wait already, or it does not come in time.
    pub(super) async fn turn(&self, holder: HolderId, deadline: Instant) -> Option<Turn> {
        let shard = self.shard(holder);
        let turn = {
            let mut shard = lock(&self.shards[shard]);
            let turn = shard.entry(holder).or_default();
            if Arc::strong_count(turn) > WAITING {
                return None;
            }
            Arc::clone(turn)
        };
        // Tidies up after itself, also where the turn does not come.
        let mut mine = Turn { shards: Arc::clone(&self.shards), shard, holder, guard: None };
        mine.guard = timeout_at(deadline, turn.lock_owned()).await.ok();
        mine.guard.is_some().then_some(mine)
    }
}
