//! A whole house behind a socket, and a buyer who speaks to it as a program would.

use std::time::Duration;

use parterre::test_support::house::{SLUG, TestHouse};
use parterre::test_support::steady::always;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::time::sleep;

/// The shop, and a client of it.
pub(crate) struct Open {
    pub(crate) house: TestHouse,
    pub(crate) url: String,
    pub(crate) client: Client,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Open {
    pub(crate) async fn on(house: TestHouse) -> Self {
        // The client insists on a provider even where nothing is encrypted. A second call finds the first one's.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = house.router.clone();
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { house, url, client: Client::new(), server }
    }

    /// Asks for so many of the best seats.
    pub(crate) async fn hold(&self, quantity: u32) -> Response {
        let wish = json!({ "best": { "quantity": quantity } });
        self.client.post(format!("{}/api/v1/events/{SLUG}/holds", self.url)).json(&wish).send().await.unwrap()
    }

    async fn send(&self, path: &str, hold: &Value, body: &Value) -> Response {
        let request = self.client.post(format!("{}/api/v1{path}", self.url)).json(body);
        request.bearer_auth(hold["token"].as_str().unwrap()).send().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, hold: &Value, body: Value) -> Value {
        let answer = self.send(path, hold, &body).await;
        let (status, body) = (answer.status(), answer.json::<Value>().await.unwrap());
        // Holds last for ten minutes here: whoever has one hears at worst that nobody knows.
        always(![403, 404, 409, 410].contains(&status.as_u16()), format_args!("{path} is lost: {status}: {body}"));
        assert!(status.is_success(), "{path}: {status}: {body}");
        body
    }

    /// Lets a hold go.
    pub(crate) async fn lets_go(&self, hold: &Value) {
        let url = format!("{}/api/v1/holds/{}", self.url, hold["id"].as_str().unwrap());
        let asked = self.client.delete(url).bearer_auth(hold["token"].as_str().unwrap());
        assert!(asked.send().await.unwrap().status().is_success());
    }

    pub(crate) async fn order(&self, hold: &Value) -> Value {
        self.post("/orders", hold, wish(hold)).await
    }

    /// Whatever the answer is.
    pub(crate) async fn try_to_order(&self, hold: &Value) -> Response {
        self.send("/orders", hold, &wish(hold)).await
    }

    /// Pays, and waits until the tickets are there.
    pub(crate) async fn pays(&self, hold: &Value, order: &Value) {
        let path = format!("/orders/{}", order["id"].as_str().unwrap());
        let card = json!({ "provider": "test", "method": "4242424242424242" });
        self.post(&format!("{path}/payments"), hold, card).await;
        for _ in 0..1_200 {
            let asked = self.client.get(format!("{}/api/v1{path}", self.url));
            let seen: Value =
                asked.bearer_auth(hold["token"].as_str().unwrap()).send().await.unwrap().json().await.unwrap();
            if seen["status"] == "paid" {
                return;
            }
            let is_lost = ["cancelled", "expired", "refunded"].iter().any(|word| seen["status"] == *word);
            always(!is_lost, format_args!("an order that was paid is lost: {seen}"));
            sleep(Duration::from_millis(50)).await;
        }
        panic!("the order was never paid");
    }

    pub(crate) async fn ready(&self) -> Value {
        self.client.get(format!("{}/readyz", self.url)).send().await.unwrap().json().await.unwrap()
    }
}

fn wish(hold: &Value) -> Value {
    let buyer = json!({ "name": "Sample Buyer", "email": "buyer@example.org" });
    json!({ "hold_id": hold["id"], "buyer": buyer, "accept_total": hold["total"]["amount"] })
}
