//! The laws of idempotency keys, one named test per law and implementation; `broken.rs` shows each of them able to fail.

mod broken;

use std::sync::Arc;

use domain::time::Millis;

use super::aside::LookAside;
use super::store::{Begin, Call, IdempotencyStore, Run, Stored};
use super::{LOST_AFTER, REMEMBERED_FOR};
use crate::cache::CacheStore as _;
use crate::cache::memory::MemoryCache;
use crate::cache::redis::RedisCache;
use crate::stores::redis::Redis;
use crate::test_support::{self, TestDatabase};
use crate::trouble::Trouble;

type Store = Arc<dyn IdempotencyStore>;

/// Begins, and says what of the run the laws below speak of: whether it runs.
async fn begin(store: &dyn IdempotencyStore, call: &Call, now: Millis) -> Result<Begin, Trouble> {
    let begun = store.begin(call, SEED, now).await?;
    Ok(if matches!(begun, Begin::Fresh(_)) { FRESH } else { begun })
}

const SEED: [u8; 32] = [7; 32];
const FRESH: Begin = Begin::Fresh(Run { since: NOW, seed: SEED });

const NOW: Millis = Millis(1_800_000_000_000);

fn call(key: &str, body: u8) -> Call {
    Call { scope: "somebody".into(), key: key.into(), fingerprint: [body; 32] }
}

fn answer() -> Stored {
    Stored { status: 201, content_type: "application/json".into(), body: b"{}".to_vec() }
}

async fn the_first_runs_and_the_second_gets_its_answer(store: Store) {
    let call = call("a", 1);
    assert_eq!(begin(&*store, &call, NOW).await, Ok(FRESH));
    assert_eq!(begin(&*store, &call, NOW).await, Ok(Begin::Running));
    assert_eq!(store.finish(&call, NOW, &answer(), NOW).await, Ok(true));
    assert_eq!(begin(&*store, &call, NOW.plus(LOST_AFTER * 2)).await, Ok(Begin::Replay(answer())));
}

async fn another_body_is_told_so(store: Store) {
    assert_eq!(begin(&*store, &call("b", 1), NOW).await, Ok(FRESH));
    assert_eq!(begin(&*store, &call("b", 2), NOW).await, Ok(Begin::Reused));
}

async fn keys_of_two_callers_never_meet(store: Store) {
    let mine = call("c", 1);
    let theirs = Call { scope: "another".into(), ..mine.clone() };
    assert_eq!(begin(&*store, &mine, NOW).await, Ok(FRESH));
    assert_eq!(begin(&*store, &theirs, NOW).await, Ok(FRESH));
    assert_eq!(store.finish(&mine, NOW, &answer(), NOW).await, Ok(true));
    assert_eq!(begin(&*store, &theirs, NOW).await, Ok(Begin::Running), "my answer is not theirs");
    assert_eq!(begin(&*store, &mine, NOW).await, Ok(Begin::Replay(answer())));
}

async fn a_call_lost_with_its_process_may_run_again(store: Store) {
    let call = call("d", 1);
    assert_eq!(begin(&*store, &call, NOW).await, Ok(FRESH));
    assert_eq!(begin(&*store, &call, NOW.plus(LOST_AFTER)).await, Ok(FRESH));
    assert_eq!(begin(&*store, &call, NOW.plus(LOST_AFTER + 1)).await, Ok(Begin::Running));
}

async fn a_call_that_did_nothing_may_run_again(store: Store) {
    let call = call("e", 1);
    assert_eq!(begin(&*store, &call, NOW).await, Ok(FRESH));
    store.forget(&call, NOW).await.unwrap();
    assert_eq!(begin(&*store, &call, NOW).await, Ok(FRESH));
}

async fn a_call_that_runs_again_is_the_same_run(store: Store) {
    let (call, other) = (call("h", 1), call("h", 2));
    let run = |since, seed| Ok(Begin::Fresh(Run { since, seed }));
    assert_eq!(store.begin(&call, [1; 32], NOW).await, run(NOW, [1; 32]));
    store.forget(&call, NOW).await.unwrap();
    assert_eq!(store.begin(&call, [2; 32], NOW.plus(5)).await, run(NOW, [1; 32]));
    // Lost with its process, it is still the same; another request is another run.
    let later = NOW.plus(LOST_AFTER + 5);
    assert_eq!(store.begin(&call, [3; 32], later).await, run(NOW, [1; 32]));
    store.forget(&call, later).await.unwrap();
    assert_eq!(store.begin(&other, [4; 32], later).await, run(later, [4; 32]));
    store.forget(&other, later).await.unwrap();
    let tomorrow = later.plus(REMEMBERED_FOR);
    assert_eq!(store.begin(&other, [5; 32], tomorrow).await, run(tomorrow, [5; 32]));
}

async fn a_try_that_was_taken_for_lost_settles_nothing(store: Store) {
    let (call, later) = (call("j", 1), NOW.plus(LOST_AFTER));
    assert_eq!(begin(&*store, &call, NOW).await, Ok(FRESH));
    assert_eq!(begin(&*store, &call, later).await, Ok(FRESH), "another takes over");
    store.forget(&call, NOW).await.unwrap();
    assert_eq!(begin(&*store, &call, later).await, Ok(Begin::Running));
    let late = Stored { status: 500, ..answer() };
    assert_eq!(store.finish(&call, NOW, &late, later).await, Ok(false));
    assert_eq!(begin(&*store, &call, later).await, Ok(Begin::Running));
    assert_eq!(store.finish(&call, later, &answer(), later).await, Ok(true));
    assert_eq!(begin(&*store, &call, later).await, Ok(Begin::Replay(answer())));
}

async fn a_day_later_all_is_forgotten(store: Store) {
    let call = call("f", 1);
    begin(&*store, &call, NOW).await.unwrap();
    assert_eq!(store.finish(&call, NOW, &answer(), NOW).await, Ok(true));
    assert_eq!(store.sweep(NOW.plus(REMEMBERED_FOR - 1)).await, Ok(0));
    assert_eq!(store.sweep(NOW.plus(REMEMBERED_FOR)).await, Ok(1));
    assert_eq!(begin(&*store, &call, NOW.plus(REMEMBERED_FOR)).await, Ok(FRESH));
}

async fn of_many_at_once_one_runs(store: Store) {
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { begin(&*store, &call("g", 1), NOW).await.unwrap() })
        })
        .collect();
    let mut fresh = 0;
    for task in tasks {
        fresh += usize::from(task.await.unwrap() == FRESH);
    }
    assert_eq!(fresh, 1);
}

macro_rules! laws {
    ($module:ident, $make:expr, [$($law:ident),+ $(,)?]) => {
        mod $module {
            use super::*;
            $(#[tokio::test]
            async fn $law() {
                let (store, _keep) = $make.await;
                super::$law(store).await;
            })+
        }
    };
}

macro_rules! all_laws {
    ($module:ident, $make:expr) => {
        laws!(
            $module,
            $make,
            [
                the_first_runs_and_the_second_gets_its_answer,
                another_body_is_told_so,
                keys_of_two_callers_never_meet,
                a_call_lost_with_its_process_may_run_again,
                a_call_that_did_nothing_may_run_again,
                a_call_that_runs_again_is_the_same_run,
                a_try_that_was_taken_for_lost_settles_nothing,
                a_day_later_all_is_forgotten,
                of_many_at_once_one_runs,
            ]
        );
    };
}

async fn memory() -> (Store, ()) {
    (Arc::new(super::memory::MemoryIdempotency::default()), ())
}

async fn postgres() -> (Store, TestDatabase) {
    let database = test_support::database().await;
    (Arc::new(super::postgres::PostgresIdempotency::new(database.pool.clone())), database)
}

all_laws!(memory_store, memory());
all_laws!(postgres_store, postgres());

async fn beside_a_cache() -> (Store, ()) {
    let (books, cache) = (Arc::new(super::memory::MemoryIdempotency::default()), Arc::new(MemoryCache::default()));
    (Arc::new(LookAside::new(books, cache)), ())
}

async fn beside(redis: Redis) -> (Store, TestDatabase) {
    let (books, database) = postgres().await;
    (Arc::new(LookAside::new(books, Arc::new(RedisCache::new(redis)))), database)
}

async fn beside_redis() -> (Store, TestDatabase) {
    beside(test_support::redis::one().await).await
}

async fn beside_a_redis_cluster() -> (Store, TestDatabase) {
    beside(test_support::redis::cluster().await).await
}

all_laws!(memory_store_beside_a_cache, beside_a_cache());
all_laws!(postgres_store_beside_redis, beside_redis());
all_laws!(postgres_store_beside_a_redis_cluster, beside_a_redis_cluster());

/// Books that may be asked once a call.
#[derive(Default)]
struct Busy(super::memory::MemoryIdempotency, std::sync::atomic::AtomicU32);

#[async_trait::async_trait]
impl IdempotencyStore for Busy {
    async fn begin(&self, call: &Call, seed: [u8; 32], now: Millis) -> Result<Begin, Trouble> {
        self.1.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        self.0.begin(call, seed, now).await
    }
    async fn finish(&self, call: &Call, begun: Millis, answer: &Stored, now: Millis) -> Result<bool, Trouble> {
        self.0.finish(call, begun, answer, now).await
    }
    async fn forget(&self, call: &Call, begun: Millis) -> Result<(), Trouble> {
        self.0.forget(call, begun).await
    }
    async fn sweep(&self, now: Millis) -> Result<u64, Trouble> {
        self.0.sweep(now).await
    }
}

#[tokio::test]
async fn who_tries_again_soon_is_answered_beside_the_books() {
    let (books, cache) = (Arc::new(Busy::default()), Arc::new(MemoryCache::default()));
    let store = LookAside::new(books.clone(), cache);
    let call = call("h", 1);
    assert_eq!(begin(&store, &call, NOW).await, Ok(FRESH));
    assert_eq!(store.finish(&call, NOW, &answer(), NOW).await, Ok(true));
    for _ in 0..20 {
        assert_eq!(begin(&store, &call, NOW.plus(1)).await, Ok(Begin::Replay(answer())));
    }
    assert_eq!(books.1.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_lies_in_the_cache_and_cannot_be_read_is_not_believed() {
    let (books, cache) = (Arc::new(Busy::default()), Arc::new(MemoryCache::default()));
    let store = LookAside::new(books, cache.clone());
    let known = call("i", 1);
    let name = super::aside::name(&known);
    let odd = bytes::Bytes::from_static(&[1; 44]);
    cache.keep(&name, odd, std::time::Duration::from_secs(60)).await.unwrap();
    assert_eq!(begin(&store, &known, NOW).await, Ok(FRESH));
}

#[tokio::test]
async fn a_great_many_old_keys_go_in_lots() {
    let (store, database) = postgres().await;
    for statement in [
        "INSERT INTO idempotency_keys (scope, key, request_hash, created_at, expires_at)
         SELECT 'crowd', 'key-' || n, decode(repeat('00', 32), 'hex'), now() - interval '2 days', now() - interval '1 day'
         FROM generate_series(1, 12000) AS n",
        "CREATE FUNCTION too_many() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF (SELECT count(*) FROM gone) > 5000 THEN RAISE EXCEPTION 'too many at once'; END IF; RETURN NULL; END $$",
        "CREATE TRIGGER too_many AFTER DELETE ON idempotency_keys REFERENCING OLD TABLE AS gone
         FOR EACH STATEMENT EXECUTE FUNCTION too_many()",
    ] {
        sqlx::query(statement).execute(&database.pool).await.unwrap();
    }
    assert_eq!(store.sweep(crate::clock::Clock::now(&crate::clock::SystemClock)).await, Ok(12_000));
}
