//! Holds on the wire.

use domain::ids::{EventId, HoldId, TierId};
use domain::money::Money;
use domain::seat::SeatId;
use serde::{Deserialize, Serialize};

use super::LineView;

/// What a buyer wants to hold. Seats and standing may be combined; `best` stands alone or with standing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct HoldRequest {
    /// Chosen seats.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ssr", schema(value_type = Vec<u32>))]
    pub seats: Vec<SeatId>,
    /// Hold the nearest equal block at once where a chosen seat is gone.
    #[serde(default)]
    pub heal: bool,
    /// Let the house choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<BestRequest>,
    /// Standing places.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub standing: Vec<StandingRequest>,
    /// Give this hold of the same holder back in the same step, if the new one is granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub replaces: Option<HoldId>,
    /// Seats of the replaced hold of which the house knows that they are no longer for sale. Nobody says so from outside.
    #[serde(skip)]
    pub withdrawn: Vec<SeatId>,
}

/// Best available.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BestRequest {
    /// How many.
    pub quantity: u32,
    /// Of this tier only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub tier: Option<TierId>,
    /// In this section only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// At least this total price a seat, in minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_price: Option<i64>,
    /// At most this total price a seat, in minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_price: Option<i64>,
    /// One accessible place, the others companions beside it.
    #[serde(default)]
    pub accessible: bool,
    /// Only together; otherwise they may be split and the answer says so.
    #[serde(default = "yes")]
    pub together: bool,
}

fn yes() -> bool {
    true
}

/// Standing places of one tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StandingRequest {
    /// The tier.
    #[cfg_attr(feature = "ssr", schema(value_type = String, format = Uuid))]
    pub tier: TierId,
    /// How many.
    pub quantity: u32,
}

/// A hold as its holder sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct HoldView {
    /// Id.
    #[cfg_attr(feature = "ssr", schema(value_type = String, format = Uuid))]
    pub id: HoldId,
    /// The event.
    #[cfg_attr(feature = "ssr", schema(value_type = String, format = Uuid))]
    pub event: EventId,
    /// The secret for later calls; only in the answer that made it, and not where a cookie carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// RFC 3339, UTC.
    pub expires_at: String,
    /// Milliseconds left when the server answered: what a clock counts down from.
    pub remaining_ms: i64,
    /// Extensions left.
    pub extensions_left: u8,
    /// Seats held, ascending.
    #[cfg_attr(feature = "ssr", schema(value_type = Vec<u32>))]
    pub seats: Vec<SeatId>,
    /// Standing places held.
    pub standing: Vec<StandingRequest>,
    /// Priced lines.
    pub lines: Vec<LineView>,
    /// What all of it costs.
    #[cfg_attr(feature = "ssr", schema(value_type = super::MoneySchema))]
    pub total: Money,
    /// Seats that were gone and what is held instead.
    pub healed: Vec<Healed>,
    /// What is not as wished, in words: what best available had to relax, and which seats of the basket that was changed
    /// are no longer on sale. Empty when the wish was met.
    #[serde(default)]
    pub relaxed: Vec<String>,
    /// Seats of the basket that was changed which are no longer on sale.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ssr", schema(value_type = Vec<u32>))]
    pub withdrawn: Vec<SeatId>,
}

/// A lost seat and its replacement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Healed {
    /// The seat asked for.
    #[cfg_attr(feature = "ssr", schema(value_type = u32))]
    pub wanted: SeatId,
    /// The seat held instead.
    #[cfg_attr(feature = "ssr", schema(value_type = u32))]
    pub got: SeatId,
}
