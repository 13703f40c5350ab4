//! The same hold checked out twice at once: one order, whoever comes when.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::hold::Hold;
use domain::ids::{EventId, HoldId, HolderId, TierId};
use domain::seat::SeatId;

use super::{GOOD, lock_tiers, sound};
use crate::clock::SystemClock;
use crate::payments::Providers;
use crate::purchase::places::{Places, PlainLabels};
use crate::purchase::postgres::PostgresOrders;
use crate::purchase::*;
use crate::test_support::shop::{Shop, Till};
use crate::tickets::Signer;

/// Until so many of the shop's connections wait for a lock.
async fn waiting(shop: &Shop, wanted: i64) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while sqlx::query_scalar::<_, i64>(sql).fetch_one(&shop.database.pool).await.unwrap() < wanted {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn two_presses_for_the_last_places_are_one_order() {
    let shop = Shop::open(1).await;
    let till = &shop.till;
    let hold = till.hold(till.somebody(), &[0], 2).unwrap();
    let hot = lock_tiers(&shop).await;
    let (one, two, ()) = tokio::join!(till.checkout(&hold), till.checkout(&hold), async {
        waiting(&shop, 2).await;
        hot.rollback().await.unwrap();
    });
    let order = one.unwrap();
    assert_eq!(order.id, two.unwrap().id);
    till.pay(&order, GOOD).await.unwrap();
    sound(&shop).await;
}

/// Somebody else's press comes to its end while this one asks for its hold.
struct Overtaken {
    till: Till,
    by: Mutex<Option<Hold>>,
}

#[async_trait]
impl Places for Overtaken {
    async fn verify(&self, hold: HoldId, holder: HolderId) -> Result<Option<Hold>, Trouble> {
        let first = self.by.lock().unwrap().take();
        if let Some(first) = first {
            self.till.checkout(&first).await.expect("the first press");
        }
        self.till.holds.verify(hold, holder).await
    }

    async fn claimed(&self, hold: &Hold) -> Result<(), Trouble> {
        self.till.holds.claimed(hold).await
    }

    async fn freed(
        &self,
        event: EventId,
        hold: HoldId,
        seats: Vec<SeatId>,
        standing: Vec<(TierId, u32)>,
    ) -> Result<(), Trouble> {
        self.till.holds.freed(event, hold, seats, standing).await
    }
}

#[tokio::test]
async fn a_press_whose_hold_another_one_has_just_spent_leads_to_the_order() {
    let shop = Shop::open(1).await;
    let till = &shop.till;
    let hold = till.hold(till.somebody(), &[0], 0).unwrap();
    let orders = || Arc::new(PostgresOrders::new(shop.database.pool.clone()));
    let second = Purchase::new(Parts {
        store: orders(),
        aside: orders(),
        places: Arc::new(Overtaken { till: till.clone(), by: Mutex::new(Some(hold.clone())) }),
        labels: Arc::new(PlainLabels),
        providers: Providers::new(vec![Arc::new(till.provider.clone())]),
        signer: Arc::new(Signer::new([7; 32])),
        clock: Arc::new(SystemClock),
        stop: stop::StopAt::default(),
    });
    let order = second.checkout(till.wish(&hold)).await.unwrap();
    assert_eq!(order.id, till.checkout(&hold).await.unwrap().id);
    sound(&shop).await;
}
