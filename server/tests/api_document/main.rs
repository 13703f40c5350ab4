//! Walks the API's document: every operation is reachable, every documented status is produced, no other one is.

mod away;
mod keys;
mod lists;
mod refusals;
mod trouble;
mod walker;

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request};
use http_body_util::BodyExt;
use parterre::http::v1::parts;
use parterre::test_support::house::{SLUG, house};
use serde_json::json;

use walker::{NOBODY, STRANGER, Walker, best, card, order_body};

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

#[tokio::test]
async fn the_api_does_what_its_document_says_and_nothing_else() {
    let house = house().await;
    let mut walker = Walker::new(&house);
    events(&mut walker).await;
    streams(&mut walker).await;
    holds(&mut walker, &house.standing.to_string()).await;
    orders(&mut walker).await;
    bodies(&mut walker).await;
    trouble::at_the_threshold(&mut walker).await;
    walker.seen.extend(refusals::of_ones_own_doing().await);
    walker.seen.extend(trouble::too_many_calls().await);
    walker.seen.extend(trouble::stores_that_fail().await);
    walker.seen.extend(trouble::a_house_that_closes().await);
    walker.seen.extend(keys::of_two_with_one_key_the_second_waits().await);
    assert_eq!(walker.silent(), Vec::<String>::new(), "documented, but never produced");
    refusals::of_the_document(&serde_json::to_value(parts().1).unwrap());
}
