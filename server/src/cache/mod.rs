//! Answers kept for a while: in Redis where there is one, so that all processes of the shop share them.
//!
//! What is kept may vanish at any moment and is never trusted for a sale. A [`Shelf`] holds one kind of answers:
//! cache first, then whoever knows, one question at a time for one answer in this process (single flight), and no more
//! than so many questions at once ([`Bulkhead`]): beyond that a visitor is told that the shop is busy, which is better
//! than everybody waiting.
//!
//! A change makes the answer forgotten for [`FORGOTTEN_FOR`]: whoever read the old truth just before cannot put it
//! back. A value that cannot be read, is too old, or does not come in time is simply not there.

mod bulkhead;
#[cfg(test)]
mod contract;
pub mod memory;
pub mod redis;
mod shelf;
mod store;
mod together;

pub use bulkhead::Bulkhead;
pub use shelf::{Answer, Kind, Shelf};
pub use store::CacheStore;

use std::time::Duration;

/// Details of an event.
pub const EVENT_FOR: Duration = Duration::from_secs(5 * 60);
/// What tells how much is left.
pub const AVAILABILITY_FOR: Duration = Duration::from_secs(60);
/// That there is no such thing.
pub const NOTHING_FOR: Duration = Duration::from_secs(10);
/// How long a question to a store may take. Whoever comes after that asks anew, and an answer that is older is not kept.
pub const ANSWERED_WITHIN: Duration = Duration::from_secs(10);
/// After a change nothing is kept for so long: longer than an answer may be under way ([`ANSWERED_WITHIN`]) and be kept.
pub const FORGOTTEN_FOR: Duration = Duration::from_secs(15);
/// Largest value, in bytes. A larger one is not kept.
pub const MAX_VALUE: usize = 256 * 1024;
/// Longest key, in bytes. What has a longer one is not kept.
pub const MAX_KEY: usize = 250;
