//! The REST contract, version 1, as types: the server's handlers answer with them and the islands read them.

pub mod events;
pub mod holds;
pub mod orders;
pub mod problem;

use domain::money::Money;
use serde::{Deserialize, Serialize};

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Cursor of the next page, to be passed as `after`.
    pub next: Option<String>,
}

/// One priced line, total first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct LineView {
    /// The tier's id.
    #[cfg_attr(feature = "ssr", schema(value_type = String, format = Uuid))]
    pub tier: domain::ids::TierId,
    /// The tier's name.
    pub tier_name: String,
    /// The seat, unless it is a standing place.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<u32>))]
    pub seat: Option<domain::seat::SeatId>,
    /// What a person reads: `Block 212, row F, seat 15`, or the tier's name.
    pub label: String,
    /// Places.
    pub quantity: u32,
    /// What one place costs in all.
    #[cfg_attr(feature = "ssr", schema(value_type = MoneySchema))]
    pub unit: Money,
    /// What the line costs in all.
    #[cfg_attr(feature = "ssr", schema(value_type = MoneySchema))]
    pub total: Money,
}

/// An amount in minor units, always the total a buyer pays unless the name says otherwise.
#[cfg(feature = "ssr")]
#[derive(utoipa::ToSchema)]
#[schema(as = Money)]
pub struct MoneySchema {
    /// Minor units (cents).
    pub amount: i64,
    /// ISO 4217 code.
    #[schema(example = "EUR", min_length = 3, max_length = 3)]
    pub currency: String,
}

/// What anybody may know about a seat.
#[cfg(feature = "ssr")]
#[derive(utoipa::ToSchema)]
#[schema(as = SeatState, rename_all = "snake_case")]
pub enum SeatStateSchema {
    /// Can be chosen.
    Free,
    /// Somebody holds it.
    Held,
    /// Gone.
    Sold,
    /// Not for sale.
    Blocked,
}
