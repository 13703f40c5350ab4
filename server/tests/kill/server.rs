//! A server that stands still at a named step, for killing.

use std::path::Path;

use super::process;

pub(crate) use super::process::Folder;

/// The process. Dropped, it is killed.
pub(crate) struct Server {
    process: process::Server,
    pub(crate) url: String,
}

impl Server {
    /// Starts the binary on these data and waits until it is ready; `stop_at` names the step to stand still at.
    pub(crate) async fn start(database: &str, data: &Path, stop_at: Option<&str>) -> Self {
        let limits = ["--dev-pages", "--database-pool", "8", "--writes-per-second", "100000"];
        let mut flags = [&limits[..], &["--database-url", database]].concat();
        flags.extend(stop_at.iter().flat_map(|step| ["--stop-at", *step]));
        let process = process::Server::start(data, &flags).await;
        Self { url: process.url.clone(), process }
    }

    /// Waits until the process stands still at `step`, and kills it there: no handler, no goodbye, no flush.
    pub(crate) async fn killed_at(mut self, step: &str) {
        let at = self.process.hears("Standing still at ").await;
        assert_eq!(at, step);
        self.process.child.start_kill().expect("SIGKILL is never refused");
        let end = self.process.ended().await;
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&end), Some(9), "{end:?}");
    }
}
