//! Money that a provider takes against its word, twice, or short of the price.

use domain::order::OrderStatus;
use domain::payment::PaymentStatus;

use super::{BAD, GOOD, set, sound};
use crate::payments::News;
use crate::purchase::*;
use crate::test_support::shop::{PRICE, Shop, Till};

/// Asks a question of the bank before it says yes.
const ASKS: &str = "4000002760003184";

/// The provider takes the money of what it declined or cancelled, and says so.
async fn taken_after_all(shop: &Shop, order: &OrderRecord, payment: usize) -> OrderRecord {
    let payment = order.payments[payment].id;
    sqlx::query("UPDATE test_provider_intents SET status = 'succeeded', captured = amount WHERE payment_id = $1")
        .bind(payment.0)
        .execute(&shop.database.pool)
        .await
        .unwrap();
    shop.till.purchase.news(News { order: order.id, payment }).await.unwrap();
    read(&shop.till, order).await
}

async fn read(till: &Till, order: &OrderRecord) -> OrderRecord {
    till.purchase.order(order.id, order.holder).await.unwrap()
}

fn stands(order: &OrderRecord) -> (OrderStatus, Vec<(PaymentStatus, i64)>) {
    (order.status, order.payments.iter().map(|p| (p.status, p.captured - p.refunded)).collect())
}

#[tokio::test]
async fn money_taken_after_a_decline_goes_back_where_another_payment_paid() {
    let shop = Shop::open(1).await;
    let till = &shop.till;
    let order = till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
    till.pay(&order, BAD).await.unwrap();
    let paid = till.pay(&order, GOOD).await.unwrap();
    let end = taken_after_all(&shop, &paid, 0).await;
    let (back, kept) = ((PaymentStatus::Refunded, 0), (PaymentStatus::Captured, PRICE));
    assert_eq!(stands(&end), (OrderStatus::Paid, vec![back, kept]));
    sound(&shop).await;
}

#[tokio::test]
async fn of_two_attempts_that_take_money_the_first_makes_tickets_and_the_other_goes_back() {
    let shop = Shop::open(1).await;
    let till = &shop.till;
    let order = till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
    till.pay(&order, BAD).await.unwrap();
    let asked = till.pay(&order, ASKS).await.unwrap();
    let paid = taken_after_all(&shop, &asked, 0).await;
    let (kept, given_up) = ((PaymentStatus::Captured, PRICE), (PaymentStatus::Cancelled, 0));
    assert_eq!(stands(&paid), (OrderStatus::Paid, vec![kept, given_up]));
    let end = taken_after_all(&shop, &paid, 1).await;
    assert_eq!(stands(&end), (OrderStatus::Paid, vec![kept, (PaymentStatus::Refunded, 0)]));
    sound(&shop).await;
}

#[tokio::test]
async fn money_taken_while_another_payment_is_being_captured_goes_back() {
    let shop = Shop::open(1).await;
    let till = &shop.till;
    let order = till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
    till.pay(&order, BAD).await.unwrap();
    let asked = till.pay(&order, ASKS).await.unwrap();
    // The process died between writing the capture down and asking for it.
    set(&shop, "UPDATE payments SET status = 'capturing' WHERE status = 'requires_action'").await;
    set(&shop, "UPDATE test_provider_intents SET status = 'authorised' WHERE status = 'requires_action'").await;
    let end = taken_after_all(&shop, &asked, 0).await;
    let (back, kept) = ((PaymentStatus::Refunded, 0), (PaymentStatus::Captured, PRICE));
    assert_eq!(stands(&end), (OrderStatus::Paid, vec![back, kept]));
    sound(&shop).await;
}

#[tokio::test]
async fn less_money_than_the_price_opens_no_door_and_goes_back() {
    let shop = Shop::open(1).await;
    let till = &shop.till;
    let order = till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
    let asked = till.pay(&order, ASKS).await.unwrap();
    set(&shop, "UPDATE test_provider_intents SET status = 'authorised', amount = amount - 1000").await;
    till.purchase.news(News { order: order.id, payment: asked.payments[0].id }).await.unwrap();
    let end = read(till, &order).await;
    assert_eq!(stands(&end), (OrderStatus::Cancelled, vec![(PaymentStatus::Refunded, 0)]));
    assert_eq!((end.tickets.len(), end.payments[0].captured), (0, PRICE - 1000));
    sound(&shop).await;
}

#[tokio::test]
async fn an_attempt_that_is_made_again_with_its_id_is_no_second_one() {
    let shop = Shop::open(1).await;
    let till = &shop.till;
    let order = till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
    let id = PaymentId::mint(order.id.minted_at(), [9; 10]);
    let pay = |card: &str| till.purchase.pay_as(id, order.id, order.holder, "test", Method(card.into()));
    let declined = pay(BAD).await.unwrap();
    let again = pay(BAD).await.unwrap();
    assert_eq!((declined.payments.len(), again.payments.len()), (1, 1));
    assert_eq!(till.pay(&order, GOOD).await.unwrap().status, OrderStatus::Paid);
    let again = pay(BAD).await.unwrap();
    assert_eq!((again.status, again.payments.len()), (OrderStatus::Paid, 2));
    sound(&shop).await;
}
