//! One hot block on three nodes, of which one is killed and comes back and one is paused: what the clients saw of each
//! seat is the story of one seat.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parterre::holds::{CqlHolds, HoldStore};
use parterre::stores::cql::Cql;
use parterre::stores::cql::connect::Settings;
use parterre::test_support::PATIENT;
use parterre::test_support::cassandra::three::Three;
use parterre::test_support::steady::in_time;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::crowd::{Hall, Tally, run};
use crate::record::Record;
use crate::{sized, store};

const CLIENTS: usize = 32;
/// Stores that know nothing of each other, as four processes would be.
const STORES: usize = 4;

/// Nobody waits longer for the next grant.
const LONGEST: Duration = Duration::from_secs(30);

/// Goes on for a while, the second half of it until somebody is granted a seat; whether anybody is.
async fn sells(record: &Record, time: Duration) -> bool {
    sleep(time / 2).await;
    // What was under way when it began is answered by now.
    let (begun, before) = (Instant::now(), record.granted());
    sleep(time / 2).await;
    while record.granted() == before {
        if begun.elapsed() > LONGEST {
            return false;
        }
        sleep(Duration::from_millis(100)).await;
    }
    true
}

/// Plays it, and finds out what must never be; answers also how often the sale stood still under a failure.
async fn play() -> (Tally, u32) {
    let mut three = Three::start().await;
    let settings = three.keyspace().await.settings.clone();
    let (mut stores, mut doors): (Vec<Arc<dyn HoldStore>>, Vec<CqlHolds>) = Default::default();
    let (hall, record) = (Arc::new(Hall::new(12, 12)), Arc::new(Record::default()));
    for _ in 0..STORES {
        let store = store(&settings).await;
        hall.open(&store).await;
        doors.push(store.clone());
        stores.push(Arc::new(store));
    }
    let stop = CancellationToken::new();
    let crowd = {
        let (hall, record, stop) = (Arc::clone(&hall), Arc::clone(&record), stop.clone());
        tokio::spawn(async move { run(&stores, &hall, &record, CLIENTS, usize::MAX, &stop).await })
    };
    let mut stood = 0;
    for _ in 0..sized(1, 10) {
        sleep(Duration::from_secs(2)).await;
        three.signal(1, "-KILL");
        stood += u32::from(!sells(&record, Duration::from_secs(2)).await);
        three.restart().await;
        sleep(Duration::from_secs(2)).await;
        three.signal(2, "-STOP");
        stood += u32::from(!sells(&record, Duration::from_secs(4)).await);
        three.signal(2, "-CONT");
        sleep(Duration::from_secs(2)).await;
    }
    stop.cancel();
    let tally = crowd.await.expect("the crowd reaches its end");
    let patient = Settings { answer_within: PATIENT, ..settings };
    let direct = Cql::connect(&patient).await.expect("the cluster answers");
    hall.look(&direct, &record).await;
    let outside: u64 = doors.iter().map(|store| store.counters().outside.load(Ordering::Relaxed)).sum();
    println!("{tally:?}, {} calls, {outside} times outside of a door", record.len());
    record.judge();
    assert!(outside > 0, "nobody came to a door");
    (tally, stood)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hot_block_is_linearizable_while_nodes_die_and_sleep() {
    in_time(async || match play().await {
        (tally, 0) if tally.granted > 50 => Ok(()),
        (tally, stood) => Err(format!("the sale goes on meanwhile, and stood still {stood} times: {tally:?}")),
    })
    .await;
}
