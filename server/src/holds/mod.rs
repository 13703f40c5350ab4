//! Holding places: applies the rules, heals what was just lost, picks the best available, and asks the hold store.
//!
//! The service knows no clock and no request: the HTTP layer brings `now`, a fresh hold id and the holder.

pub mod audit;
mod cells;
#[cfg(test)]
mod contract;
pub mod cql;
mod grant;
pub mod inventory;
mod laid;
mod late;
pub mod memory;
mod standing;
pub mod store;
#[cfg(test)]
pub(crate) mod tests;
mod told;
pub mod trips;
mod turns;
pub mod views;
mod waits;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use app::api::holds::Healed;
use domain::hold::{HOLD_FOR, Hold, HoldRefusal};
use domain::ids::{EventId, HoldId, HolderId};
use domain::seat::SeatId;
use domain::time::Millis;
use thiserror::Error;

#[cfg(test)]
pub(crate) use contract::broken::{changing_under_its_readers, without_baskets};
pub use cql::CqlHolds;
pub use inventory::{Inventories, Inventory, InventoryTable};
pub use late::{Back, Patience, TOLD_WITHIN};
pub use memory::MemoryHolds;
pub use store::{HoldStore, Sold};
pub use views::Views;
pub use waits::{Counts, Uncounted};

use crate::trouble::Trouble;
use laid::Laid;
use late::Late;
use store::{Snapshot, StandingSold};
use turns::Turns;

/// Why there is no hold.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HoldError {
    /// There is no such event.
    #[error("no such event")]
    NoSuchEvent,
    /// The rules or the facts are against it; nothing was changed.
    #[error(transparent)]
    Refused(#[from] HoldRefusal),
    /// Whoever counts baskets says that it is too many at once.
    #[error("too often; again in {retry_after} ms")]
    TooOften {
        /// Milliseconds until there may be another.
        retry_after: i64,
    },
    /// A store failed.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// A granted hold and what it took to grant it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The hold.
    pub hold: Hold,
    /// Seats that were gone, and what is held instead.
    pub healed: Vec<Healed>,
    /// What best available had to relax, in words for people; empty when the wish was met.
    pub relaxed: Vec<String>,
    /// Seats of the replaced hold that were asked for again and are no longer for sale: they are not held any more.
    pub withdrawn: Vec<SeatId>,
    /// It was granted before, to an earlier try under the same id.
    pub found: bool,
}

impl Granted {
    /// As wished.
    fn plain(hold: Hold) -> Self {
        Self { hold, healed: Vec::new(), relaxed: Vec::new(), withdrawn: Vec::new(), found: false }
    }
}

/// The service: what everybody but its own folder calls.
#[derive(Clone)]
pub struct Holds {
    store: Arc<dyn HoldStore>,
    inventories: Arc<dyn Inventories>,
    views: Arc<Views>,
    /// Who opens an event now: whoever else needs it waits for them.
    opening: Arc<Openings>,
    laid: Arc<Laid>,
    lasts: i64,
    /// What is still being found out for somebody who was told that it takes longer.
    granting: Arc<Late<Granted>>,
    extending: Arc<Late<Hold>>,
    /// Of those who change one basket, one does at a time.
    changing: Arc<Turns>,
}

/// One lock for each event that is being opened.
type Openings = Mutex<HashMap<EventId, Weak<tokio::sync::Mutex<()>>>>;

impl Holds {
    /// Holds kept in `store`, of what `inventories` says is on sale.
    #[must_use]
    pub fn new(store: Arc<dyn HoldStore>, inventories: Arc<dyn Inventories>) -> Self {
        let views = Arc::new(Views::new(Arc::clone(&store)));
        let (opening, laid, granting, extending, changing) = Default::default();
        Self { store, inventories, views, opening, laid, lasts: HOLD_FOR, granting, extending, changing }
    }

    /// Holds last `ms` milliseconds instead of [`HOLD_FOR`].
    #[must_use]
    pub fn lasting(self, ms: i64) -> Self {
        Self { lasts: ms, ..self }
    }

    /// The holder's hold.
    ///
    /// # Errors
    /// [`HoldRefusal::Expired`] where there is none of that id and holder, or trouble.
    pub async fn get(&self, id: HoldId, holder: HolderId, now: Millis) -> Result<Hold, HoldError> {
        Ok(self.store.get(id, holder, now).await?.ok_or(HoldRefusal::Expired)?)
    }

    /// The holder's live holds, oldest first, of all events.
    ///
    /// # Errors
    /// Trouble.
    pub async fn by_holder(&self, holder: HolderId, now: Millis) -> Result<Vec<Hold>, HoldError> {
        Ok(self.store.by_holder(holder, now).await?)
    }

    /// The hold, if this very moment every place of it is the holder's: what a purchase asks before it claims. Its
    /// `expires_at` and `fence` go into the claiming transaction.
    ///
    /// # Errors
    /// [`HoldRefusal::Expired`], or trouble.
    pub async fn verify(&self, id: HoldId, holder: HolderId, now: Millis) -> Result<Hold, HoldError> {
        Ok(self.store.verify(id, holder, now).await?.ok_or(HoldRefusal::Expired)?)
    }

    /// The hold's places are claimed in Postgres: call it after the commit. The hold is spent. Saying it twice is
    /// harmless.
    ///
    /// # Errors
    /// Trouble.
    pub async fn mark_sold(&self, hold: &Hold) -> Result<(), HoldError> {
        if self.store.is_shared() {
            self.ready(hold.event).await?;
        }
        Ok(self.store.mark_sold(hold).await?)
    }

    /// The claims that came from `hold` were given up in Postgres: call it after the commit, with the places that are
    /// free again. Saying it twice is harmless.
    ///
    /// # Errors
    /// Trouble.
    pub async fn mark_free(&self, event: EventId, hold: HoldId, places: &Sold) -> Result<(), HoldError> {
        if self.store.is_shared() {
            self.ready(event).await?;
        }
        Ok(self.store.mark_free(event, hold, places).await?)
    }

    /// Of the event's standing places those that count as sold in this process, by hold.
    ///
    /// # Errors
    /// Trouble.
    pub async fn standing_sold(&self, event: EventId) -> Result<StandingSold, Trouble> {
        self.store.standing_sold(event).await
    }

    /// Frees what ran out. A job calls it every second, so that a freed seat shows within five.
    ///
    /// # Errors
    /// Trouble.
    pub async fn sweep(&self, now: Millis) -> Result<u32, HoldError> {
        let swept = self.store.sweep(now).await?;
        if self.store.is_shared() {
            // What the store let go of needs no look any more.
            let opened = self.store.opened();
            self.views.keep(&opened);
            self.laid.keep(&opened);
        }
        Ok(swept)
    }

    /// Whether other processes share the store, so that their clocks and this one's have to agree.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.store.is_shared()
    }

    /// Says by how many milliseconds this process's clock is ahead of PostgreSQL's; 0 where it is right or behind.
    pub fn clock_is_ahead(&self, by: i64) {
        self.store.clock_is_ahead(by);
    }

    /// Whether the store answers.
    ///
    /// # Errors
    /// What keeps it from answering.
    pub async fn check(&self) -> Result<(), Trouble> {
        self.store.check().await
    }

    /// The states of the event's places, not older than `max_age` milliseconds: what availability packs.
    ///
    /// # Errors
    /// [`HoldError::NoSuchEvent`], or trouble.
    pub async fn states(&self, event: EventId, max_age: i64, now: Millis) -> Result<Arc<Snapshot>, HoldError> {
        self.ready(event).await?;
        self.views.get(event, max_age, now).await?.ok_or(HoldError::NoSuchEvent)
    }

    /// As [`Holds::states`], of the hold store alone: nothing is asked of the catalogue, and an event that is not open
    /// is `None`.
    ///
    /// # Errors
    /// Trouble.
    pub async fn look(&self, event: EventId, max_age: i64, now: Millis) -> Result<Option<Arc<Snapshot>>, HoldError> {
        Ok(self.views.get(event, max_age, now).await?)
    }

    /// As [`Holds::look`], past everything that is remembered.
    ///
    /// # Errors
    /// Trouble.
    pub async fn look_past(&self, event: EventId, now: Millis) -> Result<Option<Arc<Snapshot>>, HoldError> {
        Ok(self.views.renew(event, now).await?)
    }

    /// Whether nothing has changed since the snapshot was begun ([`Views::is_still`]).
    ///
    /// # Errors
    /// Trouble.
    pub async fn is_still(&self, event: EventId, snapshot: &Snapshot) -> Result<bool, HoldError> {
        Ok(self.views.is_still(event, snapshot).await?)
    }

    /// Opens the event of a hold that another process granted.
    async fn reach(&self, hold: HoldId, holder: HolderId) -> Result<(), HoldError> {
        match self.store.elsewhere(hold, holder).await? {
            Some(event) => self.ready(event).await.map(drop),
            None => Ok(()),
        }
    }

    /// The event's inventory, the hold store knowing the event, what is sold of it, and what is not for sale by now.
    ///
    /// # Errors
    /// [`HoldError::NoSuchEvent`], or trouble.
    pub async fn ready(&self, event: EventId) -> Result<Arc<Inventory>, HoldError> {
        let inventory = self.inventories.inventory(event).await?.ok_or(HoldError::NoSuchEvent)?;
        if !self.store.is_open(event).await? {
            // One at a time: what is sold is a long question, and a thousand may come in the second after a restart.
            let turn = self.turn(event);
            let _opens = turn.lock().await;
            if !self.store.is_open(event).await? {
                self.store.open(event, inventory.layout()).await?;
                self.laid.is(&inventory);
                let sold = self.inventories.sold(event).await?;
                self.store.load_sold(event, sold).await?;
            }
        } else if !self.laid.has(&inventory) {
            self.lay(&inventory).await;
        }
        Ok(inventory)
    }

    /// Tells the store of an open event's layout. Nobody waits for whoever does, and an event whose layout cannot be told
    /// goes on with the one it has.
    async fn lay(&self, inventory: &Arc<Inventory>) {
        let turn = self.turn(inventory.event);
        let Ok(_lays) = turn.try_lock() else { return };
        match self.store.open(inventory.event, inventory.layout()).await {
            Ok(()) => self.laid.is(inventory),
            Err(trouble) => {
                tracing::warn!(event = %inventory.event, %trouble, "seats that are for sale by now, or no more, could not be told");
                self.laid.is_not(inventory);
            }
        }
    }

    fn turn(&self, event: EventId) -> Arc<tokio::sync::Mutex<()>> {
        let mut opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = opening.get(&event).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::default();
        opening.retain(|_, turn| turn.strong_count() > 0);
        opening.insert(event, Arc::downgrade(&turn));
        turn
    }
}
