//! The list and an event: the same for everybody, cacheable whole, rendered once a second at most.

use std::sync::Arc;

use app::pages::event::EventPage;
use app::pages::home::{Chip, EventRow, HomePage, Offer};
use app::pages::{self, render};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use serde::Deserialize;

use super::words;
use crate::catalog::types::{Cursor, Query, Status, Summary, Tier};
use crate::http::html::shared;
use crate::http::json::{Asked, Named};
use crate::http::problem::ApiError;
use crate::http::state::Shop;
use crate::http::when;

/// Events on a page of the list.
const ROWS: u32 = 60;
/// Categories with their names.
const CATEGORIES: [(&str, &str); 4] =
    [("concert", "Concerts"), ("theatre", "Theatre"), ("sport", "Sport"), ("club_night", "Club nights")];

/// What is searched for. Unknown fields are left alone: addresses of pages collect them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct HomeQuery {
    q: String,
    category: String,
    after: String,
}

pub(super) async fn home(
    State(shop): State<Shop>,
    Asked(asked): Asked<HomeQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let category = CATEGORIES.iter().find(|(id, _)| *id == asked.category).map(|(id, _)| (*id).to_owned());
    let words: String = asked.q.trim().chars().take(100).collect();
    let after: Option<Cursor> = asked.after.parse().ok();
    // Of what was understood, so that no two questions share a key.
    let place = after.map(|cursor| cursor.to_string()).unwrap_or_default();
    let key = format!("/?{}&{place}&{words}", category.as_deref().unwrap_or_default());
    let html = kept(&shop, key, list(&shop, words.clone(), category, after)).await?;
    Ok(shared(html, 5, headers.get(header::IF_NONE_MATCH)))
}

/// The page as it was rendered within the last second, or as `make` makes it now.
async fn kept(
    shop: &Shop,
    key: String,
    make: impl Future<Output = Result<String, ApiError>>,
) -> Result<Arc<str>, ApiError> {
    let made = shop.pages.try_get_with(key, async { make.await.map(Arc::from) }).await;
    made.map_err(|error: Arc<ApiError>| (*error).clone())
}

async fn list(shop: &Shop, words: String, category: Option<String>, after: Option<Cursor>) -> Result<String, ApiError> {
    let query =
        Query { words: Some(words.clone()), category: category.clone(), after, limit: ROWS, ..Query::default() };
    let listed = shop.catalog.list(&query, shop.now()).await?;
    let chip = |id: Option<&str>, label: &str| Chip {
        label: label.to_owned(),
        href: id.map_or_else(|| "/".to_owned(), |id| format!("/?category={id}")),
        current: category.as_deref() == id,
    };
    let mut rows = Vec::with_capacity(listed.events.len());
    for event in &listed.events {
        rows.push(words::row(event, offer(shop, event).await));
    }
    let to_be_had = |row: &EventRow| matches!(row.offer, Offer::From { .. } | Offer::Free { .. });
    let next = rows.iter().position(to_be_had);
    let next = next.filter(|_| query.after.is_none() && category.is_none()).map(|at| rows[at].clone());
    let data = HomePage {
        query: words,
        chips: std::iter::once(chip(None, "Everything"))
            .chain(CATEGORIES.iter().map(|(id, label)| chip(Some(id), label)))
            .collect(),
        next,
        events: rows,
        more: listed.next.map(|cursor| match &category {
            Some(category) => format!("/?category={category}&after={cursor}"),
            None => format!("/?after={cursor}"),
        }),
    };
    let frame = shop.frame();
    Ok(render(move || pages::home::page(&frame, data)))
}

/// What can be had of an event of the list. What is held is known where somebody looks at the event; an event's page is
/// such a look, so that both say the same.
async fn offer(shop: &Shop, event: &Summary) -> Offer {
    let now = shop.now();
    let seen = match event.status {
        Status::OnSale | Status::SoldOut => shop.availability.known(event.id, now).await,
        _ => None,
    };
    let whole = match &seen {
        Some(seen) if words::is_sold_out(event, Some(seen)) => shop.catalog.by_id(event.id, now).await.ok().flatten(),
        _ => None,
    };
    let tiers = whole.as_deref().map(|event| event.tiers.as_slice()).unwrap_or_default();
    words::offer(event, tiers, seen.as_deref())
}

pub(super) async fn event(
    State(shop): State<Shop>,
    Named(slug): Named<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let key = format!("/events/{slug}");
    let html = kept(&shop, key, one(&shop, &slug)).await?;
    Ok(shared(html, 2, headers.get(header::IF_NONE_MATCH)))
}

async fn one(shop: &Shop, slug: &str) -> Result<String, ApiError> {
    let now = shop.now();
    let event = shop.catalog.by_slug(slug, now).await?.ok_or_else(|| ApiError::not_found("event"))?;
    let summary = &event.summary;
    let zone = &summary.venue.time_zone;
    let address = [event.address.as_str(), &summary.venue.city].into_iter().filter(|part| !part.is_empty());
    let seen = shop.availability.get(summary.id, now).await.ok();
    let left = |tier: &Tier| words::left(seen.as_deref(), tier);
    let offer = words::offer(summary, &event.tiers, seen.as_deref());
    let data = EventPage {
        slug: summary.slug.clone(),
        title: summary.title.clone(),
        artist: words::artist(&event),
        starts: words::starts(summary),
        doors: event.doors_at.map(|at| when::clock_time(at, zone)),
        venue: summary.venue.name.clone(),
        address: address.collect::<Vec<_>>().join(", "),
        description: event.description.split("\n\n").map(str::to_owned).collect(),
        notes: words::notes(&event),
        offer,
        seated: event.chart.is_some(),
        tiers: event.tiers.iter().map(|tier| words::tier(tier, left(tier), zone, now)).collect(),
        notice: None,
    };
    let frame = shop.frame();
    Ok(render(move || pages::event::page(&frame, data)))
}
