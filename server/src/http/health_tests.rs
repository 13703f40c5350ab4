//! What whoever runs a shop asks of it: alive, ready, measured; and what the measures never say.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::test_support::house::{SLUG, TestHouse, house};

const NAME: &str = "Ottilie Wendelgard";
const MAIL: &str = "ottilie.wendelgard@mail.example";
/// What becomes so, does within.
const PATIENCE: Duration = Duration::from_secs(60);

async fn ask(house: &TestHouse, request: Request<Body>) -> (StatusCode, String, String) {
    let answer = house.router.clone().oneshot(request).await.unwrap();
    let kind = answer.headers().get(header::CONTENT_TYPE).map_or("", |kind| kind.to_str().unwrap()).to_owned();
    let status = answer.status();
    let body = to_bytes(answer.into_body(), 4_000_000).await.unwrap();
    (status, kind, String::from_utf8_lossy(&body).into_owned())
}

async fn get(house: &TestHouse, path: &str) -> (StatusCode, String, String) {
    ask(house, Request::get(path).body(Body::empty()).unwrap()).await
}

async fn post(house: &TestHouse, path: &str, token: &str, body: Value) -> Value {
    let request = Request::post(format!("/api/v1{path}")).header(header::CONTENT_TYPE, "application/json");
    let request =
        if token.is_empty() { request } else { request.header(header::AUTHORIZATION, format!("Bearer {token}")) };
    let (status, _, body) = ask(house, request.body(Body::from(body.to_string())).unwrap()).await;
    assert!(status.is_success(), "{path}: {body}");
    serde_json::from_str(&body).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_are_told_by_route_and_name_no_event_and_nobody() {
    let house = house().await;
    let hold = post(&house, &format!("/events/{SLUG}/holds"), "", json!({ "best": { "quantity": 2 } })).await;
    let token = hold["token"].as_str().unwrap();
    let wish = json!({ "hold_id": hold["id"], "buyer": { "name": NAME, "email": MAIL }, "accept_total": hold["total"]["amount"] });
    let order = post(&house, "/orders", token, wish).await;
    let id = order["id"].as_str().unwrap();
    let card = json!({ "provider": "test", "method": "4242424242424242" });
    post(&house, &format!("/orders/{id}/payments"), token, card).await;
    for path in [
        format!("/events/{SLUG}"),
        format!("/events/{SLUG}/seats"),
        format!("/orders/{id}"),
        format!("/api/v1/events?q={}", MAIL.replace('@', "%40")),
        "/nowhere/wendelgard".into(),
    ] {
        get(&house, &path).await;
    }
    let (status, kind, told) = get(&house, "/metrics").await;
    assert_eq!(status, StatusCode::OK);
    assert!(kind.starts_with("text/plain"), "as Prometheus reads it: {kind}");
    for route in ["/api/v1/events/{slug}/holds", "/api/v1/orders/{id}/payments", "/events/{slug}/seats", "unknown"] {
        let counted = format!("endpoint=\"{route}\"");
        let counted = |line: &str| line.starts_with("parterre_http_requests_total{") && line.contains(&counted);
        assert!(told.lines().any(counted), "{route} is counted: {told}");
    }
    let live = told.lines().find_map(|line| line.strip_prefix("parterre_memory_live_bytes ")?.parse::<f64>().ok());
    assert!(live.is_some_and(|bytes| bytes > 1e6), "{live:?}");
    let hold = hold["id"].as_str().unwrap();
    let event = house.event.to_string();
    for secret in [SLUG, &event, id, hold, token, NAME, MAIL, "endelgard", "4242"] {
        let line = told.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret} is nobody's business");
    }
}

/// Asks until the house says `status`; what it says then.
async fn becomes(house: &TestHouse, status: StatusCode) -> Value {
    let waiting = async {
        loop {
            let (now, kind, body) = get(house, "/readyz").await;
            if now == status {
                assert_eq!(kind, "application/json");
                return serde_json::from_str(&body).unwrap();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("/readyz becomes {status}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_postgresql_a_house_is_alive_and_not_ready_and_says_which_store_it_is() {
    let house = house().await;
    let stores = |postgres: &str| json!({ "postgres": postgres, "holds": "ready", "cache": "ready", "bus": "ready" });
    let told = becomes(&house, StatusCode::OK).await;
    assert_eq!(told, json!({ "status": "ready", "stores": stores("ready") }));
    house.database.away().await;
    let told = becomes(&house, StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!((&told["status"], &told["stores"]["postgres"]), (&json!("unavailable"), &json!("unavailable")));
    let (status, _, alive) = get(&house, "/healthz").await;
    assert_eq!((status, alive.as_str()), (StatusCode::OK, "{\"status\":\"alive\"}"), "no reason to start it anew");
    assert_eq!(get(&house, "/metrics").await.0, StatusCode::OK);
    house.database.back().await;
    assert_eq!(becomes(&house, StatusCode::OK).await["stores"]["postgres"], "ready");
}
