//! A house under load for minutes: memory does not grow, what is shown does not drift from what is stored, and the
//! books are in order. Run by `./bench soak`, which prints its table.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::chart::generate::{Bowl, bowl};
use domain::ids::EventId;
use domain::seat::{SeatId, SeatState};
use parterre::checker::check;
use parterre::clock::{Clock, SystemClock};
use parterre::holds::CqlHolds;
use parterre::holds::cql::{GRACE, Tuning};
use parterre::stores::cql::Cql;
use parterre::test_support::cassandra;
use parterre::test_support::house::{config, with_chart};
use serde_json::Value;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::crowd::Dice;
use crate::shop::Open;

const CLIENTS: u64 = 24;
/// Seats of the hall: those who buy do not fill it.
const SEATS: u32 = 8_000;
/// Of so many holds one is bought.
const ONE_IN: u32 = 20;
/// Rows of the table.
const LOOKS: u32 = 12;
/// While buyers come and go what is shown lags behind what is stored: a seat that is wrong so many times is wrong.
const DRIFT_LOOKS: usize = 4;
/// What a process may have grown by between the middle and the end: its allocator is not still at any moment.
const GROWTH: (u64, u64) = (16 << 20, 10);

#[derive(Default)]
struct Done {
    held: AtomicU64,
    refused: AtomicU64,
    bought: AtomicU64,
}

/// Holds and lets go, and buys now and then.
async fn buyer(open: Arc<Open>, done: Arc<Done>, seed: u64, stop: CancellationToken) {
    let mut dice = Dice(seed);
    while !stop.is_cancelled() {
        let answer = open.hold(1 + dice.roll(4)).await;
        if !answer.status().is_success() {
            done.refused.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_millis(50)).await;
            continue;
        }
        done.held.fetch_add(1, Ordering::Relaxed);
        let hold: Value = answer.json().await.expect("a hold is JSON");
        if dice.roll(ONE_IN) == 0 {
            let order = open.order(&hold).await;
            open.pays(&hold, &order).await;
            done.bought.fetch_add(1, Ordering::Relaxed);
        } else {
            sleep(Duration::from_millis(u64::from(dice.roll(200)))).await;
            open.lets_go(&hold).await;
        }
    }
}

/// The process's memory in use, in bytes (Linux), clients included.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}

/// Seats of which the rows say something else than the shop shows.
async fn drift(cql: &Cql, open: &Open, event: EventId) -> Vec<(u32, SeatState, SeatState)> {
    let read = cql.decide("SELECT event_id, seat_id, state, expires_at FROM inventory_by_event").await.unwrap();
    let rows = cql.session().execute_unpaged(&read, ()).await.unwrap().into_rows_result().unwrap();
    let now = SystemClock.now();
    let mut stored = BTreeMap::new();
    for row in rows.rows::<(Uuid, i32, i8, Option<i64>)>().unwrap() {
        let (of, seat, state, until) = row.unwrap();
        if of == event.0 {
            let state = match state {
                1 if now.0 < until.unwrap_or(0).saturating_add(GRACE) => SeatState::Held,
                2 => SeatState::Sold,
                _ => SeatState::Free,
            };
            stored.insert(seat as u32, state);
        }
    }
    let shown = open.house.shop.holds.states(event, 0, now).await.unwrap();
    let pairs = stored.into_iter().map(|(seat, state)| (seat, state, shown.states.get(SeatId(seat))));
    pairs.filter(|(_, stored, shown)| stored != shown).collect()
}

/// The same while the sale runs.
async fn lasting_drift(cql: &Cql, open: &Open, event: EventId) -> Vec<(u32, SeatState, SeatState)> {
    let mut wrong = drift(cql, open, event).await;
    for _ in 1..DRIFT_LOOKS {
        if wrong.is_empty() {
            break;
        }
        sleep(Duration::from_millis(700)).await;
        let again = drift(cql, open, event).await;
        wrong.retain(|seat| again.contains(seat));
    }
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: ./bench soak"]
async fn a_soak_grows_nothing_drifts_nowhere_and_keeps_the_books() {
    #[allow(clippy::disallowed_methods, reason = "tests have no Config")]
    let seconds: u64 = std::env::var("PARTERRE_SOAK_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let keyspace = cassandra::own().await;
    let store = CqlHolds::new(keyspace.cql.clone(), Tuning::default(), None).await.unwrap();
    let open = Arc::new(Open::on(with_chart(config(), Arc::new(store), bowl(&Bowl::with_seats(SEATS))).await).await);
    let (event, done, stop) = (open.house.event, Arc::new(Done::default()), CancellationToken::new());
    let crowd: Vec<_> = (0..CLIENTS)
        .map(|seed| tokio::spawn(buyer(Arc::clone(&open), Arc::clone(&done), seed, stop.clone())))
        .collect();
    println!("| seconds | held | refused | bought | resident MiB | seats that drift |\n|---|---|---|---|---|---|");
    let (begun, mut memory, mut drifted) = (Instant::now(), Vec::new(), Vec::new());
    for _ in 0..LOOKS {
        sleep(Duration::from_secs(seconds) / LOOKS).await;
        memory.push(resident());
        let wrong = lasting_drift(&keyspace.cql, &open, event).await;
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        println!(
            "| {} | {} | {} | {} | {:.1} | {} |",
            begun.elapsed().as_secs(),
            count(&done.held),
            count(&done.refused),
            count(&done.bought),
            memory[memory.len() - 1] as f64 / f64::from(1 << 20),
            wrong.len()
        );
        drifted.extend(wrong);
    }
    stop.cancel();
    for client in crowd {
        client.await.expect("a client reaches its end");
    }
    sleep(Duration::from_secs(2)).await;
    drifted.extend(drift(&keyspace.cql, &open, event).await);
    let breaches = check(&open.house.database.pool).await.unwrap();
    println!("\nSeats shown otherwise than stored: {}. Breaches of the books: {}.", drifted.len(), breaches.len());
    assert_eq!(drifted, []);
    assert_eq!(breaches, []);
    let (middle, end) = (memory[memory.len() / 2], memory[memory.len() - 1]);
    assert!(end <= middle + GROWTH.0.max(middle / GROWTH.1), "memory grew from {middle} to {end} bytes: {memory:?}");
}
