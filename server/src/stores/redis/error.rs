//! What the driver's errors mean.

use std::time::Duration;

use fred::error::{Error, ErrorKind};

use super::WHAT;
use crate::trouble::Trouble;

/// Not asked: it did not answer a moment ago.
pub(super) fn away() -> Trouble {
    Trouble::Unavailable { what: WHAT, detail: "it does not answer; it is asked again in the background".into() }
}

/// Asked, and no answer came in time.
pub(super) fn silent(within: Duration) -> Trouble {
    Trouble::Unconfirmed { what: WHAT, detail: format!("no answer within {} ms", within.as_millis()) }
}

/// Whether the connection is gone, rather than the command refused.
pub(super) fn connection_is_lost(error: &Error) -> bool {
    use ErrorKind::{Backpressure, Canceled, Cluster, IO, Routing, Timeout};
    matches!(error.kind(), IO | Canceled | Timeout | Routing | Cluster | Backpressure)
}

/// A failed command as trouble.
pub(super) fn trouble(error: &Error) -> Trouble {
    let detail = error.to_string();
    match error.kind() {
        // It may have arrived before the connection broke.
        ErrorKind::IO | ErrorKind::Canceled | ErrorKind::Timeout => Trouble::Unconfirmed { what: WHAT, detail },
        ErrorKind::Parse | ErrorKind::Protocol | ErrorKind::InvalidArgument | ErrorKind::InvalidCommand => {
            Trouble::Corrupt { what: WHAT, detail }
        }
        // Out of memory, read only, loading, no slot served: refused, and not done.
        _ => Trouble::Unavailable { what: WHAT, detail },
    }
}
