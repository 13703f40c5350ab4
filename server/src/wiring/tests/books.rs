//! What the house does while its books cannot be read.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_be_held_is_known_for_a_moment_without_the_books() {
    let house = house().await;
    let seen = async || house.shop.holds.states(house.event, 0, house.shop.now()).await;
    assert!(seen().await.is_ok());
    house.database.away().await;
    // What was fresh a second ago is not any more.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let told = seen().await;
    house.database.back().await;
    assert!(told.is_ok(), "{told:?}");
}
