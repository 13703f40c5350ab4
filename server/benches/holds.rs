//! Holds in process: operations a second and latencies, beside the textbook store (one lock, one map) in the same run.
//!
//! Then holds on Apache Cassandra, beside the ways one would write first (`cql/mod.rs`).
//!
//! `cargo bench -p parterre --bench holds`; add `-- --quick` for a tenth of the work, `-- --cql` for Cassandra alone,
//! `-- --fours` or `-- --contention` for one of its tables.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

mod cql;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use app::api::holds::{BestRequest, HoldRequest};
use domain::availability::Packed;
use domain::best::{Wish, best};
use domain::chart::Chart;
use domain::chart::generate::{Bowl, bowl};
use domain::hall::Hall;
use domain::hold::{Fence, Hold};
use domain::ids::{EventId, HoldId, HolderId, TierId};
use domain::money::{Currency, Money};
use domain::price::Price;
use domain::rules::{Tier, Window};
use domain::seat::{SeatId, SeatState};
use domain::time::{MINUTE, Millis};
use parterre::availability::Availability;
use parterre::holds::store::{Grant, Outcome, Sold};
use parterre::holds::{HoldStore, Holds, Inventory, InventoryTable, MemoryHolds};

const NOW: Millis = Millis(1_800_000_000_000);

fn random(n: u64) -> [u8; 10] {
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&n.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes());
    bytes
}

fn event(n: u64) -> EventId {
    EventId::mint(NOW, random(n))
}

fn grant(event: EventId, n: u64, seats: Vec<SeatId>) -> Grant {
    Grant {
        id: HoldId::mint(NOW, random(n)),
        event,
        // Of nobody else, and not the bytes of the hold: rows of one key would be written as one.
        holder: HolderId::mint(NOW, random(!n)),
        seats,
        standing: Vec::new(),
        lines: Vec::new(),
        expires_at: NOW.plus(10 * MINUTE),
        extensions: 1,
        replaces: None,
        max_holds: 4,
    }
}

fn inventory(chart: &Arc<Chart>, n: u64) -> Inventory {
    let total = Money::new(5000, Currency::EUR);
    let tier = |category: u8| Tier {
        id: TierId::mint(NOW, [category; 10]),
        category: Some(category),
        price: Price { net: 5000, fee: 0, tax: 0, total },
        min: 1,
        max: 10,
        sale: Window::default(),
    };
    Inventory {
        event: event(n),
        chart: Arc::clone(chart),
        tiers: (0..chart.categories.len() as u8).map(tier).collect(),
        standing: Vec::new(),
        blocked: Vec::new(),
        on_sale: true,
        sale: Window::default(),
        fence_floor: Fence(0),
    }
}

/// Runs `work` for each of `ops`, prints a line, answers operations a second.
async fn measure(name: &str, ops: u64, mut work: impl AsyncFnMut(u64)) -> f64 {
    let mut nanos: Vec<u64> = Vec::with_capacity(ops as usize);
    let start = Instant::now();
    for op in 0..ops {
        let begin = Instant::now();
        work(op).await;
        nanos.push(begin.elapsed().as_nanos() as u64);
    }
    let rate = ops as f64 / start.elapsed().as_secs_f64();
    report(name, rate, &mut nanos);
    rate
}

fn report(name: &str, rate: f64, nanos: &mut [u64]) {
    nanos.sort_unstable();
    let micros = |share: usize| nanos[(nanos.len() * share / 1000).min(nanos.len() - 1)] as f64 / 1000.0;
    println!("| {name} | {rate:.0} | {:.1} | {:.1} | {:.1} |", micros(500), micros(990), micros(999));
}

/// The textbook: one lock around one map.
#[derive(Default)]
struct Textbook(Mutex<HashMap<(EventId, SeatId), (HoldId, Millis)>>, Mutex<HashMap<HoldId, Hold>>);

impl Textbook {
    fn place(&self, grant: &Grant, now: Millis) -> Option<Hold> {
        let mut seats = self.0.lock().ok()?;
        let key = |seat: &SeatId| (grant.event, *seat);
        if grant.seats.iter().any(|seat| seats.get(&key(seat)).is_some_and(|(_, until)| now < *until)) {
            return None;
        }
        seats.extend(grant.seats.iter().map(|seat| (key(seat), (grant.id, grant.expires_at))));
        let hold = Hold {
            id: grant.id,
            event: grant.event,
            holder: grant.holder,
            seats: grant.seats.clone(),
            standing: Vec::new(),
            lines: Vec::new(),
            expires_at: grant.expires_at,
            extensions_left: 1,
            fence: Fence(1),
        };
        self.1.lock().ok()?.insert(hold.id, hold.clone());
        Some(hold)
    }
}

async fn store(chart: &Chart, events: u64) {
    let memory: Arc<dyn HoldStore> = Arc::new(MemoryHolds::default());
    let blocks: Arc<[u32]> = Arc::from(chart.seats.block.as_slice());
    for n in 0..events {
        let layout = parterre::holds::store::Layout { blocks: Arc::clone(&blocks), ..Default::default() };
        memory.open(event(n), layout).await.expect("memory opens");
        memory.load_sold(event(n), Sold::default()).await.expect("memory loads");
    }
    let seats = chart.seats.len() as u64;
    let wish = |op: u64| grant(event(op / seats), op, vec![SeatId((op % seats) as u32)]);
    let ops = seats * events;
    let rate = measure("hold one seat", ops, async |op| {
        assert!(matches!(memory.place(&wish(op), NOW).await, Outcome::Applied(_)));
    })
    .await;
    measure("lose a seat that is held", ops, async |op| {
        let mut wish = wish(op);
        wish.id = HoldId::mint(NOW, random(op + ops));
        assert!(matches!(memory.place(&wish, NOW).await, Outcome::Lost(_)));
    })
    .await;
    measure("verify", ops, async |op| {
        let wish = wish(op);
        assert!(memory.verify(wish.id, wish.holder, NOW).await.is_ok_and(|hold| hold.is_some()));
    })
    .await;
    measure("snapshot of the bowl", 300, async |_| {
        assert!(memory.snapshot(event(0), NOW).await.is_ok_and(|seen| seen.is_some()));
    })
    .await;
    measure("release", ops, async |op| {
        let wish = wish(op);
        assert_eq!(memory.release(wish.id, wish.holder, NOW).await, Outcome::Applied(true));
    })
    .await;
    measure("hold four neighbours", ops / 4, async |op| {
        let first = (op * 4 % seats) as u32;
        let wish = grant(event(op * 4 / seats), op, (first..first + 4).map(SeatId).collect());
        assert!(matches!(memory.place(&wish, NOW).await, Outcome::Applied(_)));
    })
    .await;
    let textbook = Textbook::default();
    let base = measure("baseline: one lock, one map: hold one seat", ops, async |op| {
        assert!(textbook.place(&wish(op), NOW).is_some());
    })
    .await;
    println!("\nhold one seat: {:.1} times the baseline on one thread", rate / base);
}

async fn service(chart: &Arc<Chart>, ops: u64) {
    let inventories = InventoryTable { events: vec![Arc::new(inventory(chart, 0))], sold: Sold::default() };
    let holds = Holds::new(Arc::new(MemoryHolds::default()), Arc::new(inventories));
    let call = async |op: u64, request: HoldRequest| {
        let (id, holder) = (HoldId::mint(NOW, random(op)), HolderId::mint(NOW, random(op)));
        // Each call a millisecond later, as in a sale of a thousand a second.
        // A seat that would leave its neighbour alone is refused: an answer like any other.
        let _ = std::hint::black_box(holds.hold(event(0), holder, id, &request, NOW.plus((op & 0xFFFF) as i64)).await);
    };
    measure("service: two best, together", ops, async |op| {
        let best = Some(BestRequest {
            quantity: 2,
            tier: None,
            section: None,
            min_price: None,
            max_price: None,
            accessible: false,
            together: true,
        });
        call(op, HoldRequest { best, ..HoldRequest::default() }).await;
    })
    .await;
    let taken = ops * 2;
    measure("service: a chosen seat", ops, async |op| {
        let seats = vec![SeatId(((taken + op * 61) % chart.seats.len() as u64) as u32)];
        call(1 << 21 | op, HoldRequest { seats, ..HoldRequest::default() }).await;
    })
    .await;
    measure("service: a lost seat healed", ops, async |op| {
        let seats = vec![SeatId(((op * 37) % chart.seats.len() as u64) as u32)];
        call(1 << 20 | op, HoldRequest { seats, heal: true, ..HoldRequest::default() }).await;
    })
    .await;
    let availability = Availability::new(holds.clone(), NOW);
    measure("availability: nothing changed", ops * 100, async |op| {
        assert!(availability.get(event(0), NOW.plus((op % 50) as i64)).await.is_ok());
    })
    .await;
}

async fn picks(chart: &Arc<Chart>, ops: u64) {
    let inventory = inventory(chart, 0);
    for (name, sold) in [("an empty bowl", 0), ("half sold", 50), ("97 % sold", 97)] {
        let mut states = Packed::free(chart.seats.len() as u32);
        for seat in 0..states.len() {
            if (u64::from(seat / 2).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) % 100 < sold {
                states.set(SeatId(seat), SeatState::Sold);
            }
        }
        let hall = Hall::new(chart, &inventory.tiers, &states, &[]);
        for (wished, together) in [(2, true), (4, true), (8, false)] {
            let wish = Wish { quantity: wished, together, ..Wish::default() };
            measure(&format!("pick {wished} best, {name}"), ops, async |op| {
                std::hint::black_box(best(&hall, wish, NOW, Some(op)));
            })
            .await;
        }
    }
}

fn main() {
    let is_told = |word: &str| std::env::args().any(|arg| arg == word);
    let quick = is_told("--quick");
    let parts = ["--fours", "--contention"].map(is_told);
    let both = parts == [false; 2];
    if both && !is_told("--cql") {
        in_process(quick);
    }
    let threads = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    threads.block_on(cql::holds(quick, parts.map(|part| part || both)));
}

fn in_process(quick: bool) {
    let chart = Arc::new(bowl(&Bowl::default()));
    println!(
        "| {} seats, one thread | a second | p50 µs | p99 µs | p99.9 µs |\n|---|---|---|---|---|",
        chart.seats.len()
    );
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        picks(&chart, if quick { 20 } else { 200 }).await;
        service(&chart, if quick { 100 } else { 1000 }).await;
        store(&chart, if quick { 1 } else { 10 }).await;
    });
}
