//! What one house grants, another house's listeners are told, over either bus. How soon, `./bench cache` measures.

use parterre::test_support::told::Pair;
use parterre::test_support::{cassandra, redis};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_in_one_house_is_told_in_another_over_redis() {
    let (keyspace, redis) = (cassandra::own().await, redis::shared_server().await);
    let times = Pair::open(&keyspace, Some(&redis)).await.times(5).await;
    println!("over Redis: {times:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_in_one_house_is_told_in_another_over_postgresql() {
    let keyspace = cassandra::own().await;
    let times = Pair::open(&keyspace, None).await.times(5).await;
    println!("over PostgreSQL: {times:?}");
}
