//! A real `parterre serve` as a process of its own, for killing.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// No start and no step takes longer.
const AT_MOST: Duration = Duration::from_secs(60);

/// A data folder with the browser files' manifest, which is all that a shop without pages needs.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("parterre-kill-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(folder.join("dist")).unwrap();
        std::fs::write(folder.join("dist/manifest.json"), "{}").unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The process. Dropped, it is killed.
pub(crate) struct Server {
    child: Child,
    says: Lines<BufReader<ChildStdout>>,
    pub(crate) url: String,
}

impl Server {
    /// Starts the binary on these data and waits until it is ready; `stop_at` names the step to stand still at.
    pub(crate) async fn start(database: &str, data: &Path, stop_at: Option<&str>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_parterre"));
        command.args(["serve", "--port", "0", "--dev-pages", "--database-pool", "8", "--writes-per-second", "100000"]);
        command.args(["--database-url", database]).arg("--data").arg(data).arg("--assets").arg(data.join("dist"));
        command.args(stop_at.iter().flat_map(|step| ["--stop-at", *step]));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().expect("the binary starts");
        let says = BufReader::new(child.stdout.take().expect("it has a voice")).lines();
        let mut server = Self { child, says, url: String::new() };
        server.url = server.hears("Parterre is ready: ").await;
        server
    }

    /// Waits for a line that begins so; answers the rest of it.
    async fn hears(&mut self, beginning: &str) -> String {
        let waiting = async {
            while let Some(line) = self.says.next_line().await.expect("the process can be read") {
                if let Some(rest) = line.strip_prefix(beginning) {
                    return rest.to_owned();
                }
            }
            panic!("the process ended without saying {beginning:?}");
        };
        tokio::time::timeout(AT_MOST, waiting).await.unwrap_or_else(|_| panic!("never said {beginning:?}"))
    }

    /// Waits until the process stands still at `step`, and kills it there: no handler, no goodbye, no flush.
    pub(crate) async fn killed_at(mut self, step: &str) {
        let at = self.hears("Standing still at ").await;
        assert_eq!(at, step);
        self.child.kill().await.expect("SIGKILL is never refused");
        let end = self.child.wait().await.expect("it is gone");
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&end), Some(9), "{end:?}");
    }
}
