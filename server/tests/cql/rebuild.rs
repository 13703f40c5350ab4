//! `parterre holds rebuild EVENT` as it is typed, on a keyspace that knows nothing and on one whose marks are wrong.

use std::sync::Arc;

use domain::ids::EventId;
use domain::seat::SeatId;
use parterre::clock::SystemClock;
use parterre::holds::audit::Drift;
use parterre::holds::{CqlHolds, HoldStore};
use parterre::stores::cql::connect::Settings;
use parterre::test_support::house::{SLUG, put_on_sale};
use parterre::test_support::steady::{always_same, steady};
use parterre::test_support::{TestDatabase, cassandra, database};
use parterre::wiring;
use tokio::process::Command;

/// Runs the command; whether it ended well, and what it said.
async fn rebuild(database: &TestDatabase, settings: &Settings, event: &str) -> (bool, String) {
    let ran = Command::new(env!("CARGO_BIN_EXE_parterre"))
        .args(["holds", "rebuild", event, "--database-url", &database.url])
        .args(["--cql-node", &settings.nodes.join(","), "--cql-keyspace", &settings.keyspace])
        .output()
        .await
        .expect("the binary runs");
    let said = [ran.stdout, ran.stderr].concat();
    (ran.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// The seats whose rows say that they are sold, read past every store.
async fn sold(keyspace: &cassandra::TestKeyspace, event: EventId) -> Vec<i32> {
    let read = keyspace.cql.decide("SELECT event_id, seat_id, state FROM inventory_by_event").await.unwrap();
    let rows = keyspace.cql.session().execute_unpaged(&read, ()).await.unwrap().into_rows_result().unwrap();
    let rows = rows.rows::<(uuid::Uuid, i32, i8)>().unwrap().map(Result::unwrap);
    let mut seats: Vec<i32> = rows.filter(|row| row.0 == event.0 && row.2 == 2).map(|row| row.1).collect();
    seats.sort_unstable();
    seats
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn holds_rebuild_writes_what_is_sold_to_a_new_keyspace_and_corrects_what_is_wrong() {
    steady(async || {
        let (keyspace, database) = (cassandra::own().await, database().await);
        let (event, _) = put_on_sale(&wiring::catalog(&database.pool), &SystemClock).await;
        database.claim_every_other(event, 8).await;
        assert_eq!(sold(&keyspace, event).await, [0_i32; 0], "the keyspace is new");
        let (well, said) = rebuild(&database, &keyspace.settings, SLUG).await;
        assert!(well && said.contains("every mark of what is sold is as PostgreSQL says"), "{said}");
        always_same(sold(&keyspace, event).await, [0, 2, 4, 6], "what is marked as sold, and said to be right");

        let store = Arc::new(CqlHolds::new(keyspace.cql.clone(), cassandra::patient(), None).await.unwrap());
        let config = parterre::test_support::house::config();
        let opening = wiring::build(
            config.clone(),
            database.pool.clone(),
            parterre::http::assets::Manifest::default(),
            "http://127.0.0.1".into(),
            Arc::new(SystemClock),
            Some(store.clone()),
        );
        let house = opening.await.expect("the house opens");
        house.shop.holds.ready(event).await.expect("the event opens");
        let marks = store.marks(event).await.unwrap().expect("the event is open");
        let wrong = |seat: u32, sold| (SeatId(seat), (marks.seats[seat as usize].0, sold));
        let drift = Drift { seats: [wrong(0, false), wrong(1, true), wrong(5, true)].into(), ..Drift::default() };
        store.correct(event, &drift).await.unwrap();
        assert_eq!(sold(&keyspace, event).await, [1, 2, 4, 5, 6], "as somebody's mistake left it");
        let (well, said) = rebuild(&database, &keyspace.settings, SLUG).await;
        assert!(well && said.contains("2 wrong marks were corrected"), "what was missing came with opening: {said}");
        always_same(sold(&keyspace, event).await, [0, 2, 4, 6], "what is marked as sold, and said to be corrected");
        let _ = std::fs::remove_dir_all(config.data);

        let (well, said) = rebuild(&database, &keyspace.settings, "no-such-evening").await;
        assert!(!well && said.contains("There is no event \"no-such-evening\""), "{said}");
    })
    .await;
}
