//! JSON bodies and queries whose mistakes are answered in the API's own form.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::problem::ApiError;

/// A JSON body.
#[derive(Clone, Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(value)) => Ok(Self(value)),
            Err(JsonRejection::JsonDataError(error)) => Err(ApiError::invalid(plain(&error.body_text()))),
            Err(JsonRejection::MissingJsonContentType(_)) => Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not_json",
                "JSON, please",
                "Send the body as application/json.",
            )),
            Err(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(too_large()),
            Err(error) => Err(ApiError::new(
                StatusCode::BAD_REQUEST,
                "malformed_json",
                "This is not JSON",
                plain(&error.body_text()),
            )),
        }
    }
}

/// What a body over the limit is told.
#[must_use]
pub fn too_large() -> ApiError {
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_large",
        "Too large",
        format!("A request body has at most {} bytes.", super::once::MAX_BODY),
    )
}

/// A query string.
#[derive(Clone, Debug)]
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let asked: Result<Query<T>, QueryRejection> = Query::from_request_parts(parts, state).await;
        asked.map(|Query(value)| Self(value)).map_err(|error| ApiError::invalid(plain(&error.body_text())))
    }
}

/// A part of the path; what cannot be one names nothing.
#[derive(Clone, Debug)]
pub struct Named<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Named<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let named: Result<Path<T>, PathRejection> = Path::from_request_parts(parts, state).await;
        named.map(|Path(value)| Self(value)).map_err(|_| ApiError::not_found("thing"))
    }
}

/// The first 300 characters: what a client sent must not come back whole.
fn plain(text: &str) -> String {
    text.chars().take(300).collect()
}
