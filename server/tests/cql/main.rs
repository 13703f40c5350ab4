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
mod proxy;
mod rebuild;
mod record;
mod shop;
mod soak;
mod stale;
mod told;

/// `short`, or `long` where the environment asks for it.
fn sized(short: usize, long: usize) -> usize {
    #[allow(clippy::disallowed_methods, reason = "tests have no Config")]
    let asked = std::env::var("PARTERRE_LONG_TESTS").is_ok();
    if asked { long } else { short }
}
