//! Migrations go up, down and up again, and leave nothing behind.

use crate::stores::postgres::{migrate, partitions};
use crate::test_support::{NOW, database, empty_database};

/// Everything the schema is made of, one line each, in an order that does not depend on when it was made.
async fn catalogue(pool: &crate::stores::postgres::Pool) -> Vec<String> {
    sqlx::query_scalar(include_str!("catalogue.sql")).fetch_all(pool).await.unwrap()
}

#[tokio::test]
async fn each_step_down_takes_back_exactly_what_its_step_up_brought() {
    let db = empty_database().await;
    let steps = migrate::status(&db.url).await.unwrap();
    assert!(steps.iter().all(|step| !step.applied));
    let mut seen = Vec::new();
    for step in &steps {
        seen.push(catalogue(&db.pool).await);
        let changed = migrate::up_to(&db.url, step.version).await.unwrap();
        assert_eq!(changed.len(), 1, "{step:?}");
    }
    let whole = catalogue(&db.pool).await;
    assert!(whole.len() > 300, "the catalogue sees the schema: {} lines", whole.len());
    for (step, before) in steps.iter().zip(&seen).rev() {
        assert_eq!(migrate::down(&db.url).await.unwrap().map(|step| step.version), Some(step.version));
        // sqlx's own table stays once it is made.
        let now: Vec<_> = catalogue(&db.pool).await.into_iter().filter(|line| !line.contains("_sqlx_")).collect();
        let before: Vec<_> = before.iter().filter(|line| !line.contains("_sqlx_")).cloned().collect();
        assert_eq!(now, before, "after taking back {step:?}");
    }
    assert_eq!(migrate::down(&db.url).await.unwrap(), None);
    assert_eq!(migrate::up(&db.url).await.unwrap().len(), steps.len());
    assert_eq!(catalogue(&db.pool).await, whole);
}

#[tokio::test]
async fn up_down_up_on_data_gives_the_same_schema() {
    let db = database().await;
    let whole = catalogue(&db.pool).await;
    let months = partitions::months(&db.pool).await.unwrap();
    super::sample::fill(&db.pool).await;
    let steps = migrate::down_to(&db.url, 0).await.unwrap();
    assert!(steps.len() > 20);
    let left: Vec<_> = catalogue(&db.pool).await.into_iter().filter(|line| !line.contains("_sqlx_")).collect();
    assert_eq!(left, Vec::<String>::new());
    migrate::up(&db.url).await.unwrap();
    for month in &months {
        let start = format!("{}-01T00:00:00Z", month.replace('_', "-"));
        let start: jiff::Timestamp = start.parse().unwrap();
        sqlx::query("SELECT make_month($1)")
            .bind(crate::stores::postgres::codec::At(domain::time::Millis(start.as_millisecond())))
            .execute(&db.pool)
            .await
            .unwrap();
    }
    assert_eq!(catalogue(&db.pool).await, whole);
    super::sample::fill(&db.pool).await;
}

#[tokio::test]
async fn two_processes_that_migrate_at_once_do_it_once() {
    let db = empty_database().await;
    let (one, other) = tokio::join!(migrate::up(&db.url), migrate::up(&db.url));
    let steps = migrate::status(&db.url).await.unwrap();
    assert_eq!(one.unwrap().len() + other.unwrap().len(), steps.len());
    assert!(steps.iter().all(|step| step.applied));
}

#[tokio::test]
async fn a_step_changed_after_it_was_applied_is_refused() {
    let db = database().await;
    sqlx::query("UPDATE _sqlx_migrations SET checksum = '\\x00' WHERE version = 3").execute(&db.pool).await.unwrap();
    let refused = migrate::up(&db.url).await.unwrap_err();
    assert!(refused.to_string().contains("modified"), "{refused}");
    let _ = NOW;
}

/// Whoever waits for a table's lock without end holds up all who come after it.
#[tokio::test]
async fn a_step_gives_way_to_whoever_reads_for_long_and_comes_again() {
    let db = database().await;
    migrate::down_to(&db.url, 39).await.unwrap();
    let mut reader = db.pool.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM tickets").fetch_all(&mut *reader).await.unwrap();
    let url = db.url.clone();
    let step = tokio::spawn(async move { migrate::up(&url).await });
    // Longer than the step waits at a time.
    tokio::time::sleep(std::time::Duration::from_millis(3_500)).await;
    assert!(!step.is_finished(), "it comes again");
    reader.rollback().await.unwrap();
    let steps = step.await.unwrap().unwrap();
    assert_eq!(steps.first().map(|step| step.version), Some(40));
}
