//! Tickets in this process: the table's twin for tests.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use domain::ids::TicketId;

use super::store::{DoorStore, DoorTicket, Shown};
use crate::trouble::Trouble;

/// Tickets by id; away on command.
#[derive(Debug, Default)]
pub(super) struct MemoryTickets {
    rows: Mutex<HashMap<TicketId, Shown>>,
    /// Nobody answers.
    pub(super) away: AtomicBool,
    /// Its row cannot be read.
    pub(super) poisoned: Mutex<Option<TicketId>>,
}

impl MemoryTickets {
    fn answers(&self) -> Result<(), Trouble> {
        let away = self.away.load(Ordering::SeqCst);
        if away { Err(Trouble::Unavailable { what: "CQL", detail: "away".into() }) } else { Ok(()) }
    }
}

#[async_trait]
impl DoorStore for MemoryTickets {
    async fn find(&self, ticket: TicketId) -> Result<Option<Shown>, Trouble> {
        self.answers()?;
        if *self.poisoned.lock().unwrap_or_else(PoisonError::into_inner) == Some(ticket) {
            return Err(Trouble::Corrupt { what: "CQL", detail: "ticket state 9".into() });
        }
        Ok(self.rows.lock().unwrap_or_else(PoisonError::into_inner).get(&ticket).cloned())
    }

    async fn project(&self, ticket: &DoorTicket, stamp: i64) -> Result<(), Trouble> {
        self.answers()?;
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        if rows.get(&ticket.id).is_none_or(|shown| shown.stamp <= stamp) {
            rows.insert(ticket.id, Shown { ticket: ticket.clone(), stamp });
        }
        Ok(())
    }
}
