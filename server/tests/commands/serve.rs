//! `parterre serve` with the PostgreSQL it brings along: what cannot be is one sentence before anything is begun, Ctrl-C
//! leaves nothing running, and a command works beside the shop that runs.

use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;

use super::process::{Folder, Server};
use super::{Ended, client, parterre};

/// The PostgreSQL of a data folder, by the file in which it says who it is.
fn postgres(data: &Path) -> Option<Pid> {
    let told = std::fs::read_to_string(data.join("postgres-18/postmaster.pid")).ok()?;
    Pid::from_raw(told.lines().next()?.trim().parse().ok()?)
}

fn runs(process: Pid) -> bool {
    // What ended without a parent to hear of it may keep its number.
    let told = std::fs::read_to_string(format!("/proc/{}/status", process.as_raw_nonzero())).unwrap_or_default();
    test_kill_process(process).is_ok() && !told.contains("State:\tZ")
}

fn serve(data: &Path, assets: &Path, port: u16) -> Ended {
    let (data, assets, port) = (data.to_str().unwrap(), assets.to_str().unwrap(), port.to_string());
    parterre(&["serve", "--port", &port, "--data", data, "--assets", assets])
}

#[test]
fn what_cannot_be_is_one_sentence_before_a_database_is_begun() {
    let folder = Folder::new();
    let (data, dist) = (folder.0.join("data"), folder.0.join("dist"));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let told = serve(&data, &dist, port);
    told.is_one_sentence(1, &format!("Port {port} is taken by another program. Choose another with --port."));
    let told = serve(&data, &folder.0.join("nowhere"), 0);
    assert!(told.code == 1 && told.out.is_empty() && told.err.lines().count() == 1, "{told:?}");
    assert!(!data.exists(), "nothing was begun");
    // A file stands where the folder should: so it cannot be written, not even by root.
    std::fs::write(&data, "not a folder").unwrap();
    for wanted in [data.clone(), data.join("below")] {
        let told = serve(&wanted, &dist, 0);
        told.is_one_sentence(1, &format!("The data folder {} cannot be written", wanted.display()));
    }
    let wrong = parterre(&["serve", "--port", "65536"]);
    assert!(wrong.code == 2 && wrong.err.contains("65536") && wrong.err.contains("--port"), "{wrong:?}");
}

/// Sends the signal, and sees the shop end well with its PostgreSQL gone.
async fn stopped(shop: Server, signal: Signal, data: &Path, database: Pid) {
    let shop_id = shop.child.id().and_then(|id| Pid::from_raw(id.cast_signed())).expect("it runs");
    kill_process(shop_id, signal).unwrap();
    let end = tokio::time::timeout(Duration::from_secs(90), shop.ended()).await.expect("it ends in time");
    assert!(end.success(), "{signal:?}: {end:?}");
    assert!(!runs(database) && postgres(data).is_none(), "{signal:?}: nothing is left running");
}

#[tokio::test]
async fn ctrl_c_stops_everything_and_after_a_kill_the_next_start_is_clean() {
    let folder = Folder::new();
    let mut first = Server::start(&folder.0, &[]).await;
    let ours = postgres(&folder.0).expect("PostgreSQL runs");
    serve(&folder.0, &folder.0.join("dist"), 0).is_one_sentence(1, "another Parterre is running");
    // Nobody tells its PostgreSQL, which the next start finds.
    first.child.start_kill().expect("SIGKILL is never refused");
    first.ended().await;
    assert!(runs(ours), "it was left behind");
    // The signal comes as soon as the shop is open.
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let shop = Server::start(&folder.0, &[]).await;
        let theirs = postgres(&folder.0).expect("PostgreSQL runs");
        assert!(!runs(ours) && runs(theirs));
        stopped(shop, signal, &folder.0, theirs).await;
    }
}

#[tokio::test]
async fn a_command_joins_the_running_shops_database_and_leaves_it_running() {
    let folder = Folder::new();
    let shop = Server::start(&folder.0, &[]).await;
    let data = folder.0.to_str().unwrap();
    let status = parterre(&["migrate", "status", "--data", data]);
    assert_eq!((status.code, status.err.as_str()), (0, ""), "{status:?}");
    assert!(status.out.lines().count() > 30 && !status.out.contains("missing"), "{status:?}");
    let made = parterre(&["demo", "--data", data]);
    let address = made.out.strip_prefix("On sale: ").expect("it says where").trim();
    assert!(address.starts_with(&format!("{}/events/", shop.url)), "{made:?}");
    let listed = client().get(format!("{}/api/v1/events", shop.url)).send().await.unwrap();
    let listed: Value = listed.json().await.unwrap();
    let slug = listed["items"][0]["slug"].as_str().expect("it is on the list");
    assert!(address.ends_with(slug), "{listed}");
    let check = parterre(&["check", "--data", data]);
    assert_eq!((check.code, check.out.as_str()), (0, "The books are in order.\n"), "{check:?}");
    let database = postgres(&folder.0).filter(|database| runs(*database)).expect("a guest stops nothing");
    stopped(shop, Signal::TERM, &folder.0, database).await;
}
