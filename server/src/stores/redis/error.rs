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

/// How the driver says that another node of the cluster has what was asked for, or will have it soon.
const ELSEWHERE: &str = "Too many redirections.";

/// Whether the connection is gone, rather than the command refused.
pub(super) fn connection_is_lost(error: &Error) -> bool {
    use ErrorKind::{Backpressure, Canceled, Cluster, IO, Routing, Timeout};
    error.details() != ELSEWHERE && matches!(error.kind(), IO | Canceled | Timeout | Routing | Cluster | Backpressure)
}

/// Whether it answers and takes no writes: it has become a copy, or misses its copies or its disk. What it still tells may be
/// old, and nothing there can be made forgotten.
pub(super) fn takes_no_writes(error: &Error) -> bool {
    // A script's own words may stand before it.
    ["READONLY", "MISCONF", "NOREPLICAS"].iter().any(|word| error.details().contains(word))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_takes_no_writes_is_told_from_whoever_is_full() {
        for (said, expected) in [
            ("READONLY You can't write against a read only replica.", true),
            ("ERR Error running script (call to f_1): @user_script:9: -READONLY You can't write.", true),
            ("MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.", true),
            ("NOREPLICAS Not enough good replicas to write.", true),
            ("OOM command not allowed when used memory > 'maxmemory'.", false),
            ("NOPERM this user has no permissions to run the 'unlink' command", false),
        ] {
            assert_eq!(takes_no_writes(&Error::new(ErrorKind::Unknown, said)), expected, "{said}");
        }
    }
}
