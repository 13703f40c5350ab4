//! The real `parterre` as a process of its own: a server that can be stopped and killed, and a folder for its data.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// No start and no step takes longer.
const AT_MOST: Duration = Duration::from_secs(150);

/// A data folder with the browser files' manifest, which is all that a shop without pages needs.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("parterre-binary-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
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

/// `parterre serve`. Dropped, it is killed.
pub(crate) struct Server {
    pub(crate) child: Child,
    says: Lines<BufReader<ChildStdout>>,
    pub(crate) url: String,
}

impl Server {
    /// Starts the binary on a free port with these data and flags, and waits until it is ready.
    pub(crate) async fn start(data: &Path, flags: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_parterre"));
        command.args(["serve", "--port", "0"]).args(flags).arg("--data").arg(data);
        command.arg("--assets").arg(data.join("dist"));
        // Whatever the tests themselves run on.
        ["CQL_NODES", "DATABASE_URL", "REDIS_URL", "SMTP_URL"].iter().for_each(|name| _ = command.env_remove(name));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().expect("the binary starts");
        let says = BufReader::new(child.stdout.take().expect("it has a voice")).lines();
        let mut server = Self { child, says, url: String::new() };
        server.url = server.hears("Parterre is ready: ").await;
        server
    }

    /// Waits for a line that begins so; answers the rest of it.
    pub(crate) async fn hears(&mut self, beginning: &str) -> String {
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

    /// Waits until it has ended.
    pub(crate) async fn ended(mut self) -> ExitStatus {
        tokio::time::timeout(AT_MOST, self.child.wait()).await.expect("it ends in time").expect("it is gone")
    }
}
