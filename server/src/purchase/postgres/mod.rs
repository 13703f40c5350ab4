//! The books in PostgreSQL.

mod amend;
pub(crate) mod due;
mod pay;
pub(crate) mod person;
mod place;
mod read;
mod settle;
mod shared;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::hold::{Fence, HoldRefusal};
use domain::ids::{EventId, HoldId, HolderId, OrderId, PaymentId, TicketId};
use domain::order::{Buyer, OrderRefusal};
use domain::seat::SeatId;
use domain::time::Millis;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::stop::StopAt;
use super::store::{Asked, Begun, Fulfilled, OrderStore, Placed};
use super::types::{CloseAs, EventFacts, NewOrder, NewTicket, OrderRecord, TicketRecord};
use crate::payments::Intent;
use crate::stores::postgres::Pool;
use crate::trouble::Trouble;

/// How long a checkout waits for its turn before it is told that the shop is busy.
const TURN_WITHIN: Duration = Duration::from_secs(2);
/// How long the end of an order waits for its turn: nobody is asked to try again, so it may wait longer.
const ENDING_WITHIN: Duration = Duration::from_secs(10);

/// The tables of the purchase.
#[derive(Clone, Debug)]
pub struct PostgresOrders {
    pool: Pool,
    /// Half of the pool for checkouts and a quarter for the ends of orders: whoever waits for a hot tier's lock leaves the
    /// rest to payments and pages, and neither waits for the other.
    checkouts: Arc<Semaphore>,
    endings: Arc<Semaphore>,
    stop: StopAt,
}

impl PostgresOrders {
    /// The books behind `pool`.
    #[must_use]
    pub fn new(pool: Pool) -> Self {
        let most = pool.options().get_max_connections();
        let turns = |share: u32| Arc::new(Semaphore::new(usize::try_from(share.max(1)).unwrap_or(1)));
        Self { checkouts: turns(most / 2), endings: turns(most / 4), pool, stop: StopAt::default() }
    }

    /// Stands still at that step, in the middle of its transaction.
    #[must_use]
    pub fn stopping(self, stop: StopAt) -> Self {
        Self { stop, ..self }
    }

    /// A turn to end an order in.
    async fn ending(&self) -> Result<SemaphorePermit<'_>, Trouble> {
        turn(&self.endings, ENDING_WITHIN).await
    }
}

/// A turn among those who lock tiers.
async fn turn(turns: &Semaphore, within: Duration) -> Result<SemaphorePermit<'_>, Trouble> {
    let turn = tokio::time::timeout(within, turns.acquire()).await;
    turn.ok().and_then(Result::ok).ok_or_else(|| Trouble::Unavailable {
        what: "the books",
        detail: "too many purchases wait for their places".into(),
    })
}

#[async_trait]
impl OrderStore for PostgresOrders {
    async fn place(&self, order: &NewOrder) -> Result<Result<Placed, OrderRefusal>, Trouble> {
        let _turn = turn(&self.checkouts, TURN_WITHIN).await?;
        place::place(&self.pool, order, &self.stop).await
    }

    async fn of_hold(&self, hold: HoldId, holder: HolderId) -> Result<Option<OrderId>, Trouble> {
        read::of_hold(&self.pool, hold, holder).await
    }

    async fn amend_buyer(&self, order: OrderId, buyer: &Buyer) -> Result<Result<(), OrderRefusal>, Trouble> {
        amend::amend_buyer(&self.pool, order, buyer).await
    }

    async fn extend(&self, hold: HoldId, holder: HolderId, until: Millis) -> Result<bool, Trouble> {
        amend::extend(&self.pool, hold, holder, until).await
    }

    async fn prolong(&self, hold: HoldId, holder: HolderId, by: i64) -> Result<Result<OrderId, HoldRefusal>, Trouble> {
        amend::prolong(&self.pool, hold, holder, by).await
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
    ) -> Result<Result<Begun, OrderRefusal>, Trouble> {
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

    async fn fulfil(
        &self,
        order: OrderId,
        payment: Option<PaymentId>,
        tickets: &[NewTicket],
    ) -> Result<Fulfilled, Trouble> {
        let _turn = self.ending().await?;
        settle::fulfil(&self.pool, order, payment, tickets, &self.stop).await
    }

    async fn give_up(&self, order: OrderId, payment: PaymentId) -> Result<bool, Trouble> {
        settle::refund_instead(&self.pool, order, payment).await
    }

    async fn begin_close(&self, order: OrderId, close_as: CloseAs, forced: bool) -> Result<bool, Trouble> {
        settle::begin_close(&self.pool, order, close_as, forced).await
    }

    async fn release(&self, order: OrderId) -> Result<bool, Trouble> {
        let _turn = self.ending().await?;
        settle::release(&self.pool, order, &self.stop).await
    }

    async fn ready(&self, limit: u32, but: &[OrderId]) -> Result<Vec<OrderId>, Trouble> {
        due::ready(&self.pool, limit, but).await
    }

    async fn due(&self, limit: u32, asked: Asked<'_>) -> Result<Vec<OrderId>, Trouble> {
        due::due(&self.pool, limit, asked).await
    }

    async fn ask_now(&self, order: OrderId) -> Result<(), Trouble> {
        due::ask_now(&self.pool, order).await
    }

    async fn claimed(&self, event: EventId, seats: &[SeatId]) -> Result<Vec<(SeatId, Fence)>, Trouble> {
        place::claimed(&self.pool, event, seats).await
    }
}
