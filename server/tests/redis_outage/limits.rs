//! Limits count over all processes by Redis, and in each process where Redis is gone: nobody has more for it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use parterre::config::Config;
use parterre::test_support::house::{SLUG, TestHouse};
use parterre::test_support::redis::OwnRedis;
use serde_json::json;
use uuid::Uuid;

use crate::shop::{Blow, FROZEN_FOR, becomes, call, get, open, post, strike, with_redis};

async fn searches(house: &TestHouse, count: usize) -> Vec<u16> {
    let mut told = Vec::new();
    for number in 0..count {
        told.push(get(&house.router, &format!("/api/v1/events?q=word{number}")).await.0.as_u16());
    }
    told
}

/// Baskets asked for so far.
static MADE: AtomicUsize = AtomicUsize::new(0);

/// Baskets that are made and let go again.
async fn baskets(house: &TestHouse, count: usize) -> Vec<u16> {
    let wish = json!({ "standing": [{ "tier": house.standing, "quantity": 1 }] });
    let mut told = Vec::new();
    for _ in 0..count {
        // A key of its own: no answer is played again.
        let key = format!("a-basket-of-its-own-{}", MADE.fetch_add(1, Ordering::Relaxed));
        let (status, hold) = post(&house.router, &format!("/events/{SLUG}/holds"), "", &key, &wish).await;
        if status == StatusCode::CREATED {
            let path = format!("/api/v1/holds/{}", hold["id"].as_str().unwrap());
            let token = format!("Bearer {}", hold["token"].as_str().unwrap());
            let request = Request::delete(path).header(header::AUTHORIZATION, token).body(Body::empty()).unwrap();
            assert_eq!(call(&house.router, request).await.0, StatusCode::NO_CONTENT);
        } else {
            let code = if status == StatusCode::CONFLICT { "too_many_holds" } else { "too_many_requests" };
            assert_eq!(hold["code"], code);
        }
        told.push(status.as_u16());
    }
    told
}

/// What is limited: three at once, then less than one in half a minute.
#[derive(Clone, Copy, Debug)]
enum Limited {
    Searches,
    Baskets,
}

impl Limited {
    fn within(self, config: Config) -> Config {
        match self {
            Self::Searches => Config { searches_per_hour: 90, ..config },
            Self::Baskets => Config { holds_per_address: 3, ..config },
        }
    }

    async fn asked(self, house: &TestHouse, count: usize) -> Vec<u16> {
        match self {
            Self::Searches => searches(house, count).await,
            Self::Baskets => baskets(house, count).await,
        }
    }

    fn granted(self) -> u16 {
        match self {
            Self::Searches => 200,
            Self::Baskets => 201,
        }
    }

    /// What each of two processes answers to two more without Redis. Each goes on from its own count: the one has two of
    /// three behind it, the other both that it was asked. Of three baskets each process knows by itself that they are open.
    fn alone(self) -> [[u16; 2]; 2] {
        match self {
            Self::Searches => [[200, 429], [200, 429]],
            Self::Baskets => [[201, 409], [201, 429]],
        }
    }
}

/// Two processes that count together: of three the one has made two, the other the third, and its next one was refused. On
/// a busy machine Redis may answer later than it is waited for, and then each counts alone.
async fn sharing(limited: Limited) -> (OwnRedis, TestHouse, TestHouse) {
    let granted = limited.granted();
    for _ in 0..8 {
        let redis = OwnRedis::start(&[]).await;
        let config = limited.within(with_redis(&redis));
        let beside = Config { redis_prefix: config.redis_prefix.clone(), ..limited.within(with_redis(&redis)) };
        let one = open(config).await;
        let other = one.beside_with(beside).await;
        becomes(&other.router, "ready").await;
        if limited.asked(&one, 2).await == [granted; 2] && limited.asked(&other, 2).await == [granted, 429] {
            return (redis, one, other);
        }
    }
    panic!("the processes count each for itself");
}

async fn are_counted(limited: Limited) {
    for blow in [Blow::Kill, Blow::Freeze(FROZEN_FOR), Blow::Fill] {
        let (mut redis, one, other) = sharing(limited).await;
        strike(&mut redis, blow).await;
        for (house, alone) in [&one, &other].into_iter().zip(limited.alone()) {
            assert_eq!(limited.asked(house, 2).await, alone, "{limited:?} after {blow:?}");
        }
        if blow == (Blow::Freeze(FROZEN_FOR)) {
            redis.thaw().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_count_over_all_processes_and_in_each_where_redis_is_gone() {
    are_counted(Limited::Searches).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_baskets_are_counted_over_all_processes_and_in_each_where_redis_is_gone() {
    are_counted(Limited::Baskets).await;
}

/// A flood of changes that do nothing; how many of them were taken.
async fn flood(house: &TestHouse) -> usize {
    let mut taken = 0;
    for _ in 0..60 {
        let request = Request::builder().method(Method::DELETE).uri(format!("/api/v1/holds/{}", Uuid::nil()));
        let (status, told) = call(&house.router, request.body(Body::empty()).unwrap()).await;
        if status == StatusCode::TOO_MANY_REQUESTS {
            assert_eq!(told["code"], "too_many_requests");
        } else {
            taken += 1;
        }
    }
    taken
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_writes_is_refused_whatever_has_become_of_redis() {
    for blow in [Blow::Kill, Blow::Freeze(FROZEN_FOR), Blow::Fill] {
        let mut redis = OwnRedis::start(&[]).await;
        // Twenty at once, then one a second.
        let house = open(Config { writes_per_second: 1, ..with_redis(&redis) }).await;
        strike(&mut redis, blow).await;
        let within = Duration::from_secs(30);
        let taken = tokio::time::timeout(within, flood(&house)).await.expect("nobody waits for Redis for long");
        assert!((20..=50).contains(&taken), "{taken} of 60 after {blow:?}");
        if blow == (Blow::Freeze(FROZEN_FOR)) {
            redis.thaw().await;
        }
    }
}
