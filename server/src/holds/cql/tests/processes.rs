//! Several processes on one keyspace: they meet in the rows, and tell each other over the bus.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::seat::{SeatId, SeatState};
use domain::time::MINUTE;

use super::{CAPACITY, Evening, NOW, SEATS, patient, process};
use crate::bus::Bus;
use crate::bus::memory::MemoryBus;
use crate::holds::audit::Drift;
use crate::holds::cql::CqlHolds;
use crate::holds::cql::fake::{FakeTable, Faults};
use crate::holds::store::{Grant, HoldStore, Layout, Loss, Outcome, Sold};
use crate::stores::cql::Cql;
use crate::stores::cql::connect::Settings;
use crate::test_support::PATIENT;
use crate::test_support::cassandra::three::stage;

/// Hundreds of wishes for the same forty seats, each on one of the processes. Whoever is told that the store did not
/// answer asks again, so many times in all.
async fn contend(processes: Vec<CqlHolds>, evening: Evening, times: usize) {
    for one in &processes {
        evening.open(one, Sold::default()).await;
    }
    let mut tasks = Vec::new();
    for n in 0..300_u16 {
        let store = processes[usize::from(n) % processes.len()].clone();
        let first = u32::from(n) * 11 % (SEATS - 8);
        let grant = evening.grant(n, &[first, first + 1, first + 7], u32::from(n % 5 == 0));
        tasks.push(tokio::spawn(async move {
            for _ in 1..times {
                match store.place(&grant, NOW).await {
                    Outcome::Unknown(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                    told => return told,
                }
            }
            store.place(&grant, NOW).await
        }));
    }
    let (mut seats, mut standing, mut granted) = (HashSet::new(), 0, Vec::new());
    for task in tasks {
        match task.await.unwrap() {
            Outcome::Applied(hold) => {
                hold.seats.iter().for_each(|seat| assert!(seats.insert(*seat), "{seat:?} twice"));
                standing += hold.standing.iter().map(|(_, n)| n).sum::<u32>();
                granted.push(hold);
            }
            Outcome::Lost(Loss::Taken { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    // How many is chance: wishes also lose to wishes that are put back a moment later.
    assert!(!granted.is_empty() && standing <= CAPACITY, "{} granted", granted.len());
    for (n, hold) in granted.iter().enumerate() {
        let elsewhere = &processes[(n + 1) % processes.len()];
        assert_eq!(elsewhere.verify(hold.id, hold.holder, NOW).await.unwrap().as_ref(), Some(hold));
    }
    // Nothing is left behind by those who lost.
    for one in &processes {
        one.marks(evening.event()).await.unwrap();
        let seen = one.snapshot(evening.event(), NOW).await.unwrap().unwrap();
        for seat in (0..SEATS - 1).map(SeatId) {
            assert_eq!(seen.states.get(seat) == SeatState::Held, seats.contains(&seat), "{seat:?}");
        }
        assert_eq!(seen.standing[0].1, CAPACITY - standing);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_contend_grant_each_seat_once() {
    let table = FakeTable::default();
    let bus: Arc<dyn Bus> = Arc::new(MemoryBus::default());
    let processes = (0..3).map(|n| process(&table, patient(), (n > 0).then(|| Arc::clone(&bus))));
    contend(processes.collect(), Evening::new(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_contend_on_a_cluster_grant_each_seat_once() {
    let stage = stage().await;
    let settings = Settings { answer_within: PATIENT, ..stage.keyspace.settings.clone() };
    let mut processes = Vec::new();
    for _ in 0..3 {
        let cql = Cql::connect(&settings).await.unwrap();
        processes.push(CqlHolds::new(cql, patient(), None).await.expect("the tables are there"));
    }
    // Processes that meet in Paxos may keep each other from any answer for a second.
    contend(processes, Evening::new(), 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_contenders_for_one_seat_cost_one_write() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let store = process(&table, patient(), None);
    evening.open(&store, Sold::default()).await;
    let mut tasks = Vec::new();
    for n in 0..100_u16 {
        let (store, grant) = (store.clone(), evening.grant(n, &[3], 0));
        tasks.push(tokio::spawn(async move { store.place(&grant, NOW).await }));
    }
    let mut granted = 0;
    for task in tasks {
        granted += u32::from(matches!(task.await.unwrap(), Outcome::Applied(_)));
    }
    assert_eq!((granted, store.counters().writes.load(Ordering::Relaxed)), (1, 1));
}

/// Sixty buyers of as many seats of one block, in turn on each of the processes; how many were granted theirs.
async fn sixty(processes: &[CqlHolds], evening: Evening) -> usize {
    for one in processes {
        let blocks = Arc::from([0; 60]);
        one.open(evening.event(), Layout { blocks, ..Layout::default() }).await.unwrap();
        one.load_sold(evening.event(), Sold::default()).await.unwrap();
    }
    let buyers = (0..60_u16).map(|n| {
        let store = processes[usize::from(n) % processes.len()].clone();
        let grant = evening.grant(n, &[n.into()], 0);
        tokio::spawn(async move { store.place(&grant, NOW).await })
    });
    let told = futures::future::join_all(buyers).await;
    told.into_iter().filter(|told| matches!(told, Ok(Outcome::Applied(_)))).count()
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_block_is_in_one_write_and_no_two_are_under_way() {
    let table = FakeTable::default();
    table.fail(Faults { takes: Duration::from_millis(20), ..Faults::default() });
    let store = process(&table, patient(), None);
    assert_eq!(sixty(std::slice::from_ref(&store), Evening::new()).await, 60);
    let rows = table.rows_sent();
    assert_eq!(table.writes_at_a_time(), 1);
    assert!(rows.len() <= 4 && rows.iter().sum::<usize>() == 60, "as many as wait are written together: {rows:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_another_process_was_faster_than_is_decided_anew_for_each_buyer() {
    let first = FakeTable::default();
    let second = first.sound();
    for table in [&first, &second] {
        table.fail(Faults { takes: Duration::from_millis(20), ..Faults::default() });
    }
    let processes = [&first, &second].map(|table| process(table, patient(), None));
    // Both want each seat at the same moment: one of the two is granted it, and the write that fails grants the rest.
    let evening = Evening::new();
    assert_eq!(sixty(&processes, evening).await, 60, "nobody loses a seat that nobody else wants");
    let rivals = (60..120_u16).map(|n| {
        let store = processes[usize::from(n) % 2].clone();
        let grant = Grant { expires_at: NOW.plus(30 * MINUTE), ..evening.grant(n, &[u32::from(n - 60) / 2], 0) };
        // When the first holds are over.
        tokio::spawn(async move { store.place(&grant, NOW.plus(20 * MINUTE)).await })
    });
    let told = futures::future::join_all(rivals).await;
    let granted = told.iter().filter(|told| matches!(told, Ok(Outcome::Applied(_)))).count();
    let lost = told.iter().filter(|told| matches!(told, Ok(Outcome::Lost(Loss::Taken { .. })))).count();
    assert_eq!((granted, lost), (30, 30), "one of each two");
    let conflicts: u64 = processes.iter().map(|one| one.counters().conflicts.load(Ordering::Relaxed)).sum();
    assert!(conflicts > 0, "they met in the rows");
    assert_eq!((first.writes_at_a_time(), second.writes_at_a_time()), (1, 1), "of each process");
}

/// Waits until `done`, as news take a moment.
pub(super) async fn soon(mut done: impl AsyncFnMut() -> bool) {
    for _ in 0..6_000 {
        if done().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never came");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_process_does_shows_in_the_other() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let bus: Arc<dyn Bus> = Arc::new(MemoryBus::default());
    let (here, there) = (process(&table, patient(), Some(Arc::clone(&bus))), process(&table, patient(), Some(bus)));
    evening.open(&here, Sold::default()).await;
    evening.open(&there, Sold::default()).await;
    let sees = async |seat: u32, state: SeatState| {
        soon(async || {
            let seen = there.snapshot(evening.event(), NOW).await.unwrap().unwrap();
            seen.states.get(SeatId(seat)) == state
        })
        .await;
    };
    let Outcome::Applied(hold) = here.place(&evening.grant(1, &[3, 9], 0), NOW).await else { panic!() };
    sees(3, SeatState::Held).await;
    sees(9, SeatState::Held).await;
    // It can be worked with there: looked at, extended, let go.
    assert_eq!(there.get(hold.id, hold.holder, NOW).await.unwrap().as_ref(), Some(&hold));
    assert_eq!(there.by_holder(hold.holder, NOW).await.unwrap(), std::slice::from_ref(&hold));
    let Outcome::Applied(longer) = there.extend(hold.id, hold.holder, MINUTE, NOW).await else { panic!() };
    assert_eq!(here.verify(hold.id, hold.holder, NOW).await.unwrap().as_ref(), Some(&longer));
    here.mark_sold(&longer).await.unwrap();
    sees(9, SeatState::Sold).await;
    assert_eq!(there.release(hold.id, hold.holder, NOW).await, Outcome::Applied(false));
    assert_eq!(there.by_holder(hold.holder, NOW).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_comes_later_finds_what_is_sold_and_held() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let first = process(&table, patient(), None);
    let sold = Sold { seats: vec![SeatId(5)], standing: vec![(evening.tier(), 4)], counted: vec![] };
    evening.open(&first, sold.clone()).await;
    let Outcome::Applied(hold) = first.place(&evening.grant(1, &[3], 2), NOW).await else { panic!() };
    let before = table.cells();
    let second = process(&table, patient(), None);
    evening.open(&second, sold).await;
    assert_eq!(table.cells().len(), before.len(), "what stands there already is not written again");
    let seen = second.snapshot(evening.event(), NOW).await.unwrap().unwrap();
    assert_eq!((seen.states.get(SeatId(3)), seen.states.get(SeatId(5))), (SeatState::Held, SeatState::Sold));
    assert_eq!(seen.standing[0].1, CAPACITY - 6);
    assert_eq!(second.elsewhere(hold.id, hold.holder).await.unwrap(), None);
    let third = process(&table, patient(), None);
    assert_eq!(third.elsewhere(hold.id, hold.holder).await.unwrap(), Some(evening.event()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_marks_are_corrected_and_those_that_move_are_left_alone() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let store = process(&table, patient(), None);
    let told = Sold { seats: vec![SeatId(1), SeatId(2)], standing: vec![(evening.tier(), 3)], counted: vec![] };
    evening.open(&store, told).await;
    // PostgreSQL in truth: 2 and 4 are sold, and two standing places of hold 7.
    let truth = Sold {
        seats: vec![SeatId(2), SeatId(4), SeatId(6)],
        standing: vec![(evening.tier(), 2)],
        counted: vec![(evening.id(7), evening.tier(), 2)],
    };
    let drift = Drift::between(&store.marks(evening.event()).await.unwrap().unwrap(), &truth);
    assert_eq!((drift.seats.len(), drift.standing.len()), (3, 2), "{drift:?}");
    // Seat 6 moves while the audit waits.
    assert!(matches!(store.place(&evening.grant(1, &[6], 0), NOW).await, Outcome::Applied(_)));
    store.correct(evening.event(), &drift).await.unwrap();
    let left = Drift::between(&store.marks(evening.event()).await.unwrap().unwrap(), &truth);
    assert_eq!(left.seats.keys().copied().collect::<Vec<_>>(), [SeatId(6)]);
    assert!(left.standing.is_empty());
    assert!(left.clone().still(&drift).is_empty(), "another version: another difference");
}
