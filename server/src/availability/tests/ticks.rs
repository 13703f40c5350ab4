//! However much changes, whoever listens is told once a tick, and what is made for several is made once.

use std::collections::HashMap;
use std::time::Duration;

use domain::hold::Hold;
use futures::future::join_all;
use tokio::time::{Instant, sleep};

use super::*;
use crate::clock::ManualClock;

/// Changes a second, one after the other.
const CHANGES: u16 = 1_000;
/// Each of so many seats goes and comes back in turn, so that it is another one at the next tick.
const SEATS: u16 = 73;

/// Everything that a listener is sent until the end of the stream.
async fn heard(listener: Listener) -> Vec<bytes::Bytes> {
    listener.into_body().unwrap().map(Result::unwrap).collect().await
}

#[tokio::test(start_paused = true)]
async fn a_thousand_changes_in_a_second_are_a_frame_a_tick_and_whoever_counts_has_the_very_same_bytes() {
    let holds = house(evening(), Sold::default());
    let availability = Availability::live(holds.clone(), Arc::new(ManualClock::at(NOW)), 10, 10);
    let mut browser = Browser::new(&availability.get(event(), NOW).await.unwrap());
    let mut listening = Vec::new();
    for wants in [Wants::Seats, Wants::Counts, Wants::Counts] {
        let ask = Ask { wants, after: Some(browser.known.position()) };
        listening.push(heard(availability.listen(event(), ask, ADDRESS, NOW).await.unwrap().unwrap()));
    }
    let listening = tokio::spawn(join_all(listening));
    let began = Instant::now();
    let mut held: HashMap<u16, Hold> = HashMap::new();
    for change in 0..CHANGES {
        sleep(Duration::from_millis(1)).await;
        let seat = change % SEATS;
        if let Some(hold) = held.remove(&seat) {
            holds.release(hold.id, hold.holder, NOW).await.unwrap();
        } else {
            let one = HoldRequest { seats: vec![SeatId(seat.into())], ..HoldRequest::default() };
            held.insert(seat, ask(&holds, change, &one).await.unwrap().hold);
        }
    }
    let ticks = began.elapsed().as_millis() as u64 / TICK + 1;
    sleep(Duration::from_millis(2 * TICK)).await;
    availability.close();
    let [frames, one, other] = listening.await.unwrap().try_into().unwrap();
    for frame in &frames {
        browser.hear(std::str::from_utf8(frame).unwrap());
    }
    let truth = availability.get(event(), NOW.plus(MINUTE)).await.unwrap();
    assert_eq!(browser.known, truth.message);
    // The first is what everybody is greeted with.
    let told = frames.len() as u64 - 1;
    assert!((ticks - 2..=ticks).contains(&told), "{told} frames in {ticks} ticks");
    assert_eq!((one.len(), other.len()), (frames.len(), frames.len()));
    for (one, other) in one.iter().zip(&other).skip(1) {
        assert_eq!(one.as_ptr(), other.as_ptr(), "the very bytes, not others like them");
    }
}
