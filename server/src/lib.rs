//! Parterre's server: features behind traits, wired together in one place.

pub mod availability;
pub mod cli;
pub mod clock;
pub mod config;
pub mod holds;
pub mod http;
pub mod idempotency;
pub mod stores;
#[doc(hidden)]
pub mod test_support;
pub mod trouble;
