//! A hold that is gone: whether it was ended, or went with the process that kept it.

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::test_support::house::{SLUG, TestHouse, house};

const TOKEN: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

async fn ask(house: &TestHouse, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
    let request = Request::builder().method(method).uri(format!("/api/v1{path}"));
    let request = request.header(header::CONTENT_TYPE, "application/json");
    let request = request.header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
    let answer = house.router.clone().oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap();
    let status = answer.status();
    let told = to_bytes(answer.into_body(), 100_000).await.unwrap();
    (status, serde_json::from_slice(&told).unwrap_or_default())
}

async fn hold(house: &TestHouse) -> Value {
    let wish = json!({ "best": { "quantity": 1 } });
    let (status, held) = ask(house, Method::POST, &format!("/events/{SLUG}/holds"), &wish).await;
    assert_eq!(status, StatusCode::CREATED, "{held}");
    held
}

/// What is said of a hold that is gone.
async fn forgotten(house: &TestHouse, held: &Value) -> Value {
    let path = format!("/holds/{}", held["id"].as_str().unwrap());
    let (status, mut told) = ask(house, Method::GET, &path, &Value::Null).await;
    assert_eq!((status, &told["code"]), (StatusCode::GONE, &json!("hold_expired")), "{told}");
    told["forgotten"].take()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_that_went_with_its_process_is_told_from_one_that_was_ended() {
    let house = house().await;
    let (kept, ordered) = (hold(&house).await, hold(&house).await);
    let buyer = json!({ "name": "Sample Buyer", "email": "buyer@example.org" });
    let order = json!({ "hold_id": ordered["id"], "buyer": buyer, "accept_total": ordered["total"]["amount"] });
    let (status, order) = ask(&house, Method::POST, "/orders", &order).await;
    assert_eq!(status, StatusCode::CREATED, "{order}");
    let anew = house.beside().await;
    assert_eq!(forgotten(&anew, &kept).await, json!(true));
    assert_eq!(forgotten(&anew, &ordered).await, Value::Null, "it became an order");
    let ended = hold(&anew).await;
    let path = format!("/holds/{}", ended["id"].as_str().unwrap());
    let (status, _) = ask(&anew, Method::DELETE, &path, &Value::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(forgotten(&anew, &ended).await, Value::Null, "its holder let go of it");
}
