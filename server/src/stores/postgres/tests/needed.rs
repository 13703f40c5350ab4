//! Every column that must not be empty, refused by its name when it is.

use std::collections::BTreeSet;

use sqlx::AssertSqlSafe;
use sqlx::error::DatabaseError;
use sqlx::postgres::PgDatabaseError;

use super::sample;
use crate::stores::postgres::begin::begin;
use crate::test_support::database;

/// Columns that a trigger fills: whoever leaves them empty gets what belongs there.
const FILLED: [&str; 2] = ["events.search", "events.search_words"];
/// Columns that say which leaf a row lies in: an empty one is refused because no leaf takes it.
const LEADS: [&str; 4] = ["orders.id", "order_items.order_id", "payments.id", "tickets.id"];

/// Columns that may be empty. Every other one must not be.
const MAY_BE_EMPTY: [&str; 35] = [
    "door_rounds.behind",
    "events.chart_id",
    "events.doors_at",
    "events.ends_at",
    "events.stopped_at",
    "events.stopped_for",
    "events.max_per_person",
    "idempotency_keys.status",
    "idempotency_keys.content_type",
    "idempotency_keys.body",
    "idempotency_keys.answered_at",
    "idempotency_keys.seed",
    "order_items.seat",
    "orders.user_id",
    "orders.close_as",
    "orders.paid_at",
    "outbox.last_error",
    "outbox.done_at",
    "payments.provider_intent",
    "payments.decline_code",
    "payments.action_url",
    "payments.check_at",
    "test_provider_intents.decline_code",
    "test_provider_intents.settles_at",
    "ticket_keys.link_key",
    "ticket_tiers.category",
    "ticket_tiers.sale_starts_at",
    "ticket_tiers.sale_ends_at",
    "tickets.seat",
    "tickets.used_at",
    "tickets.changed_at",
    "users.password_hash",
    "users.deleted_at",
    "venues.latitude",
    "venues.longitude",
];

/// Every column of the schema and whether it must not be empty, but for leaves, which have their parent's.
const COLUMNS: &str = "SELECT c.relname::text, a.attname::text, a.attnotnull FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND c.relname <> '_sqlx_migrations' AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    ORDER BY 1, a.attnum";

#[tokio::test]
async fn every_column_that_must_not_be_empty_refuses_to_be() {
    let db = database().await;
    sample::fill(&db.pool).await;
    sqlx::query("INSERT INTO ticket_keys (public_key) VALUES (repeat('k', 43))").execute(&db.pool).await.unwrap();
    sqlx::query("INSERT INTO door_rounds (store) VALUES ('parterre')").execute(&db.pool).await.unwrap();
    let columns: Vec<(String, String, bool)> = sqlx::query_as(COLUMNS).fetch_all(&db.pool).await.unwrap();
    let may_be: Vec<_> =
        columns.iter().filter(|(.., needed)| !needed).map(|(table, column, _)| format!("{table}.{column}")).collect();
    assert_eq!(may_be, MAY_BE_EMPTY);
    let needed: Vec<_> =
        columns.iter().filter(|(.., needed)| *needed).map(|(table, column, _)| (table, column)).collect();
    assert!(needed.len() > 100, "the catalogue knows the columns: {}", needed.len());
    let (mut filled, mut leads, mut wrong) = (BTreeSet::new(), BTreeSet::new(), vec![]);
    for (table, column) in &needed {
        let place = format!("{table}.{column}");
        let columns = format!(
            "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
             WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
        );
        let columns: String = sqlx::query_scalar(AssertSqlSafe(columns)).fetch_one(&db.pool).await.unwrap();
        // A row as it is, but for this column.
        let insert = format!(
            "INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE
             SELECT {columns} FROM jsonb_populate_record(NULL::{table},
                (SELECT to_jsonb(whole) - '{column}' FROM {table} whole LIMIT 1))"
        );
        let mut attempt = begin(&db.pool).await.unwrap();
        let done = sqlx::query(AssertSqlSafe(insert)).execute(&mut *attempt).await;
        attempt.rollback().await.unwrap();
        let error = match &done {
            Err(error) => error.as_database_error().map(<dyn DatabaseError>::downcast_ref::<PgDatabaseError>),
            Ok(_) => None,
        };
        match error {
            Some(error) if error.code() == "23502" && error.column() == Some(column) => {}
            Some(error) if error.message().starts_with("no partition of relation") => {
                leads.insert(place);
            }
            // Refused for being there twice, and not for what it leaves empty.
            Some(error) if error.code() == "23505" => {
                filled.insert(place);
            }
            _ => wrong.push(format!("{place}: {done:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(filled, FILLED.map(String::from).into());
    assert_eq!(leads, LEADS.map(String::from).into());
}
