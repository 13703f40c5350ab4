//! A server that is put to sleep (SIGSTOP) for twice as long as its holds last, and wakes with an order for one of them
//! already waiting at its socket: it cannot buy what another server has sold meanwhile.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use parterre::checker::check;
use parterre::clock::SystemClock;
use parterre::test_support::cassandra::three::stage;
use parterre::test_support::database;
use parterre::test_support::house::{SLUG, put_on_sale};
use parterre::test_support::steady::{always, always_same, steady};
use parterre::wiring;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

/// How long a hold lasts here.
const LASTS: Duration = Duration::from_secs(4);
const AT_MOST: Duration = Duration::from_secs(60);

struct Server {
    child: Child,
    url: String,
    folder: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.start_kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Server {
    async fn start(name: &str, database: &str, cluster: &[String]) -> Self {
        let folder = std::env::temp_dir().join(format!("parterre-asleep-{}-{name}", std::process::id()));
        std::fs::create_dir_all(folder.join("dist")).unwrap();
        std::fs::write(folder.join("dist/manifest.json"), "{}").unwrap();
        // Servers of one shop share the key that signs.
        std::fs::write(folder.join(parterre::tickets::KEY_FILE), "07".repeat(32)).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_parterre"));
        command.args(["serve", "--port", "0", "--dev-pages", "--database-pool", "8", "--database-url", database]);
        command.args(["--hold-seconds", &LASTS.as_secs().to_string()]).args(cluster);
        command.arg("--data").arg(&folder).arg("--assets").arg(folder.join("dist"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().expect("the binary starts");
        let mut says = BufReader::new(child.stdout.take().expect("it has a voice")).lines();
        let ready = async {
            while let Some(line) = says.next_line().await.expect("it can be read") {
                if let Some(url) = line.strip_prefix("Parterre is ready: ") {
                    return url.to_owned();
                }
            }
            panic!("the server ended before it was ready");
        };
        let url = timeout(AT_MOST, ready).await.expect("the server is ready in a minute");
        Self { child, url, folder }
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().expect("it runs").to_string();
        assert!(std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Posts; the status and the body.
    async fn post(&self, path: &str, hold: Option<&Value>, body: &Value) -> (u16, Value) {
        post(self.url.clone(), path.to_owned(), hold.cloned(), body.clone()).await
    }
}

async fn post(url: String, path: String, hold: Option<Value>, body: Value) -> (u16, Value) {
    let mut request = Client::new().post(format!("{url}/api/v1{path}")).json(&body);
    if let Some(hold) = &hold {
        request = request.bearer_auth(hold["token"].as_str().expect("a hold has its token"));
    }
    let answer = request.send().await.expect("the server answers");
    (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
}

fn order(hold: &Value) -> Value {
    let buyer = json!({ "name": "Sample Buyer", "email": "buyer@example.org" });
    json!({ "hold_id": hold["id"], "buyer": buyer, "accept_total": hold["total"]["amount"] })
}

/// Plays it, with two orders of the sleeper for what it held.
async fn story() {
    let stage = stage().await;
    // The client insists on a provider even where nothing is encrypted. A second call finds the first one's.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let database = database().await;
    put_on_sale(&wiring::catalog(&database.pool), &SystemClock).await;
    let settings = &stage.keyspace.settings;
    let nodes = settings.nodes.iter().flat_map(|node| ["--cql-node", node]);
    let cluster: Vec<String> = nodes.chain(["--cql-keyspace", &settings.keyspace]).map(ToOwned::to_owned).collect();
    let sleeper = Server::start("sleeper", &database.url, &cluster).await;
    let awake = Server::start("awake", &database.url, &cluster).await;
    let holds = format!("/events/{SLUG}/holds");
    // A node may stand still for longer than a shop waits.
    let begun = Instant::now();
    let held = loop {
        let (status, held) = sleeper.post(&holds, None, &json!({ "best": { "quantity": 2 } })).await;
        if status == 201 {
            break held;
        }
        assert!(begun.elapsed() < AT_MOST, "{held}");
        sleep(Duration::from_millis(100)).await;
    };
    let wish = json!({ "seats": held["seats"] });
    sleeper.signal("-STOP");
    let waiting = tokio::spawn(post(sleeper.url.clone(), "/orders".into(), Some(held.clone()), order(&held)));
    sleep(LASTS * 2).await;
    let begun = Instant::now();
    loop {
        assert!(begun.elapsed() < AT_MOST, "what ran out can be bought by others");
        let (status, hold) = awake.post(&holds, None, &wish).await;
        if status != 201 {
            sleep(Duration::from_millis(100)).await;
            continue;
        }
        let (status, placed) = awake.post("/orders", Some(&hold), &order(&hold)).await;
        if status >= 300 {
            continue;
        }
        let path = format!("/orders/{}/payments", placed["id"].as_str().expect("an order has an id"));
        let card = json!({ "provider": "test", "method": "4242424242424242" });
        let (status, paid) = awake.post(&path, Some(&hold), &card).await;
        if status < 300 {
            break;
        }
        // It ran out before it could be paid.
        println!("{status}: {paid}");
    }

    sleeper.signal("-CONT");
    let first = timeout(AT_MOST, waiting).await.expect("the sleeper answers when it wakes").unwrap();
    let second = sleeper.post("/orders", Some(&held), &order(&held)).await;
    let both = [(first, "the order that waited"), (second, "a second one")];
    // Judged before anything that may be late: the other server has sold these seats.
    for ((status, told), which) in &both {
        always(*status >= 400, format_args!("{which} is taken: {status}: {told}"));
    }
    always_same(check(&database.pool).await.unwrap(), [], "what is wrong in the books");
    for ((status, told), which) in &both {
        assert!(*status < 500, "{which} is refused, as it knows: {status}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_slept_past_its_holds_cannot_sell_them() {
    steady(story).await;
}
