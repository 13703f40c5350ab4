//! What may happen to any operation: other sites' forms, bodies without end, too many calls of one address, stores that do
//! not answer, and stores that answer nonsense.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request};
use futures::future::join_all;
use parterre::config::Config;
use parterre::holds::MemoryHolds;
use parterre::stores::postgres::begin::begin;
use parterre::test_support::house::{SLUG, TestHouse, config, house, with, with_holds};
use parterre::trouble::Trouble;
use serde_json::Value;

use super::away::Away;
use super::walker::{NOBODY, STRANGER, Seen, Walker, best, card, order_body};

/// Calls of every operation that a store can fail, by somebody.
pub(crate) struct Calls {
    pub(crate) token: String,
    hold: String,
    order: String,
    total: i64,
}

/// A call before it is sent.
pub(crate) type Call = (Method, String, Value);

impl Calls {
    /// Of somebody who holds two seats and has ordered two more.
    pub(crate) async fn of_a_buyer(walker: &mut Walker) -> Self {
        let (order, token) = walker.order(best(2)).await;
        let path = format!("/api/v1/events/{SLUG}/holds");
        let held = walker.post(&path, Some(&token), best(2)).await.body;
        let total = held["total"]["amount"].as_i64().unwrap();
        Self { token, hold: held["id"].as_str().unwrap().to_owned(), order, total }
    }

    /// Of anybody: what is asked for is not there.
    fn of_anybody() -> Self {
        Self { token: STRANGER.into(), hold: NOBODY.into(), order: NOBODY.into(), total: 1 }
    }

    /// One of each POST.
    pub(crate) fn posts(&self) -> [Call; 5] {
        let Self { hold, order, .. } = self;
        let post = |path: String, body: Value| (Method::POST, path, body);
        [
            post(format!("/api/v1/events/{SLUG}/holds"), best(1)),
            post(format!("/api/v1/holds/{hold}/extend"), Value::Null),
            post("/api/v1/orders".into(), order_body(hold, self.total)),
            post(format!("/api/v1/orders/{order}/payments"), card("4242424242424242")),
            post(format!("/api/v1/orders/{order}/cancel"), Value::Null),
        ]
    }

    fn all(&self) -> Vec<Call> {
        let Self { hold, order, .. } = self;
        // Of an event that nobody has asked for yet: no memory helps out.
        let event = "/api/v1/events/not-asked-for-yet".to_owned();
        let get = |path: String| (Method::GET, path, Value::Null);
        let looks = [
            get("/api/v1/events?q=never+asked".into()),
            get(event.clone()),
            get(format!("{event}/seats")),
            get(format!("{event}/availability")),
            get(format!("{event}/availability/stream")),
            get(format!("/api/v1/holds/{hold}")),
            get(format!("/api/v1/orders/{order}")),
            (Method::DELETE, format!("/api/v1/holds/{hold}"), Value::Null),
        ];
        looks.into_iter().chain(self.posts()).collect()
    }

    pub(crate) fn request(&self, (method, path, body): Call, key: Option<&str>) -> Request<Body> {
        let mut request = Request::builder().method(method).uri(path);
        request = request.header("authorization", format!("Bearer {}", self.token));
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let body = match body {
            Value::Null => Body::empty(),
            body => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
        };
        request.body(body).unwrap()
    }
}

/// What stands before every handler: forms of other sites, bodies that are too large, ids that are none.
pub(crate) async fn at_the_threshold(walker: &mut Walker) {
    for (method, template) in walker.paper.operations() {
        let ask = |id: &str, header: (&str, &str)| {
            let path = template.replace("{slug}", SLUG).replace("{id}", id);
            let request =
                Request::builder().method(method.to_uppercase().as_str()).uri(path).header(header.0, header.1);
            request.body(Body::empty()).unwrap()
        };
        assert_eq!(walker.raw(ask(NOBODY, ("content-length", "9999999"))).await.code(), "too_large");
        if method != "get" {
            assert_eq!(walker.raw(ask(NOBODY, ("sec-fetch-site", "cross-site"))).await.code(), "cross_site");
        }
        if template.contains("{id}") {
            assert_eq!(walker.raw(ask("nonsense", ("accept", "*/*"))).await.code(), "not_found");
        }
    }
}

/// Whoever calls too often is told so by each operation that is limited, and when to come back.
pub(crate) async fn too_many_calls() -> BTreeSet<Seen> {
    let few = Config { writes_per_second: 1, searches_per_hour: 30, ..config() };
    let house = with(few, Arc::new(MemoryHolds::default())).await;
    let mut walker = Walker::new(&house);
    let anybody = Calls::of_anybody();
    for call in anybody.all() {
        // What changes something, what is searched for, and looks at one's own.
        let limited = call.0 != Method::GET || ["?", "/holds/", "/orders/"].iter().any(|part| call.1.contains(part));
        for _ in 0..if limited { 25 } else { 0 } {
            if walker.raw(anybody.request(call.clone(), None)).await.code() == "too_many_requests" {
                break;
            }
        }
    }
    walker.seen
}

/// Where PostgreSQL and the hold store do not answer, and where they answer nonsense.
pub(crate) async fn stores_that_fail() -> BTreeSet<Seen> {
    let holds = Away::default();
    let house = with_holds(Arc::new(holds.clone())).await;
    let mut walker = Walker::new(&house);
    let buyer = Calls::of_a_buyer(&mut walker).await;
    let detail = || "the test says so".to_owned();

    holds.with(Trouble::Unavailable { what: "the hold store", detail: detail() });
    // As a migration in a hurry would: everybody else waits, and is told to come back before the lock's time is up.
    let lock = locked(&house, "LOCK TABLE events, orders IN ACCESS EXCLUSIVE MODE").await;
    // Nobody is told that nothing was done to an order that cannot be read.
    let of_money = |path: &str| path.contains(&buyer.order) && !path.ends_with("/payments");
    fails(&mut walker, &buyer, buyer.all(), 503, |path| if of_money(path) { "unconfirmed" } else { "busy" }).await;
    lock.rollback().await.unwrap();
    // Orders can be read, and not changed.
    let lock = locked(&house, "LOCK TABLE orders IN EXCLUSIVE MODE").await;
    let [.., cancel] = buyer.posts();
    fails(&mut walker, &buyer, vec![cancel], 503, |_| "busy").await;
    lock.rollback().await.unwrap();

    holds.with(Trouble::Unconfirmed { what: "the hold store", detail: detail() });
    let [hold, extend, order, ..] = buyer.posts();
    let release = (Method::DELETE, format!("/api/v1/holds/{}", buyer.hold), Value::Null);
    fails(&mut walker, &buyer, vec![hold, extend, order, release], 503, |_| "unconfirmed").await;

    holds.with(Trouble::Corrupt { what: "the hold store", detail: detail() });
    sqlx::query("ALTER SCHEMA public RENAME TO elsewhere").execute(&house.database.pool).await.unwrap();
    fails(&mut walker, &buyer, buyer.all(), 500, |_| "internal").await;
    walker.seen
}

async fn locked(house: &TestHouse, lock: &'static str) -> sqlx::PgTransaction<'static> {
    let mut transaction = begin(&house.database.pool).await.unwrap();
    sqlx::query(lock).execute(&mut *transaction).await.unwrap();
    transaction
}

/// Makes the calls at once, and sees each fail as `told` says of its path.
async fn fails(walker: &mut Walker, buyer: &Calls, calls: Vec<Call>, status: u16, told: impl Fn(&str) -> &'static str) {
    let asked = calls.into_iter().map(|call| async {
        let path = call.1.clone();
        (path, walker.ask(buyer.request(call, None)).await)
    });
    for (path, (seen, answer, _)) in join_all(asked).await {
        assert_eq!((answer.status.as_u16(), answer.code()), (status, told(&path)), "{seen:?}");
        walker.seen.insert(seen);
    }
}

/// A process that is about to end takes no new streams.
pub(crate) async fn a_house_that_closes() -> BTreeSet<Seen> {
    let house = house().await;
    let mut walker = Walker::new(&house);
    house.shop.availability.close();
    let answer = walker.get(&format!("/api/v1/events/{SLUG}/availability/stream")).await;
    assert_eq!(answer.code(), "closing");
    walker.seen
}
