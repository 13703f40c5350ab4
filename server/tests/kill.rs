//! `kill -9` at every named step of a purchase: a child process aborts there, another one takes over, and everything
//! ends in a paid order with tickets or in a released seat. What was acknowledged is never lost.

use std::process::Command;

use domain::order::OrderStatus;
use parterre::checker::check;
use parterre::clock::{Clock, SystemClock};
use parterre::purchase::stop::StopAt;
use parterre::stores::postgres::codec::At;
use parterre::stores::postgres::connect::connect;
use parterre::test_support::shop::{Shop, Till, run_out};

const URL: &str = "PARTERRE_KILL_TEST_URL";
const STEP: &str = "PARTERRE_KILL_TEST_STEP";

/// The child: buys seat 0 and dies on the way. Does nothing in an ordinary run.
#[tokio::test]
async fn child() {
    #[allow(clippy::disallowed_methods, reason = "the parent passes this way what a Config would hold")]
    let (Ok(url), Ok(step)) = (std::env::var(URL), std::env::var(STEP)) else { return };
    let pool = connect(&url, 4).await.unwrap();
    let till = Till::new(&pool, false, StopAt::new(Some(step)));
    let hold = till.hold(till.somebody(), &[0], 0).unwrap();
    let order = till.checkout(&hold).await.unwrap();
    till.pay(&order, "4242424242424242").await.unwrap();
    panic!("the process should be gone");
}

/// Kills a purchase at `step` and lets another process find the books.
async fn killed_at(step: &str) -> (Shop, Till) {
    assert!(StopAt::STEPS.contains(&step), "{step} is a step of the purchase");
    let shop = Shop::open(1).await;
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(URL, &shop.database.url)
        .env(STEP, step)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), None, "{step}: the child was killed by a signal");
    let successor = shop.restart();
    (shop, successor)
}

async fn orders(shop: &Shop) -> Vec<(String, i64)> {
    sqlx::query_as("SELECT o.status, (SELECT count(*) FROM tickets t WHERE t.order_id = o.id) FROM orders o")
        .fetch_all(&shop.database.pool)
        .await
        .unwrap()
}

/// A restart's first sweeps, with every answer due now.
async fn recover(shop: &Shop, till: &Till) {
    for _ in 0..3 {
        sqlx::query("UPDATE payments SET check_at = $1 WHERE check_at IS NOT NULL")
            .bind(At(SystemClock.now().plus(-1)))
            .execute(&shop.database.pool)
            .await
            .unwrap();
        till.purchase.sweep().await.unwrap();
    }
}

async fn ends_paid(step: &str) {
    let (shop, successor) = killed_at(step).await;
    recover(&shop, &successor).await;
    assert_eq!(orders(&shop).await, [(OrderStatus::Paid.word().to_owned(), 1)], "{step}");
    assert_eq!(check(&shop.database.pool).await.unwrap(), [], "{step}");
    let mails: i64 = sqlx::query_scalar("SELECT count(*) FROM outbox WHERE topic = 'ticket_mail' AND done_at IS NULL")
        .fetch_one(&shop.database.pool)
        .await
        .unwrap();
    assert_eq!(mails, 1, "{step}: the mail waits to be sent");
}

async fn ends_released(step: &str, placed: bool) {
    let (shop, successor) = killed_at(step).await;
    recover(&shop, &successor).await;
    run_out(&shop.database.pool).await;
    recover(&shop, &successor).await;
    let expected: &[(String, i64)] = if placed { &[(OrderStatus::Expired.word().to_owned(), 0)] } else { &[] };
    assert_eq!(orders(&shop).await, expected, "{step}");
    assert_eq!(check(&shop.database.pool).await.unwrap(), [], "{step}");
    // The seat is for sale again, and nothing of the first attempt can still take money.
    let hold = successor.hold(successor.somebody(), &[0], 0).unwrap();
    let order = successor.checkout(&hold).await.unwrap();
    assert_eq!(successor.pay(&order, "4242424242424242").await.unwrap().status, OrderStatus::Paid);
    assert_eq!(check(&shop.database.pool).await.unwrap(), [], "{step}");
}

#[tokio::test]
async fn killed_with_a_hold_alone_nothing_was_sold() {
    ends_released("hold_taken", false).await;
}

#[tokio::test]
async fn killed_after_the_claim_the_seat_comes_back() {
    ends_released("claimed", true).await;
}

#[tokio::test]
async fn killed_before_the_provider_heard_of_it_nothing_is_charged() {
    ends_released("payment_written", true).await;
}

#[tokio::test]
async fn killed_after_the_provider_was_asked_the_order_ends_paid() {
    ends_paid("payment_asked").await;
}

#[tokio::test]
async fn killed_between_writing_the_capture_and_asking_for_it_the_order_ends_paid() {
    ends_paid("capture_written").await;
}

#[tokio::test]
async fn killed_with_the_money_taken_and_not_written_the_order_ends_paid() {
    ends_paid("paid").await;
}

#[tokio::test]
async fn killed_with_the_tickets_written_they_stay() {
    ends_paid("tickets_written").await;
}
