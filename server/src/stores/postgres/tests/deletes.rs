//! What may be deleted: nothing that money or tickets hang on, and whatever belongs to an event nobody bought for with it.

use std::collections::BTreeSet;

use sqlx::AssertSqlSafe;

use super::constraints::without_month;
use super::sample;
use crate::stores::postgres::Pool;
use crate::stores::postgres::begin::begin;
use crate::test_support::database;

/// Keys whose rows go with the row they belong to. All others restrict.
const CASCADES: [&str; 3] = ["ticket_tiers_event_id_fkey", "seat_fences_event_id_fkey", "seat_kills_event_id_fkey"];

/// A foreign key: its name, its table, the table it leads to.
type Key = (String, String, String);

async fn keys(pool: &Pool) -> Vec<Key> {
    const KEYS: &str = "SELECT conname::text, conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype = 'f' AND conparentid = 0 ORDER BY 1";
    sqlx::query_as(KEYS).fetch_all(pool).await.unwrap()
}

async fn rows(pool: impl sqlx::PgExecutor<'_>, table: &str) -> i64 {
    let count = format!("SELECT count(*) FROM {table}");
    sqlx::query_scalar(AssertSqlSafe(count)).fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn every_foreign_key_by_itself_restricts_or_cascades_as_it_should() {
    let db = database().await;
    sample::fill(&db.pool).await;
    sqlx::query("UPDATE orders SET user_id = (SELECT id FROM users)").execute(&db.pool).await.unwrap();
    let keys = keys(&db.pool).await;
    let mut tried = BTreeSet::new();
    for (name, table, parent) in &keys {
        // A leaf of a month without orders has nothing that could hang on anything.
        if rows(&db.pool, table).await == 0 {
            continue;
        }
        let mut attempt = begin(&db.pool).await.unwrap();
        for (other, table, _) in keys.iter().filter(|(other, ..)| other != name) {
            let drop = format!("ALTER TABLE {table} DROP CONSTRAINT {other}");
            sqlx::query(AssertSqlSafe(drop)).execute(&mut *attempt).await.unwrap();
        }
        let delete = sqlx::query(AssertSqlSafe(format!("DELETE FROM {parent}"))).execute(&mut *attempt).await;
        if CASCADES.contains(&name.as_str()) {
            delete.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(rows(&mut *attempt, table).await, 0, "{name}");
        } else {
            let error = delete.expect_err(name);
            let by = error.as_database_error().and_then(|refused| refused.constraint()).map(without_month);
            // What hangs on a hashed table has a number more for each hash.
            assert!(by.is_some_and(|by| by.starts_with(&without_month(name))), "{name}: {error}");
        }
        attempt.rollback().await.unwrap();
        tried.insert(without_month(name));
    }
    let all: BTreeSet<_> = keys.iter().map(|(name, ..)| without_month(name)).collect();
    assert_eq!(tried, all, "every key is tried");
    assert!(all.len() >= 16, "{all:?}");
}

#[tokio::test]
async fn nothing_that_money_or_tickets_hang_on_can_be_deleted() {
    let db = database().await;
    sample::fill(&db.pool).await;
    sqlx::query("UPDATE orders SET user_id = (SELECT id FROM users)").execute(&db.pool).await.unwrap();
    for (statement, by) in [
        ("DELETE FROM users", "orders_user_id_fkey"),
        ("DELETE FROM promoters", "events_promoter_id_fkey"),
        ("DELETE FROM venues", "charts_venue_id_fkey"),
        ("DELETE FROM charts", "events_chart_id_fkey"),
        ("DELETE FROM events", "seat_claims_event_id_fkey"),
        ("DELETE FROM ticket_tiers", "order_items_tier_id_fkey"),
        ("DELETE FROM orders", "payments_*_order_fkey"),
        ("DELETE FROM order_items", "tickets_*_item_fkey_3"),
    ] {
        let error = sqlx::query(statement).execute(&db.pool).await.expect_err(statement);
        let name = error.as_database_error().and_then(|refused| refused.constraint()).map(without_month);
        assert_eq!(name.as_deref(), Some(by), "{statement}: {error}");
    }
}

#[tokio::test]
async fn an_event_that_nobody_bought_for_goes_with_its_tiers_and_marks() {
    let db = database().await;
    sample::fill(&db.pool).await;
    for statement in [
        "INSERT INTO events (id, promoter_id, venue_id, slug, title, category, status, currency, capacity, starts_at)
            SELECT '01900000-0000-7000-8000-0000000000ee', promoter_id, venue_id, 'unsold', title, category, status, currency,
                capacity, starts_at FROM events",
        "INSERT INTO ticket_tiers (id, event_id, name, kind, net, fee, tax, total, currency, quantity)
            VALUES (gen_random_uuid(), '01900000-0000-7000-8000-0000000000ee', 'Floor', 'standing', 1, 0, 0, 1, 'EUR', 1)",
        "INSERT INTO seat_fences VALUES ('01900000-0000-7000-8000-0000000000ee', 1, 5)",
        "INSERT INTO seat_kills (event_id, seat, reason) VALUES ('01900000-0000-7000-8000-0000000000ee', 2, 'pillar')",
    ] {
        sqlx::query(statement).execute(&db.pool).await.unwrap();
    }
    let before =
        [rows(&db.pool, "ticket_tiers").await, rows(&db.pool, "seat_fences").await, rows(&db.pool, "seat_kills").await];
    assert_eq!(
        sqlx::query("DELETE FROM events WHERE slug = 'unsold'").execute(&db.pool).await.unwrap().rows_affected(),
        1
    );
    let after =
        [rows(&db.pool, "ticket_tiers").await, rows(&db.pool, "seat_fences").await, rows(&db.pool, "seat_kills").await];
    assert_eq!(after, before.map(|rows| rows - 1), "its own, and no other event's");
}
