//! How much one client may ask in an hour, over all processes of the shop.
//!
//! Each [`Rule`] is a bucket by GCRA (the generic cell rate algorithm of ATM, ITU-T I.371): a client may send a burst,
//! and then one request an interval. The counts live in Redis, so that a client that is spread over several processes
//! counts once. Every request is counted in this process too, and where Redis does not answer that count decides: the
//! limits then are looser by the number of processes, and never gone.
//!
//! What lasts seconds is not counted here: `http::layers` bounds bursts in process, without a question to anybody.

mod bucket;
#[cfg(test)]
mod contract;
pub mod memory;
pub mod redis;
mod store;

pub use bucket::{Bucket, SITE, Shares, first_bits};
pub use store::{Nonce, RateStore, Verdict};

use std::sync::Arc;

use domain::time::Millis;

use crate::clock::{Clock, random};
use memory::MemoryRates;

/// Length of the window, in microseconds: an hour.
const WINDOW: i64 = 3_600_000_000;

/// By how much the clocks of two processes may differ, in microseconds. A count that is farther ahead than this was made by
/// a clock that has been set back; one that is less far ahead must not be shortened, or whoever asks two processes in turn
/// would win their difference each time.
const APART: i64 = 1_000_000;

/// How much of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What is counted; part of the key.
    pub name: &'static str,
    /// Requests an hour, in the long run.
    pub per_hour: u32,
    /// Requests at once after a rest; at most as many as in an hour.
    pub burst: u32,
}

impl Rule {
    /// Between two requests in the long run, in microseconds.
    fn interval(self) -> i64 {
        (WINDOW / i64::from(self.per_hour.max(1))).max(1)
    }

    /// How far ahead of the long run a client may be, in microseconds.
    fn tolerance(self) -> i64 {
        self.interval().saturating_mul(i64::from(self.burst.clamp(1, self.per_hour.max(1))))
    }
}

/// Counts requests, everywhere or here.
pub struct Limits {
    everywhere: Option<Arc<dyn RateStore>>,
    here: MemoryRates,
    clock: Arc<dyn Clock>,
}

impl Limits {
    /// Counts in `everywhere` where there is such a store, and here.
    #[must_use]
    pub fn new(everywhere: Option<Arc<dyn RateStore>>, clock: Arc<dyn Clock>) -> Self {
        Self { everywhere, here: MemoryRates::default(), clock }
    }

    /// Counts a request of `who` under `rule`, if it may be sent. Whoever has to may give it back.
    ///
    /// # Errors
    /// Milliseconds until it may be sent.
    pub async fn lend(&self, rule: Rule, who: &str, now: Millis) -> Result<Lent, i64> {
        let nonce = Nonce(random(&*self.clock));
        match self.count(rule, who, nonce, now).await {
            (Verdict::Refused { retry_after }, _) => Err(retry_after),
            (_, here) => Ok(Lent { rule, who: who.to_owned(), nonce, at: now, here }),
        }
    }

    /// Nothing came of the request: it is as if it had never been sent. In this process that is so at once; what comes
    /// back, where something does, says it to all others.
    pub fn give_back(&self, lent: Lent, now: Millis) -> Option<impl Future<Output = ()> + Send + use<>> {
        let Lent { rule, who, nonce, at, here } = lent;
        if here {
            self.here.uncount(rule, &who, nonce, at, now);
        }
        let everywhere = Arc::clone(self.everywhere.as_ref()?);
        Some(async move {
            if let Err(trouble) = everywhere.give_back(rule, &who, nonce, at, now).await {
                tracing::debug!(%trouble, "a request of which nothing came stays counted");
            }
        })
    }

    /// The verdict, and whether this process counted the request as sent.
    async fn count(&self, rule: Rule, who: &str, nonce: Nonce, now: Millis) -> (Verdict, bool) {
        let here = self.here.count(rule, who, nonce, now);
        let verdict = match &self.everywhere {
            None => here,
            Some(everywhere) => everywhere.take(rule, who, nonce, now).await.unwrap_or_else(|trouble| {
                tracing::debug!(%trouble, "a request is counted in this process alone");
                here
            }),
        };
        (verdict, matches!(here, Verdict::Granted { .. }))
    }
}

/// A request that was counted and may be given back. Dropped, it stays counted.
#[derive(Debug)]
pub struct Lent {
    rule: Rule,
    who: String,
    nonce: Nonce,
    at: Millis,
    /// Whether this process counted it.
    here: bool,
}
