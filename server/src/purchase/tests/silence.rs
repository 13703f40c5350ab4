//! A provider that does not answer keeps nobody waiting who does not need it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use domain::ids::PaymentId;
use domain::order::OrderStatus;
use domain::payment::{PaymentStatus, Reported};

use super::{GOOD, fill_the_disk, refusal, set, sound};
use crate::clock::SystemClock;
use crate::payments::{ANSWER_WITHIN, Ask, Intent, Method, PaymentProvider, Providers};
use crate::purchase::places::PlainLabels;
use crate::purchase::postgres::PostgresOrders;
use crate::purchase::*;
use crate::stores::postgres::Pool;
use crate::stores::postgres::connect::beside;
use crate::test_support::check_later;
use crate::test_support::shop::{Shop, run_out};

/// The provider writes it down and never answers.
const SILENT: &str = "4000 0000 0000 0341";

/// Hangs in every call, for ever.
struct Hanging;

#[async_trait]
impl PaymentProvider for Hanging {
    fn name(&self) -> &'static str {
        "hanging"
    }
    fn accepts(&self, _: &Method) -> bool {
        true
    }
    async fn create(&self, _: &Ask) -> Result<Intent, Trouble> {
        std::future::pending().await
    }
    async fn status(&self, _: PaymentId) -> Result<Option<Intent>, Trouble> {
        std::future::pending().await
    }
    async fn capture(&self, _: PaymentId) -> Result<Intent, Trouble> {
        std::future::pending().await
    }
    async fn cancel(&self, _: PaymentId) -> Result<Intent, Trouble> {
        std::future::pending().await
    }
    async fn refund(&self, _: PaymentId) -> Result<Intent, Trouble> {
        std::future::pending().await
    }
}

/// Says "not yet" and counts how often it was asked.
#[derive(Default)]
struct Counting(AtomicU32);

#[async_trait]
impl PaymentProvider for Counting {
    fn name(&self) -> &'static str {
        "counting"
    }
    fn accepts(&self, _: &Method) -> bool {
        true
    }
    async fn create(&self, ask: &Ask) -> Result<Intent, Trouble> {
        self.status(ask.payment).await.map(Option::unwrap)
    }
    async fn status(&self, payment: PaymentId) -> Result<Option<Intent>, Trouble> {
        self.0.fetch_add(1, Ordering::SeqCst);
        let (id, status) = (payment.to_string(), Reported::Processing);
        Ok(Some(Intent { id, status, decline: None, action_url: None, captured: 0, refunded: 0 }))
    }
    async fn capture(&self, payment: PaymentId) -> Result<Intent, Trouble> {
        self.status(payment).await.map(Option::unwrap)
    }
    async fn cancel(&self, payment: PaymentId) -> Result<Intent, Trouble> {
        self.status(payment).await.map(Option::unwrap)
    }
    async fn refund(&self, payment: PaymentId) -> Result<Intent, Trouble> {
        self.status(payment).await.map(Option::unwrap)
    }
}

/// The shop's purchase after a restart, with `ways` beside its own provider.
fn restarted(shop: &Shop, ways: Vec<Arc<dyn PaymentProvider>>) -> Purchase {
    let own: Arc<dyn PaymentProvider> = Arc::new(shop.till.provider.clone());
    with(shop, Providers::new([own].into_iter().chain(ways).collect()))
}

fn with(shop: &Shop, providers: Providers) -> Purchase {
    on(shop, &shop.database.pool, providers)
}

/// The same, buying by the connections of `pool`.
fn on(shop: &Shop, pool: &Pool, providers: Providers) -> Purchase {
    Purchase::new(Parts {
        store: Arc::new(PostgresOrders::new(pool.clone())),
        aside: Arc::new(PostgresOrders::new(shop.database.pool.clone())),
        places: shop.till.holds.clone(),
        labels: Arc::new(PlainLabels),
        providers,
        signer: Arc::new(Signer::new([7; 32])),
        clock: Arc::new(SystemClock),
        stop: StopAt::default(),
    })
}

#[tokio::test]
async fn a_glance_at_an_order_takes_none_of_the_connections_of_those_who_buy() {
    let shop = Shop::open(1).await;
    let till = &shop.till;
    let hold = till.hold(till.somebody(), &[0], 0).unwrap();
    let order = till.checkout(&hold).await.unwrap();
    let none = beside(&shop.database.pool, 1);
    none.close().await;
    let purchase = on(&shop, &none, Providers::new(vec![]));
    assert!(purchase.order(order.id, order.holder).await.is_err());
    let seen = purchase.glance(hold.id, hold.holder).await.unwrap().unwrap();
    assert_eq!(seen.id, order.id);
    assert!(purchase.glance(hold.id, till.somebody()).await.unwrap().is_none(), "it is nobody else's");
}

/// Forty orders whose payment is at the provider that hangs, then one more.
async fn behind_a_crowd(shop: &Shop) -> OrderRecord {
    let till = &shop.till;
    for seat in 0..40 {
        let order = till.checkout(&till.hold(till.somebody(), &[seat], 0).unwrap()).await.unwrap();
        till.pay(&order, "4000002760003184").await.unwrap();
    }
    set(shop, "UPDATE payments SET provider = 'hanging', check_at = now()").await;
    till.checkout(&till.hold(till.somebody(), &[40], 0).unwrap()).await.unwrap()
}

#[tokio::test]
async fn captured_money_becomes_tickets_while_a_provider_hangs() {
    let shop = Shop::open(41).await;
    let last = behind_a_crowd(&shop).await;
    fill_the_disk(&shop).await;
    shop.till.pay(&last, GOOD).await.unwrap();
    set(&shop, "DROP TRIGGER disk_is_full ON tickets").await;
    set(&shop, "UPDATE payments SET check_at = now()").await;
    let purchase = restarted(&shop, vec![Arc::new(Hanging)]);
    let asking = tokio::spawn({
        let purchase = purchase.clone();
        async move { purchase.ask_what_is_due().await }
    });
    purchase.go_on_by_the_books().await.unwrap();
    asking.abort();
    assert_eq!(purchase.order(last.id, last.holder).await.unwrap().status, OrderStatus::Paid);
    sound(&shop).await;
}

#[tokio::test]
async fn orders_that_ran_out_are_closed_while_a_provider_hangs() {
    let shop = Shop::open(41).await;
    behind_a_crowd(&shop).await;
    run_out(&shop.database.pool).await;
    let purchase = restarted(&shop, vec![Arc::new(Hanging)]);
    purchase.go_on_by_the_books().await.unwrap();
    let open = "SELECT count(*) FROM orders WHERE status = 'pending'";
    let open: i64 = sqlx::query_scalar(open).fetch_one(&shop.database.pool).await.unwrap();
    assert_eq!(open, 0, "no more payments may start");
}

#[tokio::test]
async fn what_was_begun_with_a_provider_that_takes_no_more_comes_to_its_end() {
    let shop = Shop::open(1).await;
    let till = &shop.till;
    let order = till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
    till.pay(&order, "4000002760003184").await.unwrap();
    let purchase = with(&shop, Providers::with_former(vec![], vec![Arc::new(till.provider.clone())]));
    let refused = purchase.pay(order.id, order.holder, "test", Method(GOOD.into())).await;
    assert_eq!(refused, Err(PurchaseError::Refused(OrderRefusal::InvalidMethod)));
    run_out(&shop.database.pool).await;
    purchase.sweep().await.unwrap();
    assert_eq!(purchase.order(order.id, order.holder).await.unwrap().status, OrderStatus::Expired);
    sound(&shop).await;
}

/// The whole of a purchase with the card that the provider writes down and never answers.
#[tokio::test]
async fn a_card_that_is_never_answered_keeps_the_seat_until_the_orders_end_and_no_longer() {
    let shop = Shop::open(1).await;
    let till = &shop.till;
    let order = till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
    let told = tokio::time::timeout(2 * ANSWER_WITHIN, till.pay(&order, SILENT)).await.expect("nobody waits for ever");
    let waits = told.unwrap();
    assert_eq!(
        (waits.status, waits.live_payment().unwrap().status.public_word()),
        (OrderStatus::Pending, "processing")
    );
    assert_eq!(refusal(till.pay(&order, GOOD).await), OrderRefusal::PaymentInProgress, "no second charge beside it");
    till.purchase.sweep().await.unwrap();
    let still = till.purchase.order(order.id, order.holder).await.unwrap();
    assert_eq!((still.status, still.payments[0].status), (OrderStatus::Pending, PaymentStatus::Processing));
    assert!(till.hold(till.somebody(), &[0], 0).is_none(), "the seat is kept meanwhile");
    run_out(&shop.database.pool).await;
    till.purchase.sweep().await.unwrap();
    let end = till.purchase.order(order.id, order.holder).await.unwrap();
    assert_eq!((end.status, end.payments[0].status), (OrderStatus::Expired, PaymentStatus::Cancelled));
    assert_eq!((end.payments[0].captured, end.tickets.len()), (0, 0));
    let next = till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
    assert_eq!(till.pay(&next, GOOD).await.unwrap().status, OrderStatus::Paid);
    assert_eq!(check_later(&shop.database.pool).await, []);
}

#[tokio::test]
async fn a_page_that_is_loaded_again_and_again_asks_the_provider_once() {
    let shop = Shop::open(1).await;
    let till = &shop.till;
    let order = till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
    let counting = Arc::new(Counting::default());
    let purchase = restarted(&shop, vec![counting.clone()]);
    purchase.pay(order.id, order.holder, "counting", Method(GOOD.into())).await.unwrap();
    let before = counting.0.load(Ordering::SeqCst);
    for _ in 0..20 {
        let seen = purchase.look(order.id, order.holder).await.unwrap();
        assert_eq!(seen.live_payment().unwrap().status.public_word(), "processing");
    }
    assert_eq!(counting.0.load(Ordering::SeqCst) - before, 1);
}
