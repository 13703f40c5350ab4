//! Every named constraint, violated once and refused by name; and the test knows when one was forgotten.

use std::collections::BTreeSet;

use super::sample;
use crate::stores::postgres::Pool;
use crate::stores::postgres::begin::begin;
use crate::stores::postgres::error::{Constraint, constraint};
use crate::test_support::database;

/// `(constraint, statement that breaks it)`. Leaf-wide names are given without their month.
const BREACHES: &[(&str, &str)] = &[
    // Keys.
    ("users_pkey", "INSERT INTO users SELECT id, 'b@example.org', 'B' FROM users"),
    ("users_email_key", "INSERT INTO users VALUES (gen_random_uuid(), 'BUYER@example.org', 'B')"),
    ("promoters_pkey", "INSERT INTO promoters SELECT id, 'another', name FROM promoters"),
    ("promoters_slug_key", "INSERT INTO promoters SELECT gen_random_uuid(), slug, name FROM promoters"),
    ("venues_pkey", "INSERT INTO venues SELECT id, 'another', name, address, city, country, time_zone, 1, 1, 1 FROM venues"),
    ("venues_slug_key", "INSERT INTO venues SELECT gen_random_uuid(), slug, name, '', city, country, time_zone, 1, 1, 1 FROM venues"),
    ("charts_pkey", "INSERT INTO charts SELECT id, venue_id, name, 2, 1, document, geometry, geometry_br, geometry_hash FROM charts"),
    ("charts_version_key", "INSERT INTO charts SELECT gen_random_uuid(), venue_id, name, version, 1, document, geometry, geometry_br, geometry_hash FROM charts"),
    ("events_pkey", "INSERT INTO events (id, promoter_id, venue_id, slug, title, category, status, currency, capacity, starts_at)
        SELECT id, promoter_id, venue_id, 'another', title, category, status, currency, 1, starts_at FROM events"),
    ("events_slug_key", "INSERT INTO events (id, promoter_id, venue_id, slug, title, category, status, currency, capacity, starts_at)
        SELECT gen_random_uuid(), promoter_id, venue_id, slug, title, category, status, currency, 1, starts_at FROM events"),
    ("ticket_tiers_pkey", "INSERT INTO ticket_tiers (id, event_id, name, kind, net, fee, tax, total, currency, quantity)
        SELECT id, event_id, 'x', 'standing', 1, 0, 0, 1, currency, 1 FROM ticket_tiers"),
    ("ticket_tiers_name_key", "UPDATE ticket_tiers SET name = 'Same'"),
    ("ticket_tiers_category_key", "INSERT INTO ticket_tiers (id, event_id, name, kind, category, net, fee, tax, total, currency, quantity)
        SELECT gen_random_uuid(), event_id, 'x', kind, category, 1, 0, 0, 1, currency, 1 FROM ticket_tiers WHERE category = 0"),
    ("seat_claims_pkey", "INSERT INTO seat_claims SELECT event_id, seat, gen_random_uuid(), 99 FROM seat_claims"),
    ("seat_fences_pkey", "INSERT INTO seat_fences SELECT * FROM seat_fences"),
    ("seat_kills_pkey", "INSERT INTO seat_kills SELECT * FROM seat_kills"),
    ("orders_*_pkey", "INSERT INTO orders SELECT * FROM orders"),
    ("order_items_*_pkey", "INSERT INTO order_items SELECT * FROM order_items"),
    ("payments_*_pkey", "INSERT INTO payments SELECT * FROM payments"),
    ("tickets_*_pkey", "INSERT INTO tickets SELECT * FROM tickets"),
    ("order_holds_pkey", "INSERT INTO order_holds SELECT * FROM order_holds"),
    ("outbox_dedupe_key", "INSERT INTO outbox (topic, subject_id, dedupe) SELECT topic, subject_id, dedupe FROM outbox"),
    ("outbox_pkey", "INSERT INTO outbox (id, topic, subject_id, dedupe) OVERRIDING SYSTEM VALUE SELECT id, topic, subject_id, 'x' FROM outbox"),
    ("audit_pkey", "INSERT INTO audit (id, entity, entity_id, action, actor) OVERRIDING SYSTEM VALUE SELECT id, entity, entity_id, action, actor FROM audit"),
    ("idempotency_keys_pkey", "INSERT INTO idempotency_keys SELECT * FROM idempotency_keys"),
    ("test_provider_intents_pkey", "INSERT INTO test_provider_intents SELECT id, 'k-2', payment_id, behaviour, status, amount, 0, 0, currency FROM test_provider_intents"),
    ("test_provider_intents_idempotency_key_key", "INSERT INTO test_provider_intents SELECT 'pi_2', idempotency_key, payment_id, behaviour, status, amount, 0, 0, currency FROM test_provider_intents"),
    ("ticket_keys_pkey", "INSERT INTO ticket_keys (public_key) SELECT repeat('k', 43) FROM generate_series(1, 2)"),
    ("door_rounds_pkey", "INSERT INTO door_rounds (store) SELECT 'parterre' FROM generate_series(1, 2)"),
    ("ticket_keys_public_key_form", "INSERT INTO ticket_keys (public_key) VALUES ('short')"),
    ("ticket_keys_link_key_length", "INSERT INTO ticket_keys (public_key, link_key) VALUES (repeat('k', 43), '\\x00')"),
    // Leaf-wide keys.
    ("payments_*_one_capture", "INSERT INTO payments (id, order_id, provider, status, amount, currency)
        SELECT uuid_last(id), order_id, provider, 'capturing', amount, currency FROM payments"),
    ("payments_*_intent_key", "INSERT INTO payments (id, order_id, provider, provider_intent, status, amount, currency)
        SELECT uuid_last(id), order_id, provider, provider_intent, 'processing', amount, currency FROM payments"),
    // A hashed index is checked on the hash's own leaf, which names it by its columns.
    ("order_items_*_order_id_seat_idx", "INSERT INTO order_items SELECT uuid_last(id), order_id, event_id, tier_id, seat, 1, tier_name, label, 0, 0, 0, 0, 0, currency FROM order_items"),
    ("tickets_*_place_key", "INSERT INTO tickets SELECT uuid_last(id), order_id, order_item_id, ordinal, event_id, tier_id, NULL, tier_name, label, 'OTHER-CODE', token, status FROM tickets"),
    ("tickets_*_seat_key", "INSERT INTO tickets SELECT uuid_last(id), order_id, order_item_id, 1, event_id, tier_id, seat, tier_name, label, 'OTHER-CODE', token, status FROM tickets"),
    ("tickets_*_code_key", "INSERT INTO tickets SELECT uuid_last(id), order_id, order_item_id, 1, event_id, tier_id, NULL, tier_name, label, code, token, status FROM tickets"),
    // Rows that others hang on, and rows that hang on nothing.
    ("charts_venue_id_fkey", "UPDATE charts SET venue_id = gen_random_uuid()"),
    ("events_promoter_id_fkey", "DELETE FROM promoters"),
    ("events_venue_id_fkey", "UPDATE events SET venue_id = gen_random_uuid()"),
    ("events_chart_id_fkey", "DELETE FROM charts"),
    ("ticket_tiers_event_id_fkey", "UPDATE ticket_tiers SET currency = 'GBP'"),
    ("seat_claims_event_id_fkey", "INSERT INTO seat_claims VALUES (gen_random_uuid(), 1, gen_random_uuid(), 1)"),
    ("seat_fences_event_id_fkey", "UPDATE seat_fences SET event_id = gen_random_uuid()"),
    ("seat_kills_event_id_fkey", "UPDATE seat_kills SET event_id = gen_random_uuid()"),
    ("orders_user_id_fkey", "UPDATE orders SET user_id = gen_random_uuid()"),
    ("orders_event_id_fkey", "UPDATE orders SET currency = 'GBP'"),
    ("order_items_tier_id_fkey", "UPDATE order_items SET tier_id = gen_random_uuid()"),
    ("tickets_tier_id_fkey", "UPDATE tickets SET tier_id = gen_random_uuid()"),
    ("order_items_*_order_fkey", "INSERT INTO order_items SELECT uuid_last(id), uuid_last(order_id), event_id, tier_id, NULL, 1, tier_name, label, 0, 0, 0, 0, 0, currency FROM order_items"),
    ("payments_*_order_fkey", "UPDATE payments SET order_id = uuid_last(order_id)"),
    ("tickets_*_order_fkey", "UPDATE tickets SET order_id = uuid_last(order_id)"),
    ("tickets_*_item_fkey", "UPDATE tickets SET order_item_id = uuid_last(order_item_id)"),
    // Forms and lengths.
    ("users_email_plausible", "UPDATE users SET email = 'nobody'"),
    ("users_name_length", "UPDATE users SET name = ''"),
    ("promoters_slug_form", "UPDATE promoters SET slug = 'North Quay'"),
    ("promoters_name_length", "UPDATE promoters SET name = repeat('x', 201)"),
    ("venues_slug_form", "UPDATE venues SET slug = 'a--b'"),
    ("venues_name_length", "UPDATE venues SET name = ''"),
    ("venues_city_length", "UPDATE venues SET city = repeat('x', 201)"),
    ("venues_country_form", "UPDATE venues SET country = 'ch'"),
    ("venues_time_zone_form", "UPDATE venues SET time_zone = 'Europe/ Zurich'"),
    ("venues_latitude_range", "UPDATE venues SET latitude = 91"),
    ("venues_longitude_range", "UPDATE venues SET longitude = -181"),
    ("venues_capacity_positive", "UPDATE venues SET capacity = 0"),
    ("venues_place_whole", "UPDATE venues SET latitude = NULL"),
    ("charts_name_length", "UPDATE charts SET name = ''"),
    ("charts_version_positive", "INSERT INTO charts SELECT gen_random_uuid(), venue_id, name, 0, 1, document, geometry, geometry_br, geometry_hash FROM charts"),
    ("charts_seats_range", "INSERT INTO charts SELECT gen_random_uuid(), venue_id, name, 2, 1000001, document, geometry, geometry_br, geometry_hash FROM charts"),
    ("charts_geometry_hash_form", "INSERT INTO charts SELECT gen_random_uuid(), venue_id, name, 2, 1, document, geometry, geometry_br, 'x' FROM charts"),
    ("charts_immutable", "UPDATE charts SET seats = 5"),
    ("events_slug_form", "UPDATE events SET slug = 'spring gala'"),
    ("events_title_length", "UPDATE events SET title = ''"),
    ("events_description_length", "UPDATE events SET description = repeat('x', 20001)"),
    ("events_category_form", "UPDATE events SET category = 'Club Night'"),
    ("events_status_known", "UPDATE events SET status = 'soon'"),
    ("events_currency_form", "INSERT INTO events (id, promoter_id, venue_id, slug, title, category, status, currency, capacity, starts_at)
        SELECT gen_random_uuid(), promoter_id, venue_id, 'x', title, category, status, 'eur', 1, starts_at FROM events"),
    ("events_capacity_positive", "UPDATE events SET capacity = 0"),
    ("events_stopped_says_why", "UPDATE events SET stopped_at = now()"),
    ("events_max_per_person_positive", "UPDATE events SET max_per_person = 0"),
    ("events_details_object", "UPDATE events SET details = '[]'"),
    ("events_end_after_start", "UPDATE events SET ends_at = starts_at"),
    ("events_doors_before_start", "UPDATE events SET doors_at = starts_at + interval '1 second'"),
    ("ticket_tiers_name_length", "UPDATE ticket_tiers SET name = '' WHERE category = 0"),
    ("ticket_tiers_kind_known", "UPDATE ticket_tiers SET kind = 'lying' WHERE category IS NULL"),
    ("ticket_tiers_kind_has_category", "UPDATE ticket_tiers SET category = NULL WHERE category = 0"),
    ("ticket_tiers_category_range", "UPDATE ticket_tiers SET category = 256 WHERE category = 0"),
    ("ticket_tiers_net_not_negative", "UPDATE ticket_tiers SET net = -1, total = fee + tax - 1"),
    ("ticket_tiers_fee_not_negative", "UPDATE ticket_tiers SET fee = -1, total = net + tax - 1"),
    ("ticket_tiers_tax_not_negative", "UPDATE ticket_tiers SET tax = -1, total = net + fee - 1"),
    ("ticket_tiers_total_sums", "UPDATE ticket_tiers SET total = total + 1"),
    ("ticket_tiers_sold_not_negative", "UPDATE ticket_tiers SET sold = -1"),
    ("ticket_tiers_reserved_not_negative", "UPDATE ticket_tiers SET reserved = -1"),
    ("ticket_tiers_capacity", "UPDATE ticket_tiers SET reserved = 4 WHERE category = 0"),
    ("ticket_tiers_min_purchase_positive", "UPDATE ticket_tiers SET min_purchase = 0"),
    ("ticket_tiers_purchase_range", "UPDATE ticket_tiers SET min_purchase = max_purchase + 1"),
    ("ticket_tiers_sale_window", "UPDATE ticket_tiers SET sale_ends_at = sale_starts_at WHERE category = 0"),
    ("seat_claims_seat_not_negative", "UPDATE seat_claims SET seat = -1"),
    ("seat_claims_fence_fresh", "INSERT INTO seat_claims SELECT event_id, seat, gen_random_uuid(), fence FROM seat_fences"),
    ("seat_claims_not_killed", "INSERT INTO seat_claims SELECT event_id, seat, gen_random_uuid(), 99 FROM seat_kills"),
    ("seat_kills_not_claimed", "INSERT INTO seat_kills SELECT event_id, seat, 'pillar' FROM seat_claims"),
    ("seat_kills_seat_not_negative", "UPDATE seat_kills SET seat = -1"),
    ("seat_kills_reason_length", "UPDATE seat_kills SET reason = ''"),
    ("orders_status_known", "INSERT INTO orders SELECT '01a1f8d3-ea00-7000-8000-0000000000ff', event_id, user_id, holder_id, hold_id, 'lost', close_as, buyer_name, buyer_email, language, subtotal, fee, tax, total, currency, token_hash, expires_at FROM orders"),
    ("orders_status_monotone", "UPDATE orders SET status = 'pending'"),
    ("orders_close_as_known", "UPDATE orders SET close_as = 'paid'"),
    ("orders_closing_says_how", "INSERT INTO orders SELECT '01a1f8d3-ea00-7000-8000-0000000000ff', event_id, user_id, holder_id, hold_id, 'closing', NULL, buyer_name, buyer_email, language, subtotal, fee, tax, total, currency, token_hash, expires_at FROM orders"),
    ("orders_paid_has_time", "UPDATE orders SET paid_at = NULL"),
    ("orders_buyer_name_length", "UPDATE orders SET buyer_name = ''"),
    ("orders_buyer_email_plausible", "UPDATE orders SET buyer_email = 'nobody'"),
    ("orders_language_form", "UPDATE orders SET language = '!'"),
    ("orders_subtotal_not_negative", "UPDATE orders SET subtotal = -1, total = fee + tax - 1"),
    ("orders_fee_not_negative", "UPDATE orders SET fee = -1, total = subtotal + tax - 1"),
    ("orders_tax_not_negative", "UPDATE orders SET tax = -1, total = subtotal + fee - 1"),
    ("orders_extensions_left_few", "UPDATE orders SET extensions_left = 2"),
    ("orders_total_sums", "UPDATE orders SET total = total + 1"),
    ("orders_token_hash_length", "UPDATE orders SET token_hash = '\\x00'"),
    ("orders_id_version", "UPDATE orders SET id = uuid_first(id)"),
    ("order_items_seat_not_negative", "UPDATE order_items SET seat = -1"),
    ("order_items_quantity_positive", "UPDATE order_items SET quantity = 0, total = 0"),
    ("order_items_unit_net_not_negative", "UPDATE order_items SET unit_net = -1, unit_total = 999, total = 999"),
    ("order_items_unit_fee_not_negative", "UPDATE order_items SET unit_fee = -1, unit_total = 3999, total = 3999"),
    ("order_items_unit_tax_not_negative", "UPDATE order_items SET unit_tax = -1, unit_total = 3999, total = 3999"),
    ("order_items_currency_form", "UPDATE order_items SET currency = 'eur'"),
    ("order_items_millisecond", "UPDATE order_items SET id = gen_random_uuid()"),
    ("order_items_seat_alone", "UPDATE order_items SET quantity = 2, total = 2 * unit_total"),
    ("order_items_unit_sums", "UPDATE order_items SET unit_total = 1, total = 1"),
    ("order_items_total_sums", "UPDATE order_items SET total = total + 1"),
    ("payments_provider_form", "UPDATE payments SET provider = 'Test Provider'"),
    ("payments_status_known", "UPDATE payments SET status = 'maybe', captured = 0"),
    ("payments_amount_not_negative", "UPDATE payments SET amount = -1, captured = 0"),
    ("payments_captured_not_negative", "UPDATE payments SET captured = -1"),
    ("payments_refunded_not_negative", "UPDATE payments SET refunded = -1"),
    ("payments_captured_within", "UPDATE payments SET captured = amount + 1"),
    ("payments_refunded_within", "UPDATE payments SET refunded = captured + 1"),
    ("payments_captured_when", "UPDATE payments SET status = 'processing'"),
    ("payments_declined_says_why", "UPDATE payments SET status = 'declined', captured = 0"),
    ("payments_currency_form", "UPDATE payments SET currency = 'eur'"),
    ("payments_millisecond", "UPDATE payments SET id = uuid_floor(uuid_instant(id) + interval '1 second')"),
    ("tickets_ordinal_not_negative", "UPDATE tickets SET ordinal = -1"),
    ("tickets_seat_not_negative", "UPDATE tickets SET seat = -1"),
    ("tickets_code_length", "UPDATE tickets SET code = 'short'"),
    ("tickets_token_length", "UPDATE tickets SET token = ''"),
    ("tickets_status_known", "UPDATE tickets SET status = 'torn'"),
    ("tickets_used_has_time", "UPDATE tickets SET status = 'used'"),
    ("tickets_millisecond", "UPDATE tickets SET id = uuid_floor(uuid_instant(id) + interval '1 second')"),
    ("audit_append_only", "DELETE FROM audit"),
    ("audit_entity_form", "INSERT INTO audit (entity, entity_id, action, actor) VALUES ('', gen_random_uuid(), 'paid', 'x')"),
    ("audit_action_form", "INSERT INTO audit (entity, entity_id, action, actor) VALUES ('order', gen_random_uuid(), '', 'x')"),
    ("audit_actor_length", "INSERT INTO audit (entity, entity_id, action, actor) VALUES ('order', gen_random_uuid(), 'paid', '')"),
    ("outbox_topic_form", "UPDATE outbox SET topic = ''"),
    ("outbox_attempts_not_negative", "UPDATE outbox SET attempts = -1"),
    ("idempotency_keys_scope_length", "UPDATE idempotency_keys SET scope = ''"),
    ("idempotency_keys_key_form", "UPDATE idempotency_keys SET key = repeat('k', 256)"),
    ("idempotency_keys_request_hash_length", "UPDATE idempotency_keys SET request_hash = '\\x00'"),
    ("idempotency_keys_seed_length", "UPDATE idempotency_keys SET seed = '\\x00'"),
    ("idempotency_keys_status_range", "UPDATE idempotency_keys SET status = 99, body = '', answered_at = now()"),
    ("idempotency_keys_answer_whole", "UPDATE idempotency_keys SET status = 200"),
    ("idempotency_keys_expires_later", "UPDATE idempotency_keys SET expires_at = created_at"),
    ("test_provider_intents_status_known", "UPDATE test_provider_intents SET status = 'maybe'"),
    ("test_provider_intents_amount_not_negative", "UPDATE test_provider_intents SET amount = -1"),
    ("test_provider_intents_captured_within", "UPDATE test_provider_intents SET captured = amount + 1"),
    ("test_provider_intents_refunded_within", "UPDATE test_provider_intents SET refunded = captured + 1"),
];

/// `orders_2026_11_pkey` and `order_items_2026_11_h3_pkey` as `orders_*_pkey` and `order_items_*_pkey`.
pub(super) fn without_month(name: &str) -> String {
    let parts: Vec<_> = name.split('_').collect();
    let number = |part: &str, digits: usize| part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
    let Some(year) = parts.windows(2).position(|pair| number(pair[0], 4) && number(pair[1], 2)) else {
        return name.to_owned();
    };
    let mut rest = &parts[year + 2..];
    if rest.first().is_some_and(|part| part.len() == 2 && part.starts_with('h') && number(&part[1..], 1)) {
        rest = &rest[1..];
    }
    format!("{}_*_{}", parts[..year].join("_"), rest.join("_"))
}

#[tokio::test]
async fn every_constraint_refuses_its_breach_by_name() {
    let db = database().await;
    sample::fill(&db.pool).await;
    let mut wrong = Vec::new();
    for &(name, statement) in BREACHES {
        let mut attempt = begin(&db.pool).await.unwrap();
        let got = match sqlx::query(statement).execute(&mut *attempt).await {
            Ok(done) => format!("accepted for {} rows", done.rows_affected()),
            Err(error) => match error.as_database_error().and_then(|refused| refused.constraint()) {
                Some(constraint) => without_month(constraint),
                None => error.to_string(),
            },
        };
        attempt.rollback().await.unwrap();
        if got != name {
            wrong.push(format!("{name}: {got}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn no_constraint_of_the_schema_is_left_untried() {
    let db = database().await;
    let tried: BTreeSet<_> = BREACHES.iter().map(|(name, _)| (*name).to_owned()).collect();
    let untried: Vec<_> = named(&db.pool).await.into_iter().filter(|name| !tried.contains(name)).collect();
    assert!(untried.is_empty(), "without a breach: {untried:?}");
}

/// Names of every check, unique and foreign key, of parents once and of leaves where only leaves have them.
async fn named(pool: &Pool) -> BTreeSet<String> {
    // A parent's own primary key and the keys that only serve a foreign key are reported by the leaves' names.
    const NEVER_REPORTED: &[&str] = &[
        "orders_pkey",
        "order_items_pkey",
        "payments_pkey",
        "tickets_pkey",
        "events_currency_key",
        "ticket_tiers_event_key",
    ];
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT conname::text FROM pg_constraint
         WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'p', 'u', 'f') AND conparentid = 0
            AND conrelid <> coalesce(to_regclass('_sqlx_migrations'), 0)
         UNION
         SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
         WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace AND NOT c.relispartition
            AND i.indrelid <> coalesce(to_regclass('_sqlx_migrations'), 0)
            AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u'))",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let renamed = names.iter().map(|name| match without_month(name).as_str() {
        // A hashed index is reported by the name that its leaf gave it.
        "order_items_*_seat_key" => "order_items_*_order_id_seat_idx".to_owned(),
        other => other.to_owned(),
    });
    renamed.filter(|name| !NEVER_REPORTED.contains(&name.as_str())).collect()
}

#[tokio::test]
async fn names_become_facts_in_one_place() {
    let db = database().await;
    sample::fill(&db.pool).await;
    for (name, fact) in [
        ("seat_claims_pkey", Constraint::SeatClaimed),
        ("seat_claims_fence_fresh", Constraint::FenceStale),
        ("seat_claims_not_killed", Constraint::SeatKilled),
        ("ticket_tiers_capacity", Constraint::TierCapacity),
        ("order_holds_pkey", Constraint::HoldUsed),
        ("orders_status_monotone", Constraint::OrderMovedOn),
        ("payments_*_one_capture", Constraint::OneCapture),
        ("tickets_*_place_key", Constraint::TicketIssued),
        ("tickets_*_seat_key", Constraint::TicketIssued),
        ("outbox_dedupe_key", Constraint::Repeated),
        ("events_slug_key", Constraint::SlugTaken),
        ("charts_version_key", Constraint::VersionTaken),
        ("events_title_length", Constraint::Other("events_title_length".into())),
    ] {
        let (_, statement) = *BREACHES.iter().find(|(breach, _)| *breach == name).unwrap();
        let error = sqlx::query(statement).execute(&db.pool).await.unwrap_err();
        assert_eq!(constraint(&error), Some(fact), "{name}");
    }
}

#[tokio::test]
async fn a_released_seat_refuses_the_holder_who_gave_it_up_and_takes_the_next() {
    let db = database().await;
    sample::fill(&db.pool).await;
    sqlx::query("DELETE FROM seat_claims WHERE seat = 2").execute(&db.pool).await.unwrap();
    let claim = "INSERT INTO seat_claims (event_id, seat, order_id, fence)
        SELECT event_id, 2, gen_random_uuid(), $1 FROM seat_fences WHERE seat = 2";
    for stale in [6_i64, 7] {
        let error = sqlx::query(claim).bind(stale).execute(&db.pool).await.unwrap_err();
        assert_eq!(constraint(&error), Some(Constraint::FenceStale));
    }
    assert_eq!(sqlx::query(claim).bind(8_i64).execute(&db.pool).await.unwrap().rows_affected(), 1);
}
