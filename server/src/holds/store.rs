//! The hold store's contract: who keeps which free seat right now. Never trusted for "sold": Postgres owns that.
//!
//! Every call takes `now`. A hold is live while `now < expires_at`, whatever has or has not been swept. Calls that
//! change something answer with three values, ready for a remote store: it was done, it was lost to facts, or it is
//! not known. Repeating a call with the same hold id is always safe; that is how an unknown outcome is resolved.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::availability::Packed;
use domain::hold::{Fence, Hold};
use domain::ids::{EventId, HoldId, HolderId, TierId};
use domain::price::Line;
use domain::seat::SeatId;
use domain::time::Millis;
use tokio::time::Instant;

use super::TOLD_WITHIN;
use super::audit::{Drift, Marks};
use crate::trouble::Trouble;

/// Whoever asks is told, or told that it takes longer, in [`TOLD_WITHIN`]; until then nobody else is asked under the same
/// id. Half of that is the service's, and half the store's behind it.
const ALONE: Duration = Duration::from_millis(TOLD_WITHIN.as_millis() as u64 / 2);

/// The moment by which it is judged whether an id is fresh, in a call that was made at `now`, which was the instant
/// `asked`. Where the call has waited so long that another process may have been asked meanwhile, that is the moment by now.
#[must_use]
pub fn later(now: Millis, asked: Instant) -> Millis {
    let waited = asked.elapsed();
    if waited < ALONE { now } else { now.plus(i64::try_from(waited.as_millis()).unwrap_or(i64::MAX)) }
}

/// What a call that changes something came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    /// Done, now or by an earlier call with the same hold id.
    Applied(T),
    /// Not done, and it will not be: the facts are against it.
    Lost(Loss),
    /// Not known ([`Trouble::Unconfirmed`]), or surely not done ([`Trouble::Unavailable`]). Ask again with the same id.
    Unknown(Trouble),
}

/// The facts that were against a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loss {
    /// These seats are held by others, sold or blocked (ascending); these standing tiers have too few places left.
    Taken {
        /// Seats, ascending.
        seats: Vec<SeatId>,
        /// Standing tiers.
        standing: Vec<TierId>,
    },
    /// The holder has as many live holds as allowed.
    TooManyHolds,
    /// No such live hold of this holder, or no longer all of it is theirs.
    Gone,
    /// It was extended as often as allowed.
    NoExtensionLeft,
    /// A hold of that id exists with other contents: the id was used twice.
    IdReused,
    /// The event was never opened, or its sold seats are still being loaded.
    NotOpen,
    /// Too many wait for these seats already; nothing was done, and it may be asked again.
    Busy,
}

/// What an event has to be held. Its blocks stay what they are while it is open; what is blocked and how many stand may
/// change.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// The contention block of each seat, by seat id ([`domain::chart::Seats::block`]).
    pub blocks: Arc<[u32]>,
    /// Seats that are not for sale.
    pub blocked: Vec<SeatId>,
    /// Standing tiers and how many places each has in all.
    pub standing: Vec<(TierId, u32)>,
    /// Fences issued from now on are above this one (what Postgres remembers of this event).
    pub fence_floor: Fence,
}

/// What Postgres knows of claims and sales.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sold {
    /// Seats with a live claim.
    pub seats: Vec<SeatId>,
    /// Standing places reserved and sold, by tier.
    pub standing: Vec<(TierId, u32)>,
    /// For [`HoldStore::load_sold`]: the holds whose orders are in `standing`, each with its places of a tier, read at
    /// the same moment. What is said of them later is no news.
    pub counted: Vec<(HoldId, TierId, u32)>,
}

/// A hold to be placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Its id, minted by the caller: a retry brings the same one.
    pub id: HoldId,
    /// The event.
    pub event: EventId,
    /// Whose it will be.
    pub holder: HolderId,
    /// Seats, ascending, none twice.
    pub seats: Vec<SeatId>,
    /// Standing places by tier, no tier twice, none zero.
    pub standing: Vec<(TierId, u32)>,
    /// The lines with the prices shown.
    pub lines: Vec<Line>,
    /// Runs out then.
    pub expires_at: Millis,
    /// How often it may be extended.
    pub extensions: u8,
    /// A hold of the same holder and event that is given back if, and only if, this one is granted. Its places count
    /// as free for this one. One that is gone already is no obstacle.
    pub replaces: Option<HoldId>,
    /// Live holds the holder may have, this one included and the replaced one not.
    pub max_holds: usize,
}

impl Grant {
    /// The hold that it becomes.
    #[must_use]
    pub fn granted(&self, expires_at: Millis, extensions_left: u8, fence: Fence) -> Hold {
        Hold {
            id: self.id,
            event: self.event,
            holder: self.holder,
            seats: self.seats.clone(),
            standing: self.standing.clone(),
            lines: self.lines.clone(),
            expires_at,
            extensions_left,
            fence,
        }
    }
}

/// Standing places by hold.
pub type StandingSold = Vec<(HoldId, Vec<(TierId, u32)>)>;

/// All places of an event at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Two bits a seat.
    pub states: Packed,
    /// Standing places left, by tier, in the layout's order.
    pub standing: Vec<(TierId, u32)>,
    /// When the first of the live holds runs out: until then nothing changes without the version changing.
    pub stale_at: Option<Millis>,
    /// The event's version the snapshot is at least as new as.
    pub version: u64,
}

/// Who keeps which seat. The laws are in `contract.rs`.
#[async_trait]
pub trait HoldStore: Send + Sync + 'static {
    /// Whether other processes share it: then an event may be on sale that this process has not opened yet.
    fn is_shared(&self) -> bool {
        false
    }

    /// For how many milliseconds after a hold's end nobody else can have its places: clocks of processes differ.
    fn grace(&self) -> i64 {
        0
    }

    /// Says by how many milliseconds this process's clock is ahead: others' holds run out so much later by it.
    fn clock_is_ahead(&self, _by: i64) {}

    /// The event of a hold, where it has to be opened here before the hold can be changed.
    async fn elsewhere(&self, _: HoldId, _: HolderId) -> Result<Option<EventId>, Trouble> {
        Ok(None)
    }

    /// As [`HoldStore::get`], for an id that is about to be used: a store may know by a fresh id that nobody used it.
    async fn earlier(&self, hold: HoldId, holder: HolderId, now: Millis) -> Result<Option<Hold>, Trouble> {
        self.get(hold, holder, now).await
    }

    /// Seats of the event, ascending, that an earlier try under this id has taken without a word to anybody, as far as is
    /// known; what is known of `wanted` is made sure of first. A store whose calls never end half way has none.
    async fn begun(
        &self,
        _: EventId,
        _: (HoldId, HolderId),
        _wanted: &[SeatId],
        _: Millis,
    ) -> Result<Vec<SeatId>, Trouble> {
        Ok(Vec::new())
    }

    /// Waits until nothing of the hold is under way any more, whoever has stopped waiting for it.
    async fn settled(&self, _: HoldId) {}

    /// Makes an event known, closed until [`HoldStore::load_sold`]. Opening it again takes over which seats are blocked,
    /// and the standing tiers with their quantities, and changes nothing else: whoever holds a seat that is blocked by
    /// then has it until the hold ends, and nobody has it afterwards.
    async fn open(&self, event: EventId, layout: Layout) -> Result<(), Trouble>;

    /// Marks what Postgres knows as sold and opens the sale. What [`HoldStore::mark_sold`] and
    /// [`HoldStore::mark_free`] said since `open` is newer and wins. Standing places of a hold that is counted here are
    /// not counted again when it is marked sold; those of a hold that is not are not given back when it is marked free.
    async fn load_sold(&self, event: EventId, sold: Sold) -> Result<(), Trouble>;

    /// Whether places can be held.
    async fn is_open(&self, event: EventId) -> Result<bool, Trouble>;

    /// Places a hold, all or none.
    async fn place(&self, grant: &Grant, now: Millis) -> Outcome<Hold>;

    /// A live hold as last known; may lag behind in a remote store.
    async fn get(&self, hold: HoldId, holder: HolderId, now: Millis) -> Result<Option<Hold>, Trouble>;

    /// The holder's live holds, oldest first.
    async fn by_holder(&self, holder: HolderId, now: Millis) -> Result<Vec<Hold>, Trouble>;

    /// The hold, if at this moment it is live and every place of it is the holder's (a SERIAL read in a remote store).
    async fn verify(&self, hold: HoldId, holder: HolderId, now: Millis) -> Result<Option<Hold>, Trouble>;

    /// Adds `by` milliseconds and takes one extension off.
    async fn extend(&self, hold: HoldId, holder: HolderId, by: i64, now: Millis) -> Outcome<Hold>;

    /// Gives a hold back; true if there was one. Places that meanwhile belong to others, or are sold, stay theirs.
    async fn release(&self, hold: HoldId, holder: HolderId, now: Millis) -> Outcome<bool>;

    /// The hold's places are claimed in Postgres: they are sold whoever holds them, and the hold is spent. A shared
    /// store leaves seats alone that are held with a greater fence, as the word may be old by then: if it is true, the
    /// audit says it again. Known by the hold's id: saying it twice counts standing places once. The nil id stands for
    /// no hold at all.
    async fn mark_sold(&self, hold: &Hold) -> Result<(), Trouble>;

    /// Claims were given up in Postgres: these places are free again. Standing places are known by the hold's id, as
    /// above; of seats the caller knows that nobody claims them. Seats that are not sold stay as they are.
    async fn mark_free(&self, event: EventId, hold: HoldId, places: &Sold) -> Result<(), Trouble>;

    /// Of the event's standing places those that count as sold, by hold; none where others share the store and see to
    /// its marks.
    async fn standing_sold(&self, _: EventId) -> Result<StandingSold, Trouble> {
        Ok(Vec::new())
    }

    /// Frees what ran out; answers how many holds. Correctness never waits for it.
    async fn sweep(&self, now: Millis) -> Result<u32, Trouble>;

    /// Every place's state; `None` for an event that is not open.
    async fn snapshot(&self, event: EventId, now: Millis) -> Result<Option<Snapshot>, Trouble>;

    /// Events that are open here, where the store is shared.
    fn opened(&self) -> Vec<EventId> {
        Vec::new()
    }

    /// What is marked as sold, read anew; `None` where nobody else could have changed it.
    async fn marks(&self, _: EventId) -> Result<Option<Marks>, Trouble> {
        Ok(None)
    }

    /// Corrects marks, each only where it is still as wrong as it was found.
    async fn correct(&self, _: EventId, _: &Drift) -> Result<(), Trouble> {
        Ok(())
    }

    /// Grows with every change of the event's places; `None` where it is not open.
    async fn version(&self, event: EventId) -> Result<Option<u64>, Trouble>;

    /// Whether the store answers at all: for whoever watches over the house.
    async fn check(&self) -> Result<(), Trouble> {
        Ok(())
    }
}
