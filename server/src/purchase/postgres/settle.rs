//! How an order ends: paid with tickets, or its places given back.

use domain::ids::{OrderId, PaymentId};
use domain::order::{OrderEvent, OrderStatus};
use domain::payment::PaymentStatus;
use sqlx::PgConnection;
use uuid::Uuid;

use super::pay::write_down;
use super::shared::{Locked, audit, begin, commit, corrupt, follow, lock, payment_status};
use crate::purchase::stop::StopAt;
use crate::purchase::store::Fulfilled;
use crate::purchase::types::{CloseAs, NewTicket};
use crate::purchase::{AVAILABILITY, TICKET_MAIL};
use crate::stores::postgres::Pool;
use crate::stores::postgres::error::{Constraint, constraint, trouble};
use crate::tickets::doors;
use crate::trouble::Trouble;

pub(super) async fn fulfil(
    pool: &Pool,
    order: OrderId,
    payment: Option<PaymentId>,
    tickets: &[NewTicket],
    stop: &StopAt,
) -> Result<Fulfilled, Trouble> {
    let mut tx = begin(pool).await?;
    let Some(locked) = lock(&mut tx, order).await? else { return Ok(Fulfilled::OutOfTurn) };
    let Some(next) = locked.step(OrderEvent::Fulfil) else { return Ok(Fulfilled::OutOfTurn) };
    // No ticket without its money (invariant M2), which may be none; and none once it is being given up.
    let taken = match payment {
        Some(payment) => taken(&mut tx, payment).await?,
        None => (locked.total.amount == 0 && locked.status == OrderStatus::Pending).then_some(0),
    };
    let Some(taken) = taken else { return Ok(Fulfilled::OutOfTurn) };
    // Less than the price opens no door, and more is not ours to keep.
    if taken != locked.total.amount || !owns_its_seats(&mut tx, order).await? {
        give_up(tx, order, payment).await?;
        return Ok(Fulfilled::Impossible);
    }
    set_status(&mut tx, order, next).await?;
    if let Err(error) = insert_tickets(&mut tx, order, locked.event, tickets).await {
        return match constraint(&error) {
            Some(Constraint::Other(name)) if name.starts_with("tickets_") && name.ends_with("_code_key") => {
                Ok(Fulfilled::CodeTaken)
            }
            // Somebody else has a ticket for the place: this buyer's money must not stay here.
            Some(Constraint::TicketIssued) => {
                tx.rollback().await.map_err(trouble)?;
                let given_up = match payment {
                    Some(payment) => refund_instead(pool, order, payment).await?,
                    None => begin_close(pool, order, CloseAs::Cancelled, true).await?,
                };
                Ok(if given_up { Fulfilled::Impossible } else { Fulfilled::OutOfTurn })
            }
            _ => Err(trouble(error)),
        };
    }
    // Late: who has a tier's lock keeps all others of the tier waiting.
    move_counters(
        &mut tx,
        order,
        locked.event,
        "UPDATE ticket_tiers t SET reserved = t.reserved - i.n, sold = t.sold + i.n
         FROM (SELECT tier_id, sum(quantity)::int AS n FROM order_items WHERE order_id = $1 GROUP BY tier_id) i
         WHERE t.id = i.tier_id",
    )
    .await?;
    if let Some(payment) = payment {
        // Nobody has to look after it any more.
        sqlx::query("UPDATE payments SET check_at = NULL WHERE id = $1")
            .bind(payment.0)
            .execute(&mut *tx)
            .await
            .map_err(trouble)?;
    }
    audit(&mut tx, "order", order.0, next.word(), serde_json::json!({ "payment": payment, "tickets": tickets.len() }))
        .await?;
    follow(&mut tx, TICKET_MAIL, order, "paid").await?;
    follow(&mut tx, AVAILABILITY, order, "sold").await?;
    follow(&mut tx, doors::TOPIC, order, "issued").await?;
    stop.reached("fulfilling");
    commit(tx).await?;
    Ok(Fulfilled::Now)
}

/// Gives up in a transaction of its own, whatever became of the one that should have written the tickets.
pub(super) async fn refund_instead(pool: &Pool, order: OrderId, payment: PaymentId) -> Result<bool, Trouble> {
    let mut tx = begin(pool).await?;
    let open = lock(&mut tx, order).await?.is_some_and(|now| now.step(OrderEvent::Fulfil).is_some());
    if !open || payment_status(&mut tx, payment).await? != PaymentStatus::Captured {
        return Ok(false);
    }
    give_up(tx, order, Some(payment)).await.map(|()| true)
}

/// Not fulfillable: what was captured goes back by itself, and the order is wound up.
async fn give_up(mut tx: sqlx::PgTransaction<'_>, order: OrderId, payment: Option<PaymentId>) -> Result<(), Trouble> {
    if let Some(payment) = payment {
        write_down(&mut tx, order, payment, PaymentStatus::Refunding).await?;
    }
    sqlx::query(
        "UPDATE orders SET status = 'closing', close_as = 'cancelled', updated_at = clock_timestamp() WHERE id = $1",
    )
    .bind(order.0)
    .execute(&mut *tx)
    .await
    .map_err(trouble)?;
    audit(&mut tx, "order", order.0, "not_fulfillable", serde_json::json!({ "payment": payment })).await?;
    commit(tx).await
}

/// Minor units that a payment took; `None` where it took none.
async fn taken(tx: &mut PgConnection, payment: PaymentId) -> Result<Option<i64>, Trouble> {
    sqlx::query_scalar("SELECT captured FROM payments WHERE id = $1 AND status = 'succeeded'")
        .bind(payment.0)
        .fetch_optional(tx)
        .await
        .map_err(trouble)
}

async fn owns_its_seats(tx: &mut PgConnection, order: OrderId) -> Result<bool, Trouble> {
    sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM order_items WHERE order_id = $1 AND seat IS NOT NULL)
              = (SELECT count(*) FROM order_items i JOIN seat_claims c ON c.event_id = i.event_id AND c.seat = i.seat
                 WHERE i.order_id = $1 AND c.order_id = $1)",
    )
    .bind(order.0)
    .fetch_one(tx)
    .await
    .map_err(trouble)
}

/// Locks the order's tiers in the order of their ids, then moves their counters. No stronger lock: tickets that were just
/// written refer to the tiers, so that two orders would wait for each other.
async fn move_counters(
    tx: &mut PgConnection,
    order: OrderId,
    event: Uuid,
    statement: &'static str,
) -> Result<(), Trouble> {
    sqlx::query(
        "SELECT FROM ticket_tiers WHERE event_id = $2 AND id IN (SELECT tier_id FROM order_items WHERE order_id = $1)
         ORDER BY id FOR NO KEY UPDATE",
    )
    .bind(order.0)
    .bind(event)
    .execute(&mut *tx)
    .await
    .map_err(trouble)?;
    sqlx::query(statement).bind(order.0).execute(tx).await.map_err(trouble).map(drop)
}

async fn insert_tickets(
    tx: &mut PgConnection,
    order: OrderId,
    event: Uuid,
    tickets: &[NewTicket],
) -> Result<(), sqlx::Error> {
    let words = |part: fn(&NewTicket) -> &String| tickets.iter().map(part).collect::<Vec<&String>>();
    let ids = |part: fn(&NewTicket) -> Uuid| tickets.iter().map(part).collect::<Vec<Uuid>>();
    sqlx::query(
        "INSERT INTO tickets (order_id, event_id, status, id, order_item_id, tier_id, ordinal, seat, tier_name, label, code, token)
         SELECT $1, $2, 'valid', t.* FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::int[], $7::int[],
                                                 $8::text[], $9::text[], $10::text[], $11::text[]) AS t",
    )
    .bind(order.0)
    .bind(event)
    .bind(ids(|ticket| ticket.id.0))
    .bind(ids(|ticket| ticket.item.0))
    .bind(ids(|ticket| ticket.tier.0))
    .bind(tickets.iter().map(|ticket| i32::try_from(ticket.ordinal).unwrap_or(i32::MAX)).collect::<Vec<_>>())
    .bind(tickets.iter().map(|ticket| ticket.seat.and_then(|seat| i32::try_from(seat.0).ok())).collect::<Vec<_>>())
    .bind(words(|ticket| &ticket.tier_name))
    .bind(words(|ticket| &ticket.label))
    .bind(words(|ticket| &ticket.code))
    .bind(words(|ticket| &ticket.token))
    .execute(tx)
    .await
    .map(drop)
}

async fn set_status(tx: &mut PgConnection, order: OrderId, status: OrderStatus) -> Result<(), Trouble> {
    sqlx::query(
        "UPDATE orders SET status = $2, updated_at = clock_timestamp(),
                paid_at = CASE WHEN $2 = 'paid' THEN clock_timestamp() ELSE paid_at END
         WHERE id = $1",
    )
    .bind(order.0)
    .bind(status.word())
    .execute(tx)
    .await
    .map_err(trouble)
    .map(drop)
}

pub(super) async fn begin_close(pool: &Pool, order: OrderId, close_as: CloseAs, forced: bool) -> Result<bool, Trouble> {
    let mut tx = begin(pool).await?;
    let Some(locked) = lock(&mut tx, order).await? else { return Ok(false) };
    let Some(next) = locked.step(OrderEvent::Close).filter(|_| forced || locked.over) else { return Ok(false) };
    sqlx::query("UPDATE orders SET status = $2, close_as = $3, updated_at = clock_timestamp() WHERE id = $1")
        .bind(order.0)
        .bind(next.word())
        .bind(close_as.word())
        .execute(&mut *tx)
        .await
        .map_err(trouble)?;
    audit(&mut tx, "order", order.0, next.word(), serde_json::json!({ "as": close_as.word() })).await?;
    commit(tx).await?;
    Ok(true)
}

pub(super) async fn release(pool: &Pool, order: OrderId, stop: &StopAt) -> Result<bool, Trouble> {
    let mut tx = begin(pool).await?;
    let Some(locked) = lock(&mut tx, order).await? else { return Ok(false) };
    let Some(end) = ending(&locked)? else { return Ok(false) };
    // Invariant M5, once more and under the lock: nothing that can still take money, nothing taken and not given back.
    let hangs: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM payments WHERE order_id = $1 AND id BETWEEN uuid_first($1) AND uuid_last($1)
                        AND status NOT IN ('declined', 'cancelled', 'refunded'))",
    )
    .bind(order.0)
    .fetch_one(&mut *tx)
    .await
    .map_err(trouble)?;
    if hangs {
        return Ok(false);
    }
    set_status(&mut tx, order, end).await?;
    move_counters(
        &mut tx,
        order,
        locked.event,
        "UPDATE ticket_tiers t SET reserved = t.reserved - i.n
         FROM (SELECT tier_id, sum(quantity)::int AS n FROM order_items WHERE order_id = $1 GROUP BY tier_id) i
         WHERE t.id = i.tier_id",
    )
    .await?;
    // The fences of these seats rise with the delete: a holder of before cannot come back.
    sqlx::query("DELETE FROM seat_claims WHERE order_id = $1")
        .bind(order.0)
        .execute(&mut *tx)
        .await
        .map_err(trouble)?;
    audit(&mut tx, "order", order.0, end.word(), serde_json::json!({})).await?;
    follow(&mut tx, AVAILABILITY, order, "freed").await?;
    stop.reached("releasing");
    commit(tx).await?;
    Ok(true)
}

fn ending(locked: &Locked) -> Result<Option<OrderStatus>, Trouble> {
    if locked.status != OrderStatus::Closing {
        return Ok(None);
    }
    let event = match locked.close_as.as_deref() {
        Some("cancelled") => OrderEvent::Cancel,
        Some("expired") => OrderEvent::Expire,
        other => return Err(corrupt(format!("closing as {other:?}"))),
    };
    Ok(locked.step(event))
}
