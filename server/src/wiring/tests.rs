//! What one process knows of another's sales when nobody told it.

mod books;
mod killed;

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use domain::seat::{SeatId, SeatState};
use domain::time::{MINUTE, Millis};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{build, rounds};
use crate::clock::{Clock, HouseClock, SystemClock};
use crate::config::Config;
use crate::holds::MemoryHolds;
use crate::holds::store::Snapshot;
use crate::http::assets::Manifest;
use crate::jobs::Task;
use crate::stores::postgres::connect::beside;
use crate::test_support::house::{SLUG, TestHouse, config, house, with};
use crate::test_support::redis::{settings, shared_server};
use crate::test_support::shop::run_out;
use crate::test_support::steady::{always, steady};
use crate::test_support::{database, metric};
use crate::tickets::KEY_FILE;

const TOKEN: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

async fn post(house: &TestHouse, path: &str, body: Value) -> Value {
    let request = Request::post(path)
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {TOKEN}"))
        .body(Body::from(body.to_string()));
    let response = house.router.clone().oneshot(request.unwrap()).await.unwrap();
    assert!(response.status().is_success(), "{path}: {}", response.status());
    serde_json::from_slice(&to_bytes(response.into_body(), 1 << 20).await.unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seat_whose_order_ran_out_is_somebody_elses_within_five_seconds() {
    steady(async || {
        let house = house().await;
        let holds = format!("/api/v1/events/{SLUG}/holds");
        let held = post(&house, &holds, json!({ "best": { "quantity": 1 } })).await;
        let buyer = json!({ "name": "Sample Buyer", "email": "buyer@example.org" });
        let order = json!({ "hold_id": held["id"], "buyer": buyer, "accept_total": held["total"]["amount"] });
        let order = post(&house, "/api/v1/orders", order).await;
        // The bank is asked, so that its answer has to be waited for before the seat is free.
        let card = json!({ "provider": "test", "method": "4000002760003184" });
        post(&house, &format!("/api/v1/orders/{}/payments", order["id"].as_str().unwrap()), card).await;
        let wish = json!({ "seats": held["seats"] });
        let asks = async || {
            let request =
                Request::post(&holds).header("content-type", "application/json").body(Body::from(wish.to_string()));
            house.router.clone().oneshot(request.unwrap()).await.unwrap().status()
        };
        let told = asks().await;
        always(told != StatusCode::CREATED, "what is ordered is granted to somebody else");
        assert_eq!(told, StatusCode::CONFLICT);
        // Nobody but the house's own loops does anything about it.
        run_out(&house.database.pool).await;
        let free = async {
            while asks().await != StatusCode::CREATED {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), free).await.expect("the seat is for sale within five seconds");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn standing_places_that_nobody_told_of_are_found_in_the_books() {
    let seller = house().await;
    let (pool, holds, url) = (seller.database.pool.clone(), Arc::new(MemoryHolds::default()), "http://127.0.0.1");
    // Without an address of the database each talks to itself.
    let config = config();
    std::fs::copy(seller.data.join(KEY_FILE), config.data.join(KEY_FILE)).unwrap();
    let other = build(config, pool, Manifest::default(), url.into(), Arc::new(SystemClock), Some(holds)).await.unwrap();
    let neighbours = other.neighbours.unwrap();
    let left = async || {
        let shown = other.shop.holds.states(seller.event, 0, other.shop.now()).await.unwrap();
        shown.standing.iter().find(|(tier, _)| *tier == seller.standing).unwrap().1
    };
    other.shop.availability.get(seller.event, other.shop.now()).await.unwrap();
    let before = left().await;
    let wish = json!({ "standing": [{ "tier": seller.standing, "quantity": 3 }] });
    let held = post(&seller, &format!("/api/v1/events/{SLUG}/holds"), wish).await;
    let buyer = json!({ "name": "Sample Buyer", "email": "buyer@example.org" });
    let order = json!({ "hold_id": held["id"], "buyer": buyer, "accept_total": held["total"]["amount"] });
    let order = post(&seller, "/api/v1/orders", order).await;
    neighbours.round().await.unwrap();
    assert_eq!(left().await, before, "what is wrong once may be on its way");
    let counted = metric("parterre_books_drift_total");
    neighbours.round().await.unwrap();
    assert_eq!(left().await, before - 3);
    assert!(metric("parterre_books_drift_total") > counted);
    post(&seller, &format!("/api/v1/orders/{}/cancel", order["id"].as_str().unwrap()), json!({})).await;
    for _ in 0..2 {
        neighbours.round().await.unwrap();
    }
    assert_eq!(left().await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_house_waits_for_the_time_before_it_opens() {
    steady(async || {
        let books = database().await;
        let pool = beside(&books.pool, 1);
        // Nobody else is asked for that long.
        let busy = pool.acquire().await.unwrap();
        let house = HouseClock::over(Arc::new(Off(60 * MINUTE)));
        tokio::join!(rounds::first(&house, &pool), async {
            tokio::time::sleep(Duration::from_millis(1_200)).await;
            drop(busy);
        });
        let wrong = house.now().since(SystemClock.now());
        assert!(wrong.abs() < 2_000, "{wrong}");
    })
    .await;
}

/// A machine whose clock is wrong.
struct Off(i64);

impl Clock for Off {
    fn now(&self) -> Millis {
        SystemClock.now().plus(self.0)
    }

    fn fill(&self, bytes: &mut [u8]) {
        SystemClock.fill(bytes);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_house_on_a_machine_whose_clock_is_wrong_goes_by_postgresql() {
    steady(async || {
        let seller = house().await;
        for off in [60 * MINUTE, -60 * MINUTE] {
            let (config, holds) = (config(), Arc::new(MemoryHolds::default()));
            std::fs::copy(seller.data.join(KEY_FILE), config.data.join(KEY_FILE)).unwrap();
            let (pool, url) = (seller.database.pool.clone(), "http://127.0.0.1");
            let other =
                build(config, pool, Manifest::default(), url.into(), Arc::new(Off(off)), Some(holds)).await.unwrap();
            let wrong = other.shop.now().since(SystemClock.now());
            assert!(wrong.abs() < 2_000, "{off}: {wrong}");
        }
    })
    .await;
}

/// Kills a seat and widens a standing tier behind the back of a house that shows them, and looks again.
async fn what_the_books_say_within_a_second(house: &TestHouse) {
    let shown = async || house.shop.holds.states(house.event, 0, house.shop.now()).await.unwrap();
    let before = shown().await;
    assert_eq!(before.states.get(SeatId(4)), SeatState::Free);
    let kill = "INSERT INTO seat_kills (event_id, seat, reason) VALUES ($1, 4, 'a camera stands there')";
    sqlx::query(kill).bind(house.event.0).execute(&house.database.pool).await.unwrap();
    let grow = "UPDATE ticket_tiers SET quantity = quantity + 300 WHERE id = $1";
    sqlx::query(grow).bind(house.standing.0).execute(&house.database.pool).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let after = shown().await;
    assert_eq!(after.states.get(SeatId(4)), SeatState::Blocked);
    let left = |seen: &Snapshot| seen.standing.iter().find(|(tier, _)| *tier == house.standing).unwrap().1;
    assert_eq!(left(&after), left(&before) + 300);
    let wish = json!({ "seats": [4] });
    let request = Request::post(format!("/api/v1/events/{SLUG}/holds"))
        .header("content-type", "application/json")
        .body(Body::from(wish.to_string()));
    let refused = house.router.clone().oneshot(request.unwrap()).await.unwrap();
    assert_eq!(refused.status(), StatusCode::CONFLICT);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_killed_in_the_books_is_for_sale_no_more_within_a_second() {
    steady(async || {
        what_the_books_say_within_a_second(&house().await).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_killed_in_the_books_is_for_sale_no_more_within_a_second_with_redis_too() {
    steady(async || {
        let redis = settings(&shared_server().await);
        let config = Config { redis_prefix: redis.prefix, redis_url: Some(redis.url.into()), ..config() };
        let house = with(config, Arc::new(MemoryHolds::default())).await;
        let connected = async {
            while house.shop.cache.check().await.is_err() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), connected).await.expect("Redis answers");
        // What pages show lies in Redis by now.
        house.shop.desk.by_id(house.event, house.shop.now()).await.unwrap().unwrap();
        what_the_books_say_within_a_second(&house).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_house_puts_right_by_itself_what_it_shows_wrongly() {
    let house =
        with(Config { compare_every: Duration::from_millis(100), ..config() }, Arc::new(MemoryHolds::default()));
    let house = house.await;
    // One look, and nobody listens: nothing else than the comparison finds it.
    let seen = house.shop.availability.get(house.event, house.shop.now()).await.unwrap();
    let counted = metric("parterre_live_drift_total");
    house.shop.availability.break_on_purpose(house.event, SeatId(3), SeatState::Sold);
    for _ in 0..1_200 {
        if metric("parterre_live_drift_total") > counted {
            let right = house.shop.availability.get(house.event, house.shop.now()).await.unwrap();
            assert_eq!(right.message.states, seen.message.states);
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it stays wrong");
}
