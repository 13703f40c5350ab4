//! A house with a Redis of its own, what may happen to that, and a buyer.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use parterre::config::Config;
use parterre::holds::MemoryHolds;
use parterre::test_support::house::{SLUG, TestHouse, config, with};
use parterre::test_support::redis::{OwnRedis, settings};
use serde_json::{Value, json};
use tokio::time::Instant;
use tower::ServiceExt;

/// How long a frozen Redis stays frozen in ordinary runs; `a_long_freeze` does the same for half a minute.
pub(crate) const FROZEN_FOR: Duration = Duration::from_secs(3);
/// How long one waits for what must come back.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Far longer than anybody waits for Redis.
const TOO_LONG: Duration = Duration::from_secs(10);

/// What may happen to Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blow {
    Kill,
    Freeze(Duration),
    Flush,
    Fill,
    /// It has become a copy of one that is not there: it answers what it has, and takes no writes.
    Demote,
}

pub(crate) async fn strike(redis: &mut OwnRedis, blow: Blow) {
    match blow {
        Blow::Kill => redis.kill().await,
        Blow::Freeze(_) => redis.freeze().await,
        Blow::Flush => {
            redis.ask("FLUSHALL").await.unwrap();
            redis.ask("SCRIPT FLUSH").await.unwrap();
        }
        Blow::Fill => drop(redis.ask("CONFIG SET maxmemory 1").await.unwrap()),
        Blow::Demote => drop(redis.ask("REPLICAOF 127.0.0.1 1").await.unwrap()),
    }
}

pub(crate) async fn heal(redis: &mut OwnRedis, blow: Blow) {
    match blow {
        Blow::Kill => redis.again().await,
        Blow::Freeze(_) => redis.thaw().await,
        Blow::Flush => {}
        Blow::Fill => drop(redis.ask("CONFIG SET maxmemory 0").await.unwrap()),
        Blow::Demote => drop(redis.ask("REPLICAOF NO ONE").await.unwrap()),
    }
}

/// Everything that a buyer looks at is shown, for as long as the blow lasts, and sold at its end as at its beginning.
/// Answers how many were sold.
pub(crate) async fn goes_on(house: &TestHouse, name: &str, blow: Blow) -> i64 {
    let until = Instant::now() + if let Blow::Freeze(time) = blow { time } else { Duration::ZERO };
    loop {
        for page in ["/", &format!("/events/{SLUG}"), &format!("/events/{SLUG}/seats"), "/api/v1/events"] {
            assert_eq!(get(&house.router, page).await.0, StatusCode::OK, "{name}: {page}");
        }
        if Instant::now() >= until {
            break;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    if !matches!(blow, Blow::Freeze(_)) {
        return 0;
    }
    buy(house, &format!("{name}, still"), async |_| {}).await;
    1
}

pub(crate) fn with_redis(redis: &OwnRedis) -> Config {
    with_redis_at(redis.url())
}

pub(crate) fn with_redis_at(url: String) -> Config {
    Config { redis_prefix: settings(&url).prefix, redis_url: Some(url.into()), ..config() }
}

pub(crate) async fn open(config: Config) -> TestHouse {
    let house = with(config, Arc::new(MemoryHolds::default())).await;
    becomes(&house.router, "ready").await;
    house
}

pub(crate) async fn call(router: &Router, request: Request<Body>) -> (StatusCode, Value) {
    let answer = router.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    let body = to_bytes(answer.into_body(), 4_000_000).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

pub(crate) async fn get(router: &Router, path: &str) -> (StatusCode, Value) {
    call(router, Request::get(path).body(Body::empty()).unwrap()).await
}

pub(crate) async fn post(router: &Router, path: &str, token: &str, key: &str, body: &Value) -> (StatusCode, Value) {
    let mut request = Request::post(format!("/api/v1{path}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", key);
    if !token.is_empty() {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    call(router, request.body(Body::from(body.to_string())).unwrap()).await
}

/// As [`post`], and again with the same key, as one is told to, where a machine without a processor to spare took longer
/// than a house lets anybody wait. What is refused sooner is refused.
async fn insist(router: &Router, path: &str, token: &str, key: &str, body: &Value) -> (StatusCode, Value) {
    let begun = Instant::now();
    loop {
        let asked = Instant::now();
        let (status, told) = post(router, path, token, key, body).await;
        let took_long = status == StatusCode::SERVICE_UNAVAILABLE && asked.elapsed() > TOO_LONG;
        let goes_on = told["code"] == "idempotency_key_in_progress";
        if !(took_long || goes_on) || begun.elapsed() > 2 * PATIENCE {
            return (status, told);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

pub(crate) async fn becomes(router: &Router, word: &str) {
    let waiting = async {
        while get(router, "/readyz").await.1["status"] != word {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("the house becomes {word}"));
}

/// A standing place from hold to ticket, each call sent twice under its key; `before` is called before each step.
pub(crate) async fn buy(house: &TestHouse, name: &str, mut before: impl AsyncFnMut(usize)) {
    let router = &house.router;
    let twice = async |path: &str, token: &str, key: &str, body: Value| {
        let key = format!("{key}-of-{name}-at-random").replace(' ', "-");
        let (status, first) = insist(router, path, token, &key, &body).await;
        assert!(status.is_success(), "{name}: {path}: {first}");
        let (_, again) = insist(router, path, token, &key, &body).await;
        assert_eq!(first, again, "{name}: {path}");
        first
    };
    before(0).await;
    let wish = json!({ "standing": [{ "tier": house.standing, "quantity": 1 }] });
    let hold = twice(&format!("/events/{SLUG}/holds"), "", "hold", wish).await;
    let token = hold["token"].as_str().unwrap();
    before(1).await;
    let buyer = json!({ "name": "Sample Buyer", "email": "buyer@example.org" });
    let order = json!({ "hold_id": hold["id"], "buyer": buyer, "accept_total": hold["total"]["amount"] });
    let order = twice("/orders", token, "order", order).await;
    let id = order["id"].as_str().unwrap();
    before(2).await;
    let card = json!({ "provider": "test", "method": "4242424242424242" });
    twice(&format!("/orders/{id}/payments"), token, "payment", card).await;
    before(3).await;
    let paid = async {
        loop {
            let request = Request::get(format!("/api/v1/orders/{id}"))
                .header(header::AUTHORIZATION, format!("Bearer {token}"))
                .body(Body::empty())
                .unwrap();
            let (_, order) = call(router, request).await;
            if order["status"] == "paid" && order["tickets"].as_array().is_some_and(|tickets| tickets.len() == 1) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, paid).await.expect("the order is paid");
}
