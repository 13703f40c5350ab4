//! Whoever asks for a hold is told within two seconds, whatever the store does; what comes of it later is found by whoever
//! asks again, and leaves nothing behind where nobody can.

use std::sync::Arc;
use std::time::Duration;

use app::api::holds::{BestRequest, HoldRequest};
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use domain::hold::HoldRefusal;
use domain::ids::{HoldId, HolderId};
use domain::seat::SeatId;
use domain::time::Millis;
use futures::future::join_all;
use rstest::rstest;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};
use tower::ServiceExt;

use super::processes::soon;
use super::storm::BUSY;
use super::{Evening, process};
use crate::holds::cql::Tuning;
use crate::holds::cql::cell::Mark;
use crate::holds::cql::fake::{FakeTable, Faults};
use crate::holds::store::Sold;
use crate::holds::tests::{NOW, evening, event};
use crate::holds::{Back, Granted, HoldError, Holds, InventoryTable, Patience, Uncounted};
use crate::test_support::house::{SLUG, with_holds};
use crate::test_support::steady::{Late, always, always_same, steady};
use crate::trouble::Trouble;

pub(super) const TOLD_WITHIN: Duration = Duration::from_secs(2);
const KNOWN_WITHIN: Duration = Duration::from_secs(5);

/// A process as the shop has it, in which nobody has asked for the evening yet.
pub(super) fn unopened(table: &FakeTable) -> Holds {
    let inventories = InventoryTable { events: vec![Arc::new(evening())], sold: Sold::default() };
    Holds::new(Arc::new(process(table, Tuning::default(), None)), Arc::new(inventories))
}

/// The same with the evening open.
pub(super) async fn house(table: &FakeTable) -> Holds {
    let holds = unopened(table);
    holds.ready(event()).await.unwrap();
    holds
}

pub(super) fn best() -> HoldRequest {
    let (tier, section, min_price, max_price) = (None, None, None, None);
    let best = BestRequest { quantity: 2, tier, section, min_price, max_price, accessible: false, together: true };
    HoldRequest { best: Some(best), ..HoldRequest::default() }
}

pub(super) fn whose(n: u8) -> (HolderId, HoldId) {
    (HolderId::mint(NOW, [n; 10]), HoldId::mint(NOW, [n.wrapping_add(100); 10]))
}

pub(super) type Told = Result<Granted, HoldError>;

/// Asks once, on a clock that goes on only while everybody waits: nothing is added to what is promised.
pub(super) async fn ask(holds: &Holds, n: u8, request: &HoldRequest, now: Millis, comes_back: bool) -> Told {
    let ((holder, id), asked) = (whose(n), Instant::now());
    let back = if comes_back { Back::Asks } else { Back::Never };
    let told = holds.hold_by(Patience::new(back), (event(), holder, id), request, now, Uncounted).await;
    assert!(asked.elapsed() <= TOLD_WITHIN, "told after {:?}: {told:?}", asked.elapsed());
    told
}

/// Asks until there is an answer, as a page does.
pub(super) async fn insist(holds: &Holds, n: u8, request: &HoldRequest, now: Millis) -> Told {
    loop {
        match ask(holds, n, request, now, true).await {
            Err(HoldError::Trouble(trouble)) if trouble.retryable() => sleep(Duration::from_millis(50)).await,
            told => return told,
        }
    }
}

pub(super) fn held(table: &FakeTable) -> Vec<(i32, HoldId)> {
    let held = table.cells().into_iter().filter(|(_, _, cell)| cell.mark == Mark::Held);
    held.filter_map(|(_, seat, cell)| Some((seat, cell.hold?))).collect()
}

fn is_unconfirmed(told: &Told) -> bool {
    matches!(told, Err(HoldError::Trouble(Trouble::Unconfirmed { .. })))
}

/// The store falls silent after so many answers, and speaks again when everybody has been told that.
async fn story(answers: u64, old: bool, comes_back: bool) {
    let table = FakeTable::default();
    let holds = house(&table).await;
    let now = NOW.plus(if old { 5_000 } else { 0 });
    table.falls_silent(Some(answers));
    let told = ask(&holds, 1, &best(), now, comes_back).await;
    // A hold is a write and a record; one whose id is old is looked for before, by as many reads, and once afterwards.
    let needs = 2 + if old { 3 } else { 0 };
    assert_eq!(told.is_ok(), answers >= needs, "{answers}: {told:?}");
    table.falls_silent(Some(0));
    let asked = Instant::now();
    let again = ask(&holds, 2, &best(), now, true).await;
    assert!(again.is_err(), "it is silent: {again:?}");
    table.falls_silent(None);
    if told.is_ok() || comes_back {
        let hold = insist(&holds, 1, &best(), now).await.unwrap().hold;
        let places: Vec<_> = held(&table).into_iter().filter(|(_, of)| *of == hold.id).map(|(seat, _)| seat).collect();
        assert_eq!(places.len(), 2, "{answers}: {places:?}");
        let (holder, id) = whose(1);
        assert_eq!(holds.verify(id, holder, now).await.unwrap(), hold);
    } else {
        let (holder, gone) = whose(1);
        soon(async || {
            let free = !holds.is_under_way(gone, holder) && held(&table).iter().all(|(_, of)| *of != gone);
            // The seats are free a moment before the hold is forgotten.
            free && holds.by_holder(holder, now).await.is_ok_and(|known| known.is_empty())
        })
        .await;
    }
    let second = insist(&holds, 2, &best(), now).await.unwrap();
    assert!(asked.elapsed() <= KNOWN_WITHIN, "{answers}: known after {:?}", asked.elapsed());
    assert_eq!(held(&table).iter().filter(|(_, of)| *of == second.hold.id).count(), 2);
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_is_told_within_two_seconds_and_finds_out_by_asking_again() {
    join_all((0..7).flat_map(|answers| [story(answers, false, true), story(answers, true, true)])).await;
}

#[tokio::test(start_paused = true)]
async fn what_nobody_can_hear_of_is_undone() {
    join_all((0..3).map(|answers| story(answers, false, false))).await;
}

/// The record comes after everybody who was responsible for it has stopped waiting.
#[tokio::test(start_paused = true)]
async fn what_nobody_can_hear_of_is_undone_after_a_long_silence_too() {
    let long = async |answers: u64, comes_back: bool| {
        let table = FakeTable::default();
        let holds = house(&table).await;
        table.falls_silent(Some(answers));
        let told = ask(&holds, 1, &best(), NOW, comes_back).await;
        assert!(is_unconfirmed(&told), "{answers}: {told:?}");
        // Longer than the call waits for its record, and whoever undoes it for the call.
        sleep(Tuning::default().resolve_within * 2).await;
        assert!(table.cells().is_empty() || held(&table).len() == 2, "{answers}");
        table.falls_silent(None);
        if comes_back {
            let granted = insist(&holds, 1, &best(), NOW).await.unwrap();
            assert!(held(&table).len() == 2 && held(&table).iter().all(|(_, of)| *of == granted.hold.id));
        } else {
            let (holder, id) = whose(1);
            soon(async || {
                let free = !holds.is_under_way(id, holder) && held(&table).is_empty();
                free && holds.by_holder(holder, NOW).await.is_ok_and(|known| known.is_empty())
            })
            .await;
        }
    };
    join_all((0..2).flat_map(|answers| [long(answers, true), long(answers, false)])).await;
}

#[tokio::test(start_paused = true)]
async fn what_moved_is_told_however_late() {
    let table = FakeTable::default();
    let holds = house(&table).await;
    let rival = ask(&holds, 9, &best(), NOW, true).await.unwrap().hold;
    let wish = HoldRequest { seats: rival.seats, heal: true, ..HoldRequest::default() };
    // The places are taken; of the record nothing is heard for longer than the call waits for it.
    table.falls_silent(Some(1));
    let told = ask(&holds, 1, &wish, NOW, true).await;
    assert!(is_unconfirmed(&told), "{told:?}");
    sleep(Tuning::default().resolve_within).await;
    table.falls_silent(None);
    let told = insist(&holds, 1, &wish, NOW).await.unwrap();
    let elsewhere = insist(&house(&table).await, 1, &wish, NOW.plus(5_000)).await.unwrap();
    for told in [told, elsewhere] {
        let moved: Vec<(SeatId, SeatId)> = told.healed.iter().map(|pair| (pair.wanted, pair.got)).collect();
        assert_eq!(moved, wish.seats.iter().copied().zip(told.hold.seats).collect::<Vec<_>>());
    }
}

#[rstest]
#[case::at_once(900, true)]
#[case::later(1_400, false)]
#[case::much_later(1_900, false)]
#[tokio::test(start_paused = true)]
async fn a_store_that_is_slow_still_grants(#[case] takes: u64, #[case] at_once: bool) {
    let table = FakeTable::default();
    let holds = house(&table).await;
    table.fail(Faults { takes: Duration::from_millis(takes), ..Faults::default() });
    let asked = Instant::now();
    let told = ask(&holds, 1, &best(), NOW, true).await;
    assert_eq!((told.is_ok(), is_unconfirmed(&told)), (at_once, !at_once), "{told:?}");
    let granted = insist(&holds, 1, &best(), NOW).await.unwrap();
    assert!(asked.elapsed() < KNOWN_WITHIN, "{:?}", asked.elapsed());
    assert_eq!(held(&table).len(), 2);
    if let Ok(told) = told {
        assert_eq!(told.hold, granted.hold);
    }
}

#[tokio::test(start_paused = true)]
async fn one_request_that_is_lost_costs_nobody_their_hold() {
    let table = FakeTable::default();
    let holds = house(&table).await;
    for n in 1..4 {
        table.falls_silent(Some(u64::from(n) - 1));
        let asked = async {
            let told = ask(&holds, n, &best(), NOW, true).await;
            assert!(told.is_ok(), "{n}: {told:?}");
        };
        tokio::join!(asked, async {
            sleep(Duration::from_millis(300)).await;
            table.falls_silent(None);
        });
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_comes_late_is_heard_by_whoever_asks_again() {
    let table = FakeTable::default();
    let (holds, elsewhere) = (house(&table).await, house(&table.sound()).await);
    let rival = insist(&elsewhere, 9, &best(), NOW).await.unwrap();
    table.fail(Faults { takes: Duration::from_millis(1_100), ..Faults::default() });
    let wish = HoldRequest { seats: rival.hold.seats.clone(), ..HoldRequest::default() };
    let told = ask(&holds, 1, &wish, NOW, true).await;
    assert!(is_unconfirmed(&told), "{told:?}");
    let told = insist(&holds, 1, &wish, NOW).await;
    let taken: Vec<SeatId> = rival.hold.seats;
    assert!(
        matches!(&told, Err(HoldError::Refused(HoldRefusal::SeatsTaken { taken: t, .. })) if *t == taken),
        "{told:?}"
    );
    assert!(!holds.is_under_way(whose(1).1, whose(1).0), "it is told once");
}

#[tokio::test(start_paused = true)]
async fn whoever_goes_away_leaves_a_hold_only_where_they_can_come_back() {
    for comes_back in [true, false] {
        let table = FakeTable::default();
        let holds = house(&table).await;
        table.fail(Faults { takes: Duration::from_millis(100), ..Faults::default() });
        let asked = timeout(Duration::from_millis(50), ask(&holds, 1, &best(), NOW, comes_back)).await;
        assert!(asked.is_err(), "they do not wait");
        if comes_back {
            soon(async || held(&table).len() == 2).await;
            let granted = insist(&holds, 1, &best(), NOW).await.unwrap();
            assert_eq!(held(&table).len(), 2);
            assert!(held(&table).iter().all(|(_, of)| *of == granted.hold.id));
        } else {
            // Taken, and given back.
            soon(async || !table.cells().is_empty() && held(&table).is_empty()).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_extension_that_comes_late_is_heard_by_whoever_asks_again() {
    let table = FakeTable::default();
    let holds = house(&table).await;
    let hold = ask(&holds, 1, &best(), NOW, true).await.unwrap().hold;
    table.fail(Faults { takes: Duration::from_millis(700), ..Faults::default() });
    let asked = Instant::now();
    let told = holds.extend(hold.id, hold.holder, NOW).await;
    assert!(matches!(told, Err(HoldError::Trouble(Trouble::Unconfirmed { .. }))), "{told:?}");
    assert!(asked.elapsed() <= TOLD_WITHIN);
    let longer = holds.extend(hold.id, hold.holder, NOW).await.unwrap();
    assert_eq!((longer.extensions_left, longer.expires_at > hold.expires_at), (0, true));
    // It was one wish, and now it is heard.
    let told = holds.extend(hold.id, hold.holder, NOW).await;
    assert!(told.is_err(), "{told:?}");
    let asked = Instant::now();
    let _ = holds.release(hold.id, hold.holder, NOW).await;
    assert!(asked.elapsed() <= TOLD_WITHIN);
    soon(async || held(&table).is_empty()).await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_store_is_asked_once_more_by_one_at_a_time() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let slow = Tuning { answer_within: Duration::from_millis(800), reads: 7, ..Tuning::default() };
    let store = process(&table, slow, None);
    table.fail(Faults { takes: Duration::from_millis(500), ..Faults::default() });
    // Six blocks of seats and one of standing places are read at a time, and then seven behind that.
    evening.open(&store, Sold::default()).await;
    assert_eq!(table.reads_at_a_time(), 7 + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_over_http_is_told_in_time_and_found_by_its_key() {
    steady(async || {
        let (table, late) = (FakeTable::default(), Late::default());
        let shop = with_holds(Arc::new(process(&table, Tuning::default(), None))).await;
        let ask = async |key: Option<&str>| {
            let mut request =
                Request::post(format!("/api/v1/events/{SLUG}/holds")).header(header::CONTENT_TYPE, "application/json");
            if let Some(key) = key {
                request = request.header("idempotency-key", key);
            }
            let wish = Body::from(r#"{ "best": { "quantity": 2 } }"#);
            let asked = Instant::now();
            let response = shop.router.clone().oneshot(request.body(wish).unwrap()).await.unwrap();
            late.note("to be told", asked.elapsed(), TOLD_WITHIN + BUSY);
            let (status, comes_back) =
                (response.status().as_u16(), response.headers().contains_key(header::RETRY_AFTER));
            let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
            (status, comes_back, serde_json::from_slice::<Value>(&bytes).unwrap())
        };
        // Opens the event.
        assert_eq!(ask(None).await.0, 201);
        table.fail(Faults { takes: Duration::from_millis(1_300), ..Faults::default() });
        let (status, comes_back, told) = ask(Some("a-key-chosen-at-random")).await;
        assert_eq!((status, comes_back, told["code"].as_str()), (503, true, Some("unconfirmed")), "{told}");
        let (status, _, hold) = ask(Some("a-key-chosen-at-random")).await;
        always(held(&table).len() <= 4, format_args!("a key has two holds: {hold}"));
        assert_eq!(status, 201, "{hold}");
        always_same(held(&table).len(), 4, "seats of one hold of two, beside the first");
        // Without a key, and without a secret, nobody could ever have it.
        let (status, _, told) = ask(None).await;
        assert_eq!((status, told["code"].as_str()), (503, Some("unconfirmed")), "{told}");
        table.fail(Faults::default());
        sleep(Duration::from_secs(3)).await;
        assert_eq!(held(&table).len(), 4);
        late.is_nothing();
    })
    .await;
}
