//! `Idempotency-Key` for every POST of the API: the first call runs, even if its client hangs up; later ones get its
//! answer. A call that has to run again is told so by the request's [`Again`], and makes by its
//! [`Run`](crate::idempotency::Run) what it made before.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::time::Millis;
use sha2::{Digest, Sha256};

use super::client::Client;
use super::problem::ApiError;
use super::secret::Caller;
use crate::clock::{Clock, random};
use crate::idempotency::{Again, Begin, Call, IdempotencyStore, Seal, Stored, is_key};

/// Largest body of a request to the API, in bytes.
pub const MAX_BODY: usize = 64 * 1024;
/// Shortest key of a caller without a secret.
pub const LONE_KEY: usize = 16;
/// Largest answer that is kept for a key, in bytes.
const MAX_ANSWER: usize = 256 * 1024;

/// A call that runs again does so no earlier than this after its first time, in milliseconds by the clock here.
const AGAIN_AFTER: i64 = 300;
/// Servers' clocks may differ by a second; nobody waits longer for a worse one.
const LONGEST_WAIT: i64 = 2_000;

/// What the layer needs.
#[derive(Clone)]
pub struct Once {
    /// Where keys are kept.
    pub store: Arc<dyn IdempotencyStore>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The layer's function.
pub async fn once(
    State(once): State<Once>,
    caller: Option<Caller>,
    client: Option<Extension<Client>>,
    request: Request,
    next: Next,
) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let Some(key) = request.headers().get("idempotency-key") else { return next.run(request).await };
    let Some(key) = key.to_str().ok().filter(|key| is_key(key)).map(str::to_owned) else {
        return ApiError::invalid("An Idempotency-Key has 1 to 255 visible ASCII characters.").into_response();
    };
    // Without a secret a key is all that tells two callers behind one address apart, and all that seals the answer,
    // which carries a token.
    if caller.is_none() && key.len() < LONE_KEY {
        let words =
            format!("Without a bearer token an Idempotency-Key has at least {LONE_KEY} characters, chosen at random.");
        return ApiError::invalid(words).into_response();
    }
    let scope = match (caller, client) {
        (Some(caller), _) => caller.holder().to_string(),
        (None, Some(Extension(client))) => format!("address {}", client.0),
        (None, None) => "anybody".to_owned(),
    };
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else { return too_large() };
    let fingerprint = fingerprint(parts.method.as_str(), parts.uri.path(), &body);
    let seal = Seal::new(&scope, &key, caller.as_ref().map_or(&[][..], |caller| caller.secret.bytes()));
    let call = Call { scope, key: seal.name().to_owned(), fingerprint };
    // A client that hangs up must not leave the key half used: from the moment the books may have it.
    match tokio::spawn(begin(once, seal, call, Request::from_parts(parts, Body::from(body)), next)).await {
        Ok(response) => response,
        Err(_) => ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something is wrong on our side",
            "Ask again with the same key in a minute; it will not be done twice.",
        )
        .into_response(),
    }
}

/// Takes the key, and runs the call or answers what it was answered before.
async fn begin(once: Once, seal: Seal, call: Call, mut request: Request, next: Next) -> Response {
    let now = once.clock.now();
    match once.store.begin(&call, random(&*once.clock), now).await {
        Err(trouble) => ApiError::from(trouble).into_response(),
        Ok(Begin::Running) => in_progress(),
        Ok(Begin::Reused) => reused(),
        Ok(Begin::Replay(kept)) => {
            seal.open(kept).map_or_else(|trouble| ApiError::from(trouble).into_response(), replay)
        }
        Ok(Begin::Fresh(of)) => {
            request.extensions_mut().insert(seal.run(of));
            if of.since != now {
                request.extensions_mut().insert(Again);
            }
            // A hold store takes an id for one that was never used while it is as young as this.
            let wait = if of.since == now { 0 } else { of.since.plus(AGAIN_AFTER).since(now).clamp(0, LONGEST_WAIT) };
            run(once, seal, call, now, wait, request, next).await
        }
    }
}

/// Runs the call `wait` milliseconds from now.
async fn run(once: Once, seal: Seal, call: Call, begun: Millis, wait: i64, request: Request, next: Next) -> Response {
    if wait > 0 {
        tokio::time::sleep(Duration::from_millis(wait.unsigned_abs())).await;
    }
    let response = next.run(request).await;
    let status = response.status();
    let (parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, MAX_ANSWER).await else {
        return Response::from_parts(parts, Body::empty());
    };
    // An answer that asks the client to come back is no answer to keep: the next try may run. What is unconfirmed may
    // run again too: it brings the same ids, and finds what the first try has left behind.
    let comes_back = parts.headers.contains_key(header::RETRY_AFTER);
    let kept = if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS || comes_back {
        once.store.forget(&call, begun).await
    } else {
        let answer =
            Stored { status: status.as_u16(), content_type: content_type(&parts.headers), body: body.to_vec() };
        match seal.close(answer, random(&*once.clock)) {
            Ok(kept) => once.store.finish(&call, begun, &kept, once.clock.now()).await.map(drop),
            Err(trouble) => Err(trouble),
        }
    };
    if let Err(trouble) = kept {
        tracing::warn!(%trouble, "an idempotency key could not be settled");
    }
    Response::from_parts(parts, Body::from(body))
}

fn content_type(headers: &HeaderMap) -> String {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

fn fingerprint(method: &str, path: &str, body: &Bytes) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in [method.as_bytes(), path.as_bytes()] {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    digest.update(body);
    digest.finalize().into()
}

fn replay(stored: Stored) -> Response {
    let status = StatusCode::from_u16(stored.status).unwrap_or(StatusCode::OK);
    let mut response = (status, stored.body).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    if let Ok(value) = HeaderValue::from_str(&stored.content_type)
        && !stored.content_type.is_empty()
    {
        headers.insert(header::CONTENT_TYPE, value);
    }
    headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn in_progress() -> Response {
    ApiError::new(
        StatusCode::CONFLICT,
        "idempotency_key_in_progress",
        "Still working on it",
        "The first request with this key is still running. Ask again in a moment.",
    )
    .retry_after(1)
    .into_response()
}

fn reused() -> Response {
    ApiError::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "idempotency_key_reused",
        "This key was used before",
        "The key belongs to another request. Choose a new one for a new request.",
    )
    .into_response()
}

fn too_large() -> Response {
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_large",
        "Too large",
        format!("A request body has at most {MAX_BODY} bytes."),
    )
    .into_response()
}
