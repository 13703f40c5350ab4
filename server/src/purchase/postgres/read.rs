//! Reading the books.

use domain::ids::{EventId, HoldId, HolderId, OrderId, OrderItemId, PaymentId, TicketId, TierId};
use domain::order::{Buyer, OrderStatus, Totals};
use domain::payment::{Decline, PaymentStatus};
use domain::price::Price;
use domain::seat::SeatId;
use domain::ticket::TicketStatus;
use domain::time::Millis;
use sqlx::postgres::PgRow;
use sqlx::{Decode, Postgres, Row, Type};
use uuid::Uuid;

use super::shared::{corrupt, money};
use crate::purchase::types::{CloseAs, EventFacts, OrderLine, OrderRecord, PaymentRecord, TicketRecord};
use crate::stores::postgres::Pool;
use crate::stores::postgres::begin::begin_reading;
use crate::stores::postgres::codec::At;
use crate::stores::postgres::error::trouble;
use crate::trouble::Trouble;

// By name: a step that adds a column (`parterre migrate up`, while servers of before still run) must not change the rows
// of a statement that their connections have prepared.
const ORDER: &str = "SELECT id, event_id, holder_id, hold_id, status, close_as, buyer_name, buyer_email, subtotal, fee, tax, total, currency,
            expires_at, extensions_left, clock_timestamp() AS now
     FROM orders WHERE id = $1";
const ITEMS: &str =
    "SELECT id, tier_id, tier_name, seat, quantity, label, unit_net, unit_fee, unit_tax, unit_total, currency
     FROM order_items WHERE order_id = $1 ORDER BY seat NULLS LAST, id";
const PAYMENTS: &str = "SELECT id, provider, status, amount, currency, captured, refunded, decline_code, action_url,
            (extract(epoch FROM clock_timestamp() - created_at) * 1000)::bigint AS age,
            (extract(epoch FROM clock_timestamp() - updated_at) * 1000)::bigint AS since
     FROM payments WHERE order_id = $1 AND id BETWEEN uuid_first($1) AND uuid_last($1) ORDER BY created_at, id";
const TICKETS: &str = "SELECT id, order_id, event_id, seat, tier_name, label, code, token, status
     FROM tickets WHERE order_id = $1 AND id BETWEEN uuid_first($1) AND uuid_last($1)
     ORDER BY seat NULLS LAST, order_item_id, ordinal";
const TICKET: &str =
    "SELECT id, order_id, event_id, seat, tier_name, label, code, token, status FROM tickets WHERE id = $1";

fn get<'r, T: Decode<'r, Postgres> + Type<Postgres>>(row: &'r PgRow, column: &'static str) -> Result<T, Trouble> {
    row.try_get(column).map_err(trouble)
}

fn seat(row: &PgRow) -> Result<Option<SeatId>, Trouble> {
    let seat: Option<i32> = get(row, "seat")?;
    seat.map(|seat| u32::try_from(seat).map(SeatId).map_err(|_| corrupt("seat number"))).transpose()
}

fn instant(row: &PgRow, column: &'static str) -> Result<Millis, Trouble> {
    get::<At>(row, column).map(|at| at.0)
}

pub(super) async fn of_hold(pool: &Pool, hold: HoldId, holder: HolderId) -> Result<Option<OrderId>, Trouble> {
    // Two steps, so that the second one touches one partition.
    let order: Option<Uuid> = sqlx::query_scalar("SELECT order_id FROM order_holds WHERE hold_id = $1")
        .bind(hold.0)
        .fetch_optional(pool)
        .await
        .map_err(trouble)?;
    let Some(order) = order else { return Ok(None) };
    let own: Option<Uuid> = sqlx::query_scalar("SELECT id FROM orders WHERE id = $1 AND holder_id = $2")
        .bind(order)
        .bind(holder.0)
        .fetch_optional(pool)
        .await
        .map_err(trouble)?;
    Ok(own.map(OrderId))
}

pub(super) async fn load(pool: &Pool, order: OrderId) -> Result<Option<OrderRecord>, Trouble> {
    // One moment for all four: otherwise a payment could be newer than the order's status beside it.
    let mut tx = begin_reading(pool).await.map_err(trouble)?;
    let head = sqlx::query(ORDER).bind(order.0).fetch_optional(&mut *tx).await.map_err(trouble)?;
    let Some(head) = head else { return Ok(None) };
    let mut all = [vec![], vec![], vec![]];
    for (rows, statement) in all.iter_mut().zip([ITEMS, PAYMENTS, TICKETS]) {
        *rows = sqlx::query(statement).bind(order.0).fetch_all(&mut *tx).await.map_err(trouble)?;
    }
    let [items, payments, tickets] = all;
    tx.commit().await.map_err(trouble)?;
    read_order(&head, &items, &payments, &tickets).map(Some)
}

fn read_order(head: &PgRow, items: &[PgRow], payments: &[PgRow], tickets: &[PgRow]) -> Result<OrderRecord, Trouble> {
    let status: String = get(head, "status")?;
    let currency: String = get(head, "currency")?;
    let (name, email): (String, String) = (get(head, "buyer_name")?, get(head, "buyer_email")?);
    Ok(OrderRecord {
        id: OrderId(get(head, "id")?),
        event: EventId(get(head, "event_id")?),
        holder: HolderId(get(head, "holder_id")?),
        hold: HoldId(get(head, "hold_id")?),
        status: OrderStatus::from_word(&status).ok_or_else(|| corrupt(format!("order status {status}")))?,
        close_as: match get::<Option<String>>(head, "close_as")?.as_deref() {
            Some("cancelled") => Some(CloseAs::Cancelled),
            Some("expired") => Some(CloseAs::Expired),
            _ => None,
        },
        buyer: Buyer::new(&name, &email).map_err(|_| corrupt("the buyer's details"))?,
        totals: Totals {
            subtotal: get(head, "subtotal")?,
            fees: get(head, "fee")?,
            tax: get(head, "tax")?,
            total: money(get(head, "total")?, &currency)?,
        },
        expires_at: instant(head, "expires_at")?,
        extensions_left: u8::try_from(get::<i16>(head, "extensions_left")?).unwrap_or(0),
        now: instant(head, "now")?,
        lines: items.iter().map(read_line).collect::<Result<_, _>>()?,
        payments: payments.iter().map(read_payment).collect::<Result<_, _>>()?,
        tickets: tickets.iter().map(read_ticket).collect::<Result<_, _>>()?,
    })
}

fn read_line(row: &PgRow) -> Result<OrderLine, Trouble> {
    let currency: String = get(row, "currency")?;
    Ok(OrderLine {
        id: OrderItemId(get(row, "id")?),
        tier: TierId(get(row, "tier_id")?),
        tier_name: get(row, "tier_name")?,
        seat: seat(row)?,
        quantity: get::<i32>(row, "quantity")?.unsigned_abs(),
        label: get(row, "label")?,
        unit: Price {
            net: get(row, "unit_net")?,
            fee: get(row, "unit_fee")?,
            tax: get(row, "unit_tax")?,
            total: money(get(row, "unit_total")?, &currency)?,
        },
    })
}

fn read_payment(row: &PgRow) -> Result<PaymentRecord, Trouble> {
    let status: String = get(row, "status")?;
    let currency: String = get(row, "currency")?;
    Ok(PaymentRecord {
        id: PaymentId(get(row, "id")?),
        provider: get(row, "provider")?,
        status: PaymentStatus::from_word(&status).ok_or_else(|| corrupt(format!("payment status {status}")))?,
        amount: money(get(row, "amount")?, &currency)?,
        captured: get(row, "captured")?,
        refunded: get(row, "refunded")?,
        decline: get::<Option<String>>(row, "decline_code")?.map(|word| Decline::from_word(&word)),
        action_url: get(row, "action_url")?,
        age: get(row, "age")?,
        since: get(row, "since")?,
    })
}

fn read_ticket(row: &PgRow) -> Result<TicketRecord, Trouble> {
    let status: String = get(row, "status")?;
    Ok(TicketRecord {
        id: TicketId(get(row, "id")?),
        order: OrderId(get(row, "order_id")?),
        event: EventId(get(row, "event_id")?),
        seat: seat(row)?,
        tier_name: get(row, "tier_name")?,
        label: get(row, "label")?,
        code: get(row, "code")?,
        token: get(row, "token")?,
        status: TicketStatus::from_word(&status).ok_or_else(|| corrupt(format!("ticket status {status}")))?,
    })
}

pub(super) async fn ticket(pool: &Pool, ticket: TicketId) -> Result<Option<TicketRecord>, Trouble> {
    let row = sqlx::query(TICKET).bind(ticket.0).fetch_optional(pool).await.map_err(trouble)?;
    row.as_ref().map(read_ticket).transpose()
}

pub(super) async fn event(pool: &Pool, event: EventId) -> Result<Option<EventFacts>, Trouble> {
    let row = sqlx::query(
        "SELECT e.id, e.slug, e.title, v.name AS venue, v.address, v.city, v.time_zone, e.doors_at, e.starts_at, e.ends_at
         FROM events e JOIN venues v ON v.id = e.venue_id WHERE e.id = $1",
    )
    .bind(event.0)
    .fetch_optional(pool)
    .await
    .map_err(trouble)?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(EventFacts {
        id: EventId(get(&row, "id")?),
        slug: get(&row, "slug")?,
        title: get(&row, "title")?,
        venue: get(&row, "venue")?,
        address: get(&row, "address")?,
        city: get(&row, "city")?,
        time_zone: get(&row, "time_zone")?,
        doors_at: get::<Option<At>>(&row, "doors_at")?.map(|at| at.0),
        starts_at: instant(&row, "starts_at")?,
        ends_at: get::<Option<At>>(&row, "ends_at")?.map(|at| at.0),
    }))
}
