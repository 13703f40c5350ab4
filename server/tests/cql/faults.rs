//! A proxy between the stores and the cluster lies, loses and delays; no seat is ever anybody's twice, nobody who has
//! a hold is told that it was lost, and no outcome stays unknown.

use std::sync::Arc;
use std::time::Duration;

use parterre::holds::HoldStore;
use parterre::holds::cql::Tuning;
use parterre::stores::cql::Cql;
use parterre::stores::cql::connect::Settings;
use parterre::test_support::PATIENT;
use parterre::test_support::cassandra::three::stage;
use parterre::test_support::steady::in_time;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::crowd::{Hall, KNOWN_WITHIN, Tally, run};
use crate::proxy::{Between, FAULTS, Fault};
use crate::record::Record;
use crate::{sized, store};

/// Clients, half of them on each of two stores that know nothing of each other.
const CLIENTS: usize = 32;
/// Tries for a hold over all stories, short and long. Most of them end at a door and ask nothing of the cluster.
const TRIES: [usize; 2] = [3_072, 20_000];
/// A story that takes longer has got stuck.
const LONGEST: Duration = Duration::from_secs(600);

/// Plays it. What must never be is found out here; what came too late, by whoever asked.
async fn play(fault: Fault, name: &str) -> Tally {
    let stage = stage().await;
    let keyspace = &stage.keyspace;
    let mut between = Between::start(&keyspace.settings).await;
    let one = async || Arc::new(store(&between.settings).await) as Arc<dyn HoldStore>;
    let stores = [one().await, one().await];
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
    let patient = Settings { answer_within: PATIENT, ..keyspace.settings.clone() };
    let direct = Cql::connect(&patient).await.expect("the cluster answers");
    hall.look(&direct, &record).await;
    println!("{}", tally.row(&name.replace('_', " ")));
    let struck = between.struck();
    println!("{name}: {struck} frames met with the fault");
    // Connections break too seldom for a short story to be sure of one.
    let least = if matches!(fault, Fault::Reset) { sized(0, 1) } else { 1 };
    assert!(struck >= least, "{name}: nothing went wrong at all");
    record.judge();
    assert!(tally.asked as usize >= CLIENTS * rounds, "nobody got stuck: {tally:?}");
    assert_eq!(
        tally.granted + tally.lost + tally.unavailable + tally.open,
        tally.asked,
        "everybody is told: {tally:?}"
    );
    tally
}

fn told(tally: Tally) -> Result<(), String> {
    // Long stories are judged by the promise itself. Beside the rest of `./test` the last call may begin as late as that.
    let patience = Tuning::default().resolve_within.as_millis() as usize;
    let most = KNOWN_WITHIN + Duration::from_millis(sized(patience, 0) as u64);
    for (is_kept, promise) in [
        (tally.longest <= most, format!("what is unknown is found out within {most:?}")),
        (tally.open == 0, "every outcome is known in the end".to_owned()),
        // At a door most are refused at once, the more of them the longer a write takes.
        (tally.granted > tally.asked / 50, "the sale goes on".to_owned()),
    ] {
        if !is_kept {
            return Err(format!("{promise}: {tally:?}"));
        }
    }
    Ok(())
}

macro_rules! stories {
    ($($name:ident: $fault:ident),+ $(,)?) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            in_time(async || told(play(Fault::$fault, stringify!($name)).await)).await;
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
