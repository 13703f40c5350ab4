//! Everything fails at once: writes whose answers are lost, that come late or never, reads and records that fail.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::hold::Hold;
use domain::ids::HoldId;
use domain::seat::SeatId;
use tokio::time::Instant;

use super::{Evening, NOW, SEATS, process};
use crate::bus::Bus;
use crate::bus::memory::MemoryBus;
use crate::holds::cql::cell::Mark;
use crate::holds::cql::fake::{FakeTable, Faults};
use crate::holds::cql::{CqlHolds, Tuning};
use crate::holds::store::{Grant, HoldStore, Loss, Outcome, Sold};
use crate::trouble::Trouble;

/// What a machine that does other things may add to a promised time.
pub(super) const BUSY: Duration = Duration::from_millis(500);
const RESOLVED_WITHIN: Duration = Duration::from_secs(5);

pub(super) fn quick() -> Tuning {
    Tuning {
        begin_within: Duration::from_millis(300),
        resolve_within: Duration::from_millis(900),
        answer_within: Duration::from_millis(200),
        trust: Duration::from_millis(20),
        ..Tuning::default()
    }
}

const EVERYTHING: Faults = Faults {
    answer_lost: 6,
    dropped: 9,
    late: 8,
    refused: 7,
    unread: 9,
    unnoted: 5,
    refused_notes: false,
    takes: Duration::from_micros(300),
};

/// Asks until there is an answer, as a client does: with the same id.
async fn insist(store: &CqlHolds, grant: &Grant) -> Result<Hold, Loss> {
    loop {
        match store.place(grant, NOW).await {
            Outcome::Applied(hold) => return Ok(hold),
            Outcome::Lost(Loss::Busy) | Outcome::Unknown(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            Outcome::Lost(loss) => return Err(loss),
        }
    }
}

/// Places of 400 wishes on three processes while everything fails; then what was told is compared with what stands.
async fn storm(faults: Faults, bus: bool, fresh: bool) {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let sound = process(&table.sound(), Tuning::default(), None);
    evening.open(&sound, Sold::default()).await;
    let bus: Option<Arc<dyn Bus>> = bus.then(|| Arc::new(MemoryBus::default()) as _);
    let mut processes = Vec::new();
    for _ in 0..3 {
        let one = process(&table, quick(), bus.clone());
        evening.open(&one, Sold::default()).await;
        processes.push(one);
    }
    table.fail(faults);
    let mut tasks = Vec::new();
    for n in 0..400_u16 {
        let store = processes[usize::from(n) % 3].clone();
        tasks.push(tokio::spawn(async move {
            let first = u32::from(n) * 7 % (SEATS - 4);
            // One block, two blocks, seats with standing places.
            let grant = match n % 4 {
                0 => evening.grant(n, &[first, first + 1], 0),
                1 => evening.grant(n, &[first], 1),
                2 => evening.grant(n, &[first, first + 3], 0),
                _ => evening.grant(n, &[first], 0),
            };
            let id = if fresh { HoldId::mint(NOW, evening.bytes(4, n)) } else { grant.id };
            let grant = Grant { id, ..grant };
            let told = insist(&store, &grant).await;
            (grant, told)
        }));
    }
    let mut told: HashMap<HoldId, (Grant, Result<Hold, Loss>)> = HashMap::new();
    for task in tasks {
        let (grant, answer) = task.await.unwrap();
        told.insert(grant.id, (grant, answer));
    }
    let outside: u64 = processes.iter().map(|one| one.counters().outside.load(Ordering::Relaxed)).sum();
    assert_eq!(outside > 0, fresh, "{outside} waited outside");
    // What was late has landed.
    tokio::time::sleep(Duration::from_millis(20)).await;
    let mut standing: BTreeMap<HoldId, usize> = BTreeMap::new();
    for (_, _, cell) in table.cells() {
        if let (Mark::Held, Some(hold)) = (cell.mark, cell.hold) {
            *standing.entry(hold).or_default() += 1;
        }
    }
    let mut seats: HashMap<SeatId, HoldId> = HashMap::new();
    let mut granted = 0;
    for (id, (grant, answer)) in &told {
        let places = grant.seats.len() + grant.standing.iter().map(|(_, n)| *n as usize).sum::<usize>();
        match answer {
            Ok(hold) => {
                granted += 1;
                assert_eq!(standing.get(id), Some(&places), "a hold that was granted stands whole");
                for seat in &hold.seats {
                    assert_eq!(seats.insert(*seat, *id), None, "{seat:?} was granted twice");
                }
                let seen = sound.verify(*id, hold.holder, NOW).await.unwrap();
                assert_eq!(seen.as_ref(), Some(hold), "whoever was told so has it, from any process");
            }
            Err(Loss::Taken { .. }) => {
                let left = standing.get(id);
                assert_eq!(left, None, "{id} was told that others were faster, and has places of its own");
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(granted >= 12, "only {granted} of 400 were granted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_answers_make_nobody_a_loser_and_nobody_an_owner() {
    storm(Faults { answer_lost: 3, ..Faults::default() }, true, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_that_come_late_or_never_make_nobody_a_loser_and_nobody_an_owner() {
    storm(Faults { dropped: 7, late: 5, ..Faults::default() }, true, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_fails_at_once_makes_nobody_a_loser_and_nobody_an_owner() {
    storm(EVERYTHING, false, false).await;
}

/// Under ids of this moment, who wants what somebody is inside for waits outside.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_outside_while_everything_fails_makes_nobody_a_loser_and_nobody_an_owner() {
    storm(EVERYTHING, true, true).await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_silent_is_told_as_unavailable_in_two_seconds_and_as_unconfirmed_in_five() {
    let evening = Evening::new();
    let table = FakeTable::default();
    // As the shop has it: the promise is of its own times.
    let store = process(&table, Tuning::default(), None);
    evening.open(&store, Sold::default()).await;
    table.fail(Faults { takes: Duration::from_secs(60), ..Faults::default() });
    // Fresh ids: nobody asks the store whether they were used before.
    let fresh =
        |n: u16, seat: u32| Grant { id: HoldId::mint(NOW, evening.bytes(4, n)), ..evening.grant(n, &[seat], 0) };
    let (first, second) = (fresh(1, 1), fresh(2, 2));
    let told = async |grant: &Grant| {
        let asked = Instant::now();
        (store.place(grant, NOW).await, asked.elapsed())
    };
    let later = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        told(&second).await
    };
    let ((first, unconfirmed), (second, unavailable)) = tokio::join!(told(&first), later);
    // The first one's write had begun, the second waited for it.
    assert!(matches!(first, Outcome::Unknown(Trouble::Unconfirmed { .. })), "{first:?}");
    assert!(matches!(second, Outcome::Unknown(Trouble::Unavailable { .. })), "{second:?}");
    assert!(unavailable <= Duration::from_secs(2), "told after {unavailable:?}");
    assert!(unconfirmed <= RESOLVED_WITHIN, "told after {unconfirmed:?}");
    let (third, unknown) = told(&fresh(3, 20)).await;
    assert!(matches!(third, Outcome::Unknown(_)), "{third:?}");
    assert!(unknown <= RESOLVED_WITHIN, "told after {unknown:?}");
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_full_says_so_and_grants_nothing() {
    let evening = Evening::new();
    let table = FakeTable::default();
    let store = process(&table, Tuning { queue: 3, wishes: 1, ..quick() }, None);
    evening.open(&store, Sold::default()).await;
    table.fail(Faults { takes: Duration::from_millis(30), ..Faults::default() });
    let mut tasks = Vec::new();
    for n in 0..7_u16 {
        let (store, grant) = (store.clone(), evening.grant(n, &[u32::from(n)], 0));
        tasks.push(tokio::spawn(async move { store.place(&grant, NOW).await }));
    }
    let mut busy = 0;
    for task in tasks {
        match task.await.unwrap() {
            Outcome::Lost(Loss::Busy) => busy += 1,
            Outcome::Applied(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(busy >= 3, "{busy}");
    let held = table.cells().into_iter().filter(|(_, _, cell)| cell.mark == Mark::Held).count();
    assert_eq!(held, 7 - busy);
}
