//! Sequences, tags and counts follow the hold store.

use app::api::holds::HoldRequest;
use domain::time::MINUTE;

use super::*;
use crate::holds::Sold;
use crate::holds::tests::{NOW, ask, evening, event, house};

#[tokio::test]
async fn a_change_makes_a_new_sequence_and_quiet_shares_the_bytes() {
    let evening = evening();
    let seats = evening.chart.seats.len() as u32;
    let holds = house(evening, Sold::default());
    let availability = Availability::new(holds.clone(), NOW);
    let before = availability.get(event(), NOW).await.unwrap();
    assert_eq!(before.total_left(), seats + 50);
    assert!(Arc::ptr_eq(&before, &availability.get(event(), NOW.plus(MINUTE)).await.unwrap()));
    let pair = HoldRequest { seats: vec![SeatId(0), SeatId(1)], ..HoldRequest::default() };
    let granted = ask(&holds, 1, &pair).await.unwrap();
    let after = availability.get(event(), NOW.plus(MAX_AGE + MINUTE)).await.unwrap();
    assert_eq!((after.message.epoch, after.message.sequence), (before.message.epoch, 2));
    assert_ne!(after.etag, before.etag);
    assert_eq!(after.total_left(), seats + 48);
    let changed: Vec<_> = after.message.states.changes(&before.message.states).collect();
    assert_eq!(changed, [(SeatId(0), SeatState::Held), (SeatId(1), SeatState::Held)]);
    assert_eq!(Message::decode(&after.bytes).as_ref(), Some(&after.message));
    // It runs out by the clock, whether anything swept it or not.
    let end = availability.get(event(), granted.hold.expires_at).await.unwrap();
    assert_eq!((end.message.sequence, end.total_left()), (3, seats + 50));
    // What changes back and forth between two looks is no change.
    let pair = HoldRequest { seats: vec![SeatId(2), SeatId(3)], ..HoldRequest::default() };
    let hold = ask(&holds, 2, &pair).await.unwrap().hold;
    holds.release(hold.id, hold.holder, NOW).await.unwrap();
    let same = availability.get(event(), end_of(&granted.hold)).await.unwrap();
    assert!(Arc::ptr_eq(&same, &end));
}

fn end_of(hold: &domain::hold::Hold) -> Millis {
    hold.expires_at.plus(MAX_AGE)
}

#[tokio::test]
async fn compressed_bytes_are_the_same_bytes() {
    let availability = Availability::new(house(evening(), Sold::default()), NOW);
    let seen = availability.get(event(), NOW).await.unwrap();
    let mut plain = Vec::new();
    brotli::BrotliDecompress(&mut seen.brotli().as_ref(), &mut plain).unwrap();
    assert_eq!(plain, seen.bytes);
    assert!(seen.brotli().len() < seen.bytes.len());
}

#[tokio::test]
async fn an_unknown_event_is_said_to_be_unknown() {
    let availability = Availability::new(house(evening(), Sold::default()), NOW);
    let error = availability.get(EventId::mint(NOW, [7; 10]), NOW).await.unwrap_err();
    assert_eq!(error, HoldError::NoSuchEvent);
}
