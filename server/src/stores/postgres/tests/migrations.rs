//! Migrations go up, down and up again, and leave nothing behind.

use crate::stores::postgres::begin::begin;
use crate::stores::postgres::{migrate, partitions};
use crate::test_support::{NOW, database, empty_database};

/// Everything the schema is made of, one line each, in an order that does not depend on when it was made.
async fn catalogue(pool: &crate::stores::postgres::Pool) -> Vec<String> {
    sqlx::query_scalar(include_str!("catalogue.sql")).fetch_all(pool).await.unwrap()
}

/// Makes the months of these names, where they are not there.
async fn make_months(pool: &crate::stores::postgres::Pool, months: &[String]) {
    for month in months {
        let start = format!("{}-01T00:00:00Z", month.replace('_', "-"));
        let start: jiff::Timestamp = start.parse().unwrap();
        sqlx::query("SELECT make_month($1)")
            .bind(crate::stores::postgres::codec::At(domain::time::Millis(start.as_millisecond())))
            .execute(pool)
            .await
            .unwrap();
    }
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
    make_months(&db.pool, &months).await;
    assert_eq!(catalogue(&db.pool).await, whole);
    super::sample::fill(&db.pool).await;
}

/// The first step that sells anything: it makes the months that orders lie in.
const FIRST_THAT_SELLS: i64 = 18;

/// What a step up changes in rows that are there, by table and column.
const REWRITTEN: [&str; 2] = ["idempotency_keys.key", "payments.check_at"];

/// Every row as JSON, by table; of leaves under their parent's name.
async fn rows(pool: &crate::stores::postgres::Pool) -> Vec<(String, serde_json::Value)> {
    const TABLES: &str = "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
        AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> '_sqlx_migrations' ORDER BY 1";
    let tables: Vec<String> = sqlx::query_scalar(TABLES).fetch_all(pool).await.unwrap();
    let mut all = vec![];
    for table in tables {
        let whole = format!("SELECT to_jsonb(whole)::text FROM {table} whole ORDER BY 1");
        let of_table: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(whole)).fetch_all(pool).await.unwrap();
        all.extend(of_table.iter().map(|row| (table.clone(), serde_json::from_str(row).unwrap())));
    }
    all
}

/// The lines of `one` that `other` has not.
fn only<'a>(one: &'a [String], other: &[String]) -> Vec<&'a str> {
    one.iter().filter(|line| !other.contains(line)).map(String::as_str).collect()
}

/// The columns of `row` that the schema had before, without those that a step rewrites.
fn as_before(table: &str, row: &serde_json::Value, before: &serde_json::Value) -> serde_json::Value {
    let kept = row.as_object().unwrap().iter().filter(|(column, _)| {
        before.get(column.as_str()).is_some() && !REWRITTEN.contains(&format!("{table}.{column}").as_str())
    });
    kept.map(|(column, value)| (column.clone(), value.clone())).collect::<serde_json::Map<_, _>>().into()
}

/// A shop that sells meets every newer step with its rows in the tables.
#[tokio::test]
async fn every_step_goes_up_over_rows_and_loses_none() {
    let whole = catalogue(&database().await.pool).await;
    let newest = migrate::status(&database().await.url).await.unwrap().last().unwrap().version;
    for step in (FIRST_THAT_SELLS..newest).rev() {
        let db = database().await;
        super::sample::fill(&db.pool).await;
        migrate::down_to(&db.url, step).await.unwrap();
        let before = rows(&db.pool).await;
        assert!(before.len() >= 12, "step {step} meets rows: {before:?}");
        migrate::up(&db.url).await.unwrap_or_else(|trouble| panic!("from step {step}: {trouble}"));
        let now = catalogue(&db.pool).await;
        assert_eq!(only(&now, &whole), [""; 0], "too much from step {step}");
        assert_eq!(only(&whole, &now), [""; 0], "missing from step {step}");
        let all = rows(&db.pool).await;
        for (table, row) in &before {
            let after: Vec<_> = all.iter().filter(|(of, _)| of == table).map(|(_, row)| row).collect();
            let was = as_before(table, row, row);
            let is = after.iter().any(|now| as_before(table, now, row) == was);
            assert!(is, "from step {step} {table} lost {was}: {after:?}");
            assert_eq!(after.len(), before.iter().filter(|(of, _)| of == table).count(), "from step {step}: {table}");
        }
    }
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
    let mut reader = begin(&db.pool).await.unwrap();
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
