//! Connections to the stores: start, connect, migrate, health. No queries of features live here.

pub mod cql;
pub mod postgres;
pub mod redis;
pub(crate) mod running;
