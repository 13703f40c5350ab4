//! What the server says of itself: lines on standard error, at the level that `RUST_LOG` sets.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;

/// Warnings: a quiet shop is a healthy one. Of the CQL driver errors alone, as it warns of every connection that breaks
/// and is made anew; what it means for holds is said by the hold store.
pub const SHOP: &str = "warn,scylla=error";

/// The same of a command for which a person waits: what it has to say is in its words, and that somebody else's lock
/// took a second is none of it.
pub const COMMAND: &str = "warn,scylla=error,sqlx=error";

/// The crate that writes whole addresses where everything is logged: a ticket's opens it, whoever reads it.
const NEVER: &str = "tower_http::csrf=info";

/// What is logged at `levels`, as `RUST_LOG` has them: nothing that opens a door at any of them.
#[must_use]
pub fn filter(levels: EnvFilter) -> EnvFilter {
    levels.add_directive(NEVER.parse().expect("the directive is well-formed"))
}

/// Starts the log, at the levels `quiet` ([`SHOP`] or [`COMMAND`]) where `RUST_LOG` names none.
pub fn init(quiet: &str) {
    let filter = filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(quiet)));
    // A second call, as in tests, keeps the first log.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(stderr().is_terminal())
        .with_writer(stderr)
        .try_init();
}
