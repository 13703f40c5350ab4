//! Parterre's server: features behind traits, wired together in one place.

pub mod availability;
pub mod bus;
pub mod cache;
pub mod catalog;
pub mod checker;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod holds;
pub mod http;
pub mod idempotency;
pub mod jobs;
pub mod limits;
pub mod mail;
pub mod memory;
pub mod payments;
pub mod purchase;
pub mod sessions;
pub mod stores;
pub mod telemetry;
#[doc(hidden)]
pub mod test_support;
pub mod tickets;
pub mod trouble;
pub mod wiring;
