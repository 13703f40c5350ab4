//! Who may choose what at this moment, packed once per change and shared by thousands of readers.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use domain::availability::Message;
use domain::hall::Hall;
use domain::ids::{EventId, TierId};
use domain::seat::{SeatId, SeatState};
use domain::time::Millis;

use crate::holds::store::Snapshot;
use crate::holds::{HoldError, Holds, Inventory};

#[cfg(test)]
mod tests;

/// Readers may see states up to so many milliseconds old while a sale runs hot; in quiet they are exact.
pub const MAX_AGE: i64 = 100;

/// One state of an event's places, ready to be sent.
#[derive(Debug)]
pub struct Seen {
    /// The states, with epoch and sequence.
    pub message: Message,
    /// The message's bytes, as `domain::availability::Message` documents them.
    pub bytes: Bytes,
    /// Strong entity tag, quotes included. Compressed answers need another one (`W/` or a suffix).
    pub etag: String,
    /// Places left by tier: free seats, and standing places neither held nor sold. In the event's tier order.
    pub left: Vec<(TierId, u32)>,
    brotli: OnceLock<Bytes>,
}

impl Seen {
    /// The bytes compressed by brotli: made at the first call, then shared.
    pub fn brotli(&self) -> Bytes {
        let compress = || {
            let mut out = Vec::with_capacity(self.bytes.len() / 4);
            let mut writer = brotli::CompressorWriter::new(&mut out, 4096, 5, 18);
            // A Vec takes every byte it is given.
            let written = writer.write_all(&self.bytes).is_ok();
            drop(writer);
            debug_assert!(written);
            Bytes::from(out)
        };
        self.brotli.get_or_init(compress).clone()
    }

    /// Places left in all.
    #[must_use]
    pub fn total_left(&self) -> u32 {
        self.left.iter().fold(0, |sum, (_, left)| sum.saturating_add(*left))
    }
}

#[derive(Debug)]
struct Known {
    snapshot: Arc<Snapshot>,
    seen: Arc<Seen>,
}

/// The service.
#[derive(Clone)]
pub struct Availability {
    holds: Holds,
    epoch: u64,
    known: Arc<Mutex<HashMap<EventId, Known>>>,
}

impl Availability {
    /// Packs what `holds` knows. `started` names this life of the projection: sequences begin anew with it.
    #[must_use]
    pub fn new(holds: Holds, started: Millis) -> Self {
        let epoch = u64::try_from(started.0).unwrap_or(0) & ((1 << 53) - 1);
        Self { holds, epoch, known: Arc::default() }
    }

    /// The event's states now, at most [`MAX_AGE`] old. Encoded once per change; calling it costs two locks.
    ///
    /// # Errors
    /// [`HoldError::NoSuchEvent`], or trouble.
    pub async fn get(&self, event: EventId, now: Millis) -> Result<Arc<Seen>, HoldError> {
        let inventory = self.holds.ready(event).await?;
        let snapshot = self.holds.states(event, MAX_AGE, now).await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let sequence = match known.get_mut(&event) {
            None => 1,
            Some(known) if snapshot.version < known.snapshot.version || Arc::ptr_eq(&known.snapshot, &snapshot) => {
                return Ok(Arc::clone(&known.seen));
            }
            Some(known) => {
                let same = known.snapshot.states == snapshot.states && known.snapshot.standing == snapshot.standing;
                if same {
                    known.snapshot = snapshot;
                    return Ok(Arc::clone(&known.seen));
                }
                known.seen.message.sequence + 1
            }
        };
        let seen = Arc::new(self.pack(&inventory, &snapshot, sequence));
        known.insert(event, Known { snapshot, seen: Arc::clone(&seen) });
        Ok(seen)
    }

    fn pack(&self, inventory: &Inventory, snapshot: &Snapshot, sequence: u64) -> Seen {
        let message = Message { epoch: self.epoch, sequence, states: snapshot.states.clone() };
        let bytes = Bytes::from(message.encode());
        let etag = format!("\"{:x}-{sequence:x}\"", self.epoch);
        Seen { message, bytes, etag, left: left(inventory, snapshot), brotli: OnceLock::new() }
    }
}

/// Places left by tier, in the inventory's order.
fn left(inventory: &Inventory, snapshot: &Snapshot) -> Vec<(TierId, u32)> {
    let hall = Hall::new(&inventory.chart, &inventory.tiers, &snapshot.states, &[]);
    let mut left: Vec<(TierId, u32)> = inventory.tiers.iter().map(|tier| (tier.id, 0)).collect();
    for (id, count) in &mut left {
        if let Some((_, standing)) = snapshot.standing.iter().find(|(tier, _)| tier == id) {
            *count = *standing;
        }
    }
    for seat in (0..snapshot.states.len()).map(SeatId) {
        if snapshot.states.get(seat) == SeatState::Free
            && let Some(tier) = hall.tier_index(seat)
            && let Some((_, count)) = left.get_mut(tier)
        {
            *count += 1;
        }
    }
    left
}
