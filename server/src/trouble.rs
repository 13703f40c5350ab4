//! Trouble: what goes wrong outside the rules, and whether trying again can help.

use thiserror::Error;

/// A store or a neighbour failed. Never shown to a person as it is; `detail` is for the log.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Trouble {
    /// It could not be reached or refused work; nothing was done.
    #[error("{what} is unavailable: {detail}")]
    Unavailable {
        /// Which neighbour.
        what: &'static str,
        /// For the log.
        detail: String,
    },
    /// It may or may not have been done: neither success nor failure may be told.
    #[error("the outcome at {what} is unknown: {detail}")]
    Unconfirmed {
        /// Which neighbour.
        what: &'static str,
        /// For the log.
        detail: String,
    },
    /// It answered with something that cannot be.
    #[error("{what} answered nonsense: {detail}")]
    Corrupt {
        /// Which neighbour.
        what: &'static str,
        /// For the log.
        detail: String,
    },
}

impl Trouble {
    /// Which neighbour.
    #[must_use]
    pub fn what(&self) -> &'static str {
        match self {
            Self::Unavailable { what, .. } | Self::Unconfirmed { what, .. } | Self::Corrupt { what, .. } => what,
        }
    }

    /// Whether the same call may succeed later. An unconfirmed one may be repeated only with the same idempotency key.
    #[must_use]
    pub fn retryable(&self) -> bool {
        !matches!(self, Self::Corrupt { .. })
    }
}
