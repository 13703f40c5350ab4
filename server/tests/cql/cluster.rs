//! Three nodes of Apache Cassandra that a test may kill, pause and start again.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use parterre::test_support::cassandra::{self, Nodes};

const FLAGS: [&str; 6] = ["--nodes", "3", "--heap", "448", "--durable", "--quick"];

/// The cluster; it is stopped at the end.
pub(crate) struct Three {
    folder: PathBuf,
    nodes: Nodes,
    /// One test of a machine at a time has it.
    _turn: File,
}

impl Three {
    /// Starts it.
    pub(crate) async fn start() -> Self {
        let folder = cassandra::folder("test-cassandra-three");
        fs::create_dir_all(&folder).expect("the cache folder can be written");
        let turn = File::create(folder.join("turn.lock")).expect("the cache folder can be written");
        let turn = tokio::task::spawn_blocking(move || turn.lock().map(|()| turn));
        let turn = turn.await.expect("waiting does not panic").expect("the lock can be had");
        let nodes =
            cassandra::start(&folder, &FLAGS).await.expect("this test needs Java 17: `./test` leaves it out without");
        Self { folder, nodes, _turn: turn }
    }

    /// Addresses of all nodes.
    pub(crate) fn addresses(&self) -> Vec<String> {
        self.nodes.nodes.clone()
    }

    /// Sends a signal to a node's process, by number.
    pub(crate) fn signal(&self, node: usize, signal: &str) {
        let pid = self.nodes.pids[node].to_string();
        let sent = Command::new("kill").args([signal, &pid]).status();
        assert!(sent.is_ok_and(|status| status.success()), "node {node} (process {pid}) can be sent {signal}");
    }

    /// Starts what was killed.
    pub(crate) async fn restart(&mut self) {
        self.nodes = cassandra::start(&self.folder, &FLAGS).await.expect("it started before");
    }
}

impl Drop for Three {
    fn drop(&mut self) {
        cassandra::stop(&self.folder);
    }
}
