//! Events in PostgreSQL.

use async_trait::async_trait;
use domain::ids::{ChartId, EventId, HoldId, PromoterId, TierId, VenueId};
use domain::money::{Currency, Money};
use domain::price::Price;
use domain::rules::Window;
use domain::seat::SeatId;
use domain::time::Millis;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::store::{Added, EventStore, Which};
use super::types::{ChartRef, Claims, Event, NewEvent, NewPromoter, NewVenue, Place, Query, Status, Summary, Tier};
use crate::stores::postgres::Pool;
use crate::stores::postgres::begin::begin;
use crate::stores::postgres::codec::At;
use crate::stores::postgres::error::{Constraint, commit_trouble, constraint, trouble};
use crate::trouble::Trouble;

/// Events in the table `events` and around it.
#[derive(Clone, Debug)]
pub struct PostgresEvents {
    pool: Pool,
}

impl PostgresEvents {
    /// Events behind `pool`.
    #[must_use]
    pub fn new(pool: Pool) -> Self {
        Self { pool }
    }
}

// A slip of the finger is only forgiven where the words as typed find nothing.
const LIST: &str = "
    SELECT a.id, a.slug, a.title, a.category, a.status, a.starts_at, a.ends_at, a.venue_name, a.venue_city, a.venue_country,
        a.time_zone, a.currency, a.from_price, a.available,
        (SELECT min(t.sale_starts_at) FROM ticket_tiers t WHERE t.event_id = a.id) AS opens_at
    FROM event_availability($1) a
    WHERE (coalesce(a.ends_at, a.starts_at) > $1 OR $3 IS NOT NULL)
        AND ($2::text IS NULL OR a.id IN (
            SELECT e.id FROM events e WHERE e.search @@ search_query($2)
                OR (search_near($2, e.search_words)
                    AND NOT EXISTS (SELECT FROM events x WHERE x.search @@ search_query($2) AND x.status <> 'draft'))))
        AND ($3::timestamptz IS NULL OR a.starts_at >= $3)
        AND ($4::timestamptz IS NULL OR a.starts_at < $4)
        AND ($5::text IS NULL OR a.category = $5)
        AND ($6::timestamptz IS NULL OR (a.starts_at, a.id) > ($6, $7))
    ORDER BY a.starts_at, a.id LIMIT $8";

const FIND: &str = "
    SELECT a.id, a.slug, a.title, a.category, a.status, a.starts_at, a.ends_at, a.venue_name, a.venue_city, a.venue_country,
        a.time_zone, a.currency, a.from_price, a.available,
        (SELECT min(t.sale_starts_at) FROM ticket_tiers t WHERE t.event_id = a.id) AS opens_at,
        e.description, e.doors_at, e.details, e.max_per_person, v.address, p.name AS promoter,
        c.id AS chart_id, c.version, c.seats, c.geometry_hash
    FROM event_availability($1) a
    JOIN events e ON e.id = a.id
    JOIN venues v ON v.id = e.venue_id
    JOIN promoters p ON p.id = e.promoter_id
    LEFT JOIN charts c ON c.id = e.chart_id
    WHERE a.id = coalesce($2, (SELECT x.id FROM events x WHERE x.slug = $3))";

const TIERS: &str = "
    SELECT id, name, category, net, fee, tax, total, currency, quantity, sold, reserved, min_purchase, max_purchase,
        sale_starts_at, sale_ends_at
    FROM ticket_tiers WHERE event_id = $1 ORDER BY position, name";

const KILLS: &str = "SELECT seat FROM seat_kills WHERE event_id = $1 ORDER BY seat";

// One statement is one snapshot: seats and standing places belong to the same moment.
const CLAIMS: &str = "
    SELECT coalesce((SELECT array_agg(seat ORDER BY seat) FROM seat_claims WHERE event_id = $1), '{}') AS seats,
        coalesce((SELECT array_agg(id ORDER BY id) FROM ticket_tiers WHERE event_id = $1 AND kind = 'standing'), '{}') AS tiers,
        coalesce((SELECT array_agg(sold + reserved ORDER BY id) FROM ticket_tiers WHERE event_id = $1 AND kind = 'standing'), '{}')
            AS taken,
        s.holds, s.hold_tiers, s.hold_places,
        greatest((SELECT max(fence) FROM seat_claims WHERE event_id = $1),
            (SELECT max(fence) FROM seat_fences WHERE event_id = $1), 0) AS fence
    FROM (SELECT coalesce(array_agg(hold_id), '{}') AS holds, coalesce(array_agg(tier_id), '{}') AS hold_tiers,
            coalesce(array_agg(places), '{}') AS hold_places
        FROM (SELECT o.hold_id, i.tier_id, sum(i.quantity)::integer AS places
            FROM orders o JOIN order_items i ON i.order_id = o.id AND i.seat IS NULL
            WHERE o.event_id = $1 AND o.status IN ('pending', 'closing', 'paid', 'partly_refunded')
                AND EXISTS (SELECT FROM ticket_tiers WHERE event_id = $1 AND kind = 'standing')
            GROUP BY o.hold_id, i.tier_id) standing) s";

// Changing nothing makes the row that is there come back.
const ENSURE_PROMOTER: &str = "
    INSERT INTO promoters AS p (id, slug, name) VALUES ($1, $2, $3)
    ON CONFLICT (slug) DO UPDATE SET slug = p.slug RETURNING id";

const ENSURE_VENUE: &str = "
    INSERT INTO venues AS v (id, slug, name, address, city, country, time_zone, capacity) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (slug) DO UPDATE SET slug = v.slug RETURNING id";

const ADD_EVENT: &str = "
    INSERT INTO events (id, promoter_id, venue_id, chart_id, slug, title, description, category, status, currency, capacity,
        doors_at, starts_at, ends_at, details, max_per_person)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'on_sale', $9, $10, $11, $12, $13, $14, $15)";

const ADD_TIER: &str = "
    INSERT INTO ticket_tiers (id, event_id, position, name, kind, category, net, fee, tax, total, currency, quantity,
        min_purchase, max_purchase, sale_starts_at, sale_ends_at)
    VALUES ($1, $2, $3, $4, CASE WHEN $5::smallint IS NULL THEN 'standing' ELSE 'seated' END, $5, $6, $7, $8, $9, $10, $11, $12,
        $13, $14, $15)";

const ADD_KILLS: &str = "
    INSERT INTO seat_kills (event_id, seat, reason) SELECT $1, seat, reason FROM unnest($2::integer[], $3::text[]) AS k (seat, reason)";

fn count(row: &PgRow, column: &str) -> Result<u32, sqlx::Error> {
    Ok(row.try_get::<i32, _>(column)?.unsigned_abs())
}

fn instant(row: &PgRow, column: &str) -> Result<Option<Millis>, sqlx::Error> {
    Ok(row.try_get::<Option<At>, _>(column)?.map(|at| at.0))
}

fn currency(row: &PgRow) -> Result<Currency, sqlx::Error> {
    Currency::new(row.try_get("currency")?).map_err(|error| sqlx::Error::Decode(error.into()))
}

fn summary(row: &PgRow) -> Result<Summary, sqlx::Error> {
    let word: &str = row.try_get("status")?;
    let status = Status::from_word(word).ok_or_else(|| sqlx::Error::Decode(format!("status {word}").into()))?;
    let currency = currency(row)?;
    Ok(Summary {
        id: EventId(row.try_get("id")?),
        slug: row.try_get("slug")?,
        title: row.try_get("title")?,
        category: row.try_get("category")?,
        status,
        starts_at: row.try_get::<At, _>("starts_at")?.0,
        ends_at: instant(row, "ends_at")?,
        venue: Place {
            name: row.try_get("venue_name")?,
            city: row.try_get("venue_city")?,
            country: row.try_get("venue_country")?,
            time_zone: row.try_get("time_zone")?,
        },
        from_price: row.try_get::<Option<i64>, _>("from_price")?.map(|amount| Money::new(amount, currency)),
        available: u32::try_from(row.try_get::<i64, _>("available")?.max(0)).unwrap_or(u32::MAX),
        opens_at: instant(row, "opens_at")?,
    })
}

fn event(row: &PgRow, tiers: &[PgRow]) -> Result<Event, sqlx::Error> {
    let chart = match row.try_get::<Option<Uuid>, _>("chart_id")? {
        None => None,
        Some(id) => Some(ChartRef {
            id: ChartId(id),
            version: count(row, "version")?,
            seats: count(row, "seats")?,
            geometry_hash: row.try_get("geometry_hash")?,
        }),
    };
    Ok(Event {
        summary: summary(row)?,
        description: row.try_get("description")?,
        address: row.try_get("address")?,
        promoter: row.try_get("promoter")?,
        doors_at: instant(row, "doors_at")?,
        details: row.try_get("details")?,
        currency: currency(row)?,
        chart,
        tiers: tiers.iter().map(tier).collect::<Result<_, _>>()?,
        max_per_person: row.try_get::<Option<i32>, _>("max_per_person")?.map(i32::unsigned_abs),
    })
}

fn tier(row: &PgRow) -> Result<Tier, sqlx::Error> {
    let category = row.try_get::<Option<i16>, _>("category")?.map(u8::try_from).transpose();
    Ok(Tier {
        id: TierId(row.try_get("id")?),
        name: row.try_get("name")?,
        category: category.map_err(|error| sqlx::Error::Decode(error.into()))?,
        price: Price {
            net: row.try_get("net")?,
            fee: row.try_get("fee")?,
            tax: row.try_get("tax")?,
            total: Money::new(row.try_get("total")?, currency(row)?),
        },
        quantity: count(row, "quantity")?,
        sold: count(row, "sold")?,
        reserved: count(row, "reserved")?,
        min_purchase: count(row, "min_purchase")?,
        max_purchase: count(row, "max_purchase")?,
        sale: Window { opens_at: instant(row, "sale_starts_at")?, closes_at: instant(row, "sale_ends_at")? },
    })
}

fn seats(numbers: Vec<i32>) -> Vec<SeatId> {
    numbers.into_iter().map(|seat| SeatId(seat.unsigned_abs())).collect()
}

/// A number for an `integer` column; one too large violates the column's own check.
fn int(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

#[async_trait]
impl EventStore for PostgresEvents {
    async fn list(&self, query: &Query, now: Millis) -> Result<Vec<Summary>, Trouble> {
        let rows = sqlx::query(LIST)
            .bind(At(now))
            .bind(&query.words)
            .bind(query.from.map(At))
            .bind(query.to.map(At))
            .bind(&query.category)
            .bind(query.after.map(|cursor| At(cursor.starts_at)))
            .bind(query.after.map(|cursor| cursor.id.0))
            .bind(i64::from(query.limit))
            .fetch_all(&self.pool)
            .await
            .map_err(trouble)?;
        rows.iter().map(summary).collect::<Result<_, _>>().map_err(trouble)
    }

    async fn find(&self, which: &Which, now: Millis) -> Result<Option<Event>, Trouble> {
        let (id, slug) = match which {
            Which::Id(id) => (Some(id.0), None),
            Which::Slug(slug) => (None, Some(slug)),
        };
        let row =
            sqlx::query(FIND).bind(At(now)).bind(id).bind(slug).fetch_optional(&self.pool).await.map_err(trouble)?;
        let Some(row) = row else { return Ok(None) };
        let id: Uuid = row.try_get("id").map_err(trouble)?;
        let tiers = sqlx::query(TIERS).bind(id).fetch_all(&self.pool).await.map_err(trouble)?;
        event(&row, &tiers).map(Some).map_err(trouble)
    }

    async fn kills(&self, event: EventId) -> Result<Vec<SeatId>, Trouble> {
        let numbers = sqlx::query_scalar(KILLS).bind(event.0).fetch_all(&self.pool).await.map_err(trouble)?;
        Ok(seats(numbers))
    }

    async fn claims(&self, event: EventId) -> Result<Claims, Trouble> {
        let row = sqlx::query(CLAIMS).bind(event.0).fetch_one(&self.pool).await.map_err(trouble)?;
        let read = || -> Result<Claims, sqlx::Error> {
            let (tiers, taken): (Vec<Uuid>, Vec<i32>) = (row.try_get("tiers")?, row.try_get("taken")?);
            let (holds, hold_tiers): (Vec<Uuid>, Vec<Uuid>) = (row.try_get("holds")?, row.try_get("hold_tiers")?);
            let hold_places: Vec<i32> = row.try_get("hold_places")?;
            let places = hold_tiers.into_iter().map(TierId).zip(hold_places.into_iter().map(i32::unsigned_abs));
            Ok(Claims {
                seats: seats(row.try_get("seats")?),
                standing: tiers.into_iter().map(TierId).zip(taken.into_iter().map(i32::unsigned_abs)).collect(),
                holds: holds.into_iter().zip(places).map(|(hold, (tier, n))| (HoldId(hold), tier, n)).collect(),
                fence: row.try_get("fence")?,
            })
        };
        read().map_err(trouble)
    }

    async fn ensure_promoter(&self, promoter: &NewPromoter) -> Result<PromoterId, Trouble> {
        let id = sqlx::query_scalar(ENSURE_PROMOTER)
            .bind(promoter.id.0)
            .bind(&promoter.slug)
            .bind(&promoter.name)
            .fetch_one(&self.pool)
            .await
            .map_err(trouble)?;
        Ok(PromoterId(id))
    }

    async fn ensure_venue(&self, venue: &NewVenue) -> Result<VenueId, Trouble> {
        let id = sqlx::query_scalar(ENSURE_VENUE)
            .bind(venue.id.0)
            .bind(&venue.slug)
            .bind(&venue.place.name)
            .bind(&venue.address)
            .bind(&venue.place.city)
            .bind(&venue.place.country)
            .bind(&venue.place.time_zone)
            .bind(int(venue.capacity))
            .fetch_one(&self.pool)
            .await
            .map_err(trouble)?;
        Ok(VenueId(id))
    }

    async fn add(&self, event: &NewEvent) -> Result<Added, Trouble> {
        let mut work = begin(&self.pool).await.map_err(trouble)?;
        let made = sqlx::query(ADD_EVENT)
            .bind(event.id.0)
            .bind(event.promoter.0)
            .bind(event.venue.0)
            .bind(event.chart.map(|chart| chart.0))
            .bind(&event.slug)
            .bind(&event.title)
            .bind(&event.description)
            .bind(&event.category)
            .bind(event.currency.code())
            .bind(int(event.capacity))
            .bind(event.doors_at.map(At))
            .bind(At(event.starts_at))
            .bind(event.ends_at.map(At))
            .bind(&event.details)
            .bind(event.max_per_person.map(int))
            .execute(&mut *work)
            .await;
        if let Err(error) = made {
            let taken = constraint(&error) == Some(Constraint::SlugTaken);
            return if taken { Ok(Added::SlugTaken) } else { Err(trouble(error)) };
        }
        for (position, tier) in (0_i32..).zip(&event.tiers) {
            sqlx::query(ADD_TIER)
                .bind(tier.id.0)
                .bind(event.id.0)
                .bind(position)
                .bind(&tier.name)
                .bind(tier.category.map(i16::from))
                .bind(tier.price.net)
                .bind(tier.price.fee)
                .bind(tier.price.tax)
                .bind(tier.price.total.amount)
                .bind(tier.price.total.currency.code())
                .bind(int(tier.quantity))
                .bind(int(tier.min_purchase))
                .bind(int(tier.max_purchase))
                .bind(tier.sale.opens_at.map(At))
                .bind(tier.sale.closes_at.map(At))
                .execute(&mut *work)
                .await
                .map_err(trouble)?;
        }
        let (numbers, reasons): (Vec<i32>, Vec<&str>) =
            event.kills.iter().map(|(seat, reason)| (int(seat.0), reason.as_str())).unzip();
        sqlx::query(ADD_KILLS)
            .bind(event.id.0)
            .bind(numbers)
            .bind(reasons)
            .execute(&mut *work)
            .await
            .map_err(trouble)?;
        work.commit().await.map_err(commit_trouble)?;
        Ok(Added::Made)
    }

    async fn any(&self) -> Result<bool, Trouble> {
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM events)").fetch_one(&self.pool).await.map_err(trouble)
    }
}
