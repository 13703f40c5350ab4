//! What the log says while somebody buys: nothing of who it was, nor anything that opens a door.

use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::test_support::house::{SLUG, TestHouse, house};
use crate::test_support::log::Log;

const NAME: &str = "Ottilie Wendelgard";
const MAIL: &str = "ottilie.wendelgard@mail.example";
/// One without enough money; one that is declined; one whose bank asks first; a good one.
const CARDS: [&str; 4] = ["4000000000009995", "4000000000000002", "4000002760003184", "4242424242424242"];

async fn ask(house: &TestHouse, request: Request<Body>) -> Value {
    let answer = house.router.clone().oneshot(request).await.unwrap();
    let body = to_bytes(answer.into_body(), 4_000_000).await.unwrap();
    serde_json::from_slice(&body).unwrap_or(Value::Null)
}

async fn post(house: &TestHouse, path: &str, token: &str, body: Value) -> Value {
    let mut request = Request::post(format!("/api/v1{path}")).header(header::CONTENT_TYPE, "application/json");
    if !token.is_empty() {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    ask(house, request.body(Body::from(body.to_string())).unwrap()).await
}

async fn get(house: &TestHouse, path: &str, token: &str) -> Value {
    let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
    ask(house, request.body(Body::empty()).unwrap()).await
}

/// Every text of a value that names somebody or opens something.
fn secrets(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if let (true, Value::String(text)) =
                    (["token", "code", "link", "page_url", "url"].contains(&&**name), value)
                {
                    found.push(text.rsplit('/').next().unwrap_or(text).to_owned());
                }
                secrets(value, found);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| secrets(value, found)),
        _ => {}
    }
}

/// An order of two seats, refused for its total first: what opens it, and its path.
async fn ordered(house: &TestHouse) -> (String, String) {
    let hold = post(house, &format!("/events/{SLUG}/holds"), "", json!({ "best": { "quantity": 2 } })).await;
    let token = hold["token"].as_str().unwrap();
    let buyer = json!({ "name": NAME, "email": MAIL });
    let wish = json!({ "hold_id": hold["id"], "buyer": buyer, "accept_total": hold["total"]["amount"] });
    post(house, "/orders", token, json!({ "hold_id": hold["id"], "buyer": buyer, "accept_total": 1 })).await;
    let order = post(house, "/orders", token, wish).await;
    (token.to_owned(), format!("/orders/{}", order["id"].as_str().unwrap()))
}

#[tokio::test]
async fn the_log_of_a_purchase_names_nobody_and_opens_no_door() {
    let log = Log::default();
    let _hears = log.hears("trace,tower_http::csrf=trace");
    let house = house().await;
    let (asked, path) = ordered(&house).await;
    let card = json!({ "provider": "test", "method": CARDS[2] });
    let question = post(&house, &format!("{path}/payments"), &asked, card).await;
    assert_eq!(question["status"], "requires_action", "{question}");
    let (token, path) = ordered(&house).await;
    let token = token.as_str();
    for card in [CARDS[0], CARDS[1], "9999", CARDS[3]] {
        post(&house, &format!("{path}/payments"), token, json!({ "provider": "test", "method": card })).await;
    }
    let paid = loop {
        let paid = get(&house, &format!("/api/v1{path}"), token).await;
        if paid["tickets"].as_array().is_some_and(|tickets| tickets.len() == 2) {
            break paid;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    // The mail goes out, and the ticket's page is looked at.
    let mut opens = vec![asked, token.to_owned()];
    secrets(&paid, &mut opens);
    assert!(opens.len() >= 6, "there is something to look for: {paid}");
    for link in paid["tickets"].as_array().unwrap().iter().filter_map(|ticket| ticket["url"].as_str()) {
        get(&house, link, "").await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let said = log.text();
    assert!(said.contains("\"request\"") && said.contains("INSERT INTO orders"), "the log was listened to");
    let secrets = opens.iter().map(String::as_str).chain([NAME, MAIL, "Wendelgard", "wendelgard"]).chain(CARDS);
    let told: Vec<_> = secrets.filter_map(|secret| said.lines().find(|line| line.contains(secret))).collect();
    assert_eq!(told, [""; 0]);
}
