//! The server that Parterre brings along: durable, alone on its folder, and none the worse for a crash.

use std::fs;
use std::path::{Path, PathBuf};

use sqlx::{Connection, PgConnection};

use crate::stores::postgres::embedded::{Embedded, Settings, StartError, user_cache};

/// A folder of one's own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("parterre-test-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn settings(data: &Path) -> Settings {
    let cache = user_cache().unwrap_or_else(|| "/tmp/parterre".into());
    Settings { cache, ..Settings::new(data) }
}

async fn start(data: &Path) -> Embedded {
    Embedded::start(&settings(data), &|_| {}).await.unwrap()
}

async fn ask(server: &Embedded, question: &'static str) -> String {
    let mut connection = PgConnection::connect(&server.url("postgres")).await.unwrap();
    let answer = sqlx::query_scalar(question).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    answer
}

async fn tell(server: &Embedded, statement: &'static str) {
    let mut connection = PgConnection::connect(&server.url("postgres")).await.unwrap();
    sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

fn pid(data: &Path) -> String {
    fs::read_to_string(data.join("postgres-18/postmaster.pid")).unwrap().lines().next().unwrap().to_owned()
}

#[tokio::test]
async fn what_was_acknowledged_is_on_the_disk_and_comes_back_after_any_end() {
    let folder = Folder::new("ends");
    let server = start(&folder.0).await;
    assert_eq!(ask(&server, "SELECT split_part(version(), ' ', 2)").await, "18.6");
    for setting in ["SHOW fsync", "SHOW synchronous_commit", "SHOW full_page_writes"] {
        assert_eq!(ask(&server, setting).await, "on", "{setting}");
    }
    assert_eq!(ask(&server, "SHOW listen_addresses").await, "", "no port of the machine is opened");
    tell(&server, "CREATE TABLE kept (words text); INSERT INTO kept VALUES ('still here')").await;

    // The shop is killed: its database is left running, and the next start clears it away by itself.
    let left_over = pid(&folder.0);
    server.leave_running();
    let server = start(&folder.0).await;
    assert_ne!(pid(&folder.0), left_over);
    assert_eq!(ask(&server, "SELECT words FROM kept").await, "still here");

    // The database is killed too.
    let killed = std::process::Command::new("kill").args(["-9", &pid(&folder.0)]).status().unwrap();
    assert!(killed.success());
    server.leave_running();
    let server = start(&folder.0).await;
    assert_eq!(ask(&server, "SELECT words FROM kept").await, "still here");

    // A stop in good order, and then the pid files of a machine that lost power, their number now a stranger's. (Not this
    // process's own: PostgreSQL takes no offence at its parent.)
    server.stop().await.unwrap();
    let mut stranger = std::process::Command::new("sleep").arg("300").spawn().unwrap();
    for left in ["postgres-18/postmaster.pid", "socket/.s.PGSQL.5432.lock"] {
        let file = folder.0.join(left);
        assert!(!file.exists(), "{left}");
        fs::write(&file, format!("{}\n/nowhere\n0\n5432\n\n\n\n\n", stranger.id())).unwrap();
    }
    let server = start(&folder.0).await;
    assert_eq!(ask(&server, "SELECT words FROM kept").await, "still here");
    server.stop().await.unwrap();
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[tokio::test]
async fn a_second_shop_on_the_same_folder_is_refused_and_a_command_may_join() {
    let folder = Folder::new("busy");
    // Interrupted in the middle of making the cluster: begun anew.
    fs::create_dir_all(folder.0.join("postgres-18.draft/base")).unwrap();
    let server = start(&folder.0).await;
    let refused = Embedded::start(&settings(&folder.0), &|_| {}).await.unwrap_err();
    assert!(matches!(refused, StartError::Busy(_)), "{refused}");
    let guest = Embedded::join_or_start(&settings(&folder.0), &|_| {}).await.unwrap();
    assert_eq!(ask(&guest, "SELECT 'hello'").await, "hello");
    guest.stop().await.unwrap();
    assert_eq!(ask(&server, "SELECT 'still running'").await, "still running");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_and_with_spaces_is_no_obstacle() {
    let folder = Folder::new("long");
    let deep = folder.0.join("a folder with a rather long name, as people have them").join("x".repeat(60));
    let server = start(&deep).await;
    assert_eq!(ask(&server, "SELECT 'hello'").await, "hello");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_folder_that_cannot_be_is_told_in_a_sentence() {
    let folder = Folder::new("file");
    let file = folder.0.join("taken");
    fs::write(&file, "").unwrap();
    let refused = Embedded::start(&settings(&file), &|_| {}).await.unwrap_err();
    assert!(matches!(refused, StartError::Folder { .. }), "{refused}");
    assert!(refused.to_string().contains("--data"));
}
