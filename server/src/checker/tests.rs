//! What the auditor does about a breach.

use domain::order::OrderRefusal;

use super::*;
use crate::purchase::PurchaseError;
use crate::test_support::shop::Shop;

async fn harm(shop: &Shop, statement: &'static str) {
    sqlx::query(statement).execute(&shop.database.pool).await.unwrap();
}

#[tokio::test]
async fn a_breach_stops_the_sale_of_its_event_until_it_is_mended_and_resumed() {
    let shop = Shop::open(3).await;
    let (till, pool) = (&shop.till, &shop.database.pool);
    let order = till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
    assert_eq!(audit(pool).await.unwrap(), []);
    harm(&shop, "UPDATE ticket_tiers SET reserved = 2 WHERE kind = 'seated'").await;
    let found = audit(pool).await.unwrap();
    assert_eq!((found[0].invariant.as_str(), found[0].event), ("I2", Some(till.event)));
    let refused = till.checkout(&till.hold(till.somebody(), &[1], 0).unwrap()).await;
    assert_eq!(refused, Err(PurchaseError::Refused(OrderRefusal::NotOnSale)));
    // Whoever ordered before may pay: their places are claimed, and the money would be taken for them.
    assert_eq!(till.pay(&order, "4242424242424242").await.unwrap().status.word(), "paid");
    let status: String =
        sqlx::query_scalar("SELECT status FROM event_availability(now())").fetch_one(pool).await.unwrap();
    assert_eq!(status, "paused");
    harm(&shop, "UPDATE ticket_tiers SET reserved = 0 WHERE kind = 'seated'").await;
    assert_eq!(audit(pool).await.unwrap(), []);
    assert!(resume(pool, "night").await.unwrap() && !resume(pool, "night").await.unwrap());
    till.checkout(&till.hold(till.somebody(), &[2], 0).unwrap()).await.unwrap();
    let noted: Vec<String> = sqlx::query_scalar("SELECT action FROM audit WHERE entity = 'event' ORDER BY id")
        .fetch_all(pool)
        .await
        .unwrap();
    assert_eq!(noted, ["sale_stopped", "sale_resumed"]);
}

#[tokio::test]
async fn what_is_gone_at_the_second_look_stops_nothing() {
    let shop = Shop::open(3).await;
    harm(&shop, "UPDATE ticket_tiers SET reserved = 1 WHERE kind = 'seated'").await;
    let mended = async {
        tokio::time::sleep(LOOK_AGAIN_AFTER / 2).await;
        harm(&shop, "UPDATE ticket_tiers SET reserved = 0 WHERE kind = 'seated'").await;
    };
    let (found, ()) = tokio::join!(audit(&shop.database.pool), mended);
    assert_eq!(found.unwrap(), []);
    let till = &shop.till;
    till.checkout(&till.hold(till.somebody(), &[1], 0).unwrap()).await.unwrap();
}
