//! For tests: a CQL keyspace of one's own, on the Apache Cassandra that all tests of a machine share; stories of
//! contention and failure play on three nodes ([`three`]).
//!
//! `CQL_NODES` may name another cluster, such as the ScyllaDB of `compose.yaml`. Otherwise the first test starts a
//! node under the user's cache folder (`scripts/cassandra/node.mjs`), and it stays for the next one; `./test` stops it
//! when nobody uses it any more. Where there is neither, `./test` says so and leaves out what `scripts/needs.sh` names; a
//! test that is run all the same fails, so that none passes unseen.

pub mod three;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use tokio::process::Command;

use super::PATIENT;
use crate::clock::{Clock, SystemClock, random};
use crate::holds::cql::Tuning;
use crate::stores::cql::connect::Settings;
use crate::stores::cql::{Cql, keyspace, migrate};
use crate::stores::postgres::embedded::user_cache;
use crate::trouble::Trouble;

/// A migrated keyspace; one of one's own is dropped at the end.
#[derive(Debug)]
pub struct TestKeyspace {
    /// Connections to it.
    pub cql: Cql,
    /// Where it is, for whoever connects by itself.
    pub settings: Settings,
    own: bool,
}

/// Nodes that run, as the script prints them.
#[derive(Clone, Debug, Deserialize)]
pub struct Nodes {
    /// `host:port` of each.
    pub nodes: Vec<String>,
    /// Their processes; none of a cluster that `CQL_NODES` names.
    #[serde(default)]
    pub pids: Vec<u32>,
}

/// Why a test fails that needs a cluster where there is none.
pub const NONE: &str = "this test needs a CQL cluster: `./test` leaves it out where there is none";

/// Limits of a hold store in a test that is not about time.
#[must_use]
pub fn patient() -> Tuning {
    Tuning { begin_within: 3 * PATIENT, resolve_within: 6 * PATIENT, answer_within: PATIENT, ..Tuning::default() }
}

/// A keyspace that no other test sees. Making one takes about a second: tests that mint their own event ids are quicker
/// on [`shared`].
///
/// # Panics
/// Where there is no cluster to be had, or it does not obey: the test cannot run.
pub async fn own() -> TestKeyspace {
    own_on(nodes().await).await
}

/// The same on these nodes.
///
/// # Panics
/// As [`own`].
pub async fn own_on(nodes: Vec<String>) -> TestKeyspace {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("t_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let settings = Settings { answer_within: PATIENT, ..Settings::new(nodes, &name) };
    // A process number comes round again; what an aborted test left under this name is nobody's.
    keyspace::remove(&settings).await.expect("the test cluster obeys");
    migrated(settings, true).await.expect("the test cluster obeys")
}

/// The keyspace that tests of this version of the schema share. Events and holds in it are told apart by ids that each
/// test mints at random.
///
/// # Panics
/// As [`own`].
pub async fn shared() -> TestKeyspace {
    let settings = Settings { answer_within: PATIENT, ..Settings::new(nodes().await, "") };
    shared_on(settings).await.expect("the test cluster obeys")
}

/// The same with other settings, of which the keyspace's name does not count.
async fn shared_on(settings: Settings) -> Result<TestKeyspace, Trouble> {
    let settings = Settings { keyspace: format!("shared_{}", migrate::fingerprint()), ..settings };
    if migrate::status(&settings).await?.iter().any(|step| !step.applied) {
        return migrated(settings, false).await;
    }
    let cql = Cql::connect(&settings).await?;
    Ok(TestKeyspace { cql, settings, own: false })
}

async fn migrated(settings: Settings, own: bool) -> Result<TestKeyspace, Trouble> {
    let clock = SystemClock;
    migrate::up(&settings, clock.now(), random(&clock)).await?;
    let cql = Cql::connect(&settings).await?;
    Ok(TestKeyspace { cql, settings, own })
}

impl Drop for TestKeyspace {
    fn drop(&mut self) {
        if !self.own {
            return;
        }
        let settings = self.settings.clone();
        // A runtime of its own, as the test's may be of one thread and busy unwinding.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            runtime.block_on(keyspace::remove(&settings)).ok()
        });
        let _ = dropped.join();
    }
}

/// Addresses of a cluster for tests.
///
/// # Panics
/// Where none can be had, or one should start and does not.
pub async fn nodes() -> Vec<String> {
    if let Some(named) = named() {
        return named;
    }
    let folder = folder("test-cassandra");
    use_it(&folder);
    if let Some(nodes) = running(&folder) {
        return nodes;
    }
    let gate = File::create(folder.join("start.lock")).expect("the cache folder can be written");
    let gate = tokio::task::spawn_blocking(move || gate.lock().map(|()| gate));
    let _gate = gate.await.expect("waiting does not panic").expect("the lock can be had");
    start(&folder, &["--quick"]).await.expect(NONE).nodes
}

/// The cluster that `CQL_NODES` names.
fn named() -> Option<Vec<String>> {
    #[allow(clippy::disallowed_methods, reason = "tests have no Config")]
    let named = std::env::var("CQL_NODES").ok()?;
    Some(named.split(',').map(str::to_owned).collect())
}

/// A folder for the data of a test cluster, under the user's cache.
#[must_use]
pub fn folder(name: &str) -> PathBuf {
    user_cache().unwrap_or_else(|| PathBuf::from("/tmp/parterre")).join(name)
}

/// Starts those nodes of `folder` that do not run, and waits until all answer; `None`, said aloud, where this machine
/// cannot run Cassandra.
///
/// # Panics
/// Where it should start and does not.
pub async fn start(folder: &Path, flags: &[&str]) -> Option<Nodes> {
    let asked = Command::new("node").arg(script()).arg("start").arg(folder).args(flags).output().await;
    let Ok(answer) = asked else {
        eprintln!("The CQL suite did not run: Node.js, which starts Apache Cassandra, is missing.");
        return None;
    };
    let words = String::from_utf8_lossy(&answer.stderr);
    match answer.status.code() {
        Some(0) => Some(serde_json::from_slice(&answer.stdout).expect("the script prints its nodes")),
        Some(3) => {
            eprintln!("The CQL suite did not run: {words}");
            None
        }
        _ => panic!("Apache Cassandra did not start: {words}"),
    }
}

/// Stops the nodes of `folder`.
pub fn stop(folder: &Path) {
    // One that does not stop goes with the machine.
    let _ = std::process::Command::new("node").arg(script()).arg("stop").arg(folder).status();
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/cassandra/node.mjs")
}

/// Marks the nodes of `folder` as used until this process ends, so that `./test` stops them under nobody's feet.
fn use_it(folder: &Path) {
    static USED: Mutex<BTreeMap<PathBuf, File>> = Mutex::new(BTreeMap::new());
    let mut used = USED.lock().unwrap_or_else(PoisonError::into_inner);
    used.entry(folder.to_owned()).or_insert_with(|| {
        fs::create_dir_all(folder).expect("the cache folder can be written");
        let mark = File::create(folder.join("users.lock")).expect("the cache folder can be written");
        mark.lock_shared().expect("the lock can be had");
        mark
    });
}

/// The shared node's address, where something listens there. Most tests find it running and need not ask the script.
fn running(folder: &Path) -> Option<Vec<String>> {
    #[derive(Deserialize)]
    struct Ports {
        native: u16,
    }
    let ports: Ports = serde_json::from_slice(&fs::read(folder.join("ports.json")).ok()?).ok()?;
    std::net::TcpStream::connect(("127.0.0.1", ports.native)).ok()?;
    Some(vec![format!("127.0.0.1:{}", ports.native)])
}
