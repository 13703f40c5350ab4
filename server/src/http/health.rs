//! Alive, ready, measured.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use super::layers::metrics;
use super::state::Shop;

/// `/healthz`, `/readyz`, `/metrics`.
pub fn router() -> Router<Shop> {
    Router::new()
        .route("/healthz", get(|| async { Json(json!({ "status": "alive" })) }))
        .route("/readyz", get(ready))
        .route("/metrics", get(|| async { metrics().1.render() }))
}

/// Ready when every store answers; says how each is.
async fn ready(State(shop): State<Shop>) -> Response {
    let postgres = shop.database.check().await;
    let status = if postgres.is_ok() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let word = |fine: bool| if fine { "ready" } else { "unavailable" };
    let body = json!({
        "status": word(postgres.is_ok()),
        "stores": { "postgres": word(postgres.is_ok()), "holds": "ready", "cache": "ready" },
    });
    (status, Json(body)).into_response()
}
