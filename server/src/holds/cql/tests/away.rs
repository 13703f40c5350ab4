//! The cluster is away: what this process granted can still be bought, and nothing else.

use domain::time::{MINUTE, SECOND};

use super::{Evening, NOW, exact, process};
use crate::holds::cql::fake::{FakeTable, Faults};
use crate::holds::store::{HoldStore, Outcome, Sold};
use crate::trouble::Trouble;

#[tokio::test]
async fn while_the_cluster_is_away_a_process_stands_by_what_it_granted() {
    let (table, evening) = (FakeTable::default(), Evening::new());
    let (granted, other) = (process(&table, exact(), None), process(&table, exact(), None));
    evening.open(&granted, Sold::default()).await;
    evening.open(&other, Sold::default()).await;
    let Outcome::Applied(hold) = granted.place(&evening.grant(1, &[3], 0), NOW).await else { panic!() };
    let Outcome::Applied(let_go) = granted.place(&evening.grant(2, &[5], 0), NOW).await else { panic!() };
    granted.release(let_go.id, let_go.holder, NOW).await;
    table.fail(Faults { unread: 1, ..Faults::default() });
    let away = |answer| matches!(answer, Err(Trouble::Unavailable { .. }));
    assert!(away(granted.verify(hold.id, hold.holder, NOW).await), "one question without an answer is no outage");
    for _ in 0..3 {
        let _ = granted.verify(hold.id, hold.holder, NOW).await;
    }
    assert_eq!(granted.verify(hold.id, hold.holder, NOW.plus(9 * MINUTE)).await, Ok(Some(hold.clone())));
    assert!(away(granted.verify(hold.id, hold.holder, NOW.plus(10 * MINUTE + SECOND)).await), "it ran out");
    assert!(!matches!(granted.verify(let_go.id, let_go.holder, NOW).await, Ok(Some(_))), "it was let go");
    for _ in 0..5 {
        assert!(away(other.verify(hold.id, hold.holder, NOW).await), "somebody else granted it");
    }
    table.fail(Faults::default());
    assert_eq!(granted.verify(hold.id, hold.holder, NOW).await, Ok(Some(hold)));
}
