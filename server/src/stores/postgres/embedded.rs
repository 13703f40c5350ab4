//! The PostgreSQL that Parterre brings along: in the data folder, on a unix socket, durable, gone when Parterre goes.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::process::Child;
use tokio::time::{sleep, timeout};

use super::process;
pub use super::process::StartError;
use crate::clock::told_if_long;

/// Longest path of a unix socket on every system Parterre runs on (`sun_path` of macOS, less the final zero).
const SOCKET_PATH_LIMIT: usize = 103;

/// Where things are, and how safe they must be.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The data folder: the cluster becomes a folder in it.
    pub data: PathBuf,
    /// Where the binaries are kept for all clusters of a user.
    pub cache: PathBuf,
    /// Whether an acknowledged write is on the disk. Off in tests alone.
    pub durable: bool,
}

impl Settings {
    /// A durable cluster in `data`; binaries under the user's cache folder, or in `data` where there is none.
    #[must_use]
    pub fn new(data: &Path) -> Self {
        Self { data: data.to_owned(), cache: user_cache().unwrap_or_else(|| data.to_owned()), durable: true }
    }
}

/// The user's cache folder for Parterre, where the user has a home.
#[must_use]
pub fn user_cache() -> Option<PathBuf> {
    let below = if cfg!(target_os = "macos") { "Library/Caches/parterre" } else { ".cache/parterre" };
    std::env::home_dir().filter(|home| home.is_absolute()).map(|home| home.join(below))
}

/// A running server. The process that started it stops it; one that only joined leaves it alone.
#[derive(Debug)]
pub struct Embedded {
    home: PathBuf,
    cluster: PathBuf,
    socket: PathBuf,
    owned: Option<Owned>,
}

#[derive(Debug)]
struct Owned {
    child: Child,
    /// Held for the process's life; the system lets go of it even after `kill -9`.
    _lock: File,
}

impl Embedded {
    /// Starts the server of `settings.data`, fetching and making what is missing; `say` hears what takes long. A
    /// server that a crash left behind is stopped first.
    ///
    /// # Errors
    /// [`StartError`], in words for whoever typed the command.
    pub async fn start(settings: &Settings, say: &(dyn Fn(&str) + Send + Sync)) -> Result<Self, StartError> {
        let Some(lock) = lock(&settings.data)? else {
            return Err(StartError::Busy(settings.data.display().to_string()));
        };
        Self::start_locked(settings, lock, say).await
    }

    /// Joins the server of `settings.data` where another process runs it, and starts it otherwise: for commands that
    /// work beside a running shop.
    ///
    /// # Errors
    /// [`StartError`], in words for whoever typed the command.
    pub async fn join_or_start(settings: &Settings, say: &(dyn Fn(&str) + Send + Sync)) -> Result<Self, StartError> {
        if let Some(lock) = lock(&settings.data)? {
            return Self::start_locked(settings, lock, say).await;
        }
        let server = Self::place(settings, settings.cache.clone())?;
        let ready = async {
            while !process::is_ready(&server.cluster, None) {
                sleep(Duration::from_millis(50)).await;
            }
        };
        told_if_long("Waiting for the shop's PostgreSQL", say, timeout(Duration::from_secs(30), ready))
            .await
            .map_err(|_| StartError::Busy(settings.data.display().to_string()))?;
        Ok(server)
    }

    async fn start_locked(
        settings: &Settings,
        lock: File,
        say: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Self, StartError> {
        let home = process::install(&settings.cache, say).await?;
        let mut server = Self::place(settings, home)?;
        let cleared = process::clear(&server.home, &server.cluster, &server.socket);
        told_if_long("Stopping the PostgreSQL of an earlier run", say, cleared).await?;
        process::initialise(&server.home, &server.cluster, say).await?;
        let log = settings.data.join("postgres.log");
        if fs::metadata(&log).is_ok_and(|file| file.len() > 10_000_000) {
            fs::remove_file(&log).map_err(process::folder(&log))?;
        }
        let started = process::start(&server.home, &server.cluster, &server.socket, &log, settings.durable);
        let child = told_if_long("Starting PostgreSQL", say, started).await?;
        server.owned = Some(Owned { child, _lock: lock });
        Ok(server)
    }

    fn place(settings: &Settings, home: PathBuf) -> Result<Self, StartError> {
        let data = fs::canonicalize(&settings.data).map_err(process::folder(&settings.data))?;
        let socket = socket_folder(&data)?;
        Ok(Self { home, cluster: data.join("postgres-18"), socket, owned: None })
    }

    /// The address of database `name` for [`super::connect`].
    #[must_use]
    pub fn url(&self, name: &str) -> String {
        let socket: String = self.socket.to_string_lossy().bytes().fold(String::new(), |text, byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => text + &char::from(byte).to_string(),
            other => text + &format!("%{other:02X}"),
        });
        format!("postgresql://postgres@localhost/{name}?host={socket}")
    }

    /// Stops the server, if this process started it, and waits until it is down.
    ///
    /// # Errors
    /// [`StartError::Refused`] where it does not go.
    pub async fn stop(mut self) -> Result<(), StartError> {
        let Some(mut owned) = self.owned.take() else { return Ok(()) };
        process::stop(&self.home, &self.cluster).await?;
        let _ = owned.child.wait().await;
        Ok(())
    }

    /// The address of the server of `settings.data`, where one takes connections: for the tests' shared one.
    pub(crate) fn url_if_running(settings: &Settings) -> Option<String> {
        let server = Self::place(settings, settings.cache.clone()).ok()?;
        (process::is_ready(&server.cluster, None) && process::running(&server.cluster).is_some())
            .then(|| server.url("postgres"))
    }

    /// Lets the server run on after this process: for the tests' shared one.
    pub(crate) fn leave_running(mut self) {
        self.owned = None;
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        if self.owned.is_some() {
            process::stop_soon(&self.home, &self.cluster);
        }
    }
}

/// Takes the folder for this process; `None` where another has it.
fn lock(data: &Path) -> Result<Option<File>, StartError> {
    fs::create_dir_all(data).map_err(process::folder(data))?;
    let path = data.join("parterre.lock");
    let file = File::create(&path).map_err(process::folder(data))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(process::folder(data)(error)),
    }
}

/// A folder only the owner may enter: in the data folder where the path is short enough, else under `/tmp`.
fn socket_folder(data: &Path) -> Result<PathBuf, StartError> {
    let mut folder = data.join("socket");
    if folder.as_os_str().len() + "/.s.PGSQL.5432".len() > SOCKET_PATH_LIMIT {
        let name: String = Sha256::digest(data.as_os_str().as_encoded_bytes())
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        folder = Path::new("/tmp").join(format!("parterre-{name}"));
    }
    let refused = process::folder(&folder);
    match fs::DirBuilder::new().mode(0o700).create(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(refused(error)),
        // Setting the mode fails on a folder that somebody else made under this name.
        _ => fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).map_err(refused)?,
    }
    Ok(folder)
}
