//! One row of everything, whole and consistent: what the constraint tests then break one at a time.

use crate::stores::postgres::Pool;

/// The statements that fill each table once, parents first. All ids are of [`crate::test_support::NOW`]'s month.
pub(super) const ROWS: &[&str] = &[
    "INSERT INTO users (id, email, name) VALUES ('01900000-0000-7000-8000-000000000001', 'buyer@example.org', 'Buyer')",
    "INSERT INTO promoters (id, slug, name) VALUES ('01900000-0000-7000-8000-000000000002', 'north-quay', 'North Quay')",
    "INSERT INTO venues (id, slug, name, city, country, time_zone, latitude, longitude, capacity) VALUES
        ('01900000-0000-7000-8000-000000000003', 'old-mill', 'The Old Mill', 'Zürich', 'CH', 'Europe/Zurich', 47.4, 8.5, 900)",
    "INSERT INTO charts (id, venue_id, name, version, seats, document, geometry, geometry_br, geometry_hash) VALUES
        ('01900000-0000-7000-8000-000000000004', '01900000-0000-7000-8000-000000000003', 'Hall', 1, 4, '\\x01', '\\x02', '\\x03',
        repeat('ab', 32))",
    "INSERT INTO events (id, promoter_id, venue_id, chart_id, slug, title, description, category, status, currency, capacity,
        doors_at, starts_at, ends_at, details) VALUES
        ('01900000-0000-7000-8000-000000000005', '01900000-0000-7000-8000-000000000002',
        '01900000-0000-7000-8000-000000000003', '01900000-0000-7000-8000-000000000004', 'spring-gala', 'Spring Gala',
        'An evening of songs', 'concert', 'on_sale', 'EUR', 900, now() + interval '29 days', now() + interval '30 days',
        now() + interval '31 days', '{\"artist\": \"The Lanterns\"}')",
    "INSERT INTO ticket_tiers (id, event_id, name, kind, category, net, fee, tax, total, currency, quantity, sold, reserved,
        sale_starts_at, sale_ends_at) VALUES
        ('01900000-0000-7000-8000-000000000006', '01900000-0000-7000-8000-000000000005', 'Stalls', 'seated', 0, 3500, 500, 500,
        4500, 'EUR', 4, 1, 0, now() - interval '1 day', now() + interval '30 days')",
    "INSERT INTO ticket_tiers (id, event_id, name, kind, net, fee, tax, total, currency, quantity) VALUES
        ('01900000-0000-7000-8000-000000000007', '01900000-0000-7000-8000-000000000005', 'Floor', 'standing', 2000, 300, 200,
        2500, 'EUR', 100)",
    "INSERT INTO seat_kills (event_id, seat, reason) VALUES ('01900000-0000-7000-8000-000000000005', 3, 'mixing desk')",
    "INSERT INTO orders (id, event_id, holder_id, hold_id, status, buyer_name, buyer_email, subtotal, fee, tax, total, currency,
        token_hash, expires_at) VALUES
        ('01a1f8d3-ea00-7000-8000-000000000008', '01900000-0000-7000-8000-000000000005',
        '01900000-0000-7000-8000-00000000000a', '01900000-0000-7000-8000-00000000000b', 'pending', 'Buyer', 'Buyer@Example.org',
        3500, 500, 500, 4500, 'EUR', decode(repeat('ab', 32), 'hex'), now() + interval '10 minutes')",
    "INSERT INTO order_holds (hold_id, order_id) VALUES
        ('01900000-0000-7000-8000-00000000000b', '01a1f8d3-ea00-7000-8000-000000000008')",
    "INSERT INTO order_items (id, order_id, event_id, tier_id, seat, quantity, tier_name, label, unit_net, unit_fee, unit_tax,
        unit_total, total, currency) VALUES
        ('01a1f8d3-ea00-7000-8000-000000000009', '01a1f8d3-ea00-7000-8000-000000000008',
        '01900000-0000-7000-8000-000000000005', '01900000-0000-7000-8000-000000000006', 2, 1, 'Stalls', 'Row A, seat 3', 3500,
        500, 500, 4500, 4500, 'EUR')",
    "INSERT INTO seat_claims (event_id, seat, order_id, fence) VALUES
        ('01900000-0000-7000-8000-000000000005', 2, '01a1f8d3-ea00-7000-8000-000000000008', 7)",
    "INSERT INTO seat_fences (event_id, seat, fence) VALUES ('01900000-0000-7000-8000-000000000005', 1, 5)",
    "INSERT INTO payments (id, order_id, provider, provider_intent, status, amount, captured, currency) VALUES
        ('01a1f8d3-ea00-7000-8000-00000000000c', '01a1f8d3-ea00-7000-8000-000000000008', 'test', 'pi_1', 'succeeded', 4500,
        4500, 'EUR')",
    "UPDATE orders SET status = 'paid', paid_at = now() WHERE id = '01a1f8d3-ea00-7000-8000-000000000008'",
    "INSERT INTO tickets (id, order_id, order_item_id, event_id, tier_id, seat, tier_name, label, code, token, status) VALUES
        ('01a1f8d3-ea00-7000-8000-00000000000d', '01a1f8d3-ea00-7000-8000-000000000008',
        '01a1f8d3-ea00-7000-8000-000000000009', '01900000-0000-7000-8000-000000000005',
        '01900000-0000-7000-8000-000000000006', 2, 'Stalls', 'Row A, seat 3', 'ABCD-EFGH-JKLM', 'signed', 'valid')",
    "INSERT INTO audit (entity, entity_id, action, actor) VALUES
        ('order', '01a1f8d3-ea00-7000-8000-000000000008', 'paid', 'test')",
    "INSERT INTO outbox (topic, subject_id, dedupe) VALUES
        ('tickets_mail', '01a1f8d3-ea00-7000-8000-000000000008', 'tickets_mail:01a1f8d3-ea00-7000-8000-000000000008')",
    "INSERT INTO idempotency_keys (scope, key, request_hash, expires_at) VALUES
        ('buyer', 'k-1', decode(repeat('ab', 32), 'hex'), now() + interval '1 day')",
    "INSERT INTO test_provider_intents (id, idempotency_key, payment_id, behaviour, status, amount, currency) VALUES
        ('pi_1', 'k-1', '01a1f8d3-ea00-7000-8000-00000000000c', 'succeeds', 'succeeded', 4500, 'EUR')",
];

/// Fills every table once.
pub(super) async fn fill(pool: &Pool) {
    for &row in ROWS {
        sqlx::query(row).execute(pool).await.unwrap_or_else(|error| panic!("{error}: {row}"));
    }
}
