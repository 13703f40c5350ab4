//! The independent auditor: reads the books by plain SQL, shares no code with the purchase, and lists every breach of
//! an invariant of `docs/ARCHITECTURE.md`. The storms and the crash tests end with it, a job runs it every few minutes,
//! and an operator any time (`parterre check`). A breach stops the sale of its event.

mod postgres;
mod questions;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum_prometheus::metrics::gauge;
use domain::ids::EventId;

pub use postgres::{check, resume, stop};

use crate::clock::Clock;
use crate::jobs::Task;
use crate::stores::postgres::Pool;
use crate::trouble::Trouble;

/// A breach is one when it is still there after so long: nothing that is under way can be mistaken for it.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(2);
/// How long one audit may take: it reads all the books, perhaps twice.
const AUDIT_WITHIN: Duration = Duration::from_secs(60 * 60);

/// A broken invariant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Breach {
    /// Which, such as `I1`.
    pub invariant: String,
    /// The event whose sale it stops; none where selling on makes it no worse.
    pub event: Option<EventId>,
    /// Which breach of the event it is: the same at every look, as long as it lasts.
    pub key: String,
    /// What is wrong, and with what; no personal data.
    pub detail: String,
}

impl core::fmt::Display for Breach {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}: {}", self.invariant, self.detail)
    }
}

/// Whoever shows events, and has to hear that a sale was stopped or goes on.
#[async_trait]
pub trait Hears: Send + Sync + 'static {
    /// The sale of `event` is stopped, or goes on. False where that could not be passed on to all.
    async fn sale_changed(&self, event: EventId) -> bool;
}

/// Nobody.
#[async_trait]
impl Hears for () {
    async fn sale_changed(&self, _: EventId) -> bool {
        true
    }
}

/// Looks twice, and stops the sale of every event with a breach that was there both times, which `hears` is
/// told. Answers the breaches.
///
/// # Errors
/// [`Trouble`] of the database.
pub async fn audit(pool: &Pool, hears: &dyn Hears) -> Result<Vec<Breach>, Trouble> {
    let mut breaches = check(pool).await?;
    if !breaches.is_empty() {
        tokio::time::sleep(LOOK_AGAIN_AFTER).await;
        // By event and key: the words of a breach that lasts carry counters, which a sale moves between the looks.
        let seen: BTreeSet<_> = breaches.into_iter().map(|breach| (breach.event, breach.key)).collect();
        breaches = check(pool).await?;
        breaches.retain(|breach| seen.contains(&(breach.event, breach.key.clone())));
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
            hears.sale_changed(event).await;
        }
    }
    Ok(breaches)
}

/// The audit as it comes round.
pub struct Audit<H> {
    /// The books, by a connection that nobody else waits for.
    pub pool: Pool,
    /// The pause between two rounds.
    pub every: Duration,
    /// The time, for the gauge of the last audit that came to its end.
    pub clock: Arc<dyn Clock>,
    /// Who is told of a sale that is stopped.
    pub hears: H,
}

#[async_trait]
impl<H: Hears> Task for Audit<H> {
    fn name(&self) -> &'static str {
        "audit"
    }

    fn every(&self) -> Duration {
        self.every
    }

    fn within(&self) -> Duration {
        AUDIT_WITHIN
    }

    async fn round(&self) -> Result<(), Trouble> {
        audit(&self.pool, &self.hears).await?;
        // An audit that fails leaves the number of breaches as it was: its age tells.
        gauge!("parterre_audit_completed_timestamp_seconds").set(self.clock.now().0 as f64 / 1000.0);
        Ok(())
    }
}
