//! Small things that come round by themselves: run-out holds, old keys, done messages, months to come.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::clock::Clock;
use crate::holds::HoldError;
use crate::idempotency::IdempotencyStore;
use crate::jobs::{OutboxStore, Task};
use crate::stores::postgres::{Pool, partitions};
use crate::tickets::Signer;
use crate::trouble::Trouble;

/// Frees holds that ran out, so that a freed seat shows within five seconds.
pub(super) struct Holds {
    pub(super) holds: crate::holds::Holds,
    pub(super) clock: Arc<dyn Clock>,
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
        match self.holds.sweep(self.clock.now()).await {
            Err(HoldError::Trouble(trouble)) => Err(trouble),
            _ => Ok(()),
        }
    }
}

/// Compares the hold store's marks with PostgreSQL's claims while sales run, and mends what stays wrong.
pub(super) struct Audit {
    pub(super) holds: crate::holds::Holds,
}

#[async_trait]
impl Task for Audit {
    fn name(&self) -> &'static str {
        "audit of holds"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(30)
    }

    async fn round(&self) -> Result<(), Trouble> {
        match self.holds.audit_all().await {
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
