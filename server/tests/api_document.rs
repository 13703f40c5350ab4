//! Walks the API's document: every operation is reachable, every documented status is produced, no other one is.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use parterre::config::Config;
use parterre::http::v1;
use parterre::test_support::house::{SLUG, TestHouse, config, house};
use serde_json::{Value, json};
use tower::ServiceExt;

/// An operation of the document with a status.
type Case = (String, String, u16);

struct Walker {
    router: Router,
    document: Value,
    seen: BTreeSet<Case>,
    /// Streams have no end: they stay open until somebody lets them go.
    streams: Vec<Body>,
}

struct Answer {
    status: StatusCode,
    body: Value,
    etag: Option<String>,
}

impl Walker {
    fn new(house: &TestHouse) -> Self {
        let document = serde_json::to_value(v1::parts().1).unwrap();
        Self { router: house.router.clone(), document, seen: BTreeSet::new(), streams: Vec::new() }
    }

    /// The document's path that `path` belongs to.
    fn template(&self, path: &str) -> String {
        let path = path.split('?').next().unwrap();
        let fits = |template: &str| {
            let (a, b): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
            a.len() == b.len() && a.iter().zip(&b).all(|(known, given)| known.starts_with('{') || known == given)
        };
        let paths = self.document["paths"].as_object().unwrap();
        // A literal path wins over one with a variable.
        let mut fitting: Vec<_> = paths.keys().filter(|template| fits(template)).collect();
        fitting.sort_by_key(|template| template.matches('{').count());
        fitting.first().unwrap_or_else(|| panic!("{path} is not in the document")).to_string()
    }

    async fn send(&mut self, method: Method, path: &str, token: Option<&str>, body: Option<Value>) -> Answer {
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

    async fn raw(&mut self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().as_str().to_lowercase(), request.uri().to_string());
        let template = self.template(&path);
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let documented = &self.document["paths"][&template][&method]["responses"];
        assert!(
            documented.get(status.as_str()).is_some(),
            "{method} {template} answered {status}, which the document does not know"
        );
        self.seen.insert((method, template, status.as_u16()));
        let etag = response.headers().get("etag").map(|etag| etag.to_str().unwrap().to_owned());
        let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        if kind.as_deref() == Some("text/event-stream") {
            self.streams.push(response.into_body());
            return Answer { status, body: Value::Null, etag };
        }
        let bytes = to_bytes(response.into_body(), 1 << 24).await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        if status.is_client_error() || status == 503 {
            assert_eq!(kind.as_deref(), Some("application/problem+json"));
            assert!(body["code"].is_string() && body["detail"].is_string(), "{body}");
        }
        Answer { status, body, etag }
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, None, None).await
    }

    async fn post(&mut self, path: &str, token: Option<&str>, body: Value) -> Answer {
        self.send(Method::POST, path, token, Some(body)).await
    }

    /// Holds, answering the hold's id, its token and its total.
    async fn hold(&mut self, wish: Value) -> (String, String, i64) {
        let held = self.post(&format!("/api/v1/events/{SLUG}/holds"), None, wish).await;
        assert_eq!(held.status, 201, "{}", held.body);
        let text = |name: &str| held.body[name].as_str().unwrap().to_owned();
        (text("id"), text("token"), held.body["total"]["amount"].as_i64().unwrap())
    }

    async fn order(&mut self, wish: Value) -> (String, String) {
        let (hold, token, total) = self.hold(wish).await;
        let ordered = self.post("/api/v1/orders", Some(&token), order_body(&hold, total)).await;
        assert_eq!(ordered.status, 201, "{}", ordered.body);
        (ordered.body["id"].as_str().unwrap().to_owned(), token)
    }

    async fn until_paid(&mut self, order: &str, token: &str) {
        for _ in 0..200 {
            if self.send(Method::GET, order, Some(token), None).await.body["status"] == "paid" {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("the order was not paid within ten seconds");
    }

    fn documented(&self) -> BTreeSet<Case> {
        let mut cases = BTreeSet::new();
        for (path, operations) in self.document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                for status in operation["responses"].as_object().unwrap().keys().filter(|status| *status != "default") {
                    cases.insert((method.clone(), path.clone(), status.parse().unwrap()));
                }
            }
        }
        cases
    }
}

fn order_body(hold: &str, total: i64) -> Value {
    json!({ "hold_id": hold, "buyer": { "name": "Sample Buyer", "email": "buyer@example.org" }, "accept_total": total })
}

fn card(number: &str) -> Value {
    json!({ "provider": "test", "method": number })
}

const STRANGER: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const NOBODY: &str = "01890000-0000-7000-8000-000000000000";

fn best(quantity: u32) -> Value {
    json!({ "best": { "quantity": quantity } })
}

async fn events(walker: &mut Walker) {
    let event = format!("/api/v1/events/{SLUG}");
    let listed = walker.get("/api/v1/events?limit=5").await;
    assert_eq!(listed.body["items"][0]["slug"], SLUG);
    walker.get("/api/v1/events?limit=0").await;
    let one = walker.get(&event).await;
    assert_eq!(one.body["tiers"].as_array().unwrap().last().unwrap()["kind"], "standing");
    walker.get("/api/v1/events/nothing-here").await;
    let seats = walker.get(&format!("{event}/seats?state=free&limit=3")).await;
    assert_eq!(seats.body["items"].as_array().unwrap().len(), 3);
    walker.get(&format!("{event}/seats?section=nowhere")).await;
    walker.get("/api/v1/events/nothing-here/seats").await;
    walker.get("/api/v1/events/nothing-here/availability").await;
    let snapshot = walker.get(&format!("{event}/availability")).await;
    let request = Request::get(format!("{event}/availability")).header("if-none-match", snapshot.etag.unwrap());
    assert_eq!(walker.raw(request.body(Body::empty()).unwrap()).await.status, 304);
    walker.get("/api/v1/tickets/verify-keys").await;
}

async fn streams(walker: &mut Walker) {
    let stream = format!("/api/v1/events/{SLUG}/availability/stream");
    walker.get("/api/v1/events/nothing-here/availability/stream").await;
    walker.get(&format!("{stream}?after=yesterday")).await;
    let from = |last: u8| {
        let mut request = Request::get(format!("{stream}?only=left")).body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, last], 4000))));
        request
    };
    // Two from one address, three in all.
    for (last, status, code) in
        [(1, 200, ""), (1, 200, ""), (1, 429, "too_many_streams"), (2, 200, ""), (3, 503, "busy")]
    {
        let answer = walker.raw(from(last)).await;
        assert_eq!((answer.status.as_u16(), answer.body["code"].as_str().unwrap_or("")), (status, code));
    }
    let first = BodyExt::frame(&mut walker.streams[0]).await.unwrap().unwrap().into_data().unwrap();
    let first = String::from_utf8(first.to_vec()).unwrap();
    assert!(first.starts_with("retry: ") && first.contains("event: left\ndata: {"), "{first}");
    walker.streams.clear();
    assert_eq!(walker.raw(from(3)).await.status, 200);
    walker.streams.clear();
}

async fn holds(walker: &mut Walker, standing: &str) {
    let holds = format!("/api/v1/events/{SLUG}/holds");
    walker.post("/api/v1/events/nothing-here/holds", None, best(2)).await;
    let (hold, token, _) = walker.hold(best(2)).await;
    let mine = format!("/api/v1/holds/{hold}");
    let seats = walker.send(Method::GET, &mine, Some(&token), None).await.body["seats"].clone();
    let taken = walker.post(&holds, None, json!({ "seats": seats })).await;
    assert_eq!((taken.status.as_u16(), &taken.body["code"]), (409, &json!("seats_taken")));
    let many = walker.post(&holds, None, json!({ "standing": [{ "tier": standing, "quantity": 11 }] })).await;
    assert_eq!(many.status, 422);
    walker.get(&mine).await;
    walker.send(Method::GET, &mine, Some(STRANGER), None).await;
    let extend = format!("{mine}/extend");
    walker.send(Method::POST, &extend, None, None).await;
    walker.send(Method::POST, &extend, Some(STRANGER), None).await;
    assert_eq!(walker.send(Method::POST, &extend, Some(&token), None).await.body["extensions_left"], 0);
    assert_eq!(walker.send(Method::POST, &extend, Some(&token), None).await.status, 409);
    walker.send(Method::DELETE, &mine, None, None).await;
    walker.send(Method::DELETE, &mine, Some(&token), None).await;
}

async fn orders(walker: &mut Walker) {
    let orders = "/api/v1/orders";
    let (hold, token, total) = walker.hold(best(1)).await;
    walker.post(orders, None, order_body(&hold, total)).await;
    let dearer = walker.post(orders, Some(&token), order_body(&hold, total + 1)).await;
    assert_eq!(dearer.body["code"], "price_changed");
    walker.post(orders, Some(&token), order_body(NOBODY, total)).await;
    let mut unfinished = order_body(&hold, total);
    unfinished["buyer"]["email"] = json!("nowhere");
    walker.post(orders, Some(&token), unfinished).await;
    let (order, token) = walker.order(best(2)).await;
    let mine = format!("{orders}/{order}");
    walker.get(&mine).await;
    walker.send(Method::GET, &mine, Some(STRANGER), None).await;
    let pay = format!("{mine}/payments");
    walker.post(&pay, None, card("4242424242424242")).await;
    walker.post(&pay, Some(STRANGER), card("4242424242424242")).await;
    walker.post(&pay, Some(&token), card("1111")).await;
    let declined = walker.post(&pay, Some(&token), card("4000000000009995")).await;
    assert_eq!(
        (&declined.body["status"], &declined.body["decline_code"]),
        (&json!("declined"), &json!("insufficient_funds"))
    );
    let paid = walker.post(&pay, Some(&token), card("4242 4242 4242 4242")).await;
    // The provider's own news may be acting on it at this very moment.
    assert!(["succeeded", "processing"].contains(&paid.body["status"].as_str().unwrap()), "{}", paid.body);
    walker.until_paid(&mine, &token).await;
    assert_eq!(walker.post(&pay, Some(&token), card("4242424242424242")).await.body["code"], "already_paid");
    let order = walker.send(Method::GET, &mine, Some(&token), None).await;
    assert_eq!((&order.body["status"], order.body["tickets"].as_array().unwrap().len()), (&json!("paid"), 2));
    let cancel = format!("{mine}/cancel");
    walker.send(Method::POST, &cancel, None, None).await;
    walker.send(Method::POST, &cancel, Some(STRANGER), None).await;
    walker.send(Method::POST, &cancel, Some(&token), None).await;
    over_and_over(walker).await;
}

/// An order given up, and one whose card was declined too often.
async fn over_and_over(walker: &mut Walker) {
    let (order, token) = walker.order(best(1)).await;
    let given_up = walker.send(Method::POST, &format!("/api/v1/orders/{order}/cancel"), Some(&token), None).await;
    assert_eq!(given_up.body["status"], "cancelled");
    let pay = format!("/api/v1/orders/{order}/payments");
    assert_eq!(walker.post(&pay, Some(&token), card("4242424242424242")).await.body["code"], "order_over");
    let (order, token) = walker.order(best(1)).await;
    let pay = format!("/api/v1/orders/{order}/payments");
    let mut last = 201;
    for _ in 0..20 {
        last = walker.post(&pay, Some(&token), card("4000000000000002")).await.status.as_u16();
        if last != 201 {
            break;
        }
    }
    assert_eq!(last, 429);
}

/// What every body is refused for, whatever it is for.
async fn bodies(walker: &mut Walker) {
    let (order, token) = walker.order(best(1)).await;
    let paths = [
        format!("/api/v1/events/{SLUG}/holds"),
        "/api/v1/orders".to_owned(),
        format!("/api/v1/orders/{order}/payments"),
    ];
    for path in paths {
        let send = |kind: &'static str, body: String| {
            let request = Request::post(&path).header("authorization", format!("Bearer {token}"));
            request.header("content-type", kind).body(Body::from(body)).unwrap()
        };
        assert_eq!(walker.raw(send("application/json", "{".into())).await.status, 400);
        assert_eq!(walker.raw(send("text/plain", "{}".into())).await.status, 415);
        assert_eq!(walker.raw(send("application/json", "[".repeat(100_000))).await.status, 413);
        let unknown = walker.raw(send("application/json", json!({ "surprise": 1 }).to_string())).await;
        assert_eq!((unknown.status.as_u16(), &unknown.body["code"]), (422, &json!("invalid_request")));
    }
}

/// Looks at one's own, until that is too much.
async fn looks(walker: &mut Walker, house: &TestHouse) {
    let strict = house.beside_with(Config { writes_per_second: 1, ..config() }).await;
    let router = std::mem::replace(&mut walker.router, strict.router.clone());
    for path in [format!("/api/v1/holds/{NOBODY}"), format!("/api/v1/orders/{NOBODY}")] {
        let mut code = Value::Null;
        for _ in 0..100 {
            code = walker.get(&path).await.body["code"].clone();
            if code == "too_many_requests" {
                break;
            }
        }
        assert_eq!(code, "too_many_requests", "{path}");
    }
    walker.router = router;
}

#[tokio::test]
async fn the_api_does_what_its_document_says_and_nothing_else() {
    let house = house().await;
    let mut walker = Walker::new(&house);
    events(&mut walker).await;
    streams(&mut walker).await;
    holds(&mut walker, &house.standing.to_string()).await;
    orders(&mut walker).await;
    bodies(&mut walker).await;
    looks(&mut walker, &house).await;
    let silent: Vec<_> = walker.documented().difference(&walker.seen).cloned().collect();
    assert!(silent.is_empty(), "documented, but never produced: {silent:#?}");
}

#[tokio::test]
async fn the_same_key_gives_the_same_answer_and_one_effect() {
    let house = house().await;
    let hold = |key: &'static str, body: Value| {
        let router = house.router.clone();
        async move {
            let request = Request::post(format!("/api/v1/events/{SLUG}/holds"))
                .header("content-type", "application/json")
                .header("idempotency-key", key);
            let response = router.oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap();
            let replayed = response.headers().contains_key("idempotency-replayed");
            let status = response.status().as_u16();
            let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
            (status, replayed, serde_json::from_slice::<Value>(&bytes).unwrap())
        }
    };
    let first = hold("a-key-chosen-at-random", best(2)).await;
    let second = hold("a-key-chosen-at-random", best(2)).await;
    assert_eq!((first.0, first.1), (201, false));
    assert_eq!((second.0, second.1), (201, true));
    assert_eq!(first.2, second.2);
    let other = hold("a-key-chosen-at-random", best(3)).await;
    assert_eq!((other.0, other.2["code"].as_str()), (422, Some("idempotency_key_reused")));
    assert_eq!(hold("", best(2)).await.0, 422);
}
