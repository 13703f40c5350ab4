//! A house that runs mends the marks of what is sold by itself.

use std::sync::Arc;
use std::time::Duration;

use domain::seat::{SeatId, SeatState};
use parterre::config::Config;
use parterre::holds::audit::Drift;
use parterre::holds::{CqlHolds, HoldStore};
use parterre::test_support::cassandra;
use parterre::test_support::house::{config, with};
use tokio::time::sleep;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_house_mends_by_itself_what_is_marked_wrongly() {
    let keyspace = cassandra::own().await;
    let store =
        Arc::new(CqlHolds::new(keyspace.cql.clone(), cassandra::patient(), None).await.expect("the tables are there"));
    let config = Config { audit_holds_every: Duration::from_millis(200), ..config() };
    let house = with(config, Arc::clone(&store) as Arc<dyn HoldStore>).await;
    house.shop.holds.ready(house.event).await.expect("the event opens");
    let marks = store.marks(house.event).await.unwrap().expect("the event is open");
    // Sold, as a mistake left it, and in no book.
    let drift = Drift { seats: [(SeatId(5), (marks.seats[5].0, true))].into(), ..Drift::default() };
    store.correct(house.event, &drift).await.unwrap();
    let state = async || house.shop.holds.states(house.event, 0, house.shop.now()).await.unwrap().states.get(SeatId(5));
    assert_eq!(state().await, SeatState::Sold);
    for _ in 0..600 {
        if state().await == SeatState::Free {
            return;
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("nobody mends it");
}
