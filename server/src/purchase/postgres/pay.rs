//! Payments in the books: every wish is written down before the provider hears it, every word of the provider moves
//! the attempt forward or does nothing.

use domain::ids::{OrderId, PaymentId};
use domain::order::{MAX_ATTEMPTS, OrderRefusal, OrderStatus, Step};
use domain::payment::{Decline, PaymentStatus};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::shared::{audit, begin, commit, corrupt, lock, payment_status};
use crate::payments::Intent;
use crate::purchase::store::Begun;
use crate::stores::postgres::Pool;
use crate::stores::postgres::error::trouble;
use crate::trouble::Trouble;

pub(super) async fn begin_payment(
    pool: &Pool,
    order: OrderId,
    payment: PaymentId,
    provider: &str,
) -> Result<Result<Begun, OrderRefusal>, Trouble> {
    let mut tx = begin(pool).await?;
    let Some(locked) = lock(&mut tx, order).await? else { return Ok(Err(OrderRefusal::NotFound)) };
    let attempts = sqlx::query(
        "SELECT id, status FROM payments WHERE order_id = $1 AND id BETWEEN uuid_first($1) AND uuid_last($1)",
    )
    .bind(order.0)
    .fetch_all(&mut *tx)
    .await
    .map_err(trouble)?;
    let ids: Vec<Uuid> = attempts.iter().map(|row| row.try_get("id")).collect::<Result<_, _>>().map_err(trouble)?;
    if ids.contains(&payment.0) {
        return Ok(Ok(Begun::Before));
    }
    let status = |row: &PgRow| {
        let word: String = row.try_get("status").map_err(trouble)?;
        PaymentStatus::from_word(&word).ok_or_else(|| corrupt(format!("payment status {word}")))
    };
    let before = attempts.iter().map(status).collect::<Result<Vec<_>, _>>()?;
    match locked.status {
        OrderStatus::Pending if locked.total.amount == 0 => return Ok(Err(OrderRefusal::AlreadyPaid)),
        OrderStatus::Pending if !locked.over => {}
        OrderStatus::Paid | OrderStatus::PartlyRefunded => return Ok(Err(OrderRefusal::AlreadyPaid)),
        _ if before.iter().any(|before| before.may_have_charged()) => return Ok(Err(OrderRefusal::PaymentInProgress)),
        status => return Ok(Err(OrderRefusal::OrderOver { status })),
    }
    // One attempt at a time: two could charge twice. What took money already is not live, but ends it as well.
    if before.iter().any(|before| !matches!(before, PaymentStatus::Declined | PaymentStatus::Cancelled)) {
        return Ok(Err(OrderRefusal::PaymentInProgress));
    }
    if attempts.len() >= MAX_ATTEMPTS as usize {
        return Ok(Err(OrderRefusal::TooManyAttempts { limit: MAX_ATTEMPTS }));
    }
    sqlx::query(
        "INSERT INTO payments (id, order_id, provider, status, amount, currency, check_at)
         VALUES ($1, $2, $3, 'created', $4, $5, clock_timestamp() + interval '8 seconds')",
    )
    .bind(payment.0)
    .bind(order.0)
    .bind(provider)
    .bind(locked.total.amount)
    .bind(locked.total.currency.code())
    .execute(&mut *tx)
    .await
    .map_err(trouble)?;
    audit(&mut tx, "payment", payment.0, "created", serde_json::json!({ "order": order, "provider": provider }))
        .await?;
    commit(tx).await?;
    Ok(Ok(Begun::Now))
}

pub(super) async fn record(pool: &Pool, order: OrderId, payment: PaymentId, word: &Intent) -> Result<bool, Trouble> {
    let mut tx = begin(pool).await?;
    let Some(locked) = lock(&mut tx, order).await? else { return Ok(false) };
    let before = payment_status(&mut tx, payment).await?;
    let Step::To(mut status) = before.seen(word.status) else { return Ok(false) };
    let open = matches!(locked.status, OrderStatus::Pending | OrderStatus::Closing);
    if status == PaymentStatus::Captured && (!open || another_takes_money(&mut tx, order, payment).await?) {
        // A provider that takes money after it said that it would not, or a second time: the refund is written down in the
        // same breath.
        status = PaymentStatus::Refunding;
    }
    let decline = (status == PaymentStatus::Declined).then(|| word.decline.unwrap_or(Decline::CardDeclined).word());
    let took_money = matches!(status, PaymentStatus::Captured | PaymentStatus::Refunding | PaymentStatus::Refunded);
    sqlx::query(
        "UPDATE payments SET status = $2, provider_intent = coalesce(provider_intent, $3), decline_code = $4, action_url = $5,
                captured = $6, refunded = $7, updated_at = clock_timestamp(),
                check_at = clock_timestamp() + $8 * interval '1 second'
         WHERE id = $1",
    )
    .bind(payment.0)
    .bind(status.word())
    .bind(&word.id)
    .bind(decline)
    .bind(word.action_url.as_deref())
    .bind(if took_money { word.captured } else { 0 })
    .bind(if status == PaymentStatus::Refunded { word.refunded } else { 0 })
    .bind(ask_again_after(status))
    .execute(&mut *tx)
    .await
    .map_err(trouble)?;
    audit(&mut tx, "payment", payment.0, status.word(), serde_json::json!({ "order": order, "decline": decline }))
        .await?;
    commit(tx).await?;
    Ok(true)
}

/// Whether the order is being paid by another attempt; call it under the order's lock.
async fn another_takes_money(tx: &mut PgConnection, order: OrderId, payment: PaymentId) -> Result<bool, Trouble> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM payments WHERE order_id = $1 AND id BETWEEN uuid_first($1) AND uuid_last($1)
                        AND id <> $2 AND status IN ('capturing', 'succeeded'))",
    )
    .bind(order.0)
    .bind(payment.0)
    .fetch_one(tx)
    .await
    .map_err(trouble)
}

/// Seconds until the provider is asked again, where it owes an answer.
fn ask_again_after(status: PaymentStatus) -> f64 {
    match status {
        PaymentStatus::RequiresAction => 20.0,
        PaymentStatus::Processing => 2.0,
        _ => 1.0,
    }
}

pub(super) async fn begin_capture(pool: &Pool, order: OrderId, payment: PaymentId) -> Result<bool, Trouble> {
    let mut tx = begin(pool).await?;
    // An order that is being given up takes no money any more.
    if lock(&mut tx, order).await?.is_none_or(|locked| locked.status != OrderStatus::Pending) {
        return Ok(false);
    }
    let turn = payment_status(&mut tx, payment).await? == PaymentStatus::Authorised
        && !another_takes_money(&mut tx, order, payment).await?;
    if turn {
        write_down(&mut tx, order, payment, PaymentStatus::Capturing).await?;
        commit(tx).await?;
    }
    Ok(turn)
}

pub(super) async fn begin_cancel(pool: &Pool, order: OrderId, payment: PaymentId) -> Result<bool, Trouble> {
    let mut tx = begin(pool).await?;
    if lock(&mut tx, order).await?.is_none() {
        return Ok(false);
    }
    let turn = matches!(
        payment_status(&mut tx, payment).await?,
        PaymentStatus::Created | PaymentStatus::RequiresAction | PaymentStatus::Processing | PaymentStatus::Authorised
    );
    if turn {
        write_down(&mut tx, order, payment, PaymentStatus::Cancelling).await?;
        commit(tx).await?;
    }
    Ok(turn)
}

pub(super) async fn begin_refund(pool: &Pool, order: OrderId, payment: PaymentId) -> Result<bool, Trouble> {
    let mut tx = begin(pool).await?;
    let over = lock(&mut tx, order)
        .await?
        .is_some_and(|locked| matches!(locked.status, OrderStatus::Cancelled | OrderStatus::Expired));
    let turn = over && payment_status(&mut tx, payment).await? == PaymentStatus::Captured;
    if turn {
        write_down(&mut tx, order, payment, PaymentStatus::Refunding).await?;
        commit(tx).await?;
    }
    Ok(turn)
}

/// Moves a payment on by our own wish; call it under the order's lock.
pub(super) async fn write_down(
    tx: &mut PgConnection,
    order: OrderId,
    payment: PaymentId,
    status: PaymentStatus,
) -> Result<(), Trouble> {
    sqlx::query(
        "UPDATE payments SET status = $2, updated_at = clock_timestamp(), check_at = clock_timestamp() + interval '2 seconds'
         WHERE id = $1",
    )
    .bind(payment.0)
    .bind(status.word())
    .execute(&mut *tx)
    .await
    .map_err(trouble)?;
    audit(tx, "payment", payment.0, status.word(), serde_json::json!({ "order": order })).await
}
