//! Alive, ready, measured.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use super::layers::metrics;
use super::state::Shop;
use crate::memory;

/// `/healthz`, `/readyz`, `/metrics`.
pub fn router() -> Router<Shop> {
    Router::new()
        .route("/healthz", get(|| async { Json(json!({ "status": "alive" })) }))
        .route("/readyz", get(ready))
        .route("/metrics", get(told))
}

/// The metrics, as Prometheus reads them.
async fn told() -> String {
    memory::measure();
    metrics().1.render()
}

/// Ready while PostgreSQL answers; says how each store is. Without the hold store nothing new is held, but pages are
/// shown and checkouts end: a balancer that took every server away for it would end those too. Without Redis everything
/// goes on, a little slower.
async fn ready(State(shop): State<Shop>) -> Response {
    // Anybody may ask, and the stores are asked for all of them together.
    let (status, body) = shop.readiness.get_with((), look(&shop)).await;
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

async fn look(shop: &Shop) -> (StatusCode, Arc<str>) {
    let (postgres, holds, cache) = tokio::join!(shop.database.check(), shop.holds.check(), shop.cache.check());
    for trouble in [&postgres, &holds, &cache].into_iter().filter_map(|answer| answer.as_ref().err()) {
        tracing::warn!(%trouble, "a store does not answer");
    }
    let status = if postgres.is_ok() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let word = |fine: bool| if fine { "ready" } else { "unavailable" };
    let bus = shop.bus.is_up();
    let whole = holds.is_ok() && cache.is_ok() && bus;
    let overall = if postgres.is_ok() && !whole { "degraded" } else { word(postgres.is_ok()) };
    let body = json!({
        "status": overall,
        "stores": {
            "postgres": word(postgres.is_ok()),
            "holds": word(holds.is_ok()),
            "cache": word(cache.is_ok()),
            "bus": word(bus),
        },
    });
    (status, body.to_string().into())
}
