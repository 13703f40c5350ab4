//! What shelves do, on a store in memory and on stores that fail.

use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use domain::time::{MINUTE, Millis, SECOND};

use super::*;
use crate::cache::{ANSWERED_WITHIN, Answer, Bulkhead, FORGOTTEN_FOR, Kind, Shelf};
use crate::clock::ManualClock;
use crate::test_support::NOW;
use crate::trouble::Trouble;

const KIND: Kind = Kind { prefix: "event:", version: 1, time: Duration::from_secs(300) };

fn shelf_of(kind: Kind, store: Option<Store>) -> Shelf<String> {
    Shelf::new(kind, store, Arc::new(Bulkhead::new("a test", 8)), Arc::new(ManualClock::at(NOW)))
}

fn shelf(store: &Store) -> Shelf<String> {
    shelf_of(KIND, Some(Arc::clone(store)))
}

fn memory_store() -> Store {
    Arc::new(MemoryCache::default())
}

async fn told(shelf: &Shelf<String>, now: Millis, text: &str) -> String {
    let answer = shelf.get("{x}", now, async { Ok(text.to_owned()) }).await.unwrap();
    answer.as_ref().clone()
}

#[tokio::test]
async fn an_answer_is_kept_for_other_processes() {
    let store = memory_store();
    assert_eq!(told(&shelf(&store), NOW, "first").await, "first");
    assert_eq!(told(&shelf(&store), NOW, "second").await, "first");
}

#[tokio::test]
async fn of_many_who_want_an_answer_one_asks() {
    for store in [Some(memory_store()), None] {
        let shelf = Arc::new(shelf_of(KIND, store));
        let asked = Arc::new(AtomicU32::new(0));
        let tasks: Vec<_> = (0..200)
            .map(|_| {
                let (shelf, asked) = (Arc::clone(&shelf), Arc::clone(&asked));
                tokio::spawn(async move {
                    let ask = async {
                        asked.fetch_add(1, Ordering::SeqCst);
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        Ok("once".to_owned())
                    };
                    shelf.get("{x}", NOW, ask).await.unwrap()
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(*task.await.unwrap(), "once");
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }
}

/// In many rounds, of which every other one loses one of them, who may be the one who asks.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_four_threads_one_asks_and_everybody_is_told() {
    let shelf = Arc::new(shelf(&memory_store()));
    for round in 0..300_u32 {
        let asked = Arc::new(AtomicU32::new(0));
        let wants = |_| {
            let (shelf, asked) = (Arc::clone(&shelf), Arc::clone(&asked));
            tokio::spawn(async move {
                let ask = async {
                    asked.fetch_add(1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                    Ok(round.to_string())
                };
                shelf.get(&format!("{{{round}}}"), NOW, ask).await.unwrap()
            })
        };
        let mut crowd: Vec<_> = (0..16).map(wants).collect();
        let gone = round % 2;
        if gone == 1 {
            crowd.swap_remove(0).abort();
        }
        for waits in crowd {
            let told = tokio::time::timeout(PATIENCE, waits).await.expect("it is told").unwrap();
            assert_eq!(*told, round.to_string());
        }
        let asked = asked.load(Ordering::SeqCst);
        assert!((1..=1 + gone).contains(&asked), "{asked} asked, and {gone} went away");
    }
}

#[tokio::test]
async fn whoever_waits_is_answered_though_the_first_went_away() {
    let shelf = Arc::new(shelf_of(KIND, None));
    let first = tokio::spawn({
        let shelf = Arc::clone(&shelf);
        async move { shelf.get("{x}", NOW, std::future::pending::<Result<String, Trouble>>()).await }
    });
    tokio::task::yield_now().await;
    let second = tokio::spawn({
        let shelf = Arc::clone(&shelf);
        async move { told(&shelf, NOW, "mine").await }
    });
    tokio::task::yield_now().await;
    first.abort();
    assert_eq!(second.await.unwrap(), "mine");
}

#[tokio::test(start_paused = true)]
async fn a_question_that_is_never_answered_ends_and_the_next_one_asks_anew() {
    let shelf = Arc::new(Shelf::new(KIND, None, Arc::new(Bulkhead::new("a test", 1)), Arc::new(ManualClock::at(NOW))));
    // Nobody drops it, as nobody drops a question that is heard later.
    let stuck = tokio::spawn({
        let shelf = Arc::clone(&shelf);
        async move { shelf.get("{x}", NOW, std::future::pending::<Result<String, Trouble>>()).await }
    });
    tokio::task::yield_now().await;
    let waits = tokio::time::timeout(2 * ANSWERED_WITHIN, shelf.get("{x}", NOW, async { Ok("mine".to_owned()) }));
    let heard = waits.await.expect("nobody waits without end");
    assert!(matches!(heard, Err(Trouble::Unavailable { .. })), "{heard:?}");
    assert_eq!(stuck.await.unwrap(), heard);
    assert_eq!(told(&shelf, NOW, "another").await, "another", "and its turn is another's");
}

#[tokio::test(start_paused = true)]
async fn what_was_read_before_a_change_is_not_kept_when_its_mark_has_ended() {
    let store = memory_store();
    let shelf = shelf(&store);
    let ask = async {
        // The process stands still with the answer in its hand.
        tokio::time::advance(FORGOTTEN_FOR).await;
        Ok("old".to_owned())
    };
    assert_eq!(*shelf.get("{x}", NOW, ask).await.unwrap(), "old", "whoever asked before may see it");
    assert_eq!(told(&shelf, NOW, "new").await, "new", "and nobody later");
}

#[tokio::test]
async fn what_was_read_before_a_change_is_not_kept_after_it() {
    let store = memory_store();
    let shelf = shelf(&store);
    let ask = async {
        // Read from the books; then the books change, and only then the answer arrives.
        shelf.forget("{x}").await.unwrap();
        Ok("old".to_owned())
    };
    assert_eq!(*shelf.get("{x}", NOW, ask).await.unwrap(), "old", "whoever asked before may see it");
    assert_eq!(told(&shelf, NOW, "new").await, "new", "and nobody later");
}

#[tokio::test]
async fn what_cannot_be_read_is_not_there() {
    for odd in [&b"\x01not json"[..], b"\x02{\"from\":0,\"until\":9999999999999,\"value\":\"other\"}", b"\x01", b"?"] {
        let store = memory_store();
        store.keep("event:{x}", Bytes::from_static(odd), LONG).await.unwrap();
        assert_eq!(told(&shelf(&store), NOW, "asked").await, "asked");
    }
}

#[tokio::test]
async fn a_new_encoding_does_not_read_the_old_one() {
    let store = memory_store();
    assert_eq!(told(&shelf(&store), NOW, "old").await, "old");
    let newer = shelf_of(Kind { version: 2, ..KIND }, Some(Arc::clone(&store)));
    assert_eq!(told(&newer, NOW, "new").await, "new");
}

#[tokio::test]
async fn an_answer_holds_from_its_question_until_it_stops_being_true() {
    let store = memory_store();
    let shelf = shelf(&store);
    let announced = async { Ok(Answer { value: "announced".to_owned(), until: Some(NOW.plus(MINUTE)) }) };
    shelf.get("{x}", NOW, announced).await.unwrap();
    assert_eq!(told(&shelf, NOW.plus(MINUTE - 1), "on sale").await, "announced");
    assert_eq!(told(&shelf, NOW.plus(MINUTE), "on sale").await, "on sale");
    assert_eq!(told(&shelf, NOW.plus(-1), "yesterday").await, "yesterday");
}

#[tokio::test]
async fn answers_end_a_little_apart() {
    let store = memory_store();
    let shelf = shelf(&store);
    let mut ends = std::collections::BTreeSet::new();
    for number in 0..20 {
        let name = format!("{{{number}}}");
        shelf.get(&name, NOW, async { Ok("x".to_owned()) }).await.unwrap();
        let bytes = store.get(&format!("event:{name}")).await.unwrap().unwrap();
        let kept: serde_json::Value = serde_json::from_slice(&bytes[1..]).unwrap();
        let time = kept["until"].as_i64().unwrap() - NOW.0;
        assert!((270 * SECOND..=300 * SECOND).contains(&time), "{time}");
        ends.insert(time);
    }
    assert!(ends.len() > 10, "{ends:?}");
}

#[tokio::test]
async fn what_is_too_large_is_asked_each_time() {
    let store = memory_store();
    let large = "x".repeat(MAX_VALUE);
    assert_eq!(told(&shelf(&store), NOW, &large).await, large);
    assert_eq!(told(&shelf(&store), NOW, "small").await, "small");
}

struct Away;

#[async_trait]
impl CacheStore for Away {
    async fn get(&self, _: &str) -> Result<Option<Bytes>, Trouble> {
        Err(Trouble::Unavailable { what: "a test", detail: "away".into() })
    }
    async fn keep(&self, _: &str, _: Bytes, _: Duration) -> Result<bool, Trouble> {
        Err(Trouble::Unconfirmed { what: "a test", detail: "silent".into() })
    }
    async fn renew(&self, _: &str, _: Duration) -> Result<Option<Bytes>, Trouble> {
        Err(Trouble::Unavailable { what: "a test", detail: "away".into() })
    }
    async fn forget(&self, _: &str) -> Result<(), Trouble> {
        Err(Trouble::Unconfirmed { what: "a test", detail: "silent".into() })
    }
}

#[tokio::test]
async fn without_its_store_a_shelf_asks() {
    let store: Store = Arc::new(Away);
    let shelf = shelf(&store);
    assert_eq!(told(&shelf, NOW, "first").await, "first");
    assert!(shelf.forget("{x}").await.is_err());
    assert_eq!(told(&shelf, NOW, "second").await, "second");
}

#[tokio::test]
async fn trouble_is_told_to_all_who_waited_and_not_kept() {
    let store = memory_store();
    let shelf = shelf(&store);
    let trouble = Trouble::Unavailable { what: "a test", detail: "no".into() };
    let refused = shelf.get("{x}", NOW, std::future::ready(Err::<String, _>(trouble.clone()))).await;
    assert_eq!(refused, Err(trouble));
    assert_eq!(told(&shelf, NOW, "later").await, "later");
}
