//! Asks the questions of `questions.rs` at one moment, and stops and resumes sales.

use domain::ids::EventId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Breach;
use super::questions::{AT_MOST, QUESTIONS};
use crate::stores::postgres::Pool;
use crate::stores::postgres::begin::{begin, begin_reading};
use crate::stores::postgres::error::{commit_trouble, trouble};
use crate::trouble::Trouble;

/// How long one question may take: it reads all books, and nobody waits for it.
const QUESTION_WITHIN: &str = "SET LOCAL statement_timeout = '10min'";

/// Every breach in the books at this moment; none is the only good answer.
///
/// # Errors
/// [`Trouble`] of the database.
pub async fn check(pool: &Pool) -> Result<Vec<Breach>, Trouble> {
    // One moment for all questions.
    let mut tx = begin_reading(pool).await.map_err(trouble)?;
    sqlx::query(QUESTION_WITHIN).execute(&mut *tx).await.map_err(trouble)?;
    let mut breaches = vec![];
    for (number, (invariant, question)) in QUESTIONS.into_iter().enumerate() {
        let found: Vec<(Option<Uuid>, String, String)> =
            sqlx::query_as(question).bind(AT_MOST).fetch_all(&mut *tx).await.map_err(trouble)?;
        let breach = |(event, key, detail): (Option<Uuid>, String, String)| Breach {
            invariant: invariant.into(),
            event: event.map(EventId),
            key: format!("{number}:{key}"),
            detail,
        };
        breaches.extend(found.into_iter().map(breach));
    }
    tx.commit().await.map_err(trouble)?;
    Ok(breaches)
}

/// Stops an event's sale; true where it was going on until now.
///
/// # Errors
/// [`Trouble`] of the database.
pub async fn stop(pool: &Pool, event: EventId, why: &str) -> Result<bool, Trouble> {
    let why: String = why.chars().take(2000).collect();
    let mut tx = begin(pool).await.map_err(trouble)?;
    let stopped = sqlx::query(
        "UPDATE events SET stopped_at = clock_timestamp(), stopped_for = $2 WHERE id = $1 AND stopped_at IS NULL",
    )
    .bind(event.0)
    .bind(&why)
    .execute(&mut *tx)
    .await
    .map_err(trouble)?
    .rows_affected()
        == 1;
    if stopped {
        note(&mut tx, event.0, "sale_stopped", "checker", &why).await?;
    }
    tx.commit().await.map_err(commit_trouble)?;
    Ok(stopped)
}

/// Lets the sale of the event of that address part go on; answers the event where it was stopped.
///
/// # Errors
/// [`Trouble`] of the database.
pub async fn resume(pool: &Pool, slug: &str) -> Result<Option<EventId>, Trouble> {
    let mut tx = begin(pool).await.map_err(trouble)?;
    let event: Option<Uuid> = sqlx::query_scalar(
        "UPDATE events SET stopped_at = NULL, stopped_for = NULL WHERE slug = $1 AND stopped_at IS NOT NULL RETURNING id",
    )
    .bind(slug)
    .fetch_optional(&mut *tx)
    .await
    .map_err(trouble)?;
    if let Some(event) = event {
        note(&mut tx, event, "sale_resumed", "operator", "").await?;
    }
    tx.commit().await.map_err(commit_trouble)?;
    Ok(event.map(EventId))
}

async fn note(
    tx: &mut PgConnection,
    event: Uuid,
    action: &'static str,
    actor: &'static str,
    why: &str,
) -> Result<(), Trouble> {
    sqlx::query("INSERT INTO audit (entity, entity_id, action, actor, detail) VALUES ('event', $1, $2, $3, $4)")
        .bind(event)
        .bind(action)
        .bind(actor)
        .bind(serde_json::json!({ "why": why }))
        .execute(tx)
        .await
        .map_err(trouble)
        .map(drop)
}
