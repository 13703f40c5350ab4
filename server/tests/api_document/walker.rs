//! Calls the API, and compares every answer with the document.

use std::collections::BTreeSet;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode};
use parterre::test_support::house::{SLUG, TestHouse};
use parterre::test_support::paper::{Case, Paper};
use serde_json::{Value, json};
use tower::ServiceExt;

/// What was answered: an operation, its status, and the problem's code.
pub(crate) type Seen = (Case, String);

/// Codes that take a lucky moment: an answer of PostgreSQL to a `COMMIT` that is lost on its way, and a tier that is taken
/// away between the look at a hold and the order for it.
const LUCK: [(&str, &str); 2] = [("/api/v1/orders/{id}/payments", "unconfirmed"), ("/api/v1/orders", "unpriceable")];

pub(crate) struct Walker {
    router: Router,
    pub(crate) paper: Paper,
    pub(crate) seen: BTreeSet<Seen>,
    /// Streams have no end: they stay open until somebody lets them go.
    pub(crate) streams: Vec<Body>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
    pub(crate) etag: Option<String>,
}

impl Answer {
    /// The problem's code; empty where it is none.
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

impl Walker {
    pub(crate) fn new(house: &TestHouse) -> Self {
        Self { router: house.router.clone(), paper: Paper::default(), seen: BTreeSet::new(), streams: vec![] }
    }

    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        let mut request = Request::builder().method(&method).uri(path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = match body {
            Some(body) => request.header("content-type", "application/json").body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        };
        self.raw(request.unwrap()).await
    }

    pub(crate) async fn raw(&mut self, request: Request<Body>) -> Answer {
        let (seen, answer, stream) = self.ask(request).await;
        self.seen.insert(seen);
        self.streams.extend(stream);
        answer
    }

    /// Sends; what the answer is, and the stream where it is one.
    pub(crate) async fn ask(&self, request: Request<Body>) -> (Seen, Answer, Option<Body>) {
        let (method, path) = (request.method().as_str().to_lowercase(), request.uri().to_string());
        let template = self.paper.template(&path).unwrap_or_else(|| panic!("{path} is not in the document")).to_owned();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (etag, kind, retry_after) = (header("etag"), header("content-type"), header("retry-after"));
        let case = (method, template, status.as_u16());
        if kind.as_deref() == Some("text/event-stream") {
            self.paper.knows(&case, None, false).unwrap();
            let answer = Answer { status, body: Value::Null, etag };
            return ((case, String::new()), answer, Some(response.into_body()));
        }
        let bytes = to_bytes(response.into_body(), 1 << 24).await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let answer = Answer { status, body, etag };
        if status.is_client_error() || status.is_server_error() {
            assert_eq!(kind.as_deref(), Some("application/problem+json"));
            assert!(!answer.code().is_empty() && answer.body["detail"].is_string(), "{}", answer.body);
        }
        self.paper.knows(&case, Some(answer.code()).filter(|code| !code.is_empty()), retry_after.is_some()).unwrap();
        assert!(![429, 503].contains(&status.as_u16()) || retry_after.is_some(), "{case:?} says when to come back");
        let code = answer.code().to_owned();
        ((case, code), answer, None)
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, None, None).await
    }

    pub(crate) async fn post(&mut self, path: &str, token: Option<&str>, body: Value) -> Answer {
        self.send(Method::POST, path, token, Some(body)).await
    }

    /// Holds, answering the hold's id, its token and its total.
    pub(crate) async fn hold(&mut self, wish: Value) -> (String, String, i64) {
        let held = self.post(&format!("/api/v1/events/{SLUG}/holds"), None, wish).await;
        assert_eq!(held.status, 201, "{}", held.body);
        let text = |name: &str| held.body[name].as_str().unwrap().to_owned();
        (text("id"), text("token"), held.body["total"]["amount"].as_i64().unwrap())
    }

    pub(crate) async fn order(&mut self, wish: Value) -> (String, String) {
        let (hold, token, total) = self.hold(wish).await;
        let ordered = self.post("/api/v1/orders", Some(&token), order_body(&hold, total)).await;
        assert_eq!(ordered.status, 201, "{}", ordered.body);
        (ordered.body["id"].as_str().unwrap().to_owned(), token)
    }

    pub(crate) async fn until_paid(&mut self, order: &str, token: &str) {
        for _ in 0..1_200 {
            if self.send(Method::GET, order, Some(token), None).await.body["status"] == "paid" {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("the order was not paid within a minute");
    }

    /// What the document says and nobody was answered: statuses and codes.
    pub(crate) fn silent(&self) -> Vec<String> {
        let mut silent = vec![];
        for case in self.paper.cases() {
            let seen: BTreeSet<_> =
                self.seen.iter().filter(|(known, _)| *known == case).map(|(_, code)| code).collect();
            if seen.is_empty() {
                silent.push(format!("{case:?}"));
            }
            // Of a success the words may name a field of the answer.
            let named = self.paper.codes(&case).into_iter().filter(|_| case.2 >= 400);
            let luck = |code: &str| LUCK.contains(&(case.1.as_str(), code));
            silent.extend(
                named.filter(|code| !seen.contains(code) && !luck(code)).map(|code| format!("{case:?} `{code}`")),
            );
        }
        silent
    }
}

pub(crate) fn order_body(hold: &str, total: i64) -> Value {
    json!({ "hold_id": hold, "buyer": { "name": "Sample Buyer", "email": "buyer@example.org" }, "accept_total": total })
}

pub(crate) fn card(number: &str) -> Value {
    json!({ "provider": "test", "method": number })
}

pub(crate) const STRANGER: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
pub(crate) const NOBODY: &str = "01890000-0000-7000-8000-000000000000";

pub(crate) fn best(quantity: u32) -> Value {
    json!({ "best": { "quantity": quantity } })
}
