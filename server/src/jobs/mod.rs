//! Work behind the scenes: the outbox, and whatever else comes round by itself.
//!
//! A message is written in the transaction it follows from and handled at least once; handlers are safe to run twice.
//! `SKIP LOCKED` and a lease let several processes share the work.

pub mod postgres;
mod runner;
mod store;

#[cfg(test)]
mod contract;

pub use runner::{Jobs, Task};
pub use store::{Handler, Message, OutboxStore};

use domain::time::{MINUTE, SECOND};

/// A message being handled is left alone for so long, in milliseconds; then its handler counts as lost.
pub const LEASE: i64 = MINUTE;
/// Done messages are kept so long, in milliseconds, for whoever asks what happened: a day.
pub const KEPT_FOR: i64 = 24 * 60 * MINUTE;
/// Longest pause between two tries, in milliseconds.
pub const LONGEST_PAUSE: i64 = 10 * MINUTE;
/// Pause after a failure that trying again cannot mend, in milliseconds: a day.
pub const HOPELESS_PAUSE: i64 = 24 * 60 * MINUTE;

/// How long to wait after the `attempts`th failure, in milliseconds: 2, 4, 8 seconds and so on.
#[must_use]
pub fn pause_after(attempts: u32) -> i64 {
    SECOND.saturating_mul(1_i64.checked_shl(attempts.min(20)).unwrap_or(i64::MAX)).min(LONGEST_PAUSE)
}
