//! The outbox in PostgreSQL.

use async_trait::async_trait;
use sqlx::Row;

use super::store::{Message, OutboxStore};
use super::{KEPT_FOR, LEASE};
use crate::stores::postgres::Pool;
use crate::stores::postgres::error::trouble;
use crate::trouble::Trouble;

/// The table `outbox`.
#[derive(Clone, Debug)]
pub struct PostgresOutbox {
    pool: Pool,
}

impl PostgresOutbox {
    /// The outbox behind `pool`.
    #[must_use]
    pub fn new(pool: Pool) -> Self {
        Self { pool }
    }
}

/// By `statement_timestamp()`, which bounds a range of the index; `clock_timestamp()` would be compared with every row.
pub(super) const TAKE: &str = "
    WITH due AS (SELECT id FROM outbox WHERE done_at IS NULL AND due_at <= statement_timestamp() AND topic = $1
                 ORDER BY due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED),
         taken AS (UPDATE outbox o SET attempts = o.attempts + 1, due_at = clock_timestamp() + $3 * interval '1 millisecond'
                   FROM due WHERE o.id = due.id RETURNING o.id, o.topic, o.subject_id, o.attempts)
    SELECT * FROM taken ORDER BY id";

const DONE: &str = "UPDATE outbox SET done_at = clock_timestamp(), last_error = NULL WHERE id = $1";

const FAILED: &str = "
    UPDATE outbox SET last_error = left($2, 500), due_at = clock_timestamp() + $3 * interval '1 millisecond'
    WHERE id = $1 AND done_at IS NULL";

/// In lots: no statement locks a whole day's messages.
const FORGET: &str = "
    DELETE FROM outbox WHERE id IN (SELECT id FROM outbox
        WHERE done_at < statement_timestamp() - $1 * interval '1 millisecond' LIMIT $2 FOR UPDATE SKIP LOCKED)";
const LOT: u32 = 5_000;

#[async_trait]
impl OutboxStore for PostgresOutbox {
    async fn take(&self, topic: &'static str, limit: u32) -> Result<Vec<Message>, Trouble> {
        let rows = sqlx::query(TAKE)
            .bind(topic)
            .bind(i64::from(limit))
            .bind(LEASE)
            .fetch_all(&self.pool)
            .await
            .map_err(trouble)?;
        let read = |row: &sqlx::postgres::PgRow| -> Result<Message, sqlx::Error> {
            Ok(Message {
                id: row.try_get("id")?,
                topic: row.try_get("topic")?,
                subject: row.try_get("subject_id")?,
                attempts: row.try_get::<i32, _>("attempts")?.unsigned_abs(),
            })
        };
        rows.iter().map(read).collect::<Result<_, _>>().map_err(trouble)
    }

    async fn done(&self, message: i64) -> Result<(), Trouble> {
        sqlx::query(DONE).bind(message).execute(&self.pool).await.map_err(trouble).map(drop)
    }

    async fn failed(&self, message: i64, why: &str, pause: i64) -> Result<(), Trouble> {
        sqlx::query(FAILED).bind(message).bind(why).bind(pause).execute(&self.pool).await.map_err(trouble).map(drop)
    }

    async fn forget(&self) -> Result<u64, Trouble> {
        let mut gone = 0;
        loop {
            let lot = sqlx::query(FORGET)
                .bind(KEPT_FOR)
                .bind(i64::from(LOT))
                .execute(&self.pool)
                .await
                .map_err(trouble)?
                .rows_affected();
            gone += lot;
            if lot < u64::from(LOT) {
                return Ok(gone);
            }
        }
    }
}
