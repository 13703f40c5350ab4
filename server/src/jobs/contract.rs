//! What the outbox promises.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Barrier, Notify};
use tokio_util::sync::CancellationToken;
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
    assert_eq!(outbox.take("greet", 5).await.unwrap().len(), 1);
    assert_eq!(outbox.take("greet", 5).await.unwrap().len(), 0, "somebody is at it");
    assert_eq!(outbox.take("other", 5).await.unwrap().len(), 0);
    sqlx::query("UPDATE outbox SET due_at = clock_timestamp()").execute(&database.pool).await.unwrap();
    assert_eq!(jobs.drain_once().await.unwrap(), 1);
    assert_eq!(greeted.load(Ordering::SeqCst), 1);
    assert_eq!(jobs.drain_once().await.unwrap(), 0, "done is done");
}

/// Panics over the subject without a number, greets the rest.
struct Clumsy(Greet);

#[async_trait]
impl Handler for Clumsy {
    fn topic(&self) -> &'static str {
        "greet"
    }

    fn side_by_side(&self) -> u32 {
        4
    }

    async fn handle(&self, message: &Message) -> Result<(), Trouble> {
        assert_ne!(message.subject, Uuid::nil(), "dropped");
        self.0.handle(message).await
    }
}

#[tokio::test]
async fn a_panic_costs_one_message_a_pause_and_nobody_else_anything() {
    let database = database().await;
    write(&database.pool, "greet:1").await;
    for n in 2..5 {
        write(&database.pool, &format!("greet:{n}")).await;
        sqlx::query("UPDATE outbox SET subject_id = $1 WHERE dedupe = $2")
            .bind(Uuid::from_u128(n))
            .bind(format!("greet:{n}"))
            .execute(&database.pool)
            .await
            .unwrap();
    }
    let greeted = Arc::new(AtomicU32::new(0));
    let outbox = Arc::new(PostgresOutbox::new(database.pool.clone()));
    let jobs = Jobs::new(outbox).handle(Clumsy(Greet { greeted: greeted.clone(), fails: 0 }));
    assert_eq!(jobs.drain_once().await.unwrap(), 4);
    assert_eq!(greeted.load(Ordering::SeqCst), 3);
    let (left, why): (i64, String) = sqlx::query_as(
        "SELECT count(*), min(last_error) FROM outbox WHERE done_at IS NULL AND due_at > clock_timestamp()",
    )
    .fetch_one(&database.pool)
    .await
    .unwrap();
    assert_eq!(left, 1, "it comes back");
    assert!(why.contains("panicked"), "{why}");
}

/// Messages by hand; the note that the first one is done is lost.
#[derive(Default)]
struct Forgetful {
    waiting: Mutex<Vec<Message>>,
    done: Mutex<Vec<i64>>,
}

#[async_trait]
impl OutboxStore for Forgetful {
    async fn take(&self, topic: &'static str, limit: u32) -> Result<Vec<Message>, Trouble> {
        let mut waiting = self.waiting.lock().unwrap();
        let mine = waiting.extract_if(.., |message| message.topic == topic);
        Ok(mine.take(limit as usize).collect())
    }

    async fn done(&self, message: i64) -> Result<(), Trouble> {
        if message == 1 {
            return Err(Trouble::Unavailable { what: "PostgreSQL", detail: "gone".into() });
        }
        self.done.lock().unwrap().push(message);
        Ok(())
    }

    async fn failed(&self, _: i64, _: &str, _: i64) -> Result<(), Trouble> {
        Ok(())
    }

    async fn forget(&self) -> Result<u64, Trouble> {
        Ok(0)
    }
}

fn message(id: i64, topic: &str, subject: u128) -> Message {
    Message { id, topic: topic.into(), subject: Uuid::from_u128(subject), attempts: 1 }
}

#[tokio::test]
async fn a_lost_note_keeps_nothing_else_from_being_noted() {
    let outbox = Arc::new(Forgetful::default());
    outbox.waiting.lock().unwrap().extend((1..4).map(|id| message(id, "greet", 7)));
    let jobs = Jobs::new(outbox.clone()).handle(Clumsy(Greet { greeted: Arc::default(), fails: 0 }));
    assert_eq!(jobs.drain_once().await.unwrap(), 3);
    assert_eq!(*outbox.done.lock().unwrap(), [2, 3], "in their order, being about one subject");
}

/// Never ends until the greeting has come: work of one topic that waits for another's.
struct Slow(Arc<Notify>);

#[async_trait]
impl Handler for Slow {
    fn topic(&self) -> &'static str {
        "slow"
    }

    async fn handle(&self, _: &Message) -> Result<(), Trouble> {
        self.0.notified().await;
        Ok(())
    }
}

/// Wakes the slow one once every greeting is there at the same time.
struct Together(Arc<Barrier>, Arc<Notify>);

#[async_trait]
impl Handler for Together {
    fn topic(&self) -> &'static str {
        "greet"
    }

    fn side_by_side(&self) -> u32 {
        3
    }

    async fn handle(&self, _: &Message) -> Result<(), Trouble> {
        if self.0.wait().await.is_leader() {
            self.1.notify_one();
        }
        Ok(())
    }
}

/// Panics in its first round, ends the loops in its second.
struct Stumbles(AtomicU32, Arc<Notify>);

#[async_trait]
impl Task for Stumbles {
    fn name(&self) -> &'static str {
        "stumbles"
    }

    fn every(&self) -> Duration {
        Duration::ZERO
    }

    async fn round(&self) -> Result<(), Trouble> {
        assert_ne!(self.0.fetch_add(1, Ordering::SeqCst), 0, "the first round");
        self.1.notify_one();
        Ok(())
    }
}

#[tokio::test]
async fn topics_wait_for_no_other_subjects_go_side_by_side_and_rounds_outlive_a_panic() {
    let outbox = Arc::new(Forgetful::default());
    outbox.waiting.lock().unwrap().push(message(2, "slow", 1));
    outbox.waiting.lock().unwrap().extend((3..6).map(|id| message(id, "greet", id.unsigned_abs().into())));
    let (slow, round) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let stop = CancellationToken::new();
    let jobs = Jobs::new(outbox.clone())
        .handle(Slow(slow.clone()))
        .handle(Together(Arc::new(Barrier::new(3)), slow))
        .every(Stumbles(AtomicU32::new(0), round.clone()));
    let running = tokio::spawn(jobs.run(stop.clone()));
    round.notified().await;
    while outbox.done.lock().unwrap().len() < 4 {
        tokio::task::yield_now().await;
    }
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn done_messages_are_forgotten_after_their_day() {
    let database = database().await;
    for key in ["greet:old", "greet:new", "greet:waiting"] {
        write(&database.pool, key).await;
    }
    let age = "UPDATE outbox SET created_at = now() - interval '9 days', done_at = clock_timestamp() - CASE dedupe
               WHEN 'greet:old' THEN interval '25 hours' WHEN 'greet:new' THEN interval '23 hours' END";
    sqlx::query(age).execute(&database.pool).await.unwrap();
    let outbox = PostgresOutbox::new(database.pool.clone());
    assert_eq!(outbox.forget().await.unwrap(), 1);
    assert_eq!(outbox.forget().await.unwrap(), 0);
    let left: Vec<String> =
        sqlx::query_scalar("SELECT dedupe FROM outbox ORDER BY id").fetch_all(&database.pool).await.unwrap();
    assert_eq!(left, ["greet:new", "greet:waiting"]);
}

#[test]
fn pauses_grow_and_end_growing() {
    assert_eq!((pause_after(1), pause_after(2)), (2_000, 4_000));
    assert_eq!(pause_after(u32::MAX), LONGEST_PAUSE);
}

#[tokio::test]
async fn a_topic_that_waits_for_its_server_is_not_read_by_the_others() {
    let database = database().await;
    let waiting = "INSERT INTO outbox (topic, subject_id, dedupe) SELECT 'mail', uuidv7(), 'mail:' || n FROM generate_series(1, 3000) AS n";
    sqlx::query(waiting).execute(&database.pool).await.unwrap();
    write(&database.pool, "greet:1").await;
    sqlx::query("ANALYZE outbox").execute(&database.pool).await.unwrap();
    let take = super::postgres::TAKE.replace("$1", "'greet'").replace("$2", "8").replace("$3", "60000");
    let (rows, plan) = crate::test_support::plan::rows_read(&database.pool, &take).await;
    assert!(rows < 50, "{plan}");
}
