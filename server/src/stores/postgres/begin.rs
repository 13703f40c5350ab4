//! Begins transactions for callers who may go away meanwhile.
//!
//! The driver (sqlx 0.9.0) counts a transaction as open once `BEGIN` was answered. Of a caller who is gone by then, as a
//! browser that hangs up or a time limit that ran out, it would give a connection back with an open transaction: whoever has
//! it next would write into that, and be told of a success that nobody else sees
//! (<https://github.com/transact-rs/sqlx/issues/4393>, mended after 0.9.0). `clippy.toml` forbids the driver's own methods.

use std::panic::resume_unwind;

use sqlx::pool::PoolConnection;
use sqlx::{Error, PgTransaction, Postgres, SqlSafeStr, SqlStr, Transaction};
use tracing::Instrument;

use super::Pool;

/// Begins a transaction that may write.
///
/// # Errors
/// Whatever keeps it from beginning.
pub async fn begin(pool: &Pool) -> Result<PgTransaction<'static>, Error> {
    begun(pool.acquire().await?, None).await
}

/// Begins one that only reads, and sees all of the database as it is at one moment.
///
/// # Errors
/// As [`begin`].
pub async fn begin_reading(pool: &Pool) -> Result<PgTransaction<'static>, Error> {
    begun(pool.acquire().await?, Some("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY".into_sql_str())).await
}

/// In a task, which ends what it began: a transaction that nobody takes is rolled back.
async fn begun(
    connection: PoolConnection<Postgres>,
    statement: Option<SqlStr>,
) -> Result<PgTransaction<'static>, Error> {
    let task = tokio::spawn(Transaction::begin(connection, statement).in_current_span());
    match task.await {
        Ok(begun) => begun,
        Err(ended) if ended.is_panic() => resume_unwind(ended.into_panic()),
        Err(_) => Err(Error::WorkerCrashed),
    }
}
