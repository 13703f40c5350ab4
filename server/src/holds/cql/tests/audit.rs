//! The audit of a whole house: the store's marks beside PostgreSQL's claims, wrong in either direction, while a sale runs.

use std::time::Duration;

use super::*;
use crate::holds::audit::Drift;
use crate::test_support::house::{TestHouse, with_holds};
use crate::test_support::metric;
use crate::test_support::steady::{always_same, steady};

const PAUSE: Duration = Duration::from_millis(400);

/// A house whose PostgreSQL knows seats 0, 2 and 4 as sold, and so does its store.
async fn sold_in_part() -> (TestHouse, CqlHolds) {
    let store = on(&FakeTable::default());
    let house = with_holds(Arc::new(store.clone())).await;
    house.database.claim_every_other(house.event, 6).await;
    house.shop.holds.ready(house.event).await.unwrap();
    // Where it was open before the claims were made, it has them now.
    house.shop.holds.audit(house.event, Duration::ZERO).await.unwrap();
    assert_eq!(marked(&house, &store).await, (vec![0, 2, 4], 0));
    (house, store)
}

/// The seats marked as sold, and how many standing places.
async fn marked(house: &TestHouse, store: &CqlHolds) -> (Vec<u32>, usize) {
    let marks = store.marks(house.event).await.unwrap().unwrap();
    let seats = (0..).zip(&marks.seats).filter(|(_, (_, sold))| *sold).map(|(seat, _)| seat).collect();
    (seats, marks.standing.values().map(Vec::len).sum())
}

/// Has the store mark these seats so, and so many standing places of nobody's, whatever is true.
async fn spoil(house: &TestHouse, store: &CqlHolds, seats: &[(u32, bool)], standing: u32) {
    let marks = store.marks(house.event).await.unwrap().unwrap();
    let at = |(seat, sold): &(u32, bool)| (SeatId(*seat), (marks.seats[*seat as usize].0, *sold));
    let standing = (standing > 0).then_some(((house.standing, None), (vec![], standing)));
    let drift = Drift { seats: seats.iter().map(at).collect(), standing: standing.into_iter().collect() };
    store.correct(house.event, &drift).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_audit_puts_right_what_is_wrong_in_either_direction_and_counts_it() {
    let (house, store) = sold_in_part().await;
    let counted = metric("parterre_holds_drift_corrected_total");
    spoil(&house, &store, &[(0, false), (1, true)], 2).await;
    assert_eq!(
        marked(&house, &store).await,
        (vec![1, 2, 4], 2),
        "0 is missing; 1 and two standing places are too much"
    );
    assert_eq!(house.shop.holds.audit(house.event, PAUSE).await, Ok(3));
    assert_eq!(marked(&house, &store).await, (vec![0, 2, 4], 0));
    sqlx::query("UPDATE ticket_tiers SET sold = 3 WHERE id = $1")
        .bind(house.standing.0)
        .execute(&house.database.pool)
        .await
        .unwrap();
    assert_eq!(house.shop.holds.audit(house.event, PAUSE).await, Ok(1), "standing places are missing");
    assert_eq!(marked(&house, &store).await, (vec![0, 2, 4], 3));
    assert_eq!(house.shop.holds.audit(house.event, PAUSE).await, Ok(0));
    assert!(metric("parterre_holds_drift_corrected_total") >= counted + 4.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_audit_leaves_alone_what_settles_while_it_waits() {
    steady(async || {
        let (house, store) = sold_in_part().await;
        let claim = "INSERT INTO seat_claims (event_id, seat, order_id, fence) VALUES ($1, 7, gen_random_uuid(), 1)";
        sqlx::query(claim).bind(house.event.0).execute(&house.database.pool).await.unwrap();
        let (holds, event) = (house.shop.holds.clone(), house.event);
        let audit = tokio::spawn(async move { holds.audit(event, PAUSE * 3).await });
        tokio::time::sleep(PAUSE).await;
        // The news of the order arrives.
        spoil(&house, &store, &[(7, true)], 0).await;
        let corrected = audit.await.unwrap();
        always_same(marked(&house, &store).await, (vec![0, 2, 4, 7], 0), "what is marked as sold");
        assert_eq!(corrected, Ok(0), "nothing had to be corrected");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_round_of_audits_shows_how_many_marks_were_wrong() {
    let (house, store) = sold_in_part().await;
    spoil(&house, &store, &[(2, false), (3, true)], 0).await;
    let mut last = None;
    assert_eq!(house.shop.holds.audit_round(&mut last, Duration::from_secs(1)).await, Ok(2));
    assert_eq!((last, metric("parterre_holds_drift")), (Some(house.event), 2.0));
    assert_eq!(marked(&house, &store).await, (vec![0, 2, 4], 0));
    assert_eq!(house.shop.holds.audit_round(&mut last, Duration::from_secs(1)).await, Ok(0));
    assert_eq!(metric("parterre_holds_drift"), 0.0);
}
