//! Standing tiers that are made smaller, as several processes know them.

use std::collections::HashSet;
use std::time::Duration;

use domain::time::MINUTE;

use super::{Evening, NOW, patient, process};
use crate::holds::cql::CqlHolds;
use crate::holds::cql::fake::{FakeTable, Faults};
use crate::holds::store::{HoldStore, Loss, Outcome, Sold};

async fn opens(store: &CqlHolds, evening: Evening, quantity: u32) {
    store.open(evening.event(), evening.sized(Some(quantity))).await.unwrap();
    store.load_sold(evening.event(), Sold::default()).await.unwrap();
}

async fn left(store: &CqlHolds, evening: Evening) -> u32 {
    store.snapshot(evening.event(), NOW).await.unwrap().unwrap().standing[0].1
}

#[tokio::test]
async fn whoever_opens_a_smaller_tier_knows_what_is_taken_beyond() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let [first, early] = [(); 2].map(|()| process(&table, patient(), None));
    // One that opened while the tier was small has not heard that it grew.
    opens(&early, evening, 20).await;
    opens(&first, evening, 420).await;
    let mut holds = Vec::new();
    for n in 0..42 {
        let Outcome::Applied(hold) = first.place(&evening.grant(n, &[], 10), NOW).await else { panic!("{n}") };
        holds.push(hold);
    }
    let late = process(&table, patient(), None);
    opens(&late, evening, 20).await;
    assert_eq!(left(&late, evening).await, 0);
    for (hold, store) in holds.iter().zip([&early, &late].into_iter().cycle()) {
        let told = store.extend(hold.id, hold.holder, MINUTE, NOW).await;
        let Outcome::Applied(longer) = told else { panic!("{told:?}") };
        assert_eq!(first.verify(hold.id, hold.holder, NOW).await.unwrap(), Some(longer));
    }
    let (sold, gone) = holds.split_at(20);
    for (hold, store) in sold.iter().zip([&early, &late].into_iter().cycle()) {
        store.mark_sold(hold).await.unwrap();
    }
    for (hold, store) in gone.iter().zip([&early, &late].into_iter().cycle()) {
        assert_eq!(store.release(hold.id, hold.holder, NOW).await, Outcome::Applied(true));
    }
    // Each hold's own places were sold and freed, and no others in their stead.
    first.marks(evening.event()).await.unwrap();
    assert_eq!(left(&first, evening).await, 220);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_contend_for_a_smaller_tier_grant_what_is_left() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let processes: Vec<CqlHolds> = (0..3).map(|_| process(&table, patient(), None)).collect();
    for one in &processes {
        opens(one, evening, 420).await;
    }
    // All places are held, so that some beyond are sold wherever holds begin.
    let mut holds = Vec::new();
    for n in 0..42 {
        let told = processes[usize::from(n) % 3].place(&evening.grant(n, &[], 10), NOW).await;
        let Outcome::Applied(hold) = told else { panic!("{told:?}") };
        holds.push(hold);
    }
    for (n, hold) in holds.iter().enumerate() {
        if n % 7 < 5 {
            processes[n % 3].mark_sold(hold).await.unwrap();
        } else {
            assert_eq!(processes[n % 3].release(hold.id, hold.holder, NOW).await, Outcome::Applied(true));
        }
    }
    for one in &processes {
        one.open(evening.event(), evening.sized(Some(320))).await.unwrap();
    }
    let mut tasks = Vec::new();
    for n in 100..190_u16 {
        let (store, grant) = (processes[usize::from(n) % 3].clone(), evening.grant(n, &[], 1));
        tasks.push(tokio::spawn(async move { store.place(&grant, NOW).await }));
    }
    let mut granted = HashSet::new();
    for task in tasks {
        match task.await.unwrap() {
            Outcome::Applied(hold) => drop(granted.insert(hold.id)),
            Outcome::Lost(Loss::Taken { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(granted.len(), 20);
    for one in &processes {
        one.marks(evening.event()).await.unwrap();
        assert_eq!(left(one, evening).await, 0);
    }
}

#[tokio::test]
async fn whoever_opens_a_smaller_tier_looks_past_blocks_that_were_never_used() {
    let table = FakeTable::default();
    let first = process(&table, patient(), None);
    // In which of its ten blocks an evening's holds begin is chance.
    for _ in 0..50 {
        let evening = Evening::new();
        opens(&first, evening, 2_000).await;
        let Outcome::Applied(hold) = first.place(&evening.grant(1, &[], 10), NOW).await else { panic!() };
        let block = table.cells().iter().find(|(.., cell)| cell.hold == Some(hold.id)).unwrap().0.block;
        let late = process(&table, patient(), None);
        opens(&late, evening, 20).await;
        assert_eq!(left(&late, evening).await, 10, "block {block}");
        if block > 5 {
            return;
        }
    }
    panic!("all begin near the front");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_under_way_while_a_tier_is_made_smaller_counts_when_that_is_done() {
    let table = FakeTable::default();
    let store = process(&table, patient(), None);
    for _ in 0..50 {
        let evening = Evening::new();
        opens(&store, evening, 2_000).await;
        let (writes, buyer, grant) = (table.rows_sent().len(), store.clone(), evening.grant(1, &[], 10));
        table.fail(Faults { takes: Duration::from_millis(30), ..Faults::default() });
        let bought = tokio::spawn(async move { buyer.place(&grant, NOW).await });
        while table.rows_sent().len() == writes {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // That write is on its way, and what is asked from now on is answered at once.
        table.fail(Faults::default());
        store.open(evening.event(), evening.sized(Some(20))).await.unwrap();
        assert_eq!(left(&store, evening).await, 10);
        let Outcome::Applied(hold) = bought.await.unwrap() else { panic!() };
        let block = table.cells().iter().find(|(.., cell)| cell.hold == Some(hold.id)).unwrap().0.block;
        if block > 0 {
            return;
        }
    }
    panic!("all begin at the front");
}

/// Two who want the same blocks could wait for each other for ever if each began with the other's second one.
#[tokio::test(start_paused = true)]
async fn whoever_wants_places_of_several_blocks_asks_for_them_in_one_order() {
    let table = FakeTable::default();
    let store = process(&table, patient(), None);
    // In which of the two blocks one begins to look for room is chance.
    for _ in 0..12 {
        let evening = Evening::new();
        opens(&store, evening, 400).await;
        // Sevens leave four in each block of two hundred.
        for n in 0..56 {
            let told = store.place(&evening.grant(n, &[], 7), NOW).await;
            assert!(matches!(told, Outcome::Applied(_)), "{told:?}");
        }
        assert_eq!(left(&store, evening).await, 8);
        let before = table.blocks_sent().len();
        let told = store.place(&evening.grant(100, &[30, 3], 8), NOW).await;
        assert!(matches!(told, Outcome::Applied(_)), "{told:?}");
        let asked: Vec<i32> = table.blocks_sent()[before..].iter().map(|key| key.block).collect();
        // The seats' blocks first, which the layout numbers by threes, and then the tier's own.
        assert_eq!(asked, [0, 12, 0, 1]);
    }
}
