//! A house under load for minutes: memory does not grow, what is shown does not drift from what is stored, those who
//! watch hear all of it, and the books are in order at every look. Run by `./bench soak`, which prints its table.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::chart::generate::{Bowl, bowl};
use domain::ids::EventId;
use domain::seat::{SeatId, SeatState};
use parterre::checker::check;
use parterre::clock::{Clock, SystemClock};
use parterre::config::Config;
use parterre::holds::CqlHolds;
use parterre::holds::audit::SETTLES_WITHIN;
use parterre::holds::cql::{GRACE, Tuning};
use parterre::http::serve::serve;
use parterre::memory;
use parterre::stores::cql::Cql;
use parterre::test_support::cassandra;
use parterre::test_support::house::{SLUG, config, with_chart};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::crowd::Dice;
use crate::shop::Open;

const CLIENTS: u64 = 24;
/// Seats of the hall: those who buy do not fill it, however quick the machine is.
const SEATS: u32 = 16_000;
/// How long a client takes from one hold to the next, at least.
const ROUND: Duration = Duration::from_millis(300);
/// Of so many holds one is bought.
const ONE_IN: u32 = 20;
/// Rows of the table.
const LOOKS: u32 = 12;
/// While buyers come and go what is shown is read after what is stored: a seat that is wrong so many times, and its row the
/// same each time, is wrong.
const DRIFT_LOOKS: usize = 4;
/// Who only watches.
const LISTENERS: usize = 500;
/// Files that are open beside the listeners' sockets.
const SPARE: u64 = 1_000;
/// What the bytes that live may grow by over all looks, by the line through them.
const GROWTH: f64 = (1 << 20) as f64;
/// And what the process may, by the same line: its allocator keeps some megabytes of what was let go for a while, and gives
/// them back.
const KEPT: f64 = (4 << 20) as f64;
/// Bytes that live are looked at so many times, and the fewest count: a ticket that is being drawn takes a megabyte.
const MOMENTS: u32 = 40;
/// The shop remembers what became of a basket for ten minutes: before, it holds more with each that comes.
const REMEMBERED: u64 = 600;
/// A shorter soak is still finding its size, and may grow by so much.
const WARMING: f64 = (16 << 20) as f64;

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
        let round = Instant::now() + ROUND;
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
        sleep_until(round).await;
    }
}

/// Opens the streams of all who watch, through the shop's own accept loop, and counts what they hear.
async fn listen(open: &Open, heard: &Arc<AtomicU64>, stop: &CancellationToken) -> Vec<JoinHandle<()>> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api/v1/events/{SLUG}/availability/stream", listener.local_addr().unwrap());
    let (router, clock) = (open.house.router.clone(), open.house.shop.clock.clone());
    let mut tasks = vec![tokio::spawn(serve(listener, router, 2 * LISTENERS, clock, stop.clone()))];
    for _ in 0..LISTENERS {
        let mut stream = open.client.get(&url).send().await.unwrap();
        assert_eq!(stream.status(), 200, "there is room for all who watch");
        let (heard, stop) = (Arc::clone(heard), stop.clone());
        tasks.push(tokio::spawn(async move {
            loop {
                let chunk = tokio::select! {
                    () = stop.cancelled() => return,
                    chunk = stream.chunk() => chunk,
                };
                let chunk = chunk.expect("a stream is not torn").expect("nor ended");
                heard.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            }
        }));
    }
    tasks
}

/// What the line through these values, one a look, rises by from the first look to the last.
fn rise(values: &[u64]) -> f64 {
    let n = values.len() as f64;
    let middle = (n - 1.0) / 2.0;
    let mean = values.iter().map(|value| *value as f64).sum::<f64>() / n;
    let (mut over, mut under) = (0.0, 0.0);
    for (at, value) in values.iter().enumerate() {
        let x = at as f64 - middle;
        over += x * (*value as f64 - mean);
        under += x * x;
    }
    over / under * (n - 1.0)
}

#[test]
fn what_grows_rises_and_what_wavers_does_not() {
    let mib = |numbers: [u64; 6]| numbers.map(|number| number << 20);
    assert!((rise(&mib([10, 11, 12, 13, 14, 15])) - 5.0 * GROWTH).abs() < 1.0);
    assert!(rise(&mib([50, 52, 50, 51, 52, 50])).abs() < GROWTH);
    // A leak of four megabytes a minute, seen at every look of ten minutes.
    assert!(rise(&[0, 3, 7, 10, 13, 17].map(|grown| (80 + grown) << 20)) > GROWTH);
}

/// The process's memory in bytes (Linux), clients' included; without the program's text, of which the system has more or less
/// in memory as it likes.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let mut pages = text.split(' ').skip(1).map(|pages| pages.parse::<u64>().unwrap_or(0));
    let (all, shared) = (pages.next().unwrap_or(0), pages.next().unwrap_or(0));
    all.saturating_sub(shared) * 4096
}

/// Bytes that are in use, clients' included.
async fn live() -> u64 {
    let mut fewest = u64::MAX;
    for _ in 0..MOMENTS {
        fewest = fewest.min(memory::live().expect("the allocator says it"));
        sleep(Duration::from_millis(50)).await;
    }
    fewest
}

/// A seat that is shown otherwise than its row says.
#[derive(Debug, PartialEq)]
struct Wrong {
    seat: SeatId,
    /// Of the row: it grows with each write.
    version: i64,
    stored: SeatState,
    shown: SeatState,
}

/// Seats of which the rows say something else than the shop shows.
async fn drift(cql: &Cql, open: &Open, event: EventId) -> Vec<Wrong> {
    let read = "SELECT event_id, seat_id, version, state, expires_at FROM inventory_by_event";
    let read = cql.decide(read).await.unwrap();
    let rows = cql.session().execute_unpaged(&read, ()).await.unwrap().into_rows_result().unwrap();
    let now = SystemClock.now();
    let mut stored = BTreeMap::new();
    for row in rows.rows::<(Uuid, i32, i64, i8, Option<i64>)>().unwrap() {
        let (of, seat, version, state, until) = row.unwrap();
        if of == event.0 {
            let state = match state {
                1 if now.0 < until.unwrap_or(0).saturating_add(GRACE) => SeatState::Held,
                2 => SeatState::Sold,
                _ => SeatState::Free,
            };
            stored.insert(SeatId(seat as u32), (version, state));
        }
    }
    let shown = open.house.shop.holds.states(event, 0, now).await.unwrap();
    let seats = stored.into_iter().map(|(seat, (version, stored))| {
        let shown = shown.states.get(seat);
        Wrong { seat, version, stored, shown }
    });
    seats.filter(|seat| seat.stored != seat.shown).collect()
}

/// The same while the sale runs.
async fn lasting_drift(cql: &Cql, open: &Open, event: EventId) -> Vec<Wrong> {
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
    let files = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: files.maximum, maximum: files.maximum });
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    assert!(files > 2 * LISTENERS as u64 + SPARE, "{files} files are too few for all who watch (ulimit -n)");
    let keyspace = cassandra::own().await;
    let store = CqlHolds::new(keyspace.cql.clone(), Tuning::default(), None).await.unwrap();
    let settings = Config { streams: LISTENERS as u32, streams_per_address: LISTENERS as u32, ..config() };
    let house = with_chart(settings, Arc::new(store), bowl(&Bowl::with_seats(SEATS))).await;
    let open = Arc::new(Open::on(house).await);
    let (event, done, stop) = (open.house.event, Arc::new(Done::default()), CancellationToken::new());
    let (heard, leave) = (Arc::new(AtomicU64::new(0)), CancellationToken::new());
    let listeners = listen(&open, &heard, &leave).await;
    let crowd: Vec<_> = (0..CLIENTS)
        .map(|seed| tokio::spawn(buyer(Arc::clone(&open), Arc::clone(&done), seed, stop.clone())))
        .collect();
    println!(
        "| seconds | held | refused | bought | heard by {LISTENERS} who watch, MiB | live MiB | resident MiB | seats that drift |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    // By an audit at each look, while buyers come and go.
    let mut unmarked = 0;
    let (begun, mut lives, mut memory) = (Instant::now(), Vec::new(), Vec::new());
    let (mut drifted, mut breaches) = (Vec::new(), Vec::new());
    let whole = seconds >= REMEMBERED;
    if whole {
        sleep(Duration::from_secs(REMEMBERED)).await;
    }
    for _ in 0..LOOKS {
        sleep(Duration::from_secs(seconds) / LOOKS).await;
        lives.push(live().await);
        memory.push(resident());
        let wrong = lasting_drift(&keyspace.cql, &open, event).await;
        breaches.extend(check(&open.house.database.pool).await.unwrap());
        unmarked += open.house.shop.holds.audit(event, SETTLES_WITHIN).await.unwrap();
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        println!(
            "| {} | {} | {} | {} | {:.1} | {:.2} | {:.1} | {} |",
            begun.elapsed().as_secs(),
            count(&done.held),
            count(&done.refused),
            count(&done.bought),
            mib(count(&heard)),
            mib(lives[lives.len() - 1]),
            mib(memory[memory.len() - 1]),
            wrong.len()
        );
        drifted.extend(wrong);
    }
    assert_eq!(open.house.shop.availability.listeners(), LISTENERS, "all still listen");
    stop.cancel();
    for client in crowd {
        client.await.expect("a client reaches its end");
    }
    leave.cancel();
    for listener in listeners.into_iter().skip(1) {
        listener.await.expect("nobody's stream was torn");
    }
    sleep(Duration::from_secs(2)).await;
    drifted.extend(drift(&keyspace.cql, &open, event).await);
    breaches.extend(check(&open.house.database.pool).await.unwrap());
    unmarked += open.house.shop.holds.audit(event, SETTLES_WITHIN).await.unwrap();
    let [grew, kept] = [&lives, &memory].map(|looks| rise(looks));
    println!(
        "\nSeats shown otherwise than stored: {}. Sold seats marked otherwise than PostgreSQL has them: {unmarked}. Breaches of the books: {}. Over the looks live bytes grew by {:+.2} MiB, the process by {:+.2} MiB.",
        drifted.len(),
        breaches.len(),
        grew / f64::from(1 << 20),
        kept / f64::from(1 << 20)
    );
    let [held, refused] = [&done.held, &done.refused].map(|counter| counter.load(Ordering::Relaxed));
    assert!(
        refused < held / 10,
        "it was a sale to its end, and not a house that is full: {held} held, {refused} refused"
    );
    assert_eq!(drifted, []);
    assert_eq!(breaches, []);
    assert_eq!(unmarked, 0);
    let [growth, keeps] = if whole { [GROWTH, KEPT] } else { [WARMING; 2] };
    assert!(grew <= growth, "what lives grew: {lives:?}");
    assert!(kept <= keeps, "the process grew: {memory:?}");
}
