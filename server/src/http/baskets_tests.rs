//! How many baskets one address may have, and how many changes all addresses of one owner.

use std::net::{Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::request::Builder;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;
use uuid::Uuid;

use crate::config::Config;
use crate::holds::{MemoryHolds, without_baskets};
use crate::test_support::house::{SLUG, TestHouse, config, with};

const BASKETS: u32 = 3;

async fn ask(house: &TestHouse, token: &str, replaces: &str) -> (StatusCode, Value) {
    let body = json!({ "standing": [{ "tier": house.standing, "quantity": 1 }], "replaces": replaces });
    let request = holds();
    let request =
        if token.is_empty() { request } else { request.header(header::AUTHORIZATION, format!("Bearer {token}")) };
    told(house, request, &body).await
}

fn holds() -> Builder {
    Request::post(format!("/api/v1/events/{SLUG}/holds")).header(header::CONTENT_TYPE, "application/json")
}

async fn send(house: &TestHouse, body: &Value) -> (StatusCode, Value) {
    told(house, holds(), body).await
}

async fn told(house: &TestHouse, request: Builder, body: &Value) -> (StatusCode, Value) {
    let answer = house.router.clone().oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap();
    let status = answer.status();
    (status, serde_json::from_slice(&to_bytes(answer.into_body(), 100_000).await.unwrap()).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_basket_that_replaces_nothing_is_a_further_one() {
    let house = with(Config { holds_per_address: BASKETS, ..config() }, Arc::new(MemoryHolds::default())).await;
    let mut last = Value::Null;
    for number in 0..BASKETS {
        let (status, hold) = ask(&house, "", &Uuid::from_u128(u128::from(number)).to_string()).await;
        assert_eq!(status, StatusCode::CREATED, "{hold}");
        last = hold;
    }
    let (status, refused) = ask(&house, "", &Uuid::from_u128(99).to_string()).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("too_many_holds")), "{refused}");
    // Somebody else's basket is none that one could replace; a changed one is no further one.
    let (status, _) = ask(&house, "", last["id"].as_str().unwrap()).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let (status, changed) = ask(&house, last["token"].as_str().unwrap(), last["id"].as_str().unwrap()).await;
    assert_eq!(status, StatusCode::CREATED, "{changed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_gets_nothing_has_used_up_nothing() {
    let house = with(Config { holds_per_address: BASKETS, ..config() }, Arc::new(MemoryHolds::default())).await;
    let wish = json!({ "standing": [{ "tier": house.standing, "quantity": 10 }] });
    let (status, first) = send(&house, &wish).await;
    assert_eq!(status, StatusCode::CREATED, "{first}");
    // More than there are, again and again.
    let much =
        json!({ "seats": [0], "standing": [{ "tier": house.standing, "quantity": 1 }], "best": { "quantity": 2 } });
    for _ in 0..BASKETS * 20 {
        let (status, refused) = send(&house, &much).await;
        assert_eq!(
            (status, &refused["code"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("contradiction")),
            "{refused}"
        );
    }
    for number in 1..BASKETS {
        let (status, hold) = send(&house, &wish).await;
        assert_eq!(status, StatusCode::CREATED, "{number}: {hold}");
    }
    let (status, refused) = send(&house, &wish).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("too_many_holds")), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seats_are_shown_where_nobody_can_say_what_is_held() {
    let house = with(config(), without_baskets()).await;
    let first = Request::get(format!("/events/{SLUG}/seats")).body(Body::empty()).unwrap();
    let first = house.router.clone().oneshot(first).await.unwrap();
    let cookies = first.headers().get_all(header::SET_COOKIE).iter().filter_map(|c| c.to_str().ok()?.split(';').next());
    let cookies: Vec<&str> = cookies.collect();
    assert!(!cookies.is_empty(), "a visitor is known again");
    let again = Request::get(format!("/events/{SLUG}/seats")).header(header::COOKIE, cookies.join("; "));
    let again = house.router.clone().oneshot(again.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(again.status(), StatusCode::OK);
    let page = to_bytes(again.into_body(), 10_000_000).await.unwrap();
    assert!(String::from_utf8_lossy(&page).contains("cannot see your basket"));
}

/// Whether the house takes another change from `household` of the site `site`.
async fn is_taken(house: &TestHouse, site: u16, household: u16) -> bool {
    let mut request = Request::delete(format!("/api/v1/holds/{}", Uuid::nil())).body(Body::empty()).unwrap();
    let address = Ipv6Addr::new(0x2001, 0xdb8, site, household, 0, 0, 0, 1);
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from((address, 4000))));
    house.router.clone().oneshot(request).await.unwrap().status() != StatusCode::TOO_MANY_REQUESTS
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_a_whole_site_of_addresses_sends_no_more_than_a_site_may() {
    let house = with(Config { writes_per_second: 1, ..config() }, Arc::new(MemoryHolds::default())).await;
    let mut taken = 0;
    for household in 0..60 {
        for _ in 0..20 {
            taken += u32::from(is_taken(&house, 1, household).await);
        }
    }
    assert!((160..1_000).contains(&taken), "{taken} of 1200 were taken");
    assert!(is_taken(&house, 2, 0).await, "another site has its own");
}
