//! The cache through its driver beside `redis-benchmark -P 16` on the same server in the same run, how soon one
//! process hears another over each bus, and how soon a hold at one server is in the stream of another.
//!
//! `redis-benchmark` has one thread, and so has the driver here: its tasks then wake each other without the kernel. In
//! the shop, which has one for each core, a command costs about twice the CPU. The shop's cache asks for what its tasks
//! want at the same time in one MGET.
//!
//! `cargo bench -p parterre --bench cache`; add `-- --quick` for a tenth of the work, `-- --commands` for the first table alone.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

#[path = "../tests/process/pair.rs"]
mod pair;
#[path = "../tests/process/mod.rs"]
#[allow(dead_code, reason = "others wait for its end and for what it says")]
mod process;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use fred::clients::Pool;
use fred::interfaces::{ClientLike, KeysInterface};
use fred::types::Builder;
use fred::types::config::Config;
use parterre::bus::postgres::PostgresBus;
use parterre::bus::redis::RedisBus;
use parterre::bus::{Bus, Heard};
use parterre::cache::CacheStore;
use parterre::cache::redis::RedisCache;
use parterre::clock::SystemClock;
use parterre::limits::redis::RedisRates;
use parterre::limits::{Nonce, RateStore, Rule};
use parterre::stores::redis::{Redis, Settings};
use parterre::test_support::redis::{OwnRedis, connected, settings};
use parterre::test_support::{cassandra, database};

use crate::pair::Pair;

/// Bytes of a value: an event's details.
const VALUE: usize = 512;
/// Keys.
const KEYS: u64 = 1_000;
/// Commands in one pipeline, as `redis-benchmark -P 16` has them.
const PIPELINE: u64 = 16;
/// Pipelines under way at a time on both sides: connections of `redis-benchmark`, tasks on ours.
const PIPELINES: usize = 8;
/// Connections of the driver: tasks share them, and a busy connection takes many commands in one call of the kernel.
const CONNECTIONS: usize = 2;
/// Tasks that each wait for one answer at a time: as many commands under way as in the pipelines.
const TASKS: usize = PIPELINES * PIPELINE as usize;

/// `tasks` of `op` side by side until `total` operations are done; answers operations a second.
async fn rate<F: Future<Output = u64> + Send>(
    tasks: usize,
    total: u64,
    op: impl Fn(u64) -> F + Send + Sync + 'static,
) -> u64 {
    let (op, next) = (Arc::new(op), Arc::new(AtomicU64::new(0)));
    let began = Instant::now();
    let running: Vec<_> = (0..tasks)
        .map(|_| {
            let (op, next) = (Arc::clone(&op), Arc::clone(&next));
            tokio::spawn(async move {
                let mut done = 0;
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= total {
                        return done;
                    }
                    done += op(number).await;
                }
            })
        })
        .collect();
    let mut done = 0;
    for task in running {
        done += task.await.expect("no task panics");
    }
    (u128::from(done) * 1_000_000 / began.elapsed().as_micros().max(1)) as u64
}

/// What `redis-benchmark` reaches on this server, commands a second.
async fn baseline(url: &str, test: &str, total: u64) -> Option<u64> {
    let port = url.rsplit(':').next()?;
    let output = tokio::process::Command::new("redis-benchmark")
        .args(["-p", port, "-P", &PIPELINE.to_string(), "-c", &PIPELINES.to_string(), "-d", &VALUE.to_string()])
        .args(["-r", &KEYS.to_string(), "-n", &total.to_string(), "-t", test, "--csv"])
        .output()
        .await
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().rfind(|line| line.to_lowercase().contains(&format!("\"{test}\"")))?;
    line.split(',').nth(1)?.trim_matches('"').parse::<f64>().ok().map(|rate| rate as u64)
}

/// The keys, written once: `redis-benchmark` too has its commands ready and turns their digits over.
static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| (0..KEYS).map(|key| format!("event:{{{key}}}")).collect());

fn key(number: u64) -> &'static str {
    &NAMES[(number.wrapping_mul(7_919) % KEYS) as usize]
}

async fn pipelined(pool: Pool, total: u64, write: bool) -> u64 {
    let value = Bytes::from(vec![7; VALUE]);
    rate(PIPELINES, total / PIPELINE, move |number| {
        let (client, value) = (pool.clients()[number as usize % CONNECTIONS].clone(), value.clone());
        async move {
            let pipeline = client.pipeline();
            for step in 0..PIPELINE {
                let key = key(number * PIPELINE + step);
                if write {
                    pipeline.set::<(), _, _>(key, value.clone(), None, None, false).await.expect("queued");
                } else {
                    pipeline.get::<(), _>(key).await.expect("queued");
                }
            }
            let answers: Vec<Option<Bytes>> = pipeline.all().await.expect("answered");
            answers.len() as u64
        }
    })
    .await
}

/// The shop's cache: tasks that each want one key at a time.
async fn shop(store: Arc<RedisCache>, total: u64) -> u64 {
    rate(TASKS, total, move |number| {
        let store = Arc::clone(&store);
        async move {
            store.get(key(number)).await.expect("Redis answers").expect("it is kept");
            1
        }
    })
    .await
}

/// The hourly limit of two hundred addresses.
async fn limit(rates: Arc<RedisRates>, total: u64) -> u64 {
    let rule = Rule { name: "writes", per_hour: 1_000_000, burst: 100_000 };
    let now = parterre::clock::Clock::now(&SystemClock);
    rate(TASKS, total, move |number| {
        let rates = Arc::clone(&rates);
        async move {
            let nonce = Nonce(u128::from(number).to_be_bytes());
            rates.take(rule, &format!("10.0.0.{}", number % 200), nonce, now).await.expect("Redis answers");
            1
        }
    })
    .await
}

/// A row, with its turns: the median, the least and the most; beside the median of the baseline's turns.
fn row(what: &str, turns: &[u64], base: Option<&[u64]>) {
    let sorted = |turns: &[u64]| {
        let mut sorted = turns.to_vec();
        sorted.sort_unstable();
        sorted
    };
    let turns = sorted(turns);
    let (least, median, most) = (turns[0], turns[turns.len() / 2], turns[turns.len() - 1]);
    let share = |base: &[u64]| format!("{} %", median * 100 / sorted(base)[base.len() / 2].max(1));
    let share = base.map_or_else(|| "-".to_owned(), share);
    println!("| {what} | {median} | {least} to {most} | {share} |");
}

/// In turns, as a machine is not the same from one second to the next: each baseline stands beside what it is the
/// baseline of.
async fn cache(url: &str, quick: bool) {
    let (turns, total) = if quick { (3, 200_000) } else { (5, 1_000_000) };
    let mut builder = Builder::from_config(Config::from_url(url).expect("an address"));
    builder.with_performance_config(|config| config.max_feed_count = 200);
    let pool = builder.build_pool(CONNECTIONS).expect("a pool");
    pool.init().await.expect("Redis answers");
    let redis = connected(Settings { connections: CONNECTIONS, ..settings(url) }).await;
    let store = Arc::new(RedisCache::new(redis.clone()));
    for number in 0..KEYS {
        let kept = store.keep(key(number), Bytes::from(vec![7; VALUE]), Duration::from_secs(600)).await;
        kept.expect("Redis answers");
    }
    let rates = Arc::new(RedisRates::new(redis));
    let [mut sets, mut gets, mut own_sets, mut own_gets, mut shops, mut limits] = <[Vec<u64>; 6]>::default();
    for _ in 0..turns {
        sets.push(baseline(url, "set", total).await.unwrap_or(0));
        own_sets.push(pipelined(pool.clone(), total / 2, true).await);
        gets.push(baseline(url, "get", total).await.unwrap_or(0));
        shops.push(shop(Arc::clone(&store), total / 2).await);
        own_gets.push(pipelined(pool.clone(), total / 2, false).await);
        limits.push(limit(Arc::clone(&rates), total / 10).await);
    }
    println!(
        "| {VALUE} bytes, {TASKS} commands under way, one thread; {turns} turns each | a second, median | least to most | of the baseline |\n|---|---|---|---|"
    );
    row(&format!("redis-benchmark -P {PIPELINE}, SET"), &sets, None);
    row(&format!("through the driver, SET, pipelines of {PIPELINE}"), &own_sets, Some(&sets));
    row(&format!("redis-benchmark -P {PIPELINE}, GET"), &gets, None);
    row(&format!("through the driver, GET, pipelines of {PIPELINE}"), &own_gets, Some(&gets));
    row(&format!("the shop's cache, one key a task, {TASKS} tasks"), &shops, Some(&gets));
    row(&format!("the hourly limit, one script a task, {TASKS} tasks"), &limits, None);
}

/// Milliseconds from publishing in one process to hearing in another, with a hundred messages a second.
async fn heard(name: &str, here: &dyn Bus, there: &dyn Bus, messages: u32) {
    while !(here.is_up() && there.is_up()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut ear = there.subscribe("inventory:{bench}").await;
    let mut took = Vec::new();
    for number in 0..messages {
        let said = Instant::now();
        here.publish("inventory:{bench}", Bytes::from(vec![number as u8; 200])).await.expect("said");
        while matches!(ear.next().await, Heard::Gap) {}
        took.push(said.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    took.sort_unstable();
    let at = |percent: usize| took[(took.len() * percent / 100).min(took.len() - 1)].as_micros() as f64 / 1000.0;
    println!("| {name} | {:.2} | {:.2} | {:.2} |", at(50), at(99), at(100));
}

async fn buses(url: &str, messages: u32) {
    println!("\n| from one process to another, ms | p50 | p99 | most |\n|---|---|---|---|");
    let shared = settings(url);
    let open = || Redis::open(shared.clone()).expect("an address");
    let (here, there) = (RedisBus::new(open(), [1; 8]), RedisBus::new(open(), [2; 8]));
    heard("over Redis", &here.expect("a bus"), &there.expect("a bus"), messages).await;
    let database = database().await;
    let (here, there) = (PostgresBus::new(&database.pool, [1; 8]), PostgresBus::new(&database.pool, [2; 8]));
    heard("over PostgreSQL", &here, &there, messages).await;
}

/// Milliseconds from a hold's answer at one server to the frame of another's listeners, each a process of its own; none without a cluster.
async fn servers(url: &str, holds: usize) {
    let folder = cassandra::folder("bench-cassandra");
    let Some(nodes) = cassandra::start(&folder, &["--durable", "--heap", "4096"]).await else { return };
    println!(
        "\n| from a hold (or its end) at one server to the stream of another, ms | p50 | p99 | most |\n|---|---|---|---|"
    );
    for (name, redis) in [("over Redis", Some(url)), ("over PostgreSQL", None)] {
        let keyspace = cassandra::own_on(nodes.nodes.clone()).await;
        let took = Pair::open(&keyspace, redis).await.times(holds).await;
        let at = |percent: usize| took[(took.len() * percent / 100).min(took.len() - 1)].as_secs_f64() * 1000.0;
        println!("| {name} | {:.0} | {:.0} | {:.0} |", at(50), at(99), at(100));
    }
    cassandra::stop(&folder);
}

fn main() {
    let quick = std::env::args().any(|arg| arg == "--quick");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        if !OwnRedis::can_be_had().await {
            println!("redis-server is not installed: nothing was measured");
            return;
        }
        let redis = OwnRedis::start(&[]).await;
        cache(&redis.url(), quick).await;
        if std::env::args().any(|arg| arg == "--commands") {
            return;
        }
        buses(&redis.url(), if quick { 50 } else { 500 }).await;
        servers(&redis.url(), if quick { 20 } else { 200 }).await;
    });
}
