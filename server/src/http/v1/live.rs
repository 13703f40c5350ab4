//! Live availability: server-sent events, by the ordinary body or on a connection that leaves hyper.
//!
//! # What is heard
//!
//! `GET /api/v1/events/{slug}/availability/stream?after=EPOCH-SEQ`. An id is `EPOCH-SEQ`: the epoch names one life of one
//! process's projection, the sequence grows by one with each change within it. Ids of different epochs say nothing about
//! each other. Events of other names may be added and are to be passed over.
//!
//! | event | id | data | meaning |
//! |---|---|---|---|
//! | `state` | yes | base64 of the bytes that `GET .../availability` answers ([`domain::availability::Message`]) | everything as of the id: replaces whatever was known, of whatever epoch |
//! | `delta` | yes | base64 of [`domain::availability::delta`] | turns the states of `EPOCH-(SEQ-1)` into those of the id |
//! | `snapshot` | yes | the id again | whoever does not have the states of this id fetches them; deltas go on from it. Comes behind each `state`, for readers that do not know the latter |
//! | `left` | yes | `{"total": 120, "tiers": {"TIER": 40}}` | places left as of the id |
//! | `beat` | no | empty | the stream lives |
//!
//! - **First events.** Where `after` (or `Last-Event-ID`, which wins) is of this epoch and the changes since are few: those
//!   `delta`s, none if nothing changed, then `left`. Otherwise, another process's epoch included: `state`, `snapshot`,
//!   `left`, all of one id.
//! - **Afterwards** each change is one `delta`, followed by `left` of the same id where the counts changed. Within one
//!   connection sequences have no gaps, except that a reader too slow for them gets `state`, `snapshot`, `left` when it
//!   reads again.
//! - **A reader** keeps the position of its states. `state`: take states and position. `delta` of position + 1: lay it
//!   over. `snapshot` of the position it has: nothing to do. Anything else (a gap, a `snapshot` of another position):
//!   fetch the snapshot, and listen again from its position.
//! - **Silence.** No stream is silent for longer than 16 seconds: a `beat` comes then. After 45 seconds without any event
//!   the stream is dead, whatever the browser believes.
//! - **The end.** A body that ends properly means that the process stops, or that the event is not shown any more:
//!   browsers come back by themselves, after the `retry` of 1 to 5 seconds that each stream begins with. The connection is
//!   closed with it (`connection: close`). Whoever comes back to an event that is not shown hears 404.
//! - **Refusals** are problems and no streams, which `EventSource` does not ask again by itself: 429 `too_many_streams`,
//!   503 `busy` and 503 `closing`, with `Retry-After`.
//! - `only=left` hears `left` and `beat` alone.

use app::api::problem::Problem;
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::availability::Position;
use serde::Deserialize;

use crate::availability::{Ask, Full, Wants};
use crate::http::client::Client;
use crate::http::handover::{CanLeave, Leaving};
use crate::http::json::{Asked, Named};
use crate::http::problem::ApiError;
use crate::http::state::Shop;

/// What to hear.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StreamQuery {
    /// What is known already: `EPOCH-SEQUENCE` of the snapshot. A `Last-Event-ID` is newer and wins.
    after: Option<String>,
    /// `left` for the counts alone.
    only: Option<Only>,
}

/// A part of the stream.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Only {
    /// The counts.
    Left,
}

/// Hear what changes
///
/// Server-sent events, all but `beat` with an `id` of epoch and sequence. `state`: all seats, the bytes of the snapshot in
/// base64; replaces whatever was known. `delta`: the changed seats since the sequence before, in base64
/// (`domain::availability::delta` describes the bytes); the new states are absolute. `snapshot`: whoever does not have the
/// states of this id fetches the snapshot again, deltas go on from here. `left`: `{"total": 120, "tiers": {"TIER": 40}}`,
/// places left. `beat`: the stream lives; it comes before 16 seconds of silence have passed. Events of other names are to
/// be passed over. Where `after` and `Last-Event-ID` are missing, of another epoch or too old, the first events are
/// `state`, `snapshot` and `left`.
#[utoipa::path(
    get, path = "/events/{slug}/availability/stream", tag = "events",
    params(("slug" = String, Path), StreamQuery, ("Last-Event-ID" = Option<String>, Header)),
    responses(
        (status = 200, body = String, content_type = "text/event-stream", description = "The stream, without an end"),
        (status = 404, body = Problem, description = "No such event", content_type = "application/problem+json"),
        (status = 422, body = Problem, description = "`invalid_request`", content_type = "application/problem+json"),
        (status = 429, body = Problem, description = "`too_many_streams` from this address", content_type = "application/problem+json"),
        (status = 503, body = Problem, description = "`closing`: the process is about to end; `busy`: as many listen as can", content_type = "application/problem+json"),
    )
)]
pub async fn stream(
    State(shop): State<Shop>,
    Named(slug): Named<String>,
    Asked(query): Asked<StreamQuery>,
    Extension(client): Extension<Client>,
    can_leave: Option<Extension<CanLeave>>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    let after: Option<Position> = match (last, &query.after) {
        (None, Some(text)) => Some(text.parse().map_err(|()| ApiError::invalid("`after` is EPOCH-SEQUENCE."))?),
        (last, _) => last,
    };
    let event = shop.catalog.by_slug(&slug, shop.now()).await?.ok_or_else(|| ApiError::not_found("event"))?;
    let wants = if query.only.is_some() { Wants::Counts } else { Wants::Seats };
    if method == Method::HEAD {
        return Ok(head(().into_response()));
    }
    let asked = shop.availability.listen(event.summary.id, Ask { wants, after }, client.0, shop.now()).await?;
    let listener = asked.map_err(refused)?;
    Ok(if can_leave.is_some() {
        let mut response = head(().into_response());
        response.extensions_mut().insert(Leaving::new(listener));
        response
    } else {
        head(Body::from_stream(listener.into_body().map_err(refused)?).into_response())
    })
}

fn head(mut response: Response) -> Response {
    let fixed = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // Proxies of the nginx family would wait for a buffer to fill.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    for (name, value) in fixed {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn refused(full: Full) -> ApiError {
    match full {
        Full::Address { limit } => ApiError::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_streams",
            "Many windows are open",
            format!(
                "{limit} pages at your address listen already. This one keeps itself fresh by asking now and then."
            ),
        )
        .with("limit", limit),
        Full::House => ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "Too busy right now",
            "As many listen as we can take. This page keeps itself fresh by asking now and then.",
        ),
        Full::Closing => ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "closing",
            "One moment, please",
            "The shop is being started anew. This page keeps itself fresh by asking now and then.",
        ),
    }
    .retry_after(if full == Full::Closing { 5 } else { 60 })
}
