//! The laws of idempotency keys, one named test per law and implementation.

use std::sync::Arc;

use domain::time::Millis;

use super::store::{Begin, Call, IdempotencyStore, Stored};
use super::{LOST_AFTER, REMEMBERED_FOR};
use crate::test_support::{self, TestDatabase};

type Store = Arc<dyn IdempotencyStore>;

const NOW: Millis = Millis(1_800_000_000_000);

fn call(key: &str, body: u8) -> Call {
    Call { scope: "somebody".into(), key: key.into(), fingerprint: [body; 32] }
}

fn answer() -> Stored {
    Stored { status: 201, content_type: "application/json".into(), body: b"{}".to_vec() }
}

async fn the_first_runs_and_the_second_gets_its_answer(store: Store) {
    let call = call("a", 1);
    assert_eq!(store.begin(&call, NOW).await, Ok(Begin::Fresh));
    assert_eq!(store.begin(&call, NOW).await, Ok(Begin::Running));
    store.finish(&call, &answer(), NOW).await.unwrap();
    assert_eq!(store.begin(&call, NOW.plus(LOST_AFTER * 2)).await, Ok(Begin::Replay(answer())));
}

async fn another_body_is_told_so(store: Store) {
    assert_eq!(store.begin(&call("b", 1), NOW).await, Ok(Begin::Fresh));
    assert_eq!(store.begin(&call("b", 2), NOW).await, Ok(Begin::Reused));
}

async fn keys_of_two_callers_never_meet(store: Store) {
    let mine = call("c", 1);
    let theirs = Call { scope: "another".into(), ..mine.clone() };
    assert_eq!(store.begin(&mine, NOW).await, Ok(Begin::Fresh));
    assert_eq!(store.begin(&theirs, NOW).await, Ok(Begin::Fresh));
}

async fn a_call_lost_with_its_process_may_run_again(store: Store) {
    let call = call("d", 1);
    assert_eq!(store.begin(&call, NOW).await, Ok(Begin::Fresh));
    assert_eq!(store.begin(&call, NOW.plus(LOST_AFTER)).await, Ok(Begin::Fresh));
    assert_eq!(store.begin(&call, NOW.plus(LOST_AFTER + 1)).await, Ok(Begin::Running));
}

async fn a_call_that_did_nothing_may_run_again(store: Store) {
    let call = call("e", 1);
    assert_eq!(store.begin(&call, NOW).await, Ok(Begin::Fresh));
    store.forget(&call).await.unwrap();
    assert_eq!(store.begin(&call, NOW).await, Ok(Begin::Fresh));
}

async fn a_day_later_all_is_forgotten(store: Store) {
    let call = call("f", 1);
    store.begin(&call, NOW).await.unwrap();
    store.finish(&call, &answer(), NOW).await.unwrap();
    assert_eq!(store.sweep(NOW.plus(REMEMBERED_FOR - 1)).await, Ok(0));
    assert_eq!(store.sweep(NOW.plus(REMEMBERED_FOR)).await, Ok(1));
    assert_eq!(store.begin(&call, NOW.plus(REMEMBERED_FOR)).await, Ok(Begin::Fresh));
}

async fn of_many_at_once_one_runs(store: Store) {
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.begin(&call("g", 1), NOW).await.unwrap() })
        })
        .collect();
    let mut fresh = 0;
    for task in tasks {
        fresh += usize::from(task.await.unwrap() == Begin::Fresh);
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
