//! A proxy between the stores and the cluster lies, loses and delays; no seat is ever anybody's twice, nobody who has
//! a hold is told that it was lost, and no outcome stays unknown.

use std::sync::Arc;
use std::time::Duration;

use parterre::holds::cql::Tuning;
use parterre::holds::{CqlHolds, HoldStore};
use parterre::stores::cql::Cql;
use parterre::test_support::cassandra::three::stage;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::crowd::{Hall, KNOWN_WITHIN, Tally, run};
use crate::proxy::{Between, FAULTS, Fault};
use crate::record::Record;
use crate::sized;

/// Clients, half of them on each of two stores that know nothing of each other.
const CLIENTS: usize = 32;
/// Tries for a hold over all stories, short and long.
const TRIES: [usize; 2] = [768, 20_000];
/// A story that takes longer has got stuck.
const LONGEST: Duration = Duration::from_secs(600);

async fn store(settings: &parterre::stores::cql::connect::Settings) -> Arc<dyn HoldStore> {
    let cql = Cql::connect(settings).await.expect("the proxy lets the driver in");
    Arc::new(CqlHolds::new(cql, Tuning::default(), None).await.expect("the tables are there"))
}

async fn story(fault: Fault, name: &str) {
    let stage = stage().await;
    let keyspace = &stage.keyspace;
    let mut between = Between::start(&keyspace.settings).await;
    let stores = [store(&between.settings).await, store(&between.settings).await];
    let (hall, record) = (Arc::new(Hall::new(36, 12)), Arc::new(Record::default()));
    for store in &stores {
        hall.open(&**store).await;
    }
    between.break_by(fault);
    let rounds = sized(TRIES[0], TRIES[1]).div_ceil(CLIENTS * FAULTS.len());
    let stop = CancellationToken::new();
    let bound = tokio::spawn({
        let stop = stop.clone();
        async move {
            sleep(LONGEST).await;
            stop.cancel();
        }
    });
    let tally = run(&stores, &hall, &record, CLIENTS, rounds, &stop).await;
    bound.abort();
    between.mend();
    // What was delayed arrives within this time.
    sleep(Duration::from_millis(2_500)).await;
    hall.look(&keyspace.cql, &record).await;
    println!("{}", tally.row(&name.replace('_', " ")));
    record.judge();
    assert_eq!(tally.asked as usize, CLIENTS * rounds, "nobody got stuck: {tally:?}");
    told(&tally);
}

fn told(tally: &Tally) {
    // Long stories are judged by the promise itself. Beside the rest of `./test` the last call may begin as late as that.
    let patience = Tuning::default().resolve_within.as_millis() as usize;
    let most = KNOWN_WITHIN + Duration::from_millis(sized(patience, 0) as u64);
    assert!(tally.longest <= most, "what is unknown is found out within {most:?}: {tally:?}");
    assert_eq!(tally.open, 0, "every outcome is known in the end: {tally:?}");
    assert_eq!(tally.granted + tally.lost + tally.unavailable, tally.asked, "everybody is told: {tally:?}");
    assert!(tally.granted > tally.asked / 10, "the sale goes on: {tally:?}");
}

macro_rules! stories {
    ($($name:ident: $fault:ident),+ $(,)?) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            story(Fault::$fault, stringify!($name)).await;
        })+
    };
}

stories! {
    a_write_that_timed_out_and_happened: TimedOut,
    a_write_that_lacked_replicas_and_happened: TooFew,
    a_write_of_which_nobody_knows: Unknown,
    a_connection_that_breaks_before_the_answer: Reset,
    a_request_that_never_arrives: Dropped,
    a_request_that_arrives_when_nobody_waits: Delayed,
}
