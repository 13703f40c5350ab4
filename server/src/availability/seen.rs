//! One state of an event's places, ready to be sent.

use std::io::Write;
use std::sync::OnceLock;

use bytes::Bytes;
use domain::availability::Message;
use domain::hall::Hall;
use domain::ids::TierId;
use domain::seat::{SeatId, SeatState};

use super::frame::{self, Frame};
use crate::holds::Inventory;
use crate::holds::store::Snapshot;

/// One state of an event's places.
#[derive(Debug)]
pub struct Seen {
    /// The states, with epoch and sequence.
    pub message: Message,
    /// Strong entity tag, quotes included. Compressed answers need another one (`W/` or a suffix).
    pub etag: String,
    /// Places left by tier: free seats, and standing places neither held nor sold. In the event's tier order.
    pub left: Vec<(TierId, u32)>,
    bytes: OnceLock<Bytes>,
    brotli: OnceLock<Bytes>,
    counts: OnceLock<Frame>,
    whole: OnceLock<Frame>,
}

impl Seen {
    /// A state whose bytes are made when they are first asked for.
    #[must_use]
    pub fn new(message: Message, left: Vec<(TierId, u32)>) -> Self {
        let etag = format!("\"{:x}-{:x}\"", message.epoch, message.sequence);
        let (bytes, brotli) = (OnceLock::new(), OnceLock::new());
        Self { message, etag, left, bytes, brotli, counts: OnceLock::new(), whole: OnceLock::new() }
    }

    /// The counts as an event: made at the first call, then shared.
    pub(super) fn counts(&self) -> &Frame {
        self.counts.get_or_init(|| Frame::of(&frame::left(self)))
    }

    /// Everything as events, for whoever knows nothing of use: made at the first call, then shared.
    pub(super) fn whole(&self) -> &Frame {
        let at = self.message.position();
        let text = || frame::state(at, self.bytes()) + &frame::snapshot(at) + &frame::left(self);
        self.whole.get_or_init(|| Frame::of(&text()))
    }

    /// The message's bytes, as `domain::availability::Message` documents them: made at the first call, then shared.
    pub fn bytes(&self) -> &Bytes {
        self.bytes.get_or_init(|| Bytes::from(self.message.encode()))
    }

    /// The bytes compressed by brotli: made at the first call, then shared.
    pub fn brotli(&self) -> Bytes {
        let compress = || {
            let mut out = Vec::with_capacity(self.bytes().len() / 4);
            let mut writer = brotli::CompressorWriter::new(&mut out, 4096, 5, 18);
            // A Vec takes every byte it is given.
            let written = writer.write_all(self.bytes()).is_ok();
            drop(writer);
            debug_assert!(written);
            Bytes::from(out)
        };
        self.brotli.get_or_init(compress).clone()
    }

    /// Whether somebody holds a seat.
    #[must_use]
    pub fn is_held(&self) -> bool {
        let states = &self.message.states;
        (0..states.len()).any(|seat| states.get(SeatId(seat)) == SeatState::Held)
    }

    /// Places left in all.
    #[must_use]
    pub fn total_left(&self) -> u32 {
        self.left.iter().fold(0, |sum, (_, left)| sum.saturating_add(*left))
    }
}

/// Places left by tier, in the inventory's order.
pub(super) fn left(inventory: &Inventory, snapshot: &Snapshot) -> Vec<(TierId, u32)> {
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
