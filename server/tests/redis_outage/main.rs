//! Redis killed, frozen, emptied and full under a whole house: no sale changes, pages answer, limits hold, and all is
//! as before when it is back, without a restart.

mod cluster;
mod limits;
mod shop;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use parterre::checker::check;
use parterre::config::Config;
use parterre::holds::MemoryHolds;
use parterre::test_support::house::{SLUG, TestHouse, with};
use parterre::test_support::redis::OwnRedis;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use shop::{Blow, FROZEN_FOR, PATIENCE, becomes, buy, get, goes_on, heal, open, strike, with_redis};

/// The law: whatever happens to Redis before whichever step, the purchase goes through, and all comes back.
async fn a_purchase_goes_through(blow: Blow) {
    let mut redis = OwnRedis::start(&[]).await;
    let house = open(with_redis(&redis)).await;
    buy(&house, "nothing happens", async |_| {}).await;
    let mut sold = 6;
    for step in 0..4 {
        let name = format!("{blow:?}-{step}");
        buy(&house, &name, async |now| {
            if now == step {
                strike(&mut redis, blow).await;
            }
        })
        .await;
        sold += goes_on(&house, &name, blow).await;
        heal(&mut redis, blow).await;
        becomes(&house.router, "ready").await;
    }
    buy(&house, "all is as before", async |_| {}).await;
    are_sold(&house, sold).await;
}

/// The books are in order, and the buyers have their tickets.
async fn are_sold(house: &TestHouse, many: i64) {
    assert_eq!(check(&house.database.pool).await.unwrap(), []);
    let sold: i64 = sqlx::query_scalar("SELECT count(*) FROM tickets WHERE status = 'valid'")
        .fetch_one(&house.database.pool)
        .await
        .unwrap();
    assert_eq!(sold, many);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purchase_goes_through_while_redis_is_killed() {
    a_purchase_goes_through(Blow::Kill).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purchase_goes_through_while_redis_is_frozen() {
    a_purchase_goes_through(Blow::Freeze(FROZEN_FOR)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes three minutes, half a minute frozen each time: ./bench soak"]
async fn a_long_freeze() {
    a_purchase_goes_through(Blow::Freeze(Duration::from_secs(30))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purchase_goes_through_while_redis_forgets_everything() {
    a_purchase_goes_through(Blow::Flush).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purchase_goes_through_while_redis_is_full() {
    a_purchase_goes_through(Blow::Fill).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_house_opens_without_its_redis_and_finds_it_later() {
    let mut redis = OwnRedis::start(&[]).await;
    redis.kill().await;
    let house = with(with_redis(&redis), Arc::new(MemoryHolds::default())).await;
    let (status, state) = get(&house.router, "/readyz").await;
    assert_eq!((status, state["status"].as_str()), (StatusCode::OK, Some("degraded")), "degraded is not unready");
    assert_eq!(state["stores"]["cache"], "unavailable");
    buy(&house, "no redis yet", async |_| {}).await;
    redis.again().await;
    becomes(&house.router, "ready").await;
    assert!(redis.ask("KEYS *").await.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purchase_in_one_process_shows_in_the_other_at_once() {
    let redis = OwnRedis::start(&[]).await;
    let config = with_redis(&redis);
    let beside = Config { redis_prefix: config.redis_prefix.clone(), ..with_redis(&redis) };
    let one = open(config).await;
    let other = one.beside_with(beside).await;
    becomes(&other.router, "ready").await;
    let event = format!("/api/v1/events/{SLUG}");
    let left = async |house: &TestHouse| {
        let (_, event) = get(&house.router, &event).await;
        let tiers = event["tiers"].as_array().unwrap().clone();
        tiers.iter().find(|tier| tier["kind"] == "standing").unwrap()["available"].as_i64().unwrap()
    };
    assert_eq!((left(&one).await, left(&other).await), (50, 50));
    assert!(redis.ask("KEYS *event:*").await.unwrap().contains(&one.event.to_string()), "kept in Redis");
    buy(&one, "somebody", async |_| {}).await;
    let seen = async {
        while left(&other).await != 49 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    // Far less than the five minutes that it would be kept.
    tokio::time::timeout(PATIENCE, seen).await.expect("the other process sees it");
}

/// Asks until the house knows that its Redis is away, and sends it nothing more.
async fn becomes_aware(house: &TestHouse) {
    let aware = async {
        while get(&house.router, "/readyz").await.1["stores"]["cache"] != "unavailable" {
            sale(house).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(PATIENCE, aware).await.expect("the house knows");
}

/// What the list and the event itself say of its sale.
async fn sale(house: &TestHouse) -> [Value; 2] {
    let (_, list) = get(&house.router, "/api/v1/events").await;
    let (_, event) = get(&house.router, &format!("/api/v1/events/{SLUG}")).await;
    [list["items"][0]["status"].clone(), event["status"].clone()]
}

/// Waits until every house says `word`, and goes on saying so: what is kept would show again.
async fn all_say(houses: [&TestHouse; 2], word: &str) {
    let waiting = async {
        let mut times = 0;
        while times < 12 {
            times += 1;
            for house in houses {
                if sale(house).await != [word, word] {
                    times = 0;
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    // Far less than the five minutes that an event is kept.
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("all say {word}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_sale_shows_in_every_process_and_so_does_its_going_on() {
    let mut redis = OwnRedis::start(&[]).await;
    let config = Config { audit_seconds: 1, ..with_redis(&redis) };
    let prefix = config.redis_prefix.clone();
    let beside = Config { redis_prefix: prefix.clone(), ..with_redis(&redis) };
    let one = open(config).await;
    let other = one.beside_with(beside).await;
    becomes(&other.router, "ready").await;
    let reserve = async |count: i32| {
        let sql = "UPDATE ticket_tiers SET reserved = $1 WHERE kind = 'seated'";
        sqlx::query(sql).bind(count).execute(&one.database.pool).await.unwrap();
    };
    for blow in [None, Some(Blow::Freeze(FROZEN_FOR)), Some(Blow::Fill), Some(Blow::Demote)] {
        // Without the marks of the last round, or nothing would be kept for some seconds.
        redis.ask("FLUSHALL").await.unwrap();
        all_say([&one, &other], "on_sale").await;
        assert!(redis.ask("KEYS *event:*").await.unwrap().contains(&one.event.to_string()), "kept in Redis");
        if let Some(blow) = blow {
            strike(&mut redis, blow).await;
            if matches!(blow, Blow::Freeze(_)) {
                // What is said now, nobody hears, then or later.
                becomes_aware(&one).await;
            }
        }
        reserve(2).await;
        let stopped = async {
            let sql = "SELECT count(*) FROM events WHERE stopped_at IS NOT NULL";
            while sqlx::query_scalar::<_, i64>(sql).fetch_one(&one.database.pool).await.unwrap() == 0 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, stopped).await.expect("the auditor stops the sale");
        if let Some(blow) = blow {
            if matches!(blow, Blow::Freeze(_)) {
                tokio::time::sleep(FROZEN_FOR).await;
            } else {
                // It still answers, and nobody waits until it takes writes again.
                all_say([&one, &other], "paused").await;
            }
            heal(&mut redis, blow).await;
            becomes(&one.router, "ready").await;
            becomes(&other.router, "ready").await;
        }
        all_say([&one, &other], "paused").await;
        reserve(0).await;
        let told = tokio::process::Command::new(env!("CARGO_BIN_EXE_parterre"))
            .args(["check", "--resume", SLUG, "--database-url", &one.database.url, "--redis-url", &redis.url()])
            .args(["--redis-prefix", &prefix])
            .output()
            .await
            .unwrap();
        assert!(told.status.success(), "{told:?}");
    }
    all_say([&one, &other], "on_sale").await;
}

async fn a_crowd_searches(blow: Blow) {
    let mut redis = OwnRedis::start(&[]).await;
    let house = open(with_redis(&redis)).await;
    strike(&mut redis, blow).await;
    let bought = CancellationToken::new();
    // Six hundred at once, and each comes again and again: searches, and events that are not there.
    let crowd: Vec<_> = (0..600)
        .map(|number| {
            let (router, bought) = (house.router.clone(), bought.clone());
            tokio::spawn(async move {
                let (mut refused, mut turn) = (0, 0);
                while !bought.is_cancelled() {
                    turn += 1;
                    let what = if number % 2 == 0 { "?q=anything" } else { "/any-evening-" };
                    let path = format!("/api/v1/events{what}{number}-{turn}");
                    let answer = router.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
                    let told = (answer.status().as_u16(), answer.headers().contains_key(header::RETRY_AFTER));
                    assert!(
                        matches!(told, (200 | 404, _) | (503, true)),
                        "answered, or told when to come back: {told:?}"
                    );
                    refused += usize::from(told.0 == 503);
                    // Not more than two slow cores can refuse: it is about turns and connections, not about CPU.
                    let pause = tokio::time::sleep(Duration::from_secs(5));
                    tokio::select! {
                        () = pause => {}
                        () = bought.cancelled() => {}
                    }
                }
                refused
            })
        })
        .collect();
    for number in 0..2 {
        buy(&house, &format!("in the crowd {number}"), async |_| {}).await;
    }
    bought.cancel();
    let mut refused = 0;
    for one in crowd {
        refused += one.await.unwrap();
    }
    assert!(refused > 0, "a crowd that the house cannot serve, or this shows nothing");
    assert_eq!(check(&house.database.pool).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_that_searches_leaves_room_for_those_who_buy() {
    a_crowd_searches(Blow::Kill).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_that_searches_while_redis_is_frozen_leaves_room_for_those_who_buy() {
    a_crowd_searches(Blow::Freeze(FROZEN_FOR)).await;
}
