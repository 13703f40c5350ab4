//! For tests and benchmarks: two houses of one shop on one CQL cluster, and how soon one tells its listeners what the
//! other granted.

use std::net::IpAddr;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use futures::StreamExt;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, sleep, timeout};
use tower::ServiceExt;

use super::cassandra::TestKeyspace;
use super::house::{SLUG, TestHouse, config, house};
use crate::availability::{Ask, Wants};

/// Longer than anything takes that works.
const PATIENCE: Duration = Duration::from_secs(60);

/// Two processes' worth of one shop.
pub struct Pair {
    here: TestHouse,
    /// When the other one's listener had a frame.
    frames: UnboundedReceiver<Instant>,
    /// They close when they are dropped.
    _others: [TestHouse; 2],
}

impl Pair {
    /// Opens both on `keyspace`; they hear each other over the Redis at `redis`, or over PostgreSQL.
    ///
    /// # Panics
    /// Where they cannot open, or do not hear each other.
    pub async fn open(keyspace: &TestKeyspace, redis: Option<&str>) -> Self {
        let first = house().await;
        let open = async || {
            let mut config = config();
            config.cql_nodes.clone_from(&keyspace.settings.nodes);
            config.cql_keyspace.clone_from(&keyspace.settings.keyspace);
            config.database_url = Some(SecretString::from(first.database.url.clone()));
            config.redis_url = redis.map(SecretString::from);
            first.beside_as_set(config).await
        };
        let (here, there) = (open().await, open().await);
        let ask = Ask { wants: Wants::Seats, after: None };
        let listens = there.shop.availability.listen(first.event, ask, IpAddr::from([127, 0, 0, 1]), there.shop.now());
        let body = listens.await.expect("the event is there").expect("there is room").into_body();
        let mut body = Box::pin(body.expect("there is room for a body"));
        let (tell, frames) = unbounded_channel();
        tokio::spawn(async move {
            while let Some(Ok(frame)) = body.next().await {
                let is_news = frame.windows(12).any(|part| part == b"event: delta");
                if is_news && tell.send(Instant::now()).is_err() {
                    break;
                }
            }
        });
        let mut pair = Self { here, frames, _others: [there, first] };
        // Listening to each other begins in the background.
        let begun = Instant::now();
        while pair.change(Duration::from_secs(1)).await.is_none() {
            assert!(begun.elapsed() < PATIENCE, "the houses never hear each other");
        }
        // A frame that came late must not be taken for the next one.
        while timeout(Duration::from_secs(1), pair.frames.recv()).await.is_ok() {}
        pair
    }

    /// So many times a seat is held and let go in one house; answers for each of both how long after the answer the
    /// frame was there in the other.
    ///
    /// # Panics
    /// Where a frame does not come.
    pub async fn times(&mut self, holds: usize) -> Vec<Duration> {
        let mut times = Vec::with_capacity(holds * 2);
        for _ in 0..holds {
            times.extend(self.change(PATIENCE).await.expect("the other house tells of it"));
        }
        times.sort_unstable();
        times
    }

    async fn change(&mut self, within: Duration) -> Option<[Duration; 2]> {
        while self.frames.try_recv().is_ok() {}
        let wish = || {
            Request::post(format!("/api/v1/events/{SLUG}/holds"))
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(json!({ "seats": [0] }).to_string()))
                .expect("a request")
        };
        let held = self.ask(wish).await;
        let first = self.frame(Instant::now(), within).await;
        let (id, token) = (held["id"].as_str().expect("a hold"), held["token"].as_str().expect("a token"));
        let gone = || {
            Request::delete(format!("/api/v1/holds/{id}"))
                .header(header::AUTHORIZATION, format!("Bearer {token}"))
                .body(Body::empty())
                .expect("a request")
        };
        self.ask(gone).await;
        let second = self.frame(Instant::now(), within).await;
        Some([first?, second?])
    }

    async fn frame(&mut self, answered: Instant, within: Duration) -> Option<Duration> {
        let frame = timeout(within, self.frames.recv()).await.ok()??;
        Some(frame.saturating_duration_since(answered))
    }

    /// Asks, and again where the stores took too long. What a try of which nobody knows has held is let go by itself.
    async fn ask(&self, request: impl Fn() -> Request<Body>) -> Value {
        let begun = Instant::now();
        loop {
            let answer = self.here.router.clone().oneshot(request()).await.expect("a router answers");
            let status = answer.status();
            let body = to_bytes(answer.into_body(), 1_000_000).await.expect("the body is read");
            if status.is_success() {
                return serde_json::from_slice(&body).unwrap_or(Value::Null);
            }
            let comes_right = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::CONFLICT].contains(&status);
            let said = String::from_utf8_lossy(&body);
            assert!(comes_right && begun.elapsed() < PATIENCE, "{status}: {said}");
            sleep(Duration::from_secs(1)).await;
        }
    }
}
