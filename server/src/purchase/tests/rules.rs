//! What is free, what one person may have, how long an order lasts, and what is not for sale.

use domain::hold::{EXTEND_BY, HoldRefusal};
use domain::order::OrderStatus;
use domain::seat::SeatId;

use super::{GOOD, fill_the_disk, refusal, set, sound};
use crate::purchase::postgres::PostgresOrders;
use crate::purchase::store::OrderStore;
use crate::purchase::*;
use crate::test_support::shop::{Shop, Till, run_out};

async fn free_shop() -> Shop {
    let mut shop = Shop::open(6).await;
    shop.till.price = 0;
    shop
}

#[tokio::test]
async fn what_costs_nothing_is_confirmed_without_a_card() {
    let shop = free_shop().await;
    let till = &shop.till;
    let hold = till.hold(till.somebody(), &[0], 2).unwrap();
    let order = till.checkout(&hold).await.unwrap();
    assert_eq!((order.status, order.tickets.len(), order.payments.len()), (OrderStatus::Paid, 3, 0));
    assert_eq!(till.checkout(&hold).await.unwrap().tickets, order.tickets, "asked again, it is the same order");
    assert_eq!(refusal(till.pay(&order, GOOD).await), OrderRefusal::AlreadyPaid);
    sound(&shop).await;
}

#[tokio::test]
async fn a_free_order_that_was_left_half_done_is_finished_however_late() {
    let shop = free_shop().await;
    let till = &shop.till;
    fill_the_disk(&shop).await;
    let order = till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
    assert_eq!(order.status, OrderStatus::Pending);
    set(&shop, "DROP TRIGGER disk_is_full ON tickets").await;
    run_out(&shop.database.pool).await;
    till.purchase.sweep().await.unwrap();
    let end = till.purchase.order(order.id, order.holder).await.unwrap();
    assert_eq!((end.status, end.tickets.len()), (OrderStatus::Paid, 1));
    sound(&shop).await;
}

#[tokio::test]
async fn a_free_order_whose_tickets_can_never_be_written_gives_its_places_back() {
    let shop = free_shop().await;
    let till = &shop.till;
    set(&shop, "ALTER TABLE tickets ADD CONSTRAINT broken CHECK (code IS NULL)").await;
    let order = till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
    assert_eq!(order.status, OrderStatus::Cancelled);
    sound(&shop).await;
}

#[tokio::test]
async fn an_order_has_the_extension_that_its_hold_had_left() {
    let shop = Shop::open(3).await;
    let till = &shop.till;
    let hold = till.hold(till.somebody(), &[0], 0).unwrap();
    assert_eq!(till.purchase.prolong(hold.id, hold.holder).await, Ok(Err(HoldRefusal::Expired)), "no order yet");
    let order = till.checkout(&hold).await.unwrap();
    let longer = till.purchase.prolong(hold.id, hold.holder).await.unwrap().unwrap();
    assert_eq!((longer.expires_at, longer.extensions_left), (order.expires_at.plus(EXTEND_BY), 0));
    assert_eq!(till.purchase.prolong(hold.id, hold.holder).await, Ok(Err(HoldRefusal::NoExtensionLeft)));
    assert_eq!(till.purchase.prolong(hold.id, till.somebody()).await, Ok(Err(HoldRefusal::Expired)));
    till.pay(&order, GOOD).await.unwrap();
    assert_eq!(till.purchase.prolong(hold.id, hold.holder).await, Ok(Err(HoldRefusal::Expired)), "it is paid");
    let late = till.hold(till.somebody(), &[1], 0).unwrap();
    till.checkout(&late).await.unwrap();
    run_out(&shop.database.pool).await;
    assert_eq!(till.purchase.prolong(late.id, late.holder).await, Ok(Err(HoldRefusal::Expired)), "it is over");
    sound(&shop).await;
}

async fn limited(limit: &'static str) -> Shop {
    let shop = Shop::open(12).await;
    set(&shop, limit).await;
    shop
}

async fn buys(till: &Till, seats: &[u32], email: &str) -> Result<OrderRecord, PurchaseError> {
    let hold = till.hold(till.somebody(), seats, 0).unwrap();
    till.purchase.checkout(Checkout { email: email.into(), ..till.wish(&hold) }).await
}

#[tokio::test]
async fn one_person_never_has_more_than_the_event_allows_over_all_orders() {
    let shop = limited("UPDATE events SET max_per_person = 3").await;
    let till = &shop.till;
    let over = |left| OrderRefusal::ShareReached { max: 3, left };
    let first = buys(till, &[0, 1], "fan@example.org").await.unwrap();
    assert_eq!(refusal(buys(till, &[2, 3], "Fan@Example.org").await), over(1));
    buys(till, &[4], "FAN@example.org").await.unwrap();
    assert_eq!(refusal(buys(till, &[5], "fan@example.org").await), over(0));
    let other = buys(till, &[6, 7, 8], "other@example.org").await.unwrap();
    // Another address at the same order is another person, who has bought before.
    let amended = Checkout { email: "fan@example.org".into(), ..till.wish(&other.as_hold()) };
    assert_eq!(refusal(till.purchase.checkout(amended).await), over(0));
    // What is given back may be bought again.
    till.purchase.cancel(first.id, first.holder).await.unwrap();
    buys(till, &[9, 10], "fan@example.org").await.unwrap();
    sound(&shop).await;
    set(&shop, "UPDATE events SET max_per_person = 2").await;
    let breaches = crate::checker::check(&shop.database.pool).await.unwrap();
    assert!(breaches.iter().all(|breach| breach.invariant == "I2") && breaches.len() == 2, "{breaches:?}");
}

#[tokio::test]
async fn one_person_at_ten_counters_at_once_has_no_more_than_the_event_allows() {
    let shop = limited("UPDATE events SET max_per_person = 3").await;
    let till = &shop.till;
    let all = (0..10).map(|seat| async move { buys(till, &[seat], "fan@example.org").await.is_ok() });
    let placed = futures::future::join_all(all).await.into_iter().filter(|placed| *placed).count();
    assert_eq!(placed, 3);
    sound(&shop).await;
}

#[tokio::test]
async fn a_second_press_is_no_second_purchase_to_the_limit() {
    let shop = limited("UPDATE events SET max_per_person = 2").await;
    let till = &shop.till;
    let hold = till.hold(till.somebody(), &[0, 1], 0).unwrap();
    let (one, two) = tokio::join!(till.checkout(&hold), till.checkout(&hold));
    assert_eq!(one.unwrap().id, two.unwrap().id);
}

#[tokio::test]
async fn a_seat_that_is_not_for_sale_is_never_claimed_whatever_was_held() {
    let shop = Shop::open(3).await;
    let till = &shop.till;
    set(&shop, "INSERT INTO seat_kills (event_id, seat, reason) SELECT id, 1, 'pillar' FROM events").await;
    let hold = till.hold(till.somebody(), &[0, 1], 0).unwrap();
    assert_eq!(refusal(till.checkout(&hold).await), OrderRefusal::SeatsWithdrawn { seats: vec![SeatId(1)] });
    sound(&shop).await;
}

#[tokio::test]
async fn of_a_claim_and_a_kill_at_the_same_moment_one_is_refused() {
    let shop = Shop::open(20).await;
    let till = &shop.till;
    let pool = &shop.database.pool;
    for seat in 0..20_u32 {
        let hold = till.hold(till.somebody(), &[seat], 0).unwrap();
        let kill = sqlx::query("INSERT INTO seat_kills (event_id, seat, reason) SELECT id, $1, 'pillar' FROM events")
            .bind(i32::try_from(seat).unwrap())
            .execute(pool);
        let (claimed, killed) = tokio::join!(till.checkout(&hold), kill);
        assert_ne!(claimed.is_ok(), killed.is_ok(), "seat {seat}");
    }
    sound(&shop).await;
}

#[tokio::test]
async fn whoever_may_have_been_charged_is_never_told_that_nothing_was() {
    let shop = Shop::open(1).await;
    let till = &shop.till;
    let order = till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
    till.pay(&order, "4000002760003184").await.unwrap();
    run_out(&shop.database.pool).await;
    // As it stands while the provider owes an answer, and until tickets are written.
    for status in ["authorised", "capturing", "cancelling", "succeeded", "refunding"] {
        sqlx::query("UPDATE payments SET status = $1").bind(status).execute(&shop.database.pool).await.unwrap();
        for end in [None, Some("UPDATE orders SET status = 'closing', close_as = 'expired'")] {
            if let Some(statement) = end {
                set(&shop, statement).await;
            }
            assert_eq!(refusal(till.pay(&order, GOOD).await), OrderRefusal::PaymentInProgress, "{status}");
        }
    }
    set(&shop, "UPDATE payments SET status = 'cancelled'").await;
    assert!(matches!(refusal(till.pay(&order, GOOD).await), OrderRefusal::OrderOver { .. }));
}

#[tokio::test]
async fn a_limit_that_is_lowered_after_a_purchase_stops_no_sale() {
    let shop = Shop::open(6).await;
    let till = &shop.till;
    buys(till, &[0, 1, 2], "fan@example.org").await.unwrap();
    let given_up = buys(till, &[3, 4, 5], "other@example.org").await.unwrap();
    till.purchase.cancel(given_up.id, given_up.holder).await.unwrap();
    set(&shop, "UPDATE events SET max_per_person = 2").await;
    set(&shop, "UPDATE ticket_tiers SET max_purchase = 2 WHERE kind = 'seated'").await;
    let breaches = crate::checker::check(&shop.database.pool).await.unwrap();
    assert_eq!(
        breaches.iter().map(|breach| (breach.invariant.as_str(), breach.event)).collect::<Vec<_>>(),
        [("I2", None); 2]
    );
}

#[tokio::test]
async fn a_step_of_the_schema_that_adds_columns_disturbs_no_server_that_runs() {
    let shop = Shop::open(1).await;
    let till = &shop.till;
    let order = till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
    let paid = till.pay(&order, GOOD).await.unwrap();
    let books = PostgresOrders::new(shop.database.pool.clone());
    let read = async || {
        // More often than there are connections that might have prepared nothing yet.
        for _ in 0..8 {
            let ticket = books.ticket(paid.tickets[0].id).await;
            let again = till.purchase.order(order.id, order.holder).await;
            assert!(ticket.is_ok() && again.is_ok(), "{ticket:?} {again:?}");
        }
    };
    read().await;
    for statement in [
        "ALTER TABLE orders ADD COLUMN gift text",
        "ALTER TABLE order_items ADD COLUMN gift text",
        "ALTER TABLE payments ADD COLUMN gift text",
        "ALTER TABLE tickets ADD COLUMN gift text",
    ] {
        set(&shop, statement).await;
    }
    read().await;
}
