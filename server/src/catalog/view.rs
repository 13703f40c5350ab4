//! The catalogue's values as the API's wire types.

use app::api::Page;
use app::api::events::{AvailabilityView, ChartView, EventSummary, EventView, TierView, VenueView};
use domain::time::Millis;
use jiff::Timestamp;

use super::Listed;
use super::types::{ChartRef, Event, Summary, Tier};

/// RFC 3339 in UTC, such as `2026-11-20T19:30:00Z`.
#[must_use]
pub fn rfc3339(at: Millis) -> String {
    Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

/// `Harbour Arena, Hamburg`, or the name alone where nobody said in which city it stands.
#[must_use]
pub fn place(name: &str, city: &str) -> String {
    if city.is_empty() { name.to_owned() } else { format!("{name}, {city}") }
}

/// Where a chart's geometry is fetched. The content's hash is in it, so it may be kept for a year.
#[must_use]
pub fn geometry_url(chart: &ChartRef) -> String {
    format!("/charts/{}.pch", chart.geometry_hash)
}

/// A page of the list.
#[must_use]
pub fn page(listed: &Listed) -> Page<EventSummary> {
    Page { items: listed.events.iter().map(summary).collect(), next: listed.next.map(|cursor| cursor.to_string()) }
}

/// A row of the list.
#[must_use]
pub fn summary(event: &Summary) -> EventSummary {
    EventSummary {
        id: event.id,
        slug: event.slug.clone(),
        title: event.title.clone(),
        starts_at: rfc3339(event.starts_at),
        time_zone: event.venue.time_zone.clone(),
        venue: VenueView {
            name: event.venue.name.clone(),
            city: event.venue.city.clone(),
            country: event.venue.country.clone(),
        },
        from_price: event.from_price,
        available: event.available,
        status: event.status.word().to_owned(),
    }
}

/// An event whole; where its live state is comes from elsewhere.
#[must_use]
pub fn event(event: &Event, availability: AvailabilityView) -> EventView {
    EventView {
        summary: summary(&event.summary),
        description: event.description.clone(),
        doors_at: event.doors_at.map(rfc3339),
        ends_at: event.summary.ends_at.map(rfc3339),
        details: event.details.clone(),
        tiers: event.tiers.iter().map(tier).collect(),
        chart: event.chart.as_ref().map(|chart| ChartView {
            version: chart.version,
            seats: chart.seats,
            geometry_url: geometry_url(chart),
        }),
        availability,
    }
}

/// A price tier.
#[must_use]
pub fn tier(tier: &Tier) -> TierView {
    TierView {
        id: tier.id,
        name: tier.name.clone(),
        kind: if tier.category.is_some() { "seated" } else { "standing" }.to_owned(),
        category: tier.category,
        price: tier.price.total,
        available: tier.available(),
        min_purchase: tier.min_purchase,
        max_purchase: tier.max_purchase,
        sale_starts_at: tier.sale.opens_at.map(rfc3339),
        sale_ends_at: tier.sale.closes_at.map(rfc3339),
    }
}
