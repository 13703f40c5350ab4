//! Which orders need a look: those that go on by the books alone, and those whose provider owes an answer.
//!
//! Both come round every second, so each question is a range of an index: `statement_timestamp()` bounds it, which
//! `clock_timestamp()` cannot. Nothing here grows with the orders that are merely open, nor with what a provider owes that
//! nobody asks now.

use domain::ids::OrderId;
use sqlx::PgExecutor;
use uuid::Uuid;

use crate::purchase::store::Asked;
use crate::stores::postgres::Pool;
use crate::stores::postgres::error::trouble;
use crate::trouble::Trouble;

/// What was captured comes first. An expired order with money on its way waits for the provider's word.
pub(crate) const READY: &str = "
    SELECT id FROM (
    (SELECT 1 AS turn, o.expires_at, o.id FROM payments p JOIN orders o ON o.id = p.order_id
     WHERE p.status = 'succeeded' AND p.check_at <= statement_timestamp() AND o.status IN ('pending', 'closing')
       AND o.id <> ALL ($2) ORDER BY p.check_at LIMIT $1)
    UNION ALL
    (SELECT 2, o.expires_at, o.id FROM orders o
     WHERE o.status = 'pending' AND o.total = 0 AND o.id <> ALL ($2) ORDER BY o.expires_at LIMIT $1)
    UNION ALL
    (SELECT 3, o.expires_at, o.id FROM orders o
     WHERE o.status = 'closing' AND o.id <> ALL ($2)
       AND NOT EXISTS (SELECT FROM payments p WHERE p.order_id = o.id AND p.id BETWEEN uuid_first(o.id) AND uuid_last(o.id)
                         AND p.status NOT IN ('declined', 'cancelled', 'refunded'))
     ORDER BY o.expires_at LIMIT $1)
    UNION ALL
    (SELECT 4, o.expires_at, o.id FROM orders o
     WHERE o.status = 'pending' AND o.expires_at <= statement_timestamp() AND o.total > 0 AND o.id <> ALL ($2)
       AND NOT EXISTS (SELECT FROM payments p WHERE p.order_id = o.id AND p.id BETWEEN uuid_first(o.id) AND uuid_last(o.id)
                         AND p.status IN ('authorised', 'capturing', 'cancelling', 'succeeded', 'refunding'))
     ORDER BY o.expires_at LIMIT $1)
    ) AS ready ORDER BY turn, expires_at LIMIT $1";

/// What the index `payments_owed_idx` is of.
macro_rules! owed {
    () => {
        "status IN ('created', 'requires_action', 'processing', 'authorised', 'capturing', 'cancelling', 'refunding')"
    };
}

/// Payments whose answer is due, longest first. They are left alone for five seconds: another process need not ask the
/// same. The providers' names are stepped through by the index, one look each; then each has a range of its own.
pub(crate) const DUE: &str = concat!(
    "
    WITH RECURSIVE names AS (
        (SELECT provider FROM payments WHERE ",
    owed!(),
    " ORDER BY provider LIMIT 1)
        UNION ALL
        SELECT (SELECT p.provider FROM payments p WHERE ",
    owed!(),
    " AND p.provider > n.provider ORDER BY p.provider LIMIT 1)
        FROM names n WHERE n.provider IS NOT NULL),
    due AS (
        SELECT longest.id, longest.check_at FROM names n CROSS JOIN LATERAL (
            SELECT p.id, p.check_at FROM payments p
            WHERE ",
    owed!(),
    " AND p.provider = n.provider AND p.check_at <= statement_timestamp()
            ORDER BY p.check_at LIMIT $1 FOR UPDATE SKIP LOCKED) AS longest
        WHERE n.provider IS NOT NULL AND (n.provider = ANY ($2)) = $3
        ORDER BY longest.check_at LIMIT $1),
    leased AS (
        UPDATE payments p SET check_at = clock_timestamp() + interval '5 seconds' FROM due WHERE p.id = due.id
        RETURNING p.order_id, due.check_at)
    SELECT order_id FROM leased ORDER BY check_at"
);

pub(super) async fn ready(pool: &Pool, limit: u32, but: &[OrderId]) -> Result<Vec<OrderId>, Trouble> {
    let but: Vec<Uuid> = but.iter().map(|order| order.0).collect();
    let ready: Vec<Uuid> =
        sqlx::query_scalar(READY).bind(i64::from(limit)).bind(but).fetch_all(pool).await.map_err(trouble)?;
    Ok(ready.into_iter().map(OrderId).collect())
}

pub(super) async fn due(pool: &Pool, limit: u32, asked: Asked<'_>) -> Result<Vec<OrderId>, Trouble> {
    let (providers, these) = match asked {
        Asked::Only(providers) => (providers, true),
        Asked::AllBut(providers) => (providers, false),
    };
    let due: Vec<Uuid> = sqlx::query_scalar(DUE)
        .bind(i64::from(limit))
        .bind(providers)
        .bind(these)
        .fetch_all(pool)
        .await
        .map_err(trouble)?;
    Ok(due.into_iter().map(OrderId).collect())
}

/// The provider is to be asked about the order's payments now.
pub(super) async fn ask_now(books: impl PgExecutor<'_>, order: OrderId) -> Result<(), Trouble> {
    sqlx::query(concat!(
        "UPDATE payments SET check_at = statement_timestamp()
         WHERE order_id = $1 AND id BETWEEN uuid_first($1) AND uuid_last($1) AND ",
        owed!()
    ))
    .bind(order.0)
    .execute(books)
    .await
    .map_err(trouble)
    .map(drop)
}
