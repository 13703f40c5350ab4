//! The laws of cache stores, one named test per law and implementation; `broken.rs` shows each able to fail, `shelf.rs`
//! tells what shelves do on any store.

mod broken;
mod random;
mod shelf;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::memory::MemoryCache;
use super::redis::RedisCache;
use super::{CacheStore, MAX_KEY, MAX_VALUE};
use crate::test_support::each_law;
use crate::test_support::redis;

type Store = Arc<dyn CacheStore>;

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(200);
/// How long one waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(20);

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

async fn what_is_kept_is_found(store: Store) {
    assert_eq!(store.get("event:{a}").await, Ok(None));
    let every: Bytes = (0..=255_u8).collect();
    for (key, value) in [("event:{a}", bytes("A")), ("event:{a}:kills", every), ("session:{Größe}", bytes("\0"))] {
        assert_eq!(store.keep(key, value.clone(), LONG).await, Ok(true));
        assert_eq!(store.get(key).await, Ok(Some(value)));
    }
    assert_eq!(store.get("event:{a}").await, Ok(Some(bytes("A"))), "keys do not mix");
}

async fn the_first_is_kept(store: Store) {
    assert_eq!(store.keep("event:{b}", bytes("first"), LONG).await, Ok(true));
    assert_eq!(store.keep("event:{b}", bytes("second"), LONG).await, Ok(false));
    assert_eq!(store.get("event:{b}").await, Ok(Some(bytes("first"))));
}

async fn everything_ends(store: Store) {
    store.keep("event:{c}", bytes("brief"), SHORT).await.unwrap();
    let over = async {
        while store.get("event:{c}").await != Ok(None) {
            tokio::time::sleep(SHORT / 10).await;
        }
    };
    tokio::time::timeout(PATIENCE, over).await.expect("its time is over");
    assert_eq!(store.keep("event:{c}", bytes("again"), LONG).await, Ok(true));
}

async fn what_is_renewed_stays_for_its_new_time(store: Store) {
    let brief = SHORT * 10;
    assert_eq!(store.renew("session:{a}", LONG).await, Ok(None));
    let kept = Instant::now();
    store.keep("session:{a}", bytes("long"), brief).await.unwrap();
    if store.renew("session:{a}", LONG).await != Ok(Some(bytes("long"))) {
        assert!(kept.elapsed() >= brief, "its time is not over yet");
        // The machine stood still for longer than that.
        store.keep("session:{a}", bytes("long"), LONG).await.unwrap();
    }
    store.keep("session:{b}", bytes("brief"), LONG).await.unwrap();
    assert_eq!(store.renew("session:{b}", SHORT).await, Ok(Some(bytes("brief"))));
    tokio::time::sleep(brief + SHORT).await;
    assert_eq!(store.get("session:{a}").await, Ok(Some(bytes("long"))));
    assert_eq!(store.renew("session:{b}", LONG).await, Ok(None));
    store.forget("session:{a}").await.unwrap();
    assert_eq!(store.renew("session:{a}", LONG).await, Ok(None), "what was forgotten stays so");
}

async fn what_is_forgotten_cannot_be_put_back(store: Store) {
    store.keep("event:{d}", bytes("old"), LONG).await.unwrap();
    store.forget("event:{d}").await.unwrap();
    assert_eq!(store.get("event:{d}").await, Ok(None));
    assert_eq!(store.keep("event:{d}", bytes("old"), LONG).await, Ok(false));
    assert_eq!(store.get("event:{d}").await, Ok(None));
    store.forget("event:{never seen}").await.unwrap();
    assert_eq!(store.keep("event:{never seen}", bytes("old"), LONG).await, Ok(false));
}

async fn what_is_too_large_is_not_kept(store: Store) {
    let large = Bytes::from(vec![7; MAX_VALUE]);
    assert_eq!(store.keep("event:{e}", large.clone(), LONG).await, Ok(true));
    assert_eq!(store.get("event:{e}").await, Ok(Some(large)));
    for (key, value) in [
        ("event:{f}".to_owned(), Bytes::from(vec![7; MAX_VALUE + 1])),
        ("event:{g}".to_owned(), Bytes::new()),
        ("e".repeat(MAX_KEY + 1), bytes("long key")),
    ] {
        assert_eq!(store.keep(&key, value, LONG).await, Ok(false));
        assert_eq!(store.get(&key).await, Ok(None));
    }
}

async fn of_many_at_once_one_is_kept(store: Store) {
    let tasks: Vec<_> = (0..16)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.keep("event:{h}", bytes(&number.to_string()), LONG).await.unwrap() })
        })
        .collect();
    let mut kept = 0;
    for task in tasks {
        kept += usize::from(task.await.unwrap());
    }
    assert_eq!(kept, 1);
}

/// Different keys, the same keys and keys of which nothing is kept, while others stop waiting at any moment.
async fn many_at_once_get_each_their_own(store: Store) {
    const KEPT: usize = 40;
    let key = |number: usize| format!("event:{{many {}}}", number % (KEPT + 10));
    for number in 0..KEPT {
        store.keep(&key(number), bytes(&number.to_string()), LONG).await.unwrap();
    }
    for round in 0..20 {
        let tasks: Vec<_> = (0..400)
            .map(|number| {
                let (store, key) = (Arc::clone(&store), key(number));
                tokio::spawn(async move { (number, store.get(&key).await.unwrap()) })
            })
            .collect();
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        tasks.iter().skip(round % 3).step_by(3).for_each(tokio::task::JoinHandle::abort);
        for (number, task) in tasks.into_iter().enumerate().filter(|(number, _)| number % 3 != round % 3) {
            let own = number % (KEPT + 10);
            let expected = (own < KEPT).then(|| bytes(&own.to_string()));
            assert_eq!(task.await.unwrap(), (number, expected), "round {round}");
        }
    }
}

macro_rules! laws {
    ($module:ident, $make:expr) => {
        each_law!(
            $module,
            $make,
            [
                what_is_kept_is_found,
                the_first_is_kept,
                everything_ends,
                what_is_forgotten_cannot_be_put_back,
                what_is_renewed_stays_for_its_new_time,
                what_is_too_large_is_not_kept,
                of_many_at_once_one_is_kept,
                many_at_once_get_each_their_own,
            ]
        );
    };
}

async fn memory() -> Store {
    Arc::new(MemoryCache::default())
}

async fn one_redis() -> Store {
    Arc::new(RedisCache::new(redis::one().await))
}

async fn redis_cluster() -> Store {
    Arc::new(RedisCache::new(redis::cluster().await))
}

laws!(in_memory, memory());
laws!(on_redis, one_redis());
laws!(on_a_redis_cluster, redis_cluster());
