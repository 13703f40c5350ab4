//! More time, asked for again at another process: whoever's answer was lost on the way hears the end that stands.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::process;
use super::processes::soon;
use crate::holds::cql::Tuning;
use crate::holds::cql::fake::{FakeTable, Faults};
use crate::test_support::house::{SLUG, TestHouse, house, with_holds};
use crate::test_support::steady::{always, always_same, steady};

const TOKEN: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

async fn ask(house: &TestHouse, method: &str, path: &str, key: Option<&str>, body: Value) -> (u16, Value) {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("/api/v1{path}"))
        .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let request = request.body(Body::from(body.to_string())).unwrap();
    let response = house.router.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

/// A hold of two standing places; answers where more time for it is to be had.
async fn held(house: &TestHouse) -> (String, Value) {
    let wish = json!({ "standing": [{ "tier": house.standing, "quantity": 2 }] });
    let (status, hold) = ask(house, "POST", &format!("/events/{SLUG}/holds"), None, wish).await;
    assert_eq!(status, 201, "{hold}");
    (format!("/holds/{}", hold["id"].as_str().unwrap()), hold)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_extension_whose_answer_was_lost_is_told_at_another_process_under_its_key() {
    steady(async || {
        let table = FakeTable::default();
        let here = with_holds(Arc::new(process(&table, Tuning::default(), None))).await;
        let there = here.beside_over(Arc::new(process(&table.sound(), Tuning::default(), None))).await;
        let (path, hold) = held(&here).await;
        let more = format!("{path}/extend");
        table.fail(Faults { takes: Duration::from_millis(700), ..Faults::default() });
        let (status, told) = ask(&here, "POST", &more, Some("one-wish"), json!({})).await;
        assert_eq!((status, &told["code"]), (503, &json!("unconfirmed")), "{told}");
        let stands = async || ask(&there, "GET", &path, None, json!({})).await.1;
        soon(async || stands().await["extensions_left"] == json!(0)).await;
        let (status, told) = ask(&there, "POST", &more, Some("one-wish"), json!({})).await;
        let is_refused = [403, 404, 410].contains(&status) || told["code"] == "no_extension_left";
        always(!is_refused, format_args!("what was given is refused: {status}: {told}"));
        assert_eq!(status, 200, "{told}");
        let stood = stands().await;
        assert!(stood["expires_at"].is_string(), "{stood}");
        always_same(&told["expires_at"], &stood["expires_at"], "the end that is told, and that stands");
        always(told["expires_at"] != hold["expires_at"], "the end is what it was");
        // And so it stays, here as there, while another wish has no time left to be given.
        for house in [&here, &there] {
            let (status, again) = ask(house, "POST", &more, Some("one-wish"), json!({})).await;
            assert_eq!(status, 200, "{again}");
            always_same(&again["expires_at"], &told["expires_at"], "the end that is told again, and that was told");
        }
        let (status, refused) = ask(&there, "POST", &more, Some("another-wish"), json!({})).await;
        always(status != 200, format_args!("more time was given twice: {refused}"));
        assert_eq!((status, &refused["code"]), (409, &json!("no_extension_left")), "{refused}");
    })
    .await;
}

/// The process ends when all is done and nothing is said: its key stands as one that never ends.
async fn says_nothing(house: &TestHouse) {
    let lost = "UPDATE idempotency_keys SET status = NULL, content_type = NULL, body = NULL, answered_at = NULL,
        created_at = 'epoch'";
    sqlx::query(lost).execute(&house.database.pool).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_orders_extension_whose_answer_was_lost_is_told_at_another_process_under_its_key() {
    let here = house().await;
    let (path, hold) = held(&here).await;
    let more = format!("{path}/extend");
    let buyer = json!({ "name": "Sample Buyer", "email": "buyer@example.org" });
    let order = json!({ "hold_id": hold["id"], "buyer": buyer, "accept_total": hold["total"]["amount"] });
    let (status, order) = ask(&here, "POST", "/orders", None, order).await;
    assert_eq!(status, 201, "{order}");
    // In another process the hold is spent, and its order has the extension.
    let there = here.beside().await;
    let (status, longer) = ask(&there, "POST", &more, Some("one-wish"), json!({})).await;
    assert_eq!(status, 200, "{longer}");
    says_nothing(&there).await;
    let third = here.beside().await;
    let (status, told) = ask(&third, "POST", &more, Some("one-wish"), json!({})).await;
    assert_eq!((status, &told["expires_at"]), (200, &longer["expires_at"]), "{told}");
    let (status, refused) = ask(&third, "POST", &more, Some("another-wish"), json!({})).await;
    assert_eq!((status, &refused["code"]), (409, &json!("no_extension_left")), "{refused}");
}
