//! A crowd before one block: what its wishes cost.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::hold::Hold;
use domain::ids::HoldId;
use domain::seat::SeatId;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::{Evening, NOW, on, process};
use crate::holds::cql::door::Met;
use crate::holds::cql::fake::{FakeTable, Fate, Faults};
use crate::holds::cql::{CqlHolds, Tuning};
use crate::holds::store::{Grant, HoldStore, Layout, Loss, Outcome, Sold};
use crate::trouble::Trouble;

const CONTENDED: u16 = 20;
/// Of the runtime's timers, and of the loop that all who wait share.
const GRAIN: Duration = Duration::from_millis(50);

/// A grant whose id was minted just now.
pub(super) fn fresh(evening: Evening, n: u16, seats: &[u32], standing: u32) -> Grant {
    Grant { id: HoldId::mint(NOW, evening.bytes(4, n)), ..evening.grant(n, seats, standing) }
}

/// The wishes of a hundred for each of twenty seats of one block, all at once.
#[tokio::test(start_paused = true)]
async fn a_hundred_who_want_the_same_seat_cost_no_write_each() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let store = on(&table);
    let layout = Layout { blocks: (0..40).map(|_| 0).collect(), ..Layout::default() };
    store.open(evening.event(), layout).await.unwrap();
    store.load_sold(evening.event(), Sold::default()).await.unwrap();
    table.fail(Faults { takes: Duration::from_millis(20), ..Faults::default() });
    let crowd = (0..CONTENDED * 100).map(|n| {
        let (store, grant) = (store.clone(), evening.grant(n, &[u32::from(n / 100)], 0));
        tokio::spawn(async move { (grant.seats[0], store.place(&grant, NOW).await) })
    });
    let mut holders: HashMap<SeatId, u32> = HashMap::new();
    for told in futures::future::join_all(crowd).await {
        match told.unwrap() {
            (seat, Outcome::Applied(_)) => *holders.entry(seat).or_default() += 1,
            (seat, Outcome::Lost(Loss::Taken { seats, .. })) => assert_eq!(seats, [seat]),
            (seat, other) => panic!("{seat:?}: {other:?}"),
        }
    }
    assert_eq!(holders.len(), usize::from(CONTENDED));
    assert!(holders.values().all(|holders| *holders == 1), "{holders:?}");
    let writes = store.counters().writes.load(Ordering::Relaxed);
    assert!(writes <= 4, "{writes} conditional writes for {CONTENDED} holds");
}

/// A hall of one block of forty seats.
pub(super) async fn one_block(table: &FakeTable, tuning: Tuning) -> (CqlHolds, Evening) {
    let (store, evening) = (process(table, tuning, None), Evening::new());
    let layout = Layout { blocks: (0..40).map(|_| 0).collect(), ..Layout::default() };
    store.open(evening.event(), layout).await.unwrap();
    store.load_sold(evening.event(), Sold::default()).await.unwrap();
    (store, evening)
}

/// Those of these numbers all want seat 3, under ids of this moment.
fn all_want_one(store: &CqlHolds, evening: Evening, crowd: Range<u16>) -> Vec<JoinHandle<Outcome<Hold>>> {
    let wants = |n| {
        let (store, grant) = (store.clone(), fresh(evening, n, &[3], 0));
        tokio::spawn(async move { store.place(&grant, NOW).await })
    };
    crowd.map(wants).collect()
}

/// How many were granted, found their seat taken, were told that it is busy, and that nothing was done.
pub(super) async fn told(crowd: Vec<JoinHandle<Outcome<Hold>>>) -> [usize; 4] {
    let mut told = [0; 4];
    for one in crowd {
        told[match one.await.unwrap() {
            Outcome::Applied(_) => 0,
            Outcome::Lost(Loss::Taken { .. }) => 1,
            Outcome::Lost(Loss::Busy) => 2,
            Outcome::Unknown(Trouble::Unavailable { .. }) => 3,
            other => panic!("{other:?}"),
        }] += 1;
    }
    told
}

/// With room for one wish in the queue: nobody else is in it.
#[tokio::test(start_paused = true)]
async fn who_wants_what_somebody_is_inside_for_waits_outside_and_costs_nothing() {
    let table = FakeTable::default();
    let (store, evening) = one_block(&table, Tuning { queue: 1, ..Tuning::default() }).await;
    table.fail(Faults { takes: Duration::from_millis(100), ..Faults::default() });
    assert_eq!(told(all_want_one(&store, evening, 0..500)).await, [1, 499, 0, 0]);
    assert_eq!(store.counters().writes.load(Ordering::Relaxed), 1);
    assert_eq!(store.counters().spared.load(Ordering::Relaxed), 499);
}

#[tokio::test(start_paused = true)]
async fn where_the_first_comes_to_nothing_those_outside_go_in() {
    let table = FakeTable::default();
    let (store, evening) = one_block(&table, Tuning::default()).await;
    table.fail(Faults { takes: Duration::from_millis(100), ..Faults::default() });
    table.fate(&[Fate::Refused], None);
    assert_eq!(told(all_want_one(&store, evening, 0..50)).await, [1, 48, 0, 1]);
}

/// What somebody has waited outside is a part of the time in which a write has to begin for them.
#[tokio::test(start_paused = true)]
async fn who_has_waited_outside_does_not_wait_as_long_again_inside() {
    let table = FakeTable::default();
    let tuning = Tuning { begin_within: Duration::from_millis(600), ..Tuning::default() };
    let (store, evening) = one_block(&table, tuning).await;
    table.fail(Faults { takes: Duration::from_millis(400), ..Faults::default() });
    table.fate(&[Fate::Refused], None);
    // The first comes to nothing after 400 ms; one of the rest writes then, and 200 ms later is too late for the others.
    assert_eq!(told(all_want_one(&store, evening, 0..20)).await, [1, 0, 0, 19]);
}

/// One clock for all who wait, and yet each is told in their own time.
#[tokio::test(start_paused = true)]
async fn everybody_outside_waits_their_own_time() {
    let table = FakeTable::default();
    let within = Duration::from_millis(600);
    let (store, evening) = one_block(&table, Tuning { begin_within: within, ..Tuning::default() }).await;
    table.falls_silent(Some(0));
    let first = all_want_one(&store, evening, 0..1);
    while table.rows_sent().is_empty() {
        sleep(Duration::from_millis(1)).await;
    }
    let waits = |n| {
        let (store, grant) = (store.clone(), fresh(evening, n, &[3], 0));
        async move {
            sleep(Duration::from_millis(u64::from(n) * 200)).await;
            let begun = Instant::now();
            (store.place(&grant, NOW).await, begun.elapsed())
        }
    };
    // The last of them comes when the first has gone.
    for (told, waited) in futures::future::join_all((1..6).map(waits)).await {
        assert!(matches!(told, Outcome::Unknown(Trouble::Unavailable { .. })), "{told:?}");
        assert!(waited >= within && waited <= within + GRAIN, "told after {waited:?}");
    }
    assert!(!first[0].is_finished(), "its write may have happened");
}

/// Whoever waits outside of the first of two blocks is told what became of it there.
#[tokio::test(start_paused = true)]
async fn a_hold_over_two_blocks_keeps_nobody_waiting_for_the_other() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let store = process(&table, Tuning::default(), None);
    let layout = Layout { blocks: (0..40).map(|seat| seat / 20).collect(), ..Layout::default() };
    store.open(evening.event(), layout).await.unwrap();
    store.load_sold(evening.event(), Sold::default()).await.unwrap();
    table.fail(Faults { takes: Duration::from_millis(100), ..Faults::default() });
    table.falls_silent(Some(1));
    let wants = |n, seats: &[u32]| {
        let (store, grant) = (store.clone(), fresh(evening, n, seats, 0));
        tokio::spawn(async move { store.place(&grant, NOW).await })
    };
    let first = wants(1, &[19, 20]);
    while table.rows_sent().is_empty() {
        sleep(Duration::from_millis(1)).await;
    }
    let crowd = (2..6).flat_map(|n| [wants(n, &[19]), wants(100 + n, &[20])]).collect();
    assert_eq!(told(crowd).await, [0, 4, 0, 4], "nobody knows yet of seat 20");
    assert!(!first.is_finished(), "its second write may have happened");
}

#[tokio::test(start_paused = true)]
async fn no_more_wait_outside_than_may() {
    let table = FakeTable::default();
    let (store, evening) = one_block(&table, Tuning { outside: 5, ..Tuning::default() }).await;
    table.fail(Faults { takes: Duration::from_millis(500), ..Faults::default() });
    assert_eq!(told(all_want_one(&store, evening, 0..20)).await, [1, 5, 14, 0]);
    assert_eq!(store.counters().busy.load(Ordering::Relaxed), 14);
    // Whoever left has made room.
    let crowd = (0..6).map(|n| {
        let (store, grant) = (store.clone(), fresh(evening, 100 + n, &[4], 0));
        tokio::spawn(async move { store.place(&grant, NOW).await })
    });
    assert_eq!(told(crowd.collect()).await, [1, 5, 0, 0]);
}

/// Somebody with a call under way cannot keep seats from others by asking for them, too.
#[tokio::test(start_paused = true)]
async fn who_waits_for_a_turn_of_their_own_keeps_nobody_outside() {
    let table = FakeTable::default();
    let (store, evening) = one_block(&table, Tuning::default()).await;
    table.fail(Faults { takes: Duration::from_millis(200), ..Faults::default() });
    let mut calls = Vec::new();
    for (n, holder, seat) in [(1, 1, 1), (2, 1, 3), (3, 2, 3)] {
        let (store, grant) = (store.clone(), fresh(evening, n, &[seat], 0));
        let grant = Grant { holder: evening.holder(holder), ..grant };
        let holder = grant.holder;
        let busy = store.clone();
        calls.push(tokio::spawn(async move { store.place(&grant, NOW).await }));
        while !busy.inner.book.has_turn(holder) {
            sleep(Duration::from_millis(1)).await;
        }
    }
    let second = calls.remove(1);
    assert_eq!(told(calls).await, [2, 0, 0, 0]);
    assert_eq!(told(vec![second]).await, [0, 1, 0, 0]);
}

/// However close they come: whoever is inside has its turn by then.
#[tokio::test]
async fn of_two_calls_of_one_holder_one_is_inside() {
    let table = FakeTable::default();
    let (store, evening) = one_block(&table, Tuning::default()).await;
    let wish = |n, holder, seat| Grant { holder: evening.holder(holder), ..fresh(evening, n, &[seat], 0) };
    let is_first = async |grant: &Grant| match store.inner.at_the_door(grant, NOW).await {
        Met::Way(way) => way.first,
        Met::Told(told) => panic!("{told:?}"),
    };
    let inside = is_first(&wish(1, 1, 1)).await;
    assert!(inside.is_some());
    assert!(is_first(&wish(2, 1, 3)).await.is_none(), "it waits for the turn of the first, and keeps nobody outside");
    assert!(is_first(&wish(3, 2, 3)).await.is_some());
    drop(inside);
    assert!(is_first(&wish(4, 1, 4)).await.is_some());
}

/// Nothing is asked for them, so nothing is to be found out: whoever goes away has left nothing, and the rest are told
/// in time.
#[tokio::test(start_paused = true)]
async fn who_waits_outside_of_a_silent_store_is_told_in_time_that_nothing_was_done() {
    let table = FakeTable::default();
    let (store, evening) = one_block(&table, Tuning::default()).await;
    table.falls_silent(Some(0));
    let begun = Instant::now();
    let mut first = all_want_one(&store, evening, 0..1);
    let first = first.remove(0);
    while table.rows_sent().is_empty() {
        sleep(Duration::from_millis(1)).await;
    }
    let mut crowd = all_want_one(&store, evening, 1..20);
    sleep(Duration::from_millis(50)).await;
    crowd.pop().unwrap().abort();
    crowd.pop();
    assert_eq!(told(crowd).await, [0, 0, 0, 17]);
    assert!(begun.elapsed() <= Duration::from_secs(2), "told after {:?}", begun.elapsed());
    assert!(!first.is_finished(), "its write may have happened");
}

/// Whoever comes when it is known is told where they stand: in no queue, and no question is put to the tables.
#[tokio::test(start_paused = true)]
async fn what_is_known_to_be_gone_is_refused_at_once() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let store = on(&table);
    evening.open(&store, Sold::default()).await;
    let fresh = |n, seats: &[u32], standing| fresh(evening, n, seats, standing);
    let Outcome::Applied(held) = store.place(&fresh(1, &[3], 0), NOW).await else { panic!() };
    let at_once = async |grant: Grant| match store.inner.at_the_door(&grant, NOW).await {
        Met::Told(told) => Some(told),
        Met::Way(_) => None,
    };
    let gone = Loss::Taken { seats: vec![SeatId(3)], standing: Vec::new() };
    assert_eq!(at_once(fresh(2, &[2, 3], 0)).await, Some(Outcome::Lost(gone)));
    // Nothing of this is as simple: one's own, a free one, standing places, a change, one who may hold no more, an old id.
    for grant in [
        fresh(1, &[3], 0),
        fresh(3, &[2], 0),
        fresh(3, &[3], 1),
        Grant { replaces: Some(held.id), ..fresh(4, &[3], 0) },
        Grant { max_holds: 0, ..fresh(5, &[3], 0) },
        evening.grant(6, &[3], 0),
    ] {
        assert_eq!(at_once(grant.clone()).await, None, "{grant:?}");
    }
}
