//! The pool: how many connections, and how long anything may take.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::Pool;
use super::error::trouble;
use crate::trouble::Trouble;

/// Connections a migration uses at most: one that keeps the lock, one that works, some to spare.
pub const MIGRATION_CONNECTIONS: u32 = 5;
/// How long a request waits for a free connection before it is told that the shop is busy.
pub const ACQUIRE_WITHIN: Duration = Duration::from_secs(3);
/// How long one statement may run.
pub const STATEMENT_WITHIN: Duration = Duration::from_secs(10);
/// How long a statement may wait for somebody else's lock.
pub const LOCK_WITHIN: Duration = Duration::from_secs(5);
/// How long a transaction may lie idle: a process that sleeps must not keep a hot tier locked.
pub const IDLE_IN_TRANSACTION_WITHIN: Duration = Duration::from_secs(10);

/// Opens a pool of at most `connections` for serving: every statement has its time limit, every write is synchronous.
///
/// # Errors
/// [`Trouble::Unavailable`] where the address is wrong or nobody answers there.
pub async fn connect(url: &str, connections: u32) -> Result<Pool, Trouble> {
    connect_within(url, connections, ACQUIRE_WITHIN).await
}

/// As [`connect`], for whoever may wait longer, or less long, for a free connection.
///
/// # Errors
/// As [`connect`].
pub async fn connect_within(url: &str, connections: u32, within: Duration) -> Result<Pool, Trouble> {
    let options = options(url)?.options([
        ("statement_timeout", milliseconds(STATEMENT_WITHIN)),
        ("lock_timeout", milliseconds(LOCK_WITHIN)),
        ("idle_in_transaction_session_timeout", milliseconds(IDLE_IN_TRANSACTION_WITHIN)),
    ]);
    pool(connections).acquire_timeout(within).connect_with(options).await.map_err(trouble)
}

/// How `all` connections are shared out: those of buyers, and those of whoever only looks, a quarter. Of each at least one.
#[must_use]
pub fn shares(all: u32) -> (u32, u32) {
    let lookers = (all / 4).max(1);
    (all.saturating_sub(lookers).max(1), lookers)
}

/// A second pool of at most `connections` to where `pool` leads, with the same limits; opened as it is needed. Whoever
/// waits for one of its connections waits for none of `pool`.
#[must_use]
pub fn beside(pool: &Pool, connections: u32) -> Pool {
    let options = pool.options().clone().max_connections(connections).min_connections(0);
    options.connect_lazy_with((*pool.connect_options()).clone())
}

/// Opens a small pool without statement limits, for migrations: building an index may take its time.
///
/// # Errors
/// [`Trouble::Unavailable`] where the address is wrong or nobody answers there.
pub async fn connect_to_migrate(url: &str) -> Result<Pool, Trouble> {
    pool(MIGRATION_CONNECTIONS).connect_with(options(url)?).await.map_err(trouble)
}

/// Whether the server answers.
///
/// # Errors
/// What keeps it from answering.
pub async fn health(pool: &Pool) -> Result<(), Trouble> {
    sqlx::query("SELECT 1").execute(pool).await.map_err(trouble).map(drop)
}

fn options(url: &str) -> Result<PgConnectOptions, Trouble> {
    let options = PgConnectOptions::from_str(url)
        // The driver's message may repeat the address, and with it the password.
        .map_err(|_| Trouble::Unavailable { what: "PostgreSQL", detail: "its address cannot be read".into() })?;
    Ok(options.application_name("parterre"))
}

fn pool(connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_WITHIN)
        .idle_timeout(Duration::from_secs(600))
        .max_lifetime(Duration::from_secs(3600))
}

fn milliseconds(time: Duration) -> String {
    time.as_millis().to_string()
}
