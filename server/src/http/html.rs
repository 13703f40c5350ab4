//! Pages as answers: status, policy, caching.

use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::security::{WITH_FILES, with_script};

/// A page that is one person's: never kept by anybody in between. `script`: it has islands, or waits.
#[must_use]
pub fn private(status: StatusCode, html: String, script: bool) -> Response {
    let mut response = (status, Html(html)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    if script {
        headers.insert(header::CONTENT_SECURITY_POLICY, with_script());
    }
    response
}

/// A page that is the same for everybody: kept for `seconds`, served stale while it is fetched again, with an ETag.
#[must_use]
pub fn shared(html: Arc<str>, seconds: u32, if_none_match: Option<&HeaderValue>) -> Response {
    // Weak: the page travels compressed or not.
    let etag = format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&Sha256::digest(html.as_bytes())[..12]));
    let fresh = if_none_match.and_then(|value| value.to_str().ok()).is_some_and(|known| known.contains(&etag[2..]));
    let mut response = if fresh {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        (StatusCode::OK, Html(html.to_string())).into_response()
    };
    let headers = response.headers_mut();
    let cache = format!("public, max-age={seconds}, stale-while-revalidate=60");
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(header::CONTENT_SECURITY_POLICY, WITH_FILES);
    for (name, value) in [(header::CACHE_CONTROL, cache), (header::ETAG, etag)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    response
}
