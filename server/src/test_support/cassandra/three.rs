//! For tests: three nodes of Apache Cassandra that a test may kill, pause and start again. One test of a machine at a
//! time has them; they run on for the next one, and `./test` stops them at the end.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use scylla::policies::load_balancing::{NodeIdentifier, SingleTargetLoadBalancingPolicy};
use scylla::statement::{Consistency, Statement};

use super::{NONE, Nodes, TestKeyspace, folder, named, shared_on, start, use_it};
use crate::stores::cql::Cql;
use crate::stores::cql::connect::Settings;

/// A killed process loses nothing of what was acknowledged.
const FLAGS: [&str; 6] = ["--nodes", "3", "--heap", "448", "--durable", "--quick"];
/// How often they are asked whether each knows the others.
const LOOKS: u32 = 240;
const PAUSE: Duration = Duration::from_millis(250);

/// Three nodes.
#[derive(Debug)]
pub struct Three {
    folder: PathBuf,
    nodes: Nodes,
    /// Another test waits.
    _turn: File,
}

/// Where a story plays that kills no node, and its keyspace.
#[derive(Debug)]
pub struct Stage {
    /// Made with three copies of each row, where there are three nodes. Tests share it, and mint ids of their own.
    pub keyspace: TestKeyspace,
    _three: Option<Three>,
}

/// The cluster that `CQL_NODES` names, or else [`Three`].
///
/// # Panics
/// Where there is no cluster to be had, or it does not obey: the test cannot run.
pub async fn stage() -> Stage {
    if named().is_some() {
        return Stage { keyspace: super::shared().await, _three: None };
    }
    let three = Three::start().await;
    Stage { keyspace: three.keyspace().await, _three: Some(three) }
}

impl Three {
    /// Waits for its turn, and starts those nodes that do not run.
    ///
    /// # Panics
    /// Where this machine cannot run them.
    pub async fn start() -> Self {
        let folder = folder("test-cassandra-three");
        use_it(&folder);
        let turn = File::create(folder.join("turn.lock")).expect("the cache folder can be written");
        let turn = tokio::task::spawn_blocking(move || turn.lock().map(|()| turn));
        let turn = turn.await.expect("waiting does not panic").expect("the lock can be had");
        let nodes = start(&folder, &FLAGS).await.expect(NONE);
        Self { folder, nodes, _turn: turn }
    }

    /// Addresses of all nodes.
    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        self.nodes.nodes.clone()
    }

    /// The keyspace that stories on three nodes share, once each node knows the others.
    ///
    /// # Panics
    /// Where the cluster does not become whole in a minute.
    pub async fn keyspace(&self) -> TestKeyspace {
        for _ in 0..LOOKS {
            let settings = Settings { replication: Some(3), ..Settings::new(self.addresses(), "") };
            match shared_on(settings).await {
                Ok(keyspace) if is_whole(&keyspace.cql).await => return keyspace,
                Ok(_) => {}
                Err(trouble) => eprintln!("the cluster is not whole yet: {trouble}"),
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("the cluster did not become whole");
    }

    /// Sends a signal to a node's process, by number.
    ///
    /// # Panics
    /// Where there is no such process.
    pub fn signal(&self, node: usize, signal: &str) {
        let pid = self.nodes.pids[node].to_string();
        let sent = Command::new("kill").args([signal, &pid]).status();
        assert!(sent.is_ok_and(|status| status.success()), "node {node} (process {pid}) can be sent {signal}");
    }

    /// Starts what was killed.
    ///
    /// # Panics
    /// Where it does not start again.
    pub async fn restart(&mut self) {
        self.nodes = start(&self.folder, &FLAGS).await.expect("it started before");
    }
}

impl Drop for Three {
    fn drop(&mut self) {
        // A story that failed may have left one paused. Who was killed is started by the next story.
        for pid in &self.nodes.pids {
            let _ = Command::new("kill").args(["-CONT", &pid.to_string()]).stderr(Stdio::null()).status();
        }
    }
}

/// Whether each of the nodes reaches all others.
async fn is_whole(cql: &Cql) -> bool {
    let state = cql.session().get_cluster_state();
    for node in state.get_nodes_info() {
        let mut statement = Statement::new("SELECT version FROM schema_steps WHERE version = 1");
        statement.set_consistency(Consistency::All);
        let there = NodeIdentifier::Node(Arc::clone(node));
        statement.set_load_balancing_policy(Some(SingleTargetLoadBalancingPolicy::new(there, None)));
        if cql.session().query_unpaged(statement, ()).await.is_err() {
            return false;
        }
    }
    state.get_nodes_info().len() == 3
}
