//! One hot block on three nodes, of which one is killed and comes back and one is paused: what the clients saw of each
//! seat is the story of one seat.

use std::sync::Arc;
use std::time::Duration;

use parterre::holds::cql::Tuning;
use parterre::holds::{CqlHolds, HoldStore};
use parterre::stores::cql::Cql;
use parterre::test_support::cassandra::three::Three;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::crowd::{Hall, run};
use crate::record::Record;
use crate::sized;

const CLIENTS: usize = 32;
/// Stores that know nothing of each other, as four processes would be.
const STORES: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hot_block_is_linearizable_while_nodes_die_and_sleep() {
    let mut three = Three::start().await;
    let settings = three.keyspace().await.settings.clone();
    let mut stores: Vec<Arc<dyn HoldStore>> = Vec::new();
    let (hall, record) = (Arc::new(Hall::new(12, 12)), Arc::new(Record::default()));
    for _ in 0..STORES {
        let cql = Cql::connect(&settings).await.expect("the cluster answers");
        let store = CqlHolds::new(cql, Tuning::default(), None).await.expect("the tables are there");
        hall.open(&store).await;
        stores.push(Arc::new(store));
    }
    let stop = CancellationToken::new();
    let crowd = {
        let (hall, record, stop) = (Arc::clone(&hall), Arc::clone(&record), stop.clone());
        tokio::spawn(async move { run(&stores, &hall, &record, CLIENTS, usize::MAX, &stop).await })
    };
    for _ in 0..sized(1, 10) {
        sleep(Duration::from_secs(2)).await;
        three.signal(1, "-KILL");
        sleep(Duration::from_secs(2)).await;
        three.restart().await;
        sleep(Duration::from_secs(2)).await;
        three.signal(2, "-STOP");
        sleep(Duration::from_secs(4)).await;
        three.signal(2, "-CONT");
        sleep(Duration::from_secs(2)).await;
    }
    stop.cancel();
    let tally = crowd.await.expect("the crowd reaches its end");
    let direct = Cql::connect(&settings).await.expect("the cluster answers");
    hall.look(&direct, &record).await;
    println!("{tally:?}, {} calls", record.len());
    record.judge();
    assert!(tally.granted > 50, "the sale goes on meanwhile: {tally:?}");
}
