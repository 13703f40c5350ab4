//! For tests: real Redis servers on free ports, without persistence.
//!
//! One server and one cluster of three nodes are shared by all tests of a machine and stay for the next run; what must
//! break its server starts [`OwnRedis`]. Where no `redis-server` is installed, `./test` says so and leaves out what
//! `scripts/needs.sh` names; a test that is run all the same fails, so that none passes unseen.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::PATIENT;
use crate::clock::{Clock, SystemClock};
use crate::stores::postgres::embedded::user_cache;
use crate::stores::redis::{Redis, Settings};

/// Programs that are Redis.
const SERVERS: [&str; 2] = ["redis-server", "valkey-server"];
const CLIENTS: [&str; 2] = ["redis-cli", "valkey-cli"];
/// How long a server may take to start, and a cluster to agree.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// Why a test fails that needs a server where there is none.
const NONE: &str =
    "this test needs redis-server and redis-cli (or those of Valkey): `./test` leaves it out where they are not";

/// Settings for a test: a prefix of its own, and more patience than the shop has, as tests share few cores.
#[must_use]
pub fn settings(url: &str) -> Settings {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let (process, number) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let prefix = format!("t{:x}-{process}-{number}:", SystemClock.now().0);
    Settings { prefix, answer_within: PATIENT, connections: 2, ..Settings::new(url) }
}

/// Connections to the one server, with a prefix of their own.
///
/// # Panics
/// Where there is none to be had.
pub async fn one() -> Redis {
    connected(settings(&shared_server().await)).await
}

/// Connections to the cluster, with a prefix of their own.
///
/// # Panics
/// Where there is none to be had.
pub async fn cluster() -> Redis {
    connected(settings(&shared_cluster().await)).await
}

/// Connections as `settings` say, that answer.
///
/// # Panics
/// Where they do not.
pub async fn connected(settings: Settings) -> Redis {
    let redis = Redis::open(settings).expect("the address can be read");
    redis.answers(READY_WITHIN).await.expect("Redis answers");
    redis
}

/// The address of the server that all tests share.
///
/// # Panics
/// Where there is none to be had.
pub async fn shared_server() -> String {
    let ports = shared("one", 1, &[]).await;
    format!("redis://127.0.0.1:{}", ports[0])
}

/// The address of the cluster that all tests share.
///
/// # Panics
/// Where there is none to be had.
pub async fn shared_cluster() -> String {
    let ports = shared("cluster", 3, &["--cluster-enabled", "yes", "--cluster-node-timeout", "20000"]).await;
    cluster_url(&ports)
}

/// Ports of the shared servers called `name`, started where they do not answer.
async fn shared(name: &str, count: usize, options: &[&str]) -> Vec<u16> {
    let folder = user_cache().unwrap_or_else(|| PathBuf::from("/tmp/parterre")).join("test-redis").join(name);
    if let Some(ports) = answering(&folder, count).await {
        return ports;
    }
    let server = installed(&SERVERS).await.expect(NONE);
    fs::create_dir_all(&folder).expect("the cache folder can be written");
    let gate = File::create(folder.join("start.lock")).expect("the cache folder can be written");
    let gate = tokio::task::spawn_blocking(move || gate.lock().map(|()| gate));
    let _gate = gate.await.expect("waiting does not panic").expect("the lock can be had");
    if let Some(ports) = answering(&folder, count).await {
        return ports;
    }
    let ports: Vec<u16> = (0..count).map(|_| free_port()).collect();
    for port in &ports {
        let own = folder.join(port.to_string());
        fs::create_dir_all(&own).expect("the cache folder can be written");
        let cluster_port = if count > 1 { vec!["--cluster-port".to_owned(), free_port().to_string()] } else { vec![] };
        let started = command(server, *port, &own)
            .args(["--daemonize", "yes", "--maxmemory", "256mb"])
            .args(options)
            .args(cluster_port)
            .status()
            .await
            .expect("the server can be started");
        assert!(started.success(), "Redis starts");
        ready(*port, "PING", "+PONG").await;
    }
    if count > 1 {
        united(&ports, 0).await;
    }
    let list = ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    fs::write(folder.join("ports"), list).expect("the cache folder can be written");
    ports
}

/// Makes one cluster of the servers on `ports`, of which each that has keys has so many copies.
async fn united(ports: &[u16], copies: usize) {
    let client = installed(&CLIENTS).await.expect(NONE);
    let nodes = ports.iter().map(|port| format!("127.0.0.1:{port}"));
    let made = Command::new(client)
        .args(["--cluster", "create"])
        .args(nodes)
        .args(["--cluster-replicas", &copies.to_string(), "--cluster-yes"])
        .output();
    let made = made.await.expect("the client runs");
    assert!(made.status.success(), "the cluster is made: {}", String::from_utf8_lossy(&made.stdout));
    for port in ports {
        ready(*port, "CLUSTER INFO", "cluster_state:ok").await;
    }
}

fn cluster_url(ports: &[u16]) -> String {
    let others = ports[1..].iter().map(|port| format!("node=127.0.0.1:{port}")).collect::<Vec<_>>();
    format!("redis-cluster://127.0.0.1:{}?{}", ports[0], others.join("&"))
}

async fn answering(folder: &Path, count: usize) -> Option<Vec<u16>> {
    let text = fs::read_to_string(folder.join("ports")).ok()?;
    let ports: Vec<u16> = text.split_whitespace().filter_map(|port| port.parse().ok()).collect();
    let (question, answer) = if count > 1 { ("CLUSTER INFO", "cluster_state:ok") } else { ("PING", "+PONG") };
    for port in &ports {
        asked(*port, question).await.filter(|text| text.contains(answer))?;
    }
    (ports.len() == count).then_some(ports)
}

/// A server without persistence on `port`, working in `folder`.
fn command(program: &str, port: u16, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"])
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// The first of these programs that is there.
async fn installed(names: &[&'static str]) -> Option<&'static str> {
    for name in names {
        let asked = Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().await;
        if asked.is_ok_and(|status| status.success()) {
            return Some(name);
        }
    }
    None
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.local_addr().expect("it has a number").port()
}

/// What the server on `port` says to `command`, as the protocol writes it; `None` where it does not.
async fn asked(port: u16, command: &str) -> Option<String> {
    let talk = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
        stream.write_all(format!("{command}\r\nQUIT\r\n").as_bytes()).await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        Some(answer)
    };
    tokio::time::timeout(PATIENT, talk).await.ok()?
}

async fn ready(port: u16, question: &str, answer: &str) {
    let waiting = async {
        while !asked(port, question).await.is_some_and(|text| text.contains(answer)) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(READY_WITHIN, waiting).await.expect("Redis comes up in time");
}

/// A server of a test's own, to be broken. Gone with the value.
#[derive(Debug)]
pub struct OwnRedis {
    program: &'static str,
    options: Vec<String>,
    port: u16,
    folder: PathBuf,
    child: Option<Child>,
}

impl OwnRedis {
    /// Whether one can be started on this machine.
    pub async fn can_be_had() -> bool {
        installed(&SERVERS).await.is_some()
    }

    /// Starts one with these options more.
    ///
    /// # Panics
    /// Where it does not start.
    pub async fn start(options: &[&str]) -> Self {
        let program = installed(&SERVERS).await.expect(NONE);
        let port = free_port();
        let folder = std::env::temp_dir().join(format!("parterre-redis-{}-{port}", std::process::id()));
        fs::create_dir_all(&folder).expect("the temporary folder can be written");
        let options = options.iter().map(ToString::to_string).collect();
        let mut own = Self { program, options, port, folder, child: None };
        own.again().await;
        own
    }

    /// Three that are one cluster without copies, and its address: what lies on a node that is dead is away with it.
    ///
    /// # Panics
    /// Where it does not come about.
    pub async fn cluster() -> ([Self; 3], String) {
        let (nodes, url) = Self::cluster_of(3, 0).await;
        (nodes.try_into().expect("there are three"), url)
    }

    /// Three that are one cluster, each with a copy that takes over from it, and its address. The copies come last, and have
    /// what they copy.
    ///
    /// # Panics
    /// Where it does not come about.
    pub async fn cluster_with_copies() -> (Vec<Self>, String) {
        let (nodes, url) = Self::cluster_of(6, 1).await;
        for copy in &nodes[3..] {
            ready(copy.port, "INFO replication", "master_link_status:up").await;
        }
        (nodes, url)
    }

    async fn cluster_of(count: usize, copies: usize) -> (Vec<Self>, String) {
        let mut nodes = Vec::new();
        for _ in 0..count {
            let bus = free_port().to_string();
            let options = ["--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--cluster-port", &bus];
            nodes.push(Self::start(&[&options[..], &["--cluster-require-full-coverage", "no"]].concat()).await);
        }
        let ports: Vec<u16> = nodes.iter().map(|node| node.port).collect();
        united(&ports, copies).await;
        (nodes, cluster_url(&ports))
    }

    /// One that speaks TLS too, and that port's number; what vouches for it lies in `cert.pem` of [`OwnRedis::folder`].
    ///
    /// # Panics
    /// Where there is no `openssl`, or the server was built without TLS.
    pub async fn with_tls() -> (Self, u16) {
        const REQUEST: &str = "[req]\nprompt = no\ndistinguished_name = name\nx509_extensions = more\n[name]\nCN = localhost\n\
            [more]\nbasicConstraints = critical, CA:FALSE\nsubjectAltName = DNS:localhost\n";
        let mut own = Self::start(&[]).await;
        own.kill().await;
        let at = |name: &str| own.folder.join(name).display().to_string();
        let (request, cert, key) = (at("request.cnf"), at("cert.pem"), at("key.pem"));
        fs::write(&request, REQUEST).expect("the temporary folder can be written");
        let made = Command::new("openssl")
            .args(["req", "-x509", "-nodes", "-days", "2", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
            .args(["-config", &request, "-keyout", &key, "-out", &cert])
            .output()
            .await;
        assert!(
            made.is_ok_and(|made| made.status.success()),
            "this test needs openssl: `./test` leaves it out without"
        );
        let port = free_port();
        let options = [
            ("--tls-port", port.to_string()),
            ("--tls-cert-file", cert.clone()),
            ("--tls-key-file", key),
            ("--tls-ca-cert-file", cert),
            ("--tls-auth-clients", "no".to_owned()),
        ];
        own.options = options.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect();
        own.again().await;
        (own, port)
    }

    /// Where it works.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts it again on the same port, with nothing in it.
    ///
    /// # Panics
    /// Where it does not start.
    pub async fn again(&mut self) {
        let child = command(self.program, self.port, &self.folder).args(&self.options).kill_on_drop(true).spawn();
        self.child = Some(child.expect("the server can be started"));
        ready(self.port, "PING", "+PONG").await;
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Kills it.
    pub async fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill().await;
        }
    }

    /// Freezes it: connections stay, and nothing is answered.
    pub async fn freeze(&self) {
        self.signal("-STOP").await;
    }

    /// Lets it go on.
    pub async fn thaw(&self) {
        self.signal("-CONT").await;
    }

    /// What it says to `command`, on a connection of its own.
    pub async fn ask(&self, command: &str) -> Option<String> {
        asked(self.port, command).await
    }

    async fn signal(&self, signal: &str) {
        let pid = self.child.as_ref().and_then(Child::id).expect("the server runs");
        let sent = Command::new("kill").args([signal, &pid.to_string()]).status().await;
        assert!(sent.is_ok_and(|status| status.success()), "the signal is sent");
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
