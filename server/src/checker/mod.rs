//! The independent auditor: reads the books by plain SQL, shares no code with the purchase, and lists every breach of
//! an invariant of `docs/ARCHITECTURE.md`. The storms and the crash tests end with it, a job runs it every few minutes,
//! and an operator any time (`parterre check`). A breach stops the sale of its event.

mod postgres;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use axum_prometheus::metrics::gauge;
use domain::ids::EventId;

pub use postgres::{check, resume, stop};

use crate::jobs::Task;
use crate::stores::postgres::Pool;
use crate::trouble::Trouble;

/// A breach is one when it is still there after so long: nothing that is under way can be mistaken for it.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(2);

/// A broken invariant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Breach {
    /// Which, such as `I1`.
    pub invariant: String,
    /// The event concerned, where there is one.
    pub event: Option<EventId>,
    /// What is wrong, and with what; no personal data.
    pub detail: String,
}

impl core::fmt::Display for Breach {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}: {}", self.invariant, self.detail)
    }
}

/// Looks twice, and stops the sale of every event with a breach that was there both times. Answers the breaches.
///
/// # Errors
/// [`Trouble`] of the database.
pub async fn audit(pool: &Pool) -> Result<Vec<Breach>, Trouble> {
    let mut breaches = check(pool).await?;
    if !breaches.is_empty() {
        tokio::time::sleep(LOOK_AGAIN_AFTER).await;
        let again = check(pool).await?;
        breaches.retain(|breach| again.contains(breach));
    }
    gauge!("parterre_audit_breaches").set(f64::from(u32::try_from(breaches.len()).unwrap_or(u32::MAX)));
    let mut first: BTreeMap<EventId, String> = BTreeMap::new();
    for breach in &breaches {
        tracing::error!(invariant = breach.invariant, detail = breach.detail, "the books break an invariant");
        if let Some(event) = breach.event {
            first.entry(event).or_insert_with(|| breach.to_string());
        }
    }
    for (event, why) in first {
        if stop(pool, event, &why).await? {
            tracing::error!(%event, "the event's sale is stopped; `parterre check --resume` lets it go on");
        }
    }
    Ok(breaches)
}

/// The audit as it comes round.
pub struct Audit {
    /// The books.
    pub pool: Pool,
    /// The pause between two rounds.
    pub every: Duration,
}

#[async_trait]
impl Task for Audit {
    fn name(&self) -> &'static str {
        "audit"
    }

    fn every(&self) -> Duration {
        self.every
    }

    async fn round(&self) -> Result<(), Trouble> {
        audit(&self.pool).await.map(drop)
    }
}
