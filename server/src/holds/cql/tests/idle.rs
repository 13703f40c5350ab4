//! What nobody needs any more goes: listeners of openings that failed, events that nobody asks for.

use std::sync::Arc;
use std::time::Duration;

use domain::seat::{SeatId, SeatState};
use tokio::runtime::Handle;

use super::{Evening, NOW, process};
use crate::bus::Bus;
use crate::bus::memory::MemoryBus;
use crate::holds::cql::Tuning;
use crate::holds::cql::fake::{FakeTable, Faults};
use crate::holds::store::{HoldStore, Layout, Outcome, Sold};

/// Waits until as many tasks are at work as before.
async fn rests(tasks: usize) {
    for _ in 0..200 {
        if Handle::current().metrics().num_alive_tasks() <= tasks {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} tasks are left, {tasks} were there", Handle::current().metrics().num_alive_tasks());
}

#[tokio::test(start_paused = true)]
async fn an_opening_that_fails_leaves_nobody_listening() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let bus: Arc<dyn Bus> = Arc::new(MemoryBus::default());
    let store = process(&table, Tuning::default(), Some(bus));
    let before = Handle::current().metrics().num_alive_tasks();
    table.fail(Faults { unread: 1, ..Faults::default() });
    for _ in 0..20 {
        let layout = Layout { blocks: vec![0; 4].into(), ..Layout::default() };
        assert!(store.open(evening.event(), layout).await.is_err());
    }
    rests(before).await;
    table.fail(Faults::default());
    evening.open(&store, Sold::default()).await;
    assert!(Handle::current().metrics().num_alive_tasks() > before, "what is open is listened to");
}

#[tokio::test(start_paused = true)]
async fn an_event_that_nobody_asks_for_is_let_go_and_comes_back_as_it_was() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let bus: Arc<dyn Bus> = Arc::new(MemoryBus::default());
    let store = process(&table, Tuning { idle: Duration::from_millis(50), ..Tuning::default() }, Some(bus));
    let before = Handle::current().metrics().num_alive_tasks();
    evening.open(&store, Sold { seats: vec![SeatId(5)], ..Sold::default() }).await;
    let Outcome::Applied(hold) = store.place(&evening.grant(1, &[3], 2), NOW).await else { panic!() };
    let version = store.version(evening.event()).await.unwrap().unwrap();
    store.sweep(NOW).await.unwrap();
    assert_eq!(store.opened(), [evening.event()], "it was asked for just now");
    tokio::time::sleep(Duration::from_millis(80)).await;
    // The audit is nobody who asks.
    assert!(store.is_open(evening.event()).await.unwrap() && store.marks(evening.event()).await.unwrap().is_some());
    store.sweep(NOW).await.unwrap();
    assert_eq!((store.opened(), store.version(evening.event()).await.unwrap()), (vec![], None));
    rests(before).await;
    // The holder comes back.
    assert_eq!(store.elsewhere(hold.id, hold.holder).await.unwrap(), Some(evening.event()));
    evening.open(&store, Sold { seats: vec![SeatId(5)], ..Sold::default() }).await;
    assert_eq!(store.verify(hold.id, hold.holder, NOW).await.unwrap().as_ref(), Some(&hold));
    let seen = store.snapshot(evening.event(), NOW).await.unwrap().unwrap();
    assert_eq!((seen.states.get(SeatId(3)), seen.states.get(SeatId(5))), (SeatState::Held, SeatState::Sold));
    assert!(seen.version > version, "no look of before counts as fresh");
}
