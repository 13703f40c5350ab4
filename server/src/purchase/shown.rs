//! What pages show of tickets and their events.

use domain::ids::{EventId, TicketId};

use super::types::{EventFacts, OrderRecord, TicketRecord};
use super::{Purchase, print};
use crate::tickets::Print;
use crate::trouble::Trouble;

impl Purchase {
    /// A ticket with its event, by the unguessable link of [`crate::tickets::Signer::link`]; `None` for any other text.
    ///
    /// # Errors
    /// [`Trouble`] of the books.
    pub async fn ticket(&self, link: &str) -> Result<Option<(TicketRecord, EventFacts)>, Trouble> {
        let Some(id) = self.parts.signer.read_link(link) else { return Ok(None) };
        self.ticket_by_id(id).await
    }

    async fn ticket_by_id(&self, id: TicketId) -> Result<Option<(TicketRecord, EventFacts)>, Trouble> {
        let Some(ticket) = self.parts.store.ticket(id).await? else { return Ok(None) };
        let event = self.parts.store.event(ticket.event).await?;
        Ok(event.map(|event| (ticket, event)))
    }

    /// The order that a ticket belongs to.
    ///
    /// # Errors
    /// [`Trouble`] of the books.
    pub async fn order_of(&self, ticket: &TicketRecord) -> Result<Option<OrderRecord>, Trouble> {
        self.parts.store.load(ticket.order).await
    }

    /// What a ticket page shows: the prints of the whole order, and which of them the link is for.
    ///
    /// # Errors
    /// [`Trouble`] of the books.
    pub async fn prints(&self, link: &str) -> Result<Option<(Vec<Print>, usize)>, Trouble> {
        let Some((ticket, event)) = self.ticket(link).await? else { return Ok(None) };
        let Some(order) = self.parts.store.load(ticket.order).await? else { return Ok(None) };
        let index = order.tickets.iter().position(|other| other.id == ticket.id);
        Ok(index.map(|index| (print::prints(&order, &event), index)))
    }

    /// What an order's tickets print of their event.
    ///
    /// # Errors
    /// [`Trouble`] of the books.
    pub async fn event(&self, event: EventId) -> Result<Option<EventFacts>, Trouble> {
        self.parts.store.event(event).await
    }
}
