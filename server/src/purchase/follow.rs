//! What follows a step of the purchase, told by the outbox after it: the hold store's marks and the ticket mail.

use std::sync::Arc;

use async_trait::async_trait;
use domain::ids::OrderId;
use domain::order::OrderStatus;

use super::{AVAILABILITY, Purchase, TICKET_MAIL};
use crate::jobs::{Handler, Message};
use crate::mail::{Mailer, TicketMail};
use crate::trouble::Trouble;

/// Tells the hold store who owns an order's places, by the books as they are now. Usually it knows already; this is
/// for the process that died before it could say so.
pub struct AvailabilityFollower(pub Purchase);

#[async_trait]
impl Handler for AvailabilityFollower {
    fn topic(&self) -> &'static str {
        AVAILABILITY
    }

    fn side_by_side(&self) -> u32 {
        8
    }

    async fn handle(&self, message: &Message) -> Result<(), Trouble> {
        let parts = &self.0.parts;
        let Some(order) = parts.store.load(OrderId(message.subject)).await? else { return Ok(()) };
        if order.status.keeps_places() {
            parts.places.claimed(&order.as_hold()).await
        } else {
            parts.places.freed(order.event, order.hold, order.seats(), order.standing()).await
        }
    }
}

/// Mails an order's tickets.
pub struct TicketMailer {
    /// The purchase whose orders they are.
    pub purchase: Purchase,
    /// Sends or writes mails.
    pub mailer: Arc<dyn Mailer>,
    /// The address that fans see, without a slash at the end.
    pub public_url: String,
}

#[async_trait]
impl Handler for TicketMailer {
    fn topic(&self) -> &'static str {
        TICKET_MAIL
    }

    /// Mail servers dislike more from one sender.
    fn side_by_side(&self) -> u32 {
        4
    }

    async fn handle(&self, message: &Message) -> Result<(), Trouble> {
        let parts = &self.purchase.parts;
        let Some(order) = parts.store.load(OrderId(message.subject)).await? else { return Ok(()) };
        if order.status != OrderStatus::Paid {
            return Ok(());
        }
        let Some(event) = parts.store.event(order.event).await? else { return Ok(()) };
        let prints = super::print::prints(&order, &event);
        let links = order.tickets.iter().map(|t| format!("{}/tickets/{}", self.public_url, parts.signer.link(t.id)));
        let mail = TicketMail {
            order: order.id,
            name: order.buyer.name().to_owned(),
            address: order.buyer.email().to_owned(),
            total: order.totals.total,
            links: links.collect(),
            prints,
            sent_at: parts.clock.now(),
        };
        self.mailer.send_tickets(&mail).await
    }
}
