//! The partition manager: months of orders, order items, payments and tickets, made ahead of time.
//!
//! There is no default partition on purpose: a row outside every month must fail loudly instead of hiding where a
//! later month can no longer be attached.

use std::time::Duration;

use domain::time::{Millis, SECOND};

use super::Pool;
use super::begin::begin;
use super::codec::At;
use super::error::trouble;
use crate::trouble::Trouble;

/// Months kept ahead of the present one.
pub const MONTHS_AHEAD: i32 = 3;

const DAY: i64 = 24 * 60 * 60 * SECOND;

/// How long a month may wait for its locks: it needs the tables that every purchase writes to, and whoever comes
/// meanwhile waits behind it.
const LOCKS_WITHIN: &str = "SET LOCAL lock_timeout = '200ms'";
/// How often that is tried, and the pause between, for those who waited.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(300);

/// Makes the months from `now`'s to [`MONTHS_AHEAD`] later, and the one before within a day of its end, for a server
/// whose clock is behind. Each is a transaction of its own, which gives way to purchases. Answers how many were made; calling
/// it again makes none.
///
/// # Errors
/// [`Trouble`] of the database; the months before the one that failed were made.
pub async fn ensure(pool: &Pool, now: Millis) -> Result<i64, Trouble> {
    // Whole months in UTC, whatever the session's zone.
    let months: Vec<At> = sqlx::query_scalar(
        "SELECT month AT TIME ZONE 'UTC' FROM generate_series(
            date_trunc('month', $1 AT TIME ZONE 'UTC'),
            date_trunc('month', $2 AT TIME ZONE 'UTC') + make_interval(months => $3),
            interval '1 month') AS month",
    )
    .bind(At(now.plus(-DAY)))
    .bind(At(now))
    .bind(MONTHS_AHEAD)
    .fetch_all(pool)
    .await
    .map_err(trouble)?;
    let mut made = 0;
    for month in months {
        made += i64::from(make(pool, month).await?);
    }
    Ok(made)
}

async fn make(pool: &Pool, month: At) -> Result<bool, Trouble> {
    let mut tries = TRIES;
    loop {
        tries -= 1;
        match try_to_make(pool, month).await {
            Err(error) if tries > 0 && is_lock_timeout(&error) => tokio::time::sleep(PAUSE).await,
            made => return made.map_err(trouble),
        }
    }
}

async fn try_to_make(pool: &Pool, month: At) -> Result<bool, sqlx::Error> {
    let mut tx = begin(pool).await?;
    sqlx::query(LOCKS_WITHIN).execute(&mut *tx).await?;
    let made = sqlx::query_scalar("SELECT make_month($1)").bind(month).fetch_one(&mut *tx).await?;
    tx.commit().await?;
    Ok(made)
}

fn is_lock_timeout(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|refused| refused.code().as_deref() == Some("55P03"))
}

/// The months that exist, oldest first, as `2026_11`.
///
/// # Errors
/// [`Trouble`] of the database.
pub async fn months(pool: &Pool) -> Result<Vec<String>, Trouble> {
    sqlx::query_scalar(
        "SELECT replace(inhrelid::regclass::text, 'orders_', '') FROM pg_inherits
         WHERE inhparent = 'orders'::regclass ORDER BY 1",
    )
    .fetch_all(pool)
    .await
    .map_err(trouble)
}

/// Leaves that lack a foreign key to the leaf of their own month: `leaf -> missing target`. Empty when all is well.
///
/// # Errors
/// [`Trouble`] of the database.
pub async fn missing_keys(pool: &Pool) -> Result<Vec<String>, Trouble> {
    sqlx::query_scalar(
        "WITH months AS (
            SELECT replace(inhrelid::regclass::text, 'orders_', '') AS month
            FROM pg_inherits WHERE inhparent = 'orders'::regclass
        ), wanted AS (
            SELECT 'payments_' || month AS leaf, 'orders_' || month AS target FROM months
            UNION ALL SELECT 'tickets_' || month, 'orders_' || month FROM months
            UNION ALL SELECT 'tickets_' || month, 'order_items_' || month FROM months
            UNION ALL SELECT 'order_items_' || month, 'orders_' || month FROM months
            UNION ALL SELECT 'order_items_' || month || '_h' || hash, 'orders_' || month
                FROM months, generate_series(0, 3) AS hash
        )
        SELECT leaf || ' -> ' || target FROM wanted
        WHERE NOT EXISTS (
            SELECT FROM pg_constraint
            WHERE contype = 'f' AND convalidated AND conrelid = to_regclass(leaf) AND confrelid = to_regclass(target)
        ) ORDER BY 1",
    )
    .fetch_all(pool)
    .await
    .map_err(trouble)
}
