//! How much of an event one person may buy over all orders, known by the mail address.

use domain::ids::{EventId, HoldId};
use domain::order::OrderRefusal;
use sqlx::{PgConnection, Row};

use crate::stores::postgres::codec::At;
use crate::stores::postgres::error::trouble;
use crate::trouble::Trouble;

/// Places of the event that the person has, but for those of one hold. Orders are younger than their event, and an order's
/// id is its time: the months before and after are not looked into. A day either way is for clocks that differ.
pub(crate) const HAD: &str = "
    SELECT coalesce(sum(i.quantity), 0) FROM orders o JOIN order_items i ON i.order_id = o.id
    WHERE o.event_id = $1 AND lower(o.buyer_email) = lower($2) AND o.hold_id <> $3
      AND o.status IN ('pending', 'closing', 'paid', 'partly_refunded')
      AND o.id >= uuid_floor($4 - interval '1 day') AND o.id < uuid_floor(statement_timestamp() + interval '1 day')
      AND i.order_id >= uuid_floor($4 - interval '1 day') AND i.order_id < uuid_floor(statement_timestamp() + interval '1 day')";

/// Refuses where the person would have more than the event allows; `places` are those of `hold`, whose order is not counted.
/// Two orders of one person wait for each other until the transaction's end; an event without a limit costs one look.
pub(super) async fn within_limit(
    tx: &mut PgConnection,
    event: EventId,
    email: &str,
    places: u32,
    hold: HoldId,
) -> Result<Result<(), OrderRefusal>, Trouble> {
    let row = sqlx::query(
        "SELECT max_per_person, created_at, CASE WHEN max_per_person IS NOT NULL
                THEN pg_advisory_xact_lock(hashtextextended(id::text || lower($2), 0)) END
         FROM events WHERE id = $1",
    )
    .bind(event.0)
    .bind(email)
    .fetch_optional(&mut *tx)
    .await
    .map_err(trouble)?;
    let Some(row) = row else { return Ok(Ok(())) };
    let Some(limit) = row.try_get::<Option<i32>, _>(0).map_err(trouble)? else { return Ok(Ok(())) };
    let made: At = row.try_get(1).map_err(trouble)?;
    // A statement of its own: it sees what was committed while the lock was waited for.
    let had: i64 = sqlx::query_scalar(HAD)
        .bind(event.0)
        .bind(email)
        .bind(hold.0)
        .bind(made)
        .fetch_one(tx)
        .await
        .map_err(trouble)?;
    if had + i64::from(places) <= i64::from(limit) {
        return Ok(Ok(()));
    }
    let had = u32::try_from(had).unwrap_or(u32::MAX);
    let max = limit.unsigned_abs();
    Ok(Err(OrderRefusal::ShareReached { max, left: max.saturating_sub(had) }))
}
