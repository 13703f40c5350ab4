//! Addresses, connections, and the task that keeps each of them alive.

use std::time::Duration;

use fred::clients::{Client, Pool, SubscriberClient};
use fred::error::Error;
use fred::interfaces::{ClientLike, KeysInterface};
use fred::types::config::{
    Config, ConnectionConfig, Options, PerformanceConfig, ReconnectPolicy, Server, UnresponsiveConfig,
};
use fred::types::{Builder, RespVersion};
use futures::future::try_join_all;

use super::WHAT;
use crate::stores::running::Running;
use crate::trouble::Trouble;

/// How long a connection may take to come up, and to answer what it is asked meanwhile.
pub(super) const CONNECT_WITHIN: Duration = Duration::from_secs(1);
/// A connection that owes an answer for so long is given up and made anew: without this, one that a broken network has
/// swallowed would stay for a quarter of an hour.
pub(super) const SILENT_FOR: Duration = Duration::from_secs(2);
/// Between the driver's own looks, on a cluster, whether a connection owes an answer for so long.
const WATCH_EVERY: Duration = Duration::from_millis(250);
/// Between attempts to connect, in milliseconds: doubled from the first to the last.
const RECONNECT_AFTER: (u32, u32) = (50, 1_000);
/// Commands that wait in a client, at most; more are refused.
const WAITING_COMMANDS: usize = 20_000;
/// Messages of subscriptions that wait to be handed on.
const WAITING_MESSAGES: usize = 8_192;

/// Where Redis is, and how it is used.
#[derive(Clone)]
pub struct Settings {
    /// `redis://user:password@host:port/0`, `redis-cluster://host:port?node=host:port`, `rediss://` for TLS.
    pub url: String,
    /// Put before every key and channel, for several shops on one Redis. Mostly empty.
    pub prefix: String,
    /// Connections for commands.
    pub connections: usize,
    /// How long a command may take.
    pub answer_within: Duration,
}

impl Settings {
    /// How long a command may take, where nobody says otherwise: far longer than a healthy Redis needs, and short
    /// enough that nobody notices the first calls after it froze.
    pub const ANSWER_WITHIN: Duration = Duration::from_millis(100);
    /// Connections, where nobody says otherwise: commands of many tasks share one, so few are enough.
    pub(super) const CONNECTIONS: usize = 4;

    /// The usual settings for `url`.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            prefix: String::new(),
            connections: Self::CONNECTIONS,
            answer_within: Self::ANSWER_WITHIN,
        }
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address may carry a password.
        out.debug_struct("Settings").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

fn builder(settings: &Settings) -> Result<Builder, Trouble> {
    // The driver's message may repeat the address, and with it the password.
    let unreadable = |_| Trouble::Corrupt { what: WHAT, detail: "its address cannot be read".into() };
    let mut config = Config::from_url(&settings.url).map_err(unreadable)?;
    config.fail_fast = false;
    config.version = RespVersion::RESP3;
    let watched = config.server.is_clustered().then_some(SILENT_FOR);
    let mut builder = Builder::from_config(config);
    builder.set_policy(ReconnectPolicy::new_exponential(0, RECONNECT_AFTER.0, RECONNECT_AFTER.1, 2));
    builder.set_connection_config(ConnectionConfig {
        connection_timeout: CONNECT_WITHIN,
        internal_command_timeout: CONNECT_WITHIN,
        // Nothing is sent a second time behind our back: whoever asked decides.
        max_command_attempts: 1,
        // Nor at another node: the driver would take that for a second time, and end the connection over it.
        max_redirections: 0,
        max_command_buffer_len: WAITING_COMMANDS,
        unresponsive: UnresponsiveConfig { max_timeout: watched, interval: WATCH_EVERY },
        ..ConnectionConfig::default()
    });
    Ok(builder)
}

/// Connections for commands; they come alive by [`keep`].
pub(super) fn pool(settings: &Settings) -> Result<Pool, Trouble> {
    let refused = |error: fred::error::Error| Trouble::Corrupt { what: WHAT, detail: error.to_string() };
    builder(settings)?.build_pool(settings.connections.max(1)).map_err(refused)
}

/// A connection for listening; it comes alive by [`keep`].
pub(super) fn subscriber(settings: &Settings) -> Result<SubscriberClient, Trouble> {
    let refused = |error: fred::error::Error| Trouble::Corrupt { what: WHAT, detail: error.to_string() };
    let mut builder = builder(settings)?;
    builder.set_performance_config(PerformanceConfig {
        broadcast_channel_capacity: WAITING_MESSAGES,
        ..PerformanceConfig::default()
    });
    builder.build_subscriber_client().map_err(refused)
}

/// Connects `client`, and again whenever its own patience has ended, until this is dropped.
pub(super) fn keep<C: ClientLike + 'static>(client: C) -> Running {
    Running::start(async move {
        loop {
            let connection = client.connect();
            let _ends_with_this = Running::of(connection.abort_handle());
            if let Ok(Err(error)) = connection.await {
                tracing::warn!(%error, "the connection to Redis ended; it is made anew");
            }
            tokio::time::sleep(CONNECT_WITHIN).await;
        }
    })
}

/// What `client` says within `patience`, where it says anything. It is asked to forget `nothing`, a key that is not there: that
/// is a write, which a full Redis takes too. On a cluster every node is asked whether it is there, as each has a share of all
/// keys. (There a copy takes no questions, and that key has a place of its own.)
pub(super) async fn says(client: &Client, nothing: &str, patience: Duration) -> Option<Result<(), Error>> {
    let asked = async {
        if !client.is_clustered() {
            return client.unlink(nothing).await;
        }
        let nodes = client.active_connections();
        if nodes.is_empty() {
            // One that forbids us to ask who we are.
            return client.ping(None).await;
        }
        try_join_all(nodes.into_iter().map(|node| ping(client, node))).await.map(drop)
    };
    if client.is_connected() { tokio::time::timeout(patience, asked).await.ok() } else { None }
}

async fn ping(client: &Client, node: Server) -> Result<(), Error> {
    let there = Options { cluster_node: Some(node), ..Options::default() };
    client.with_options(&there).ping(None).await
}

/// Gives the connection up and makes it anew. (The driver's own watch starts anew with every command that is written,
/// so that a connection which is asked often would never be given up.)
pub(crate) async fn renew<C: ClientLike>(client: &C) {
    tracing::warn!("a connection to Redis is silent, or takes no writes; it is made anew");
    if client.is_clustered() {
        // Told to, the driver would go on with every connection of which it does not know that it is broken. Where nobody
        // asks for so long, its own watch finds which one is.
        return tokio::time::sleep(SILENT_FOR + WATCH_EVERY * 2).await;
    }
    // It goes on in the background where it takes longer.
    let _ = tokio::time::timeout(CONNECT_WITHIN, client.force_reconnection()).await;
}
