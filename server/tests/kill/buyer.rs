//! One buyer at an HTTP client, who writes down what was acknowledged and stops where no answer comes.

use reqwest::{Client, Method};
use serde_json::{Value, json};

use parterre::test_support::house::SLUG;

/// The card that is good.
pub(crate) const GOOD: &str = "4242424242424242";
/// The card whose bank asks first.
pub(crate) const ASKS: &str = "4000002760003184";

/// What one buyer did, and what of it was acknowledged.
pub(crate) struct Buyer {
    http: Client,
    /// Tells this buyer's keys from another's.
    name: &'static str,
    /// Tells a new wish from the same one asked again.
    round: u32,
    /// What to hold.
    wish: Value,
    pub(crate) hold: Option<Value>,
    pub(crate) order: Option<Value>,
    pub(crate) payment: Option<Value>,
}

impl Buyer {
    pub(crate) fn new(name: &'static str, wish: Value) -> Self {
        // The client insists on a provider even where nothing is encrypted. A second call finds the first one's.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { http: Client::new(), name, round: 0, wish, hold: None, order: None, payment: None }
    }

    /// The status and the body of an answer; `None` where the server died over it.
    pub(crate) async fn call(&self, method: Method, url: String, body: Option<&Value>) -> Option<(u16, Value)> {
        let path = url.split_once("/api/v1").map_or("", |(_, path)| path);
        let key = format!("{}-{}-{path}", self.name, self.round);
        let mut request = self.http.request(method, &url).header("idempotency-key", key);
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(hold) = &self.hold {
            request = request.bearer_auth(hold["token"].as_str().unwrap());
        }
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        let text = answer.text().await.ok()?;
        Some((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    /// From here on everything is asked anew, under new keys.
    pub(crate) fn again(&mut self) {
        self.round += 1;
    }

    async fn post(&self, url: String, body: Value) -> Option<Value> {
        let (status, answer) = self.call(Method::POST, url, Some(&body)).await?;
        assert!(status < 300, "{status}: {answer}");
        Some(answer)
    }

    /// Goes on from what is acknowledged to a payment with `card`; stops early where the server dies.
    pub(crate) async fn buys(&mut self, server: &str, card: &str) -> Option<()> {
        let api = format!("{server}/api/v1");
        if self.hold.is_none() {
            self.hold = Some(self.post(format!("{api}/events/{SLUG}/holds"), self.wish.clone()).await?);
        }
        if self.order.is_none() {
            self.order = Some(self.post(format!("{api}/orders"), self.order_request()).await?);
        }
        let card = json!({ "provider": "test", "method": card });
        self.payment = Some(self.post(format!("{api}/orders/{}/payments", self.order_id()), card).await?);
        Some(())
    }

    /// Gives the order up.
    pub(crate) async fn cancels(&self, server: &str) -> Option<Value> {
        self.post(format!("{server}/api/v1/orders/{}/cancel", self.order_id()), json!({})).await
    }

    pub(crate) fn order_request(&self) -> Value {
        let hold = self.hold.as_ref().expect("something is held");
        let buyer = json!({ "name": "Sample Buyer", "email": format!("{}@example.org", self.name) });
        json!({ "hold_id": hold["id"], "buyer": buyer, "accept_total": hold["total"]["amount"] })
    }

    pub(crate) fn order_id(&self) -> &str {
        self.order.as_ref().and_then(|order| order["id"].as_str()).expect("something is ordered")
    }

    /// The order as the server shows it to its buyer.
    pub(crate) async fn looks(&self, server: &str) -> (u16, Value) {
        let url = format!("{server}/api/v1/orders/{}", self.order_id());
        self.call(Method::GET, url, None).await.expect("the server answers")
    }
}
