//! The books of the purchase: every method is one transaction that locks the order, looks, and moves it forward at
//! most one step, with its audit row. What is out of turn changes nothing and says so.

use async_trait::async_trait;
use domain::hold::{Fence, HoldRefusal};
use domain::ids::{EventId, HoldId, HolderId, OrderId, PaymentId, TicketId};
use domain::order::{Buyer, OrderRefusal};
use domain::seat::SeatId;
use domain::time::Millis;

use super::types::{CloseAs, EventFacts, NewOrder, NewTicket, OrderRecord, TicketRecord};
use crate::payments::Intent;
use crate::trouble::Trouble;

/// What came of writing an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placed {
    /// Written now.
    New,
    /// The hold became this order before.
    Before(OrderId),
}

/// What came of writing an attempt to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Written now.
    Now,
    /// It was written before: whoever asks again is told how it went.
    Before,
}

/// What came of writing the tickets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fulfilled {
    /// Paid, with tickets.
    Now,
    /// It was paid before, or is over: nothing was done.
    OutOfTurn,
    /// The order's places are not all its own, or what was taken is not its price: it is being wound up, and a refund of what was paid is written down.
    Impossible,
    /// A short code was taken: nothing was done, mint others.
    CodeTaken,
}

/// Which providers are asked.
#[derive(Clone, Copy, Debug)]
pub enum Asked<'a> {
    /// These.
    Only(&'a [&'static str]),
    /// All but these.
    AllBut(&'a [&'static str]),
}

/// The books.
#[async_trait]
pub trait OrderStore: Send + Sync + 'static {
    /// Claims the hold's places and writes the order, or refuses: limits, capacity, sale, claims, fences, and the hold's
    /// end by the database's clock, all under the tiers' locks.
    async fn place(&self, order: &NewOrder) -> Result<Result<Placed, OrderRefusal>, Trouble>;

    /// The order that a hold became.
    async fn of_hold(&self, hold: HoldId, holder: HolderId) -> Result<Option<OrderId>, Trouble>;

    /// Corrects the buyer's details while nothing is paid; refuses where that person has bought as much as one may.
    async fn amend_buyer(&self, order: OrderId, buyer: &Buyer) -> Result<Result<(), OrderRefusal>, Trouble>;

    /// The order's time follows its extended hold, forward only and while it has not run out.
    async fn extend(&self, hold: HoldId, holder: HolderId, until: Millis) -> Result<bool, Trouble>;

    /// The hold is spent on an unpaid order: gives that order `by` more milliseconds, if the hold had an extension left.
    async fn prolong(&self, hold: HoldId, holder: HolderId, by: i64) -> Result<Result<OrderId, HoldRefusal>, Trouble>;

    /// An order with all that hangs on it.
    async fn load(&self, order: OrderId) -> Result<Option<OrderRecord>, Trouble>;

    /// A ticket by its id.
    async fn ticket(&self, ticket: TicketId) -> Result<Option<TicketRecord>, Trouble>;

    /// What tickets print of their event.
    async fn event(&self, event: EventId) -> Result<Option<EventFacts>, Trouble>;

    /// Writes an attempt to pay down before the provider is asked; the same one again changes nothing.
    async fn begin_payment(
        &self,
        order: OrderId,
        payment: PaymentId,
        provider: &str,
    ) -> Result<Result<Begun, OrderRefusal>, Trouble>;

    /// Takes the provider's word over: forward, or nothing. True if anything changed.
    async fn record(&self, order: OrderId, payment: PaymentId, word: &Intent) -> Result<bool, Trouble>;

    /// Writes the capture down before it is asked for; false when it is not its turn.
    async fn begin_capture(&self, order: OrderId, payment: PaymentId) -> Result<bool, Trouble>;

    /// Writes the cancellation down before it is asked for; false when it is not its turn.
    async fn begin_cancel(&self, order: OrderId, payment: PaymentId) -> Result<bool, Trouble>;

    /// Writes the refund of an order that is over down before it is asked for; false when it is not its turn.
    async fn begin_refund(&self, order: OrderId, payment: PaymentId) -> Result<bool, Trouble>;

    /// Paid, or nothing to pay (`None`): reserved becomes sold, tickets and mail are written.
    async fn fulfil(
        &self,
        order: OrderId,
        payment: Option<PaymentId>,
        tickets: &[NewTicket],
    ) -> Result<Fulfilled, Trouble>;

    /// Captured, and it cannot become tickets: the refund is written down and the order is wound up. False when it is not
    /// its turn.
    async fn give_up(&self, order: OrderId, payment: PaymentId) -> Result<bool, Trouble>;

    /// From now on no payment may start. An order whose time has not run out closes only when `forced`.
    async fn begin_close(&self, order: OrderId, close_as: CloseAs, forced: bool) -> Result<bool, Trouble>;

    /// Gives the places back, once no payment can succeed; false while one can.
    async fn release(&self, order: OrderId) -> Result<bool, Trouble>;

    /// Open orders that go on without asking anybody, except `but` these: captured and without tickets first, then those
    /// that cost nothing, are closed and can be released, or have run out and can be closed.
    async fn ready(&self, limit: u32, but: &[OrderId]) -> Result<Vec<OrderId>, Trouble>;

    /// Orders with a payment whose provider owes an answer, longest first. They are left alone for some seconds after.
    async fn due(&self, limit: u32, asked: Asked<'_>) -> Result<Vec<OrderId>, Trouble>;

    /// The provider is to be asked about the order's payments as soon as somebody looks for what is due.
    async fn ask_now(&self, order: OrderId) -> Result<(), Trouble>;

    /// Which of these seats are claimed now, ascending, each with its claim's fence.
    async fn claimed(&self, event: EventId, seats: &[SeatId]) -> Result<Vec<(SeatId, Fence)>, Trouble>;
}
