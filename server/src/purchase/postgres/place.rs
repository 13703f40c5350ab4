//! From a hold to an order: claims, lines and counters in one transaction under the tiers' locks.

use std::collections::BTreeMap;

use domain::hold::{EXTENSIONS, Fence};
use domain::ids::{EventId, TierId};
use domain::order::OrderRefusal;
use domain::price::Line;
use domain::seat::SeatId;
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::person::within_limit;
use super::shared::{audit, begin, commit, corrupt, follow};
use crate::purchase::stop::StopAt;
use crate::purchase::store::Placed;
use crate::purchase::types::NewOrder;
use crate::stores::postgres::Pool;
use crate::stores::postgres::codec::At;
use crate::stores::postgres::error::{Constraint, constraint, trouble};
use crate::trouble::Trouble;

/// A refusal, or trouble: what ends a transaction early.
enum Stop {
    Refused(OrderRefusal),
    /// The hold became an order before.
    HoldUsed,
    /// Some of the seats have an owner.
    SeatsClaimed,
    Trouble(Trouble),
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

/// The one place where a constraint of the schema becomes a refusal.
fn refusal_or_trouble(error: sqlx::Error, tier: Option<TierId>) -> Stop {
    match (constraint(&error), tier) {
        (Some(Constraint::SeatClaimed | Constraint::SeatKilled), _) => Stop::SeatsClaimed,
        (Some(Constraint::FenceStale), _) => Stop::Refused(OrderRefusal::HoldExpired),
        (Some(Constraint::TierCapacity), Some(tier)) => Stop::Refused(OrderRefusal::SoldOut { tier }),
        (Some(Constraint::HoldUsed), _) => Stop::HoldUsed,
        _ => Stop::Trouble(trouble(error)),
    }
}

pub(super) async fn place(
    pool: &Pool,
    order: &NewOrder,
    stop: &StopAt,
) -> Result<Result<Placed, OrderRefusal>, Trouble> {
    let mut tx = begin(pool).await?;
    match write(&mut tx, order).await {
        Ok(()) => {
            stop.reached("claiming");
            commit(tx).await.map(|()| Ok(Placed::New))
        }
        Err(stopped) => {
            tx.rollback().await.map_err(trouble)?;
            match stopped {
                Stop::Refused(refusal) => Ok(Err(refusal)),
                Stop::Trouble(trouble) => Err(trouble),
                Stop::HoldUsed => {
                    let before = super::read::of_hold(pool, order.hold.id, order.hold.holder).await?;
                    Ok(before.map(Placed::Before).ok_or(OrderRefusal::HoldExpired))
                }
                Stop::SeatsClaimed => {
                    let (event, seats) = (order.hold.event, &order.hold.seats);
                    let taken: Vec<SeatId> =
                        claimed(pool, event, seats).await?.into_iter().map(|(seat, _)| seat).collect();
                    let killed = killed(pool, event, seats).await?;
                    // What somebody else bought comes first: whoever keeps the rest hears of it again.
                    Ok(Err(if taken.is_empty() && !killed.is_empty() {
                        OrderRefusal::SeatsWithdrawn { seats: killed }
                    } else {
                        OrderRefusal::SeatsTaken { taken }
                    }))
                }
            }
        }
    }
}

/// Which of these seats are claimed, ascending, each with its claim's fence.
pub(super) async fn claimed(pool: &Pool, event: EventId, seats: &[SeatId]) -> Result<Vec<(SeatId, Fence)>, Trouble> {
    let claims: Vec<(i32, i64)> =
        sqlx::query_as("SELECT seat, fence FROM seat_claims WHERE event_id = $1 AND seat = ANY($2) ORDER BY seat")
            .bind(event.0)
            .bind(numbers(seats)?)
            .fetch_all(pool)
            .await
            .map_err(trouble)?;
    Ok(claims.into_iter().map(|(seat, fence)| (SeatId(seat.unsigned_abs()), Fence(fence))).collect())
}

/// Which of these seats are not for sale to anybody, ascending.
async fn killed(pool: &Pool, event: EventId, seats: &[SeatId]) -> Result<Vec<SeatId>, Trouble> {
    let seats: Vec<i32> =
        sqlx::query_scalar("SELECT seat FROM seat_kills WHERE event_id = $1 AND seat = ANY($2) ORDER BY seat")
            .bind(event.0)
            .bind(numbers(seats)?)
            .fetch_all(pool)
            .await
            .map_err(trouble)?;
    Ok(seat_ids(seats))
}

fn seat_ids(numbers: Vec<i32>) -> Vec<SeatId> {
    numbers.into_iter().filter_map(|seat| u32::try_from(seat).ok()).map(SeatId).collect()
}

fn numbers(seats: &[SeatId]) -> Result<Vec<i32>, Trouble> {
    seats.iter().map(|seat| i32::try_from(seat.0).map_err(|_| corrupt("seat number"))).collect()
}

async fn write(tx: &mut PgConnection, order: &NewOrder) -> Result<(), Stop> {
    // First of all: a second press waits for the first one's end here, and finds its order. Behind the tiers' locks it
    // would be judged by what the first one has left, and told that its own seats are somebody else's.
    use_hold(tx, order).await?;
    let mut wanted: BTreeMap<TierId, u32> = BTreeMap::new();
    for line in &order.hold.lines {
        *wanted.entry(line.tier).or_default() += line.quantity;
    }
    let places = wanted.values().sum();
    // Before the tiers' locks and in the same order for everybody.
    within_limit(tx, order.hold.event, order.buyer.email(), places, order.hold.id).await?.map_err(Stop::Refused)?;
    let names = check_tiers(tx, order, &wanted).await?;
    insert_order(tx, order).await?;
    insert_items(tx, order, &names).await?;
    insert_claims(tx, order).await?;
    for (tier, count) in &wanted {
        sqlx::query("UPDATE ticket_tiers SET reserved = reserved + $2 WHERE id = $1")
            .bind(tier.0)
            .bind(i32::try_from(*count).unwrap_or(i32::MAX))
            .execute(&mut *tx)
            .await
            .map_err(|error| refusal_or_trouble(error, Some(*tier)))?;
    }
    let detail = serde_json::json!({ "hold": order.hold.id, "places": places });
    audit(tx, "order", order.id.0, "placed", detail).await?;
    follow(tx, super::super::AVAILABILITY, order.id, "claimed").await?;
    Ok(())
}

/// Locks the tiers in the order of their ids, the same for everybody, and judges sale and limits. Answers their names. The
/// lock is the one that counting takes as well: lines and tickets may refer to the tier meanwhile.
async fn check_tiers(
    tx: &mut PgConnection,
    order: &NewOrder,
    wanted: &BTreeMap<TierId, u32>,
) -> Result<BTreeMap<TierId, String>, Stop> {
    let ids: Vec<Uuid> = wanted.keys().map(|tier| tier.0).collect();
    sqlx::query("SELECT FROM ticket_tiers WHERE event_id = $1 AND id = ANY($2) ORDER BY id FOR NO KEY UPDATE")
        .bind(order.hold.event.0)
        .bind(&ids)
        .execute(&mut *tx)
        .await
        .map_err(trouble)?;
    // Read after the locks are had. A hold taken inside the sale's window may be paid for a little after its end.
    let rows = sqlx::query(
        "SELECT t.id, t.name, t.min_purchase, t.max_purchase, t.quantity - t.sold - t.reserved AS left,
                e.status = 'on_sale' AND e.stopped_at IS NULL AND coalesce(t.sale_starts_at <= clock_timestamp(), true)
                    AND coalesce(uuid_instant($3) < t.sale_ends_at, true) AS on_sale
         FROM ticket_tiers t JOIN events e ON e.id = t.event_id
         WHERE t.event_id = $1 AND t.id = ANY($2) AND t.currency = $4",
    )
    .bind(order.hold.event.0)
    .bind(&ids)
    .bind(order.hold.id.0)
    .bind(order.totals.total.currency.code())
    .fetch_all(&mut *tx)
    .await
    .map_err(trouble)?;
    if rows.len() != wanted.len() {
        return Err(Stop::Refused(OrderRefusal::Unpriceable));
    }
    let mut names = BTreeMap::new();
    for row in rows {
        let tier = TierId(row.try_get("id").map_err(trouble)?);
        let count = i64::from(wanted.get(&tier).copied().unwrap_or(0));
        let min: i32 = row.try_get("min_purchase").map_err(trouble)?;
        let max: i32 = row.try_get("max_purchase").map_err(trouble)?;
        let left: i32 = row.try_get("left").map_err(trouble)?;
        if !row.try_get::<bool, _>("on_sale").map_err(trouble)? {
            return Err(Stop::Refused(OrderRefusal::NotOnSale));
        }
        if count < i64::from(min) || count > i64::from(max) {
            let (min, max) = (min.unsigned_abs(), max.unsigned_abs());
            return Err(Stop::Refused(OrderRefusal::LimitReached { tier, min, max }));
        }
        if count > i64::from(left) {
            // The very seats may be the ones that are gone: that is the better answer.
            return Err(if order.hold.seats.is_empty() || !any_claimed(tx, order).await? {
                Stop::Refused(OrderRefusal::SoldOut { tier })
            } else {
                Stop::SeatsClaimed
            });
        }
        names.insert(tier, row.try_get("name").map_err(trouble)?);
    }
    Ok(names)
}

async fn any_claimed(tx: &mut PgConnection, order: &NewOrder) -> Result<bool, Trouble> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM seat_claims WHERE event_id = $1 AND seat = ANY($2))")
        .bind(order.hold.event.0)
        .bind(numbers(&order.hold.seats)?)
        .fetch_one(tx)
        .await
        .map_err(trouble)
}

/// The hold's end is judged here, by the database's clock and under the locks: a process that slept in between cannot
/// buy (invariant I5).
async fn insert_order(tx: &mut PgConnection, order: &NewOrder) -> Result<(), Stop> {
    let totals = order.totals;
    let written = sqlx::query(
        "INSERT INTO orders (id, event_id, holder_id, hold_id, status, buyer_name, buyer_email, subtotal, fee, tax, total,
                             currency, token_hash, expires_at, extensions_left)
         SELECT $1, $2, $3, $4, 'pending', $5, $6, $7, $8, $9, $10, $11, $12, $13, $14 WHERE clock_timestamp() < $13",
    )
    .bind(order.id.0)
    .bind(order.hold.event.0)
    .bind(order.hold.holder.0)
    .bind(order.hold.id.0)
    .bind(order.buyer.name())
    .bind(order.buyer.email())
    .bind(totals.subtotal)
    .bind(totals.fees)
    .bind(totals.tax)
    .bind(totals.total.amount)
    .bind(totals.total.currency.code())
    .bind(Sha256::digest(order.hold.holder.0.as_bytes()).as_slice())
    .bind(At(order.hold.expires_at))
    .bind(i16::from(order.hold.extensions_left.min(EXTENSIONS)))
    .execute(&mut *tx)
    .await
    .map_err(|error| refusal_or_trouble(error, None))?;
    if written.rows_affected() == 0 {
        return Err(Stop::Refused(OrderRefusal::HoldExpired));
    }
    Ok(())
}

/// A hold becomes one order; waits for whoever makes it one just now.
async fn use_hold(tx: &mut PgConnection, order: &NewOrder) -> Result<(), Stop> {
    sqlx::query("INSERT INTO order_holds (hold_id, order_id) VALUES ($1, $2)")
        .bind(order.hold.id.0)
        .bind(order.id.0)
        .execute(tx)
        .await
        .map_err(|error| refusal_or_trouble(error, None))?;
    Ok(())
}

/// All lines by one statement: every question under the tiers' locks is time that all others wait.
async fn insert_items(tx: &mut PgConnection, order: &NewOrder, names: &BTreeMap<TierId, String>) -> Result<(), Stop> {
    let lines = &order.hold.lines;
    let mut totals = Vec::with_capacity(lines.len());
    for line in lines {
        let total = line.unit.total.times(line.quantity).map_err(|_| Stop::Refused(OrderRefusal::Unpriceable))?;
        totals.push(total.amount);
    }
    let seat =
        |line: &Line| line.seat.map(|seat| i32::try_from(seat.0).map_err(|_| corrupt("seat number"))).transpose();
    let seats = lines.iter().map(seat).collect::<Result<Vec<Option<i32>>, _>>()?;
    let tier_names: Vec<&str> =
        lines.iter().map(|line| names.get(&line.tier).map(String::as_str).unwrap_or_default()).collect();
    let labels: Vec<&str> =
        order.labels.iter().zip(&tier_names).map(|(label, name)| label.as_deref().unwrap_or(name)).collect();
    let each = |part: fn(&Line) -> i64| lines.iter().map(part).collect::<Vec<i64>>();
    sqlx::query(
        "INSERT INTO order_items (order_id, event_id, currency, id, tier_id, seat, quantity, tier_name, label,
                                  unit_net, unit_fee, unit_tax, unit_total, total)
         SELECT $1, $2, $3, l.* FROM unnest($4::uuid[], $5::uuid[], $6::int[], $7::int[], $8::text[], $9::text[],
                                            $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[]) AS l",
    )
    .bind(order.id.0)
    .bind(order.hold.event.0)
    .bind(order.totals.total.currency.code())
    .bind(order.items.iter().map(|id| id.0).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.tier.0).collect::<Vec<_>>())
    .bind(seats)
    .bind(lines.iter().map(|line| i32::try_from(line.quantity).unwrap_or(i32::MAX)).collect::<Vec<_>>())
    .bind(tier_names)
    .bind(labels)
    .bind(each(|line| line.unit.net))
    .bind(each(|line| line.unit.fee))
    .bind(each(|line| line.unit.tax))
    .bind(each(|line| line.unit.total.amount))
    .bind(totals)
    .execute(tx)
    .await
    .map_err(|error| refusal_or_trouble(error, None))?;
    Ok(())
}

async fn insert_claims(tx: &mut PgConnection, order: &NewOrder) -> Result<(), Stop> {
    if order.hold.seats.is_empty() {
        return Ok(());
    }
    let seats = numbers(&order.hold.seats)?;
    sqlx::query(
        "INSERT INTO seat_claims (event_id, seat, order_id, fence)
         SELECT $1, seat, $3, $4 FROM unnest($2::int[]) AS seat ORDER BY seat",
    )
    .bind(order.hold.event.0)
    .bind(&seats)
    .bind(order.id.0)
    .bind(order.hold.fence.0)
    .execute(tx)
    .await
    .map_err(|error| refusal_or_trouble(error, None))?;
    Ok(())
}
