//! What the house does while its books cannot be read.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn maps_and_holds_outlive_a_moment_without_the_books() {
    let house = house().await;
    let (holds, map) = (format!("/api/v1/events/{SLUG}/holds"), format!("/api/v1/events/{SLUG}/availability"));
    let best = json!({ "best": { "quantity": 1 } });
    post(&house, &holds, best.clone()).await;
    house.database.away().await;
    // What was fresh a second ago is not any more.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    post(&house, &holds, best).await;
    let seen = house.router.clone().oneshot(Request::get(&map).body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(seen.status(), StatusCode::OK);
    house.database.back().await;
}
