//! What cookies a request brings.

use axum::http::{HeaderMap, header};

/// Every `name=value`, as they came.
pub(super) fn pairs(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let texts = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(';').map(str::trim))
}

/// The values of those of this name: there may be several, and any of them may be nonsense.
pub(super) fn named<'a>(headers: &'a HeaderMap, name: &'static str) -> impl Iterator<Item = &'a str> {
    pairs(headers).filter_map(move |pair| pair.strip_prefix(name)?.strip_prefix('='))
}
