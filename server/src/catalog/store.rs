//! What the catalogue needs of a store of events.

use async_trait::async_trait;
use domain::ids::{EventId, PromoterId, VenueId};
use domain::seat::SeatId;
use domain::time::Millis;

use super::types::{Claims, Event, NewEvent, NewPromoter, NewVenue, Query, Summary};
use crate::trouble::Trouble;

/// How an event is named.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Which {
    /// By its address part.
    Slug(String),
    /// By its id.
    Id(EventId),
}

/// What became of an event that was to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is there, with its tiers.
    Made,
    /// Another event has its slug; nothing was done.
    SlugTaken,
}

/// Events, venues and promoters. The laws are in `contract.rs`.
#[async_trait]
pub trait EventStore: Send + Sync + 'static {
    /// Public events by start and id, as of `now`: at most `query.limit` rows. Drafts never show.
    async fn list(&self, query: &Query, now: Millis) -> Result<Vec<Summary>, Trouble>;

    /// One public event, as of `now`; `None` where there is none or it is a draft.
    async fn find(&self, which: &Which, now: Millis) -> Result<Option<Event>, Trouble>;

    /// Seats of the event that are not for sale, ascending.
    async fn kills(&self, event: EventId) -> Result<Vec<SeatId>, Trouble>;

    /// What is claimed of the event at one moment.
    async fn claims(&self, event: EventId) -> Result<Claims, Trouble>;

    /// The promoter of that slug, made where it is missing.
    async fn ensure_promoter(&self, promoter: &NewPromoter) -> Result<PromoterId, Trouble>;

    /// The venue of that slug, made where it is missing.
    async fn ensure_venue(&self, venue: &NewVenue) -> Result<VenueId, Trouble>;

    /// Makes the event with its tiers and kills, all or nothing, on sale.
    async fn add(&self, event: &NewEvent) -> Result<Added, Trouble>;

    /// Whether there is any event at all, drafts too.
    async fn any(&self) -> Result<bool, Trouble>;
}
