//! A hold store that goes away, comes to a halt, or goes out of its mind when the test says so.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::hold::Hold;
use domain::ids::{EventId, HoldId, HolderId};
use domain::time::Millis;
use parterre::holds::MemoryHolds;
use parterre::holds::store::{Grant, HoldStore, Layout, Outcome, Snapshot, Sold};
use parterre::trouble::Trouble;
use tokio::sync::{OwnedRwLockWriteGuard, RwLock};

/// Holds in memory until there is trouble; from then on every question is answered by it.
#[derive(Clone, Default)]
pub(crate) struct Away {
    inner: Arc<MemoryHolds>,
    trouble: Arc<Mutex<Option<Trouble>>>,
    gate: Arc<RwLock<()>>,
}

impl Away {
    pub(crate) fn with(&self, trouble: Trouble) {
        *self.trouble.lock().unwrap() = Some(trouble);
    }

    /// Whoever asks waits until what this answers is dropped.
    pub(crate) async fn halt(&self) -> OwnedRwLockWriteGuard<()> {
        Arc::clone(&self.gate).write_owned().await
    }

    async fn well(&self) -> Result<&MemoryHolds, Trouble> {
        let _open = self.gate.read().await;
        self.trouble.lock().unwrap().clone().map_or(Ok(&self.inner), Err)
    }
}

#[async_trait]
impl HoldStore for Away {
    async fn open(&self, event: EventId, layout: Layout) -> Result<(), Trouble> {
        self.well().await?.open(event, layout).await
    }

    async fn load_sold(&self, event: EventId, sold: Sold) -> Result<(), Trouble> {
        self.well().await?.load_sold(event, sold).await
    }

    async fn is_open(&self, event: EventId) -> Result<bool, Trouble> {
        self.well().await?.is_open(event).await
    }

    async fn place(&self, grant: &Grant, now: Millis) -> Outcome<Hold> {
        match self.well().await {
            Ok(store) => store.place(grant, now).await,
            Err(trouble) => Outcome::Unknown(trouble),
        }
    }

    async fn get(&self, hold: HoldId, holder: HolderId, now: Millis) -> Result<Option<Hold>, Trouble> {
        self.well().await?.get(hold, holder, now).await
    }

    async fn by_holder(&self, holder: HolderId, now: Millis) -> Result<Vec<Hold>, Trouble> {
        self.well().await?.by_holder(holder, now).await
    }

    async fn verify(&self, hold: HoldId, holder: HolderId, now: Millis) -> Result<Option<Hold>, Trouble> {
        self.well().await?.verify(hold, holder, now).await
    }

    async fn extend(&self, hold: HoldId, holder: HolderId, by: i64, now: Millis) -> Outcome<Hold> {
        match self.well().await {
            Ok(store) => store.extend(hold, holder, by, now).await,
            Err(trouble) => Outcome::Unknown(trouble),
        }
    }

    async fn release(&self, hold: HoldId, holder: HolderId, now: Millis) -> Outcome<bool> {
        match self.well().await {
            Ok(store) => store.release(hold, holder, now).await,
            Err(trouble) => Outcome::Unknown(trouble),
        }
    }

    async fn mark_sold(&self, hold: &Hold) -> Result<(), Trouble> {
        self.well().await?.mark_sold(hold).await
    }

    async fn mark_free(&self, event: EventId, hold: HoldId, places: &Sold) -> Result<(), Trouble> {
        self.well().await?.mark_free(event, hold, places).await
    }

    async fn sweep(&self, now: Millis) -> Result<u32, Trouble> {
        self.well().await?.sweep(now).await
    }

    async fn snapshot(&self, event: EventId, now: Millis) -> Result<Option<Snapshot>, Trouble> {
        self.well().await?.snapshot(event, now).await
    }

    async fn version(&self, event: EventId) -> Result<Option<u64>, Trouble> {
        self.well().await?.version(event).await
    }
}
