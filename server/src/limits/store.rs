//! What a limit needs of whoever counts.

use async_trait::async_trait;
use domain::time::{Millis, SECOND};

use super::Rule;
use crate::trouble::Trouble;

/// What was counted longer ago than this, in milliseconds, is not given back.
pub(super) const GIVEN_BACK_WITHIN: i64 = 10 * SECOND;

/// Tells one question from another, so that one that is asked twice counts once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Nonce(pub [u8; 16]);

/// Whether a request may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may, and so many more right after it.
    Granted {
        /// Requests that would be granted now.
        left: u32,
    },
    /// It may not.
    Refused {
        /// Milliseconds until one may, rounded up.
        retry_after: i64,
    },
}

impl Verdict {
    /// The verdict that an implementation's number stands for: how many are left, or, negative, microseconds to wait.
    pub(super) fn of(number: i64) -> Self {
        match u32::try_from(number) {
            Ok(left) => Self::Granted { left },
            Err(_) if number > 0 => Self::Granted { left: u32::MAX },
            Err(_) => {
                Self::Refused { retry_after: (number.unsigned_abs().div_ceil(1000)).try_into().unwrap_or(i64::MAX) }
            }
        }
    }
}

/// Counts requests. The laws are in `contract`.
#[async_trait]
pub trait RateStore: Send + Sync + 'static {
    /// Counts a request of `who` under `rule`, if it may be sent at `now`. The same nonce soon again is the same
    /// request: it has the same answer and counts nothing.
    ///
    /// # Errors
    /// Trouble with the store: whether it was counted is not known.
    async fn take(&self, rule: Rule, who: &str, nonce: Nonce, now: Millis) -> Result<Verdict, Trouble>;

    /// Gives a request back that was counted under this nonce at `taken`, as nothing came of it: only once, and less by
    /// the time that has passed, in which some of it came back by itself. What was refused, or was counted longer ago
    /// than [`GIVEN_BACK_WITHIN`], gives nothing.
    ///
    /// # Errors
    /// Trouble with the store: whether it was given back is not known.
    async fn give_back(&self, rule: Rule, who: &str, nonce: Nonce, taken: Millis, now: Millis) -> Result<(), Trouble>;
}
