//! A store that refuses, and news that are missed: neither makes a storm of requests, nor lasts.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use domain::seat::{SeatId, SeatState};
use tokio::time::sleep;

use super::processes::soon;
use super::storm::quick;
use super::{Evening, NOW, process};
use crate::bus::memory::MemoryBus;
use crate::bus::{Bus, MAX_MESSAGE};
use crate::holds::cql::Tuning;
use crate::holds::cql::fake::{FakeTable, Fate, Faults};
use crate::holds::cql::news::channel;
use crate::holds::store::{HoldStore, Loss, Outcome, Sold};

#[tokio::test(start_paused = true)]
async fn a_store_whose_writes_come_to_nothing_is_not_asked_as_fast_as_it_refuses() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let store = process(&table, Tuning::default(), None);
    evening.open(&store, Sold::default()).await;
    table.fate(&[], Some(Fate::Never));
    let buyers: Vec<_> = (0..20_u16)
        .map(|n| {
            let (store, grant) = (store.clone(), evening.grant(n, &[u32::from(n) % 7], 0));
            tokio::spawn(async move { store.place(&grant, NOW).await })
        })
        .collect();
    sleep(Duration::from_secs(1)).await;
    let writes = store.counters().writes.load(Ordering::Relaxed);
    assert!((2..=30).contains(&writes), "{writes} writes in a second");
    // It works again, and everybody is told.
    table.fate(&[], None);
    let mut granted = 0;
    for buyer in buyers {
        match buyer.await.unwrap() {
            Outcome::Applied(_) => granted += 1,
            Outcome::Lost(Loss::Taken { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(granted, 7);
}

#[tokio::test(start_paused = true)]
async fn looks_before_a_block_are_bounded_as_wishes_are() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let tuning = Tuning { queue: 5, trust: Duration::ZERO, ..quick() };
    let store = process(&table, tuning, None);
    evening.open(&store, Sold::default()).await;
    let Outcome::Applied(_) = store.place(&evening.grant(0, &[3], 0), NOW).await else { panic!() };
    // Everybody wants what is taken, and has to look first.
    table.fail(Faults { takes: Duration::from_millis(100), ..Faults::default() });
    let crowd = (1..=100_u16).map(|n| {
        let (store, grant) = (store.clone(), evening.grant(n, &[3], 0));
        tokio::spawn(async move { store.place(&grant, NOW).await })
    });
    let told = futures::future::join_all(crowd).await;
    let busy = told.iter().filter(|told| matches!(told, Ok(Outcome::Lost(Loss::Busy)))).count();
    assert!(busy > 0, "a hundred waited where five may");
    assert_eq!(store.counters().busy.load(Ordering::Relaxed), busy as u64);
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_read_after_a_gap_is_read_again() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let bus = Arc::new(MemoryBus::default());
    // One that tells nobody, and one that hears of gaps.
    let quiet = process(&table.sound(), Tuning::default(), None);
    let listens = process(&table, Tuning::default(), Some(Arc::clone(&bus) as Arc<dyn Bus>));
    evening.open(&quiet, Sold::default()).await;
    evening.open(&listens, Sold::default()).await;
    let Outcome::Applied(_) = quiet.place(&evening.grant(1, &[3], 0), NOW).await else { panic!() };
    table.fail(Faults { unread: 1, ..Faults::default() });
    bus.publish(&channel(evening.event()), Bytes::from(vec![0; MAX_MESSAGE + 1])).await.unwrap();
    let seen = async || listens.snapshot(evening.event(), NOW).await.unwrap().unwrap().states.get(SeatId(3));
    sleep(Duration::from_millis(300)).await;
    assert_eq!(seen().await, SeatState::Free, "it could not be read");
    table.fail(Faults::default());
    soon(async || seen().await == SeatState::Held).await;
}
