//! What the house does while its books cannot be read.

use super::*;
use crate::stores::postgres::begin::begin;
use crate::test_support::steady::always_same;

async fn status(house: &TestHouse, path: &str) -> StatusCode {
    let request = Request::get(path).body(Body::empty()).unwrap();
    house.router.clone().oneshot(request).await.unwrap().status()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_be_held_is_known_for_a_moment_without_the_books() {
    steady(async || {
        let house = house().await;
        let seen = async || house.shop.holds.states(house.event, 0, house.shop.now()).await;
        assert!(seen().await.is_ok());
        house.database.away().await;
        // What was fresh a second ago is not any more.
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        let told = seen().await;
        house.database.back().await;
        assert!(told.is_ok(), "{told:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_map_that_was_shown_is_shown_for_half_a_minute_without_the_books() {
    steady(async || {
        let house = house().await;
        let began = house.shop.now();
        let closes = "UPDATE ticket_tiers SET sale_ends_at = now() + interval '20 seconds' WHERE id = $1";
        sqlx::query(closes).bind(house.standing.0).execute(&house.database.pool).await.unwrap();
        let now = house.shop.now();
        let event = house.shop.catalog.by_slug(SLUG, now).await.unwrap().unwrap();
        let geometry = format!("/charts/{}.pch", event.chart.as_ref().unwrap().geometry_hash);
        let seats = format!("/events/{SLUG}/seats");
        assert_eq!(status(&house, &seats).await, StatusCode::OK);
        house.database.away().await;
        let was_open = house.shop.now().since(began) < 20_000;
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        let api = format!("/api/v1/events/{SLUG}");
        // The map's own file was not asked for by anybody yet.
        for path in [seats, geometry, api.clone(), format!("{api}/seats"), format!("{api}/availability")] {
            assert_eq!(status(&house, &path).await, StatusCode::OK, "{path}");
        }
        let unknown = status(&house, "/events/nobody-asked-for-it/seats").await;
        always_same(unknown, StatusCode::SERVICE_UNAVAILABLE, "what is told of an event of which nobody knows");
        // By then a tier's sale is over, which nobody has said.
        let later = async |seconds: i64| house.shop.catalog.by_slug(SLUG, now.plus(seconds * 1_000)).await.is_ok();
        always(!(was_open && later(25).await), "what was said while a tier was for sale is told after its sale");
        assert!(later(15).await);
        house.database.back().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_map_waits_a_moment_and_no_longer_for_books_that_do_not_answer() {
    steady(async || {
        let house = house().await;
        let seats = format!("/events/{SLUG}/seats");
        assert_eq!(status(&house, &seats).await, StatusCode::OK);
        let mut busy = begin(&house.database.pool).await.unwrap();
        sqlx::query("LOCK TABLE events, ticket_tiers, seat_kills").execute(&mut *busy).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        // The event is asked for, and then what may be held: a moment each, where the database itself gives up after five seconds.
        let told = tokio::time::timeout(Duration::from_secs(4), status(&house, &seats)).await;
        assert_eq!(told, Ok(StatusCode::OK));
        busy.rollback().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_told_for_longer_than_half_a_minute_what_the_books_said_last() {
    steady(async || {
        let house = house().await;
        let now = house.shop.now();
        house.shop.catalog.by_slug(SLUG, now).await.unwrap().unwrap();
        house.database.away().await;
        // By now at the latest it was said.
        let told = house.shop.now();
        let later =
            async |at: Millis, seconds: i64| house.shop.catalog.by_slug(SLUG, at.plus(seconds * 1_000)).await.is_ok();
        always(!later(told, 31).await, "what was told half a minute ago is told again");
        assert!(later(now, 28).await);
        house.database.back().await;
    })
    .await;
}
