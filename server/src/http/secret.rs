//! The secret a buyer keeps: in a cookie on the pages, as a bearer token in the API.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ids::HolderId;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::problem::ApiError;
use crate::clock::{Clock, random};
use crate::idempotency::Run;

/// Name of the cookie; the prefix makes browsers insist on `Secure`, `Path=/` and no `Domain`.
pub const COOKIE: &str = "__Host-parterre";

/// 32 random bytes. Whoever has them may see, extend, buy and let go what was held with them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret([u8; 32]);

impl Secret {
    /// A fresh one.
    #[must_use]
    pub fn fresh(clock: &dyn Clock) -> Self {
        Self(random(clock))
    }

    /// The one of a call that may have to run again: every time the same, and nobody else can know it.
    #[must_use]
    pub fn of_run(run: &Run) -> Self {
        Self(run.draw("secret"))
    }

    /// Reads the text form: 43 characters of base64url.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 43 {
            return None;
        }
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// The text form.
    #[must_use]
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Who it stands for: the first half of its SHA-256. Stores and logs see only this.
    #[must_use]
    pub fn holder(&self) -> HolderId {
        let digest = Sha256::digest(self.0);
        let mut half = [0; 16];
        half.copy_from_slice(&digest[..16]);
        HolderId(Uuid::from_bytes(half))
    }

    /// The bytes themselves, to seal what only its holder may open.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The header that keeps it in the browser for sixty days from now.
    #[must_use]
    pub fn cookie(&self) -> HeaderValue {
        let text = format!("{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=5184000", self.text());
        // Base64url and fixed words are always a valid header.
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    fn of(headers: &HeaderMap) -> Option<(Self, Source)> {
        let bearer = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        if let Some(text) = bearer {
            return Self::parse(text.trim()).map(|secret| (secret, Source::Bearer));
        }
        super::cookies::named(headers, COOKIE).find_map(Self::parse).map(|secret| (secret, Source::Cookie))
    }
}

impl core::fmt::Debug for Secret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// Where a secret came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// `Authorization: Bearer`.
    Bearer,
    /// The browser's cookie.
    Cookie,
}

/// Whether one of our own pages asks, by its script or a form.
#[must_use]
pub fn from_a_page(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin")
}

/// The secret of a request, where one is needed.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// The secret.
    pub secret: Secret,
    /// How it came.
    pub source: Source,
}

impl Caller {
    /// Who calls.
    #[must_use]
    pub fn holder(&self) -> HolderId {
        self.secret.holder()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let (secret, source) = Secret::of(&parts.headers).ok_or_else(ApiError::unauthorized)?;
        Ok(Self { secret, source })
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, ApiError> {
        Ok(Secret::of(&parts.headers).map(|(secret, source)| Self { secret, source }))
    }
}

#[cfg(test)]
mod tests {
    use domain::time::Millis;

    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn a_secret_survives_cookie_and_bearer_and_never_shows() {
        let secret = Secret::fresh(&ManualClock::at(Millis(0)));
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, format!("a=b; {COOKIE}={}", secret.text()).parse().unwrap());
        assert_eq!(Secret::of(&headers), Some((secret, Source::Cookie)));
        headers.insert(header::AUTHORIZATION, format!("Bearer {}", secret.text()).parse().unwrap());
        assert_eq!(Secret::of(&headers), Some((secret, Source::Bearer)));
        assert_eq!(format!("{secret:?}"), "Secret(hidden)");
    }

    #[test]
    fn half_a_secret_is_none() {
        for text in ["", "abc", &"A".repeat(42), &"A".repeat(44), &"!".repeat(43)] {
            assert_eq!(Secret::parse(text), None, "{text}");
        }
    }
}
