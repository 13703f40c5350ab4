//! Whoever was overtaken cannot buy: a process whose clock jumps, and one that slept past the end of its holds. And a
//! house whose clock is wrong is found out by PostgreSQL's before it overtakes anybody.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::{HoldId, HolderId};
use domain::seat::SeatId;
use domain::time::{MINUTE, Millis};
use parterre::clock::{Clock, SystemClock, random};
use parterre::holds::cql::Tuning;
use parterre::holds::store::{Grant, Outcome};
use parterre::holds::{CqlHolds, HoldStore};
use parterre::http::assets::Manifest;
use parterre::stores::cql::Cql;
use parterre::stores::cql::connect::Settings;
use parterre::test_support::PATIENT;
use parterre::test_support::cassandra::patient;
use parterre::test_support::cassandra::three::{Stage, stage};
use parterre::test_support::house::{config, with_holds};
use parterre::test_support::steady::{always, always_same, steady};
use parterre::tickets::KEY_FILE;
use parterre::wiring;
use reqwest::StatusCode;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::crowd::Hall;
use crate::shop::Open;

const HOUR: i64 = 60 * MINUTE;

async fn store(stage: &Stage, hall: &Hall) -> CqlHolds {
    let settings = Settings { answer_within: PATIENT, ..stage.keyspace.settings.clone() };
    let cql = Cql::connect(&settings).await.expect("the cluster answers");
    let store = CqlHolds::new(cql, patient(), None).await.expect("the tables are there");
    hall.open(&store).await;
    store
}

fn grant(hall: &Hall, seat: u32, now: Millis) -> Grant {
    let clock = SystemClock;
    Grant {
        id: HoldId::mint(clock.now(), random(&clock)),
        event: hall.event,
        holder: HolderId::mint(clock.now(), random(&clock)),
        seats: vec![SeatId(seat)],
        standing: Vec::new(),
        lines: Vec::new(),
        expires_at: now.plus(10 * MINUTE),
        extensions: 1,
        replaces: None,
        max_holds: 4,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_an_hour_ahead_takes_over_and_leaves_one_who_can_buy() {
    let (stage, hall) = (stage().await, Hall::new(4, 4));
    let (right, ahead) = (store(&stage, &hall).await, store(&stage, &hall).await);
    let now = SystemClock.now();
    let first = grant(&hall, 1, now);
    let Outcome::Applied(held) = right.place(&first, now).await else { panic!("a free seat is granted") };
    let second = grant(&hall, 1, now.plus(HOUR));
    let Outcome::Applied(taken) = ahead.place(&second, now.plus(HOUR)).await else {
        panic!("by that clock the first hold has run out")
    };
    assert!(taken.fence > held.fence, "PostgreSQL refuses the older fence, whatever anybody's clock says");
    assert_eq!(right.verify(first.id, first.holder, now).await.unwrap(), None, "the first one cannot buy any more");
    assert!(ahead.verify(second.id, second.holder, now.plus(HOUR)).await.unwrap().is_some());
    assert!(matches!(right.extend(first.id, first.holder, MINUTE, now).await, Outcome::Lost(_)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_an_hour_behind_takes_nothing_that_is_held() {
    let (stage, hall) = (stage().await, Hall::new(4, 4));
    let (right, behind) = (store(&stage, &hall).await, store(&stage, &hall).await);
    let now = SystemClock.now();
    let first = grant(&hall, 1, now);
    assert!(matches!(right.place(&first, now).await, Outcome::Applied(_)));
    let late = now.plus(-HOUR);
    assert!(matches!(behind.place(&grant(&hall, 1, late), late).await, Outcome::Lost(_)));
    // What it holds itself ended, by everybody else's clock, before it began.
    let own = grant(&hall, 2, late);
    let Outcome::Applied(held) = behind.place(&own, late).await else { panic!("a free seat is granted") };
    let other = grant(&hall, 2, now);
    let Outcome::Applied(taken) = right.place(&other, now).await else { panic!("an ended hold is in nobody's way") };
    assert!(taken.fence > held.fence);
    assert_eq!(behind.verify(own.id, own.holder, late).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_back_and_forth_gives_nothing_twice() {
    steady(async || {
        let (stage, hall) = (stage().await, Hall::new(4, 4));
        let (one, other) = (store(&stage, &hall).await, store(&stage, &hall).await);
        let now = SystemClock.now();
        let (mut last, mut granted): (Option<(Grant, domain::hold::Fence)>, _) = (None, Vec::new());
        for jump in [0, HOUR, -HOUR, 2 * HOUR, -2 * HOUR, 3 * HOUR, 0, 4 * HOUR] {
            let at = now.plus(jump);
            let (store, watcher) = if jump % (2 * HOUR) == 0 { (&one, &other) } else { (&other, &one) };
            let next = grant(&hall, 3, at);
            let hold = match store.place(&next, at).await {
                Outcome::Applied(hold) => hold,
                Outcome::Lost(_) => continue,
                told => panic!("nobody knows: {told:?}"),
            };
            granted.push(jump);
            if let Some((old, fence)) = last.replace((next, hold.fence)) {
                always(hold.fence > fence, "fences of a seat only grow");
                always_same(
                    watcher.verify(old.id, old.holder, old.expires_at.plus(-1)).await.unwrap(),
                    None,
                    "who had it",
                );
            }
        }
        // Whose clock went back sees a hold that goes on, whatever other clocks said of its end before it was made.
        always_same(granted, vec![0, HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR], "the jumps after which it was granted");
    })
    .await;
}

/// An hour ahead.
struct Ahead;

impl Clock for Ahead {
    fn now(&self) -> Millis {
        SystemClock.now().plus(HOUR)
    }

    fn fill(&self, bytes: &mut [u8]) {
        SystemClock.fill(bytes);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_house_whose_clock_is_an_hour_ahead_frees_nobodys_hold() {
    steady(async || {
        let stage = stage().await;
        let store = async || {
            CqlHolds::new(stage.keyspace.cql.clone(), Tuning::default(), None).await.expect("the tables are there")
        };
        let open = Open::on(with_holds(Arc::new(store().await)).await).await;
        let hold: Value = open.hold(2).await.json().await.expect("a hold is JSON");
        let (pool, clock, stop) = (open.house.database.pool.clone(), Arc::new(Ahead), CancellationToken::new());
        let (url, config) = ("http://127.0.0.1".to_owned(), config());
        let data = config.data.clone();
        std::fs::copy(open.house.data.join(KEY_FILE), data.join(KEY_FILE))
            .expect("servers of one shop share their key");
        let other = wiring::build(config, pool, Manifest::default(), url, clock, Some(Arc::new(store().await)));
        let other = other.await.expect("the house opens");
        let shop = other.shop.clone();
        drop(other.start(&stop));
        // It sweeps every second, once it knows the event.
        shop.holds.ready(open.house.event).await.expect("the event opens there, too");
        tokio::time::sleep(Duration::from_secs(3)).await;
        let told = open.try_to_order(&hold).await.status();
        stop.cancel();
        let _ = std::fs::remove_dir_all(data);
        assert_ne!(told, StatusCode::SERVICE_UNAVAILABLE, "nobody knows");
        // Whoever stood still meanwhile has lost nothing by it, either.
        always_same(told, StatusCode::CREATED, "what somebody holds was freed");
    })
    .await;
}
