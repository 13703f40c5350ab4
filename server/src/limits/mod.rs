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

    /// Counts a request of `who` under `rule`, if it may be sent.
    pub async fn take(&self, rule: Rule, who: &str, now: Millis) -> Verdict {
        let nonce = Nonce(random(&*self.clock));
        let here = self.here.count(rule, who, nonce, now);
        match &self.everywhere {
            None => here,
            Some(everywhere) => everywhere.take(rule, who, nonce, now).await.unwrap_or_else(|trouble| {
                tracing::debug!(%trouble, "a request is counted in this process alone");
                here
            }),
        }
    }
}
