//! One harm for each question: an auditor that cannot see it would be of no use.

use crate::checker::questions::{AT_MOST, QUESTIONS};
use crate::stores::postgres::begin::begin;
use crate::test_support::shop::Shop;

const DROP_ONE_CAPTURE: &str = "DO $$ DECLARE i text; BEGIN
    FOR i IN SELECT indexrelid::regclass::text FROM pg_index WHERE indexrelid::regclass::text ~ 'payments_.*one_capture'
    LOOP EXECUTE 'DROP INDEX ' || i; END LOOP; END $$;";
const DROP_SEAT_KEYS: &str = "DO $$ DECLARE i text; BEGIN
    FOR i IN SELECT indexrelid::regclass::text FROM pg_index WHERE indexrelid::regclass::text ~ 'tickets_.*seat_key'
    LOOP EXECUTE 'DROP INDEX ' || i; END LOOP; END $$;";

/// In the order of the questions. The shop has one order paid for seats 0 and 5 and two standing places after a declined
/// card, one pending with seat 1, and one cancelled at the bank.
const HARMS: [&str; QUESTIONS.len()] = [
    "ALTER TABLE seat_claims DROP CONSTRAINT seat_claims_pkey, DISABLE TRIGGER USER; INSERT INTO seat_claims SELECT * FROM seat_claims",
    "UPDATE order_items SET seat = 0 WHERE seat = 1",
    "DELETE FROM seat_claims WHERE seat = 1",
    "UPDATE orders SET status = 'refunded' WHERE status = 'paid'",
    "ALTER TABLE seat_kills DISABLE TRIGGER USER;
     INSERT INTO seat_kills (event_id, seat, reason) SELECT event_id, seat, 'pillar' FROM seat_claims",
    "UPDATE events SET max_per_person = 1",
    "ALTER TABLE ticket_tiers DROP CONSTRAINT ticket_tiers_capacity; UPDATE ticket_tiers SET sold = quantity + 1",
    "UPDATE ticket_tiers SET sold = 0",
    "UPDATE ticket_tiers SET min_purchase = 3 WHERE kind = 'standing'",
    "UPDATE tickets SET seat = 0 WHERE seat = 5",
    "UPDATE tickets SET status = 'void' WHERE seat = 0",
    "UPDATE orders SET status = 'refunded' WHERE status = 'paid'",
    "UPDATE tickets SET seat = 9 WHERE seat = 0",
    "ALTER TABLE orders DISABLE TRIGGER USER; UPDATE orders SET status = 'closing', close_as = 'cancelled' WHERE status = 'paid';
     UPDATE payments SET updated_at = now() - interval '2 minutes'",
    "UPDATE test_provider_intents SET captured = amount WHERE status = 'declined'",
    "UPDATE payments SET captured = captured - 1 WHERE status = 'succeeded'",
    "UPDATE payments SET status = 'capturing' WHERE status = 'declined'",
    "UPDATE payments SET status = 'processing' WHERE status = 'cancelled'",
    "UPDATE orders SET subtotal = subtotal + 1, total = total + 1",
    "UPDATE payments SET amount = amount + 1",
    "UPDATE orders SET status = 'refunded' WHERE status = 'paid'",
    "UPDATE payments SET status = 'processing' WHERE status = 'cancelled'",
    "UPDATE order_items SET seat = 9 WHERE seat = 0",
    "ALTER TABLE payments DROP CONSTRAINT payments_refunded_within; UPDATE payments SET refunded = captured + 1",
    "UPDATE payments SET status = 'cancelling', updated_at = now() - interval '2 minutes' WHERE status = 'cancelled'",
    "UPDATE payments SET status = 'refunding', updated_at = now() - interval '6 minutes' WHERE status = 'succeeded'",
    "UPDATE orders SET expires_at = now() - interval '6 minutes' WHERE status = 'pending'",
    "INSERT INTO audit (entity, entity_id, action, actor, detail)
     SELECT entity, entity_id, action, actor, detail FROM audit WHERE entity = 'payment' AND action = 'declined'",
];

#[tokio::test]
async fn every_question_finds_the_harm_it_asks_about() {
    let shop = Shop::open(6).await;
    let till = &shop.till;
    let paid = till.checkout(&till.hold(till.somebody(), &[0, 5], 2).unwrap()).await.unwrap();
    till.pay(&paid, "4000000000009995").await.unwrap();
    till.pay(&paid, "4242424242424242").await.unwrap();
    till.checkout(&till.hold(till.somebody(), &[1], 0).unwrap()).await.unwrap();
    let gone = till.checkout(&till.hold(till.somebody(), &[2], 0).unwrap()).await.unwrap();
    till.pay(&gone, "4000002760003184").await.unwrap();
    till.purchase.cancel(gone.id, gone.holder).await.unwrap();
    for ((invariant, question), harm) in QUESTIONS.into_iter().zip(HARMS) {
        let mut tx = begin(&shop.database.pool).await.unwrap();
        let ask = || sqlx::query_as::<_, (Option<uuid::Uuid>, String, String)>(question).bind(AT_MOST);
        assert_eq!(ask().fetch_all(&mut *tx).await.unwrap(), [], "before: {harm}");
        for statement in [DROP_ONE_CAPTURE, DROP_SEAT_KEYS, harm] {
            sqlx::raw_sql(statement).execute(&mut *tx).await.unwrap_or_else(|error| panic!("{harm}: {error}"));
        }
        let found = ask().persistent(false).fetch_all(&mut *tx).await.unwrap();
        assert_ne!(found, [], "{invariant} does not see: {harm}");
        tx.rollback().await.unwrap();
    }
}
