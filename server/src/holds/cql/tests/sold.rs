//! What PostgreSQL says is sold, said late, twice, or by a process that has not heard the newest.

use domain::hold::{Fence, Hold};
use domain::ids::{HoldId, HolderId};
use domain::seat::{SeatId, SeatState};
use domain::time::Millis;
use uuid::Uuid;

use super::{CAPACITY, Evening, NOW, on};
use crate::holds::audit::Drift;
use crate::holds::cql::CqlHolds;
use crate::holds::cql::cell::{Cell, Mark, mark_of};
use crate::holds::cql::fake::FakeTable;
use crate::holds::cql::table::BlockKey;
use crate::holds::store::{HoldStore, Layout, Outcome, Sold};

async fn state(store: &CqlHolds, evening: Evening, seat: u32) -> SeatState {
    store.snapshot(evening.event(), NOW).await.unwrap().unwrap().states.get(SeatId(seat))
}

async fn placed(store: &CqlHolds, evening: Evening, n: u16, seats: &[u32], standing: u32, now: Millis) -> Hold {
    let mut grant = evening.grant(n, seats, standing);
    grant.expires_at = now.plus(600_000);
    match store.place(&grant, now).await {
        Outcome::Applied(hold) => hold,
        other => panic!("{other:?}"),
    }
}

/// Opens the event as a tier of two blocks.
async fn open_standing(store: &CqlHolds, evening: Evening) {
    let standing = vec![(evening.tier(), 400)];
    store.open(evening.event(), Layout { standing, ..Layout::default() }).await.unwrap();
    store.load_sold(evening.event(), Sold::default()).await.unwrap();
}

/// A tier of two blocks. This process believes the hold's places to be in one of them, and all else free; in truth the
/// hold has places in the other, and the first one is others'.
#[tokio::test]
async fn standing_places_are_sold_where_the_hold_has_them_and_not_where_a_mirror_believes() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let (here, there) = (on(&table), on(&table));
    open_standing(&here, evening).await;
    let hold = placed(&here, evening, 1, &[], 3, NOW).await;
    open_standing(&there, evening).await;
    let own: Vec<(BlockKey, i32, Cell)> = table.cells();
    let (first, other) = (own[0].0, BlockKey { block: 1 - own[0].0.block, ..own[0].0 });
    let theirs = Cell { hold: Some(evening.id(2)), holder: Some(evening.holder(2)), ..own[0].2 };
    for place in 0..200 {
        let seat = first.block * 200 + place;
        let known = own.iter().find(|(_, own, _)| *own == seat).map_or(0, |(.., cell)| cell.version);
        table.force(first, seat, Cell { version: known + 5, fence: Fence(theirs.fence.0 + 1), ..theirs });
    }
    for (_, seat, cell) in &own {
        table.force(other, (seat + 300) % 400, *cell);
    }
    there.mark_sold(&hold).await.unwrap();
    let marks = |mark: Mark, hold: HoldId| {
        let all = table.cells().into_iter();
        all.filter(|(.., cell)| cell.mark == mark && cell.hold == Some(hold)).map(|(key, ..)| key).collect::<Vec<_>>()
    };
    assert_eq!(marks(Mark::Held, evening.id(2)).len(), 200, "what others hold is theirs");
    assert_eq!(marks(Mark::Sold, hold.id), [other; 3]);
    assert_eq!(marks(Mark::Held, hold.id), []);
}

#[tokio::test]
async fn places_that_are_sold_and_nowhere_to_be_found_take_free_ones_and_leave_the_rest_to_the_audit() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let store = on(&table);
    evening.open(&store, Sold::default()).await;
    let others = placed(&store, evening, 1, &[], CAPACITY - 2, NOW).await;
    let order = Hold { id: evening.id(2), standing: vec![(evening.tier(), 5)], ..others.clone() };
    store.mark_sold(&order).await.unwrap();
    let now = |mark: Mark| table.cells().iter().filter(|(.., cell)| cell.mark == mark).count();
    assert_eq!((now(Mark::Sold), now(Mark::Held)), (2, CAPACITY as usize - 2));
    let counted = vec![(order.id, evening.tier(), 5)];
    let truth = Sold { seats: vec![], standing: vec![(evening.tier(), 5)], counted };
    let drift = Drift::between(&store.marks(evening.event()).await.unwrap().unwrap(), &truth);
    store.correct(evening.event(), &drift).await.unwrap();
    assert_eq!((now(Mark::Sold), now(Mark::Held)), (5, CAPACITY as usize - 5), "PostgreSQL decides");
}

/// Two tries under one id took two places each, in two blocks: what was bought are two.
#[tokio::test]
async fn no_more_standing_places_are_sold_than_were_bought_and_the_rest_goes_free() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let (here, there) = (on(&table), on(&table));
    open_standing(&here, evening).await;
    let hold = placed(&here, evening, 1, &[], 2, NOW).await;
    for (key, seat, cell) in table.cells() {
        table.force(BlockKey { block: 1 - key.block, ..key }, (seat + 200) % 400, cell);
    }
    open_standing(&there, evening).await;
    for store in [&there, &here, &there] {
        store.mark_sold(&hold).await.unwrap();
        let now = |mark: Mark| table.cells().iter().filter(|(.., cell)| cell.mark == mark).count();
        assert_eq!((now(Mark::Sold), now(Mark::Held)), (2, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn marks_of_seats_whose_owners_are_not_known_do_not_wait_for_each_other() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let store = on(&table);
    evening.open(&store, Sold::default()).await;
    let sold = placed(&store, evening, 1, &[3], 0, NOW).await;
    let nobody = HolderId(Uuid::nil());
    let _another = store.inner.book.turn_at_once(nobody).expect("nobody has it");
    store.mark_sold(&Hold { id: HoldId(Uuid::nil()), holder: nobody, ..sold }).await.unwrap();
    assert_eq!(state(&store, evening, 3).await, SeatState::Sold);
}

#[tokio::test]
async fn a_late_word_that_a_seat_is_sold_leaves_whoever_came_after_it() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let store = on(&table);
    evening.open(&store, Sold::default()).await;
    let old = placed(&store, evening, 1, &[3], 0, NOW).await;
    let after = old.expires_at.plus(60_000);
    let new = placed(&store, evening, 2, &[3], 0, after).await;
    store.mark_sold(&old).await.unwrap();
    assert_eq!(store.verify(new.id, new.holder, after).await.unwrap(), Some(new.clone()), "the newer hold stands");
    // Where the books say so all the same, the audit finds it...
    let truth = Sold { seats: vec![SeatId(3)], ..Sold::default() };
    let drift = Drift::between(&store.marks(evening.event()).await.unwrap().unwrap(), &truth);
    assert_eq!(drift.seats.len(), 1);
    // ...and so does a checkout that was refused because of it.
    store.mark_sold(&Hold { id: HoldId(Uuid::nil()), fence: new.fence, ..old }).await.unwrap();
    assert_eq!(store.verify(new.id, new.holder, after).await.unwrap(), None);
    assert_eq!(state(&store, evening, 3).await, SeatState::Sold);
}

#[tokio::test]
async fn a_seat_sold_for_an_owner_who_is_not_known_goes_free_with_its_order() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let store = on(&table);
    evening.open(&store, Sold::default()).await;
    let hold = placed(&store, evening, 1, &[3], 0, NOW).await;
    store.mark_sold(&Hold { id: HoldId(Uuid::nil()), ..hold.clone() }).await.unwrap();
    assert!(table.cells().iter().all(|(.., cell)| cell.is_sold_by(None)), "nobody's id is made up");
    let places = Sold { seats: vec![SeatId(3)], ..Sold::default() };
    store.mark_free(evening.event(), hold.id, &places).await.unwrap();
    assert_eq!(state(&store, evening, 3).await, SeatState::Free);
}

#[tokio::test]
async fn what_two_processes_correct_is_corrected_once() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let (one, other) = (on(&table), on(&table));
    let told = Sold { seats: vec![], standing: vec![(evening.tier(), 5)], counted: vec![] };
    evening.open(&one, told.clone()).await;
    evening.open(&other, told).await;
    let truth = Sold { seats: vec![], standing: vec![(evening.tier(), 3)], counted: vec![] };
    let drift = Drift::between(&other.marks(evening.event()).await.unwrap().unwrap(), &truth);
    for store in [&one, &other, &one] {
        store.correct(evening.event(), &drift).await.unwrap();
    }
    let marks = one.marks(evening.event()).await.unwrap().unwrap();
    assert_eq!(Drift::between(&marks, &truth), Drift::default());
}

#[tokio::test]
async fn a_seat_that_a_tool_has_blocked_is_nobodys_and_stays_blocked() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    assert_eq!(mark_of(3).unwrap(), Mark::Blocked);
    let block = BlockKey { of: evening.event().0, block: 0 };
    let cell = Cell { version: 4, mark: Mark::Blocked, ..Cell::default() };
    table.force(block, 3, cell);
    let store = on(&table);
    evening.open(&store, Sold::default()).await;
    assert_eq!(state(&store, evening, 3).await, SeatState::Blocked);
    assert!(matches!(store.place(&evening.grant(1, &[3], 0), NOW).await, Outcome::Lost(_)));
    let drift = Drift::between(&store.marks(evening.event()).await.unwrap().unwrap(), &Sold::default());
    assert!(drift.is_empty(), "it is no mark of a sale: {drift:?}");
    store.sweep(NOW.plus(86_400_000)).await.unwrap();
    assert_eq!(table.cells(), [(block, 3, cell)]);
}

/// No claim carries the fence of standing places alone, and so nobody can tell it.
#[tokio::test]
async fn standing_places_sold_without_a_fence_are_no_basket_any_more() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let (here, there) = (on(&table), on(&table));
    evening.open(&here, Sold::default()).await;
    let hold = placed(&here, evening, 1, &[], 2, NOW).await;
    evening.open(&there, Sold::default()).await;
    there.mark_sold(&Hold { fence: Fence(0), ..hold.clone() }).await.unwrap();
    let third = on(&table);
    evening.open(&third, Sold::default()).await;
    assert_eq!(third.by_holder(hold.holder, NOW).await.unwrap(), []);
}
