//! What the outbox promises.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use uuid::Uuid;

use super::postgres::PostgresOutbox;
use super::*;
use crate::stores::postgres::Pool;
use crate::test_support::database;
use crate::trouble::Trouble;

async fn write(pool: &Pool, key: &str) {
    sqlx::query(
        "INSERT INTO outbox (topic, subject_id, dedupe) VALUES ('greet', $1, $2) ON CONFLICT (dedupe) DO NOTHING",
    )
    .bind(Uuid::nil())
    .bind(key)
    .execute(pool)
    .await
    .unwrap();
}

struct Greet {
    greeted: Arc<AtomicU32>,
    fails: u32,
}

#[async_trait]
impl Handler for Greet {
    fn topic(&self) -> &'static str {
        "greet"
    }

    async fn handle(&self, message: &Message) -> Result<(), Trouble> {
        if message.attempts <= self.fails {
            return Err(Trouble::Unavailable { what: "manners", detail: "busy".into() });
        }
        self.greeted.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

#[tokio::test]
async fn a_message_is_handled_once_by_one_of_many() {
    let database = database().await;
    for n in 0..40 {
        write(&database.pool, &format!("greet:{}", n % 20)).await;
    }
    let greeted = Arc::new(AtomicU32::new(0));
    let worker = || {
        let outbox = Arc::new(PostgresOutbox::new(database.pool.clone()));
        let jobs = Jobs::new(outbox).handle(Greet { greeted: greeted.clone(), fails: 0 });
        async move { while jobs.drain_once().await.unwrap() > 0 {} }
    };
    tokio::join!(worker(), worker(), worker(), worker());
    assert_eq!(greeted.load(Ordering::SeqCst), 20);
}

#[tokio::test]
async fn a_failed_message_comes_back_and_a_taken_one_is_left_alone() {
    let database = database().await;
    write(&database.pool, "greet:1").await;
    let greeted = Arc::new(AtomicU32::new(0));
    let outbox = Arc::new(PostgresOutbox::new(database.pool.clone()));
    let jobs = Jobs::new(outbox.clone()).handle(Greet { greeted: greeted.clone(), fails: 1 });
    assert_eq!(jobs.drain_once().await.unwrap(), 1);
    assert_eq!(jobs.drain_once().await.unwrap(), 0, "it pauses after a failure");
    sqlx::query("UPDATE outbox SET due_at = clock_timestamp()").execute(&database.pool).await.unwrap();
    assert_eq!(outbox.take(&["greet"], 5).await.unwrap().len(), 1);
    assert_eq!(outbox.take(&["greet"], 5).await.unwrap().len(), 0, "somebody is at it");
    assert_eq!(outbox.take(&["other"], 5).await.unwrap().len(), 0);
    sqlx::query("UPDATE outbox SET due_at = clock_timestamp()").execute(&database.pool).await.unwrap();
    assert_eq!(jobs.drain_once().await.unwrap(), 1);
    assert_eq!(greeted.load(Ordering::SeqCst), 1);
    assert_eq!(jobs.drain_once().await.unwrap(), 0, "done is done");
}

#[test]
fn pauses_grow_and_end_growing() {
    assert_eq!((pause_after(1), pause_after(2)), (2_000, 4_000));
    assert_eq!(pause_after(u32::MAX), LONGEST_PAUSE);
}
