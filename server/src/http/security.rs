//! Security headers: what a page may load is said once, here.

use std::sync::OnceLock;

use app::pages::shell::SCRIPTS;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// What a page without scripts may load.
const WITHOUT_SCRIPT: &str = "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What a page may load whose one script is a file: the one that keeps counts fresh, or keeps tickets.
pub const WITH_FILES: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// What a page with the islands may load: the scripts that stand in pages, by their hashes, and what those import. No
/// value in it belongs to one answer, so that answers may be kept.
#[must_use]
pub fn with_script() -> HeaderValue {
    static POLICY: OnceLock<HeaderValue> = OnceLock::new();
    let policy = || {
        let hashes = SCRIPTS.map(|script| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(script)))).join(" ");
        let text = format!(
            "default-src 'none'; script-src {hashes} 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; \
             font-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'"
        );
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(WITHOUT_SCRIPT))
    };
    POLICY.get_or_init(policy).clone()
}

/// Adds the headers that every answer has, where the handler has not said something stricter or wider itself.
pub async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed: [(HeaderName, &str); 8] = [
        // Whatever nobody called public is kept by nobody.
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, WITHOUT_SCRIPT),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=(self)"),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
