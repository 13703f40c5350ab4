//! What the stores know of calls and their answers, read as a thief would who has them all.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::time::Millis;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::postgres::PostgresIdempotency;
use super::{Begin, Call, IdempotencyStore, Run, Seal};
use crate::cache::CacheStore;
use crate::cache::redis::RedisCache;
use crate::config::Config;
use crate::holds::MemoryHolds;
use crate::http::secret::Secret;
use crate::stores::postgres::{Pool, migrate};
use crate::test_support::house::{SLUG, config, with};
use crate::test_support::redis::{OwnRedis, connected, settings};
use crate::test_support::{NOW, database};

/// A call with its key, and what was answered the first time.
struct Made {
    path: String,
    token: String,
    key: String,
    body: Value,
    answer: Vec<u8>,
}

async fn send(router: &Router, method: Method, path: &str, token: &str, key: &str, body: &Value) -> (bool, Vec<u8>) {
    let mut request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
    if !token.is_empty() {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    if !key.is_empty() {
        request = request.header("idempotency-key", key);
    }
    let answer = router.clone().oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap();
    let replayed = answer.headers().contains_key("idempotency-replayed");
    let status = answer.status();
    let bytes = to_bytes(answer.into_body(), 1 << 20).await.unwrap().to_vec();
    assert!(status.is_success(), "{path}: {}", String::from_utf8_lossy(&bytes));
    (replayed, bytes)
}

async fn make(router: &Router, path: &str, token: &str, key: &str, body: Value) -> (Made, Value) {
    let key = format!("{key}-chosen-at-random");
    let (replayed, answer) = send(router, Method::POST, path, token, &key, &body).await;
    assert!(!replayed);
    let told = serde_json::from_slice(&answer).unwrap();
    (Made { path: path.to_owned(), token: token.to_owned(), key, body, answer }, told)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Holds and orders with and without a bearer token, up to an answer that carries tickets; and all that is secret in them.
async fn buy(router: &Router) -> (Vec<Made>, Vec<String>) {
    let holds = format!("/api/v1/events/{SLUG}/holds");
    let (first, hold) = make(router, &holds, "", "hold", json!({ "best": { "quantity": 1 } })).await;
    let token = text(&hold["token"]);
    let (second, _) = make(router, &holds, &token, "more", json!({ "best": { "quantity": 2 } })).await;
    let buyer = json!({ "name": "Sample Buyer", "email": "buyer@example.org" });
    let wish = json!({ "hold_id": hold["id"], "buyer": buyer, "accept_total": hold["total"]["amount"] });
    let (ordered, order) = make(router, "/api/v1/orders", &token, "order", wish.clone()).await;
    assert_eq!(order["token"], token);
    let mine = format!("/api/v1/orders/{}", text(&order["id"]));
    let card = json!({ "provider": "test", "method": "4242424242424242" });
    let (paid, _) = make(router, &format!("{mine}/payments"), &token, "pay", card).await;
    let paying = async {
        loop {
            let (_, look) = send(router, Method::GET, &mine, &token, "", &Value::Null).await;
            if serde_json::from_slice::<Value>(&look).unwrap()["status"] == "paid" {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), paying).await.expect("the order is paid");
    let (again, order) = make(router, "/api/v1/orders", &token, "order-again", wish).await;
    let ticket = &order["tickets"][0];
    let made = vec![first, second, ordered, paid, again];
    let mut secrets = vec![token, text(&ticket["token"]), text(&ticket["url"])];
    secrets.extend(made.iter().map(|call| call.key.clone()));
    assert!(secrets.iter().all(|secret| secret.len() >= 16), "{secrets:?}");
    (made, secrets)
}

/// Every column of every row, by name; bytes as they are.
async fn rows(pool: &Pool) -> Vec<BTreeMap<String, Vec<u8>>> {
    let rows: Vec<String> =
        sqlx::query_scalar("SELECT to_jsonb(k)::text FROM idempotency_keys k").fetch_all(pool).await.unwrap();
    let bytes = |value: &Value| match value.as_str() {
        Some(text) => match text.strip_prefix("\\x") {
            Some(hex) => {
                (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
            }
            None => text.as_bytes().to_vec(),
        },
        None => value.to_string().into_bytes(),
    };
    let columns = |row: &String| serde_json::from_str::<BTreeMap<String, Value>>(row).unwrap();
    rows.iter().map(|row| columns(row).iter().map(|(name, value)| (name.clone(), bytes(value))).collect()).collect()
}

/// Every answer that lies in Redis.
async fn beside(redis: &OwnRedis) -> Vec<Vec<u8>> {
    let said = redis.ask("KEYS *once:*").await.unwrap();
    let names = said.lines().map(str::trim).filter(|line| line.contains("once:"));
    let names: Vec<_> = names.map(str::to_owned).collect();
    let all = connected(crate::stores::redis::Settings { prefix: String::new(), ..settings(&redis.url()) }).await;
    let cache = RedisCache::new(all);
    let mut found = Vec::new();
    for name in names {
        found.push(cache.get(&name).await.unwrap().unwrap().to_vec());
        found.push(name.into_bytes());
    }
    found
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_who_reads_postgresql_or_redis_finds_a_token_and_answers_come_back_whole() {
    let redis = OwnRedis::start(&[]).await;
    let settings = Config { redis_url: Some(redis.url().into()), ..config() };
    let house = with(settings, Arc::new(MemoryHolds::default())).await;
    let (made, secrets) = buy(&house.router).await;
    // One process answers beside the books, the other by the books alone.
    for router in [&house.router, &house.beside().await.router] {
        for Made { path, token, key, body, answer } in &made {
            let (replayed, again) = send(router, Method::POST, path, token, key, body).await;
            assert!(replayed && again == *answer, "{path}: {}", String::from_utf8_lossy(&again));
        }
    }
    let rows = rows(&house.database.pool).await;
    let beside = beside(&redis).await;
    assert_eq!(rows.len(), made.len());
    assert!(!beside.is_empty());
    let token = URL_SAFE_NO_PAD.decode(&secrets[0]).unwrap();
    for kept in rows.iter().flat_map(BTreeMap::values).chain(&beside) {
        let found = secrets.iter().find(|secret| has(kept, secret.as_bytes()));
        assert_eq!(found, None, "lies in {}", String::from_utf8_lossy(kept));
        assert!(!has(kept, &token));
    }
    // Nor do they make the token that a call without one was given.
    for row in &rows {
        let run = Run { since: Millis(0), seed: row["seed"].clone().try_into().unwrap() };
        assert_ne!(Secret::of_run(&run).text(), secrets[0]);
    }
}

#[tokio::test]
async fn an_answer_kept_before_keys_were_hashed_is_still_given() {
    let db = database().await;
    migrate::down_to(&db.url, 37).await.unwrap();
    sqlx::query(
        "INSERT INTO idempotency_keys (scope, key, request_hash, status, content_type, body, answered_at, created_at,
            expires_at)
         VALUES ('address 192.0.2.1', 'a-key', decode(repeat('05', 32), 'hex'), 201, 'application/json', '{}',
            $1, $1, $1 + interval '1 day')",
    )
    .bind(crate::stores::postgres::codec::At(NOW))
    .execute(&db.pool)
    .await
    .unwrap();
    migrate::up(&db.url).await.unwrap();
    let seal = Seal::new("address 192.0.2.1", "a-key", &[]);
    let call = Call { scope: "address 192.0.2.1".into(), key: seal.name().into(), fingerprint: [5; 32] };
    let store = PostgresIdempotency::new(db.pool.clone());
    let Begin::Replay(kept) = store.begin(&call, [0; 32], NOW).await.unwrap() else { panic!("it was answered") };
    assert_eq!(seal.open(kept).map(|answer| answer.body), Ok(b"{}".to_vec()));
}
