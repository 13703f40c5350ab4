//! What lies around every handler: metrics, request ids, panics, time and size limits, CSRF, rate limits, headers; and
//! the words for what these refuse.

use std::any::Any;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum_prometheus::metrics_exporter_prometheus::PrometheusHandle;
use axum_prometheus::{EndpointLabel, PrometheusMetricLayer, PrometheusMetricLayerBuilder};
use tower::ServiceBuilder;
use tower_governor::GovernorLayer;
use tower_governor::errors::GovernorError;
use tower_governor::governor::GovernorConfigBuilder;
use tower_governor::key_extractor::KeyExtractor;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::{CsrfLayer, ProtectionError};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use super::client::{self, Client};
use super::hourly;
use super::json::too_large;
use super::looks::{self, Looks};
use super::once::MAX_BODY;
use super::problem::ApiError;
use super::security;
use super::state::Shop;
use crate::limits::{Bucket, SITE};
use crate::trouble::Trouble;

/// Longest time a request may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Counts by the client, or by the site that it is part of.
#[derive(Clone, Copy, Debug)]
struct ByClient {
    site: bool,
}

impl KeyExtractor for ByClient {
    type Key = Bucket;

    fn extract<T>(&self, request: &Request<T>) -> Result<Bucket, GovernorError> {
        let client = request.extensions().get::<Client>().ok_or(GovernorError::UnableToExtractKey)?;
        // Whoever is part of no site is counted twice, and the second time never refused.
        let mut buckets = client.buckets();
        let bucket = if self.site { buckets.last() } else { buckets.next() };
        bucket.ok_or(GovernorError::UnableToExtractKey)
    }
}

/// The process's metrics: one recorder, however many routers tests make.
pub fn metrics() -> &'static (PrometheusMetricLayer<'static>, PrometheusHandle) {
    static PAIR: OnceLock<(PrometheusMetricLayer<'static>, PrometheusHandle)> = OnceLock::new();
    PAIR.get_or_init(|| {
        PrometheusMetricLayerBuilder::new()
            .with_prefix("parterre")
            // Labels by route, never by event or seat, and one for whatever strangers try.
            .with_endpoint_label_type(EndpointLabel::MatchedPathWithFallbackFn(|_| "unknown".to_owned()))
            .with_default_metrics()
            .build_pair()
    })
}

/// Puts the limits around `router`: who may send how much, from where, for how long. One client address may send
/// `writes_per_second` calls that change something to this process, and look at what is its own as often; what it may do
/// in an hour, over all processes, `hourly` tells.
pub fn limits(router: Router, shop: &Shop) -> Router {
    let writes_per_second = shop.config.writes_per_second;
    // Within the limit by the second, so that a flood costs no question to Redis.
    let router = router.layer(from_fn_with_state(shop.clone(), hourly::limit));
    let proxies: Arc<[IpAddr]> = shop.config.trusted_proxies.clone().into();
    // In the books a look is as dear as a change, and every change leads to a look.
    let looks = Looks::new(writes_per_second, Arc::clone(&shop.clock));
    let router = router.layer(from_fn_with_state(looks, looks::limit));
    let router = by_the_second(router, shop, ByClient { site: true }, writes_per_second.saturating_mul(SITE));
    let router = by_the_second(router, shop, ByClient { site: false }, writes_per_second);
    let csrf = CsrfLayer::new().with_rejection_response(|_: ProtectionError| another_site());
    let time = ServiceBuilder::new()
        .layer(CatchPanicLayer::custom(bug))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, TIMEOUT));
    router
        .layer(RequestBodyLimitLayer::new(MAX_BODY))
        .layer(csrf)
        .layer(time)
        .layer(from_fn_with_state(proxies, client::recognise))
}

/// Lets whoever `by` counts send `per_second` calls that change something, and twenty times as many at once.
fn by_the_second(router: Router, shop: &Shop, by: ByClient, per_second: u32) -> Router {
    let limits = GovernorConfigBuilder::default()
        .key_extractor(by)
        .methods(vec![Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .per_nanosecond(1_000_000_000 / u64::from(per_second.max(1)))
        .burst_size(per_second.saturating_mul(20))
        .finish();
    let Some(limits) = limits else { return router };
    let limiter = limits.limiter().clone();
    shop.every_minute(move || limiter.retain_recent());
    router.layer(GovernorLayer::new(Arc::new(limits)).error_handler(too_often))
}

/// Puts around `router` what every answer passes, refusals of the limits among them.
pub fn around(router: Router) -> Router {
    let (metrics, _) = metrics();
    let inner =
        ServiceBuilder::new().layer(CompressionLayer::new().br(true).gzip(true)).layer(CatchPanicLayer::custom(bug));
    let outer = ServiceBuilder::new()
        .map_response(reported)
        .map_request(sensible_id)
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        // Method and id alone: addresses may carry secrets.
        .layer(TraceLayer::new_for_http().make_span_with(|request: &Request<Body>| {
            let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
            tracing::debug_span!("request", method = %request.method(), id)
        }))
        .layer(PropagateRequestIdLayer::x_request_id());
    router.layer(inner).layer(axum::middleware::from_fn(security::headers)).layer(metrics.clone()).layer(outer)
}

/// A request's id comes back in the answer, on pages and in the log: one that is not short and plain is not taken over.
fn sensible_id(mut request: Request<Body>) -> Request<Body> {
    let plain =
        |id: &[u8]| id.len() <= 64 && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte));
    if request.headers().get("x-request-id").is_some_and(|id| id.is_empty() || !plain(id.as_bytes())) {
        request.headers_mut().remove("x-request-id");
    }
    request
}

fn too_often(error: GovernorError) -> Response {
    let wait = match error {
        GovernorError::TooManyRequests { wait_time, .. } => u32::try_from(wait_time).unwrap_or(60).max(1),
        _ => 1,
    };
    ApiError::too_often(wait).into_response()
}

/// A panic behind a request. Its words are for the log alone.
fn bug(panic: Box<dyn Any + Send>) -> Response {
    let words = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = words.unwrap_or("without words"), "a request panicked");
    broken().into_response()
}

/// Writes down which request went wrong on our side, by the id that the person was shown.
fn reported<B>(response: axum::http::Response<B>) -> axum::http::Response<B> {
    if response.status() == StatusCode::INTERNAL_SERVER_ERROR {
        let id = response.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
        tracing::error!(report = id, "a request went wrong on our side");
    }
    response
}

fn broken() -> ApiError {
    ApiError::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "Something is wrong on our side",
        "It is written down for us. Look how things stand before you try again.",
    )
}

/// What a bare status stands for where a layer or the framework refused without words.
#[must_use]
pub fn worded(status: StatusCode) -> ApiError {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        StatusCode::NOT_FOUND => ApiError::not_found("address"),
        StatusCode::METHOD_NOT_ALLOWED => ApiError::new(
            status,
            "method_not_allowed",
            "Not this way",
            "This address does not take this method. See /api/openapi.json.",
        ),
        // The time was over, and whether the work went through nobody has looked.
        StatusCode::SERVICE_UNAVAILABLE => {
            Trouble::Unconfirmed { what: "a handler", detail: "the time was over".into() }.into()
        }
        status if status.is_server_error() => broken(),
        status => ApiError::new(
            status,
            "invalid_request",
            "Please check the request",
            "It was not in a form that this address can read. Nothing was done.",
        ),
    }
}

/// What a look is told whose time was over.
#[must_use]
pub fn late() -> ApiError {
    Trouble::Unavailable { what: "a handler", detail: "the time was over".into() }.into()
}

fn another_site() -> Response {
    ApiError::new(
        StatusCode::FORBIDDEN,
        "cross_site",
        "This came from another site",
        "For your safety we only take this from our own pages. Go back and try again there.",
    )
    .into_response()
}
