//! The laws of whoever counts requests, one named test per law and implementation; `broken.rs` shows each able to fail.

mod broken;
mod random;

use std::sync::Arc;

use domain::time::{MINUTE, Millis};
use tokio::sync::Barrier;

use super::memory::MemoryRates;
use super::redis::RedisRates;
use super::{Limits, Nonce, RateStore, Rule, Verdict};
use crate::clock::ManualClock;
use crate::test_support::each_law;
use crate::test_support::{NOW, redis};
use crate::trouble::Trouble;

type Store = Arc<dyn RateStore>;

/// One a minute, five at once.
const RULE: Rule = Rule { name: "searches", per_hour: 60, burst: 5 };
const WHO: &str = "203.0.113.9";

/// Distinct in the whole process, so that tests may share a server.
fn nonce() -> Nonce {
    static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed).to_be_bytes());
    Nonce(bytes)
}

async fn take(store: &Store, who: &str, now: Millis) -> Verdict {
    store.take(RULE, who, nonce(), now).await.unwrap()
}

async fn spend_the_burst(store: &Store, who: &str, now: Millis) {
    for left in (0..RULE.burst).rev() {
        assert_eq!(take(store, who, now).await, Verdict::Granted { left });
    }
}

async fn after_the_burst_one_comes_an_interval(store: Store) {
    spend_the_burst(&store, WHO, NOW).await;
    assert_eq!(take(&store, WHO, NOW).await, Verdict::Refused { retry_after: MINUTE });
    assert_eq!(take(&store, WHO, NOW.plus(MINUTE - 1)).await, Verdict::Refused { retry_after: 1 });
    assert_eq!(take(&store, WHO, NOW.plus(MINUTE)).await, Verdict::Granted { left: 0 });
    assert_eq!(take(&store, WHO, NOW.plus(MINUTE)).await, Verdict::Refused { retry_after: MINUTE });
    spend_the_burst(&store, WHO, NOW.plus(10 * MINUTE)).await;
}

async fn a_refusal_costs_nothing(store: Store) {
    spend_the_burst(&store, WHO, NOW).await;
    for _ in 0..50 {
        assert_eq!(take(&store, WHO, NOW).await, Verdict::Refused { retry_after: MINUTE });
    }
    assert_eq!(take(&store, WHO, NOW.plus(MINUTE)).await, Verdict::Granted { left: 0 });
}

async fn clients_and_rules_count_apart(store: Store) {
    spend_the_burst(&store, WHO, NOW).await;
    spend_the_burst(&store, "2001:db8:1:2::", NOW).await;
    let other = Rule { name: "writes", ..RULE };
    assert_eq!(store.take(other, WHO, nonce(), NOW).await, Ok(Verdict::Granted { left: 4 }));
    assert!(matches!(take(&store, WHO, NOW).await, Verdict::Refused { .. }));
}

async fn the_same_question_counts_once(store: Store) {
    let question = nonce();
    for _ in 0..10 {
        assert_eq!(store.take(RULE, WHO, question, NOW).await, Ok(Verdict::Granted { left: 4 }));
    }
    assert_eq!(take(&store, WHO, NOW).await, Verdict::Granted { left: 3 });
}

async fn a_clock_that_jumps_back_locks_nobody_out(store: Store) {
    spend_the_burst(&store, WHO, NOW.plus(60 * MINUTE)).await;
    assert_eq!(take(&store, WHO, NOW).await, Verdict::Refused { retry_after: MINUTE });
    // From then on it is as if the burst had been spent by the clock that is right.
    assert_eq!(take(&store, WHO, NOW.plus(MINUTE)).await, Verdict::Granted { left: 0 });
    assert_eq!(take(&store, WHO, NOW.plus(MINUTE)).await, Verdict::Refused { retry_after: MINUTE });
    spend_the_burst(&store, WHO, NOW.plus(6 * MINUTE)).await;
}

async fn clocks_that_differ_a_little_are_no_way_around(store: Store) {
    // Each is as far from the other as two processes may be, and more than an interval.
    let often = Rule { name: "often", per_hour: 36_000, burst: 5 };
    let (ahead, behind) = (NOW, NOW.plus(-200));
    let ask = async |now| matches!(store.take(often, WHO, nonce(), now).await, Ok(Verdict::Granted { .. }));
    for _ in 0..5 {
        assert!(ask(ahead).await);
    }
    for _ in 0..20 {
        assert!(!ask(behind).await && !ask(ahead).await, "nothing has passed");
    }
}

async fn of_many_at_once_exactly_the_burst_is_granted(store: Store) {
    let tasks: Vec<_> = (0..40)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { take(&store, WHO, NOW).await })
        })
        .collect();
    let mut granted = 0;
    for task in tasks {
        granted += u32::from(matches!(task.await.unwrap(), Verdict::Granted { .. }));
    }
    assert_eq!(granted, RULE.burst);
}

/// Round after round, where the counts are in this process.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_four_threads_exactly_the_burst_is_granted_each_time() {
    let store: Store = Arc::new(MemoryRates::default());
    for round in 0..200 {
        let (who, together) = (format!("2001:db8:{round}::"), Arc::new(Barrier::new(16)));
        let crowd = (0..16).map(|_| {
            let (store, who, together) = (Arc::clone(&store), who.clone(), Arc::clone(&together));
            tokio::spawn(async move {
                together.wait().await;
                take(&store, &who, NOW).await
            })
        });
        let told = futures::future::join_all(crowd).await;
        let mut left: Vec<u32> = Vec::new();
        for told in told {
            if let Verdict::Granted { left: still } = told.unwrap() {
                left.push(still);
            }
        }
        left.sort_unstable();
        assert!(left.iter().copied().eq(0..RULE.burst), "granted, with so many left: {left:?}");
    }
}

async fn a_rule_of_one_an_hour_and_one_of_millions_both_work(store: Store) {
    let rare = Rule { name: "rare", per_hour: 1, burst: 1 };
    assert_eq!(store.take(rare, WHO, nonce(), NOW).await, Ok(Verdict::Granted { left: 0 }));
    let hour = 60 * MINUTE;
    assert_eq!(store.take(rare, WHO, nonce(), NOW).await, Ok(Verdict::Refused { retry_after: hour }));
    let many = Rule { name: "many", per_hour: 900_000_000, burst: 1_000_000 };
    for _ in 0..10 {
        assert!(matches!(store.take(many, WHO, nonce(), NOW).await, Ok(Verdict::Granted { .. })));
    }
}

async fn what_is_given_back_may_be_sent_again_at_once(store: Store) {
    spend_the_burst(&store, WHO, NOW.plus(-1)).await;
    let soon = NOW.plus(10 * MINUTE);
    spend_the_burst_but(1, &store, soon).await;
    for _ in 0..20 {
        let last = nonce();
        assert_eq!(store.take(RULE, WHO, last, soon).await, Ok(Verdict::Granted { left: 0 }));
        store.give_back(RULE, WHO, last, soon, soon).await.unwrap();
    }
    assert_eq!(take(&store, WHO, soon).await, Verdict::Granted { left: 0 });
    assert_eq!(take(&store, WHO, soon).await, Verdict::Refused { retry_after: MINUTE });
    // In seven seconds as much of it has come back by itself.
    let (late, last) = (soon.plus(MINUTE), nonce());
    assert_eq!(store.take(RULE, WHO, last, late).await, Ok(Verdict::Granted { left: 0 }));
    store.give_back(RULE, WHO, last, late, late.plus(7_000)).await.unwrap();
    assert_eq!(take(&store, WHO, late.plus(6_999)).await, Verdict::Refused { retry_after: 1 });
    assert_eq!(take(&store, WHO, late.plus(7_000)).await, Verdict::Granted { left: 0 });
}

async fn spend_the_burst_but(spare: u32, store: &Store, now: Millis) {
    for left in (spare..RULE.burst).rev() {
        assert_eq!(take(store, WHO, now).await, Verdict::Granted { left });
    }
}

async fn nothing_is_given_back_twice_or_late_or_without_being_taken(store: Store) {
    let (last, refused, late) = (nonce(), nonce(), NOW.plus(2 * MINUTE));
    spend_the_burst_but(1, &store, NOW).await;
    assert_eq!(store.take(RULE, WHO, last, NOW).await, Ok(Verdict::Granted { left: 0 }));
    for _ in 0..3 {
        store.give_back(RULE, WHO, last, NOW, NOW).await.unwrap();
    }
    assert_eq!(take(&store, WHO, NOW).await, Verdict::Granted { left: 0 });
    assert_eq!(store.take(RULE, WHO, refused, NOW).await, Ok(Verdict::Refused { retry_after: MINUTE }));
    store.give_back(RULE, WHO, refused, NOW, NOW).await.unwrap();
    assert_eq!(take(&store, WHO, NOW).await, Verdict::Refused { retry_after: MINUTE });
    let last = nonce();
    assert_eq!(store.take(RULE, WHO, last, late).await, Ok(Verdict::Granted { left: 1 }));
    store.give_back(RULE, WHO, last, late, late.plus(10_001)).await.unwrap();
    assert_eq!(take(&store, WHO, late.plus(10_001)).await, Verdict::Granted { left: 0 });
    store.give_back(RULE, "198.51.100.77", nonce(), late, late).await.unwrap();
}

macro_rules! laws {
    ($module:ident, $make:expr) => {
        each_law!(
            $module,
            $make,
            [
                after_the_burst_one_comes_an_interval,
                a_refusal_costs_nothing,
                clients_and_rules_count_apart,
                the_same_question_counts_once,
                a_clock_that_jumps_back_locks_nobody_out,
                clocks_that_differ_a_little_are_no_way_around,
                of_many_at_once_exactly_the_burst_is_granted,
                a_rule_of_one_an_hour_and_one_of_millions_both_work,
                what_is_given_back_may_be_sent_again_at_once,
                nothing_is_given_back_twice_or_late_or_without_being_taken,
            ]
        );
    };
}

async fn memory() -> Store {
    Arc::new(MemoryRates::default())
}

async fn one_redis() -> Store {
    Arc::new(RedisRates::new(redis::one().await))
}

async fn redis_cluster() -> Store {
    Arc::new(RedisRates::new(redis::cluster().await))
}

laws!(in_memory, memory());
laws!(on_redis, one_redis());
laws!(on_a_redis_cluster, redis_cluster());

struct Away;

#[async_trait::async_trait]
impl RateStore for Away {
    async fn take(&self, _: Rule, _: &str, _: Nonce, _: Millis) -> Result<Verdict, Trouble> {
        Err(Trouble::Unconfirmed { what: "a test", detail: "silent".into() })
    }

    async fn give_back(&self, _: Rule, _: &str, _: Nonce, _: Millis, _: Millis) -> Result<(), Trouble> {
        Err(Trouble::Unconfirmed { what: "a test", detail: "silent".into() })
    }
}

#[tokio::test]
async fn without_redis_this_process_counts_and_has_counted_all_the_time() {
    let clock = Arc::new(ManualClock::at(NOW));
    for everywhere in [None, Some(Arc::new(Away) as Store)] {
        let limits = Limits::new(everywhere, clock.clone());
        for _ in 0..RULE.burst {
            assert!(limits.lend(RULE, WHO, NOW).await.is_ok());
        }
        assert_eq!(limits.lend(RULE, WHO, NOW).await.map(drop), Err(MINUTE));
    }
}

#[tokio::test]
async fn what_is_lent_and_given_back_was_never_taken_with_redis_or_without() {
    let clock = Arc::new(ManualClock::at(NOW));
    for (number, everywhere) in [None, Some(Arc::new(Away) as Store), Some(one_redis().await)].into_iter().enumerate() {
        let (limits, who) = (Limits::new(everywhere, clock.clone()), format!("client {number}"));
        for _ in 0..10 * RULE.burst {
            let lent = limits.lend(RULE, &who, NOW).await.unwrap();
            if let Some(others) = limits.give_back(lent, NOW) {
                others.await;
            }
        }
        for _ in 0..RULE.burst {
            drop(limits.lend(RULE, &who, NOW).await.unwrap());
        }
        assert_eq!(limits.lend(RULE, &who, NOW).await.unwrap_err(), MINUTE);
    }
}
