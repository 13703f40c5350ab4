//! `kill -9` of a real `parterre serve`, from outside, at every named step of a purchase that a buyer drives over HTTP.
//! The process stands still at the step and is killed there; another one starts on the same data. Everything ends in
//! a paid order with tickets or in released seats, nothing that was acknowledged is lost, and the checker is content.

mod buyer;
#[path = "../process/mod.rs"]
mod process;
mod server;

use std::time::Duration;

use buyer::{ASKS, Buyer, GOOD};
use parterre::checker::check;
use parterre::clock::SystemClock;
use parterre::purchase::stop::StopAt;
use parterre::test_support::house::put_on_sale;
use parterre::test_support::shop::run_out;
use parterre::test_support::{TestDatabase, database};
use parterre::wiring;
use serde_json::json;
use server::{Folder, Server};

/// Nothing takes longer to come right after a restart.
const COMES_RIGHT_WITHIN: Duration = Duration::from_secs(90);
/// Places that the buyer wants: two seats, and one to stand.
const PLACES: usize = 3;

/// What a kill leaves: the data, and a buyer without an answer.
struct Left {
    database: TestDatabase,
    folder: Folder,
    buyer: Buyer,
}

/// Kills a purchase at `step`, on its way to the tickets or, with `giving_up`, on its way back.
async fn killed_at(step: &str, giving_up: bool) -> Left {
    assert!(StopAt::STEPS.contains(&step), "{step} is a step of the purchase");
    let (database, folder) = (database().await, Folder::new());
    let (_, standing) = put_on_sale(&wiring::catalog(&database.pool), &SystemClock).await;
    let server = Server::start(&database.url, &folder.0, Some(step)).await;
    let wish = json!({ "best": { "quantity": PLACES - 1 }, "standing": [{ "tier": standing, "quantity": 1 }] });
    let mut buyer = Buyer::new("first", wish);
    let url = server.url.clone();
    let walk = async {
        if giving_up {
            buyer.buys(&url, ASKS).await.expect("the way there is open");
            assert_eq!(buyer.cancels(&url).await, None, "{step}: nobody answers");
        } else {
            buyer.buys(&url, GOOD).await;
            // The provider's news may drive the order as well: then this answer came before, and promised nothing yet.
            let told = buyer.payment.as_ref().map(|payment| payment["status"].as_str().unwrap());
            assert!(matches!(told, None | Some("processing")), "{step}: {told:?}");
        }
    };
    tokio::join!(walk, server.killed_at(step));
    Left { database, folder, buyer }
}

impl Left {
    /// Another process on the same data, a minute later.
    async fn restart(&self) -> Server {
        for passes in [
            "UPDATE payments SET created_at = created_at - interval '1 minute', check_at = least(check_at, now())",
            "UPDATE idempotency_keys SET created_at = created_at - interval '1 minute'",
        ] {
            sqlx::query(passes).execute(&self.database.pool).await.unwrap();
        }
        Server::start(&self.database.url, &self.folder.0, None).await
    }

    /// Orders by their state, each with its tickets, claims and charges.
    async fn books(&self) -> Vec<(String, i64, i64, i64)> {
        sqlx::query_as(
            "SELECT o.status, (SELECT count(*) FROM tickets t WHERE t.order_id = o.id),
                    (SELECT count(*) FROM seat_claims c WHERE c.order_id = o.id),
                    (SELECT count(*) FROM payments p WHERE p.order_id = o.id AND p.captured > p.refunded)
             FROM orders o ORDER BY o.id",
        )
        .fetch_all(&self.database.pool)
        .await
        .unwrap()
    }

    async fn comes_to(&self, books: &[(&str, i64, i64, i64)]) {
        let wanted: Vec<_> = books.iter().map(|(word, t, c, p)| ((*word).to_owned(), *t, *c, *p)).collect();
        let right = async {
            while self.books().await != wanted {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        if tokio::time::timeout(COMES_RIGHT_WITHIN, right).await.is_err() {
            assert_eq!(self.books().await, wanted);
        }
        assert_eq!(check(&self.database.pool).await.unwrap(), []);
    }

    /// The buyer sees the order as it was acknowledged, now paid, and the mail goes out.
    async fn is_the_buyers(&self, server: &Server) {
        self.comes_to(&[("paid", PLACES as i64, PLACES as i64 - 1, 1)]).await;
        let (status, order) = self.buyer.looks(&server.url).await;
        assert_eq!((status, &order["status"]), (200, &json!("paid")), "{order}");
        for kept in ["id", "lines", "total"] {
            assert_eq!(order[kept], self.buyer.order.as_ref().unwrap()[kept], "{kept}");
        }
        let mail = self.folder.0.join("mail").join(format!("{}.eml", self.buyer.order_id()));
        let sent = async {
            while !mail.exists() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(COMES_RIGHT_WITHIN, sent).await.expect("the tickets are mailed");
    }

    /// Somebody else buys the very same places.
    async fn anybody_may_buy(&self, server: &Server, ended: &[(&str, i64, i64, i64)]) {
        let hold = self.buyer.hold.as_ref().expect("something was held");
        let mut other = Buyer::new("second", json!({ "seats": hold["seats"], "standing": hold["standing"] }));
        other.buys(&server.url, GOOD).await.expect("the server answers");
        let sold = ("paid", PLACES as i64, PLACES as i64 - 1, 1);
        self.comes_to(&[ended, &[sold]].concat()).await;
    }
}

/// Nobody comes back, the time runs out: what is not paid is for sale again.
async fn ends_released(step: &str, ended: &[(&str, i64, i64, i64)]) {
    let left = killed_at(step, false).await;
    let server = left.restart().await;
    run_out(&left.database.pool).await;
    left.comes_to(ended).await;
    left.anybody_may_buy(&server, ended).await;
}

/// The buyer asks again with the same keys, and has what was wanted, once.
async fn ends_bought(step: &str) {
    let mut left = killed_at(step, false).await;
    let server = left.restart().await;
    if left.buyer.order.is_none() {
        // The hold lived in the process. If the order was not written, the buyer is told so and holds again.
        let order = format!("{}/api/v1/orders", server.url);
        let request = left.buyer.order_request();
        let (status, answer) = left.buyer.call(reqwest::Method::POST, order, Some(&request)).await.unwrap();
        match status {
            201 => left.buyer.order = Some(answer),
            _ => {
                assert_eq!((status, &answer["code"]), (410, &json!("hold_expired")));
                left.buyer.hold = None;
                left.buyer.again();
            }
        }
    } else {
        // An attempt that never reached the bank ends first: looking is enough to find that out.
        let found_out = async {
            while left.buyer.looks(&server.url).await.1["payments"][0]["status"] == "processing" {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(COMES_RIGHT_WITHIN, found_out).await.expect("what never arrived is found out");
        left.buyer.again();
    }
    left.buyer.buys(&server.url, GOOD).await.expect("the server answers");
    left.is_the_buyers(&server).await;
}

/// Money may have moved: the order ends paid whoever comes back, and asking again charges nothing.
async fn ends_paid(step: &str) {
    let left = killed_at(step, false).await;
    let server = left.restart().await;
    left.is_the_buyers(&server).await;
    let pay = format!("{}/api/v1/orders/{}/payments", server.url, left.buyer.order_id());
    let card = json!({ "provider": "test", "method": GOOD });
    let (status, answer) = left.buyer.call(reqwest::Method::POST, pay, Some(&card)).await.unwrap();
    match &left.buyer.payment {
        // Its first answer was never heard: the same key brings the same attempt, and how it ended.
        None => {
            assert_eq!((status, &answer["status"]), (201, &json!("succeeded")), "{answer}");
            let (_, order) = left.buyer.looks(&server.url).await;
            let attempts: Vec<_> = order["payments"].as_array().unwrap().iter().map(|payment| &payment["id"]).collect();
            assert_eq!(attempts, [&answer["id"]], "one attempt");
        }
        Some(told) => assert_eq!((status, &answer), (201, told), "the same answer again"),
    }
    left.is_the_buyers(&server).await;
}

/// Given up by its buyer, with a payment that the bank had a question about.
async fn ends_given_up(step: &str) {
    let left = killed_at(step, true).await;
    let server = left.restart().await;
    let ended = [("cancelled", 0, 0, 0)];
    left.comes_to(&ended).await;
    let (status, order) = left.buyer.looks(&server.url).await;
    assert_eq!((status, &order["status"]), (200, &json!("cancelled")));
    left.anybody_may_buy(&server, &ended).await;
}

const EXPIRED: [(&str, i64, i64, i64); 1] = [("expired", 0, 0, 0)];

#[tokio::test]
async fn killed_with_a_hold_alone_nothing_was_sold() {
    ends_released("hold_taken", &[]).await;
}

#[tokio::test]
async fn killed_with_the_claim_not_committed_nothing_was_sold() {
    ends_released("claiming", &[]).await;
}

#[tokio::test]
async fn killed_after_the_claim_the_seat_comes_back() {
    ends_released("claimed", &EXPIRED).await;
}

#[tokio::test]
async fn killed_before_the_provider_heard_of_it_nothing_is_charged() {
    ends_released("payment_written", &EXPIRED).await;
}

#[tokio::test]
async fn killed_with_a_hold_alone_the_buyer_holds_again_and_buys() {
    ends_bought("hold_taken").await;
}

#[tokio::test]
async fn killed_after_the_claim_the_buyer_asks_again_and_has_the_same_order() {
    ends_bought("claimed").await;
}

#[tokio::test]
async fn killed_before_the_provider_heard_of_it_the_buyer_pays_again() {
    ends_bought("payment_written").await;
}

#[tokio::test]
async fn killed_after_the_provider_was_asked_the_order_ends_paid() {
    ends_paid("payment_asked").await;
}

#[tokio::test]
async fn killed_with_the_money_set_aside_the_order_ends_paid() {
    ends_paid("authorised").await;
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
async fn killed_with_the_money_taken_and_written_the_order_ends_paid() {
    ends_paid("captured").await;
}

#[tokio::test]
async fn killed_with_the_tickets_not_committed_the_order_ends_paid() {
    ends_paid("fulfilling").await;
}

#[tokio::test]
async fn killed_with_the_tickets_written_they_stay() {
    ends_paid("tickets_written").await;
}

#[tokio::test]
async fn killed_while_an_order_is_given_up_its_seats_come_back() {
    ends_given_up("closed").await;
}

#[tokio::test]
async fn killed_before_the_provider_heard_of_the_cancellation_the_seats_come_back() {
    ends_given_up("cancel_written").await;
}

#[tokio::test]
async fn killed_after_the_provider_cancelled_the_seats_come_back() {
    ends_given_up("cancelled").await;
}

#[tokio::test]
async fn killed_with_the_release_not_committed_the_seats_come_back() {
    ends_given_up("releasing").await;
}

#[tokio::test]
async fn killed_after_the_release_the_seats_are_free() {
    ends_given_up("released").await;
}

#[test]
fn every_step_has_its_kill() {
    let tests = include_str!("main.rs");
    for step in StopAt::STEPS {
        let named = format!("(\"{step}\"");
        assert!(tests.contains(&named), "nothing is killed at {step}");
    }
}
