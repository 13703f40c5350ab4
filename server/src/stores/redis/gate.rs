//! Shut while Redis does not answer, or takes no writes: then nobody waits for it but the one task that watches, and nobody
//! believes what it still tells.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use fred::clients::Pool;
use fred::error::Error;
use fred::interfaces::ClientLike;
use futures::future::join_all;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::connect::{SILENT_FOR, renew, says};
use super::error::takes_no_writes;
use crate::stores::running::Running;

/// Commands in a row that got no answer before the gate is shut: one may be a hiccup of one's own machine.
const SILENT_COMMANDS: u32 = 3;
/// Between questions while it is shut.
const ASK_EVERY: Duration = Duration::from_millis(100);
/// Between looks while it is open whether it takes writes: a process that only reads would not hear that it does not. Nor does
/// one hear of a connection that is silent where others answer, as those of the other nodes of a cluster do.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The gate. Open at first.
#[derive(Debug, Default)]
pub(super) struct Gate {
    shut: AtomicBool,
    silent: AtomicU32,
    rings: Notify,
}

impl Gate {
    pub(super) fn is_shut(&self) -> bool {
        self.shut.load(Ordering::Relaxed)
    }

    /// A command was answered.
    pub(super) fn answered(&self) {
        if self.silent.load(Ordering::Relaxed) != 0 {
            self.silent.store(0, Ordering::Relaxed);
        }
    }

    /// What so many asked was not answered in time.
    pub(super) fn silent(&self, who: usize) {
        let who = u32::try_from(who).unwrap_or(u32::MAX).min(SILENT_COMMANDS);
        if self.silent.fetch_add(who, Ordering::Relaxed) + who >= SILENT_COMMANDS {
            self.shut();
        }
    }

    /// Nobody asks until the watch has heard an answer.
    pub(super) fn shut(&self) {
        if !self.shut.swap(true, Ordering::Relaxed) {
            tracing::warn!("Redis does not answer, or takes no writes; the shop goes on without it");
            self.rings.notify_one();
        }
    }

    fn open(&self) {
        self.silent.store(0, Ordering::Relaxed);
        self.shut.store(false, Ordering::Relaxed);
        tracing::info!("Redis answers again");
    }
}

/// Asks while `gate` is shut, and opens it when every connected client answers within `patience` and takes writes. A
/// connection that does not is made anew. `nothing` is a key that is not there.
pub(super) fn watch(gate: Arc<Gate>, pool: Pool, nothing: String, patience: Duration) -> Running {
    Running::start(async move {
        let asked = async || {
            let connected: Vec<_> = pool.clients().iter().filter(|client| client.is_connected()).collect();
            let said = join_all(connected.iter().map(|client| says(client, &nothing, patience))).await;
            connected.into_iter().zip(said).collect::<Vec<_>>()
        };
        loop {
            let mut silent_looks = 0;
            while timeout(LOOK_EVERY, gate.rings.notified()).await.is_err() {
                let said = asked().await;
                silent_looks = if said.iter().any(|(_, said)| said.is_none()) { silent_looks + 1 } else { 0 };
                let refused = said.iter().any(|(_, said)| matches!(said, Some(Err(error)) if takes_no_writes(error)));
                if refused || silent_looks >= SILENT_COMMANDS {
                    gate.shut();
                }
            }
            let mut silent = Duration::ZERO;
            loop {
                tokio::time::sleep(ASK_EVERY).await;
                let said = asked().await;
                if !said.is_empty() && said.iter().all(|(_, said)| is_well(said.as_ref())) {
                    break;
                }
                silent += ASK_EVERY + patience;
                if silent >= SILENT_FOR {
                    silent = Duration::ZERO;
                    let unwell = said.iter().filter(|(_, said)| !is_well(said.as_ref()));
                    join_all(unwell.map(|(client, _)| renew(*client))).await;
                }
            }
            gate.open();
        }
    })
}

/// Whether that is what a Redis says that can be worked with. One that forbids us the question answers as well.
fn is_well(said: Option<&Result<(), Error>>) -> bool {
    match said {
        Some(Ok(())) => true,
        Some(Err(error)) => error.details().starts_with("NOPERM"),
        None => false,
    }
}
