//! Which orders need a look: those that a provider has to be asked about, and those that only give their places back.

use domain::ids::OrderId;
use uuid::Uuid;

use crate::stores::postgres::Pool;
use crate::stores::postgres::error::trouble;
use crate::trouble::Trouble;

/// Payments whose answer is due are left alone for five seconds: another process need not ask the same.
pub(super) async fn due(pool: &Pool, limit: u32) -> Result<Vec<OrderId>, Trouble> {
    let limit = i64::from(limit);
    let asked: Vec<Uuid> = sqlx::query_scalar(
        "UPDATE payments SET check_at = clock_timestamp() + interval '5 seconds'
         WHERE id IN (SELECT id FROM payments
                      WHERE status IN ('created', 'requires_action', 'processing', 'authorised', 'capturing', 'cancelling', 'refunding')
                        AND check_at <= clock_timestamp()
                      ORDER BY check_at LIMIT $1 FOR UPDATE SKIP LOCKED)
         RETURNING order_id",
    )
    .bind(limit)
    .fetch_all(pool)
    .await
    .map_err(trouble)?;
    // Time ran out with a payment under way; or money was captured and not fulfilled, or there is none to capture, which
    // is nobody's to ask about, so it is found by its order. The bounds keep each look inside the order's month.
    let open: Vec<Uuid> = sqlx::query_scalar(
        "SELECT o.id FROM orders o
         WHERE o.status IN ('pending', 'closing')
           AND (o.total = 0 AND o.status = 'pending' OR EXISTS (SELECT FROM payments p WHERE p.order_id = o.id AND p.id BETWEEN uuid_first(o.id) AND uuid_last(o.id)
                       AND (p.status = 'succeeded'
                            OR o.status = 'pending' AND o.expires_at <= clock_timestamp()
                               AND p.status NOT IN ('declined', 'cancelled', 'refunded'))))
         ORDER BY o.expires_at LIMIT $1",
    )
    .bind(limit)
    .fetch_all(pool)
    .await
    .map_err(trouble)?;
    let mut orders: Vec<_> = asked.into_iter().chain(open).map(OrderId).collect();
    orders.sort_unstable();
    orders.dedup();
    Ok(orders)
}

pub(super) async fn over(pool: &Pool, limit: u32, but: &[OrderId]) -> Result<Vec<OrderId>, Trouble> {
    let but: Vec<Uuid> = but.iter().map(|order| order.0).collect();
    let over: Vec<Uuid> = sqlx::query_scalar(
        "SELECT o.id FROM orders o
         WHERE o.status IN ('pending', 'closing') AND (o.expires_at <= clock_timestamp() OR o.status = 'closing')
           AND o.id <> ALL ($2)
           AND NOT EXISTS (SELECT FROM payments p
                           WHERE p.order_id = o.id AND p.id BETWEEN uuid_first(o.id) AND uuid_last(o.id)
                             AND p.status NOT IN ('declined', 'cancelled', 'refunded'))
         ORDER BY o.expires_at LIMIT $1",
    )
    .bind(i64::from(limit))
    .bind(but)
    .fetch_all(pool)
    .await
    .map_err(trouble)?;
    Ok(over.into_iter().map(OrderId).collect())
}
