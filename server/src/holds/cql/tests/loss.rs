//! The keyspace is lost and made anew under processes that remember the old one.

use std::time::Duration;

use domain::seat::{SeatId, SeatState};

use super::{Evening, NOW, on};
use crate::holds::audit::Drift;
use crate::holds::cql::cell::Mark;
use crate::holds::cql::fake::FakeTable;
use crate::holds::store::{HoldStore, Outcome, Sold};

fn sold() -> Sold {
    Sold { seats: vec![SeatId(5)], ..Sold::default() }
}

#[tokio::test]
async fn after_the_loss_of_the_keyspace_no_version_comes_again() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let remembers = on(&table);
    evening.open(&remembers, sold()).await;
    let Outcome::Applied(lost) = remembers.place(&evening.grant(1, &[3], 0), NOW).await else { panic!() };
    table.lose();
    tokio::time::sleep(Duration::from_millis(5)).await;
    let fresh = on(&table);
    evening.open(&fresh, sold()).await;
    let Outcome::Applied(hold) = fresh.place(&evening.grant(2, &[3], 0), NOW.plus(5)).await else { panic!() };
    // By what the first one knows, these writes would free and sell the seat.
    let _ = remembers.release(lost.id, lost.holder, NOW).await;
    remembers.mark_sold(&lost).await.unwrap();
    assert_eq!(fresh.verify(hold.id, hold.holder, NOW).await.unwrap(), Some(hold.clone()), "its holder keeps the seat");
    assert_eq!(remembers.verify(hold.id, hold.holder, NOW).await.unwrap(), Some(hold));
}

#[tokio::test]
async fn the_loss_of_the_keyspace_shows_in_the_next_audit_and_is_mended() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let store = on(&table);
    evening.open(&store, sold()).await;
    let Outcome::Applied(_) = store.place(&evening.grant(1, &[3], 0), NOW).await else { panic!() };
    table.lose();
    let drift = Drift::between(&store.marks(evening.event()).await.unwrap().unwrap(), &sold());
    assert_eq!(drift.seats.keys().copied().collect::<Vec<_>>(), [SeatId(5)]);
    store.correct(evening.event(), &drift).await.unwrap();
    let marks = table.cells().into_iter().map(|(_, seat, cell)| (seat, cell.mark)).collect::<Vec<_>>();
    assert_eq!(marks, [(5, Mark::Sold)]);
    let seen = store.snapshot(evening.event(), NOW).await.unwrap().unwrap();
    assert_eq!(seen.states.get(SeatId(3)), SeatState::Free, "what was held is free");
    assert!(matches!(store.place(&evening.grant(2, &[3], 0), NOW).await, Outcome::Applied(_)));
}
