//! The test provider's ledger in PostgreSQL: every statement is a transaction of its own.

use domain::ids::PaymentId;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::{Entry, intent};
use crate::payments::Intent;
use crate::stores::postgres::Pool;
use crate::stores::postgres::error::trouble;
use crate::trouble::Trouble;

/// The table `test_provider_intents`.
#[derive(Clone, Debug)]
pub struct Ledger {
    pool: Pool,
}

/// Asked again with the same key, the row that is there answers.
const INSERT: &str = "
    INSERT INTO test_provider_intents AS i
        (id, idempotency_key, payment_id, behaviour, status, amount, currency, decline_code, settles_at)
    VALUES ($1, $2::uuid::text, $2, $3, $4, $5, $6, $7, clock_timestamp() + $8 * interval '1 millisecond')
    ON CONFLICT (idempotency_key) DO UPDATE SET idempotency_key = i.idempotency_key
    RETURNING id, status, decline_code, captured, refunded";

/// A late answer settles when it is looked at after its time.
const SETTLE: &str = "
    UPDATE test_provider_intents SET status = 'authorised', updated_at = clock_timestamp()
    WHERE payment_id = $1 AND status = 'processing' AND settles_at <= clock_timestamp()";

const STATUS: &str = "
    SELECT id, status, decline_code, captured, refunded FROM test_provider_intents WHERE payment_id = $1";

const CAPTURE: &str = "
    UPDATE test_provider_intents
    SET captured = CASE WHEN status = 'authorised' THEN amount ELSE captured END,
        status = CASE WHEN status = 'authorised' THEN 'succeeded' ELSE status END, updated_at = clock_timestamp()
    WHERE payment_id = $1
    RETURNING id, status, decline_code, captured, refunded";

/// A payment that has not arrived is cancelled all the same: when it does arrive it meets this row.
const CANCEL: &str = "
    INSERT INTO test_provider_intents AS i (id, idempotency_key, payment_id, behaviour, status, amount, currency)
    VALUES ($1, $2::uuid::text, $2, 'tombstone', 'cancelled', 0, 'XXX')
    ON CONFLICT (idempotency_key) DO UPDATE
        SET status = CASE WHEN i.status IN ('requires_action', 'processing', 'authorised') THEN 'cancelled' ELSE i.status END,
            updated_at = clock_timestamp()
    RETURNING id, status, decline_code, captured, refunded";

const REFUND: &str = "
    UPDATE test_provider_intents SET refunded = captured, updated_at = clock_timestamp()
    WHERE payment_id = $1
    RETURNING id, status, decline_code, captured, refunded";

const ANSWER: &str = "
    UPDATE test_provider_intents
    SET status = CASE WHEN $2 THEN 'authorised' ELSE 'declined' END,
        decline_code = CASE WHEN $2 THEN NULL ELSE 'authentication_failed' END, updated_at = clock_timestamp()
    WHERE id = $1 AND status = 'requires_action'
    RETURNING payment_id";

const CHALLENGE: &str = "
    SELECT amount, currency FROM test_provider_intents WHERE id = $1 AND status = 'requires_action'";

fn read(row: &PgRow) -> Result<Intent, Trouble> {
    let get = || -> Result<_, sqlx::Error> {
        Ok((row.try_get(0)?, row.try_get::<String, _>(1)?, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?))
    };
    let (id, status, decline, captured, refunded) = get().map_err(trouble)?;
    intent(id, &status, decline, captured, refunded)
}

impl Ledger {
    /// The ledger behind `pool`.
    #[must_use]
    pub fn new(pool: Pool) -> Self {
        Self { pool }
    }

    pub(super) async fn insert(&self, entry: &Entry) -> Result<Intent, Trouble> {
        let row = sqlx::query(INSERT)
            .bind(&entry.id)
            .bind(entry.payment.0)
            .bind(entry.behaviour)
            .bind(entry.status)
            .bind(entry.amount)
            .bind(&entry.currency)
            .bind(entry.decline)
            .bind(entry.late_by)
            .fetch_one(&self.pool)
            .await
            .map_err(trouble)?;
        read(&row)
    }

    pub(super) async fn status(&self, payment: PaymentId) -> Result<Option<Intent>, Trouble> {
        sqlx::query(SETTLE).bind(payment.0).execute(&self.pool).await.map_err(trouble)?;
        let row = sqlx::query(STATUS).bind(payment.0).fetch_optional(&self.pool).await.map_err(trouble)?;
        row.as_ref().map(read).transpose()
    }

    pub(super) async fn capture(&self, payment: PaymentId) -> Result<Intent, Trouble> {
        self.changed(CAPTURE, payment).await
    }

    pub(super) async fn refund(&self, payment: PaymentId) -> Result<Intent, Trouble> {
        self.changed(REFUND, payment).await
    }

    pub(super) async fn cancel(&self, payment: PaymentId) -> Result<Intent, Trouble> {
        let id = format!("test_{}", payment.0.simple());
        let row = sqlx::query(CANCEL).bind(id).bind(payment.0).fetch_one(&self.pool).await.map_err(trouble)?;
        read(&row)
    }

    pub(super) async fn answer_challenge(&self, id: &str, approve: bool) -> Result<Option<PaymentId>, Trouble> {
        let payment: Option<uuid::Uuid> =
            sqlx::query_scalar(ANSWER).bind(id).bind(approve).fetch_optional(&self.pool).await.map_err(trouble)?;
        Ok(payment.map(PaymentId))
    }

    pub(super) async fn challenge(&self, id: &str) -> Result<Option<(i64, String)>, Trouble> {
        sqlx::query_as(CHALLENGE).bind(id).fetch_optional(&self.pool).await.map_err(trouble)
    }

    async fn changed(&self, statement: &'static str, payment: PaymentId) -> Result<Intent, Trouble> {
        let row = sqlx::query(statement).bind(payment.0).fetch_optional(&self.pool).await.map_err(trouble)?;
        match row {
            Some(row) => read(&row),
            None => Err(Trouble::Corrupt { what: "the test provider", detail: "no such payment".into() }),
        }
    }
}
