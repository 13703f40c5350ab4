//! What a buyer is told over HTTP whose provider never answers: from "your bank is checking" to the seats that are free again.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::secret::COOKIE;
use crate::test_support::check_later;
use crate::test_support::house::{SLUG, TestHouse, house};
use crate::test_support::shop::{half_a_minute_later, run_out};

const GOOD: &str = "4242 4242 4242 4242";
/// The provider writes it down and never answers.
const SILENT: &str = "4000 0000 0000 0341";
/// What becomes so, does within.
const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody with a basket of two seats and an order for it.
struct Buyer<'a> {
    house: &'a TestHouse,
    token: String,
    order: String,
    seats: Value,
}

async fn ask(house: &TestHouse, request: Request<Body>) -> (StatusCode, String) {
    let answer = house.router.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    let body = to_bytes(answer.into_body(), 4_000_000).await.unwrap();
    (status, String::from_utf8_lossy(&body).into_owned())
}

async fn post(house: &TestHouse, path: &str, token: &str, body: &Value) -> (StatusCode, Value) {
    let request = Request::post(format!("/api/v1{path}")).header(header::CONTENT_TYPE, "application/json");
    let request =
        if token.is_empty() { request } else { request.header(header::AUTHORIZATION, format!("Bearer {token}")) };
    let (status, body) = ask(house, request.body(Body::from(body.to_string())).unwrap()).await;
    (status, serde_json::from_str(&body).unwrap())
}

impl<'a> Buyer<'a> {
    async fn of(house: &'a TestHouse, wish: &Value) -> Self {
        let (status, hold) = post(house, &format!("/events/{SLUG}/holds"), "", wish).await;
        assert_eq!(status, StatusCode::CREATED, "{hold}");
        let token = hold["token"].as_str().unwrap().to_owned();
        let buyer = json!({ "name": "Sample Buyer", "email": "buyer@example.org" });
        let order = json!({ "hold_id": hold["id"], "buyer": buyer, "accept_total": hold["total"]["amount"] });
        let (status, order) = post(house, "/orders", &token, &order).await;
        assert_eq!(status, StatusCode::CREATED, "{order}");
        Self { house, token, order: order["id"].as_str().unwrap().to_owned(), seats: hold["seats"].clone() }
    }

    async fn pay(&self, card: &str) -> (StatusCode, Value) {
        let card = json!({ "provider": "test", "method": card });
        post(self.house, &format!("/orders/{}/payments", self.order), &self.token, &card).await
    }

    async fn page(&self) -> (StatusCode, String) {
        let request = Request::get(format!("/orders/{}", self.order));
        let request = request.header(header::COOKIE, format!("{COOKIE}={}", self.token)).body(Body::empty()).unwrap();
        ask(self.house, request).await
    }

    async fn becomes(&self, status: &str) -> Value {
        let waiting = async {
            loop {
                let request = Request::get(format!("/api/v1/orders/{}", self.order));
                let request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token));
                let (_, order) = ask(self.house, request.body(Body::empty()).unwrap()).await;
                let order: Value = serde_json::from_str(&order).unwrap();
                if order["status"] == status {
                    return order;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("the order becomes {status}"))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_pays_where_nobody_answers_is_told_what_is_so_until_the_seats_are_free_again() {
    let house = house().await;
    let buyer = Buyer::of(&house, &json!({ "best": { "quantity": 2 } })).await;
    let (status, payment) = buyer.pay(SILENT).await;
    assert_eq!((status, &payment["status"]), (StatusCode::CREATED, &json!("processing")), "{payment}");
    let (status, page) = buyer.page().await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        page.contains("Your bank is checking the payment") && page.contains("Your places are kept for about "),
        "{page}"
    );
    let (status, again) = buyer.pay(GOOD).await;
    assert_eq!((status, &again["code"]), (StatusCode::CONFLICT, &json!("payment_in_progress")), "no second charge");
    let taken = post(&house, &format!("/events/{SLUG}/holds"), "", &json!({ "seats": buyer.seats })).await;
    assert_eq!((taken.0, &taken.1["code"]), (StatusCode::CONFLICT, &json!("seats_taken")), "the seats are kept");

    half_a_minute_later(&house.database.pool).await;
    let (_, page) = buyer.page().await;
    assert!(page.contains("Your bank has not answered yet") && page.contains("you are not charged twice"), "{page}");

    run_out(&house.database.pool).await;
    let end = buyer.becomes("expired").await;
    assert_eq!(end["tickets"].as_array().map(Vec::len), Some(0), "{end}");
    let (status, page) = buyer.page().await;
    assert_eq!(status, StatusCode::GONE);
    assert!(page.contains("Your time ran out") && page.contains("nothing was charged"), "{page}");

    let next = Buyer::of(&house, &json!({ "seats": buyer.seats })).await;
    next.pay(GOOD).await;
    assert_eq!(next.becomes("paid").await["tickets"].as_array().map(Vec::len), Some(2));
    assert_eq!(check_later(&house.database.pool).await, []);
}
