//! What every step of the books shares: the order's lock, the audit row, the message to follow.

use domain::ids::{OrderId, PaymentId};
use domain::money::{Currency, Money};
use domain::order::{OrderEvent, OrderStatus, Step};
use domain::payment::PaymentStatus;
use sqlx::{PgConnection, PgTransaction, Row};
use uuid::Uuid;

use crate::stores::postgres::Pool;
use crate::stores::postgres::begin;
use crate::stores::postgres::error::{commit_trouble, trouble};
use crate::trouble::Trouble;

/// Begins a transaction.
pub(super) async fn begin(pool: &Pool) -> Result<PgTransaction<'_>, Trouble> {
    begin::begin(pool).await.map_err(trouble)
}

/// Ends a transaction: a lost answer to it is an unknown outcome.
pub(super) async fn commit(tx: PgTransaction<'_>) -> Result<(), Trouble> {
    tx.commit().await.map_err(commit_trouble)
}

/// A value in the books that no version of this program wrote.
pub(super) fn corrupt(detail: impl Into<String>) -> Trouble {
    Trouble::Corrupt { what: "the books", detail: detail.into() }
}

/// An order under its row's lock.
pub(super) struct Locked {
    pub(super) status: OrderStatus,
    pub(super) close_as: Option<String>,
    /// Its time is over, by the database's clock at this statement.
    pub(super) over: bool,
    pub(super) total: Money,
    pub(super) event: Uuid,
}

impl Locked {
    /// The state that `event` leads to, if it leads anywhere.
    pub(super) fn step(&self, event: OrderEvent) -> Option<OrderStatus> {
        match self.status.step(event) {
            Step::To(next) => Some(next),
            Step::Already | Step::Never => None,
        }
    }
}

/// Locks the order's row: whatever follows in the transaction is alone with it.
pub(super) async fn lock(tx: &mut PgConnection, order: OrderId) -> Result<Option<Locked>, Trouble> {
    // `over` is read after the lock is had: a statement of its own, by a clock that does not stand still in a transaction.
    let locked = sqlx::query(
        "SELECT status, close_as, total, currency, event_id, expires_at FROM orders WHERE id = $1 FOR UPDATE",
    )
    .bind(order.0)
    .fetch_optional(&mut *tx)
    .await
    .map_err(trouble)?;
    let Some(row) = locked else { return Ok(None) };
    let over: bool = sqlx::query_scalar("SELECT expires_at <= clock_timestamp() FROM orders WHERE id = $1")
        .bind(order.0)
        .fetch_one(&mut *tx)
        .await
        .map_err(trouble)?;
    let status: String = row.try_get("status").map_err(trouble)?;
    let currency: String = row.try_get("currency").map_err(trouble)?;
    Ok(Some(Locked {
        status: OrderStatus::from_word(&status).ok_or_else(|| corrupt(format!("order status {status}")))?,
        close_as: row.try_get("close_as").map_err(trouble)?,
        over,
        total: money(row.try_get("total").map_err(trouble)?, &currency)?,
        event: row.try_get("event_id").map_err(trouble)?,
    }))
}

pub(super) fn money(amount: i64, currency: &str) -> Result<Money, Trouble> {
    let currency = Currency::new(currency).map_err(|_| corrupt(format!("currency {currency}")))?;
    Ok(Money::new(amount, currency))
}

/// The state of one payment; call it under the order's lock.
pub(super) async fn payment_status(tx: &mut PgConnection, payment: PaymentId) -> Result<PaymentStatus, Trouble> {
    let word: String = sqlx::query_scalar("SELECT status FROM payments WHERE id = $1")
        .bind(payment.0)
        .fetch_one(tx)
        .await
        .map_err(trouble)?;
    PaymentStatus::from_word(&word).ok_or_else(|| corrupt(format!("payment status {word}")))
}

/// One row a transition (invariant D5), without personal data.
pub(super) async fn audit(
    tx: &mut PgConnection,
    entity: &'static str,
    id: Uuid,
    action: &str,
    detail: serde_json::Value,
) -> Result<(), Trouble> {
    sqlx::query("INSERT INTO audit (entity, entity_id, action, actor, detail) VALUES ($1, $2, $3, 'purchase', $4)")
        .bind(entity)
        .bind(id)
        .bind(action)
        .bind(detail)
        .execute(tx)
        .await
        .map_err(trouble)
        .map(drop)
}

/// Something to be done after the transaction, once.
pub(super) async fn follow(
    tx: &mut PgConnection,
    topic: &'static str,
    order: OrderId,
    key: &str,
) -> Result<(), Trouble> {
    sqlx::query(
        "INSERT INTO outbox (topic, subject_id, dedupe) VALUES ($1, $2, $1 || ':' || $2::uuid::text || ':' || $3)
         ON CONFLICT (dedupe) DO NOTHING",
    )
    .bind(topic)
    .bind(order.0)
    .bind(key)
    .execute(tx)
    .await
    .map_err(trouble)
    .map(drop)
}
