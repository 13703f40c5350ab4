//! The purchase where the books, the hold store or the crowd do not behave.

use domain::order::OrderStatus;
use domain::payment::PaymentStatus;
use domain::seat::SeatId;

use super::tests::{GOOD, fill_the_disk, lock_tiers, set, sound};
use super::*;
use crate::jobs::{Handler, Message};
use crate::test_support::shop::{Shop, run_out};
use crate::test_support::steady::steady;

#[tokio::test]
async fn books_that_fail_after_a_payment_was_begun_leave_its_outcome_open() {
    let shop = Shop::open(1).await;
    let till = &shop.till;
    let order = till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
    set(&shop, "ALTER TABLE payments ADD CONSTRAINT broken CHECK (status = 'created')").await;
    let open = till.pay(&order, GOOD).await.unwrap();
    assert_eq!(open.live_payment().unwrap().status.public_word(), "processing");
    set(&shop, "UPDATE payments SET check_at = now()").await;
    let stood = till.purchase.refresh(order.id, order.holder).await.unwrap();
    assert!(stood.money_may_move(), "the provider took the money, or will");
    set(&shop, "ALTER TABLE payments DROP CONSTRAINT broken").await;
    assert_eq!(till.purchase.refresh(order.id, order.holder).await.unwrap().status, OrderStatus::Paid);
    sound(&shop).await;
}

#[tokio::test]
async fn money_whose_tickets_cannot_be_written_goes_back_at_once() {
    let shop = Shop::open(1).await;
    let till = &shop.till;
    let order = till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
    set(&shop, "ALTER TABLE tickets ADD CONSTRAINT broken CHECK (code IS NULL)").await;
    let end = till.pay(&order, GOOD).await.unwrap();
    assert_eq!((end.status, end.payments[0].status), (OrderStatus::Cancelled, PaymentStatus::Refunded));
    assert!(end.was_refunded() && !end.money_may_move());
    sound(&shop).await;
}

#[tokio::test]
async fn money_that_did_not_become_tickets_in_time_goes_back() {
    let shop = Shop::open(1).await;
    let till = &shop.till;
    let order = till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
    fill_the_disk(&shop).await;
    let waiting = till.pay(&order, GOOD).await.unwrap();
    assert_eq!(waiting.status, OrderStatus::Pending);
    assert!(waiting.money_may_move());
    till.purchase.sweep().await.unwrap();
    let waiting = till.purchase.order(order.id, order.holder).await.unwrap();
    assert_eq!(waiting.payments[0].status, PaymentStatus::Captured, "the disk may get room again");
    set(&shop, "UPDATE payments SET check_at = now(), updated_at = now() - interval '4 minutes'").await;
    till.purchase.sweep().await.unwrap();
    let end = till.purchase.order(order.id, order.holder).await.unwrap();
    assert_eq!((end.status, end.payments[0].status), (OrderStatus::Cancelled, PaymentStatus::Refunded));
    sound(&shop).await;
}

#[tokio::test]
async fn a_crowd_at_a_hot_tier_leaves_connections_to_everybody_else() {
    steady(async || {
        let shop = Shop::open(40).await;
        let till = &shop.till;
        let order = till.checkout(&till.hold(till.somebody(), &[39], 0).unwrap()).await.unwrap();
        let hot = lock_tiers(&shop).await;
        let holds: Vec<_> = (0..20).map(|seat| till.hold(till.somebody(), &[seat], 0).unwrap()).collect();
        let crowd = futures::future::join_all(holds.iter().map(|hold| till.checkout(hold)));
        let meanwhile = async {
            tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
            let seen = till.purchase.order(order.id, order.holder).await.unwrap();
            hot.rollback().await.unwrap();
            seen
        };
        let (crowd, seen) = tokio::join!(crowd, meanwhile);
        assert_eq!(seen.id, order.id);
        let turned_away = crowd
            .iter()
            .filter(|end| matches!(end, Err(PurchaseError::Trouble(Trouble::Unavailable { what: "the books", .. }))));
        let placed = crowd.iter().filter(|end| end.is_ok());
        sound(&shop).await;
        assert_eq!((placed.count(), turned_away.count()), (8, 12));
    })
    .await;
}

#[tokio::test]
async fn more_orders_than_a_batch_are_given_back_in_one_round() {
    let seats = SWEEP_BATCH + 10;
    let shop = Shop::open(seats).await;
    let till = &shop.till;
    for seat in 0..seats {
        till.checkout(&till.hold(till.somebody(), &[seat], 0).unwrap()).await.unwrap();
    }
    run_out(&shop.database.pool).await;
    assert_eq!(till.purchase.go_on_by_the_books().await.unwrap(), seats as usize);
    assert_eq!(till.purchase.sweep().await.unwrap(), 0);
    assert!(till.hold(till.somebody(), &[0, seats - 1], 0).is_some());
    sound(&shop).await;
}

#[tokio::test]
async fn a_late_word_that_seats_are_free_spares_their_next_owner() {
    let shop = Shop::open(2).await;
    let till = &shop.till;
    let first = till.checkout(&till.hold(till.somebody(), &[0, 1], 0).unwrap()).await.unwrap();
    till.purchase.cancel(first.id, first.holder).await.unwrap();
    till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
    let late = Message { id: 1, topic: AVAILABILITY.into(), subject: first.id.0, attempts: 1 };
    AvailabilityFollower(till.purchase.clone()).handle(&late).await.unwrap();
    let told = till.holds.told_free();
    assert_eq!(told.last().unwrap(), &vec![SeatId(1)]);
}

#[tokio::test]
async fn a_slow_word_that_seats_are_free_is_followed_by_who_bought_them_since() {
    let shop = Shop::open_generous(2).await;
    let till = &shop.till;
    let first = till.checkout(&till.hold(till.somebody(), &[0, 1], 0).unwrap()).await.unwrap();
    let (begun, lets) = till.holds.next_word_is_slow();
    let next = async {
        begun.await.unwrap();
        till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
        let told = till.holds.told_sold();
        lets.send(()).unwrap();
        told
    };
    let (cancelled, before) = tokio::join!(till.purchase.cancel(first.id, first.holder), next);
    assert_eq!(cancelled.unwrap().status, OrderStatus::Cancelled);
    assert_eq!(till.holds.told_free(), [[SeatId(0), SeatId(1)]]);
    assert_eq!(till.holds.told_sold()[before.len()..], [[SeatId(0)]], "it is not free, whoever was told so");
}

#[tokio::test]
async fn what_was_done_and_cannot_be_read_is_not_told_as_nothing() {
    let shop = Shop::open(2).await;
    let till = &shop.till;
    let hold = till.hold(till.somebody(), &[0], 0).unwrap();
    let late = till.hold(till.somebody(), &[1], 0).unwrap();
    till.checkout(&late).await.unwrap();
    set(&shop, "ALTER TABLE tickets RENAME TO away").await;
    let placed = till.checkout(&hold).await;
    assert!(matches!(placed, Err(PurchaseError::Trouble(Trouble::Unconfirmed { .. }))), "{placed:?}");
    let longer = till.purchase.prolong(late.id, late.holder).await;
    assert!(matches!(longer, Err(Trouble::Unconfirmed { .. })), "{longer:?}");
    set(&shop, "ALTER TABLE orders RENAME TO gone").await;
    let followed = till.purchase.extended(late.id, late.holder, late.expires_at).await;
    assert!(matches!(followed, Err(Trouble::Unconfirmed { .. })), "{followed:?}");
}

#[tokio::test]
async fn an_order_that_cannot_be_read_is_not_told_as_uncharged() {
    let shop = Shop::open(1).await;
    let till = &shop.till;
    let order = till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
    shop.database.pool.close().await;
    for told in
        [till.purchase.refresh(order.id, order.holder).await, till.purchase.cancel(order.id, order.holder).await]
    {
        assert!(matches!(told, Err(PurchaseError::Trouble(Trouble::Unconfirmed { .. }))), "{told:?}");
    }
}

#[tokio::test]
async fn an_order_that_makes_no_sense_is_told_so_and_one_that_cannot_be_moved_as_it_stood() {
    let shop = Shop::open(2).await;
    let till = &shop.till;
    let order = till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
    let given_up = till.checkout(&till.hold(till.somebody(), &[1], 0).unwrap()).await.unwrap();
    // Nothing can be given back, and so nothing ends.
    set(&shop, "ALTER TABLE orders ADD CONSTRAINT broken CHECK (status IN ('pending', 'closing')) NOT VALID").await;
    let told = till.purchase.cancel(given_up.id, given_up.holder).await;
    assert!(matches!(told, Err(PurchaseError::Trouble(Trouble::Unconfirmed { .. }))), "it is being given up: {told:?}");
    run_out(&shop.database.pool).await;
    let seen = till.purchase.look(order.id, order.holder).await.unwrap();
    assert_eq!((seen.id, seen.status), (order.id, OrderStatus::Pending));
    set(&shop, "ALTER TABLE orders RENAME TO gone").await;
    let purchase = &till.purchase;
    for told in [
        purchase.look(order.id, order.holder).await,
        purchase.refresh(order.id, order.holder).await,
        purchase.cancel(order.id, order.holder).await,
    ] {
        assert!(matches!(told, Err(PurchaseError::Trouble(Trouble::Corrupt { .. }))), "{told:?}");
    }
}
