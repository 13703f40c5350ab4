//! One statement a question; each answers with the breaches it finds.

use domain::ids::EventId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Breach;
use crate::stores::postgres::Pool;
use crate::stores::postgres::error::{commit_trouble, trouble};
use crate::trouble::Trouble;

/// Breaches that one question answers with, at most: the first hundred say enough.
const AT_MOST: i64 = 100;

/// Every question, with the invariant it is about; answers are the event and what is wrong. `$1` bounds the rows.
const QUESTIONS: [(&str, &str); 22] = [
    ("I1", "SELECT event_id, format('seat %s of event %s has %s claims', seat, event_id, count(*))
            FROM seat_claims GROUP BY event_id, seat HAVING count(*) > 1 LIMIT $1"),
    ("I1", "SELECT i.event_id, format('seat %s of event %s is in %s live orders', i.seat, i.event_id, count(*))
            FROM order_items i JOIN orders o ON o.id = i.order_id
            WHERE i.seat IS NOT NULL AND o.status IN ('pending', 'closing', 'paid', 'partly_refunded')
            GROUP BY i.event_id, i.seat HAVING count(*) > 1 LIMIT $1"),
    ("I1", "SELECT o.event_id, format('order %s is %s and does not own its seat %s', o.id, o.status, i.seat)
            FROM order_items i JOIN orders o ON o.id = i.order_id
            WHERE i.seat IS NOT NULL AND o.status IN ('pending', 'closing', 'paid', 'partly_refunded')
              AND NOT EXISTS (SELECT FROM seat_claims c WHERE c.event_id = i.event_id AND c.seat = i.seat AND c.order_id = o.id)
            LIMIT $1"),
    ("I1", "SELECT c.event_id, format('seat %s of event %s is claimed for order %s, which is %s', c.seat, c.event_id, c.order_id,
                          coalesce(o.status, 'not there'))
            FROM seat_claims c LEFT JOIN orders o ON o.id = c.order_id
            WHERE o.id IS NULL OR o.status NOT IN ('pending', 'closing', 'paid', 'partly_refunded') LIMIT $1"),
    ("I1", "SELECT c.event_id, format('seat %s of event %s is claimed and not for sale', c.seat, c.event_id)
            FROM seat_claims c JOIN seat_kills k USING (event_id, seat) LIMIT $1"),
    ("I2", "SELECT o.event_id, format('one person has %s places of event %s, which allows %s; one of the orders is %s',
                          sum(i.quantity), o.event_id, e.max_per_person, min(o.id::text))
            FROM orders o JOIN order_items i ON i.order_id = o.id JOIN events e ON e.id = o.event_id
            WHERE e.max_per_person IS NOT NULL AND o.status IN ('pending', 'closing', 'paid', 'partly_refunded')
            GROUP BY o.event_id, lower(o.buyer_email), e.max_per_person HAVING sum(i.quantity) > e.max_per_person LIMIT $1"),
    ("I2", "SELECT event_id, format('tier %s sold %s and reserved %s of %s', id, sold, reserved, quantity)
            FROM ticket_tiers WHERE sold::bigint + reserved > quantity LIMIT $1"),
    ("I2", "SELECT t.event_id, format('tier %s says reserved %s, sold %s; its orders say %s, %s', t.id, t.reserved, t.sold, n.reserved, n.sold)
            FROM ticket_tiers t CROSS JOIN LATERAL (
                SELECT coalesce(sum(i.quantity) FILTER (WHERE o.status IN ('pending', 'closing')), 0) AS reserved,
                       coalesce(sum(i.quantity) FILTER (WHERE o.status IN ('paid', 'partly_refunded')), 0) AS sold
                FROM order_items i JOIN orders o ON o.id = i.order_id WHERE i.tier_id = t.id) n
            WHERE (t.reserved, t.sold) IS DISTINCT FROM (n.reserved, n.sold) LIMIT $1"),
    ("I2", "SELECT t.event_id, format('order %s has %s places of tier %s, which allows %s to %s', n.order_id, n.places, t.id,
                          t.min_purchase, t.max_purchase)
            FROM (SELECT order_id, tier_id, sum(quantity) AS places FROM order_items GROUP BY order_id, tier_id) n
            JOIN ticket_tiers t ON t.id = n.tier_id
            WHERE n.places NOT BETWEEN t.min_purchase AND t.max_purchase LIMIT $1"),
    ("I3", "SELECT event_id, format('seat %s of event %s has %s valid tickets', seat, event_id, count(*))
            FROM tickets WHERE seat IS NOT NULL AND status <> 'void' GROUP BY event_id, seat HAVING count(*) > 1 LIMIT $1"),
    ("I3", "SELECT o.event_id, format('order %s paid for %s places of a line and has %s tickets', o.id, i.quantity, count(t.id))
            FROM orders o JOIN order_items i ON i.order_id = o.id
            LEFT JOIN tickets t ON t.order_item_id = i.id AND t.order_id = o.id AND t.status <> 'void'
            WHERE o.status = 'paid' GROUP BY o.id, i.id, i.quantity HAVING count(t.id) <> i.quantity LIMIT $1"),
    ("I3", "SELECT o.event_id, format('ticket %s is %s in order %s, which is %s', t.id, t.status, o.id, o.status)
            FROM tickets t JOIN orders o ON o.id = t.order_id
            WHERE t.status <> 'void' AND o.status NOT IN ('paid', 'partly_refunded') LIMIT $1"),
    ("I3", "SELECT t.event_id, format('ticket %s is for seat %s, its line for seat %s', t.id, t.seat, i.seat)
            FROM tickets t JOIN order_items i ON i.id = t.order_item_id AND i.order_id = t.order_id
            WHERE t.seat IS DISTINCT FROM i.seat OR t.tier_id <> i.tier_id LIMIT $1"),
    ("M1", "SELECT o.event_id, format('payment %s took money at %s; its order %s is %s', p.id, p.updated_at, o.id, o.status)
            FROM payments p JOIN orders o ON o.id = p.order_id
            WHERE p.status = 'succeeded' AND o.status NOT IN ('paid', 'partly_refunded')
              AND p.updated_at < clock_timestamp() - interval '60 seconds' LIMIT $1"),
    ("M1", "SELECT (SELECT o.event_id FROM orders o WHERE o.id = order_id), format('the refund of payment %s has been waiting since %s', id, updated_at)
            FROM payments WHERE status = 'refunding' AND updated_at < clock_timestamp() - interval '5 minutes' LIMIT $1"),
    ("M1", "SELECT (SELECT o.event_id FROM orders o WHERE o.id = p.order_id), format('the provider took %s and gave back %s for payment %s; the books say %s, %s',
                          i.captured, i.refunded, p.id, p.captured, p.refunded)
            FROM payments p JOIN test_provider_intents i ON i.payment_id = p.id
            WHERE p.status IN ('succeeded', 'declined', 'cancelled', 'refunded')
              AND (i.captured, i.refunded) IS DISTINCT FROM (p.captured, p.refunded) LIMIT $1"),
    ("M2", "SELECT o.event_id, format('order %s is %s without its money', o.id, o.status) FROM orders o
            WHERE o.status IN ('paid', 'partly_refunded') AND o.total > 0
              AND NOT EXISTS (SELECT FROM payments p WHERE p.order_id = o.id AND p.status = 'succeeded' AND p.captured = o.total)
            LIMIT $1"),
    ("M3", "SELECT (SELECT o.event_id FROM orders o WHERE o.id = order_id), format('order %s was charged %s times', order_id, count(*)) FROM payments
            WHERE captured > refunded GROUP BY order_id HAVING count(*) > 1 LIMIT $1"),
    ("M5", "SELECT o.event_id, format('order %s is %s while payment %s is %s', o.id, o.status, p.id, p.status)
            FROM payments p JOIN orders o ON o.id = p.order_id
            WHERE o.status IN ('cancelled', 'expired') AND p.status NOT IN ('declined', 'cancelled', 'refunding', 'refunded')
            LIMIT $1"),
    ("M6", "SELECT o.event_id, format('order %s costs %s, its lines %s', o.id, o.total, coalesce(sum(i.total), 0))
            FROM orders o LEFT JOIN order_items i ON i.order_id = o.id
            GROUP BY o.id, o.event_id, o.total, o.subtotal, o.fee, o.tax
            HAVING o.total IS DISTINCT FROM sum(i.total) OR o.subtotal IS DISTINCT FROM sum(i.unit_net * i.quantity)
                OR o.fee IS DISTINCT FROM sum(i.unit_fee * i.quantity) OR o.tax IS DISTINCT FROM sum(i.unit_tax * i.quantity)
            LIMIT $1"),
    ("M6", "SELECT o.event_id, format('payment %s is over %s %s, its order over %s %s', p.id, p.amount, p.currency, o.total, o.currency)
            FROM payments p JOIN orders o ON o.id = p.order_id
            WHERE (p.amount, p.currency) <> (o.total, o.currency) LIMIT $1"),
    ("D5", "SELECT o.event_id, format('order %s is %s without an audit row of it', o.id, o.status) FROM orders o
            WHERE NOT EXISTS (SELECT FROM audit a WHERE a.entity_id = o.id AND a.entity = 'order'
                              AND a.action = CASE o.status WHEN 'pending' THEN 'placed' ELSE o.status END)
              AND o.status <> 'closing' LIMIT $1"),
];

/// Every breach in the books at this moment; none is the only good answer.
///
/// # Errors
/// [`Trouble`] of the database.
pub async fn check(pool: &Pool) -> Result<Vec<Breach>, Trouble> {
    // One moment for all questions.
    let mut tx = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map_err(trouble)?;
    let mut breaches = vec![];
    for (invariant, question) in QUESTIONS {
        let found: Vec<(Option<Uuid>, String)> =
            sqlx::query_as(question).bind(AT_MOST).fetch_all(&mut *tx).await.map_err(trouble)?;
        let breach = |(event, detail): (Option<Uuid>, String)| Breach {
            invariant: invariant.into(),
            event: event.map(EventId),
            detail,
        };
        breaches.extend(found.into_iter().map(breach));
    }
    tx.commit().await.map_err(trouble)?;
    Ok(breaches)
}

/// Stops an event's sale; true where it was going on until now.
///
/// # Errors
/// [`Trouble`] of the database.
pub async fn stop(pool: &Pool, event: EventId, why: &str) -> Result<bool, Trouble> {
    let why: String = why.chars().take(2000).collect();
    let mut tx = pool.begin().await.map_err(trouble)?;
    let stopped = sqlx::query(
        "UPDATE events SET stopped_at = clock_timestamp(), stopped_for = $2 WHERE id = $1 AND stopped_at IS NULL",
    )
    .bind(event.0)
    .bind(&why)
    .execute(&mut *tx)
    .await
    .map_err(trouble)?
    .rows_affected()
        == 1;
    if stopped {
        note(&mut tx, event.0, "sale_stopped", "checker", &why).await?;
    }
    tx.commit().await.map_err(commit_trouble)?;
    Ok(stopped)
}

/// Lets the sale of the event of that address part go on; true where it was stopped.
///
/// # Errors
/// [`Trouble`] of the database.
pub async fn resume(pool: &Pool, slug: &str) -> Result<bool, Trouble> {
    let mut tx = pool.begin().await.map_err(trouble)?;
    let event: Option<Uuid> = sqlx::query_scalar(
        "UPDATE events SET stopped_at = NULL, stopped_for = NULL WHERE slug = $1 AND stopped_at IS NOT NULL RETURNING id",
    )
    .bind(slug)
    .fetch_optional(&mut *tx)
    .await
    .map_err(trouble)?;
    if let Some(event) = event {
        note(&mut tx, event, "sale_resumed", "operator", "").await?;
    }
    tx.commit().await.map_err(commit_trouble)?;
    Ok(event.is_some())
}

async fn note(
    tx: &mut PgConnection,
    event: Uuid,
    action: &'static str,
    actor: &'static str,
    why: &str,
) -> Result<(), Trouble> {
    sqlx::query("INSERT INTO audit (entity, entity_id, action, actor, detail) VALUES ('event', $1, $2, $3, $4)")
        .bind(event)
        .bind(action)
        .bind(actor)
        .bind(serde_json::json!({ "why": why }))
        .execute(tx)
        .await
        .map_err(trouble)
        .map(drop)
}
