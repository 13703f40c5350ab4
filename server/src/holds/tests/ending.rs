//! A basket that was replaced, and is still ending, is no basket to be replaced.

use super::*;

struct Tally(Arc<AtomicU32>);

impl Counts for Tally {
    async fn take(&mut self, _: Millis) -> Result<(), HoldError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn give_back(self) {}
}

#[tokio::test]
async fn whoever_replaces_a_basket_that_is_ending_has_a_further_one() {
    let table = InventoryTable { events: vec![Arc::new(evening())], sold: Sold::default() };
    let holds = Holds::new(contract::broken::ending_late(), Arc::new(table));
    let counted = Arc::new(AtomicU32::new(0));
    for (n, replaces, further) in [(1, None, 1), (2, Some(id(1)), 1), (3, Some(id(1)), 2)] {
        let request = HoldRequest { replaces, ..best_of(2, true) };
        let patience = Patience::new(Back::Asks);
        let whose = (event(), holder(1), id(n));
        holds.hold_by(patience, whose, &request, NOW, Tally(Arc::clone(&counted))).await.unwrap();
        assert_eq!(counted.load(Ordering::SeqCst), further, "after {n}");
    }
    assert_eq!(holds.by_holder(holder(1), NOW).await.unwrap().len(), 2);
}
