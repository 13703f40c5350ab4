//! Every refusal and every trouble as an RFC 9457 problem with a stable code.

use app::api::problem::{PROBLEM_JSON, Problem};
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use crate::trouble::Trouble;

/// The problem behind an answer, for the layer that makes pages of problems.
#[derive(Clone, Debug)]
pub struct Shown(pub Problem);

/// What a handler answers when it cannot do what was asked.
#[derive(Clone, Debug)]
pub struct ApiError {
    /// What the client reads.
    pub problem: Box<Problem>,
    /// Seconds after which to try again.
    pub retry_after: Option<u32>,
}

impl ApiError {
    /// A problem of this status, code and words.
    #[must_use]
    pub fn new(status: StatusCode, code: &str, title: &str, detail: impl Into<String>) -> Self {
        let problem = Problem {
            kind: "about:blank".into(),
            title: title.into(),
            status: status.as_u16(),
            detail: detail.into(),
            code: code.into(),
            facts: Map::new(),
        };
        Self { problem: Box::new(problem), retry_after: None }
    }

    /// Adds a fact.
    #[must_use]
    pub fn with(mut self, name: &str, fact: impl Into<Value>) -> Self {
        self.problem.facts.insert(name.into(), fact.into());
        self
    }

    /// Says when to come back.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Nothing is there, or it is not the asker's.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Not found", format!("There is no such {what}."))
    }

    /// The request itself is wrong.
    #[must_use]
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", "Please check the request", detail)
    }

    /// No secret, or not the right one.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "The secret is missing",
            "Send the token that the hold or the order returned as a bearer token.",
        )
    }

    /// A browser that keeps no cookie: what is held for it could never be found again.
    #[must_use]
    pub fn no_cookie() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "no_cookie",
            "Your browser kept no cookie",
            "Without one we cannot tell which places are yours, so none were held. Please press again. If you read this \
             once more, allow cookies for this site or use another browser.",
        )
    }

    /// One address asks more than it may, by the second or by the hour.
    #[must_use]
    pub fn too_often(wait_seconds: u32) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            "Slow down a little",
            format!(
                "Too many requests came from your address. What you hold is safe. Try again in {wait_seconds} seconds."
            ),
        )
        .retry_after(wait_seconds)
    }

    /// The same after something was done: what cannot be told now may not be told as not done.
    #[must_use]
    pub fn after_the_effect(self) -> Self {
        if self.problem.code == "busy" { Self::unconfirmed() } else { self }
    }

    fn unconfirmed() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unconfirmed",
            "Not confirmed yet",
            "We do not know yet whether this went through. Nothing is lost: press again in a moment, or ask again with the \
             same key; it will not be done twice.",
        )
        .retry_after(2)
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl From<Trouble> for ApiError {
    fn from(trouble: Trouble) -> Self {
        match &trouble {
            Trouble::Unavailable { .. } => {
                tracing::warn!(%trouble, "a neighbour is unavailable");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "busy",
                    "Too busy right now",
                    "This request did nothing. Please try again in a moment; what you hold is safe.",
                )
                .retry_after(2)
            }
            Trouble::Unconfirmed { .. } => {
                tracing::warn!(%trouble, "an outcome is unknown");
                Self::unconfirmed()
            }
            Trouble::Corrupt { .. } => {
                tracing::error!(%trouble, "stored data makes no sense");
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "internal",
                    "Something is wrong on our side",
                    "Please try again later. If you were paying, look at your order before you pay again.",
                )
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status();
        let shown = Shown((*self.problem).clone());
        let mut response = (status, Json(self.problem)).into_response();
        response.extensions_mut().insert(shown);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
