//! The purchase, step by step and refusal by refusal, each time audited.

mod money;
mod plans;
mod presses;
mod rules;
mod silence;

use domain::hold::Fence;
use domain::order::{MAX_ATTEMPTS, OrderRefusal, OrderStatus};
use domain::payment::{Decline, PaymentStatus};
use domain::seat::SeatId;
use domain::time::{MINUTE, SECOND};

use super::*;
use crate::checker::check;
use crate::stores::postgres::begin::begin;
use crate::test_support::shop::{PRICE, Shop, run_out};
use crate::test_support::steady::always_same;

pub(super) const GOOD: &str = "4242 4242 4242 4242";
const BAD: &str = "4000 0000 0000 9995";

pub(super) async fn sound(shop: &Shop) {
    always_same(check(&shop.database.pool).await.unwrap(), [], "what is wrong in the books");
}

pub(super) fn refusal<T: core::fmt::Debug>(result: Result<T, PurchaseError>) -> OrderRefusal {
    match result.unwrap_err() {
        PurchaseError::Refused(refusal) => refusal,
        PurchaseError::Trouble(trouble) => panic!("{trouble}"),
    }
}

pub(super) async fn set(shop: &Shop, statement: &'static str) {
    sqlx::query(statement).execute(&shop.database.pool).await.unwrap();
}

/// No ticket can be written until the trigger `disk_is_full` is dropped.
pub(super) async fn fill_the_disk(shop: &Shop) {
    set(
        shop,
        "CREATE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$",
    )
    .await;
    set(shop, "CREATE TRIGGER disk_is_full BEFORE INSERT ON tickets FOR EACH ROW EXECUTE FUNCTION disk_is_full()")
        .await;
}

/// Every tier is hot until the transaction ends.
pub(super) async fn lock_tiers(shop: &Shop) -> sqlx::PgTransaction<'static> {
    let mut hot = begin(&shop.database.pool).await.unwrap();
    sqlx::query("SELECT FROM ticket_tiers FOR UPDATE").execute(&mut *hot).await.unwrap();
    hot
}

#[tokio::test]
async fn two_seats_and_two_standing_places_become_four_tickets() {
    let shop = Shop::open(10).await;
    let till = &shop.till;
    let hold = till.hold(till.somebody(), &[3, 4], 2).unwrap();
    let order = till.checkout(&hold).await.unwrap();
    assert_eq!((order.status, order.totals.total.amount), (OrderStatus::Pending, 4 * PRICE));
    let paid = till.pay(&order, GOOD).await.unwrap();
    assert_eq!(paid.status, OrderStatus::Paid);
    assert_eq!(paid.tickets.len(), 4);
    for ticket in &paid.tickets {
        let claim = crate::tickets::verify(&till.purchase.signer().verify_keys(), &ticket.token).unwrap();
        assert_eq!((claim.ticket, &claim.label), (ticket.id, &ticket.label));
    }
    let link = till.purchase.signer().link(paid.tickets[1].id);
    let (prints, index) = till.purchase.prints(&link).await.unwrap().unwrap();
    assert_eq!((prints.len(), index, prints[index].number), (4, 1, (2, 4)));
    assert_eq!(till.purchase.ticket("made up").await.unwrap(), None);
    sound(&shop).await;
}

#[tokio::test]
async fn a_declined_card_keeps_the_seats_and_another_one_may_be_tried() {
    let shop = Shop::open(10).await;
    let till = &shop.till;
    let order = till.checkout(&till.hold(till.somebody(), &[1], 0).unwrap()).await.unwrap();
    let declined = till.pay(&order, BAD).await.unwrap();
    assert_eq!(declined.status, OrderStatus::Pending);
    assert_eq!(declined.payments[0].decline, Some(Decline::InsufficientFunds));
    assert_eq!(till.pay(&order, GOOD).await.unwrap().status, OrderStatus::Paid);
    assert_eq!(refusal(till.pay(&order, GOOD).await), OrderRefusal::AlreadyPaid);
    sound(&shop).await;
}

#[tokio::test]
async fn a_double_submit_is_one_order_and_one_charge() {
    let shop = Shop::open(10).await;
    let till = &shop.till;
    let hold = till.hold(till.somebody(), &[1], 0).unwrap();
    let (a, b) = tokio::join!(till.checkout(&hold), till.checkout(&hold));
    let order = a.unwrap();
    assert_eq!(order.id, b.unwrap().id);
    let (a, b, c) = tokio::join!(till.pay(&order, GOOD), till.pay(&order, GOOD), till.pay(&order, GOOD));
    let won = [a, b, c].into_iter().filter(|r| r.as_ref().is_ok_and(|o| o.status == OrderStatus::Paid)).count();
    assert!(won >= 1);
    let end = till.purchase.order(order.id, order.holder).await.unwrap();
    assert_eq!(end.payments.iter().filter(|p| p.captured > 0).count(), 1);
    assert_eq!(till.checkout(&hold).await.unwrap().id, order.id, "a reload comes back to the same order");
    sound(&shop).await;
}

#[tokio::test]
async fn the_buyers_details_may_be_corrected_until_it_is_paid() {
    let shop = Shop::open(10).await;
    let till = &shop.till;
    let hold = till.hold(till.somebody(), &[1], 0).unwrap();
    let order = till.checkout(&hold).await.unwrap();
    let corrected = Checkout { email: "buyer@example.net".into(), ..till.wish(&hold) };
    let again = till.purchase.checkout(corrected).await.unwrap();
    assert_eq!((again.id, again.buyer.email()), (order.id, "buyer@example.net"));
}

#[tokio::test]
async fn the_banks_question_is_answered_on_its_page() {
    let shop = Shop::open(10).await;
    let till = &shop.till;
    let order = till.checkout(&till.hold(till.somebody(), &[1], 0).unwrap()).await.unwrap();
    let asked = till.pay(&order, "4000002760003184").await.unwrap();
    let payment = asked.live_payment().unwrap();
    assert_eq!(payment.status, PaymentStatus::RequiresAction);
    let intent = payment.action_url.as_deref().unwrap().rsplit('/').next().unwrap().to_owned();
    assert_eq!(refusal(till.pay(&order, GOOD).await), OrderRefusal::PaymentInProgress);
    till.provider.answer_challenge(&intent, true).await.unwrap();
    // Webhook and return at once: the same idempotent transition.
    let (a, b) = tokio::join!(
        till.purchase.refresh(order.id, order.holder),
        till.purchase.news(crate::payments::News { order: order.id, payment: payment.id })
    );
    a.unwrap();
    b.unwrap();
    assert_eq!(till.purchase.refresh(order.id, order.holder).await.unwrap().status, OrderStatus::Paid);
    sound(&shop).await;
}

#[tokio::test]
async fn a_late_answer_is_found_out_without_the_buyer() {
    let shop = Shop::open(10).await;
    let till = &shop.till;
    let order = till.checkout(&till.hold(till.somebody(), &[1], 0).unwrap()).await.unwrap();
    let waiting = till.pay(&order, "4000000000000077").await.unwrap();
    assert_eq!(waiting.live_payment().unwrap().status.public_word(), "processing");
    set(&shop, "UPDATE test_provider_intents SET settles_at = now()").await;
    set(&shop, "UPDATE payments SET check_at = now()").await;
    till.purchase.sweep().await.unwrap();
    assert_eq!(till.purchase.order(order.id, order.holder).await.unwrap().status, OrderStatus::Paid);
    sound(&shop).await;
}

#[tokio::test]
async fn an_order_whose_time_ran_out_gives_its_places_back_after_the_provider_agreed() {
    let shop = Shop::open(1).await;
    let till = &shop.till;
    let order = till.checkout(&till.hold(till.somebody(), &[0], 2).unwrap()).await.unwrap();
    till.pay(&order, "4000002760003184").await.unwrap();
    assert!(till.hold(till.somebody(), &[0], 0).is_none());
    run_out(&shop.database.pool).await;
    assert!(matches!(refusal(till.pay(&order, GOOD).await), OrderRefusal::OrderOver { .. }));
    till.purchase.sweep().await.unwrap();
    let end = till.purchase.order(order.id, order.holder).await.unwrap();
    assert_eq!((end.status, end.payments[0].status), (OrderStatus::Expired, PaymentStatus::Cancelled));
    let next = till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
    assert_eq!(till.pay(&next, GOOD).await.unwrap().status, OrderStatus::Paid);
    sound(&shop).await;
}

#[tokio::test]
async fn money_taken_while_the_order_closes_becomes_tickets() {
    let shop = Shop::open(1).await;
    let till = &shop.till;
    let order = till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
    till.pay(&order, "4000002760003184").await.unwrap();
    set(&shop, "UPDATE test_provider_intents SET status = 'succeeded', captured = amount").await;
    run_out(&shop.database.pool).await;
    till.purchase.sweep().await.unwrap();
    let end = till.purchase.order(order.id, order.holder).await.unwrap();
    assert_eq!((end.status, end.tickets.len()), (OrderStatus::Paid, 1));
    sound(&shop).await;
}

#[tokio::test]
async fn money_taken_after_the_end_goes_back_by_itself() {
    let shop = Shop::open(1).await;
    let till = &shop.till;
    let order = till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
    let asked = till.pay(&order, "4000002760003184").await.unwrap();
    assert_eq!(till.purchase.cancel(order.id, order.holder).await.unwrap().status, OrderStatus::Cancelled);
    set(&shop, "UPDATE test_provider_intents SET status = 'succeeded', captured = amount").await;
    let payment = asked.payments[0].id;
    till.purchase.news(crate::payments::News { order: order.id, payment }).await.unwrap();
    let end = till.purchase.order(order.id, order.holder).await.unwrap();
    assert_eq!((end.payments[0].status, end.payments[0].refunded), (PaymentStatus::Refunded, PRICE));
    sound(&shop).await;
}

#[tokio::test]
async fn an_order_that_lost_its_seat_is_refunded_and_wound_up() {
    let shop = Shop::open(1).await;
    let till = &shop.till;
    let order = till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
    set(&shop, "DELETE FROM seat_claims").await;
    let end = till.pay(&order, GOOD).await.unwrap();
    assert_eq!((end.status, end.payments[0].status), (OrderStatus::Cancelled, PaymentStatus::Refunded));
    sound(&shop).await;
}

#[tokio::test]
async fn every_refusal_changes_nothing() {
    let shop = Shop::open_generous(3).await;
    let till = &shop.till;
    let hold = |seats: &[u32], standing| till.hold(till.somebody(), seats, standing).unwrap();
    let wish = |hold| till.wish(hold);

    let held = hold(&[0], 0);
    let dear = Checkout { accept_total: PRICE - 1, ..wish(&held) };
    assert!(
        matches!(refusal(till.purchase.checkout(dear).await), OrderRefusal::PriceChanged { now } if now.amount == PRICE)
    );
    let nobody = Checkout { name: String::new(), email: "x".into(), ..wish(&held) };
    assert!(
        matches!(refusal(till.purchase.checkout(nobody).await), OrderRefusal::InvalidBuyer { problems } if problems.len() == 2)
    );
    let stranger = Checkout { holder: till.somebody(), ..wish(&held) };
    assert_eq!(refusal(till.purchase.checkout(stranger).await), OrderRefusal::HoldExpired);

    let (min, max) = (2, 6);
    for standing in [1, 7] {
        let limits = OrderRefusal::LimitReached { tier: till.standing, min, max };
        assert_eq!(refusal(till.checkout(&hold(&[], standing)).await), limits);
    }
    for _ in 0..3 {
        till.checkout(&hold(&[], 6)).await.unwrap();
    }
    assert_eq!(refusal(till.checkout(&hold(&[], 3)).await), OrderRefusal::SoldOut { tier: till.standing });

    till.checkout(&held).await.unwrap();
    assert_eq!(refusal(till.checkout(&hold(&[0, 1], 0)).await), OrderRefusal::SeatsTaken { taken: vec![SeatId(0)] });
    assert_eq!(till.holds.told_sold().last().unwrap(), &vec![SeatId(0)], "the hold store stops offering it");

    set(&shop, "UPDATE events SET status = 'postponed'").await;
    assert_eq!(refusal(till.checkout(&hold(&[1], 0)).await), OrderRefusal::NotOnSale);
    set(&shop, "UPDATE events SET status = 'on_sale'").await;
    set(&shop, "UPDATE ticket_tiers SET sale_starts_at = now() + interval '1 hour' WHERE kind = 'seated'").await;
    assert_eq!(refusal(till.checkout(&hold(&[1], 0)).await), OrderRefusal::NotOnSale);
    set(&shop, "UPDATE ticket_tiers SET sale_starts_at = NULL").await;
    set(&shop, "INSERT INTO seat_kills (event_id, seat, reason) SELECT id, 2, 'mixing desk' FROM events").await;
    assert_eq!(refusal(till.checkout(&hold(&[2], 0)).await), OrderRefusal::SeatsWithdrawn { seats: vec![SeatId(2)] });
    sound(&shop).await;
}

#[tokio::test]
async fn a_process_that_slept_past_the_hold_cannot_buy() {
    let mut shop = Shop::open(3).await;
    shop.till.hold_for = -1;
    let till = &shop.till;
    let hold = till.hold(till.somebody(), &[0], 0).unwrap();
    assert_eq!(refusal(till.checkout(&hold).await), OrderRefusal::HoldExpired);
    sound(&shop).await;
}

#[tokio::test]
async fn a_fence_that_was_given_up_cannot_come_back() {
    let shop = Shop::open_generous(3).await;
    let till = &shop.till;
    let stale = till.hold(till.somebody(), &[0], 0).unwrap();
    let fresh = till.hold(till.somebody(), &[0], 0).unwrap();
    assert!(stale.fence < fresh.fence && fresh.fence > Fence(1));
    let order = till.checkout(&fresh).await.unwrap();
    till.purchase.cancel(order.id, order.holder).await.unwrap();
    assert_eq!(refusal(till.checkout(&stale).await), OrderRefusal::HoldExpired);
    sound(&shop).await;
}

#[tokio::test]
async fn refusals_of_paying_charge_nothing() {
    let shop = Shop::open(3).await;
    let till = &shop.till;
    let order = till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
    let method = |text: &str| Method(text.into());
    let p = &till.purchase;
    assert_eq!(refusal(p.pay(order.id, order.holder, "gold", method(GOOD)).await), OrderRefusal::InvalidMethod);
    assert_eq!(refusal(p.pay(order.id, order.holder, "test", method("1234")).await), OrderRefusal::InvalidMethod);
    assert_eq!(refusal(p.pay(order.id, till.somebody(), "test", method(GOOD)).await), OrderRefusal::NotFound);
    for _ in 0..MAX_ATTEMPTS {
        till.pay(&order, BAD).await.unwrap();
    }
    assert_eq!(refusal(till.pay(&order, GOOD).await), OrderRefusal::TooManyAttempts { limit: MAX_ATTEMPTS });
    sound(&shop).await;
}

#[tokio::test]
async fn an_extended_hold_extends_its_order() {
    let shop = Shop::open(3).await;
    let till = &shop.till;
    let hold = till.hold(till.somebody(), &[0], 0).unwrap();
    let order = till.checkout(&hold).await.unwrap();
    let later = order.expires_at.plus(5 * MINUTE);
    assert!(till.purchase.extended(hold.id, hold.holder, later).await.unwrap());
    assert!(!till.purchase.extended(hold.id, hold.holder, later.plus(-SECOND)).await.unwrap(), "never shorter");
    assert!(!till.purchase.extended(hold.id, till.somebody(), later.plus(SECOND)).await.unwrap());
    assert_eq!(till.purchase.order(order.id, order.holder).await.unwrap().expires_at, later);
}

#[tokio::test]
async fn the_checker_sees_what_is_wrong() {
    let shop = Shop::open(3).await;
    let till = &shop.till;
    let order = till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
    till.pay(&order, GOOD).await.unwrap();
    sound(&shop).await;
    for (harm, invariant) in [
        ("UPDATE ticket_tiers SET sold = 0", "I2"),
        ("UPDATE tickets SET status = 'void'", "I3"),
        ("UPDATE payments SET captured = 0", "M2"),
        ("UPDATE order_items SET unit_net = 3799, unit_total = 4499, total = 4499", "M6"),
        ("DELETE FROM seat_claims", "I1"),
    ] {
        set(&shop, harm).await;
        let breaches = check(&shop.database.pool).await.unwrap();
        assert!(breaches.iter().any(|b| b.invariant == invariant), "{harm}: {breaches:?}");
    }
}

#[tokio::test]
async fn the_books_name_the_holds_whose_standing_places_they_count() {
    let shop = Shop::open(3).await;
    let till = &shop.till;
    let catalog = crate::wiring::catalog(&shop.database.pool);
    let gone = till.checkout(&till.hold(till.somebody(), &[0], 4).unwrap()).await.unwrap();
    assert_eq!(catalog.claims(till.event).await.unwrap().holds, [(gone.hold, till.standing, 4)]);
    run_out(&shop.database.pool).await;
    till.purchase.sweep().await.unwrap();
    let seated = till.checkout(&till.hold(till.somebody(), &[1], 0).unwrap()).await.unwrap();
    let stands = till.checkout(&till.hold(till.somebody(), &[2], 3).unwrap()).await.unwrap();
    till.pay(&seated, GOOD).await.unwrap();
    for paid in [false, true] {
        if paid {
            till.pay(&stands, GOOD).await.unwrap();
        }
        let claims = catalog.claims(till.event).await.unwrap();
        assert_eq!(
            (claims.standing, claims.holds),
            (vec![(till.standing, 3)], vec![(stands.hold, till.standing, 3)]),
            "paid: {paid}"
        );
    }
}
