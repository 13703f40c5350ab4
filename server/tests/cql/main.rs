//! Holds on a CQL cluster under everything that goes wrong: answers that lie, nodes that die, clocks that jump. Each
//! story ends with the independent judgement of a linearizability checker, seat by seat.
//!
//! Contention and failure play on three nodes of Apache Cassandra that the tests start themselves; where `CQL_NODES` names
//! a cluster, all but the stories that kill and pause nodes play there. Short by default; `PARTERRE_LONG_TESTS=1`
//! (`./bench soak`) makes the stories as long as they were meant.

mod asleep;
mod audits;
mod crowd;
mod doors;
mod faults;
mod history;
mod in_process;
mod migrate;
mod outage;
#[path = "../process/pair.rs"]
mod pair;
#[path = "../process/mod.rs"]
#[allow(dead_code, reason = "others wait for its end and for what it says")]
mod process;
mod proxy;
mod rebuild;
mod record;
mod shop;
mod soak;
mod stale;
mod told;

use std::time::Duration;

use parterre::holds::CqlHolds;
use parterre::holds::cql::Tuning;
use parterre::stores::cql::Cql;
use parterre::stores::cql::connect::Settings;
use parterre::trouble::Trouble;
use tokio::time::sleep;

/// `short`, or `long` where the environment asks for it.
fn sized(short: usize, long: usize) -> usize {
    #[allow(clippy::disallowed_methods, reason = "tests have no Config")]
    let asked = std::env::var("PARTERRE_LONG_TESTS").is_ok();
    if asked { long } else { short }
}

/// A store as a shop has it. What starts beside it may keep a node from answering for longer than a shop waits.
async fn store(settings: &Settings) -> CqlHolds {
    for _ in 0..20 {
        match opened(settings).await {
            Ok(store) => return store,
            Err(trouble) => println!("the store does not open yet: {trouble}"),
        }
        sleep(Duration::from_millis(500)).await;
    }
    panic!("the store does not open");
}

async fn opened(settings: &Settings) -> Result<CqlHolds, Trouble> {
    CqlHolds::new(Cql::connect(settings).await?, Tuning::default(), None).await
}
