//! What may still change about an unpaid order: who buys, and until when.

use domain::hold::HoldRefusal;
use domain::ids::{EventId, HoldId, HolderId, OrderId};
use domain::order::{Buyer, OrderRefusal, OrderStatus};
use domain::time::Millis;
use sqlx::Row;

use super::person::within_limit;
use super::shared::{audit, begin, commit, lock};
use crate::stores::postgres::Pool;
use crate::stores::postgres::codec::At;
use crate::stores::postgres::error::trouble;
use crate::trouble::Trouble;

pub(super) async fn amend_buyer(
    pool: &Pool,
    order: OrderId,
    buyer: &Buyer,
) -> Result<Result<(), OrderRefusal>, Trouble> {
    let mut tx = begin(pool).await?;
    // Another address may be another person, who has bought before.
    let about = sqlx::query(
        "SELECT event_id, hold_id, (SELECT sum(quantity)::int FROM order_items WHERE order_id = $1) FROM orders WHERE id = $1",
    )
    .bind(order.0)
    .fetch_optional(&mut *tx)
    .await
    .map_err(trouble)?;
    let Some(about) = about else { return Ok(Err(OrderRefusal::NotFound)) };
    let event = EventId(about.try_get(0).map_err(trouble)?);
    let hold = HoldId(about.try_get(1).map_err(trouble)?);
    let places: Option<i32> = about.try_get(2).map_err(trouble)?;
    let places = places.unwrap_or(0).unsigned_abs();
    if let Err(refused) = within_limit(&mut tx, event, buyer.email(), places, hold).await? {
        return Ok(Err(refused));
    }
    let changed = sqlx::query(
        "UPDATE orders SET buyer_name = $2, buyer_email = $3, updated_at = clock_timestamp()
         WHERE id = $1 AND status = 'pending' AND (buyer_name, buyer_email) IS DISTINCT FROM ($2, $3)",
    )
    .bind(order.0)
    .bind(buyer.name())
    .bind(buyer.email())
    .execute(&mut *tx)
    .await
    .map_err(trouble)?;
    if changed.rows_affected() == 1 {
        audit(&mut tx, "order", order.0, "buyer_amended", serde_json::json!({})).await?;
    }
    commit(tx).await.map(Ok)
}

pub(super) async fn extend(pool: &Pool, hold: HoldId, holder: HolderId, until: Millis) -> Result<bool, Trouble> {
    let Some(order) = super::read::of_hold(pool, hold, holder).await? else { return Ok(false) };
    let mut tx = begin(pool).await?;
    let changed = sqlx::query(
        "UPDATE orders SET expires_at = $2, extensions_left = 0, updated_at = clock_timestamp()
         WHERE id = $1 AND status = 'pending' AND clock_timestamp() < expires_at AND expires_at < $2",
    )
    .bind(order.0)
    .bind(At(until))
    .execute(&mut *tx)
    .await
    .map_err(trouble)?
    .rows_affected()
        == 1;
    if changed {
        audit(&mut tx, "order", order.0, "extended", serde_json::json!({})).await?;
    }
    commit(tx).await?;
    Ok(changed)
}

/// Gives an unpaid order the time that its hold had left to be given, once.
pub(super) async fn prolong(
    pool: &Pool,
    hold: HoldId,
    holder: HolderId,
    by: i64,
) -> Result<Result<OrderId, HoldRefusal>, Trouble> {
    let Some(order) = super::read::of_hold(pool, hold, holder).await? else { return Ok(Err(HoldRefusal::Expired)) };
    let mut tx = begin(pool).await?;
    let open = lock(&mut tx, order).await?.is_some_and(|now| now.status == OrderStatus::Pending && !now.over);
    if !open {
        return Ok(Err(HoldRefusal::Expired));
    }
    let changed = sqlx::query(
        "UPDATE orders SET expires_at = expires_at + $2 * interval '1 millisecond', extensions_left = extensions_left - 1,
                updated_at = clock_timestamp()
         WHERE id = $1 AND extensions_left > 0",
    )
    .bind(order.0)
    .bind(by)
    .execute(&mut *tx)
    .await
    .map_err(trouble)?
    .rows_affected();
    if changed == 0 {
        return Ok(Err(HoldRefusal::NoExtensionLeft));
    }
    audit(&mut tx, "order", order.0, "extended", serde_json::json!({})).await?;
    commit(tx).await?;
    Ok(Ok(order))
}
