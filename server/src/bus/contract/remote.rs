//! The laws on buses between processes, and what they do when their connection breaks.

use super::*;
use crate::bus::postgres::PostgresBus;
use crate::bus::redis::RedisBus;
use crate::stores::postgres::connect::connect;
use crate::stores::redis::{Redis, Settings};
use crate::test_support::redis::{self, OwnRedis, connected, settings};
use crate::test_support::steady::steady;
use crate::test_support::{TestDatabase, database};

/// Two processes' buses over one Redis: each with its own connections.
async fn over_redis(settings: Settings) -> Two {
    let open = || async { connected(settings.clone()).await };
    let bus = |redis: Redis, origin| -> Arc<dyn Bus> { Arc::new(RedisBus::new(redis, origin).unwrap()) };
    let (here, there) = (bus(open().await, [1; 8]), bus(open().await, [2; 8]));
    up(&*here).await;
    up(&*there).await;
    Two::new(here, there, "redis")
}

async fn up(bus: &dyn Bus) {
    let waiting = async {
        while !bus.is_up() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("the bus comes up");
}

async fn one_redis() -> (Two, ()) {
    (over_redis(settings(&redis::shared_server().await)).await, ())
}

async fn redis_cluster() -> (Two, ()) {
    (over_redis(settings(&redis::shared_cluster().await)).await, ())
}

async fn over_postgres() -> (Two, TestDatabase) {
    let database = database().await;
    let here: Arc<dyn Bus> = Arc::new(PostgresBus::patient(&database.pool, [1; 8]));
    let there: Arc<dyn Bus> = Arc::new(PostgresBus::patient(&connect(&database.url, 4).await.unwrap(), [2; 8]));
    up(&*here).await;
    up(&*there).await;
    (Two::new(here, there, "postgres"), database)
}

mod on_redis {
    use super::*;
    bus_laws!(one_redis());
}

mod on_a_redis_cluster {
    use super::*;
    bus_laws!(redis_cluster());
}

mod on_postgres {
    use super::*;
    bus_laws!(over_postgres());
}

/// Waits until a message of `here` comes through again. One that is said while subscriptions are still coming back may
/// be swallowed by the gap that follows it.
async fn comes_through(two: &Two, subscription: &mut Subscription) {
    for attempt in 0..100 {
        two.here.publish(&two.channel, Bytes::from(format!("attempt {attempt}"))).await.ok();
        let wait = tokio::time::timeout(Duration::from_millis(200), async {
            while subscription.next().await != message(format!("attempt {attempt}")) {}
        });
        if wait.await.is_ok() {
            return;
        }
    }
    panic!("nothing comes through");
}

/// After a break: one's own process was heard all the time, the other's subscribers hear a gap, then all is as before.
pub(super) async fn after_a_break(two: &Two, near: &mut Subscription, far: &mut Subscription) {
    assert_eq!(two.next(far).await, Heard::Gap);
    comes_through(two, far).await;
    comes_through(two, near).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_redis_is_a_gap_and_then_messages_again() {
    let mut server = OwnRedis::start(&[]).await;
    let two = over_redis(settings(&server.url())).await;
    let (mut near, mut far) = (two.here.subscribe(&two.channel).await, two.there.subscribe(&two.channel).await);
    server.kill().await;
    assert!(two.here.publish(&two.channel, Bytes::from_static(b"alone")).await.is_err());
    assert_eq!(two.next(&mut near).await, message("alone"));
    server.again().await;
    after_a_break(&two, &mut near, &mut far).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_redis_is_a_gap_and_then_messages_again() {
    steady(async || {
        let server = OwnRedis::start(&[]).await;
        let settings = Settings { answer_within: Duration::from_millis(100), ..settings(&server.url()) };
        let two = over_redis(settings).await;
        let (mut near, mut far) = (two.here.subscribe(&two.channel).await, two.there.subscribe(&two.channel).await);
        server.freeze().await;
        assert!(two.here.publish(&two.channel, Bytes::from_static(b"alone")).await.is_err());
        two.hears(&mut near, message("alone")).await;
        // Longer than a connection may stay silent: it is given up.
        while two.there.is_up() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_secs(3)).await;
        server.thaw().await;
        after_a_break(&two, &mut near, &mut far).await;
    })
    .await;
}

/// What is said meanwhile at another node, a frozen one never hears: the others have given it up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_node_of_a_redis_cluster_is_a_gap_and_then_messages_again() {
    steady(async || {
        let (nodes, url) = OwnRedis::cluster().await;
        let settings = Settings { answer_within: Duration::from_millis(100), ..settings(&url) };
        let two = Two { patience: Duration::from_secs(10), ..over_redis(settings).await };
        let mut far = two.there.subscribe(&two.channel).await;
        let mut its_own = None;
        for node in &nodes {
            if node.ask("PUBSUB CHANNELS").await.unwrap().contains(&two.channel) {
                its_own = Some(node);
            }
        }
        let its_own = its_own.expect("one of them has the subscription");
        let mut near = two.here.subscribe(&two.channel).await;
        its_own.freeze().await;
        while two.there.is_up() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_secs(3)).await;
        its_own.thaw().await;
        after_a_break(&two, &mut near, &mut far).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_may_come_before_redis_does() {
    let mut server = OwnRedis::start(&[]).await;
    server.kill().await;
    let redis = Redis::open(settings(&server.url())).unwrap();
    let bus = RedisBus::new(redis, [3; 8]).unwrap();
    let mut early = bus.subscribe("inventory:{early}").await;
    assert!(!bus.is_up());
    server.again().await;
    let heard = tokio::time::timeout(Duration::from_secs(20), early.next()).await.unwrap();
    assert_eq!(heard, Heard::Gap, "it began");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_connection_to_postgres_is_a_gap_and_then_messages_again() {
    let (two, database) = over_postgres().await;
    let (mut near, mut far) = (two.here.subscribe(&two.channel).await, two.there.subscribe(&two.channel).await);
    database.cut_connections().await;
    while two.there.is_up() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    after_a_break(&two, &mut near, &mut far).await;
}

/// Publishing fails and listening goes on: those who listen hear that they have missed something.
pub(super) async fn a_debt_is_paid(two: &Two, mut far: Subscription) {
    while two.next(&mut far).await != Heard::Gap {}
    assert!(two.there.is_up(), "its own connection was never broken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_did_not_get_out_over_postgres_is_a_gap_elsewhere() {
    let (mut two, database) = over_postgres().await;
    let bus = PostgresBus::new(&database.pool, [9; 8]);
    let its_own = bus.tells_over().clone();
    two.here = Arc::new(bus);
    let far = two.there.subscribe(&two.channel).await;
    let all_that_there_is = its_own.acquire().await.unwrap();
    assert!(two.here.publish(&two.channel, Bytes::from_static(b"lost")).await.is_err());
    drop(all_that_there_is);
    a_debt_is_paid(&two, far).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_did_not_get_out_over_redis_is_a_gap_elsewhere() {
    steady(async || {
        let server = OwnRedis::start(&[]).await;
        let settings = Settings { answer_within: Duration::from_millis(100), ..settings(&server.url()) };
        let two = over_redis(settings.clone()).await;
        let far = two.there.subscribe(&two.channel).await;
        server.ask("CLIENT PAUSE 600 WRITE").await.expect("it obeys");
        assert!(two.here.publish(&two.channel, Bytes::from_static(b"late or never")).await.is_err());
        a_debt_is_paid(&two, far).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn news_do_not_wait_for_the_connections_of_those_who_buy() {
    let database = database().await;
    let buyers = connect(&database.url, 1).await.unwrap();
    let busy = buyers.acquire().await.unwrap();
    let tells = PostgresBus::patient(&buyers, [1; 8]);
    let hears = PostgresBus::patient(&database.pool, [2; 8]);
    up(&tells).await;
    up(&hears).await;
    let mut news = hears.subscribe("inventory:busy").await;
    tells.publish("inventory:busy", Bytes::from_static(b"held")).await.expect("it leaves");
    assert_eq!(news.next().await, Heard::Message(Bytes::from_static(b"held")));
    drop(busy);
}
