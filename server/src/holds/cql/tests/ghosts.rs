//! Holds that nobody was granted: writes that come late, roll-backs and records that fail. Each is mended without
//! anybody's asking, and none takes what somebody had.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use domain::hold::Hold;
use domain::ids::HoldId;
use domain::seat::SeatState;
use domain::time::MINUTE;
use tower::ServiceExt;

use super::storm::quick;
use super::{Evening, NOW, process};
use crate::holds::cql::CqlHolds;
use crate::holds::cql::Tuning;
use crate::holds::cql::cell::Mark;
use crate::holds::cql::fake::{FakeTable, Fate, Faults};
use crate::holds::cql::tests::processes::soon;
use crate::holds::store::{Grant, HoldStore, Loss, Outcome, Sold};
use crate::test_support::house::{SLUG, with_holds};
use crate::test_support::steady::{always, steady};
use crate::trouble::Trouble;

pub(super) async fn opened(table: &FakeTable, evening: Evening) -> CqlHolds {
    let store = process(table, quick(), None);
    evening.open(&store, Sold::default()).await;
    store
}

pub(super) async fn granted(store: &CqlHolds, grant: &Grant) -> Hold {
    match store.place(grant, NOW).await {
        Outcome::Applied(hold) => hold,
        other => panic!("{other:?}"),
    }
}

/// Under an id that no process can have used.
fn fresh(evening: Evening, n: u16, seat: u32) -> Grant {
    Grant { id: HoldId::mint(NOW, evening.bytes(4, n)), ..evening.grant(n, &[seat], 0) }
}

pub(super) fn is_unconfirmed<T>(told: &Outcome<T>) -> bool {
    matches!(told, Outcome::Unknown(Trouble::Unconfirmed { .. }))
}

/// Which seats are held, by whoever reads the rows themselves.
pub(super) fn held(table: &FakeTable) -> Vec<i32> {
    let mut held: Vec<i32> =
        table.cells().iter().filter(|(_, _, cell)| cell.mark == Mark::Held).map(|(_, seat, _)| *seat).collect();
    held.sort_unstable();
    held
}

#[tokio::test(start_paused = true)]
async fn a_write_that_comes_late_finds_its_rows_moved_on() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let store = opened(&table, evening).await;
    table.fate(&[], Some(Fate::Late));
    let told = store.place(&evening.grant(1, &[3, 4], 0), NOW).await;
    assert!(is_unconfirmed(&told), "{told:?}");
    // The cluster is back, and the buyer does not ask again.
    table.fate(&[], None);
    soon(async || table.cells().iter().any(|(_, seat, cell)| *seat == 3 && cell.version > 0)).await;
    assert_eq!((table.deliver(), held(&table)), (0, vec![]), "nothing of it happens any more");
    granted(&store, &evening.grant(2, &[3, 4], 0)).await;
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_again_is_not_refused_by_their_own_ghost() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let store = opened(&table, evening).await;
    let wish = evening.grant(1, &[3, 9], 2);
    table.fate(&[Fate::Works], Some(Fate::Late));
    assert!(is_unconfirmed(&store.place(&wish, NOW).await));
    assert!(is_unconfirmed(&store.place(&wish, NOW).await), "it waits for what is still being put back");
    table.fate(&[], None);
    let hold = granted(&store, &wish).await;
    table.deliver();
    assert_eq!(store.verify(hold.id, hold.holder, NOW).await.unwrap(), Some(hold));
    assert_eq!(held(&table).len(), 4, "not one place more than was asked for");
}

#[tokio::test(start_paused = true)]
async fn another_process_takes_a_ghost_over_and_the_first_one_leaves_it_alone() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let (first, second) = (opened(&table, evening).await, process(&table.sound(), quick(), None));
    evening.open(&second, Sold::default()).await;
    let wish = evening.grant(1, &[3, 9], 2);
    table.fate(&[Fate::Works, Fate::Works], Some(Fate::Never));
    assert!(is_unconfirmed(&first.place(&wish, NOW).await));
    let hold = granted(&second, &wish).await;
    table.fate(&[], None);
    // The first one has put back what is its own: nothing.
    soon(async || matches!(first.place(&wish, NOW).await, Outcome::Applied(_))).await;
    assert_eq!(second.verify(hold.id, hold.holder, NOW).await.unwrap().map(|hold| hold.seats), Some(hold.seats));
    assert_eq!(held(&table).len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_replacement_that_fails_half_way_gives_back_what_it_displaced() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let (store, elsewhere) = (opened(&table, evening).await, process(&table.sound(), quick(), None));
    evening.open(&elsewhere, Sold::default()).await;
    let old = granted(&store, &evening.grant(1, &[3, 4, 9], 1)).await;
    granted(&elsewhere, &evening.grant(2, &[10], 0)).await;
    let wish = Grant { id: evening.id(3), replaces: Some(old.id), ..evening.grant(1, &[4, 5, 10], 0) };
    // The first block is taken, the second one lost, and then nothing can be put back.
    table.fate(&[Fate::Works, Fate::Works], Some(Fate::Never));
    let told = store.place(&wish, NOW).await;
    assert!(is_unconfirmed(&told), "{told:?}");
    table.fate(&[], None);
    soon(async || store.verify(old.id, old.holder, NOW).await.unwrap().is_some()).await;
    assert_eq!(store.verify(old.id, old.holder, NOW).await.unwrap(), Some(old.clone()));
    let told = store.place(&wish, NOW).await;
    assert!(matches!(told, Outcome::Lost(Loss::Taken { .. })), "{told:?}");
    assert_eq!(store.verify(old.id, old.holder, NOW).await.unwrap(), Some(old));
    assert!(!held(&table).contains(&5));
}

#[tokio::test(start_paused = true)]
async fn what_is_given_back_has_the_end_that_its_buyer_was_told_elsewhere() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let (store, elsewhere) = (opened(&table, evening).await, process(&table.sound(), quick(), None));
    evening.open(&elsewhere, Sold::default()).await;
    let old = granted(&store, &evening.grant(1, &[3, 9], 0)).await;
    granted(&elsewhere, &evening.grant(2, &[10], 0)).await;
    // Nobody tells the first process of either.
    let longer = match elsewhere.extend(old.id, old.holder, 10 * MINUTE, NOW).await {
        Outcome::Applied(longer) => longer,
        other => panic!("{other:?}"),
    };
    let wish = Grant { id: evening.id(3), replaces: Some(old.id), ..evening.grant(1, &[3, 10], 0) };
    let told = store.place(&wish, NOW).await;
    assert!(matches!(told, Outcome::Lost(Loss::Taken { .. })), "{told:?}");
    assert_eq!(elsewhere.verify(old.id, old.holder, NOW).await.unwrap(), Some(longer));
}

#[tokio::test(start_paused = true)]
async fn whoever_buys_what_is_still_being_given_back_waits_for_it() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let (store, elsewhere) = (opened(&table, evening).await, process(&table.sound(), quick(), None));
    evening.open(&elsewhere, Sold::default()).await;
    let old = granted(&store, &evening.grant(1, &[3, 9], 0)).await;
    granted(&elsewhere, &evening.grant(2, &[10], 0)).await;
    let wish = Grant { id: evening.id(3), replaces: Some(old.id), ..evening.grant(1, &[3, 10], 0) };
    table.fate(&[Fate::Works, Fate::Works], Some(Fate::Never));
    let told = store.place(&wish, NOW).await;
    assert!(is_unconfirmed(&told), "{told:?}");
    let back = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        table.fate(&[], None);
    };
    let (told, ()) = tokio::join!(store.verify(old.id, old.holder, NOW), back);
    assert_eq!(told.unwrap(), Some(old));
}

#[tokio::test(start_paused = true)]
async fn what_is_let_go_while_it_is_given_back_stays_with_nobody() {
    let story = async |after: u64| {
        let (table, evening) = (FakeTable::default(), Evening::new());
        let store = process(&table, Tuning::default(), None);
        let elsewhere = process(&table.sound(), Tuning::default(), None);
        evening.open(&store, Sold::default()).await;
        evening.open(&elsewhere, Sold::default()).await;
        let old = granted(&store, &evening.grant(1, &[3, 9], 0)).await;
        granted(&elsewhere, &evening.grant(2, &[10], 0)).await;
        let wish = Grant { id: evening.id(3), replaces: Some(old.id), ..evening.grant(1, &[3, 10], 0) };
        table.fail(Faults { takes: Duration::from_millis(100), ..Faults::default() });
        let let_go = async {
            tokio::time::sleep(Duration::from_millis(after)).await;
            elsewhere.release(old.id, old.holder, NOW).await
        };
        let (told, gone) = tokio::join!(store.place(&wish, NOW), let_go);
        assert!(matches!(told, Outcome::Lost(Loss::Taken { .. })), "{after}: {told:?}");
        assert!(matches!(gone, Outcome::Applied(_)), "{after}: {gone:?}");
        assert_eq!(held(&table), [10], "after {after} ms");
    };
    // Wherever in the roll-back it happens.
    futures::future::join_all((1..20).map(|step| story(step * 50))).await;
}

#[tokio::test(start_paused = true)]
async fn a_record_that_cannot_be_written_is_written_later_and_the_old_hold_goes_last() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let store = opened(&table, evening).await;
    let old = granted(&store, &evening.grant(1, &[3, 4], 0)).await;
    let wish = Grant { id: evening.id(3), replaces: Some(old.id), ..evening.grant(1, &[4, 5], 0) };
    table.fail(Faults { refused_notes: true, ..Faults::default() });
    let told = store.place(&wish, NOW).await;
    assert!(is_unconfirmed(&told), "{told:?}");
    assert_eq!(held(&table), [3, 4, 5], "what is replaced goes last");
    table.fail(Faults::default());
    soon(async || held(&table) == [4, 5]).await;
    let hold = granted(&store, &wish).await;
    soon(async || store.by_holder(hold.holder, NOW).await.unwrap() == [hold.clone()]).await;
}

#[tokio::test(start_paused = true)]
async fn an_extension_whose_record_failed_is_found_and_told_again() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let (store, elsewhere) = (opened(&table, evening).await, process(&table.sound(), quick(), None));
    let hold = granted(&store, &evening.grant(1, &[3, 9], 0)).await;
    table.fail(Faults { refused_notes: true, ..Faults::default() });
    let told = store.extend(hold.id, hold.holder, MINUTE, NOW).await;
    assert!(is_unconfirmed(&told), "{told:?}");
    table.fail(Faults::default());
    // Another process knows the record alone, which says that the hold has run out.
    let until = hold.expires_at.plus(MINUTE);
    let seen = elsewhere.get(hold.id, hold.holder, hold.expires_at).await.unwrap().expect("its cells say otherwise");
    assert_eq!((seen.expires_at, seen.extensions_left), (until, 0));
    assert_eq!(elsewhere.by_holder(hold.holder, hold.expires_at).await.unwrap(), std::slice::from_ref(&seen));
    assert_eq!(store.extend(hold.id, hold.holder, MINUTE, NOW).await, Outcome::Applied(seen));
    let told = store.extend(hold.id, hold.holder, MINUTE, NOW).await;
    assert_eq!(told, Outcome::Lost(Loss::NoExtensionLeft));
}

#[tokio::test(start_paused = true)]
async fn a_release_that_began_goes_on_to_its_end() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let store = opened(&table, evening).await;
    let hold = granted(&store, &evening.grant(1, &[3, 9], 2)).await;
    table.fate(&[Fate::Works], Some(Fate::Never));
    let told = store.release(hold.id, hold.holder, NOW).await;
    assert!(is_unconfirmed(&told), "{told:?}");
    table.fate(&[], None);
    soon(async || held(&table).is_empty()).await;
    soon(async || store.by_holder(hold.holder, NOW).await.unwrap().is_empty()).await;
}

#[tokio::test(start_paused = true)]
async fn a_wish_that_found_no_room_to_write_is_never_written() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let tuning = Tuning { in_flight: 1, ..quick() };
    let store = process(&table, Tuning { answer_within: Duration::from_millis(600), ..tuning }, None);
    evening.open(&store, Sold::default()).await;
    let (one, two) = (fresh(evening, 1, 1), fresh(evening, 2, 20));
    table.fail(Faults { takes: Duration::from_millis(400), ..Faults::default() });
    let second = async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        store.place(&two, NOW).await
    };
    let (first, second) = tokio::join!(store.place(&one, NOW), second);
    assert!(matches!(first, Outcome::Applied(_)), "{first:?}");
    assert!(matches!(second, Outcome::Unknown(Trouble::Unavailable { .. })), "{second:?}");
    table.fail(Faults::default());
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(held(&table), [1]);
    let seen = store.snapshot(evening.event(), NOW).await.unwrap().unwrap();
    assert_eq!(seen.states.get(two.seats[0]), SeatState::Free);
}

#[tokio::test(start_paused = true)]
async fn a_read_that_is_never_answered_fails_nobody() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let (store, elsewhere) = (opened(&table, evening).await, process(&table.sound(), quick(), None));
    evening.open(&elsewhere, Sold::default()).await;
    let hold = granted(&store, &evening.grant(1, &[3], 0)).await;
    assert_eq!(elsewhere.release(hold.id, hold.holder, NOW).await, Outcome::Applied(true));
    // What the first one knows is too old to refuse anybody.
    tokio::time::sleep(quick().trust * 2).await;
    table.stall(1);
    granted(&store, &fresh(evening, 2, 3)).await;
}

#[tokio::test(start_paused = true)]
async fn a_way_to_the_tables_that_stays_silent_is_left_for_another() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let store = opened(&table, evening).await;
    // Until the tables are reached anew, which nobody here does but the store.
    table.fate(&[], Some(Fate::Refused));
    let wish = fresh(evening, 1, 3);
    soon(async || {
        let told = store.place(&wish, NOW).await;
        assert!(!is_unconfirmed(&told), "{told:?}");
        matches!(told, Outcome::Applied(_))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_key_finds_over_http_what_its_first_try_left_behind() {
    steady(async || {
        let table = FakeTable::default();
        let house = with_holds(Arc::new(process(&table, quick(), None))).await;
        let ask = async || {
            let request = Request::post(format!("/api/v1/events/{SLUG}/holds"))
                .header("content-type", "application/json")
                .header("idempotency-key", "a-key-chosen-at-random");
            let wish = r#"{ "best": { "quantity": 2 } }"#;
            let response = house.router.clone().oneshot(request.body(Body::from(wish)).unwrap()).await.unwrap();
            let status = response.status().as_u16();
            let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
            (status, serde_json::from_slice::<serde_json::Value>(&bytes).unwrap())
        };
        // All is taken, and nobody can write it down: nobody can say what came of it.
        table.fail(Faults { refused_notes: true, ..Faults::default() });
        let first = ask().await;
        assert_eq!((first.0, first.1["code"].as_str()), (503, Some("unconfirmed")), "{first:?}");
        let left = held(&table);
        assert_eq!(left.len(), 2);
        table.fail(Faults::default());
        let (status, hold) = ask().await;
        always(held(&table).len() <= 2, format_args!("a key has two holds: {hold}"));
        assert_eq!(status, 201, "{hold}");
        assert_eq!(held(&table), left, "it is the hold of the first try");
        // Also the secret is the same: whoever has the answer has the hold.
        let read = Request::get(format!("/api/v1/holds/{}", hold["id"].as_str().unwrap()))
            .header("authorization", format!("Bearer {}", hold["token"].as_str().unwrap()));
        let response = house.router.clone().oneshot(read.body(Body::empty()).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        always(![401, 403, 404, 410].contains(&status), format_args!("whoever has a hold has it not: {status}"));
        assert_eq!(status, 200);
    })
    .await;
}
