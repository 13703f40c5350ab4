//! Tickets as PostgreSQL has them: the truth.

pub mod turns;

use domain::ids::{EventId, OrderId, TicketId};
use domain::seat::SeatId;
use domain::ticket::TicketStatus;
use sqlx::postgres::PgRow;
use sqlx::{Decode, Postgres, Row, Type};

use super::store::DoorTicket;
use crate::stores::postgres::Pool;
use crate::stores::postgres::codec::At;
use crate::stores::postgres::error::trouble;
use crate::trouble::Trouble;

macro_rules! tickets {
    ($rest:literal) => {
        concat!(
            "SELECT t.id, t.event_id, t.order_id, t.seat, t.label, t.status, t.issued_at, t.used_at,
                (extract(epoch FROM coalesce(t.changed_at, t.issued_at)) * 1000000)::bigint AS version,
                (extract(epoch FROM clock_timestamp() - interval '1 minute') * 1000000)::bigint AS floor,
                coalesce(e.ends_at, e.starts_at) > now() - interval '1 day' AS wanted
             FROM ",
            $rest
        )
    };
}

const OF_ORDER: &str = tickets!(
    "tickets t JOIN events e ON e.id = t.event_id
     WHERE t.order_id = $1 AND t.id BETWEEN uuid_first($1) AND uuid_last($1) ORDER BY t.seat, t.id"
);
const ONE: &str = tickets!("tickets t JOIN events e ON e.id = t.event_id WHERE t.id = $1");
/// None while somebody is changing it: that change has its moment already, and nobody sees it before it is committed.
/// Changes that come after this have a later moment, as the trigger stamps them when it has the row.
const AT_REST: &str =
    tickets!("tickets t JOIN events e ON e.id = t.event_id WHERE t.id = $1 FOR SHARE OF t SKIP LOCKED");
/// The lot first, so that it is no longer than this whatever event its tickets are of.
pub(crate) const LOT: &str = tickets!(
    "(SELECT * FROM tickets WHERE id > $1 ORDER BY id LIMIT $2) t JOIN events e ON e.id = t.event_id ORDER BY t.id"
);
const LOT_OF: &str = tickets!(
    "(SELECT * FROM tickets WHERE event_id = $1 AND id > $2 ORDER BY id LIMIT $3) t JOIN events e ON e.id = t.event_id
     ORDER BY t.id"
);
const OLDEST: &str =
    "SELECT id FROM events WHERE coalesce(ends_at, starts_at) > now() - interval '1 day' ORDER BY id LIMIT 1";

/// A ticket, and what a comparison has to know of it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The ticket.
    pub ticket: DoorTicket,
    /// Its event is to come, or was over a day ago at most.
    pub wanted: bool,
    /// A minute ago by PostgreSQL's clock, in microseconds since 1970: every change before is seen.
    pub floor: i64,
}

impl Listed {
    /// Its last change is so old that the message about it should have arrived.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.ticket.version < self.floor
    }
}

/// Some tickets that were listed one behind the other: each as it is, or why this release cannot read it, as where a
/// later one wrote it.
pub type Lot = Vec<(TicketId, Result<Listed, Trouble>)>;

fn lot_of_rows(rows: &[PgRow]) -> Result<Lot, Trouble> {
    rows.iter().map(|row| Ok((get(row, "id").map(TicketId)?, read(row)))).collect()
}

/// Reads tickets.
#[derive(Clone, Debug)]
pub struct PostgresTickets {
    pool: Pool,
}

fn get<'r, T: Decode<'r, Postgres> + Type<Postgres>>(row: &'r PgRow, column: &'static str) -> Result<T, Trouble> {
    row.try_get(column).map_err(trouble)
}

fn read(row: &PgRow) -> Result<Listed, Trouble> {
    let status: String = get(row, "status")?;
    let corrupt = |detail: String| Trouble::Corrupt { what: "the books", detail };
    let ticket = DoorTicket {
        id: TicketId(get(row, "id")?),
        event: EventId(get(row, "event_id")?),
        order: OrderId(get(row, "order_id")?),
        seat: get::<Option<i32>>(row, "seat")?.map(|seat| SeatId(seat.unsigned_abs())),
        label: get(row, "label")?,
        status: TicketStatus::from_word(&status).ok_or_else(|| corrupt(format!("ticket status {status}")))?,
        issued_at: get::<At>(row, "issued_at")?.0,
        used_at: get::<Option<At>>(row, "used_at")?.map(|at| at.0),
        version: get(row, "version")?,
    };
    Ok(Listed { ticket, wanted: get(row, "wanted")?, floor: get(row, "floor")? })
}

impl PostgresTickets {
    /// The tickets behind `pool`.
    #[must_use]
    pub fn new(pool: Pool) -> Self {
        Self { pool }
    }

    /// An order's tickets.
    ///
    /// # Errors
    /// [`Trouble`] of the database, here as below.
    pub async fn of_order(&self, order: OrderId) -> Result<Vec<Listed>, Trouble> {
        let rows = sqlx::query(OF_ORDER).bind(order.0).fetch_all(&self.pool).await.map_err(trouble)?;
        rows.iter().map(read).collect()
    }

    /// One ticket.
    ///
    /// # Errors
    /// As above.
    pub async fn find(&self, ticket: TicketId) -> Result<Option<Listed>, Trouble> {
        self.one(ONE, ticket).await
    }

    /// One ticket; none where a change of it is not committed yet.
    ///
    /// # Errors
    /// As above.
    pub async fn at_rest(&self, ticket: TicketId) -> Result<Option<Listed>, Trouble> {
        self.one(AT_REST, ticket).await
    }

    async fn one(&self, statement: &'static str, ticket: TicketId) -> Result<Option<Listed>, Trouble> {
        let row = sqlx::query(statement).bind(ticket.0).fetch_optional(&self.pool).await.map_err(trouble)?;
        row.as_ref().map(read).transpose()
    }

    /// The next tickets behind `after`, ascending, of whichever event.
    ///
    /// # Errors
    /// As above.
    pub async fn lot(&self, after: TicketId, limit: u32) -> Result<Lot, Trouble> {
        let asked = sqlx::query(LOT).bind(after.0).bind(i64::from(limit)).fetch_all(&self.pool);
        lot_of_rows(&asked.await.map_err(trouble)?)
    }

    /// The next tickets of an event behind `after`, ascending.
    ///
    /// # Errors
    /// As above.
    pub async fn lot_of(&self, event: EventId, after: TicketId, limit: u32) -> Result<Lot, Trouble> {
        let asked = sqlx::query(LOT_OF).bind(event.0).bind(after.0).bind(i64::from(limit)).fetch_all(&self.pool);
        lot_of_rows(&asked.await.map_err(trouble)?)
    }

    /// Of the events that a door may ask about the one that was made first.
    ///
    /// # Errors
    /// As above.
    pub async fn oldest_event(&self) -> Result<Option<EventId>, Trouble> {
        let first = sqlx::query_scalar(OLDEST).fetch_optional(&self.pool).await.map_err(trouble)?;
        Ok(first.map(EventId))
    }
}
