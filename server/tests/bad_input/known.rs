//! What a buyer with a history knows: addresses that exist, and the secret to them. Wild requests are built around these.

use axum::body::Body;
use axum::http::Request;
use parterre::test_support::house::{SLUG, TestHouse};
use serde_json::{Value, json};

use super::law::answer;

pub(crate) const JSON: &str = "application/json";
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// A buyer with a hold, an order that waits for the bank's question, and a ticket.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) secret: String,
    pub(crate) hold: String,
    pub(crate) total: i64,
    pub(crate) asking: String,
    pub(crate) intent: String,
    pub(crate) paid: String,
    pub(crate) ticket: String,
    pub(crate) standing: String,
}

impl Known {
    pub(crate) async fn of(house: &TestHouse) -> Self {
        let held =
            post(house, &format!("/api/v1/events/{SLUG}/holds"), None, json!({ "best": { "quantity": 2 } })).await;
        let secret = text(&held, "token");
        let (asking, question) = Self::order(house, &secret, held, "4000002760003184").await;
        let action = text(&question, "action_url");
        let held = Self::hold(house, &secret).await;
        let (paid, _) = Self::order(house, &secret, held, "4242424242424242").await;
        let link = loop {
            let order = send(house, "GET", &format!("/api/v1/orders/{paid}"), Some(&secret), Body::empty()).await;
            if let Some(url) = order["tickets"][0]["url"].as_str() {
                break url.to_owned();
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        };
        let held = Self::hold(house, &secret).await;
        let last = |url: &str| url.rsplit('/').next().unwrap().to_owned();
        Self {
            hold: text(&held, "id"),
            total: held["total"]["amount"].as_i64().unwrap(),
            intent: last(&action),
            ticket: last(&link),
            standing: house.standing.to_string(),
            secret,
            asking,
            paid,
        }
    }

    async fn hold(house: &TestHouse, secret: &str) -> Value {
        post(house, &format!("/api/v1/events/{SLUG}/holds"), Some(secret), json!({ "best": { "quantity": 2 } })).await
    }

    async fn order(house: &TestHouse, secret: &str, held: Value, card: &str) -> (String, Value) {
        let wish = json!({
            "hold_id": held["id"], "accept_total": held["total"]["amount"],
            "buyer": { "name": "Sample Buyer", "email": "buyer@example.org" },
        });
        let order = text(&post(house, "/api/v1/orders", Some(secret), wish).await, "id");
        let payment = json!({ "provider": "test", "method": card });
        let paid = post(house, &format!("/api/v1/orders/{order}/payments"), Some(secret), payment).await;
        (order, paid)
    }

    /// The browser's way to say who it is.
    pub(crate) fn cookie(&self) -> String {
        format!("__Host-parterre={}", self.secret)
    }

    /// Bodies that mean something.
    pub(crate) fn bodies(&self) -> Vec<(&'static str, String)> {
        let json = |value: Value| (JSON, value.to_string());
        let form = |text: String| (FORM, text);
        let card = "card=4242424242424242&expiry=04%2F29&code=123";
        vec![
            json(
                json!({ "best": { "quantity": 2, "together": true, "accessible": false, "min_price": 100, "max_price": 9_000 } }),
            ),
            json(json!({ "seats": [1, 2], "heal": true, "replaces": self.hold })),
            json(json!({ "standing": [{ "tier": self.standing, "quantity": 2 }] })),
            json(json!({ "hold_id": self.hold, "accept_total": self.total,
                         "buyer": { "name": "Sample Buyer", "email": "buyer@example.org" } })),
            json(json!({ "provider": "test", "method": "4242424242424242" })),
            form("best=1&quantity=2&section=&accessible=1".into()),
            form(format!("seat=1&seat=2&heal=1&standing_{}=2", self.standing)),
            form(format!("name=Sample&email=a%40example.org&accept_total={}&{card}", self.total)),
            form(format!("{card}&answer=approve&back=checkout&seat=1&tier={}", self.standing)),
        ]
    }

    /// Every address that takes a body, with one that it is meant for.
    pub(crate) fn addresses(&self) -> Vec<(String, (&'static str, String))> {
        let Self { hold, asking, intent, .. } = self;
        let [choose, standing, wish, order, payment, best, ticked, checkout, rest] =
            <[_; 9]>::try_from(self.bodies()).expect("nine bodies mean something");
        let holds = format!("/api/v1/events/{SLUG}/holds");
        vec![
            (holds.clone(), choose),
            (holds.clone(), standing),
            (holds, wish),
            ("/api/v1/orders".to_owned(), order),
            (format!("/api/v1/orders/{asking}/payments"), payment),
            (format!("/events/{SLUG}/hold"), best),
            (format!("/events/{SLUG}/hold"), ticked),
            (format!("/checkout/{hold}"), checkout),
            (format!("/orders/{asking}/pay"), rest.clone()),
            (format!("/pay/test/{intent}?order={asking}"), rest.clone()),
            (format!("/holds/{hold}/extend"), rest.clone()),
            (format!("/holds/{hold}/remove"), rest.clone()),
            (format!("/holds/{hold}/release"), rest),
        ]
    }
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}

async fn post(house: &TestHouse, path: &str, secret: Option<&str>, body: Value) -> Value {
    send(house, "POST", path, secret, Body::from(body.to_string())).await
}

async fn send(house: &TestHouse, method: &str, path: &str, secret: Option<&str>, body: Body) -> Value {
    let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    if let Some(secret) = secret {
        request = request.header("authorization", format!("Bearer {secret}"));
    }
    let answer = answer(&house.router, request.body(body).unwrap()).await;
    assert!(answer.status.is_success(), "{method} {path}: {answer:?}");
    serde_json::from_str(&answer.text()).unwrap()
}
