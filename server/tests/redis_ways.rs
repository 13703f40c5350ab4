//! Redis reached by other ways than one plain connection: over TLS, and as a cluster that loses a node.

use std::time::Duration;

use bytes::Bytes;
use parterre::cache::CacheStore;
use parterre::cache::redis::RedisCache;
use parterre::checker::stop;
use parterre::stores::redis::Settings;
use parterre::test_support::house::{SLUG, house};
use parterre::test_support::redis::{OwnRedis, connected, settings};
use parterre::test_support::steady::{always, steady};
use tokio::time::Instant;

/// How long one waits for what must come back.
const PATIENCE: Duration = Duration::from_secs(60);
const LONG: Duration = Duration::from_secs(600);

/// Stops the event's sale and lets `parterre check` resume it, with Redis at `url` and no other roots than `roots`;
/// answers what it said.
async fn resumed(url: &str, roots: &str) -> (String, String) {
    let house = house().await;
    stop(&house.database.pool, house.event, "a test").await.unwrap();
    let told = tokio::process::Command::new(env!("CARGO_BIN_EXE_parterre"))
        .args(["check", "--resume", SLUG, "--database-url", &house.database.url, "--redis-url", url])
        .env("SSL_CERT_FILE", roots)
        .env_remove("SSL_CERT_DIR")
        .output()
        .await
        .unwrap();
    assert!(told.status.success(), "{told:?}");
    (house.event.to_string(), String::from_utf8(told.stdout).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_over_tls_is_believed_with_its_certificate_and_not_without() {
    steady(async || {
        let (redis, port) = OwnRedis::with_tls().await;
        let url = format!("rediss://localhost:{port}");
        let own = redis.folder().join("cert.pem").display().to_string();
        let (event, said) = resumed(&url, &own).await;
        assert!(said.contains("goes on") && !said.contains("does not answer"), "{said}");
        assert!(redis.ask("KEYS *event:*").await.unwrap().contains(&event), "it was told");
        let (stranger, _) = OwnRedis::with_tls().await;
        let other = stranger.folder().join("cert.pem").display().to_string();
        let (event, said) = resumed(&url, &other).await;
        always(said.contains("Redis does not answer"), format_args!("a stranger's certificate is believed: {said}"));
        always(!redis.ask("KEYS *event:*").await.unwrap().contains(&event), "it was told all the same");
        assert!(said.contains("goes on"), "{said}");
    })
    .await;
}

/// Asks for a hundred keys, and answers how many were had; never the wrong value, and never later than the shop waits, but
/// for a few on a machine that stands still at times.
async fn had(cache: &RedisCache, within: Duration) -> usize {
    let (mut had, mut late) = (0, 0);
    for number in 0..100 {
        let key = format!("event:{{{number}}}");
        let asked = Instant::now();
        let told = tokio::time::timeout(PATIENCE, cache.get(&key)).await.expect("nobody waits for the dead");
        late += usize::from(asked.elapsed() > within + Duration::from_secs(2));
        if let Ok(Some(value)) = told {
            assert_eq!(value, number.to_string());
            had += 1;
        }
    }
    assert!(late <= 5, "nobody waits for the dead: {late} of a hundred did");
    had
}

async fn keep_all(cache: &RedisCache) {
    for number in 0..100 {
        let _ = cache.keep(&format!("event:{{{number}}}"), Bytes::from(number.to_string()), LONG).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_loses_a_node_is_never_wrong_nor_slow_and_is_back_with_it() {
    let (mut nodes, url) = OwnRedis::cluster().await;
    let settings = Settings { answer_within: Duration::from_secs(1), ..settings(&url) };
    let within = settings.answer_within;
    let redis = connected(settings).await;
    let cache = RedisCache::new(redis);
    let all = async || {
        let there = async {
            while had(&cache, within).await < 100 {
                keep_all(&cache).await;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, there).await.expect("all of it is there");
    };
    all().await;
    nodes[1].kill().await;
    // The driver takes a cluster that misses a node for one that is away; a third of the keys is away in any case.
    for _ in 0..3 {
        assert!(had(&cache, within).await < 100);
        tokio::time::sleep(within).await;
    }
    nodes[1].again().await;
    all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_that_moves_to_another_node_is_away_alone() {
    let (nodes, url) = OwnRedis::cluster().await;
    let redis = connected(settings(&url)).await;
    let cache = RedisCache::new(redis.clone());
    keep_all(&cache).await;
    let slot = nodes[0].ask("CLUSTER KEYSLOT {moving}").await.unwrap();
    let slot = slot.lines().next().unwrap().trim_start_matches(':').to_owned();
    let mut ids = Vec::new();
    for node in &nodes {
        ids.push(node.ask("CLUSTER MYID").await.unwrap().lines().nth(1).unwrap().to_owned());
    }
    let mut moves = 0;
    for (from, to) in [(0, 1), (1, 2), (2, 0)] {
        // Whoever does not have it says so.
        let told = nodes[from].ask(&format!("CLUSTER SETSLOT {slot} MIGRATING {}", ids[to])).await.unwrap();
        if told.starts_with("+OK") {
            nodes[to].ask(&format!("CLUSTER SETSLOT {slot} IMPORTING {}", ids[from])).await.unwrap();
            moves += 1;
        }
    }
    assert_eq!(moves, 1);
    for _ in 0..4 {
        // It is not at the old node any more, which names the new one.
        assert_ne!(cache.keep("event:{moving}", Bytes::from_static(b"moving"), LONG).await, Ok(true));
        assert_eq!(redis.health(), Ok(()));
        assert_eq!(had(&cache, PATIENCE).await, 100);
    }
}

/// One that loses its power says nothing to those who are connected to it, nor does anybody else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_connected_to_a_silent_node_goes_over_to_the_copy_that_takes_over() {
    let (nodes, url) = OwnRedis::cluster_with_copies().await;
    let settings = Settings { answer_within: Duration::from_millis(500), connections: 4, ..settings(&url) };
    let within = settings.answer_within;
    let cache = RedisCache::new(connected(settings).await);
    keep_all(&cache).await;
    assert_eq!(had(&cache, within).await, 100);
    nodes[1].freeze().await;
    let there = async {
        while had(&cache, within).await < 100 {
            keep_all(&cache).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, there).await.expect("all of it is there, by every connection");
}
