//! Two processes of one shop on one database, each with its holds to itself: what one sells the other shows.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use domain::seat::{SeatId, SeatState};
use parterre::http::state::Shop;
use parterre::test_support::house::{SLUG, config, house};
use secrecy::SecretString;
use serde_json::{Value, json};
use tower::ServiceExt;

async fn post(router: &Router, path: &str, token: &str, body: Value) -> Value {
    let request = Request::post(path)
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {token}"))
        .body(Body::from(body.to_string()));
    let response = router.clone().oneshot(request.unwrap()).await.unwrap();
    assert!(response.status().is_success(), "{path}: {}", response.status());
    serde_json::from_slice(&to_bytes(response.into_body(), 1 << 20).await.unwrap()).unwrap()
}

/// Until the shop hears others; panics after a minute.
async fn hears(shop: &Shop) {
    for _ in 0..1_200 {
        let ready = Request::get("/readyz").body(Body::empty()).unwrap();
        let told = to_bytes(shop.router().oneshot(ready).await.unwrap().into_body(), 1 << 20).await.unwrap();
        if serde_json::from_slice::<Value>(&told).unwrap()["stores"]["bus"] == "ready" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the shop never hears others");
}

/// Until the seat is shown so; panics after half a minute.
async fn until(shop: &Shop, event: domain::ids::EventId, state: SeatState) {
    for _ in 0..1_500 {
        let seen = shop.availability.get(event, shop.now()).await.unwrap();
        if seen.message.states.get(SeatId(0)) == state {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the seat was not shown as {state:?}");
}

#[tokio::test]
async fn what_one_process_sells_the_other_shows() {
    let first = house().await;
    // Both are told of the database, so that both talk over it.
    let open = async || {
        let mut config = config();
        config.database_url = Some(SecretString::from(first.database.url.clone()));
        first.beside_with(config).await
    };
    let (here, there) = (open().await, open().await);
    let (seller, watcher) = (&here.shop, &there.shop);
    for shop in [seller, watcher] {
        hears(shop).await;
        until(shop, first.event, SeatState::Free).await;
    }
    // Listening begins in the background; until it does, a comparison with the books would be needed.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let router = seller.router();
    let token = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let held = post(&router, &format!("/api/v1/events/{SLUG}/holds"), token, json!({ "seats": [0, 1] })).await;
    let order = json!({
        "hold_id": held["id"],
        "buyer": { "name": "Sample Buyer", "email": "buyer@example.org" },
        "accept_total": held["total"]["amount"],
    });
    let ordered = post(&router, "/api/v1/orders", token, order).await;
    until(watcher, first.event, SeatState::Sold).await;
    let cancel = format!("/api/v1/orders/{}/cancel", ordered["id"].as_str().unwrap());
    post(&router, &cancel, token, json!({})).await;
    until(watcher, first.event, SeatState::Free).await;
}
