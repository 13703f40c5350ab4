//! A Redis Cluster under a whole house: one of its three nodes is killed, frozen, emptied or full, and with it goes a third
//! of all keys.

use parterre::test_support::redis::OwnRedis;

use crate::are_sold;
use crate::shop::{Blow, FROZEN_FOR, becomes, buy, goes_on, heal, open, strike, with_redis_at};

/// The same law as on one server, a node a step.
async fn a_purchase_goes_through(blow: Blow) {
    let (mut nodes, url) = OwnRedis::cluster().await;
    let house = open(with_redis_at(url)).await;
    buy(&house, "nothing happens", async |_| {}).await;
    let mut sold = 6;
    for step in 0..4 {
        let node = &mut nodes[step % 3];
        let name = format!("{blow:?} of node {} at {step}", step % 3).replace(['(', ')'], "");
        buy(&house, &name, async |now| {
            if now == step {
                strike(node, blow).await;
            }
        })
        .await;
        sold += goes_on(&house, &name, blow).await;
        heal(node, blow).await;
        becomes(&house.router, "ready").await;
    }
    buy(&house, "all is as before", async |_| {}).await;
    are_sold(&house, sold).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purchase_goes_through_while_a_redis_cluster_loses_one_of_three() {
    a_purchase_goes_through(Blow::Kill).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purchase_goes_through_while_one_of_a_redis_cluster_is_frozen() {
    a_purchase_goes_through(Blow::Freeze(FROZEN_FOR)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purchase_goes_through_while_one_of_a_redis_cluster_forgets_everything() {
    a_purchase_goes_through(Blow::Flush).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purchase_goes_through_while_one_of_a_redis_cluster_is_full() {
    a_purchase_goes_through(Blow::Fill).await;
}
