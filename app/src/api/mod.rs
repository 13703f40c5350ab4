//! The REST contract, version 1, as types: the server's handlers answer with them and the islands read them.

pub mod events;
pub mod holds;
pub mod orders;
pub mod problem;

use domain::money::Money;
use serde::{Deserialize, Serialize};

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Cursor of the next page, to be passed as `after`.
    pub next: Option<String>,
}

/// One priced line, total first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineView {
    /// The tier's id.
    pub tier: domain::ids::TierId,
    /// The tier's name.
    pub tier_name: String,
    /// The seat, unless it is a standing place.
    pub seat: Option<domain::seat::SeatId>,
    /// What a person reads: `Block 212, row F, seat 15`, or the tier's name.
    pub label: String,
    /// Places.
    pub quantity: u32,
    /// What one place costs in all.
    pub unit: Money,
    /// What the line costs in all.
    pub total: Money,
}
