//! `parterre migrate up|status|down` as it is typed where a CQL cluster is named.

use std::time::Duration;

use parterre::stores::cql::connect::Settings;
use parterre::stores::cql::{keyspace, migrate};
use parterre::test_support::{NOW, cassandra, empty_database, without_progress};
use tokio::process::Command;
use tokio::time::sleep;

use crate::proxy::Between;

/// Runs the command; how it ended, and what it said on either side.
async fn typed(verb: &str, database: &str, settings: &Settings) -> (Option<i32>, String, String) {
    let ran = Command::new(env!("CARGO_BIN_EXE_parterre"))
        .args(["migrate", verb, "--database-url", database])
        .args(["--cql-node", &settings.nodes.join(","), "--cql-keyspace", &settings.keyspace])
        .output()
        .await
        .expect("the binary runs");
    let text = |bytes| String::from_utf8(bytes).expect("it prints text");
    (ran.status.code(), text(ran.stdout), without_progress(&text(ran.stderr)))
}

/// Runs the command, which ends well; what it said of PostgreSQL and of CQL.
async fn well(verb: &str, database: &str, settings: &Settings) -> (String, String) {
    let (code, out, err) = typed(verb, database, settings).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{verb}: {out}");
    let (postgres, cql) = out.split_once("CQL\n").expect("both are told");
    (postgres.to_owned(), cql.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_schemas_go_up_and_say_where_they_are_and_cql_never_comes_down() {
    let database = empty_database().await;
    let settings = Settings::new(cassandra::nodes().await, &format!("typed_{}", std::process::id()));
    let steps = |told: &str, state: &str| told.lines().filter(|line| line.contains(state)).count();
    let (postgres, cql) = well("status", &database.url, &settings).await;
    assert!(steps(&postgres, "  missing  ") > 30 && steps(&cql, "  missing  ") == 6, "{postgres}{cql}");

    let (postgres, cql) = well("up", &database.url, &settings).await;
    assert!(steps(&postgres, "  applied  ") > 30, "{postgres}");
    assert!(cql.starts_with(&format!("Keyspace {}: made in ", settings.keyspace)), "{cql}");
    assert_eq!(steps(&cql, "  applied  "), 6, "{cql}");
    let nothing = "Nothing to do: the schema is up to date.\n";
    assert_eq!(well("up", &database.url, &settings).await, (nothing.to_owned(), nothing.to_owned()));
    let (_, cql) = well("status", &database.url, &settings).await;
    assert_eq!((steps(&cql, "  applied  "), steps(&cql, "  missing  ")), (6, 0), "{cql}");

    let (postgres, cql) = well("down", &database.url, &settings).await;
    assert_eq!(steps(&postgres, "  missing  "), 1, "one step at a time: {postgres}");
    assert_eq!(cql, "Nothing is taken back: its steps only add, and the release before runs on them.\n");
    let (_, cql) = well("status", &database.url, &settings).await;
    assert_eq!(steps(&cql, "  applied  "), 6, "{cql}");
    keyspace::remove(&settings).await.expect("it was made here");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_is_away_is_told_beside_what_was_done() {
    let database = empty_database().await;
    let nobody = Settings::new(vec!["127.0.0.1:1".into()], "typed");
    let (code, out, err) = typed("up", &database.url, &nobody).await;
    assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
    assert!(err.lines().filter(|line| line.contains("  applied  ")).count() > 30, "{err}");
    assert!(err.contains("CQL\nThe CQL schema was not brought up: "), "{err}");
    assert!(err.trim_end().ends_with("Calling this again is safe."), "{err}");
    let (_, out, _) = typed("status", &database.url, &nobody).await;
    assert_eq!(out, "", "nobody says where the cluster is");
}

/// As on a machine that gives its node no processor for a while: longer than a request of a sale would wait, longer than a
/// connection of a sale may be silent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stops_for_seconds_holds_a_migration_up_and_does_not_break_it() {
    let settings = Settings::new(cassandra::nodes().await, &format!("paused_{}", std::process::id()));
    let mut between = Between::start(&settings).await;
    between.lag(Duration::from_millis(2_500));
    let through = between.settings.clone();
    let steps = tokio::spawn(async move { migrate::up(&through, NOW, [1; 16]).await });
    // Of several times, as its work has several ways to the node.
    for _ in 0..2 {
        sleep(Duration::from_secs(3)).await;
        between.mend();
        sleep(Duration::from_millis(300)).await;
        between.lag(Duration::from_millis(2_500));
    }
    between.mend();
    let done = steps.await.expect("it does not panic").expect("it waits");
    assert_eq!(done.steps.len(), 6);
    keyspace::remove(&settings).await.expect("it was made here");
}
