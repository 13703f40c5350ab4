//! The keyspace, its steps and the connection on a real cluster.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Cql;
use super::connect::Settings;
use super::migrate::{status, up};
use crate::clock::{ManualClock, random};
use crate::test_support::{NOW, PATIENT, cassandra};
use crate::trouble::Trouble;

#[tokio::test]
async fn the_steps_are_applied_once_and_listed() {
    let keyspace = cassandra::own().await;
    assert!(status(&keyspace.settings).await.unwrap().iter().all(|step| step.applied));
    let again = up(&keyspace.settings, NOW, [1; 16]).await.unwrap();
    assert_eq!((again.steps, again.placement.made), (vec![], false));
    assert_eq!(again.warmed, ["inventory_by_event", "inventory_by_trip_segment"], "no buyer is the first");
    // It says so within a second, in which a node may stand still.
    let mut answered = keyspace.cql.check().await;
    for _ in 0..100 {
        if answered.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        answered = keyspace.cql.check().await;
    }
    answered.unwrap();
}

#[tokio::test]
async fn a_keyspace_has_the_copies_and_the_data_centre_that_it_was_made_with() {
    let keyspace = cassandra::own().await;
    let placement = up(&keyspace.settings, NOW, [1; 16]).await.unwrap().placement;
    let asked = "SELECT replication, durable_writes FROM system_schema.keyspaces WHERE keyspace_name = ?";
    let read = keyspace.cql.read(asked).await.unwrap();
    let name = (keyspace.settings.keyspace.as_str(),);
    let rows = keyspace.cql.session().execute_unpaged(&read, name).await.unwrap().into_rows_result().unwrap();
    let (replication, durable) = rows.single_row::<(BTreeMap<String, String>, bool)>().unwrap();
    let (copies, class) = (placement.copies.to_string(), "org.apache.cassandra.locator.NetworkTopologyStrategy");
    let expected = [("class", class), (placement.datacenter.as_str(), copies.as_str())];
    assert_eq!(replication, expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
    assert!(durable && placement.copies > 0);
}

#[tokio::test]
async fn the_data_centre_that_decides_is_kept_from_the_first_connection_on() {
    let keyspace = cassandra::own().await;
    let settings = Settings { datacenter: None, ..keyspace.settings.clone() };
    let cql = Cql::connect(&settings).await.unwrap();
    let decides = up(&settings, NOW, [1; 16]).await.unwrap().placement.datacenter;
    for cql in [cql.anew().await.unwrap(), cql] {
        assert_eq!(cql.settings.datacenter.as_ref(), Some(&decides), "new connections go there, too");
        let profile = cql.session().get_default_execution_profile_handle().to_profile();
        let way = format!("{:?}", profile.get_load_balancing_policy());
        assert!(way.contains(&format!("{decides:?}")), "requests go elsewhere: {way}");
    }
}

#[tokio::test]
async fn processes_that_migrate_at_the_same_time_take_turns() {
    let nodes = cassandra::nodes().await;
    let settings =
        Settings { answer_within: PATIENT, ..Settings::new(nodes, &format!("turns_{}", std::process::id())) };
    let clock = ManualClock::at(NOW);
    let runs = (0..3).map(|_| {
        let (settings, owner) = (settings.clone(), random(&clock));
        tokio::spawn(async move { up(&settings, NOW, owner).await })
    });
    let mut applied = 0;
    for run in futures::future::join_all(runs).await {
        applied += run.unwrap().unwrap().steps.len();
    }
    let steps = status(&settings).await.unwrap();
    assert!(steps.iter().all(|step| step.applied));
    assert_eq!(applied, steps.len(), "each step was applied by one of them");
    super::keyspace::remove(&settings).await.unwrap();
}

#[tokio::test]
async fn a_step_that_was_changed_after_it_was_applied_is_refused() {
    let keyspace = cassandra::own().await;
    let session = keyspace.cql.session();
    session.query_unpaged("UPDATE schema_steps SET checksum = 'other' WHERE version = 2", ()).await.unwrap();
    let refused = up(&keyspace.settings, NOW, [2; 16]).await.unwrap_err();
    assert!(matches!(&refused, Trouble::Corrupt { detail, .. } if detail.contains("0002_inventory_by_trip_segment")));
}

#[tokio::test]
async fn a_process_that_died_with_the_lock_is_waited_for_no_longer_than_its_time() {
    let keyspace = cassandra::own().await;
    // As the dead one left it, with a second of its time to go.
    let left = "INSERT INTO schema_lock (name, owner) VALUES ('schema', 00000000-0000-0000-0000-000000000009) \
                IF NOT EXISTS USING TTL 1";
    keyspace.cql.session().query_unpaged(left, ()).await.unwrap();
    up(&keyspace.settings, NOW, [3; 16]).await.unwrap();
}

#[tokio::test]
async fn a_missing_keyspace_names_the_command_that_makes_it() {
    let nodes = cassandra::nodes().await;
    let never_made = Settings { answer_within: PATIENT, ..Settings::new(nodes, "never_made") };
    let refused = Cql::connect(&never_made).await.unwrap_err();
    assert!(matches!(&refused, Trouble::Corrupt { detail, .. } if detail.contains("parterre migrate up")), "{refused}");
}

#[tokio::test]
async fn nobody_at_the_address_is_unavailable() {
    let refused = Cql::connect(&Settings::new(vec!["127.0.0.1:1".into()], "parterre")).await.unwrap_err();
    assert!(matches!(refused, Trouble::Unavailable { .. }), "{refused}");
}

#[test]
fn a_statement_names_its_table_in_full() {
    let full = |text| super::qualified(text, "shop");
    assert_eq!(full("SELECT a FROM seats WHERE b = ?"), "SELECT a FROM shop.seats WHERE b = ?");
    assert_eq!(full("UPDATE seats USING TTL 1 SET a = ?"), "UPDATE shop.seats USING TTL 1 SET a = ?");
    assert_eq!(
        full("INSERT INTO seats (a) VALUES (?) IF NOT EXISTS"),
        "INSERT INTO shop.seats (a) VALUES (?) IF NOT EXISTS"
    );
    assert_eq!(full("DELETE FROM seats WHERE a = ?"), "DELETE FROM shop.seats WHERE a = ?");
    assert_eq!(full("SELECT a FROM system_schema.columns"), "SELECT a FROM system_schema.columns");
}
