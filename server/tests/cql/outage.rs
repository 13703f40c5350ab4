//! The cluster is gone while the shop is open: new holds pause and say so, open checkouts end as if nothing were, and
//! all goes on by itself when the cluster is back.

use std::sync::Arc;
use std::time::Duration;

use parterre::checker::check;
use parterre::holds::CqlHolds;
use parterre::holds::cql::Tuning;
use parterre::stores::cql::Cql;
use parterre::test_support::cassandra;
use parterre::test_support::house::with_holds;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::proxy::Between;
use crate::shop::Open;

/// A pause is told within two seconds...
const TOLD_WITHIN: Duration = Duration::from_secs(2);
/// ...but to whoever's write was on its way when the cluster fell silent: it may have happened, which is found out or told.
const FOUND_OUT_WITHIN: Duration = Duration::from_secs(5);
/// What a machine that does other things may add.
const BUSY: Duration = Duration::from_secs(3);
const BACK_WITHIN: Duration = Duration::from_secs(60);

#[derive(Clone, Copy)]
enum Gone {
    /// Connections break, and new ones are refused.
    Cut,
    /// Connections stay and nothing is ever answered.
    Silent,
}

async fn story(gone: Gone) {
    let keyspace = cassandra::shared().await;
    let mut between = Between::start(&keyspace.settings).await;
    let cql = Cql::connect(&between.settings).await.unwrap();
    let store = CqlHolds::new(cql, Tuning::default(), None).await.unwrap();
    let open = Open::on(with_holds(Arc::new(store)).await).await;
    let hold: Value = open.hold(2).await.json().await.unwrap();
    let order = open.order(&hold).await;
    match gone {
        Gone::Cut => between.cut(),
        Gone::Silent => between.freeze(),
    }
    let paused = async |within: Duration| {
        let asked = Instant::now();
        let answer = open.hold(2).await;
        let told = asked.elapsed();
        println!("a hold is paused after {told:?}");
        assert_eq!(answer.status(), 503);
        assert!(answer.headers().contains_key("retry-after"), "{:?}", answer.headers());
        assert!(told < within + BUSY, "told after {told:?}");
    };
    let later = async {
        sleep(Duration::from_millis(200)).await;
        for _ in 0..2 {
            paused(TOLD_WITHIN).await;
        }
    };
    tokio::join!(paused(FOUND_OUT_WITHIN), later);
    open.pays(&hold, &order).await;
    let ready = open.ready().await;
    assert_eq!((&ready["status"], &ready["stores"]["postgres"]), (&json!("degraded"), &json!("ready")), "{ready}");
    between.mend();
    let back = Instant::now();
    loop {
        let answer = open.hold(2).await;
        if answer.status().is_success() {
            break;
        }
        let told = answer.text().await.unwrap_or_default();
        assert!(back.elapsed() < BACK_WITHIN, "a minute after the cluster was back: {told}");
        sleep(Duration::from_millis(200)).await;
    }
    println!("holds again {:?} after the cluster was back", back.elapsed());
    let breaches = check(&open.house.database.pool).await.unwrap();
    assert_eq!(breaches, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_breaks_off_pauses_holds_and_lets_checkouts_pay() {
    story(Gone::Cut).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_falls_silent_pauses_holds_and_lets_checkouts_pay() {
    story(Gone::Silent).await;
}
