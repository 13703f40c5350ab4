//! Where doors ask after tickets.

use async_trait::async_trait;
use domain::ids::{EventId, OrderId, TicketId};
use domain::seat::SeatId;
use domain::ticket::TicketStatus;
use domain::time::Millis;

use crate::trouble::Trouble;

/// A ticket as doors ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoorTicket {
    /// The ticket.
    pub id: TicketId,
    /// The event that it opens.
    pub event: EventId,
    /// Its order.
    pub order: OrderId,
    /// The seat; none for a standing place.
    pub seat: Option<SeatId>,
    /// What a person reads of the place.
    pub label: String,
    /// Where it stands.
    pub status: TicketStatus,
    /// When it was issued.
    pub issued_at: Millis,
    /// When it let somebody in.
    pub used_at: Option<Millis>,
    /// Its last change, in microseconds since 1970 by PostgreSQL's clock: grows with each.
    pub version: i64,
}

/// A ticket as it stands in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The ticket.
    pub ticket: DoorTicket,
    /// The greatest stamp that any of it was written under.
    pub stamp: i64,
}

/// A store near the doors. Each ticket has one row, written whole.
#[async_trait]
pub trait DoorStore: Send + Sync + 'static {
    /// The ticket, if it was ever written.
    async fn find(&self, ticket: TicketId) -> Result<Option<Shown>, Trouble>;

    /// Writes a ticket under a stamp (microseconds since 1970): what was written under a greater one stays. Safe to repeat.
    async fn project(&self, ticket: &DoorTicket, stamp: i64) -> Result<(), Trouble>;

    /// Reaches the store in another way, where there is one: it does not answer.
    async fn renew(&self) -> Result<(), Trouble> {
        Ok(())
    }
}
