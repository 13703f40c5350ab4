//! Events in memory, for tests of whatever stands above the catalogue.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use domain::ids::{EventId, PromoterId, VenueId};
use domain::seat::SeatId;
use domain::time::Millis;

use super::store::{Added, EventStore, Which};
use super::types::{ChartRef, Claims, Cursor, Event, NewEvent, NewPromoter, NewVenue, Query, Status, Summary, Tier};
use crate::trouble::Trouble;

/// Events that vanish with the process. Nothing is ever sold of them.
#[derive(Debug, Default)]
pub struct MemoryEvents {
    shelf: Mutex<Shelf>,
}

#[derive(Debug, Default)]
struct Shelf {
    promoters: Vec<NewPromoter>,
    venues: Vec<NewVenue>,
    events: Vec<NewEvent>,
    charts: Vec<ChartRef>,
}

impl MemoryEvents {
    /// Tells which charts there are, so that events can name them.
    pub fn know_chart(&self, chart: ChartRef) {
        self.with(|shelf| shelf.charts.push(chart));
    }

    fn with<T>(&self, work: impl FnOnce(&mut Shelf) -> T) -> T {
        work(&mut self.shelf.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Shelf {
    fn event(&self, event: &NewEvent, now: Millis) -> Option<Event> {
        let venue = self.venues.iter().find(|venue| venue.id == event.venue)?;
        let promoter = self.promoters.iter().find(|promoter| promoter.id == event.promoter)?;
        let selling: Vec<&Tier> =
            event.tiers.iter().filter(|tier| tier.sale.closes_at.is_none_or(|closes| closes > now)).collect();
        let available: u32 = selling.iter().map(|tier| tier.available()).sum();
        let opened = event.tiers.iter().any(|tier| tier.sale.opens_at.is_none_or(|opens| opens <= now));
        let status = if event.ends_at.unwrap_or(event.starts_at) <= now {
            Status::Past
        } else if !opened && !event.tiers.is_empty() {
            Status::Announced
        } else if available == 0 {
            Status::SoldOut
        } else {
            Status::OnSale
        };
        Some(Event {
            summary: Summary {
                id: event.id,
                slug: event.slug.clone(),
                title: event.title.clone(),
                category: event.category.clone(),
                status,
                starts_at: event.starts_at,
                ends_at: event.ends_at,
                venue: venue.place.clone(),
                from_price: selling
                    .iter()
                    .filter(|tier| tier.available() > 0)
                    .map(|tier| tier.price.total)
                    .min_by_key(|price| price.amount),
                available,
                opens_at: event.tiers.iter().filter_map(|tier| tier.sale.opens_at).min(),
            },
            description: event.description.clone(),
            address: venue.address.clone(),
            promoter: promoter.name.clone(),
            doors_at: event.doors_at,
            details: event.details.clone(),
            currency: event.currency,
            chart: event.chart.and_then(|id| self.charts.iter().find(|chart| chart.id == id).cloned()),
            tiers: event.tiers.clone(),
            max_per_person: event.max_per_person,
        })
    }
}

/// Every word typed begins some word of the event. Slips are forgiven by PostgreSQL alone.
fn matches(event: &Event, typed: &str) -> bool {
    let artist = event.details.get("artist").and_then(|artist| artist.as_str()).unwrap_or_default();
    let summary = &event.summary;
    let category = summary.category.replace('_', " ");
    let text =
        [&summary.title, artist, &event.description, &summary.venue.name, &summary.venue.city, &category].map(fold);
    let typed = fold(typed);
    let mut words = typed.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).peekable();
    words.peek().is_some()
        && words.all(|word| {
            text.iter()
                .flat_map(|text| text.split(|letter: char| !letter.is_alphanumeric()))
                .any(|own| own.starts_with(word))
        })
}

fn fold(text: &(impl AsRef<str> + ?Sized)) -> String {
    text.as_ref().to_lowercase()
}

#[async_trait]
impl EventStore for MemoryEvents {
    async fn list(&self, query: &Query, now: Millis) -> Result<Vec<Summary>, Trouble> {
        let mut events: Vec<Event> =
            self.with(|shelf| shelf.events.iter().filter_map(|event| shelf.event(event, now)).collect());
        events.retain(|event| {
            let row = &event.summary;
            (row.status != Status::Past || query.from.is_some())
                && query.words.as_ref().is_none_or(|words| matches(event, words))
                && query.from.is_none_or(|from| row.starts_at >= from)
                && query.to.is_none_or(|to| row.starts_at < to)
                && query.category.as_ref().is_none_or(|category| row.category == *category)
                && query.after.is_none_or(|after| Cursor { starts_at: row.starts_at, id: row.id } > after)
        });
        events.sort_by_key(|event| (event.summary.starts_at, event.summary.id));
        Ok(events.into_iter().map(|event| event.summary).take(query.limit as usize).collect())
    }

    async fn find(&self, which: &Which, now: Millis) -> Result<Option<Event>, Trouble> {
        Ok(self.with(|shelf| {
            let wanted = |event: &&NewEvent| match which {
                Which::Id(id) => event.id == *id,
                Which::Slug(slug) => event.slug == *slug,
            };
            shelf.events.iter().find(wanted).and_then(|event| shelf.event(event, now))
        }))
    }

    async fn kills(&self, event: EventId) -> Result<Vec<SeatId>, Trouble> {
        let mut seats: Vec<SeatId> = self.with(|shelf| {
            let killed = shelf.events.iter().filter(|known| known.id == event).flat_map(|known| &known.kills);
            killed.map(|(seat, _)| *seat).collect()
        });
        seats.sort_unstable();
        Ok(seats)
    }

    async fn claims(&self, event: EventId) -> Result<Claims, Trouble> {
        let mut standing: Vec<_> = self.with(|shelf| {
            let tiers = shelf.events.iter().filter(|known| known.id == event).flat_map(|known| &known.tiers);
            tiers.filter(|tier| tier.category.is_none()).map(|tier| (tier.id, tier.sold + tier.reserved)).collect()
        });
        standing.sort_unstable();
        Ok(Claims { standing, ..Claims::default() })
    }

    async fn ensure_promoter(&self, promoter: &NewPromoter) -> Result<PromoterId, Trouble> {
        Ok(self.with(|shelf| {
            if let Some(known) = shelf.promoters.iter().find(|known| known.slug == promoter.slug) {
                return known.id;
            }
            shelf.promoters.push(promoter.clone());
            promoter.id
        }))
    }

    async fn ensure_venue(&self, venue: &NewVenue) -> Result<VenueId, Trouble> {
        Ok(self.with(|shelf| {
            if let Some(known) = shelf.venues.iter().find(|known| known.slug == venue.slug) {
                return known.id;
            }
            shelf.venues.push(venue.clone());
            venue.id
        }))
    }

    async fn add(&self, event: &NewEvent) -> Result<Added, Trouble> {
        Ok(self.with(|shelf| {
            if shelf.events.iter().any(|known| known.slug == event.slug) {
                return Added::SlugTaken;
            }
            shelf.events.push(event.clone());
            Added::Made
        }))
    }

    async fn any(&self) -> Result<bool, Trouble> {
        Ok(self.with(|shelf| !shelf.events.is_empty()))
    }
}
