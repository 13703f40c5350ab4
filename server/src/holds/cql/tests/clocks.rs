//! Clocks of processes differ: by a little always, by much where one is wrong and is told so.

use domain::seat::{SeatId, SeatState};
use domain::time::MINUTE;

use super::{Evening, NOW, on};
use crate::clock::{Clock, SystemClock};
use crate::holds::cql::GRACE;
use crate::holds::cql::fake::FakeTable;
use crate::holds::store::{Grant, HoldStore, Loss, Outcome, Sold};

#[tokio::test]
async fn a_process_whose_clock_is_ahead_frees_nobodys_hold() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let (right, ahead) = (on(&table), on(&table));
    evening.open(&right, Sold::default()).await;
    let Outcome::Applied(hold) = right.place(&evening.grant(1, &[3, 4], 2), NOW).await else { panic!() };
    evening.open(&ahead, Sold::default()).await;
    let hour = NOW.plus(60 * MINUTE);
    ahead.clock_is_ahead(60 * MINUTE);
    assert_eq!(ahead.sweep(hour).await.unwrap(), 0);
    let theirs = ahead.place(&evening.grant(2, &[3], 0), hour).await;
    assert_eq!(theirs, Outcome::Lost(Loss::Taken { seats: vec![SeatId(3)], standing: vec![] }));
    let seen = ahead.snapshot(evening.event(), hour).await.unwrap().unwrap();
    assert_eq!(seen.states.get(SeatId(4)), SeatState::Held);
    assert!(seen.stale_at.unwrap() > hour, "nothing changes before: {seen:?}");
    assert_eq!(right.verify(hold.id, hold.holder, NOW).await.unwrap(), Some(hold));
    // Free places are granted all the same; and once the clock is right again, what ran out by it has run out.
    assert!(matches!(ahead.place(&evening.grant(3, &[9], 1), hour).await, Outcome::Applied(_)));
    ahead.clock_is_ahead(0);
    let next = Grant { expires_at: hour.plus(MINUTE), ..evening.grant(4, &[3], 0) };
    assert!(matches!(ahead.place(&next, hour).await, Outcome::Applied(_)));
    assert_eq!(ahead.sweep(hour).await.unwrap(), 2);
}

#[tokio::test]
async fn a_hold_ends_for_others_a_little_later_than_for_its_holder() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let store = on(&table);
    evening.open(&store, Sold::default()).await;
    let Outcome::Applied(hold) = store.place(&evening.grant(1, &[3, 4], 0), NOW).await else { panic!() };
    let (end, last) = (hold.expires_at, hold.expires_at.plus(GRACE - 1));
    assert_eq!(store.verify(hold.id, hold.holder, end).await.unwrap(), None);
    let wish = |n: u16, seat: u32| Grant { expires_at: last.plus(MINUTE), ..evening.grant(n, &[seat], 0) };
    assert!(matches!(store.place(&wish(2, 3), last).await, Outcome::Lost(Loss::Taken { .. })));
    store.sweep(last).await.unwrap();
    assert!(table.cells().iter().all(|(.., cell)| cell.is_held_by(hold.id)), "no sweep comes before its time");
    let seen = store.snapshot(evening.event(), last).await.unwrap().unwrap();
    assert_eq!((seen.states.get(SeatId(3)), seen.stale_at), (SeatState::Held, Some(end.plus(GRACE))));
    // Whoever had it need not wait; everybody else may have it when the grace is over.
    assert!(matches!(store.place(&Grant { holder: hold.holder, ..wish(3, 3) }, end).await, Outcome::Applied(_)));
    assert!(matches!(store.place(&wish(4, 4), end.plus(GRACE)).await, Outcome::Applied(_)));
}

#[tokio::test]
async fn versions_begin_with_the_time_that_the_house_goes_by() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let house = SystemClock.now().plus(60 * MINUTE);
    let store = on(&table).starting(house);
    evening.open(&store, Sold::default()).await;
    let Outcome::Applied(_) = store.place(&evening.grant(1, &[3, 4], 0), NOW).await else { panic!() };
    assert!(table.cells().iter().all(|(.., cell)| cell.version >= house.0 && cell.version < house.0 + MINUTE));
}
