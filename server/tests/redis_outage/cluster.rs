//! A Redis Cluster under a whole house: one of its three nodes is killed, a third of all keys is away with it.

use parterre::test_support::house::SLUG;
use parterre::test_support::redis::OwnRedis;

use crate::shop::{becomes, buy, get, open, with_redis_at};
use crate::sold_six;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purchase_goes_through_while_a_redis_cluster_loses_one_of_three() {
    let (mut nodes, url) = OwnRedis::cluster().await;
    let house = open(with_redis_at(url)).await;
    buy(&house, "nothing happens", async |_| {}).await;
    for step in 0..4 {
        let node = &mut nodes[step % 3];
        buy(&house, &format!("node {} at {step}", step % 3), async |now| {
            if now == step {
                node.kill().await;
            }
        })
        .await;
        for page in ["/", &format!("/events/{SLUG}"), &format!("/events/{SLUG}/seats"), "/api/v1/events"] {
            assert_eq!(get(&house.router, page).await.0, 200, "without node {}: {page}", step % 3);
        }
        node.again().await;
        becomes(&house.router, "ready").await;
    }
    buy(&house, "all is as before", async |_| {}).await;
    sold_six(&house).await;
}
