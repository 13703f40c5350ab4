//! Redis or Valkey, one server or a cluster: connections, timeouts, reconnecting, health.
//!
//! Everything kept there may vanish at any moment, and no call waits for it longer than [`Settings::answer_within`].
//! While it does not answer, or takes no writes, calls fail at once (the [`gate`] is shut) and a task of its own asks until it
//! does.

mod connect;
mod error;
mod gate;

pub use connect::Settings;
pub(crate) use connect::renew;

use std::future::Future;
use std::sync::Arc;

use fred::clients::{Pool, SubscriberClient};
use fred::error::Error;
use fred::interfaces::ClientLike;
use tokio::time::Instant;

use super::running::Running;
use crate::trouble::Trouble;
use gate::Gate;

/// How troubles name it.
pub(crate) const WHAT: &str = "Redis";

/// Connections to one Redis. Clones share them; dropping the last one closes them.
#[derive(Clone, Debug)]
pub struct Redis(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    pool: Pool,
    gate: Arc<Gate>,
    _running: Vec<Running>,
}

impl Redis {
    /// Begins to connect, and goes on for as long as it takes: a Redis that is away is no reason not to open.
    ///
    /// # Errors
    /// [`Trouble::Corrupt`] where the address cannot be read.
    pub fn open(settings: Settings) -> Result<Self, Trouble> {
        let pool = connect::pool(&settings)?;
        let gate = Arc::new(Gate::default());
        let mut running: Vec<Running> = pool.clients().iter().map(|client| connect::keep(client.clone())).collect();
        let nothing = [&settings.prefix, "nothing"].concat();
        running.push(gate::watch(Arc::clone(&gate), pool.clone(), nothing, settings.answer_within));
        Ok(Self(Arc::new(Inner { settings, pool, gate, _running: running })))
    }

    /// The connections, for files named after the driver.
    pub(crate) fn pool(&self) -> &Pool {
        &self.0.pool
    }

    /// `name` as this shop's keys and channels begin.
    pub(crate) fn key(&self, name: &str) -> String {
        [&self.0.settings.prefix, name].concat()
    }

    /// What [`Redis::key`] puts before a name.
    pub(crate) fn prefix(&self) -> &str {
        &self.0.settings.prefix
    }

    /// Waits for the answer of one command, but never long.
    ///
    /// # Errors
    /// Unavailable: it was not asked, or it refused. Unconfirmed: it was asked and did not answer.
    pub(crate) async fn ask<T>(&self, command: impl Future<Output = Result<T, Error>>) -> Result<T, Trouble> {
        self.ask_for(1, Instant::now(), command).await
    }

    /// How long anybody waits for an answer.
    pub(crate) fn answers_within(&self) -> std::time::Duration {
        self.0.settings.answer_within
    }

    /// As [`Redis::ask`], for so many who wait since then: their time counts, and silence counts once for each.
    ///
    /// # Errors
    /// As [`Redis::ask`].
    pub(crate) async fn ask_for<T>(
        &self,
        who: usize,
        since: Instant,
        command: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Trouble> {
        let Inner { settings, pool, gate, .. } = &*self.0;
        if gate.is_shut() || !pool.clients().iter().any(ClientLike::is_connected) {
            return Err(error::away());
        }
        match tokio::time::timeout_at(since + settings.answer_within, command).await {
            Ok(Ok(answer)) => {
                gate.answered();
                Ok(answer)
            }
            Ok(Err(error)) => {
                if error::connection_is_lost(&error) || error::takes_no_writes(&error) {
                    gate.shut();
                }
                Err(error::trouble(&error))
            }
            Err(_) => {
                gate.silent(who);
                Err(error::silent(settings.answer_within))
            }
        }
    }

    /// A connection for listening. It needs [`connect::keep`] to come alive.
    pub(crate) fn subscriber(&self) -> Result<(SubscriberClient, Running), Trouble> {
        let client = connect::subscriber(&self.0.settings)?;
        Ok((client.clone(), connect::keep(client)))
    }

    /// Whether it answers, as the last calls saw it. Costs nothing.
    ///
    /// # Errors
    /// [`Trouble::Unavailable`].
    pub fn health(&self) -> Result<(), Trouble> {
        let connected = self.0.pool.clients().iter().any(ClientLike::is_connected);
        if connected && !self.0.gate.is_shut() { Ok(()) } else { Err(error::away()) }
    }

    /// Waits until it answers, for at most `within`: for tests and benchmarks, as the shop never waits.
    ///
    /// # Errors
    /// [`Trouble::Unavailable`] where it does not.
    pub async fn answers(&self, within: std::time::Duration) -> Result<(), Trouble> {
        let connected = async {
            while self.health().is_err() || !self.0.pool.clients().iter().all(ClientLike::is_connected) {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(within, connected).await.map_err(|_| error::away())
    }
}
