//! A second try under the same id, at another process: it finds what the first one has left behind, whoever of the two is
//! slow, and nobody has two holds by one id.

use std::time::Duration;

use app::api::holds::HoldRequest;
use domain::hold::Hold;
use domain::ids::HoldId;
use domain::seat::SeatId;
use rstest::rstest;
use tokio::time::sleep;

use super::ghosts::{granted, held, is_unconfirmed, opened};
use super::processes::soon;
use super::storm::quick;
use super::told::{self, ask, best, house, insist, unopened};
use super::{Evening, process};
use crate::holds::cql::Tuning;
use crate::holds::cql::fake::{FakeTable, Fate, Faults};
use crate::holds::store::{Grant, HoldStore, Outcome, Sold};
use crate::holds::tests::NOW;
use crate::holds::{HoldError, Holds};
use crate::trouble::Trouble;

/// Who asked for these seats at a process that took them and was never heard of again.
async fn left_behind(here: &Holds, table: &FakeTable, wish: &HoldRequest) {
    table.fail(Faults { refused_notes: true, ..Faults::default() });
    let told = ask(here, 1, wish, NOW, true).await;
    assert!(matches!(told, Err(HoldError::Trouble(Trouble::Unconfirmed { .. }))), "{told:?}");
}

fn chosen(seats: &[SeatId], heal: bool) -> HoldRequest {
    HoldRequest { seats: seats.to_vec(), heal, ..HoldRequest::default() }
}

/// The two best seats, which nobody has.
async fn two_seats(holds: &Holds) -> Vec<SeatId> {
    let hold = insist(holds, 9, &best(), NOW).await.unwrap().hold;
    assert!(holds.release(hold.id, hold.holder, NOW).await.unwrap());
    hold.seats
}

fn all_of(table: &FakeTable, hold: &Hold) -> bool {
    let held = told::held(table);
    held.len() == hold.seats.len()
        && held.iter().all(|(seat, of)| *of == hold.id && hold.seats.contains(&SeatId(seat.unsigned_abs())))
}

#[rstest]
#[case::as_they_are(Some(false))]
#[case::or_others_instead(Some(true))]
#[case::the_best(None)]
#[tokio::test(start_paused = true)]
async fn whoever_asks_again_elsewhere_has_what_the_first_try_took(#[case] heal: Option<bool>) {
    let table = FakeTable::default();
    let here = house(&table).await;
    let seats = two_seats(&here).await;
    let wish = heal.map_or_else(best, |heal| chosen(&seats, heal));
    left_behind(&here, &table, &wish).await;
    // It reads the rows as it opens the event.
    let there = house(&table.sound()).await;
    let hold = ask(&there, 1, &wish, NOW.plus(5_000), true).await.unwrap().hold;
    assert_eq!(hold.seats, seats);
    assert!(all_of(&table, &hold), "{:?}", told::held(&table));
}

#[tokio::test(start_paused = true)]
async fn what_the_first_try_took_is_found_where_others_are_thought_to_have_it() {
    let table = FakeTable::default();
    let (here, there) = (house(&table).await, house(&table.sound()).await);
    let rival = insist(&there, 9, &best(), NOW).await.unwrap().hold;
    // Let go where nobody tells it.
    assert!(here.release(rival.id, rival.holder, NOW).await.unwrap());
    let wish = chosen(&rival.seats, true);
    left_behind(&here, &table, &wish).await;
    let hold = ask(&there, 1, &wish, NOW.plus(5_000), true).await.unwrap().hold;
    assert_eq!(hold.seats, rival.seats);
    assert!(all_of(&table, &hold), "{:?}", told::held(&table));
}

#[tokio::test(start_paused = true)]
async fn seats_that_the_first_try_took_instead_are_taken_first() {
    let table = FakeTable::default();
    let here = house(&table).await;
    let rival = insist(&here, 9, &best(), NOW).await.unwrap().hold;
    let wish = chosen(&rival.seats, true);
    left_behind(&here, &table, &wish).await;
    let there = house(&table.sound()).await;
    // What was wished is free again by now.
    assert!(there.release(rival.id, rival.holder, NOW).await.unwrap());
    let told = ask(&there, 1, &wish, NOW.plus(5_000), true).await.unwrap();
    assert!(all_of(&table, &told.hold), "{:?}", told::held(&table));
    assert_eq!(told.healed.len(), 2, "and it is told what moved");
}

#[tokio::test(start_paused = true)]
async fn an_id_is_fresh_for_as_long_as_it_really_is() {
    let table = FakeTable::default();
    let slow = table.sound();
    let there = house(&table.sound()).await;
    let wish = chosen(&two_seats(&there).await, true);
    // The first process is still opening the event when the second one grants.
    slow.fail(Faults { takes: Duration::from_millis(1_500), ..Faults::default() });
    let here = unopened(&slow);
    let second = async {
        sleep(Duration::from_millis(1_000)).await;
        let told = ask(&there, 1, &wish, NOW.plus(1_000), true).await.unwrap();
        sleep(Duration::from_millis(600)).await;
        slow.fail(Faults::default());
        told.hold
    };
    let (first, second) = tokio::join!(insist(&here, 1, &wish, NOW), second);
    assert!(all_of(&table, &second), "{:?}", told::held(&table));
    assert_eq!(first.unwrap().hold, second);
}

#[tokio::test(start_paused = true)]
async fn a_slow_first_try_gives_way_to_the_second_ones_record() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let (first, second) = (process(&table, Tuning::default(), None), process(&table.sound(), Tuning::default(), None));
    evening.open(&first, Sold::default()).await;
    evening.open(&second, Sold::default()).await;
    let id = HoldId::mint(super::NOW, evening.bytes(4, 1));
    let wish = |seat| Grant { id, ..evening.grant(1, &[seat], 0) };
    // The seat is taken after a second, and its record would be there after another.
    table.fail(Faults { takes: Duration::from_secs(1), ..Faults::default() });
    let again = async {
        sleep(Duration::from_millis(1_500)).await;
        let hold = second.place(&wish(4), super::NOW.plus(1_500)).await;
        table.fail(Faults::default());
        hold
    };
    let here = wish(3);
    let (told, again) = tokio::join!(first.place(&here, super::NOW), again);
    assert!(is_unconfirmed(&told), "{told:?}");
    soon(async || held(&table) == [4]).await;
    let found = first.earlier(id, evening.holder(1), super::NOW.plus(5_000)).await.unwrap();
    assert_eq!(Outcome::Applied(found.unwrap()), again);
}

#[tokio::test(start_paused = true)]
async fn standing_places_that_only_a_deciding_read_finds_are_not_taken_twice() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let (first, second) = (opened(&table, evening).await, process(&table.sound(), quick(), None));
    evening.open(&second, Sold::default()).await;
    let before = granted(&first, &evening.grant(9, &[], 2)).await;
    // The second process alone knows that the first places are free again.
    assert!(matches!(second.release(before.id, before.holder, super::NOW).await, Outcome::Applied(true)));
    let wish = Grant { id: HoldId::mint(super::NOW, evening.bytes(4, 1)), ..evening.grant(1, &[], 2) };
    table.fate(&[Fate::Unheard], Some(Fate::Never));
    table.fail(Faults { unread: 1, ..Faults::default() });
    let told = first.place(&wish, super::NOW).await;
    assert!(is_unconfirmed(&told), "{told:?}");
    let told = second.place(&wish, super::NOW.plus(5_000)).await;
    assert!(matches!(told, Outcome::Applied(_)), "{told:?}");
    assert_eq!(held(&table).len(), 2, "not one place more than was asked for");
}
