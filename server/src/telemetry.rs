//! What the server says of itself: lines on standard error, at the level that `RUST_LOG` sets.

use std::io::stderr;

use tracing_subscriber::EnvFilter;

/// Starts the log. Warnings by default: a quiet shop is a healthy one.
pub fn init() {
    let filter =
        EnvFilter::builder().with_default_directive(tracing::level_filters::LevelFilter::WARN.into()).from_env_lossy();
    // A second call, as in tests, keeps the first log.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr).try_init();
}
