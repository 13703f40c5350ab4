//! What this process knows of holds: those it granted or met. It spares reads, makes each holder's calls take turns, and
//! keeps the limit of holds strict within the process; what other processes grant is added as far as it is known here.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Mutex;

use domain::ids::{HoldId, HolderId};
use domain::time::Millis;
use tokio::time::Instant;

use super::contents::Kept;
use crate::holds::memory::lock;
use crate::holds::turns::{Turn, Turns};

const SHARDS: usize = 64;
type Shard = Mutex<HashMap<HolderId, Vec<Kept>>>;

/// Holds by holder.
#[derive(Debug)]
pub(super) struct Book {
    shards: Box<[Shard]>,
    hasher: RandomState,
    turns: Turns,
}

impl Default for Book {
    fn default() -> Self {
        let shards = (0..SHARDS).map(|_| Shard::default()).collect();
        Self { shards, hasher: RandomState::new(), turns: Turns::default() }
    }
}

impl Book {
    fn shard(&self, holder: HolderId) -> &Shard {
        &self.shards[self.hasher.hash_one(holder.0) as usize % SHARDS]
    }

    /// The holder's turn: nobody else changes the holder's holds in this process. None where too many wait already, or it
    /// does not come in time.
    pub(super) async fn turn(&self, holder: HolderId, deadline: Instant) -> Option<Turn> {
        self.turns.turn(holder, deadline).await
    }

    /// The holder's turn, where it need not be waited for.
    pub(super) fn turn_at_once(&self, holder: HolderId) -> Option<Turn> {
        self.turns.at_once(holder)
    }

    /// Whether whoever comes now has to wait for a turn.
    #[cfg(test)]
    pub(super) fn has_turn(&self, holder: HolderId) -> bool {
        self.turns.is_taken(holder)
    }

    /// A hold of this holder.
    pub(super) fn get(&self, hold: HoldId, holder: HolderId) -> Option<Kept> {
        lock(self.shard(holder)).get(&holder)?.iter().find(|kept| kept.hold.id == hold).cloned()
    }

    /// The holder's live holds.
    pub(super) fn live(&self, holder: HolderId, now: Millis) -> Vec<HoldId> {
        let kept = lock(self.shard(holder));
        let live = kept.get(&holder).into_iter().flatten().filter(|kept| now < kept.hold.expires_at);
        live.map(|kept| kept.hold.id).collect()
    }

    /// Writes a hold down, in place of what was known of it.
    pub(super) fn put(&self, kept: Kept) {
        let mut shard = lock(self.shard(kept.hold.holder));
        let mine = shard.entry(kept.hold.holder).or_default();
        mine.retain(|known| known.hold.id != kept.hold.id);
        mine.push(kept);
    }

    /// Forgets a hold.
    pub(super) fn remove(&self, hold: HoldId, holder: HolderId) {
        let mut shard = lock(self.shard(holder));
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
            lock(shard).retain(|_, mine| {
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
