//! What a process knows of rows, and since when; and how long it lets anybody wait.

use std::time::Duration;

use domain::seat::SeatId;
use domain::time::Millis;
use tokio::time::Instant;

use super::Evening;
use crate::holds::cql::book::Book;
use crate::holds::cql::cell::{Cell, Mark};
use crate::holds::cql::hall::{Hall, Seen};
use crate::holds::memory::lock;
use crate::holds::store::Layout;

fn hall(evening: Evening) -> Hall {
    Hall::new(evening.event(), &Layout { blocks: vec![0; 4].into(), ..Layout::default() }, 0).unwrap()
}

fn cell(evening: Evening, version: i64) -> Cell {
    Cell { version, mark: Mark::Held, hold: Some(evening.id(1)), until: Millis(9), ..Cell::default() }
}

#[test]
fn a_decision_that_was_asked_for_earlier_undoes_nothing_that_was_seen_later() {
    let evening = Evening::new();
    let (hall, row) = (hall(evening), |version| [(2, cell(evening, version))]);
    let (block, place) = hall.slot(SeatId(2)).unwrap();
    let version = || lock(&hall.blocks[block].cells).cells[place as usize].version;
    hall.merge(block, &row(7), Seen::Read(20));
    hall.merge(block, &row(6), Seen::Decided(10));
    assert_eq!(version(), 7, "its answer was on the way while the row was written");
    hall.merge(block, &row(6), Seen::Decided(21));
    assert_eq!(version(), 6, "what stands there now is so, whatever was known before");
    hall.merge(block, &row(8), Seen::Decided(5));
    assert_eq!(version(), 8, "a greater version is news in any case");
}

#[test]
fn what_others_told_is_good_for_the_patient_alone() {
    let evening = Evening::new();
    let hall = hall(evening);
    let (block, place) = hall.slot(SeatId(2)).unwrap();
    hall.merge(block, &[(2, cell(evening, 1))], Seen::Read(10));
    hall.merge(block, &[(2, cell(evening, 2))], Seen::Heard(30));
    let cells = lock(&hall.blocks[block].cells);
    assert_eq!(cells.cells[place as usize].version, 2);
    // The message may have been on its way for long.
    assert_eq!(cells.seen_at(place as usize, false), Some(10));
    assert_eq!(cells.seen_at(place as usize, true), Some(30));
}

#[tokio::test]
async fn a_turn_that_does_not_come_in_time_is_not_waited_for() {
    let (book, evening) = (Book::default(), Evening::new());
    let soon = || Instant::now() + Duration::from_millis(20);
    let mine = book.turn(evening.holder(1), soon()).await.expect("nobody else is there");
    assert!(book.turn(evening.holder(1), soon()).await.is_none());
    assert!(book.turn(evening.holder(2), soon()).await.is_some(), "others have turns of their own");
    drop(mine);
    assert!(book.turn(evening.holder(1), soon()).await.is_some());
}
