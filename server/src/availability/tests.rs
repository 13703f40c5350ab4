//! Sequences, tags and counts follow the hold store.

mod ticks;
mod withdrawn;

use app::api::holds::HoldRequest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::availability::{Message, Position};
use domain::seat::{SeatId, SeatState};
use domain::time::MINUTE;
use futures::StreamExt;

use super::*;
use crate::holds::tests::{Edited, NOW, ask, evening, event, house};
use crate::holds::{MemoryHolds, Sold, changing_under_its_readers};
use crate::test_support::metric;

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
    assert_eq!(Message::decode(after.bytes()).as_ref(), Some(&after.message));
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
    assert_eq!(&plain, seen.bytes());
    assert!(seen.brotli().len() < seen.bytes().len());
}

#[tokio::test]
async fn a_tier_that_moves_is_counted_anew_though_no_seat_changes() {
    let evening = evening();
    let edited = Arc::new(Edited(Mutex::new(Arc::new(evening.clone()))));
    let holds = Holds::new(Arc::new(MemoryHolds::default()), edited.clone());
    let availability = Availability::new(holds, NOW);
    let before = availability.get(event(), NOW).await.unwrap();
    let count = |seen: &Seen, tier: usize| seen.left[tier].1;
    assert_ne!(count(&before, 0), count(&before, 1));
    // What a place costs is no count.
    let mut dearer = evening.clone();
    dearer.tiers[0].price.total.amount += 1;
    *edited.0.lock().unwrap() = Arc::new(dearer);
    assert!(Arc::ptr_eq(&before, &availability.get(event(), NOW.plus(MINUTE)).await.unwrap()));
    let mut moved = evening.clone();
    (moved.tiers[0].category, moved.tiers[1].category) = (evening.tiers[1].category, evening.tiers[0].category);
    *edited.0.lock().unwrap() = Arc::new(moved);
    let after = availability.get(event(), NOW.plus(MINUTE)).await.unwrap();
    assert_eq!((count(&after, 0), count(&after, 1)), (count(&before, 1), count(&before, 0)));
    assert_eq!(after.message.sequence, before.message.sequence + 1);
    assert_eq!(after.message.states, before.message.states);
    // Whoever only listens is told by the comparison.
    *edited.0.lock().unwrap() = Arc::new(evening);
    assert_eq!(availability.compare(NOW.plus(MINUTE)).await, Ok(0));
    let told = availability.projections()[0].news(Wants::Counts, after.message.position()).0;
    assert_eq!(told.len(), 1);
    let total = format!("\"{}\":{}", before.left[0].0, count(&before, 0));
    assert!(String::from_utf8_lossy(&told[0].text()).contains(&total));
}

#[tokio::test]
async fn an_unknown_event_is_said_to_be_unknown() {
    let availability = Availability::new(house(evening(), Sold::default()), NOW);
    let error = availability.get(EventId::mint(NOW, [7; 10]), NOW).await.unwrap_err();
    assert_eq!(error, HoldError::NoSuchEvent);
}

/// Holds a pair of seats and looks.
async fn change(holds: &Holds, availability: &Availability, seat: u16) -> Arc<Seen> {
    let pair = HoldRequest { seats: vec![SeatId(seat.into()), SeatId(u32::from(seat) + 1)], ..HoldRequest::default() };
    ask(holds, seat + 1, &pair).await.unwrap();
    let (_, seen) = availability.look(event(), 0, NOW).await.unwrap();
    seen
}

/// What a browser does with the events it gets.
struct Browser {
    known: Message,
    told_to_fetch: bool,
    left: u64,
}

impl Browser {
    fn new(seen: &Seen) -> Self {
        Self { known: seen.message.clone(), told_to_fetch: false, left: 0 }
    }

    fn hear(&mut self, text: &str) {
        for event in text.split_terminator("\n\n") {
            let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            let data = field("data: ");
            match field("event: ") {
                "delta" => {
                    let to: Position = field("id: ").parse().unwrap();
                    assert_eq!(to, Position { sequence: self.known.sequence + 1, ..self.known.position() });
                    let bytes = STANDARD.decode(data).unwrap();
                    domain::availability::delta::apply(&mut self.known.states, &bytes).unwrap();
                    self.known.sequence = to.sequence;
                }
                "state" => {
                    self.known = Message::decode(&STANDARD.decode(data).unwrap()).unwrap();
                    assert_eq!(self.known.position().to_string(), field("id: "));
                }
                // Said for those who do not understand `state`.
                "snapshot" => self.told_to_fetch |= self.known.position().to_string() != data,
                "beat" => {}
                "left" => {
                    self.left = serde_json::from_str::<serde_json::Value>(data).unwrap()["total"].as_u64().unwrap();
                }
                _ => assert!(event.is_empty() || event.starts_with([':', 'r']), "{event}"),
            }
        }
    }
}

fn all_of_it(after: Option<Position>) -> Ask {
    Ask { wants: Wants::Seats, after }
}

const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

#[tokio::test]
async fn whoever_comes_back_hears_what_was_missed_and_nothing_twice() {
    let holds = house(evening(), Sold::default());
    let availability = Availability::new(holds.clone(), NOW);
    let mut browser = Browser::new(&availability.get(event(), NOW).await.unwrap());
    let after = browser.known.position();
    for seat in [0, 4] {
        change(&holds, &availability, seat).await;
    }
    let listener = availability.listen(event(), all_of_it(Some(after)), ADDRESS, NOW).await.unwrap().unwrap();
    let mut body = Box::pin(listener.into_body().unwrap());
    let hello = body.next().await.unwrap().unwrap();
    browser.hear(std::str::from_utf8(&hello).unwrap());
    assert_eq!(browser.known.sequence, 3);
    let newest = change(&holds, &availability, 8).await;
    let news = body.next().await.unwrap().unwrap();
    browser.hear(std::str::from_utf8(&news).unwrap());
    assert_eq!(browser.known, newest.message);
    assert_eq!((browser.told_to_fetch, browser.left), (false, u64::from(newest.total_left())));
    assert_eq!(availability.listeners(), 1);
    drop(body);
    assert_eq!(availability.listeners(), 0);
}

#[tokio::test]
async fn who_was_away_too_long_or_knew_another_life_gets_the_whole_state() {
    let holds = house(evening(), Sold::default());
    let availability = Availability::new(holds.clone(), NOW);
    let first = availability.get(event(), NOW).await.unwrap();
    let seen = change(&holds, &availability, 0).await;
    let now = seen.message.position();
    let elsewhere = [
        None,
        Some(Position { epoch: now.epoch + 1, ..now }),
        Some(Position { sequence: 0, ..now }),
        Some(Position { sequence: now.sequence + 1, ..now }),
    ];
    for after in elsewhere {
        let listener = availability.listen(event(), all_of_it(after), ADDRESS, NOW).await.unwrap().unwrap();
        let mut body = Box::pin(listener.into_body().unwrap());
        let hello = body.next().await.unwrap().unwrap();
        let mut browser = Browser::new(&first);
        browser.hear(std::str::from_utf8(&hello).unwrap());
        assert_eq!((&browser.known, browser.told_to_fetch), (&seen.message, false), "{after:?}");
        // Readers from before `state` are told to fetch, as they always were.
        assert!(std::str::from_utf8(&hello).unwrap().contains(&format!("event: snapshot\ndata: {now}\n")));
    }
}

#[tokio::test]
async fn no_more_is_replayed_than_the_state_is_worth() {
    let availability = Availability::new(house(evening(), Sold::default()), NOW);
    let first = availability.get(event(), NOW).await.unwrap();
    let (projection, _) = availability.look(event(), 0, NOW).await.unwrap();
    for _ in 0..40 {
        projection.break_on_purpose(SeatId(20), SeatState::Sold);
        availability.compare(NOW).await.unwrap();
    }
    let seen = availability.get(event(), NOW).await.unwrap();
    let now = seen.message.position();
    assert_eq!(now.sequence, first.message.sequence + 40);
    let size = |after: Position| -> usize {
        let (frames, to) = projection.greet(Wants::Seats, Some(after));
        assert_eq!(to, now);
        frames.iter().map(|frame| frame.text().len()).sum()
    };
    let whole = seen.whole().text().len();
    assert_eq!(size(first.message.position()), whole);
    let sizes = (first.message.sequence..now.sequence).map(|sequence| size(Position { sequence, ..now }));
    let replays: Vec<usize> = sizes.filter(|size| *size != whole).collect();
    assert!((3..39).contains(&replays.len()), "{replays:?}");
    assert!(replays.iter().all(|size| *size <= 1024 + seen.counts().text().len()), "{replays:?}");
}

#[tokio::test]
async fn a_wrong_projection_is_put_right_and_told() {
    let counted = metric("parterre_live_drift_total");
    let holds = house(evening(), Sold::default());
    let availability = Availability::new(holds.clone(), NOW);
    let seen = change(&holds, &availability, 0).await;
    let (projection, _) = availability.look(event(), 0, NOW).await.unwrap();
    assert_eq!(availability.compare(NOW).await.unwrap(), 0);
    projection.break_on_purpose(SeatId(20), SeatState::Sold);
    projection.break_on_purpose(SeatId(0), SeatState::Free);
    let wrong = availability.get(event(), NOW).await.unwrap();
    assert_ne!(wrong.message.states, seen.message.states);
    let mut browser = Browser::new(&wrong);
    assert_eq!(availability.compare(NOW).await.unwrap(), 2);
    let right = availability.get(event(), NOW).await.unwrap();
    assert_eq!((&right.message.states, right.left.clone()), (&seen.message.states, seen.left.clone()));
    let (texts, _) = projection.news(Wants::Seats, wrong.message.position());
    texts.iter().for_each(|frame| browser.hear(std::str::from_utf8(&frame.text()).unwrap()));
    assert_eq!(browser.known, right.message);
    assert_eq!(availability.compare(NOW).await.unwrap(), 0);
    assert!(metric("parterre_live_drift_total") >= counted + 2.0);
}

#[tokio::test]
async fn what_changes_while_it_is_compared_is_no_drift() {
    let evening = evening();
    let holds = Holds::new(changing_under_its_readers(), Arc::new(Edited(Mutex::new(Arc::new(evening)))));
    let availability = Availability::new(holds.clone(), NOW);
    let before = availability.get(event(), NOW).await.unwrap();
    let pair = HoldRequest { seats: vec![SeatId(0), SeatId(1)], ..HoldRequest::default() };
    ask(&holds, 1, &pair).await.unwrap();
    let projection = availability.projections().remove(0);
    assert_eq!(availability.compare(NOW.plus(1)).await.unwrap(), 0);
    // It is shown at once all the same.
    let told = projection.news(Wants::Seats, before.message.position()).1;
    assert_eq!(told.sequence, before.message.sequence + 1);
}

#[tokio::test]
async fn a_hold_that_ran_out_unseen_is_no_drift() {
    let holds = house(evening(), Sold::default());
    let availability = Availability::new(holds.clone(), NOW);
    change(&holds, &availability, 0).await;
    // Nobody listens and nobody sweeps: the clock alone frees the seats, and the store's version stays.
    let later = NOW.plus(domain::hold::HOLD_FOR + 1);
    assert_eq!(availability.compare(later).await.unwrap(), 0);
    let (projection, _) = availability.look(event(), 0, later).await.unwrap();
    projection.break_on_purpose(SeatId(20), SeatState::Sold);
    assert_eq!(availability.compare(later).await.unwrap(), 1);
}

#[tokio::test]
async fn a_ticker_tells_what_changes_while_somebody_listens_and_rests_after() {
    let holds = house(evening(), Sold::default());
    let clock = Arc::new(crate::clock::ManualClock::at(NOW));
    let availability = Availability::live(holds.clone(), clock.clone(), 10, 10);
    let seen = availability.get(event(), NOW).await.unwrap();
    let listener =
        availability.listen(event(), all_of_it(Some(seen.message.position())), ADDRESS, NOW).await.unwrap().unwrap();
    let mut body = Box::pin(listener.into_body().unwrap());
    let mut browser = Browser::new(&seen);
    browser.hear(std::str::from_utf8(&body.next().await.unwrap().unwrap()).unwrap());
    let pair = HoldRequest { seats: vec![SeatId(0), SeatId(1)], ..HoldRequest::default() };
    ask(&holds, 1, &pair).await.unwrap();
    browser.hear(std::str::from_utf8(&body.next().await.unwrap().unwrap()).unwrap());
    assert_eq!(browser.known.states.get(SeatId(1)), SeatState::Held);
    // Nobody sweeps; the clock alone frees them.
    clock.advance(domain::hold::HOLD_FOR + 1);
    browser.hear(std::str::from_utf8(&body.next().await.unwrap().unwrap()).unwrap());
    assert_eq!(browser.known.states.get(SeatId(1)), SeatState::Free);
    drop(body);
    let (projection, _) = availability.look(event(), 0, clock.now()).await.unwrap();
    while Arc::strong_count(&projection) > 2 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    availability.close();
}

/// Two ends of a connection; the first does not block.
pub(super) fn line() -> (std::net::TcpStream, std::net::TcpStream) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let far = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let near = listener.accept().unwrap().0;
    near.set_nonblocking(true).unwrap();
    (near, far)
}

/// A stop ends the threads while requests are still being answered: their streams come to nothing, at once.
#[tokio::test]
async fn a_stream_that_begins_after_the_end_is_let_go_and_hangs_nobody() {
    let availability = Availability::new(house(evening(), Sold::default()), NOW);
    let listen = || availability.listen(event(), all_of_it(None), ADDRESS, NOW);
    let (early, late) = (listen().await.unwrap().unwrap(), listen().await.unwrap().unwrap());
    let (early_near, _early_far) = line();
    early.onto(early_near, b"head\r\n\r\n");
    availability.close();
    let (near, mut far) = line();
    let (done, is_done) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        late.onto(near, b"head\r\n\r\n");
        let _ = done.send(());
    });
    is_done.recv_timeout(std::time::Duration::from_secs(10)).expect("nobody waits for himself");
    let mut text = String::new();
    std::io::Read::read_to_string(&mut far, &mut text).unwrap();
    assert_eq!((text.as_str(), availability.listeners()), ("", 0));
}

#[tokio::test]
async fn who_comes_after_the_end_is_refused() {
    let availability = Availability::new(house(evening(), Sold::default()), NOW);
    availability.close();
    let refused = availability.listen(event(), all_of_it(None), ADDRESS, NOW).await.unwrap();
    assert_eq!(refused.unwrap_err(), Full::Closing);
    assert_eq!(availability.listeners(), 0);
}

#[test]
fn two_lives_that_begin_in_the_same_millisecond_are_told_apart() {
    let clock = Arc::new(crate::clock::ManualClock::at(Millis(4_000_000_000_000)));
    let [one, other] =
        [(); 2].map(|()| Availability::live(house(evening(), Sold::default()), clock.clone(), 1, 1).0.epoch);
    assert_ne!(one, other);
    assert!(one < 1 << 53 && epoch(Millis(4_000_000_000_001), 0) > one.max(other));
}

#[tokio::test]
async fn what_nobody_looks_at_is_forgotten_and_comes_back_above_what_was_told() {
    let holds = house(evening(), Sold::default());
    let availability = Availability::new(holds.clone(), NOW);
    let seen = change(&holds, &availability, 0).await;
    let before = seen.message.position();
    let later = NOW.plus(IDLE + 1);
    let listener = availability.listen(event(), all_of_it(Some(before)), ADDRESS, NOW).await.unwrap().unwrap();
    availability.forget(later);
    assert_eq!(availability.projections().len(), 1, "somebody listens");
    drop(listener);
    availability.forget(NOW.plus(IDLE));
    assert_eq!(availability.projections().len(), 1, "somebody was here a moment ago");
    availability.forget(later);
    assert!(availability.projections().is_empty());
    let (projection, after) = availability.look(event(), 0, NOW).await.unwrap();
    assert!(after.message.epoch == before.epoch && after.message.sequence > before.sequence);
    let (frames, _) = projection.greet(Wants::Seats, Some(before));
    assert_eq!(frames.first().map(Frame::text), Some(after.whole().text()), "nothing can go on from another life");
}

#[tokio::test]
async fn what_was_wrong_is_put_right_even_where_something_changed_since() {
    let holds = house(evening(), Sold::default());
    let availability = Availability::new(holds.clone(), NOW);
    let (projection, seen) = availability.look(event(), 0, NOW).await.unwrap();
    projection.break_on_purpose(SeatId(20), SeatState::Sold);
    let pair = HoldRequest { seats: vec![SeatId(0), SeatId(1)], ..HoldRequest::default() };
    ask(&holds, 1, &pair).await.unwrap();
    availability.compare(NOW).await.unwrap();
    let mut browser = Browser::new(&seen);
    let (frames, _) = projection.greet(Wants::Seats, None);
    frames.iter().for_each(|frame| browser.hear(std::str::from_utf8(&frame.text()).unwrap()));
    let shown = [1, 20].map(|seat| browser.known.states.get(SeatId(seat)));
    assert_eq!(shown, [SeatState::Held, SeatState::Free]);
}
