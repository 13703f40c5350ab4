//! One effect per key (invariant M3): the first call with a key runs, every later one gets the same answer.
//!
//! After the design of "Zero to Production", `idempotency/persistence.rs`, and of the IETF draft
//! `draft-ietf-httpapi-idempotency-key-header`.

pub mod aside;
pub mod memory;
pub mod postgres;
mod seal;
mod store;

#[cfg(test)]
mod contract;
#[cfg(test)]
mod tests;

pub use seal::Seal;
pub use store::{Again, Begin, Call, IdempotencyStore, Run, Stored};

use domain::time::{MINUTE, SECOND};

/// Longest key, in visible ASCII characters.
pub const MAX_KEY: usize = 255;
/// How long an answer is remembered, in milliseconds.
pub const REMEMBERED_FOR: i64 = 24 * 60 * MINUTE;
/// A call that has run for so long was lost with its process; the next one may take over. In milliseconds, and longer
/// than any request may take.
pub const LOST_AFTER: i64 = 60 * SECOND;

/// Whether `key` may be used: 1 to 255 visible ASCII characters.
#[must_use]
pub fn is_key(key: &str) -> bool {
    !key.is_empty() && key.len() <= MAX_KEY && key.bytes().all(|b| b.is_ascii_graphic())
}
