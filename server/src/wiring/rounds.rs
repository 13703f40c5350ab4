//! Small things that come round by themselves: run-out holds, old keys, done messages, months to come.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum_prometheus::metrics::gauge;
use domain::ids::EventId;
use domain::time::{MINUTE, SECOND};
use tokio::sync::Mutex;

use crate::clock::{Clock, HouseClock};
use crate::holds::HoldError;
use crate::idempotency::IdempotencyStore;
use crate::jobs::{OutboxStore, Task};
use crate::stores::postgres::{Pool, clock, partitions};
use crate::tickets::Signer;
use crate::trouble::Trouble;

/// How far this machine's clock may be from PostgreSQL's, in milliseconds, before it is spoken of.
const OFF_AT_MOST: i64 = SECOND;
/// Before the first comparison a clock may be as wrong as this: a day.
const UNKNOWN: i64 = 24 * 60 * MINUTE;
/// How long PostgreSQL may take to tell the time; then the last comparison stands.
const TOLD_WITHIN: Duration = Duration::from_millis(500);
/// How often it is asked before the house opens without.
const FIRST_TRIES: u32 = 10;

/// Frees holds that ran out, so that a freed seat shows within five seconds. The house's clock is set to PostgreSQL's
/// first: one that is ahead would free what others were told is theirs, one that is behind would promise too little.
pub(super) struct Holds {
    holds: crate::holds::Holds,
    clock: Arc<HouseClock>,
    pool: Pool,
    /// Whether the machine's clock was right the last time; none before the first time.
    right: Mutex<Option<bool>>,
}

impl Holds {
    pub(super) fn new(holds: crate::holds::Holds, clock: Arc<HouseClock>, pool: Pool) -> Self {
        // Not before the first comparison.
        holds.clock_is_ahead(UNKNOWN);
        Self { holds, clock, pool, right: Mutex::default() }
    }

    async fn compare_clocks(&self) {
        let Some(()) = set(&self.clock, &self.pool).await else { return };
        self.holds.clock_is_ahead(0);
        let off = self.clock.machine_is_ahead();
        gauge!("parterre_clock_off_seconds").set(off as f64 / 1000.0);
        let right = off.saturating_abs() <= OFF_AT_MOST;
        match (self.right.lock().await.replace(right), right) {
            (Some(false), true) => tracing::warn!("this machine's clock agrees with PostgreSQL's again"),
            (None | Some(true), false) => tracing::warn!(
                milliseconds = off,
                "this machine's clock differs from PostgreSQL's: set it (NTP). Until then the shop goes by PostgreSQL's"
            ),
            _ => {}
        }
    }
}

/// As [`set`], for a house that is about to open: without PostgreSQL it cannot, so it waits for the time a little.
pub(super) async fn first(clock: &HouseClock, pool: &Pool) {
    for _ in 0..FIRST_TRIES {
        if set(clock, pool).await.is_some() {
            return;
        }
        tokio::time::sleep(TOLD_WITHIN / 5).await;
    }
    tracing::warn!("PostgreSQL does not tell the time: until it does, the shop goes by this machine's clock");
}

/// Sets the house's clock to PostgreSQL's; `None` where that does not tell the time.
pub(super) async fn set(clock: &HouseClock, pool: &Pool) -> Option<()> {
    let off = tokio::time::timeout(TOLD_WITHIN, clock::off_by(pool, clock)).await.ok()?.ok()?;
    clock.set(off);
    Some(())
}

#[async_trait]
impl Task for Holds {
    fn name(&self) -> &'static str {
        "holds"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn round(&self) -> Result<(), Trouble> {
        self.compare_clocks().await;
        match self.holds.sweep(self.clock.now()).await {
            Err(HoldError::Trouble(trouble)) => Err(trouble),
            _ => Ok(()),
        }
    }
}

/// Compares the hold store's marks with PostgreSQL's claims while sales run, and mends what stays wrong.
pub(super) struct Audit {
    pub(super) holds: crate::holds::Holds,
    /// Pause between two rounds, and the longest that one may take.
    pub(super) every: Duration,
    /// Where the last round ended.
    pub(super) last: Mutex<Option<EventId>>,
}

#[async_trait]
impl Task for Audit {
    fn name(&self) -> &'static str {
        "audit of holds"
    }

    fn every(&self) -> Duration {
        self.every
    }

    async fn round(&self) -> Result<(), Trouble> {
        let mut last = self.last.lock().await;
        match self.holds.audit_round(&mut last, self.every).await {
            Err(HoldError::Trouble(trouble)) => Err(trouble),
            _ => Ok(()),
        }
    }
}

/// Forgets idempotency keys after their day.
pub(super) struct Keys {
    pub(super) keys: Arc<dyn IdempotencyStore>,
    pub(super) clock: Arc<dyn Clock>,
}

#[async_trait]
impl Task for Keys {
    fn name(&self) -> &'static str {
        "idempotency keys"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(600)
    }

    async fn round(&self) -> Result<(), Trouble> {
        self.keys.sweep(self.clock.now()).await.map(drop)
    }
}

/// Forgets messages that were done long ago.
pub(super) struct Outbox {
    pub(super) outbox: Arc<dyn OutboxStore>,
}

#[async_trait]
impl Task for Outbox {
    fn name(&self) -> &'static str {
        "done messages"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(3600)
    }

    async fn round(&self) -> Result<(), Trouble> {
        self.outbox.forget().await.map(drop)
    }
}

/// Hears of ticket keys that other servers sign with.
pub(super) struct TicketKeys {
    pub(super) pool: Pool,
    pub(super) signer: Arc<Signer>,
}

#[async_trait]
impl Task for TicketKeys {
    fn name(&self) -> &'static str {
        "ticket keys"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(30)
    }

    async fn round(&self) -> Result<(), Trouble> {
        crate::tickets::postgres::refresh(&self.pool, &self.signer).await
    }
}

/// Makes the partitions of the coming months.
pub(super) struct Months {
    pub(super) pool: Pool,
    pub(super) clock: Arc<dyn Clock>,
}

#[async_trait]
impl Task for Months {
    fn name(&self) -> &'static str {
        "partitions"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(6 * 3600)
    }

    async fn round(&self) -> Result<(), Trouble> {
        partitions::ensure(&self.pool, self.clock.now()).await.map(drop)
    }
}
