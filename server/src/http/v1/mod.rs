//! The REST API, version 1, with the document that describes it.

pub mod events;
mod every;
pub mod holds;
pub mod live;
pub mod orders;
pub mod tickets;

use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::every::EveryOperation;
use super::layers::worded;
use super::once::{Once, once};
use super::problem::ApiError;
use super::state::Shop;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Parterre",
        description = "Events, seats, holds, orders and tickets. Money in minor units, always the total a buyer pays. \
                       Every POST takes an `Idempotency-Key`, remembered for 24 hours. Errors are RFC 9457 problems with a \
                       stable `code`. A buyer needs no account: the `token` that a hold returns goes into `Authorization: Bearer`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    tags(
        (name = "events", description = "What is on, on which seats, and what is left"),
        (name = "holds", description = "Places kept for some minutes"),
        (name = "orders", description = "From a hold to tickets"),
        (name = "tickets", description = "What doors need")
    ),
    modifiers(&Secret)
)]
struct Document;

struct Secret;

impl Modify for Secret {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The `token` of the hold or the order."))
            .build();
        openapi.components.get_or_insert_default().add_security_scheme("secret", SecurityScheme::Http(scheme));
    }
}

/// The API's routes below `/api/v1`, and the document that lists them.
pub fn parts() -> (Router<Shop>, utoipa::openapi::OpenApi) {
    let api = OpenApiRouter::new()
        .routes(routes!(events::list))
        .routes(routes!(events::one))
        .routes(routes!(events::seats))
        .routes(routes!(events::availability))
        .routes(routes!(live::stream))
        .routes(routes!(holds::create))
        .routes(routes!(holds::read, holds::release))
        .routes(routes!(holds::extend))
        .routes(routes!(orders::create))
        .routes(routes!(orders::read))
        .routes(routes!(orders::cancel))
        .routes(routes!(orders::pay))
        .routes(routes!(tickets::keys));
    let (router, mut document) =
        OpenApiRouter::with_openapi(Document::openapi()).nest("/api/v1", api).split_for_parts();
    EveryOperation.modify(&mut document);
    (router, document)
}

/// The API with its idempotency keys and its document at `/api/openapi.json`.
pub fn router(shop: &Shop) -> Router<Shop> {
    let (api, document) = parts();
    let keys = Once { store: shop.keys.clone(), clock: shop.clock.clone() };
    let text = document.to_json().unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"));
    let document = move || {
        let text = text.clone();
        async move { ([("content-type", "application/json"), ("cache-control", "public, max-age=300")], text) }
    };
    api.layer(axum::middleware::from_fn_with_state(keys, once))
        .method_not_allowed_fallback(|| async { worded(StatusCode::METHOD_NOT_ALLOWED) })
        .route("/api/openapi.json", axum::routing::get(document))
        .route(
            "/api/{*rest}",
            axum::routing::any(|| async { ApiError::not_found("address in the API").into_response() }),
        )
}
