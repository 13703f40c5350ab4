//! Shut while Redis does not answer: then nobody waits for it but the one task that watches.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use fred::clients::Pool;
use fred::interfaces::ClientLike;
use futures::future::join_all;
use tokio::sync::Notify;

use super::connect::{SILENT_FOR, answers, renew};
use crate::stores::running::Running;

/// Commands in a row that got no answer before the gate is shut: one may be a hiccup of one's own machine.
const SILENT_COMMANDS: u32 = 3;
/// Between questions while it is shut.
const ASK_EVERY: Duration = Duration::from_millis(100);

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
            tracing::warn!("Redis does not answer; the shop goes on without it");
            self.rings.notify_one();
        }
    }

    fn open(&self) {
        self.silent.store(0, Ordering::Relaxed);
        self.shut.store(false, Ordering::Relaxed);
        tracing::info!("Redis answers again");
    }
}

/// Asks while `gate` is shut, and opens it when every connected client answers within `patience`. A connection that
/// stays silent is made anew.
pub(super) fn watch(gate: Arc<Gate>, pool: Pool, patience: Duration) -> Running {
    Running::start(async move {
        loop {
            gate.rings.notified().await;
            let mut silent = Duration::ZERO;
            loop {
                tokio::time::sleep(ASK_EVERY).await;
                let connected: Vec<_> = pool.clients().iter().filter(|client| client.is_connected()).collect();
                let answered = join_all(connected.iter().map(|client| answers(*client, patience))).await;
                if !answered.is_empty() && answered.iter().all(|answered| *answered) {
                    break;
                }
                silent += ASK_EVERY + patience;
                if silent >= SILENT_FOR {
                    silent = Duration::ZERO;
                    let mute = connected.iter().zip(answered).filter(|(_, answered)| !answered);
                    join_all(mute.map(|(client, _)| renew(*client))).await;
                }
            }
            gate.open();
        }
    })
}
