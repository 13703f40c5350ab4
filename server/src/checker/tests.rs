//! What the auditor does about a breach.

mod harms;

use domain::order::OrderRefusal;

use super::*;
use crate::purchase::PurchaseError;
use crate::stores::postgres::begin::begin;
use crate::test_support::shop::Shop;
use crate::test_support::steady::{always, always_same, steady};

async fn harm(shop: &Shop, statement: &'static str) {
    sqlx::query(statement).execute(&shop.database.pool).await.unwrap();
}

#[tokio::test]
async fn a_breach_stops_the_sale_of_its_event_until_it_is_mended_and_resumed() {
    let shop = Shop::open(3).await;
    let (till, pool) = (&shop.till, &shop.database.pool);
    let order = till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
    assert_eq!(audit(pool, &()).await.unwrap(), []);
    harm(&shop, "UPDATE ticket_tiers SET reserved = 2 WHERE kind = 'seated'").await;
    let found = audit(pool, &()).await.unwrap();
    assert_eq!((found[0].invariant.as_str(), found[0].event), ("I2", Some(till.event)));
    let refused = till.checkout(&till.hold(till.somebody(), &[1], 0).unwrap()).await;
    assert_eq!(refused, Err(PurchaseError::Refused(OrderRefusal::NotOnSale)));
    // Whoever ordered before may pay: their places are claimed, and the money would be taken for them.
    assert_eq!(till.pay(&order, "4242424242424242").await.unwrap().status.word(), "paid");
    let status: String =
        sqlx::query_scalar("SELECT status FROM event_availability(now())").fetch_one(pool).await.unwrap();
    assert_eq!(status, "paused");
    harm(&shop, "UPDATE ticket_tiers SET reserved = 0 WHERE kind = 'seated'").await;
    assert_eq!(audit(pool, &()).await.unwrap(), []);
    let resumed = [resume(pool, "night").await.unwrap(), resume(pool, "night").await.unwrap()];
    assert_eq!(resumed, [Some(till.event), None]);
    till.checkout(&till.hold(till.somebody(), &[2], 0).unwrap()).await.unwrap();
    let noted: Vec<String> = sqlx::query_scalar("SELECT action FROM audit WHERE entity = 'event' ORDER BY id")
        .fetch_all(pool)
        .await
        .unwrap();
    assert_eq!(noted, ["sale_stopped", "sale_resumed"]);
}

#[tokio::test]
async fn what_is_gone_at_the_second_look_stops_nothing() {
    steady(async || {
        let shop = Shop::open(3).await;
        harm(&shop, "UPDATE ticket_tiers SET reserved = 1 WHERE kind = 'seated'").await;
        let mended = async {
            tokio::time::sleep(LOOK_AGAIN_AFTER / 2).await;
            harm(&shop, "UPDATE ticket_tiers SET reserved = 0 WHERE kind = 'seated'").await;
        };
        let (found, ()) = tokio::join!(audit(&shop.database.pool, &()), mended);
        assert_eq!(found.unwrap(), []);
        let till = &shop.till;
        let told = till.checkout(&till.hold(till.somebody(), &[1], 0).unwrap()).await;
        let is_stopped = told == Err(PurchaseError::Refused(OrderRefusal::NotOnSale));
        always(!is_stopped, "nothing was found, and the sale was stopped");
        told.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_breach_of_a_tier_that_sells_on_is_seen_between_two_sales() {
    steady(async || {
        let shop = Shop::open(5).await;
        let till = &shop.till;
        till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
        harm(&shop, "UPDATE ticket_tiers SET reserved = 0 WHERE kind = 'seated'").await;
        let sells = async {
            tokio::time::sleep(LOOK_AGAIN_AFTER / 2).await;
            till.checkout(&till.hold(till.somebody(), &[1], 0).unwrap()).await
        };
        let (found, sold) = tokio::join!(audit(&shop.database.pool, &()), sells);
        let found = found.unwrap();
        always_same(found.len(), 1, "breaches that were found, before as after a sale");
        // Where it came too late the sale had been stopped by then.
        sold.unwrap();
        assert!(found[0].detail.contains("says reserved 1, sold 0; its orders say 2, 0"), "{}", found[0]);
        let refused = till.checkout(&till.hold(till.somebody(), &[2], 0).unwrap()).await;
        always(refused.is_err(), "the sale goes on over a breach");
        assert_eq!(refused, Err(PurchaseError::Refused(OrderRefusal::NotOnSale)));
    })
    .await;
}

#[tokio::test]
async fn a_thousand_breaches_of_one_event_hide_none_of_another() {
    let shop = Shop::open(1).await;
    let other = "INSERT INTO events (id, promoter_id, venue_id, slug, title, category, status, currency, capacity, starts_at)
        SELECT 'ffffffff-ffff-7fff-8fff-ffffffffffff', promoter_id, venue_id, 'other', title, category, status, currency, capacity,
               starts_at FROM events";
    harm(&shop, other).await;
    let nobodys = "INSERT INTO seat_claims (event_id, seat, order_id, fence)
        SELECT id, seat, '01a1f8d3-ea00-7000-8000-000000000008', 1 FROM events, generate_series(1, 1000) AS seat WHERE slug = 'night'";
    harm(&shop, nobodys).await;
    let one_more = "INSERT INTO seat_claims SELECT id, 7, '01a1f8d3-ea00-7000-8000-000000000008', 1 FROM events WHERE slug = 'other'";
    harm(&shop, one_more).await;
    let events: std::collections::BTreeSet<_> =
        check(&shop.database.pool).await.unwrap().into_iter().filter_map(|breach| breach.event).collect();
    assert_eq!(events.len(), 2);
}

#[tokio::test]
async fn an_audit_may_take_longer_than_a_statement_of_a_buyer() {
    steady(async || {
        let shop = Shop::open(1).await;
        let pool = &shop.database.pool;
        let hurried = pool.connect_options().as_ref().clone().options([("statement_timeout", "200")]);
        let hurried = pool.options().clone().connect_with(hurried).await.unwrap();
        let mut slow = begin(pool).await.unwrap();
        sqlx::query("LOCK TABLE ticket_tiers").execute(&mut *slow).await.unwrap();
        let released = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            slow.rollback().await.unwrap();
        };
        let (found, ()) = tokio::join!(check(&hurried), released);
        let found = found.unwrap();
        always_same(found, [], "what is wrong in sound books");
    })
    .await;
}

/// The books grow with every sale: a question may read all of them once, not once for each tier or order.
#[tokio::test]
async fn no_question_reads_a_table_again_for_each_row_of_another() {
    let shop = Shop::open(60).await;
    let (till, pool) = (&shop.till, &shop.database.pool);
    let tiers = "INSERT INTO ticket_tiers (id, event_id, name, kind, net, fee, tax, total, currency, quantity)
        SELECT uuidv7(), id, 'Tier ' || n, 'standing', 3800, 400, 300, 4500, 'EUR', 10 FROM events, generate_series(1, 60) AS n";
    harm(&shop, tiers).await;
    for seat in 0..40 {
        let order = till.checkout(&till.hold(till.somebody(), &[seat], 0).unwrap()).await.unwrap();
        if seat % 2 == 0 {
            till.pay(&order, "4242424242424242").await.unwrap();
        }
    }
    harm(&shop, "ANALYZE").await;
    for (invariant, question) in questions::QUESTIONS {
        let explained = sqlx::AssertSqlSafe(format!("EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF) {question}"));
        let plan: Vec<String> = sqlx::query_scalar(explained).bind(100_i64).fetch_all(pool).await.unwrap();
        let again = plan.iter().find(|line| {
            let loops = line.rsplit("loops=").next().and_then(|n| n.trim_end_matches(')').parse::<u32>().ok());
            line.contains("Seq Scan on ") && loops.is_some_and(|loops| loops > 8)
        });
        assert_eq!(again, None, "{invariant}: {question}\n{}", plan.join("\n"));
    }
}
