//! Idempotency keys over HTTP: one effect a key, for every operation that takes one.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use futures::future::{Either, join_all, select};
use parterre::stores::postgres::begin::begin;
use parterre::test_support::house::{SLUG, house, with_holds};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::away::Away;
use super::trouble::Calls;
use super::walker::{Seen, Walker, best};

/// While the first call with a key runs, the second is told to wait; a call of another kind is told that the key is taken.
pub(crate) async fn of_two_with_one_key_the_second_waits() -> BTreeSet<Seen> {
    let holds = Away::default();
    let house = with_holds(Arc::new(holds.clone())).await;
    let mut walker = Walker::new(&house);
    let mut buyers = vec![];
    for _ in 0..5 {
        buyers.push(Calls::of_a_buyer(&mut walker).await);
    }
    // Each of them makes another call.
    let calls = || buyers.iter().enumerate().map(|(nth, buyer)| (buyer, buyer.posts()[nth].clone()));
    let key = |nth: usize| format!("a-key-chosen-at-random-{nth}");
    // Nothing comes to its end until both are let go.
    let halted = holds.halt().await;
    let mut lock = begin(&house.database.pool).await.unwrap();
    sqlx::query("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE").execute(&mut *lock).await.unwrap();
    let pairs = calls().enumerate().map(|(nth, (buyer, call))| {
        let (walker, key) = (&walker, key(nth));
        async move {
            let ask = || Box::pin(walker.ask(buyer.request(call.clone(), Some(&key))));
            match select(ask(), ask()).await {
                Either::Left((told, first)) | Either::Right((told, first)) => (told, first),
            }
        }
    });
    let pairs = join_all(pairs).await;
    lock.rollback().await.unwrap();
    drop(halted);
    let mut seen = BTreeSet::new();
    for ((second, answer, _), first) in pairs {
        assert_eq!((answer.status.as_u16(), answer.code()), (409, "idempotency_key_in_progress"), "{second:?}");
        let (first, answer, _) = first.await;
        assert!(answer.status.is_success(), "{first:?}");
        seen.extend([first, second]);
    }
    for (nth, (buyer, (method, path, _))) in calls().enumerate() {
        let other = (method, path, json!({ "surprise": 1 }));
        let (other, answer, _) = walker.ask(buyer.request(other, Some(&key(nth)))).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (422, "idempotency_key_reused"), "{other:?}");
        seen.insert(other);
    }
    seen
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
