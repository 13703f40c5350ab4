//! Two servers of one shop, each a process of its own, and how soon one tells its listeners what the other granted.

use std::path::Path;
use std::time::Duration;

use parterre::clock::SystemClock;
use parterre::test_support::cassandra::TestKeyspace;
use parterre::test_support::house::{SLUG, put_on_sale};
use parterre::test_support::{TestDatabase, database};
use parterre::tickets::KEY_FILE;
use parterre::wiring;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, sleep, timeout};

use crate::process::{Folder, Server};

/// Longer than anything takes that works.
const PATIENCE: Duration = Duration::from_secs(60);

const NEWS: &[u8] = b"event: delta";

/// What a server of a shop on this database and this cluster is told.
pub(crate) fn shop(database: &TestDatabase, keyspace: &TestKeyspace) -> Vec<String> {
    let settings = &keyspace.settings;
    let nodes = settings.nodes.iter().flat_map(|node| ["--cql-node", node]);
    let words = nodes.chain(["--cql-keyspace", &settings.keyspace, "--database-url", &database.url]);
    // All who ask come from one address here.
    words
        .chain(["--dev-pages", "--database-pool", "8", "--holds-per-address", "10000"])
        .map(ToOwned::to_owned)
        .collect()
}

/// Starts one, with the key that signs for the whole shop.
pub(crate) async fn serve(folder: &Folder, flags: &[String]) -> Server {
    // The client insists on a provider even where nothing is encrypted. A second call finds the first one's.
    let _ = rustls::crypto::ring::default_provider().install_default();
    std::fs::write(folder.0.join(KEY_FILE), "07".repeat(32)).expect("the folder can be written");
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    Server::start(Path::new(&folder.0), &flags).await
}

/// Both of them.
pub(crate) struct Pair {
    here: Server,
    client: Client,
    /// When the other one's listener had a frame.
    frames: UnboundedReceiver<Instant>,
    /// They end when they are dropped, and then what they stand on.
    _other: (Server, [Folder; 2], TestDatabase),
}

impl Pair {
    /// Opens both on `keyspace`; they hear each other over the Redis at `redis`, or over PostgreSQL.
    ///
    /// # Panics
    /// Where they cannot open, or do not hear each other.
    pub(crate) async fn open(keyspace: &TestKeyspace, redis: Option<&str>) -> Self {
        let database = database().await;
        put_on_sale(&wiring::catalog(&database.pool), &SystemClock).await;
        let mut flags = shop(&database, keyspace);
        flags.extend(redis.into_iter().flat_map(|url| ["--redis-url".to_owned(), url.to_owned()]));
        let folders = [Folder::new(), Folder::new()];
        let (here, there) = (serve(&folders[0], &flags).await, serve(&folders[1], &flags).await);
        let client = Client::new();
        let stream = format!("{}/api/v1/events/{SLUG}/availability/stream", there.url);
        let mut body = client.get(stream).send().await.expect("there is a stream");
        let (tell, frames) = unbounded_channel();
        tokio::spawn(async move {
            let mut heard = Vec::new();
            while let Ok(Some(part)) = body.chunk().await {
                heard.extend_from_slice(&part);
                let is_news = heard.windows(NEWS.len()).any(|part| part == NEWS);
                // Its beginning may lie in this part, and its end in the next one.
                heard.drain(..heard.len().saturating_sub(NEWS.len() - 1));
                if is_news && tell.send(Instant::now()).is_err() {
                    break;
                }
            }
        });
        let mut pair = Self { here, client, frames, _other: (there, folders, database) };
        // Listening to each other begins in the background.
        let begun = Instant::now();
        while pair.change(Duration::from_secs(1)).await.is_none() {
            assert!(begun.elapsed() < PATIENCE, "the servers never hear each other");
        }
        // A frame that came late must not be taken for the next one.
        while timeout(Duration::from_secs(1), pair.frames.recv()).await.is_ok() {}
        pair
    }

    /// So many times a seat is held and let go at one server; answers for each of both how long after the answer the
    /// frame had come from the other.
    ///
    /// # Panics
    /// Where a frame does not come.
    pub(crate) async fn times(&mut self, holds: usize) -> Vec<Duration> {
        let mut times = Vec::with_capacity(holds * 2);
        for number in 0..holds {
            // Each at another moment between two ticks: right after a frame, most of a tick would always be still to come.
            sleep(Duration::from_millis(number as u64 * 19 % 50)).await;
            times.extend(self.change(PATIENCE).await.expect("the other server tells of it"));
        }
        times.sort_unstable();
        times
    }

    async fn change(&mut self, within: Duration) -> Option<[Duration; 2]> {
        self.forgets();
        let holds = format!("{}/api/v1/events/{SLUG}/holds", self.here.url);
        let held = self.ask(|client| client.post(&holds).json(&json!({ "seats": [0] }))).await;
        let first = self.frame(Instant::now(), within).await;
        let (id, token) = (held["id"].as_str().expect("a hold"), held["token"].as_str().expect("a token"));
        let hold = format!("{}/api/v1/holds/{id}", self.here.url);
        self.forgets();
        self.ask(|client| client.delete(&hold).bearer_auth(token)).await;
        let second = self.frame(Instant::now(), within).await;
        Some([first?, second?])
    }

    /// A try of which nobody knew may have come and gone meanwhile.
    fn forgets(&mut self) {
        while self.frames.try_recv().is_ok() {}
    }

    async fn frame(&mut self, answered: Instant, within: Duration) -> Option<Duration> {
        let frame = timeout(within, self.frames.recv()).await.ok()??;
        Some(frame.saturating_duration_since(answered))
    }

    /// Asks, and again where the stores took too long. What a try of which nobody knows has held is let go by itself.
    async fn ask(&self, request: impl Fn(&Client) -> RequestBuilder) -> Value {
        let begun = Instant::now();
        loop {
            let answer = request(&self.client).send().await.expect("the server answers");
            let status = answer.status();
            let said = answer.text().await.expect("the body is read");
            if status.is_success() {
                return serde_json::from_str(&said).unwrap_or(Value::Null);
            }
            let comes_right = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::CONFLICT].contains(&status);
            assert!(comes_right && begun.elapsed() < PATIENCE, "{status}: {said}");
            sleep(Duration::from_secs(1)).await;
        }
    }
}
