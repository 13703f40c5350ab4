//! What is somebody's own doing, by its code: every refusal that the document names for baskets, orders and payments; and
//! what the document says of itself.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, Request};
use parterre::test_support::house::{SLUG, TestHouse, house};
use serde_json::{Value, json};

use super::trouble::Calls;
use super::walker::{NOBODY, Seen, Walker, best, card, order_body};

fn stand(tier: &str, quantity: u32) -> Value {
    json!({ "standing": [{ "tier": tier, "quantity": quantity }] })
}

/// A promoter changes something in the books.
async fn change(house: &TestHouse, statement: &str) {
    let changed = sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&house.database.pool).await.unwrap();
    assert!(changed.rows_affected() > 0, "{statement}");
}

/// The promoter takes a seat off sale.
fn kill(seat: u64) -> String {
    format!("INSERT INTO seat_kills (event_id, seat, reason) SELECT id, {seat}, 'test' FROM events")
}

impl Walker {
    /// The first seat of a hold.
    async fn seat_of(&mut self, hold: &str, token: &str) -> u64 {
        let held = self.send(Method::GET, &format!("/api/v1/holds/{hold}"), Some(token), None).await;
        held.body["seats"][0].as_u64().unwrap()
    }

    async fn refused(&mut self, path: &str, token: Option<&str>, body: Value, code: &str) {
        let answer = self.post(path, token, body.clone()).await;
        assert_eq!(answer.code(), code, "{path} with {body}: {}", answer.body);
    }

    /// What was changed in the books shows within a second, and may take longer where the machine does other things.
    async fn refused_soon(&mut self, path: &str, body: Value, code: &str) {
        for _ in 0..600 {
            let answer = self.post(path, None, body.clone()).await;
            if answer.code() == code {
                return;
            }
            // Nobody keeps what was still granted.
            if let (Some(id), Some(token)) = (answer.body["id"].as_str(), answer.body["token"].as_str()) {
                self.send(Method::DELETE, &format!("/api/v1/holds/{id}"), Some(token), None).await;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("{path} with {body} was never refused as {code}");
    }
}

/// Every refusal of a basket.
async fn baskets(walker: &mut Walker, house: &TestHouse) {
    let holds = format!("/api/v1/events/{SLUG}/holds");
    let standing = house.standing.to_string();
    let seats = walker.get(&format!("/api/v1/events/{SLUG}/seats?section=Circle+left&limit=3")).await;
    let [_, second, third] = [0, 1, 2].map(|at| seats.body["items"][at]["seat"].as_u64().unwrap());
    for (body, code) in [
        (json!({ "seats": [second, third] }), "orphan_seat"),
        (json!({ "seats": [u32::MAX] }), "unknown_seat"),
        (json!({ "seats": [third, third] }), "contradiction"),
        (json!({ "seats": [] }), "nothing_chosen"),
        (json!({ "best": { "quantity": 1, "section": "No such block" } }), "unknown_section"),
        (stand(NOBODY, 1), "unknown_tier"),
        (stand(&standing, 11), "too_many"),
        (json!({ "best": { "quantity": 5, "section": "Box 1", "together": true } }), "not_together"),
    ] {
        walker.refused(&holds, None, body, code).await;
    }
    let (_, token, _) = walker.hold(best(1)).await;
    for _ in 1..4 {
        assert_eq!(walker.post(&holds, Some(&token), best(1)).await.status, 201);
    }
    walker.refused(&holds, Some(&token), best(1), "too_many_holds").await;
    for _ in 0..5 {
        walker.hold(stand(&standing, 10)).await;
    }
    walker.refused(&holds, None, stand(&standing, 1), "sold_out").await;
}

/// Every refusal of an order, and of a payment while another one has no answer.
async fn orders(walker: &mut Walker, house: &TestHouse) {
    let orders = "/api/v1/orders";
    // Held before anything changes: what the books say a moment later may still be on its way to the house.
    let (order, payer) = walker.order(best(1)).await;
    let (hold, token, total) = walker.hold(best(2)).await;
    let mut held = vec![];
    for _ in 0..3 {
        held.push(walker.hold(best(2)).await);
    }
    for ((hold, token, total), (changed, code, back)) in held.iter().zip([
        ("UPDATE events SET max_per_person = 1", "limit_reached", "UPDATE events SET max_per_person = NULL"),
        (
            "UPDATE ticket_tiers SET sale_starts_at = now() + interval '1 hour'",
            "not_on_sale",
            "UPDATE ticket_tiers SET sale_starts_at = NULL",
        ),
        (
            "UPDATE ticket_tiers SET quantity = greatest(sold + reserved, 1)",
            "sold_out",
            "UPDATE ticket_tiers SET quantity = 1000",
        ),
    ]) {
        change(house, changed).await;
        walker.refused(orders, Some(token), order_body(hold, *total), code).await;
        change(house, back).await;
    }
    // Somebody else has bought one of them.
    let (lost, loser, price) = walker.hold(best(2)).await;
    let seat = walker.seat_of(&lost, &loser).await;
    let claim = "INSERT INTO seat_claims (event_id, seat, order_id, fence) SELECT id";
    change(house, &format!("{claim}, {seat}, gen_random_uuid(), 1 FROM events")).await;
    walker.refused(orders, Some(&loser), order_body(&lost, price), "seats_taken").await;
    let seat = walker.seat_of(&hold, &token).await;
    change(house, &kill(seat)).await;
    walker.refused(orders, Some(&token), order_body(&hold, total), "seats_withdrawn").await;
    let pay = format!("{orders}/{order}/payments");
    let expired = walker.post(&pay, Some(&payer), card("4000000000000069")).await.body;
    assert_eq!((&expired["status"], &expired["decline_code"]), (&json!("declined"), &json!("expired_card")));
    walker.post(&pay, Some(&payer), card("4000000000000077")).await;
    walker.refused(&pay, Some(&payer), card("4242424242424242"), "payment_in_progress").await;
}

/// What the promoter changes while the house is open.
async fn changes(walker: &mut Walker, house: &TestHouse) {
    let holds = format!("/api/v1/events/{SLUG}/holds");
    // All of a basket is taken off sale: its next change is refused, as soon as that shows.
    let (mut hold, token, _) = walker.hold(best(1)).await;
    let seat = walker.seat_of(&hold, &token).await;
    change(house, &kill(seat)).await;
    loop {
        let answer = walker.post(&holds, Some(&token), json!({ "seats": [seat], "replaces": hold })).await;
        let Some(changed) = answer.body["id"].as_str() else {
            assert_eq!(answer.code(), "seats_withdrawn", "{}", answer.body);
            break;
        };
        changed.clone_into(&mut hold);
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    change(house, "UPDATE ticket_tiers SET min_purchase = 2 WHERE kind = 'seated'").await;
    walker.refused_soon(&holds, json!({ "seats": [0] }), "tier_limits").await;
    change(house, "UPDATE ticket_tiers SET sale_starts_at = now() + interval '1 hour'").await;
    walker.refused_soon(&holds, stand(&house.standing.to_string(), 1), "not_on_sale").await;
}

/// A page whose browser kept no cookie.
async fn pages(walker: &mut Walker) {
    let request = Request::post(format!("/api/v1/events/{SLUG}/holds"))
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/json")
        .body(Body::from(best(1).to_string()));
    let answer = walker.raw(request.unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (422, "no_cookie"));
}

/// A key that is none, for each call that takes one.
async fn keys(walker: &mut Walker) {
    let calls = Calls::of_a_buyer(walker).await;
    for call in calls.posts() {
        let answer = walker.raw(calls.request(call, Some(""))).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (422, "invalid_request"));
    }
}

/// All of them, in a house of their own; what changes the sale comes last.
pub(crate) async fn of_ones_own_doing() -> BTreeSet<Seen> {
    let house = house().await;
    let mut walker = Walker::new(&house);
    keys(&mut walker).await;
    pages(&mut walker).await;
    baskets(&mut walker, &house).await;
    orders(&mut walker, &house).await;
    changes(&mut walker, &house).await;
    walker.seen
}

/// The document's own version, what it does not have yet, and what it says of keys.
pub(crate) fn of_the_document(document: &Value) {
    let version = document["openapi"].as_str().unwrap();
    assert!(version.starts_with("3.1."), "{version}");
    let text = document.to_string();
    for later in ["promo_code", "/refunds"] {
        assert!(!text.contains(later), "{later} is for later, and the document has it already");
    }
    let paths = document["paths"].as_object().unwrap();
    for (path, post) in paths.iter().filter_map(|(path, item)| Some((path, item.get("post")?))) {
        let parameters = post["parameters"].as_array().unwrap();
        let key = parameters.iter().find(|one| one["name"] == "Idempotency-Key");
        let words = key.and_then(|key| key["description"].as_str()).unwrap_or_default();
        assert!(words.contains("255") && words.contains("at least 16"), "{path} says which keys it takes: {words:?}");
    }
}
