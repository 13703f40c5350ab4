//! Shared looks at an event's places: one snapshot serves everybody until something changes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use domain::ids::EventId;
use domain::time::Millis;

use super::memory::lock;
use super::store::{HoldStore, Snapshot};
use crate::trouble::Trouble;

#[derive(Debug)]
struct Look {
    at: Millis,
    snapshot: Arc<Snapshot>,
}

/// Snapshots by event, kept as long as they are true or young enough.
pub struct Views {
    store: Arc<dyn HoldStore>,
    looks: Mutex<HashMap<EventId, Look>>,
}

impl Views {
    /// Looks at `store`.
    #[must_use]
    pub fn new(store: Arc<dyn HoldStore>) -> Self {
        Self { store, looks: Mutex::default() }
    }

    /// Forgets all events but these.
    pub fn keep(&self, events: &[EventId]) {
        lock(&self.looks).retain(|event, _| events.contains(event));
    }

    /// The event's places as they are, or as they were at most `max_age` milliseconds ago; `None` where the event is
    /// not open.
    ///
    /// # Errors
    /// What the store says.
    pub async fn get(&self, event: EventId, max_age: i64, now: Millis) -> Result<Option<Arc<Snapshot>>, Trouble> {
        let known = lock(&self.looks).get(&event).map(|look| (look.at, Arc::clone(&look.snapshot)));
        if let Some((at, snapshot)) = known {
            // Callers read the clock before they come here: one may be a little behind the look of another.
            let age = now.since(at).saturating_abs();
            let in_time = snapshot.stale_at.is_none_or(|stale| now < stale);
            let fresh = in_time && self.is_still(event, &snapshot).await?;
            if fresh || age < max_age {
                return Ok(Some(snapshot));
            }
        }
        self.renew(event, now).await
    }

    /// Whether nothing has changed since the snapshot was begun: one that was changed under its reader's eyes holds some
    /// of the change under the number of before.
    ///
    /// # Errors
    /// What the store says.
    pub async fn is_still(&self, event: EventId, snapshot: &Snapshot) -> Result<bool, Trouble> {
        Ok(self.store.version(event).await? == Some(snapshot.version))
    }

    /// The event's places as the store says they are, past everything that is remembered.
    ///
    /// # Errors
    /// What the store says.
    pub async fn renew(&self, event: EventId, now: Millis) -> Result<Option<Arc<Snapshot>>, Trouble> {
        let Some(snapshot) = self.store.snapshot(event, now).await? else { return Ok(None) };
        let snapshot = Arc::new(snapshot);
        let mut looks = lock(&self.looks);
        let look = looks.entry(event).or_insert_with(|| Look { at: now, snapshot: Arc::clone(&snapshot) });
        if look.snapshot.version <= snapshot.version {
            *look = Look { at: now, snapshot: Arc::clone(&snapshot) };
        }
        Ok(Some(snapshot))
    }
}
