//! What this process knows of holds: those it granted or met. It spares reads, makes each holder's calls take turns, and
//! keeps the limit of holds strict within the process; what other processes grant is added as far as it is known here.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex};

use domain::ids::{HoldId, HolderId};
use domain::time::Millis;
use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, timeout_at};

use super::contents::Kept;
use crate::holds::memory::lock;

const SHARDS: usize = 64;
/// Calls of one holder that wait for each other, at most.
const WAITING: usize = 64;

type Turns = HashMap<HolderId, Arc<tokio::sync::Mutex<()>>>;

#[derive(Debug, Default)]
struct Shard {
    kept: Mutex<HashMap<HolderId, Vec<Kept>>>,
    turns: Mutex<Turns>,
}

/// Holds by holder.
#[derive(Debug)]
pub(super) struct Book {
    shards: Box<[Shard]>,
    hasher: RandomState,
}

impl Default for Book {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Shard::default()).collect(), hasher: RandomState::new() }
    }
}

/// A holder's turn: nobody else changes the holder's holds in this process.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    turns: &'a Mutex<Turns>,
    holder: HolderId,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.guard.take();
        let mut turns = lock(self.turns);
        if turns.get(&self.holder).is_some_and(|turn| Arc::strong_count(turn) == 1) {
            turns.remove(&self.holder);
        }
    }
}

impl Book {
    fn shard(&self, holder: HolderId) -> &Shard {
        &self.shards[self.hasher.hash_one(holder.0) as usize % SHARDS]
    }

    /// Waits for the holder's turn; none where too many wait already, or it does not come in time.
    pub(super) async fn turn(&self, holder: HolderId, deadline: Instant) -> Option<Turn<'_>> {
        let turns = &self.shard(holder).turns;
        let turn = {
            let mut turns = lock(turns);
            let turn = turns.entry(holder).or_default();
            if Arc::strong_count(turn) > WAITING {
                return None;
            }
            Arc::clone(turn)
        };
        // Tidies up after itself, also where the turn does not come.
        let mut mine = Turn { turns, holder, guard: None };
        mine.guard = timeout_at(deadline, turn.lock_owned()).await.ok();
        mine.guard.is_some().then_some(mine)
    }

    /// A hold of this holder.
    pub(super) fn get(&self, hold: HoldId, holder: HolderId) -> Option<Kept> {
        lock(&self.shard(holder).kept).get(&holder)?.iter().find(|kept| kept.hold.id == hold).cloned()
    }

    /// The holder's live holds.
    pub(super) fn live(&self, holder: HolderId, now: Millis) -> Vec<HoldId> {
        let kept = lock(&self.shard(holder).kept);
        let live = kept.get(&holder).into_iter().flatten().filter(|kept| now < kept.hold.expires_at);
        live.map(|kept| kept.hold.id).collect()
    }

    /// Writes a hold down, in place of what was known of it.
    pub(super) fn put(&self, kept: Kept) {
        let mut shard = lock(&self.shard(kept.hold.holder).kept);
        let mine = shard.entry(kept.hold.holder).or_default();
        mine.retain(|known| known.hold.id != kept.hold.id);
        mine.push(kept);
    }

    /// Forgets a hold.
    pub(super) fn remove(&self, hold: HoldId, holder: HolderId) {
        let mut shard = lock(&self.shard(holder).kept);
        if let Some(mine) = shard.get_mut(&holder) {
            mine.retain(|kept| kept.hold.id != hold);
            if mine.is_empty() {
                shard.remove(&holder);
            }
        }
    }

    /// Forgets what ran out; answers which.
    pub(super) fn sweep(&self, now: Millis) -> Vec<HoldId> {
        let mut over = Vec::new();
        for shard in &self.shards {
            lock(&shard.kept).retain(|_, mine| {
                mine.retain(|kept| {
                    let live = now < kept.hold.expires_at;
                    if !live {
                        over.push(kept.hold.id);
                    }
                    live
                });
                !mine.is_empty()
            });
        }
        over
    }
}
