//! A hundred contenders at once for each seat: a conditional write an attempt, and Parterre, in turns on the same node.

use std::time::Duration;

use domain::ids::HoldId;
use domain::seat::SeatId;
use parterre::holds::store::{HoldStore, Loss, Outcome};
use parterre::stores::cql::Cql;

use super::{NOW, Ran, Textbook, event, grant, median, opened, random, recovered, rush, spread};

const CONTENDERS: u64 = 100;
const SEATS: u32 = 1_000;
/// Handlers at work at a time, as one server has them in a rush: twenty seats are contended for at a time.
const HANDLERS: usize = 2_000;

async fn textbook(textbook: &Textbook, event_of: u64, within: Duration) -> Ran {
    rush(u64::from(SEATS) * CONTENDERS, HANDLERS, within, |op| {
        let textbook = textbook.clone();
        let (seat, hold) = (spread(op / CONTENDERS, u64::from(SEATS)) as u32, HoldId::mint(NOW, random(op)));
        async move { u32::from(textbook.take(event(event_of), (seat / 200) as i32, seat, hold).await) }
    })
    .await
}

async fn parterre(store: &parterre::holds::CqlHolds, event_of: u64) -> Ran {
    let event = event(event_of);
    opened(store, event, SEATS).await;
    let ran = rush(u64::from(SEATS) * CONTENDERS, HANDLERS, Duration::MAX, |op| {
        let store = store.clone();
        let seat = spread(op / CONTENDERS, u64::from(SEATS)) as u32;
        let wish = grant(event, op + event_of * 10_000_000, vec![SeatId(seat)]);
        async move {
            // Whoever is told that too many wait, or that no write could begin in time, asks again.
            loop {
                match store.place(&wish, NOW).await {
                    Outcome::Applied(_) => return 1,
                    Outcome::Unknown(_) | Outcome::Lost(Loss::Busy) => {}
                    Outcome::Lost(_) => return 0,
                }
            }
        }
    })
    .await;
    assert_eq!(ran.holds, SEATS, "every seat has one holder");
    ran
}

/// Measures and prints the table: of each the median of its turns, as the baseline is much a matter of chance.
pub(super) async fn measure(cql: &Cql, quick: bool) {
    let (turns, halls) = if quick { (1, 1) } else { (3, 2) };
    let within = Duration::from_secs(if quick { 3 } else { 10 });
    let baseline = Textbook::new(cql).await;
    println!(
        "\n| {CONTENDERS} contenders a seat, one durable Cassandra node; median of {turns} turns each | holds a second | Paxos rounds a hold |\n|---|---|---|"
    );
    let mut next = 900;
    let (mut bases, mut ours, mut rounds, mut holds) = (Vec::new(), Vec::new(), 0, 0);
    for _ in 0..turns {
        next += 1;
        bases.push(textbook(&baseline, next, within).await.holds_a_second());
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
    let each: Vec<String> = bases.iter().map(|base| format!("{base:.1}")).collect();
    let (base, own) = (median(bases), median(ours));
    println!(
        "| baseline: a conditional write an attempt, from the handler ({}) | {base:.1} | {CONTENDERS} asked |",
        each.join(", ")
    );
    println!("| Parterre | {own:.0} | {:.3} |", rounds as f64 / f64::from(holds));
    println!("| ratio | {:.0} | |", own / base.max(0.01));
}
