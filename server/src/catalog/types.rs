//! Events as the catalogue knows them: what the list shows, what an event's page shows, what it takes to make one.

use domain::ids::{ChartId, EventId, HoldId, PromoterId, TierId, VenueId};
use domain::money::{Currency, Money};
use domain::price::Price;
use domain::rules::Window;
use domain::seat::SeatId;
use domain::time::Millis;
use serde::{Deserialize, Serialize};

/// Longest text somebody may search for, in characters.
pub const MAX_SEARCH: usize = 200;
/// Rows of a page of the list, at most.
pub const MAX_ROWS: u32 = 200;
/// Rows of a page where nobody asked for a number.
pub const DEFAULT_ROWS: u32 = 50;

/// Where an event stands for a visitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Status {
    /// Can be bought.
    OnSale,
    /// Its sale was stopped, for somebody to look into it.
    Paused,
    /// Its sale is still to come.
    Announced,
    /// Nothing is left.
    SoldOut,
    /// Put off; tickets stay valid.
    Postponed,
    /// Will not happen.
    Cancelled,
    /// Has happened.
    Past,
}

impl Status {
    const ALL: [(Self, &'static str); 7] = [
        (Self::OnSale, "on_sale"),
        (Self::Paused, "paused"),
        (Self::Announced, "announced"),
        (Self::SoldOut, "sold_out"),
        (Self::Postponed, "postponed"),
        (Self::Cancelled, "cancelled"),
        (Self::Past, "past"),
    ];

    /// The API's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(status, _)| *status == self).map_or("", |(_, word)| word)
    }

    /// The status of the API's word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(status, _)| *status)
    }
}

/// What the list shows of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Id.
    pub id: EventId,
    /// The address part.
    pub slug: String,
    /// Title.
    pub title: String,
    /// `concert`, `club_night`, `theatre`, `sport`, ...
    pub category: String,
    /// Where it stands at the instant that was asked about.
    pub status: Status,
    /// Start.
    pub starts_at: Millis,
    /// End, where it is known.
    pub ends_at: Option<Millis>,
    /// Where.
    pub venue: Place,
    /// The cheapest total price still to be had.
    pub from_price: Option<Money>,
    /// Places left in all tiers still on sale.
    pub available: u32,
    /// When the first of its tiers goes or went on sale, where that is told.
    #[serde(default)]
    pub opens_at: Option<Millis>,
}

/// A venue in few words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Name.
    pub name: String,
    /// City.
    pub city: String,
    /// ISO 3166 code.
    pub country: String,
    /// IANA zone.
    pub time_zone: String,
}

/// An event whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// What the list shows.
    pub summary: Summary,
    /// Text for people.
    pub description: String,
    /// Street and number of the venue.
    pub address: String,
    /// Who sells it.
    pub promoter: String,
    /// Doors, where they are told.
    pub doors_at: Option<Millis>,
    /// The flexible part: artist, age, amenities, rules, links.
    pub details: serde_json::Value,
    /// Every tier is in it.
    pub currency: Currency,
    /// The seat chart; `None` where all stand.
    pub chart: Option<ChartRef>,
    /// Price tiers in the promoter's order.
    pub tiers: Vec<Tier>,
    /// Places that one person may buy over all orders; `None`: as many as the tiers allow.
    pub max_per_person: Option<u32>,
}

/// Which version of which chart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChartRef {
    /// Id of the version.
    pub id: ChartId,
    /// Number of the version.
    pub version: u32,
    /// Seats on it.
    pub seats: u32,
    /// SHA-256 of the packed geometry, in hexadecimal.
    pub geometry_hash: String,
}

/// A price tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    /// Id.
    pub id: TierId,
    /// Name.
    pub name: String,
    /// The chart category it prices; `None`: people stand.
    pub category: Option<u8>,
    /// The price of one place.
    pub price: Price,
    /// Places in all.
    pub quantity: u32,
    /// Paid.
    pub sold: u32,
    /// Claimed for orders that are not paid yet.
    pub reserved: u32,
    /// At least so many in one purchase.
    pub min_purchase: u32,
    /// At most so many in one purchase.
    pub max_purchase: u32,
    /// When it is sold.
    pub sale: Window,
}

impl Tier {
    /// Places left.
    #[must_use]
    pub fn available(&self) -> u32 {
        self.quantity.saturating_sub(self.sold).saturating_sub(self.reserved)
    }
}

/// What to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Query {
    /// Words to search for.
    pub words: Option<String>,
    /// Starting then or later; without it, whatever is not over.
    pub from: Option<Millis>,
    /// Starting before then.
    pub to: Option<Millis>,
    /// Of this category only.
    pub category: Option<String>,
    /// After this row.
    pub after: Option<Cursor>,
    /// Rows at most, 1 to [`MAX_ROWS`]; 0 stands for [`DEFAULT_ROWS`].
    pub limit: u32,
}

/// A place in the list: the last row that was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor {
    /// Its start.
    pub starts_at: Millis,
    /// Its id.
    pub id: EventId,
}

impl core::fmt::Display for Cursor {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}.{}", self.starts_at.0, self.id.0.simple())
    }
}

impl core::str::FromStr for Cursor {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let (time, id) = text.split_once('.').ok_or(())?;
        let starts_at = time.parse().map(Millis).ok().filter(|at| at.is_on_calendars()).ok_or(())?;
        Ok(Self { starts_at, id: id.parse().map_err(drop)? })
    }
}

/// What is claimed of an event: the truth that hold stores start from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// Seats with a live claim, ascending.
    pub seats: Vec<SeatId>,
    /// Standing places reserved and sold, by tier.
    pub standing: Vec<(TierId, u32)>,
    /// Whose orders are counted in `standing`: hold, tier and places.
    pub holds: Vec<(HoldId, TierId, u32)>,
    /// The highest fence that a claim of the event carries or was given up with.
    pub fence: i64,
}

/// Who sells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPromoter {
    /// Id, should the slug be new.
    pub id: PromoterId,
    /// The address part.
    pub slug: String,
    /// Name.
    pub name: String,
}

/// A venue to be known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVenue {
    /// Id, should the slug be new.
    pub id: VenueId,
    /// The address part.
    pub slug: String,
    /// Street and number.
    pub address: String,
    /// The rest.
    pub place: Place,
    /// People it takes.
    pub capacity: u32,
}

/// An event to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// Id.
    pub id: EventId,
    /// The promoter.
    pub promoter: PromoterId,
    /// The venue.
    pub venue: VenueId,
    /// The chart's version; `None` where all stand.
    pub chart: Option<ChartId>,
    /// The address part.
    pub slug: String,
    /// Title.
    pub title: String,
    /// Text for people.
    pub description: String,
    /// Category.
    pub category: String,
    /// Every tier is in it.
    pub currency: Currency,
    /// People it takes.
    pub capacity: u32,
    /// Doors.
    pub doors_at: Option<Millis>,
    /// Start.
    pub starts_at: Millis,
    /// End.
    pub ends_at: Option<Millis>,
    /// The flexible part, an object.
    pub details: serde_json::Value,
    /// Tiers in the order shown; nothing sold or reserved yet.
    pub tiers: Vec<Tier>,
    /// Seats that are not for sale, each with its reason.
    pub kills: Vec<(SeatId, String)>,
    /// Places that one person may buy over all orders; `None`: as many as the tiers allow.
    pub max_per_person: Option<u32>,
}
