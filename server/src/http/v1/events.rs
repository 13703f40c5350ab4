//! Events, seats, availability.

use app::api::Page;
use app::api::events::{AvailabilityView, EventSummary, EventView, SeatView};
use app::api::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::seat::{SeatId, SeatState};
use serde::Deserialize;

use crate::availability::Seen;
use crate::catalog::types::Query;
use crate::catalog::{ListError, view};
use crate::http::files;
use crate::http::json::{Asked, Named};
use crate::http::problem::ApiError;
use crate::http::state::{OnStage, Shop};
use crate::http::views::seat_label;
use crate::http::when;

/// Seats on a page where nobody asked for a number.
const DEFAULT_SEATS: u32 = 50;
/// Seats on a page, at most.
const MAX_SEATS: u32 = 200;

/// What to list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventQuery {
    /// Words to search for.
    q: Option<String>,
    /// Starting then or later: RFC 3339 or a date.
    from: Option<String>,
    /// Starting before then.
    to: Option<String>,
    /// Of this category only.
    category: Option<String>,
    /// Rows, 1 to 200.
    limit: Option<u32>,
    /// Cursor: `next` of the page before.
    after: Option<String>,
}

impl EventQuery {
    fn read(self) -> Result<Query, ApiError> {
        let instant = |name: &str, text: Option<String>| {
            text.map(|text| when::parse(&text).ok_or_else(|| ApiError::invalid(format!("`{name}` is not a date."))))
                .transpose()
        };
        let after = self.after.map(|text| text.parse().map_err(|()| ApiError::invalid("`after` is not a cursor.")));
        Ok(Query {
            from: instant("from", self.from)?,
            to: instant("to", self.to)?,
            words: self.q,
            category: self.category,
            after: after.transpose()?,
            limit: limit(self.limit, 50)?,
        })
    }
}

/// A page's size within its bounds.
fn limit(asked: Option<u32>, default: u32) -> Result<u32, ApiError> {
    match asked.unwrap_or(default) {
        rows @ 1..=MAX_SEATS => Ok(rows),
        _ => Err(ApiError::invalid(format!("`limit` is a number from 1 to {MAX_SEATS}."))),
    }
}

impl From<ListError> for ApiError {
    fn from(error: ListError) -> Self {
        match error {
            ListError::Trouble(trouble) => trouble.into(),
            refused => Self::invalid(format!("{refused}.")),
        }
    }
}

/// List public events, soonest first
#[utoipa::path(
    get, path = "/events", tag = "events", params(EventQuery),
    responses(
        (status = 200, body = Page<EventSummary>, description = "A page of events"),
        (status = 422, body = Problem, description = "`invalid_request`", content_type = "application/problem+json"),
    )
)]
pub async fn list(State(shop): State<Shop>, Asked(query): Asked<EventQuery>) -> Result<Response, ApiError> {
    let listed = shop.catalog.list(&query.read()?, shop.now()).await?;
    Ok(cached(Json(view::page(&listed)), 5))
}

/// One event
#[utoipa::path(
    get, path = "/events/{slug}", tag = "events", params(("slug" = String, Path)),
    responses(
        (status = 200, body = EventView, description = "The event"),
        (status = 404, body = Problem, description = "No such event", content_type = "application/problem+json"),
    )
)]
pub async fn one(State(shop): State<Shop>, Named(slug): Named<String>) -> Result<Response, ApiError> {
    let OnStage { event, .. } = shop.on_stage(&slug).await?;
    let seen = shop.availability.get(event.summary.id, shop.now()).await?;
    let availability = AvailabilityView {
        url: format!("/api/v1/events/{slug}/availability"),
        stream_url: format!("/api/v1/events/{slug}/availability/stream"),
        epoch: seen.message.epoch,
        sequence: seen.message.sequence,
    };
    Ok(cached(Json(view::event(&event, availability)), 2))
}

/// Which seats.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SeatQuery {
    /// In this section only.
    section: Option<String>,
    /// In this state only: `free`, `held`, `sold`, `blocked`.
    state: Option<SeatStateWord>,
    /// Rows, 1 to 200.
    limit: Option<u32>,
    /// Cursor: `next` of the page before.
    after: Option<String>,
}

/// A seat's state as the query names it.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeatStateWord {
    /// Can be chosen.
    Free,
    /// Somebody holds it.
    Held,
    /// Gone.
    Sold,
    /// Not for sale.
    Blocked,
}

impl From<SeatStateWord> for SeatState {
    fn from(word: SeatStateWord) -> Self {
        match word {
            SeatStateWord::Free => Self::Free,
            SeatStateWord::Held => Self::Held,
            SeatStateWord::Sold => Self::Sold,
            SeatStateWord::Blocked => Self::Blocked,
        }
    }
}

/// The seats of an event with their states, in chart order
#[utoipa::path(
    get, path = "/events/{slug}/seats", tag = "events", params(("slug" = String, Path), SeatQuery),
    responses(
        (status = 200, body = Page<SeatView>, description = "A page of seats; empty where all stand"),
        (status = 404, body = Problem, description = "No such event", content_type = "application/problem+json"),
        (status = 422, body = Problem, description = "`invalid_request`", content_type = "application/problem+json"),
    )
)]
pub async fn seats(
    State(shop): State<Shop>,
    Named(slug): Named<String>,
    Asked(query): Asked<SeatQuery>,
) -> Result<Response, ApiError> {
    let stage = shop.on_stage(&slug).await?;
    let limit = limit(query.limit, DEFAULT_SEATS)? as usize;
    let start = query.after.as_deref().map_or(Ok(0), |after| {
        after
            .parse::<u32>()
            .map(|seat| seat.saturating_add(1))
            .map_err(|_| ApiError::invalid("`after` is not a cursor."))
    })?;
    let seen = shop.availability.get(stage.event.summary.id, shop.now()).await?;
    let states = &seen.message.states;
    let Some(chart) = &stage.chart else {
        return Ok(cached(Json(Page::<SeatView> { items: vec![], next: None }), 1));
    };
    let wanted = query.state.map(SeatState::from);
    let section = match &query.section {
        None => None,
        Some(name) => Some(
            chart
                .sections
                .iter()
                .position(|known| known.name == *name)
                .ok_or_else(|| ApiError::invalid("`section` names no section of this chart."))?,
        ),
    };
    let mut chosen = (start..chart.seats.len() as u32).map(SeatId).filter(|seat| {
        let row = chart.seats.row[seat.index()] as usize;
        section.is_none_or(|section| usize::from(chart.rows[row].section) == section)
            && wanted.is_none_or(|state| states.get(*seat) == state)
    });
    let items: Vec<SeatView> =
        chosen.by_ref().take(limit).map(|seat| seat_view(&stage, chart, seat, states.get(seat))).collect();
    let next = items.last().filter(|_| chosen.next().is_some()).map(|last| last.seat.0.to_string());
    Ok(cached(Json(Page { items, next }), 1))
}

fn seat_view(stage: &OnStage, chart: &domain::chart::Chart, seat: SeatId, state: SeatState) -> SeatView {
    let index = seat.index();
    let words = chart.label(seat);
    let category = chart.seats.category[index];
    let tier = stage.event.tiers.iter().find(|tier| tier.category == Some(category));
    SeatView {
        seat,
        label: seat_label(chart, seat),
        floor: words.as_ref().map(|w| w.floor.to_string()).unwrap_or_default(),
        section: words.as_ref().map(|w| w.section.to_string()).unwrap_or_default(),
        row: words.as_ref().map(|w| w.row.to_string()).unwrap_or_default(),
        number: words.as_ref().map(|w| w.number.to_string()).unwrap_or_default(),
        x: chart.seats.x[index],
        y: chart.seats.y[index],
        tier: tier.map(|tier| tier.id),
        price: tier.map(|tier| tier.price.total),
        state,
        features: chart.seats.features[index].words().into_iter().map(str::to_owned).collect(),
    }
}

/// All seats' states, packed
///
/// Two bits a seat behind a small header; see `domain::availability`. `ETag` names the epoch and the sequence.
#[utoipa::path(
    get, path = "/events/{slug}/availability", tag = "events",
    params(("slug" = String, Path), ("If-None-Match" = Option<String>, Header)),
    responses(
        (status = 200, body = Vec<u8>, content_type = "application/octet-stream", description = "The snapshot"),
        (status = 304, description = "Nothing changed"),
        (status = 404, body = Problem, description = "No such event", content_type = "application/problem+json"),
    )
)]
pub async fn availability(
    State(shop): State<Shop>,
    Named(slug): Named<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let event = shop.catalog.by_slug(&slug, shop.now()).await?.ok_or_else(|| ApiError::not_found("event"))?;
    let seen = shop.availability.get(event.summary.id, shop.now()).await?;
    Ok(respond(&seen, &headers))
}

/// The snapshot as an answer to a request with `headers`.
pub fn respond(seen: &Seen, headers: &HeaderMap) -> Response {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    // Weak: the bytes travel compressed or not.
    let etag = format!("W/{}", seen.etag);
    let mut response = if known.is_some_and(|known| known.contains(&seen.etag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else if files::takes_brotli(headers) {
        ([(header::CONTENT_ENCODING, "br")], seen.brotli()).into_response()
    } else {
        seen.bytes().clone().into_response()
    };
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    // Caches in between ask once a second for a whole crowd; by its position the stream puts right what was older.
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=1, must-revalidate"));
    answer.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        answer.insert(header::ETAG, etag);
    }
    response
}

fn cached(body: impl IntoResponse, seconds: u32) -> Response {
    let mut response = body.into_response();
    let text = format!("public, max-age={seconds}");
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().insert(header::CACHE_CONTROL, value);
    }
    response
}
