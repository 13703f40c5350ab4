//! What the driver's errors mean: the one place where named constraints become facts and failures become trouble.

use sqlx::Error;

use crate::trouble::Trouble;

const WHAT: &str = "PostgreSQL";

/// A rule of the schema that refused a write, as far as a feature answers for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constraint {
    /// Somebody else has claimed one of the seats.
    SeatClaimed,
    /// One of the seats is not for sale.
    SeatKilled,
    /// The hold is older than the seat's last one.
    FenceStale,
    /// The tier has too few places left.
    TierCapacity,
    /// The hold has become an order before.
    HoldUsed,
    /// The order has moved on already.
    OrderMovedOn,
    /// Another payment of the order takes the money.
    OneCapture,
    /// The place has its ticket already.
    TicketIssued,
    /// The message was written before.
    Repeated,
    /// The short address belongs to another row.
    SlugTaken,
    /// The chart has that version already.
    VersionTaken,
    /// Any other, by its name in the schema.
    Other(String),
}

/// The constraint that refused the statement, where that is what happened.
#[must_use]
pub fn constraint(error: &Error) -> Option<Constraint> {
    let name = error.as_database_error()?.constraint()?;
    Some(match name {
        "seat_claims_pkey" => Constraint::SeatClaimed,
        "seat_claims_not_killed" => Constraint::SeatKilled,
        "seat_claims_fence_fresh" => Constraint::FenceStale,
        "ticket_tiers_capacity" => Constraint::TierCapacity,
        "order_holds_pkey" => Constraint::HoldUsed,
        "orders_status_monotone" => Constraint::OrderMovedOn,
        "outbox_dedupe_key" => Constraint::Repeated,
        "events_slug_key" | "venues_slug_key" | "promoters_slug_key" => Constraint::SlugTaken,
        "charts_version_key" => Constraint::VersionTaken,
        // Leaf-wide indexes carry their month in the middle of the name.
        month if month.starts_with("payments_") && month.ends_with("_one_capture") => Constraint::OneCapture,
        month if month.starts_with("tickets_") && (month.ends_with("_place_key") || month.ends_with("_seat_key")) => {
            Constraint::TicketIssued
        }
        other => Constraint::Other(other.to_owned()),
    })
}

/// A failed statement as trouble. Nothing was done: the transaction around it is rolled back.
#[must_use]
pub fn trouble(error: Error) -> Trouble {
    let detail = error.to_string();
    match &error {
        Error::Database(refused) if !passing(refused.code().as_deref()) => Trouble::Corrupt { what: WHAT, detail },
        Error::ColumnDecode { .. }
        | Error::ColumnNotFound(_)
        | Error::Decode(_)
        | Error::Encode(_)
        | Error::RowNotFound
        | Error::TypeNotFound { .. }
        | Error::ColumnIndexOutOfBounds { .. } => Trouble::Corrupt { what: WHAT, detail },
        _ => Trouble::Unavailable { what: WHAT, detail },
    }
}

/// A failed `COMMIT`: unless the server itself refused, the transaction may have happened.
#[must_use]
pub fn commit_trouble(error: Error) -> Trouble {
    match error {
        Error::Database(_) => trouble(error),
        lost => Trouble::Unconfirmed { what: WHAT, detail: lost.to_string() },
    }
}

/// Whether the same statement may succeed later, or on another connection: connection, resources, operator, serialisation,
/// deadlock, lock wait, a database that takes no connections for now or no writes; a password that is being changed; a
/// prepared statement that another release's schema has put out of date.
fn passing(code: Option<&str>) -> bool {
    code.is_some_and(|code| {
        ["08", "28", "53", "57", "58"].iter().any(|class| code.starts_with(class))
            || matches!(code, "0A000" | "25006" | "25P03" | "26000" | "40001" | "40P01" | "55000" | "55P03")
    })
}
