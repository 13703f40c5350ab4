//! Files that never change under their address: the browser's bundle and packed charts, each with its brotli twin.

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower::ServiceBuilder;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

use super::problem::ApiError;
use super::state::Shop;

/// Bytes of a file's name, at most, wherever we run; its compressed twin is four longer.
const MAX_FILE_NAME: usize = 250;
/// A year: the address carries the content's hash.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// `/assets` and `/charts`.
pub fn router(shop: &Shop) -> Router<Shop> {
    let folder = ServeDir::new(shop.config.assets.join("assets")).precompressed_br().precompressed_gzip();
    let assets = ServiceBuilder::new()
        .layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, |response: &axum::http::Response<_>| {
            matches!(response.status(), StatusCode::OK | StatusCode::NOT_MODIFIED | StatusCode::PARTIAL_CONTENT)
                .then_some(FOREVER)
        }))
        .layer(axum::middleware::from_fn(existing))
        .service(folder);
    Router::new()
        .nest_service("/assets", assets)
        .route("/charts/{file}", get(geometry))
        .route("/favicon.ico", get(|| async { StatusCode::NOT_FOUND }))
        .route(
            "/robots.txt",
            get(|| async { "User-agent: *\nDisallow: /checkout/\nDisallow: /orders/\nDisallow: /tickets/\n" }),
        )
}

/// Names that no file system has are not looked for: they would be an error of the disk, not of the address.
async fn existing(request: Request, next: Next) -> Response {
    let impossible = |part: &str| part.len() > MAX_FILE_NAME || part.contains("%00");
    if request.uri().path().split('/').any(impossible) {
        StatusCode::NOT_FOUND.into_response()
    } else {
        next.run(request).await
    }
}

/// Whether the client takes brotli.
#[must_use]
pub fn takes_brotli(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            name.trim() == "br" && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
        })
}

async fn geometry(
    State(shop): State<Shop>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let hash = file.strip_suffix(".pch").ok_or_else(|| ApiError::not_found("chart"))?;
    let chart = shop.catalog.charts().by_hash(hash).await?.ok_or_else(|| ApiError::not_found("chart"))?;
    let mut response = if takes_brotli(&headers) {
        ([(header::CONTENT_ENCODING, "br")], chart.geometry_br.clone()).into_response()
    } else {
        chart.geometry.clone().into_response()
    };
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    answer.insert(header::CACHE_CONTROL, FOREVER);
    answer.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_charts_geometry_is_kept_for_a_year_under_the_hash_of_its_content() {
        use axum::body::{Body, to_bytes};
        use axum::http::Request;
        use sha2::{Digest, Sha256};
        use tower::ServiceExt;

        let house = crate::test_support::house::house().await;
        let chart = house.shop.catalog.by_slug(crate::test_support::house::SLUG, house.shop.now()).await.unwrap();
        let chart = house.shop.catalog.chart_of(&chart.unwrap()).await.unwrap().unwrap();
        let url = format!("/charts/{}.pch", chart.geometry_hash);
        for coding in ["identity", "br"] {
            let request = Request::get(&url).header(header::ACCEPT_ENCODING, coding).body(Body::empty()).unwrap();
            let answer = house.router.clone().oneshot(request).await.unwrap();
            assert_eq!(answer.headers()[header::CACHE_CONTROL], FOREVER, "{coding}");
            assert_eq!(answer.headers().contains_key(header::CONTENT_ENCODING), coding == "br");
            let body = to_bytes(answer.into_body(), 1 << 24).await.unwrap();
            let hash: String = Sha256::digest(&body).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hash == chart.geometry_hash, coding == "identity", "the name is the content's hash");
        }
        let other = house.shop.catalog.charts().by_hash(&"0".repeat(64)).await.unwrap();
        assert!(other.is_none(), "another content has another address");
    }

    #[test]
    fn brotli_is_sent_to_whoever_takes_it() {
        let takes = |text: &'static str| {
            takes_brotli(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(text))]))
        };
        assert!(takes("gzip, deflate, br, zstd"));
        assert!(takes("br;q=0.5"));
        assert!(!takes("gzip, br;q=0"));
        assert!(!takes("brand"));
    }
}
