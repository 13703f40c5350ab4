//! What follows a step of the purchase, told by the outbox after it: the hold store's marks and the ticket mail.

use std::sync::Arc;

use async_trait::async_trait;
use domain::hold::{Fence, Hold};
use domain::ids::{EventId, HoldId, HolderId, OrderId};
use domain::order::OrderStatus;
use domain::seat::SeatId;
use domain::time::Millis;
use uuid::Uuid;

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
        let seats = order.seats();
        let claimed = parts.store.claimed(order.event, &seats).await?;
        if order.status.keeps_places() {
            let fence = claimed.iter().map(|(_, fence)| *fence).max().unwrap_or_default();
            return parts.places.claimed(&Hold { fence, ..order.as_hold() }).await;
        }
        // Late, some of the seats may be another order's already: only what nobody has claimed is free.
        let is_claimed = |seat: &SeatId| claimed.binary_search_by_key(seat, |(seat, _)| *seat).is_ok();
        let free: Vec<_> = seats.into_iter().filter(|seat| !is_claimed(seat)).collect();
        parts.places.freed(order.event, order.hold, free.clone(), order.standing()).await?;
        // Claimed between the look and the word: said again.
        self.0.tell_sold(order.event, &free, Fence::default()).await
    }
}

impl Purchase {
    /// Tells the hold store which of these seats are sold by the books, so that it offers them to nobody. Holds of them
    /// up to the fence `refused` are known to be worth nothing.
    pub(super) async fn tell_sold(&self, event: EventId, seats: &[SeatId], refused: Fence) -> Result<(), Trouble> {
        let parts = &self.parts;
        let sold = parts.store.claimed(event, seats).await?;
        let mut fences: Vec<Fence> = sold.iter().map(|(_, fence)| *fence).collect();
        fences.sort_unstable();
        fences.dedup();
        for fence in fences {
            let seats = sold.iter().filter(|(_, of)| *of == fence).map(|(seat, _)| *seat).collect();
            parts.places.claimed(&nobodys(event, seats, fence.max(refused), parts.clock.now())).await?;
        }
        // Given up between the look and the word: taken back.
        let seats: Vec<SeatId> = sold.into_iter().map(|(seat, _)| seat).collect();
        let still = parts.store.claimed(event, &seats).await?;
        let freed: Vec<_> =
            seats.into_iter().filter(|seat| still.binary_search_by_key(seat, |(seat, _)| *seat).is_err()).collect();
        if freed.is_empty() { Ok(()) } else { parts.places.freed(event, HoldId(Uuid::nil()), freed, vec![]).await }
    }
}

/// Sold seats whose owners' holds are not known here.
fn nobodys(event: EventId, seats: Vec<SeatId>, fence: Fence, now: Millis) -> Hold {
    Hold {
        id: HoldId(Uuid::nil()),
        event,
        holder: HolderId(Uuid::nil()),
        seats,
        standing: vec![],
        lines: vec![],
        expires_at: now,
        extensions_left: 0,
        fence,
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
