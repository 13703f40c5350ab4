//! What doors need to check tickets without us.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::http::state::Shop;

/// The keys that verify tickets.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct VerifyKeys {
    /// All keys whose tickets may still be around.
    pub keys: Vec<VerifyKeyView>,
}

/// A public key.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct VerifyKeyView {
    /// Named in every token.
    pub id: String,
    /// `Ed25519`.
    pub algorithm: String,
    /// 32 bytes, base64url without padding.
    pub public_key: String,
}

/// Public keys for offline checks
#[utoipa::path(
    get, path = "/tickets/verify-keys", tag = "tickets",
    responses((status = 200, body = VerifyKeys, description = "The keys"))
)]
pub async fn keys(State(shop): State<Shop>) -> Response {
    let keys = shop
        .purchase
        .signer()
        .verify_keys()
        .into_iter()
        .map(|key| VerifyKeyView { id: key.id.to_string(), algorithm: "Ed25519".into(), public_key: key.text() })
        .collect();
    ([(header::CACHE_CONTROL, "public, max-age=300")], Json(VerifyKeys { keys })).into_response()
}
