//! A crowd before one block: what its wishes cost.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::ids::HoldId;
use domain::seat::SeatId;

use super::{Evening, NOW, on};
use crate::holds::cql::fake::{FakeTable, Faults};
use crate::holds::store::{Grant, HoldStore, Layout, Loss, Outcome, Sold};

const CONTENDED: u16 = 20;

/// The wishes of a hundred for each of twenty seats of one block, all at once.
#[tokio::test]
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

/// Whoever comes when it is known is told where they stand: in no queue, and no question is put to the tables.
#[tokio::test]
async fn what_is_known_to_be_gone_is_refused_at_once() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let store = on(&table);
    evening.open(&store, Sold::default()).await;
    let fresh = |n: u16, seats: &[u32], standing| {
        let grant = evening.grant(n, seats, standing);
        Grant { id: HoldId::mint(NOW, evening.bytes(4, n)), ..grant }
    };
    let Outcome::Applied(held) = store.place(&fresh(1, &[3], 0), NOW).await else { panic!() };
    let at_once = |grant: Grant, now| store.inner.refused_at_once(&grant, now);
    let gone = Loss::Taken { seats: vec![SeatId(3)], standing: Vec::new() };
    assert_eq!(at_once(fresh(2, &[2, 3], 0), NOW), Some(gone));
    // Nothing of this is as simple: one's own, a free one, standing places, a change, one who may hold no more, an old id.
    for grant in [
        fresh(1, &[3], 0),
        fresh(3, &[2], 0),
        fresh(3, &[3], 1),
        Grant { replaces: Some(held.id), ..fresh(4, &[3], 0) },
        Grant { max_holds: 0, ..fresh(5, &[3], 0) },
        evening.grant(6, &[3], 0),
    ] {
        assert_eq!(at_once(grant.clone(), NOW), None, "{grant:?}");
    }
}
