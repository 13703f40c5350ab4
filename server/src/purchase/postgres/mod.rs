//! The books in PostgreSQL.

mod due;
mod pay;
mod place;
mod read;
mod settle;
mod shared;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::ids::{EventId, HoldId, HolderId, OrderId, PaymentId, TicketId};
use domain::order::{Buyer, OrderRefusal};
use domain::seat::SeatId;
use domain::time::Millis;
use tokio::sync::Semaphore;

use super::stop::StopAt;
use super::store::{Fulfilled, OrderStore, Placed};
use super::types::{CloseAs, EventFacts, NewOrder, NewTicket, OrderRecord, TicketRecord};
use crate::payments::Intent;
use crate::stores::postgres::Pool;
use crate::trouble::Trouble;

/// How long a checkout waits for its turn before it is told that the shop is busy.
const TURN_WITHIN: Duration = Duration::from_secs(2);

/// The tables of the purchase.
#[derive(Clone, Debug)]
pub struct PostgresOrders {
    pool: Pool,
    /// Half of the pool: checkouts that wait for a hot tier's lock leave the other half to payments and pages.
    checkouts: Arc<Semaphore>,
    stop: StopAt,
}

impl PostgresOrders {
    /// The books behind `pool`.
    #[must_use]
    pub fn new(pool: Pool) -> Self {
        let turns = (pool.options().get_max_connections() / 2).max(1);
        let checkouts = Arc::new(Semaphore::new(usize::try_from(turns).unwrap_or(1)));
        Self { pool, checkouts, stop: StopAt::default() }
    }

    /// Stands still at that step, in the middle of its transaction.
    #[must_use]
    pub fn stopping(self, stop: StopAt) -> Self {
        Self { stop, ..self }
    }
}

#[async_trait]
impl OrderStore for PostgresOrders {
    async fn place(&self, order: &NewOrder) -> Result<Result<Placed, OrderRefusal>, Trouble> {
        let turn = tokio::time::timeout(TURN_WITHIN, self.checkouts.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            let detail = "too many checkouts wait for their places".into();
            return Err(Trouble::Unavailable { what: "the books", detail });
        };
        place::place(&self.pool, order, &self.stop).await
    }

    async fn of_hold(&self, hold: HoldId, holder: HolderId) -> Result<Option<OrderId>, Trouble> {
        read::of_hold(&self.pool, hold, holder).await
    }

    async fn amend_buyer(&self, order: OrderId, buyer: &Buyer) -> Result<(), Trouble> {
        place::amend_buyer(&self.pool, order, buyer).await
    }

    async fn extend(&self, hold: HoldId, holder: HolderId, until: Millis) -> Result<bool, Trouble> {
        place::extend(&self.pool, hold, holder, until).await
    }

    async fn load(&self, order: OrderId) -> Result<Option<OrderRecord>, Trouble> {
        read::load(&self.pool, order).await
    }

    async fn ticket(&self, ticket: TicketId) -> Result<Option<TicketRecord>, Trouble> {
        read::ticket(&self.pool, ticket).await
    }

    async fn event(&self, event: EventId) -> Result<Option<EventFacts>, Trouble> {
        read::event(&self.pool, event).await
    }

    async fn begin_payment(
        &self,
        order: OrderId,
        payment: PaymentId,
        provider: &str,
    ) -> Result<Result<(), OrderRefusal>, Trouble> {
        pay::begin_payment(&self.pool, order, payment, provider).await
    }

    async fn record(&self, order: OrderId, payment: PaymentId, word: &Intent) -> Result<bool, Trouble> {
        pay::record(&self.pool, order, payment, word).await
    }

    async fn begin_capture(&self, order: OrderId, payment: PaymentId) -> Result<bool, Trouble> {
        pay::begin_capture(&self.pool, order, payment).await
    }

    async fn begin_cancel(&self, order: OrderId, payment: PaymentId) -> Result<bool, Trouble> {
        pay::begin_cancel(&self.pool, order, payment).await
    }

    async fn begin_refund(&self, order: OrderId, payment: PaymentId) -> Result<bool, Trouble> {
        pay::begin_refund(&self.pool, order, payment).await
    }

    async fn fulfil(&self, order: OrderId, payment: PaymentId, tickets: &[NewTicket]) -> Result<Fulfilled, Trouble> {
        settle::fulfil(&self.pool, order, payment, tickets, &self.stop).await
    }

    async fn give_up(&self, order: OrderId, payment: PaymentId) -> Result<bool, Trouble> {
        settle::refund_instead(&self.pool, order, payment).await
    }

    async fn begin_close(&self, order: OrderId, close_as: CloseAs, forced: bool) -> Result<bool, Trouble> {
        settle::begin_close(&self.pool, order, close_as, forced).await
    }

    async fn release(&self, order: OrderId) -> Result<bool, Trouble> {
        settle::release(&self.pool, order, &self.stop).await
    }

    async fn due(&self, limit: u32) -> Result<Vec<OrderId>, Trouble> {
        due::due(&self.pool, limit).await
    }

    async fn over(&self, limit: u32, but: &[OrderId]) -> Result<Vec<OrderId>, Trouble> {
        due::over(&self.pool, limit, but).await
    }

    async fn claimed(&self, event: EventId, seats: &[SeatId]) -> Result<Vec<SeatId>, Trouble> {
        place::claimed(&self.pool, event, seats).await
    }
}
