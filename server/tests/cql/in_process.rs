//! The same crowd on holds in this process, several threads at once: what was seen of each seat is the story of one seat,
//! and here each answer is true at a moment of its call, refusals too.

use std::sync::Arc;

use parterre::holds::{HoldStore, MemoryHolds};
use tokio_util::sync::CancellationToken;

use crate::crowd::{Hall, run};
use crate::record::Record;
use crate::sized;

/// Clients, one for each thread.
const CLIENTS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn a_hot_block_is_linearizable_in_one_process() {
    let store: Arc<dyn HoldStore> = Arc::new(MemoryHolds::default());
    // Seats that are forgotten come back within the story.
    let hall = Arc::new(Hall { short: 3, exact: true, ..Hall::new(12, 4) });
    let record = Arc::new(Record::default());
    hall.open(&*store).await;
    let rounds = sized(1_500, 20_000);
    let tally = run(&[store], &hall, &record, CLIENTS, rounds, &CancellationToken::new()).await;
    println!("{tally:?}, {} calls", record.len());
    record.judge();
    assert_eq!(tally.granted + tally.lost, tally.asked, "everybody is told: {tally:?}");
    assert!(tally.asked > (CLIENTS * rounds) as u32, "some ask for others in their hold's stead: {tally:?}");
    // Seats come back by the clock: the quicker the machine, the fewer are granted within so many tries.
    assert!(tally.granted.min(tally.lost) > 100, "there were enough of either: {tally:?}");
}
