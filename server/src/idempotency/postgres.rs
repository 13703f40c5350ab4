//! Keys in PostgreSQL: the row's primary key decides who was first.

use async_trait::async_trait;
use domain::time::Millis;
use sqlx::Row;

use super::store::{Begin, Call, IdempotencyStore, Run, Stored};
use super::{LOST_AFTER, REMEMBERED_FOR};
use crate::stores::postgres::Pool;
use crate::stores::postgres::codec::At;
use crate::stores::postgres::error::trouble;
use crate::trouble::Trouble;

/// Keys in the table `idempotency_keys`.
#[derive(Clone, Debug)]
pub struct PostgresIdempotency {
    pool: Pool,
}

impl PostgresIdempotency {
    /// Keys behind `pool`.
    #[must_use]
    pub fn new(pool: Pool) -> Self {
        Self { pool }
    }
}

// A call that is tried again is the same run: it keeps its seed and its first moment, a day before it expires.
const TAKE: &str = "
    INSERT INTO idempotency_keys AS k (scope, key, request_hash, created_at, expires_at, seed)
    VALUES ($1, $2, $3, $4, $5, $7)
    ON CONFLICT (scope, key) DO UPDATE
        SET request_hash = excluded.request_hash, created_at = excluded.created_at,
            status = NULL, content_type = NULL, body = NULL, answered_at = NULL,
            (expires_at, seed) = (SELECT
                CASE WHEN again.is_so THEN k.expires_at ELSE excluded.expires_at END,
                CASE WHEN again.is_so THEN k.seed ELSE excluded.seed END
                FROM (VALUES (k.expires_at > excluded.created_at AND k.request_hash = excluded.request_hash
                    AND k.seed IS NOT NULL)) AS again (is_so))
        WHERE k.expires_at <= excluded.created_at
           OR (k.answered_at IS NULL AND k.created_at <= $6)
    RETURNING expires_at, seed";

const LOOK: &str = "
    SELECT request_hash, status, content_type, body FROM idempotency_keys WHERE scope = $1 AND key = $2";

const FINISH: &str = "
    UPDATE idempotency_keys
    SET status = $3, content_type = $4, body = $5, answered_at = $6
    WHERE scope = $1 AND key = $2 AND request_hash = $7 AND created_at = $8";

/// As if it had begun long ago: the next one takes over at once.
const FORGET: &str = "
    UPDATE idempotency_keys SET created_at = 'epoch'
    WHERE scope = $1 AND key = $2 AND request_hash = $3 AND created_at = $4 AND answered_at IS NULL";

/// In lots: however many ran out, no statement comes near its time limit.
const SWEEP: &str = "
    DELETE FROM idempotency_keys WHERE (scope, key) IN (
        SELECT scope, key FROM idempotency_keys WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)";
const LOT: u32 = 5_000;

#[async_trait]
impl IdempotencyStore for PostgresIdempotency {
    async fn begin(&self, call: &Call, seed: [u8; 32], now: Millis) -> Result<Begin, Trouble> {
        // A row that is swept between the two statements is simply taken in the second round.
        for _ in 0..3 {
            let taken = sqlx::query(TAKE)
                .bind(&call.scope)
                .bind(&call.key)
                .bind(call.fingerprint.as_slice())
                .bind(At(now))
                .bind(At(now.plus(REMEMBERED_FOR)))
                .bind(At(now.plus(-LOST_AFTER)))
                .bind(seed.as_slice())
                .fetch_optional(&self.pool)
                .await
                .map_err(trouble)?;
            if let Some(row) = taken {
                return run(&row).map(Begin::Fresh).map_err(trouble);
            }
            let row = sqlx::query(LOOK)
                .bind(&call.scope)
                .bind(&call.key)
                .fetch_optional(&self.pool)
                .await
                .map_err(trouble)?;
            if let Some(row) = row {
                return judge(&row, call).map_err(trouble);
            }
        }
        Ok(Begin::Running)
    }

    async fn finish(&self, call: &Call, begun: Millis, answer: &Stored, now: Millis) -> Result<bool, Trouble> {
        sqlx::query(FINISH)
            .bind(&call.scope)
            .bind(&call.key)
            .bind(i16::try_from(answer.status).unwrap_or(500))
            .bind(&answer.content_type)
            .bind(&answer.body)
            .bind(At(now))
            .bind(call.fingerprint.as_slice())
            .bind(At(begun))
            .execute(&self.pool)
            .await
            .map(|done| done.rows_affected() == 1)
            .map_err(trouble)
    }

    async fn forget(&self, call: &Call, begun: Millis) -> Result<(), Trouble> {
        sqlx::query(FORGET)
            .bind(&call.scope)
            .bind(&call.key)
            .bind(call.fingerprint.as_slice())
            .bind(At(begun))
            .execute(&self.pool)
            .await
            .map(|_| ())
            .map_err(trouble)
    }

    async fn sweep(&self, now: Millis) -> Result<u64, Trouble> {
        let mut gone = 0;
        loop {
            let lot =
                sqlx::query(SWEEP).bind(At(now)).bind(i64::from(LOT)).execute(&self.pool).await.map_err(trouble)?;
            gone += lot.rows_affected();
            if lot.rows_affected() < u64::from(LOT) {
                return Ok(gone);
            }
        }
    }
}

fn run(row: &sqlx::postgres::PgRow) -> Result<Run, sqlx::Error> {
    let At(expires) = row.try_get("expires_at")?;
    let seed: Vec<u8> = row.try_get("seed")?;
    let seed = seed.try_into().map_err(|_| sqlx::Error::Decode("a seed has 32 bytes".into()))?;
    Ok(Run { since: expires.plus(-REMEMBERED_FOR), seed })
}

fn judge(row: &sqlx::postgres::PgRow, call: &Call) -> Result<Begin, sqlx::Error> {
    if row.try_get::<Vec<u8>, _>("request_hash")? != call.fingerprint {
        return Ok(Begin::Reused);
    }
    let Some(status) = row.try_get::<Option<i16>, _>("status")? else { return Ok(Begin::Running) };
    Ok(Begin::Replay(Stored {
        status: u16::try_from(status).unwrap_or(500),
        content_type: row.try_get::<Option<String>, _>("content_type")?.unwrap_or_default(),
        body: row.try_get::<Option<Vec<u8>>, _>("body")?.unwrap_or_default(),
    }))
}
