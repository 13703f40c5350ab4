//! The door of a block on several threads at once, which a clock that stands still has on one: there tasks meet only where
//! they wait.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::timeout;

use super::crowd::{fresh, one_block, told};
use super::told::held;
use super::{NOW, patient};
use crate::holds::cql::fake::{FakeTable, Fate, Faults};
use crate::holds::store::HoldStore;

/// Far longer than it takes where every bell rings for all who wait, and shorter than they would wait for one that does not.
const TOLD_WITHIN: Duration = Duration::from_secs(20);

fn table() -> FakeTable {
    let table = FakeTable::default();
    table.fail(Faults { takes: Duration::from_micros(200), ..Faults::default() });
    table
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_four_threads_each_seat_is_granted_once_and_everybody_outside_is_told() {
    for _ in 0..10 {
        let table = table();
        let (store, evening) = one_block(&table, patient()).await;
        let crowd = (0..480_u16).map(|n| {
            let (store, grant) = (store.clone(), fresh(evening, n, &[u32::from(n % 40)], 0));
            tokio::spawn(async move { store.place(&grant, NOW).await })
        });
        let told = timeout(TOLD_WITHIN, told(crowd.collect())).await.expect("everybody is told");
        assert_eq!(told, [40, 440, 0, 0]);
        let held = held(&table);
        let (seats, holds): (HashSet<_>, HashSet<_>) = held.iter().copied().unzip();
        assert_eq!((held.len(), seats.len(), holds.len()), (40, 40, 40), "a hold each");
        assert_eq!(table.writes_at_a_time(), 1, "of a block");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_four_threads_those_outside_go_in_where_the_first_comes_to_nothing() {
    let table = table();
    let (store, evening) = one_block(&table, patient()).await;
    for seat in 0..40_u16 {
        table.fate(&[Fate::Refused], None);
        let crowd = (0..24).map(|n| {
            let (store, grant) = (store.clone(), fresh(evening, seat * 24 + n, &[seat.into()], 0));
            tokio::spawn(async move { store.place(&grant, NOW).await })
        });
        let [granted, taken, busy, undone] =
            timeout(TOLD_WITHIN, told(crowd.collect())).await.expect("everybody is told");
        assert_eq!((granted, busy, undone), (1, 0, 1), "seat {seat}: {taken} found it taken");
    }
    assert_eq!(held(&table).len(), 40);
}
