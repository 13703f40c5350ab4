//! A notice that outlives one redirect: what a plain form brought about, kept in a short-lived cookie.

use app::components::notice::Notice;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::hold::MAX_PLACES;

use crate::http::cookies;

const COOKIE: &str = "__Host-notice";
/// Longest notice, in characters.
const MAX: usize = 400;

/// Goes to `to`, where `notice` will be shown once.
pub(super) fn redirect(to: &str, notice: Option<&Notice>) -> Response {
    let mut response = Redirect::to(to).into_response();
    if let Some(value) = notice.and_then(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

fn cookie(notice: &Notice) -> Option<HeaderValue> {
    let text = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&short(notice)).ok()?);
    HeaderValue::from_str(&format!("{COOKIE}={text}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=60")).ok()
}

/// The notice that the last redirect left, if any.
pub(super) fn take(headers: &HeaderMap) -> Option<Notice> {
    cookies::named(headers, COOKIE)
        .next()
        .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .map(|notice: Notice| short(&notice))
}

fn short(notice: &Notice) -> Notice {
    let offer = notice.offer.iter().copied().take(MAX_PLACES).collect();
    let standing = notice.standing.iter().take(MAX_PLACES).cloned().collect();
    Notice { tone: notice.tone, text: notice.text.chars().take(MAX).collect(), offer, standing }
}

/// Forgets the notice once it is shown.
pub(super) fn forget(response: &mut Response) {
    let gone = "__Host-notice=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0";
    response.headers_mut().append(header::SET_COOKIE, HeaderValue::from_static(gone));
}
