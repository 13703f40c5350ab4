//! Which layout an open event was last given: an inventory that differs in it is told to the hold store.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, Weak};

use domain::ids::EventId;

use super::inventory::Inventory;

/// By event: the inventory that was last compared, and the fingerprint of the layout that the store was given.
#[derive(Debug, Default)]
pub(super) struct Laid(RwLock<HashMap<EventId, (Weak<Inventory>, u64)>>);

impl Laid {
    /// Whether the store has the inventory's layout, or is not to be asked again before there is another inventory.
    pub(super) fn has(&self, inventory: &Arc<Inventory>) -> bool {
        let known = |known: &(Weak<Inventory>, u64)| (std::ptr::eq(known.0.as_ptr(), Arc::as_ptr(inventory)), known.1);
        let seen = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&inventory.event).map(known);
        match seen {
            Some((true, _)) => true,
            Some((false, laid)) if laid == inventory.fingerprint() => {
                self.note(inventory, laid);
                true
            }
            _ => false,
        }
    }

    /// The store has it.
    pub(super) fn is(&self, inventory: &Arc<Inventory>) {
        self.note(inventory, inventory.fingerprint());
    }

    /// The store could not be given it: it is tried again with the next inventory, a second later.
    pub(super) fn is_not(&self, inventory: &Arc<Inventory>) {
        self.note(inventory, !inventory.fingerprint());
    }

    fn note(&self, inventory: &Arc<Inventory>, laid: u64) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(inventory.event, (Arc::downgrade(inventory), laid));
    }

    /// Forgets all events but these.
    pub(super) fn keep(&self, events: &[EventId]) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).retain(|event, _| events.contains(event));
    }
}
