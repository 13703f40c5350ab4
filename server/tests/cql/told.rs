//! What one house grants, another house's listeners are told, over either bus. How soon, `./bench cache` measures.

use parterre::test_support::cassandra;
use parterre::test_support::redis::OwnRedis;
use parterre::test_support::told::Pair;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_in_one_house_is_told_in_another_over_redis() {
    // One of its own: a shop's keys have no test's prefix, and the next test's shop is another one.
    let (keyspace, redis) = (cassandra::own().await, OwnRedis::start(&[]).await);
    let times = Pair::open(&keyspace, Some(&redis.url())).await.times(5).await;
    println!("over Redis: {times:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_in_one_house_is_told_in_another_over_postgresql() {
    let keyspace = cassandra::own().await;
    let times = Pair::open(&keyspace, None).await.times(5).await;
    println!("over PostgreSQL: {times:?}");
}
