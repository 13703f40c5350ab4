//! A hundred contenders for each seat: a conditional write an attempt, and Parterre, in turns on the same warm node.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::ids::HoldId;
use domain::seat::SeatId;
use parterre::holds::CqlHolds;
use parterre::holds::store::{HoldStore, Loss, Outcome};
use parterre::stores::cql::Cql;

use super::{NOW, Ran, Textbook, event, grant, median, opened, random, recovered, rush, spread};

const CONTENDERS: u64 = 100;
const SEATS: u32 = 1_000;
/// At the door at a time: a hundred seats are contended for.
const AT_THE_DOOR: usize = 10_000;
/// Handlers of a shop that lets no more of them at its store: the baselines get slower with more.
const HANDLERS: usize = 500;
/// How soon somebody asks again who was told that too many wait.
const AGAIN: Duration = Duration::from_millis(20);

/// A baseline, and what its turns came to.
struct Base {
    name: &'static str,
    /// How many of the crowd have a write under way at a time.
    handlers: usize,
    /// Seats a partition.
    block: u32,
    holds_a_second: Vec<f64>,
    attempts: u64,
    unanswered: u64,
}

/// Nobody begins anew after `within`; whoever waits then is waited for.
async fn textbook(textbook: &Textbook, event_of: u64, base: &mut Base, within: Duration) {
    let (baseline, block) = (textbook.clone(), base.block);
    let attempts = Arc::new(AtomicU64::new(0));
    let made = Arc::clone(&attempts);
    let ran = rush(u64::from(SEATS) * CONTENDERS, base.handlers, within, move |op| {
        let textbook = baseline.clone();
        made.fetch_add(1, Ordering::Relaxed);
        let (seat, hold) = (spread(op / CONTENDERS, u64::from(SEATS)) as u32, HoldId::mint(NOW, random(op)));
        async move { u32::from(textbook.take(event(event_of), (seat / block) as i32, seat, hold).await) }
    })
    .await;
    base.holds_a_second.push(ran.holds_a_second());
    base.attempts += attempts.load(Ordering::Relaxed);
    base.unanswered += textbook.unanswered();
}

async fn parterre(store: &CqlHolds, event_of: u64) -> Ran {
    let event = event(event_of);
    opened(store, event, SEATS).await;
    let holds = store.clone();
    let ran = rush(u64::from(SEATS) * CONTENDERS, AT_THE_DOOR, Duration::MAX, move |op| {
        let store = holds.clone();
        let seat = spread(op / CONTENDERS, u64::from(SEATS)) as u32;
        let wish = grant(event, op + event_of * 10_000_000, vec![SeatId(seat)]);
        async move {
            // Whoever is told that too many wait, or that no write could begin in time, asks again.
            loop {
                match store.place(&wish, NOW).await {
                    Outcome::Applied(_) => return 1,
                    Outcome::Unknown(_) | Outcome::Lost(Loss::Busy) => tokio::time::sleep(AGAIN).await,
                    Outcome::Lost(_) => return 0,
                }
            }
        }
    })
    .await;
    assert_eq!(ran.holds, SEATS, "every seat has one holder");
    ran
}

/// The same crowd at the door of the textbook's schema, which is what it meets; and what may be done for it without
/// another design: fewer handlers at a time, and partitions like Parterre's.
fn bases() -> [Base; 3] {
    let base = |name, handlers, block| {
        let (holds_a_second, attempts, unanswered) = Default::default();
        Base { name, handlers, block, holds_a_second, attempts, unanswered }
    };
    [
        base(
            "baseline: a conditional write an attempt, the same crowd of 10,000, one partition an event",
            AT_THE_DOOR,
            SEATS,
        ),
        base("the same with 500 handlers at a time", HANDLERS, SEATS),
        base("the same with 500 handlers on Parterre's partitions of 200 seats", HANDLERS, 200),
    ]
}

/// Measures and prints the table: of each the median of its turns, as the baselines are much a matter of chance.
pub(super) async fn measure(baseline: &Textbook, cql: &Cql, quick: bool) {
    let (turns, halls) = if quick { (1, 2) } else { (3, 4) };
    let within = Duration::from_secs(if quick { 3 } else { 10 });
    println!(
        "\n| {CONTENDERS} contenders a seat, one durable Cassandra node; median of {turns} turns each | holds a second | Paxos rounds a hold | attempts that failed | Parterre beside it |\n|---|---|---|---|---|"
    );
    let (mut next, mut rounds, mut holds) = (900, 0, 0);
    let (mut bases, mut ours) = (bases(), Vec::new());
    for _ in 0..turns {
        for base in &mut bases {
            next += 1;
            textbook(baseline, next, base, within).await;
            drop(recovered(cql).await);
        }
        let store = recovered(cql).await;
        let mut all = Ran::default();
        for _ in 0..halls {
            next += 1;
            let ran = parterre(&store, next).await;
            all = Ran { holds: all.holds + ran.holds, seats: all.seats + ran.seats, secs: all.secs + ran.secs };
        }
        ours.push(all.holds_a_second());
        holds += all.holds;
        rounds += store.counters().rounds();
    }
    let own = median(ours.clone());
    let row = |name: &str, turns: &[f64], rounds: &str, rest: &str| {
        let each: Vec<String> = turns.iter().map(|turn| format!("{turn:.1}")).collect();
        println!("| {name} ({}) | {:.1} | {rounds} | {rest} |", each.join(", "), median(turns.to_vec()));
    };
    for Base { name, holds_a_second, attempts, unanswered, .. } in &bases {
        let failed = *unanswered as f64 * 100.0 / (*attempts).max(1) as f64;
        let times = own / median(holds_a_second.clone()).max(0.01);
        row(name, holds_a_second, &format!("{CONTENDERS} asked"), &format!("{failed:.0} % | {times:.0} times"));
    }
    row("Parterre, a crowd of 10,000", &ours, &format!("{:.3}", rounds as f64 / f64::from(holds)), "none | ");
}
