//! PostgreSQL: the embedded server, the pool, the migrations, the partitions, and what its errors mean.

pub mod begin;
pub mod clock;
pub mod codec;
pub mod connect;
pub mod embedded;
pub mod error;
pub mod migrate;
pub mod partitions;
mod process;
#[cfg(test)]
mod tests;

/// A pool of connections. The name under which wiring passes it on, so that the driver's stays here.
pub type Pool = sqlx::PgPool;
