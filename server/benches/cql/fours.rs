//! Four neighbours a buyer in a hall of 20,000 seats: the textbook and Parterre in turns, on the same warm node.

use std::time::Duration;

use domain::ids::HoldId;
use domain::seat::SeatId;
use parterre::holds::CqlHolds;
use parterre::holds::store::{HoldStore, Outcome};
use parterre::stores::cql::Cql;

use super::{NOW, Ran, Textbook, event, grant, median, opened, random, recovered, rush, spread};

const SEATS: u32 = 20_000;
const BUYERS: u64 = SEATS as u64 / 4;
/// Handlers of the textbook, which gets slower with more.
const TEXTBOOK_HANDLERS: usize = 64;
/// Halls that are filled in one turn: as long a turn as the textbook's.
const HALLS: u64 = 3;

/// One buyer after the other takes seat by seat, all in one partition.
async fn textbook(textbook: &Textbook, round: u64, within: Duration) -> Ran {
    let textbook = textbook.clone();
    rush(BUYERS, TEXTBOOK_HANDLERS, within, move |op| {
        let textbook = textbook.clone();
        let first = spread(op, BUYERS) as u32 * 4;
        async move {
            let mut got = 0;
            for seat in first..first + 4 {
                let hold = HoldId::mint(NOW, random(op));
                got += u32::from(textbook.take(event(10_000 + round), 0, seat, hold).await);
            }
            got
        }
    })
    .await
}

/// All buyers of a hall are at the door when it opens.
async fn parterre(store: &CqlHolds, round: u64) -> Ran {
    let mut all = Ran::default();
    for hall in (round * HALLS..).take(HALLS as usize) {
        let event = event(20_000 + hall);
        opened(store, event, SEATS).await;
        let holds = store.clone();
        let ran = rush(BUYERS, BUYERS as usize, Duration::MAX, move |op| {
            let store = holds.clone();
            let first = spread(op, BUYERS) as u32 * 4;
            let wish = grant(event, op + (hall + 1) * 20_000_000, (first..first + 4).map(SeatId).collect());
            async move {
                // Whoever is told that no write could begin in time asks again.
                loop {
                    match store.place(&wish, NOW).await {
                        Outcome::Applied(_) => return 4,
                        Outcome::Lost(_) => return 0,
                        Outcome::Unknown(_) => {}
                    }
                }
            }
        })
        .await;
        assert_eq!(ran.seats, SEATS, "every seat has one holder");
        all = Ran { holds: all.holds + ran.holds, seats: all.seats + ran.seats, secs: all.secs + ran.secs };
    }
    all
}

/// Turns that warm the node and count for nothing: a node at work has long compiled its own code.
const WARMING: u64 = 5;

/// Measures and prints the table.
pub(super) async fn measure(baseline: &Textbook, cql: &Cql, quick: bool) {
    let rounds: u64 = if quick { 3 } else { 7 };
    let within = Duration::from_secs(if quick { 2 } else { 4 });
    let store = recovered(cql).await;
    let (mut bases, mut ours, mut rounds_of_paxos) = (Vec::new(), Vec::new(), 0);
    for round in 0..WARMING + rounds {
        let base = textbook(baseline, round, within).await.seats_a_second();
        store.check().await.expect("the node answers");
        let before = store.counters().rounds();
        let own = parterre(&store, round).await.seats_a_second();
        if round >= WARMING {
            bases.push(base);
            ours.push(own);
            rounds_of_paxos += store.counters().rounds() - before;
        }
    }
    let ratios: Vec<f64> = bases.iter().zip(&ours).map(|(base, own)| own / base).collect();
    let (least, most) = ratios.iter().fold((f64::MAX, 0.0_f64), |(least, most), one| (least.min(*one), most.max(*one)));
    let seats = rounds * HALLS * u64::from(SEATS);
    println!(
        "\n| 4 seats a buyer, 20,000 seats, one durable Cassandra node; median of {rounds} turns each | seats a second | Paxos rounds a seat |\n|---|---|---|"
    );
    println!("| baseline: one partition an event, a conditional write a seat | {:.0} | 1 |", median(bases));
    println!("| Parterre | {:.0} | {:.3} |", median(ours), rounds_of_paxos as f64 / seats as f64);
    println!("| ratio, turn by turn: median ({least:.0} to {most:.0}) | {:.0} | |", median(ratios));
}
