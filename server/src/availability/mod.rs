//! Who may choose what at this moment: packed once per change, told once per change, shared by thousands of readers.
//!
//! Every look at the hold store is folded into the event's projection. Where something changed, the projection moves on
//! by one and the change goes out as a delta, whoever it was that looked: a request for a snapshot, or the ticker that
//! looks every [`TICK`] milliseconds while somebody listens.

mod broadcast;
mod doors;
mod frame;
mod projection;
mod seen;
mod stream;
#[cfg(test)]
mod tests;
mod ticker;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::availability::Position;
use domain::ids::EventId;
use domain::time::{MINUTE, Millis};
use tokio_util::sync::CancellationToken;

pub use doors::Full;
pub use frame::Frame;
pub use seen::Seen;
pub use stream::{Ask, Listener};

use crate::clock::{Clock, random};
use crate::holds::store::Snapshot;
use crate::holds::{HoldError, Holds, Inventory};
use broadcast::Broadcaster;
use doors::Doors;
use projection::{Listening, Projection};

/// Readers may see states up to so many milliseconds old while a sale runs hot; in quiet they are exact.
pub const MAX_AGE: i64 = 100;
/// Milliseconds between two looks at an event somebody listens to.
pub const TICK: u64 = 50;
/// Milliseconds after which an event that nobody looks at is forgotten.
const IDLE: i64 = 5 * MINUTE;

/// So many of an epoch's bits, its last ones, are chance.
const CHANCE_BITS: u32 = 11;

/// Names the life of a projection that began at `started`. Processes may start in the same millisecond: some bits of
/// `chance` tell them apart. Below 2^53 until the year 2109, so that every JSON reader can hold it.
fn epoch(started: Millis, chance: u16) -> u64 {
    let millis = u64::try_from(started.0).unwrap_or(0) & ((1 << 42) - 1);
    (millis << CHANCE_BITS) | (u64::from(chance) & ((1 << CHANCE_BITS) - 1))
}

/// How much of an event somebody wants to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wants {
    /// Every seat, and the counts.
    Seats,
    /// How many places are left, by tier.
    Counts,
}

/// The service. Clones are one.
#[derive(Clone)]
pub struct Availability(Arc<Inner>);

struct Inner {
    holds: Holds,
    epoch: u64,
    clock: Option<Arc<dyn Clock>>,
    doors: Arc<Doors>,
    numbers: AtomicUsize,
    /// The seconds are counted already.
    beating: AtomicBool,
    /// What is shown is compared with what the store says already.
    comparing: AtomicBool,
    /// How often, in milliseconds.
    compare_every: AtomicU64,
    /// The highest sequence of the projections that were forgotten.
    forgotten: AtomicU64,
    known: Mutex<HashMap<EventId, Arc<Projection>>>,
    broadcaster: Broadcaster,
    closing: CancellationToken,
}

impl core::fmt::Debug for Availability {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Availability").field("epoch", &self.0.epoch).finish_non_exhaustive()
    }
}

impl Availability {
    /// Packs what `holds` knows. `started` names this life of the projection: sequences begin anew with it. Nothing ticks
    /// by itself.
    #[must_use]
    pub fn new(holds: Holds, started: Millis) -> Self {
        Self::build(holds, epoch(started, 0), None, (usize::MAX, u32::MAX))
    }

    /// The same, ticking by `clock` for whoever listens: at most `most` do at a time, and `most_each` from one address.
    #[must_use]
    pub fn live(holds: Holds, clock: Arc<dyn Clock>, most: usize, most_each: u32) -> Self {
        let epoch = epoch(clock.now(), u16::from_le_bytes(random(&*clock)));
        Self::build(holds, epoch, Some(clock), (most, most_each))
    }

    /// When this life of the projection began, which is its process's.
    #[must_use]
    pub fn since(&self) -> Millis {
        Millis(i64::try_from(self.0.epoch >> CHANCE_BITS).unwrap_or(i64::MAX))
    }

    /// Lets at most so many listen by ordinary bodies, each of which keeps a connection of the accept loop for itself.
    pub fn limit_bodies(&self, most: usize) {
        self.0.doors.limit_bodies(most);
    }

    /// What is shown is compared with what the store says so often, from the next time on; every ten seconds where
    /// nobody says so.
    pub fn compare_every(&self, every: Duration) {
        self.0.compare_every.store(u64::try_from(every.as_millis()).unwrap_or(u64::MAX).max(1), Ordering::Relaxed);
    }

    /// Shows a seat wrongly, as no code does that is right.
    #[cfg(test)]
    pub(crate) fn break_on_purpose(&self, event: EventId, seat: domain::seat::SeatId, to: domain::seat::SeatState) {
        let known = self.projections();
        known.iter().filter(|projection| projection.event == event).for_each(|one| one.break_on_purpose(seat, to));
    }

    fn build(holds: Holds, epoch: u64, clock: Option<Arc<dyn Clock>>, (most, most_each): (usize, u32)) -> Self {
        Self(Arc::new(Inner {
            holds,
            epoch,
            clock,
            doors: Doors::new(most, most_each),
            numbers: AtomicUsize::new(0),
            beating: AtomicBool::new(false),
            comparing: AtomicBool::new(false),
            compare_every: AtomicU64::new(ticker::COMPARE),
            forgotten: AtomicU64::new(0),
            known: Mutex::default(),
            broadcaster: Broadcaster::default(),
            closing: CancellationToken::new(),
        }))
    }

    /// The event's states now, at most [`MAX_AGE`] old. Encoded once per change; calling it costs three locks.
    ///
    /// # Errors
    /// [`HoldError::NoSuchEvent`], or trouble.
    pub async fn get(&self, event: EventId, now: Millis) -> Result<Arc<Seen>, HoldError> {
        Ok(self.look(event, MAX_AGE, now).await?.1)
    }

    /// As [`Availability::get`], of an event that somebody looked at in the last minutes; nothing is opened for it, and it
    /// is remembered no longer than without.
    pub async fn known(&self, event: EventId, now: Millis) -> Option<Arc<Seen>> {
        let projection = self.0.known.lock().unwrap_or_else(PoisonError::into_inner).get(&event).cloned()?;
        let snapshot = self.0.holds.look(event, MAX_AGE, now).await.ok()??;
        Some(projection.fold(None, snapshot, &self.0.broadcaster))
    }

    async fn look(&self, event: EventId, age: i64, now: Millis) -> Result<(Arc<Projection>, Arc<Seen>), HoldError> {
        let inventory = self.0.holds.ready(event).await?;
        let snapshot = self.0.holds.states(event, age, now).await?;
        let projection = self.projection(event, &inventory, &snapshot, now);
        self.keep();
        let seen = projection.fold(Some(inventory), snapshot, &self.0.broadcaster);
        Ok((projection, seen))
    }

    fn projection(
        &self,
        event: EventId,
        inventory: &Arc<Inventory>,
        snapshot: &Arc<Snapshot>,
        now: Millis,
    ) -> Arc<Projection> {
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || {
            // Above whatever an earlier projection of the event told: its readers are not to take this one for it.
            let sequence = self.0.forgotten.load(Ordering::Relaxed) + 1;
            let at = Position { epoch: self.0.epoch, sequence };
            Arc::new(Projection::new(event, at, Arc::clone(inventory), Arc::clone(snapshot)))
        };
        let projection = Arc::clone(known.entry(event).or_insert_with(fresh));
        projection.touch(now);
        projection
    }

    /// Forgets what nobody has looked at for [`IDLE`] milliseconds.
    fn forget(&self, now: Millis) {
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, projection| {
            // Others have it from this map alone, which is locked: it cannot be wanted in between.
            let idle = Arc::strong_count(projection) == 1 && now.since(projection.touched()) > IDLE;
            if idle {
                self.0.forgotten.fetch_max(projection.sequence(), Ordering::Relaxed);
            }
            !idle
        });
    }

    /// Ends the streams of an event that is not shown any more, and forgets it: one day it may be shown again.
    fn end(&self, projection: &Arc<Projection>) {
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.get(&projection.event).is_some_and(|known| Arc::ptr_eq(known, projection)) {
            known.remove(&projection.event);
            self.0.forgotten.fetch_max(projection.sequence(), Ordering::Relaxed);
        }
        drop(known);
        projection.end(&self.0.broadcaster);
    }

    fn projections(&self) -> Vec<Arc<Projection>> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// The events that were looked at.
    #[must_use]
    pub fn events(&self) -> Vec<EventId> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    /// Lets somebody at `address` listen to the event.
    ///
    /// # Errors
    /// Inside: too many listen. Outside: [`HoldError::NoSuchEvent`], or trouble.
    pub async fn listen(
        &self,
        event: EventId,
        ask: Ask,
        address: IpAddr,
        now: Millis,
    ) -> Result<Result<Listener, Full>, HoldError> {
        if self.0.closing.is_cancelled() {
            return Ok(Err(Full::Closing));
        }
        let guest = match self.0.doors.enter(address) {
            Ok(guest) => guest,
            Err(full) => return Ok(Err(full)),
        };
        let (projection, _) = self.look(event, MAX_AGE, now).await?;
        let listening = Listening::to(&projection);
        self.tick(&projection);
        let number = self.0.numbers.fetch_add(1, Ordering::Relaxed);
        Ok(Ok(Listener { house: self.clone(), ask, guest, listening, number }))
    }

    /// How many listen.
    #[must_use]
    pub fn listeners(&self) -> usize {
        self.0.doors.count()
    }

    /// Ends every stream. Waits for the threads that write them, a few milliseconds.
    pub fn close(&self) {
        self.0.closing.cancel();
        self.0.broadcaster.stop();
    }

    fn closing(&self) -> CancellationToken {
        self.0.closing.clone()
    }

    fn broadcaster(&self) -> &Broadcaster {
        &self.0.broadcaster
    }
}
