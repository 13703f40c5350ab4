//! Months are made ahead, whole, with their keys.

use domain::time::Millis;

use super::leaves::touched;
use super::sample;
use crate::stores::postgres::begin::begin;
use crate::stores::postgres::partitions::{ensure, missing_keys, months};
use crate::stores::postgres::{connect, migrate};
use crate::test_support::steady::{always_same, steady};
use crate::test_support::{TestDatabase, database, empty_database};

async fn migrated() -> TestDatabase {
    let db = empty_database().await;
    migrate::up(&db.url).await.unwrap();
    db
}

fn at(text: &str) -> Millis {
    Millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

#[tokio::test]
async fn three_months_are_made_ahead_of_the_given_instant_and_only_once() {
    let db = migrated().await;
    assert_eq!(ensure(&db.pool, at("2026-11-20T12:00:00Z")).await, Ok(4));
    assert_eq!(months(&db.pool).await.unwrap(), ["2026_11", "2026_12", "2027_01", "2027_02"]);
    assert_eq!(ensure(&db.pool, at("2026-11-30T23:59:59Z")).await, Ok(0));
    assert_eq!(ensure(&db.pool, at("2026-12-01T00:00:00Z")).await, Ok(1));
    assert_eq!(months(&db.pool).await.unwrap().last().unwrap(), "2027_03");
}

#[tokio::test]
async fn on_the_first_of_a_month_the_last_one_is_there_for_late_clocks() {
    let db = migrated().await;
    assert_eq!(ensure(&db.pool, at("2028-03-01T00:00:00.001Z")).await, Ok(5));
    assert_eq!(months(&db.pool).await.unwrap()[0], "2028_02");
}

#[tokio::test]
async fn months_begin_at_midnight_in_utc_whatever_the_sessions_zone() {
    let db = migrated().await;
    let far = format!("{}&options=-c%20TimeZone%3DPacific%2FKiritimati", db.url);
    let pool = connect::connect_to_migrate(&far).await.unwrap();
    sqlx::query("SET TimeZone = 'Pacific/Kiritimati'").execute(&pool).await.unwrap();
    ensure(&pool, at("2026-11-15T00:00:00Z")).await.unwrap();
    pool.close().await;
    let bound: String =
        sqlx::query_scalar("SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'orders_2026_11'")
            .fetch_one(&db.pool)
            .await
            .unwrap();
    assert_eq!(
        bound,
        "FOR VALUES FROM ('01a19467-e800-0000-0000-000000000000') TO ('01a22ee6-b000-0000-0000-000000000000')"
    );
}

#[tokio::test]
async fn servers_that_start_at_once_make_each_month_once() {
    let db = migrated().await;
    let now = at("2026-11-20T12:00:00Z");
    let (one, other, third) = tokio::join!(ensure(&db.pool, now), ensure(&db.pool, now), ensure(&db.pool, now));
    assert_eq!(one.unwrap() + other.unwrap() + third.unwrap(), 4);
}

#[tokio::test]
async fn a_month_that_has_to_wait_lets_buyers_pass() {
    steady(async || {
        let db = database().await;
        let mut slow = begin(&db.pool).await.unwrap();
        sqlx::query("LOCK TABLE ticket_tiers IN ROW EXCLUSIVE MODE").execute(&mut *slow).await.unwrap();
        let pool = db.pool.clone();
        let making = tokio::spawn(async move { ensure(&pool, at("2031-06-15T12:00:00Z")).await });
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        for _ in 0..3 {
            let mut buyer = begin(&db.pool).await.unwrap();
            sqlx::query("SET LOCAL lock_timeout = '1500ms'").execute(&mut *buyer).await.unwrap();
            sqlx::query("LOCK TABLE ticket_tiers IN ROW EXCLUSIVE MODE").execute(&mut *buyer).await.unwrap();
            buyer.rollback().await.unwrap();
        }
        slow.rollback().await.unwrap();
        let made = making.await.unwrap().unwrap();
        always_same(made, 4, "months that were made");
    })
    .await;
}

#[tokio::test]
async fn every_leaf_has_its_foreign_keys_and_a_missing_one_is_seen() {
    let db = database().await;
    assert_eq!(missing_keys(&db.pool).await, Ok(vec![]));
    let leaves: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_class WHERE relispartition AND relkind = 'r'")
        .fetch_one(&db.pool)
        .await
        .unwrap();
    assert_eq!(leaves, 7 * months(&db.pool).await.unwrap().len() as i64);
    sqlx::query("ALTER TABLE tickets_2026_12 DROP CONSTRAINT tickets_2026_12_order_fkey")
        .execute(&db.pool)
        .await
        .unwrap();
    assert_eq!(missing_keys(&db.pool).await, Ok(vec!["tickets_2026_12 -> orders_2026_12".into()]));
}

#[tokio::test]
async fn there_is_no_default_partition_and_a_row_outside_every_month_fails() {
    let db = database().await;
    sample::fill(&db.pool).await;
    let strays: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_partitioned_table WHERE partdefid <> 0")
        .fetch_one(&db.pool)
        .await
        .unwrap();
    assert_eq!(strays, 0);
    let outside = "INSERT INTO orders SELECT '01900000-0000-7000-8000-000000000001', event_id, user_id, holder_id, hold_id,
        status, close_as, buyer_name, buyer_email, language, subtotal, fee, tax, total, currency, token_hash, expires_at, paid_at
        FROM orders";
    let error = sqlx::query(outside).execute(&db.pool).await.unwrap_err();
    assert!(error.to_string().contains("no partition"), "{error}");
}

#[tokio::test]
async fn a_month_can_be_detached_and_dropped_by_itself() {
    let db = database().await;
    for statement in [
        "ALTER TABLE tickets DETACH PARTITION tickets_2026_11",
        "ALTER TABLE payments DETACH PARTITION payments_2026_11",
        "ALTER TABLE order_items DETACH PARTITION order_items_2026_11",
        "ALTER TABLE orders DETACH PARTITION orders_2026_11",
        "DROP TABLE tickets_2026_11, payments_2026_11, order_items_2026_11, orders_2026_11",
    ] {
        sqlx::query(statement).execute(&db.pool).await.unwrap();
    }
    assert_eq!(missing_keys(&db.pool).await, Ok(vec![]));
}

#[tokio::test]
async fn a_statement_without_the_key_touches_every_month_so_the_proof_can_fail() {
    let db = database().await;
    sample::fill(&db.pool).await;
    let leaves = async |condition: &str| {
        let statement = format!("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) SELECT * FROM orders WHERE {condition}");
        let plan: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_all(&db.pool).await.unwrap();
        touched(plan.iter().map(String::as_str)).len()
    };
    assert_eq!(leaves("hold_id = '01a1f8d3-ea00-7000-8000-000000000008'").await, months(&db.pool).await.unwrap().len());
    assert_eq!(leaves("id = '01a1f8d3-ea00-7000-8000-000000000008'").await, 1);
}
