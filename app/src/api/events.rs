//! Events, tiers and seats as the API shows them.

use domain::ids::{EventId, TierId};
use domain::money::Money;
use domain::seat::{SeatId, SeatState};
use serde::{Deserialize, Serialize};

/// A venue in few words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct VenueView {
    /// Its name.
    pub name: String,
    /// Its city.
    pub city: String,
    /// ISO 3166 code.
    pub country: String,
}

/// A row of the event list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct EventSummary {
    /// Id.
    #[cfg_attr(feature = "ssr", schema(value_type = String, format = Uuid))]
    pub id: EventId,
    /// The address part.
    pub slug: String,
    /// Title.
    pub title: String,
    /// RFC 3339, UTC.
    pub starts_at: String,
    /// The venue's IANA zone.
    pub time_zone: String,
    /// Where.
    pub venue: VenueView,
    /// The cheapest total price still to be had.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<super::MoneySchema>))]
    pub from_price: Option<Money>,
    /// Places left.
    pub available: u32,
    /// `on_sale`, `announced`, `sold_out`, `postponed`, `cancelled`, `past`.
    pub status: String,
}

/// One event whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct EventView {
    /// What the list shows.
    #[serde(flatten)]
    pub summary: EventSummary,
    /// Text for people.
    pub description: String,
    /// RFC 3339, UTC.
    pub doors_at: Option<String>,
    /// RFC 3339, UTC.
    pub ends_at: Option<String>,
    /// The flexible part: artist, amenities, rules, links.
    pub details: serde_json::Value,
    /// Price tiers.
    pub tiers: Vec<TierView>,
    /// The seat chart; `None` where all stand.
    pub chart: Option<ChartView>,
    /// Where the live state is.
    pub availability: AvailabilityView,
}

/// A price tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TierView {
    /// Id.
    #[cfg_attr(feature = "ssr", schema(value_type = String, format = Uuid))]
    pub id: TierId,
    /// Name.
    pub name: String,
    /// `seated` or `standing`.
    pub kind: String,
    /// The chart category it prices; `None` for standing.
    pub category: Option<u8>,
    /// Total price of a place, fees and tax included.
    #[cfg_attr(feature = "ssr", schema(value_type = super::MoneySchema))]
    pub price: Money,
    /// Places left.
    pub available: u32,
    /// At least so many in one purchase.
    pub min_purchase: u32,
    /// At most so many in one purchase.
    pub max_purchase: u32,
    /// RFC 3339, UTC.
    pub sale_starts_at: Option<String>,
    /// RFC 3339, UTC.
    pub sale_ends_at: Option<String>,
}

/// Where an event's chart is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ChartView {
    /// Version of the chart.
    pub version: u32,
    /// Seats on it.
    pub seats: u32,
    /// Immutable address of the packed geometry.
    pub geometry_url: String,
}

/// Where an event's availability is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct AvailabilityView {
    /// The packed snapshot.
    pub url: String,
    /// Server-sent events: what changes after it.
    pub stream_url: String,
    /// Names one life of the projection: a new one means a new snapshot.
    pub epoch: u64,
    /// Grows with every change within an epoch.
    pub sequence: u64,
}

/// One seat as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SeatView {
    /// The seat.
    #[cfg_attr(feature = "ssr", schema(value_type = u32))]
    pub seat: SeatId,
    /// What a person reads.
    pub label: String,
    /// Floor.
    pub floor: String,
    /// Section.
    pub section: String,
    /// Row.
    pub row: String,
    /// Number within the row.
    pub number: String,
    /// Plan units, to the right.
    pub x: f32,
    /// Plan units, downwards.
    pub y: f32,
    /// Its tier; `None`: not for sale.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub tier: Option<TierId>,
    /// Its total price.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<super::MoneySchema>))]
    pub price: Option<Money>,
    /// Its state.
    #[cfg_attr(feature = "ssr", schema(value_type = super::SeatStateSchema))]
    pub state: SeatState,
    /// `accessible`, `companion`, `restricted_view`, `aisle`.
    pub features: Vec<String>,
}
