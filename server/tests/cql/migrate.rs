//! `parterre migrate up|status|down` as it is typed where a CQL cluster is named.

use parterre::stores::cql::connect::Settings;
use parterre::stores::cql::keyspace;
use parterre::test_support::{cassandra, empty_database};
use tokio::process::Command;

/// Runs the command; how it ended, and what it said on either side.
async fn migrate(verb: &str, database: &str, settings: &Settings) -> (Option<i32>, String, String) {
    let ran = Command::new(env!("CARGO_BIN_EXE_parterre"))
        .args(["migrate", verb, "--database-url", database])
        .args(["--cql-node", &settings.nodes.join(","), "--cql-keyspace", &settings.keyspace])
        .output()
        .await
        .expect("the binary runs");
    let text = |bytes| String::from_utf8(bytes).expect("it prints text");
    (ran.status.code(), text(ran.stdout), text(ran.stderr))
}

/// Runs the command, which ends well; what it said of PostgreSQL and of CQL.
async fn well(verb: &str, database: &str, settings: &Settings) -> (String, String) {
    let (code, out, err) = migrate(verb, database, settings).await;
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
    let (code, out, err) = migrate("up", &database.url, &nobody).await;
    assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
    assert!(err.lines().filter(|line| line.contains("  applied  ")).count() > 30, "{err}");
    assert!(err.contains("CQL\nThe CQL schema was not brought up: "), "{err}");
    assert!(err.trim_end().ends_with("Calling this again is safe."), "{err}");
    let (_, out, _) = migrate("status", &database.url, &nobody).await;
    assert_eq!(out, "", "nobody says where the cluster is");
}
