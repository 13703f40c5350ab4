//! A hundred contenders for each seat: a conditional write an attempt, and Parterre, in turns on the same warm node.

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
/// Handlers of the baselines, which get slower with more.
const TEXTBOOK_HANDLERS: usize = 500;
/// How soon somebody asks again who was told that too many wait.
const AGAIN: Duration = Duration::from_millis(20);

/// `block` seats a partition.
async fn textbook(textbook: &Textbook, event_of: u64, block: u32, within: Duration) -> Ran {
    let textbook = textbook.clone();
    rush(u64::from(SEATS) * CONTENDERS, TEXTBOOK_HANDLERS, within, move |op| {
        let textbook = textbook.clone();
        let (seat, hold) = (spread(op / CONTENDERS, u64::from(SEATS)) as u32, HoldId::mint(NOW, random(op)));
        async move { u32::from(textbook.take(event(event_of), (seat / block) as i32, seat, hold).await) }
    })
    .await
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

/// Measures and prints the table: of each the median of its turns, as the baselines are much a matter of chance.
pub(super) async fn measure(cql: &Cql, quick: bool) {
    let (turns, halls) = if quick { (1, 2) } else { (3, 4) };
    let within = Duration::from_secs(if quick { 3 } else { 10 });
    let baseline = Textbook::new(cql).await;
    println!(
        "\n| {CONTENDERS} contenders a seat, one durable Cassandra node; median of {turns} turns each | holds a second | Paxos rounds a hold |\n|---|---|---|"
    );
    let (mut next, mut rounds, mut holds) = (900, 0, 0);
    let (mut whole, mut blocks, mut ours) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..turns {
        for (block, bases) in [(SEATS, &mut whole), (200, &mut blocks)] {
            next += 1;
            bases.push(textbook(&baseline, next, block, within).await.holds_a_second());
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
    let row = |name: &str, turns: &[f64], rounds: &str| {
        let each: Vec<String> = turns.iter().map(|turn| format!("{turn:.1}")).collect();
        println!("| {name} ({}) | {:.1} | {rounds} |", each.join(", "), median(turns.to_vec()));
    };
    let asked = format!("{CONTENDERS} asked");
    row("baseline: a conditional write an attempt, one partition an event", &whole, &asked);
    row("the same on Parterre's partitions of 200 seats", &blocks, &asked);
    row("Parterre", &ours, &format!("{:.3}", rounds as f64 / f64::from(holds)));
    let own = median(ours);
    let times = |bases: Vec<f64>| own / median(bases).max(0.01);
    println!("| ratio (to the second) | {:.0} ({:.0}) | |", times(whole), times(blocks));
}
