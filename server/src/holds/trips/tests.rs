//! Laws of segments, on the table in memory, on one that loses answers, and on Cassandra;
//! `broken.rs` shows each of them able to fail.

mod broken;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use domain::ids::{HoldId, HolderId, TripId};
use domain::seat::{SeatId, SeatState};
use domain::time::{MINUTE, Millis};
use domain::trip::{Legs, Segment};

use super::table::SegmentChange;
use super::*;
use crate::clock::{SystemClock, random};
use crate::test_support::{NOW, PATIENT, cassandra};

const END: Millis = Millis(NOW.0 + 10 * MINUTE);

/// Every third write is done and its answer lost, every fourth is dropped.
#[derive(Default)]
struct Lossy(MemorySegments, AtomicU64);

#[async_trait]
impl SegmentTable for Lossy {
    async fn read(&self, trip: TripId, legs: Option<Legs>) -> Result<Rows, Trouble> {
        tokio::task::yield_now().await;
        self.0.read(trip, legs).await
    }

    async fn write(&self, trip: TripId, changes: &[SegmentChange]) -> Written {
        tokio::task::yield_now().await;
        let turn = self.1.fetch_add(1, Ordering::Relaxed);
        if turn % 4 == 3 {
            return Written::Unknown(unconfirmed("dropped"));
        }
        let written = self.0.write(trip, changes).await;
        if turn % 3 == 2 { Written::Unknown(unconfirmed("lost")) } else { written }
    }
}

fn id() -> [u8; 10] {
    random(&SystemClock)
}

fn trip() -> TripId {
    TripId::mint(NOW, id())
}

fn legs(from: u16, to: u16) -> Legs {
    Legs::new(from, to).unwrap()
}

fn wish(seats: &[u32], legs: Legs) -> SegmentGrant {
    let seats = seats.iter().map(|seat| SeatId(*seat)).collect();
    let (hold, holder) = (HoldId::mint(NOW, id()), HolderId::mint(NOW, id()));
    SegmentGrant { hold, holder, seats, legs, until: END, extensions: 1 }
}

fn applied(outcome: SegmentOutcome) -> SegmentHold {
    match outcome {
        SegmentOutcome::Applied(hold) => hold,
        other => panic!("applied: {other:?}"),
    }
}

fn lost(outcome: SegmentOutcome) -> SegmentLoss {
    match outcome {
        SegmentOutcome::Lost(loss) => loss,
        other => panic!("lost: {other:?}"),
    }
}

async fn a_seat_is_shared_one_after_the_other(store: &TripHolds) {
    let trip = trip();
    let (early, late, across) = (wish(&[4], legs(0, 3)), wish(&[4], legs(3, 5)), wish(&[4, 5], legs(2, 4)));
    applied(store.place(trip, &early, NOW).await);
    applied(store.place(trip, &late, NOW).await);
    let at = |leg| Segment { leg, seat: SeatId(4) };
    assert_eq!(lost(store.place(trip, &across, NOW).await), SegmentLoss::Taken(vec![at(2), at(3)]));
    let seats = [SeatId(4), SeatId(5)];
    assert_eq!(store.open_on(trip, legs(2, 4), &seats, NOW).await.unwrap(), [SeatId(5)], "nothing of it was kept");
    applied(store.free(trip, early.hold, NOW).await);
    assert_eq!(store.taken(trip, legs(0, 9), NOW).await.unwrap(), [(at(3), SeatState::Held), (at(4), SeatState::Held)]);
}

async fn asking_again_changes_nothing(store: &TripHolds) {
    let trip = trip();
    let wish = wish(&[1, 2], legs(0, 2));
    let first = applied(store.place(trip, &wish, NOW).await);
    assert_eq!(applied(store.place(trip, &wish, NOW).await), first);
    let other = SegmentGrant { seats: vec![SeatId(1), SeatId(3)], ..wish.clone() };
    assert_eq!(lost(store.place(trip, &other, NOW).await), SegmentLoss::IdReused);
    let until = Millis(END.0 + MINUTE);
    for _ in 0..2 {
        assert_eq!(applied(store.extend(trip, wish.hold, &first, until, NOW).await).until, until);
    }
    let longer = store.extend(trip, wish.hold, &first, Millis(until.0 + 1), NOW).await;
    assert_eq!(lost(longer), SegmentLoss::NoExtensionLeft);
    for _ in 0..2 {
        applied(store.mark_sold(trip, wish.hold, &first, NOW).await);
    }
    let taken = store.taken(trip, legs(0, 2), Millis(until.0 + 1)).await.unwrap();
    assert!(taken.len() == 4 && taken.iter().all(|(_, state)| *state == SeatState::Sold));
    for _ in 0..2 {
        applied(store.free(trip, wish.hold, NOW).await);
    }
    assert_eq!(store.taken(trip, legs(0, 2), NOW).await.unwrap(), []);
}

async fn whoever_was_overtaken_cannot_buy(store: &TripHolds) {
    let trip = trip();
    let (slow, quick) = (wish(&[7], legs(1, 4)), SegmentGrant { until: Millis(END.0 * 2), ..wish(&[7], legs(3, 6)) });
    let old = applied(store.place(trip, &slow, NOW).await);
    let new = applied(store.place(trip, &quick, END).await);
    assert!(new.fence > old.fence);
    assert_eq!(lost(store.place(trip, &slow, NOW).await), SegmentLoss::Gone, "a part is no hold");
    assert_eq!(lost(store.mark_sold(trip, slow.hold, &old, NOW).await), SegmentLoss::Gone);
    assert_eq!(
        lost(store.mark_sold(trip, quick.hold, &SegmentHold { fence: old.fence, ..new.clone() }, END).await),
        SegmentLoss::Gone
    );
    applied(store.mark_sold(trip, quick.hold, &new, END).await);
}

async fn a_hold_has_a_size(store: &TripHolds) {
    let too_much = wish(&(0..11).collect::<Vec<_>>(), legs(0, 20));
    assert_eq!(lost(store.place(trip(), &too_much, NOW).await), SegmentLoss::Size);
    assert_eq!(lost(store.place(trip(), &wish(&[], legs(0, 1)), NOW).await), SegmentLoss::Size);
    let full = wish(&(0..10).collect::<Vec<_>>(), legs(0, 20));
    let trip = trip();
    assert_eq!(applied(store.place(trip, &full, NOW).await).segments.len(), MOST_SEGMENTS);
    assert_eq!(store.taken(trip, legs(0, 20), NOW).await.unwrap().len(), MOST_SEGMENTS, "all of it is kept");
}

/// Riders at two processes want overlapping ways on two seats: each segment has one of those who were told they have it.
async fn a_segment_has_one_holder(processes: [TripHolds; 2]) {
    let trip = trip();
    let processes = processes.map(Arc::new);
    let riders: Vec<_> = (0..24_u16)
        .map(|number| {
            let from = number / 4 * 2;
            let wish = wish(&[u32::from(number % 2)], legs(from, from + 1 + number % 3));
            let store = Arc::clone(&processes[usize::from(number / 2 % 2)]);
            tokio::spawn(async move { (wish.hold, store.place(trip, &wish, NOW).await) })
        })
        .collect();
    let mut owners: HashMap<Segment, HoldId> = HashMap::new();
    let mut granted = 0;
    for rider in riders {
        let (hold, told) = rider.await.unwrap();
        match told {
            SegmentOutcome::Applied(got) => {
                granted += 1;
                for segment in got.segments {
                    assert_eq!(owners.insert(segment, hold), None, "{segment:?} was granted twice");
                }
            }
            SegmentOutcome::Lost(SegmentLoss::Taken(_)) => {}
            other => panic!("told plainly: {other:?}"),
        }
    }
    assert!(granted >= 4, "somebody rides: {granted}");
    let taken = processes[0].taken(trip, legs(0, 20), NOW).await.unwrap();
    let mut told: Vec<Segment> = owners.into_keys().collect();
    told.sort_unstable();
    assert_eq!(taken.into_iter().map(|(segment, _)| segment).collect::<Vec<_>>(), told, "and nobody else");
}

/// All laws on processes that share `table`.
async fn all(table: Arc<dyn SegmentTable>) {
    let store = || TripHolds { within: 6 * PATIENT, ..TripHolds::new(Arc::clone(&table)) };
    a_seat_is_shared_one_after_the_other(&store()).await;
    asking_again_changes_nothing(&store()).await;
    whoever_was_overtaken_cannot_buy(&store()).await;
    a_hold_has_a_size(&store()).await;
    a_segment_has_one_holder([store(), store()]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn segments_in_memory_obey_all_laws() {
    all(Arc::new(MemorySegments::default())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn segments_obey_all_laws_while_answers_are_lost() {
    for _ in 0..20 {
        all(Arc::new(Lossy::default())).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn segments_on_cql_obey_all_laws() {
    let keyspace = cassandra::shared().await;
    all(Arc::new(CqlSegments::new(keyspace.cql.clone()).await.unwrap())).await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_table_is_told_as_such() {
    struct Silent;
    #[async_trait]
    impl SegmentTable for Silent {
        async fn read(&self, _: TripId, _: Option<Legs>) -> Result<Rows, Trouble> {
            Ok(Rows::new())
        }
        async fn write(&self, _: TripId, _: &[SegmentChange]) -> Written {
            std::future::pending().await
        }
    }
    let store = TripHolds { within: Duration::from_millis(30), ..TripHolds::new(Arc::new(Silent)) };
    let told = store.place(trip(), &wish(&[1], legs(0, 1)), NOW).await;
    assert!(matches!(told, SegmentOutcome::Unknown(Trouble::Unconfirmed { .. })), "{told:?}");
}
