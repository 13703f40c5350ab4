//! What all blocks share: the tables, limits of time and number, the fence, and counters.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use domain::hold::Fence;
use domain::time::Millis;
use futures::future::{Either, select};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::cell::Moment;
use super::news::Outbox;
use super::table::{Reading, Table};
use crate::clock::{Clock, SystemClock};
use crate::trouble::Trouble;

/// How troubles name this store.
pub(super) const WHAT: &str = "hold store";

/// Limits of time and number.
#[derive(Clone, Copy, Debug)]
pub struct Tuning {
    /// Places written in one conditional batch, at most; a wish that wants more goes alone.
    pub batch: usize,
    /// Wishes for single places that one batch answers, at most; one for any places counts as ten.
    pub wishes: usize,
    /// Wishes that wait for one block, at most; the next one is told that the hall is busy.
    pub queue: usize,
    /// Who waits outside of one block's door for somebody inside, at most; the next one is told that the hall is busy.
    pub outside: usize,
    /// Conditional writes of this process under way at a time, over all blocks.
    pub in_flight: usize,
    /// A wish that no write has begun for within this time was surely not granted, and is told so.
    pub begin_within: Duration,
    /// An outcome that is not known within this time is told as [`Trouble::Unconfirmed`].
    pub resolve_within: Duration,
    /// How long one request to the store may take. After a quarter of it what is safe to repeat is asked once more, after
    /// three quarters a conditional write is looked after.
    pub answer_within: Duration,
    /// How old the knowledge may be that refuses a place, in a process that others' news reach.
    pub trust: Duration,
    /// Reads of blocks at a time while an event is opened or compared.
    pub reads: usize,
    /// An event that nobody asks for is forgotten after this time.
    pub idle: Duration,
    /// How long after its end another's hold counts as run out, in milliseconds: clocks differ.
    pub grace: i64,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            // A whole block: rows of one partition are one small write, and each round of Paxos is dear.
            batch: 200,
            // Whoever loses takes no room in the batch: of a hundred who want the same seat one is written for.
            wishes: 2_000,
            queue: 2_000,
            // They cost little more than their connections; all that a process may have under way is five times that.
            outside: 10_000,
            in_flight: 64,
            // Before whoever asks is told that it takes longer: that nothing was done is the better word.
            begin_within: Duration::from_millis(1_800),
            resolve_within: Duration::from_secs(5),
            answer_within: Duration::from_secs(2),
            trust: Duration::from_secs(1),
            reads: 16,
            idle: Duration::from_secs(600),
            grace: GRACE,
        }
    }
}

/// [`Tuning::grace`], as it comes.
pub const GRACE: i64 = 1_000;

/// What happened, counted since the start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Conditional writes sent: each is a round of Paxos.
    pub writes: AtomicU64,
    /// Reads that decide: each is a round of Paxos, too.
    pub decisions: AtomicU64,
    /// Of them, those that another process was faster than.
    pub conflicts: AtomicU64,
    /// Of them, those whose outcome had to be found out.
    pub unknown: AtomicU64,
    /// Plain reads of blocks.
    pub reads: AtomicU64,
    /// Requests that were sent once more, as the first one was not answered for long.
    pub repeated: AtomicU64,
    /// Wishes answered from the mirror alone.
    pub spared: AtomicU64,
    /// Wishes refused because too many waited.
    pub busy: AtomicU64,
    /// Wishes that waited outside while somebody was inside for their seat.
    pub outside: AtomicU64,
}

impl Counters {
    /// Rounds of Paxos, those of reads included.
    #[must_use]
    pub fn rounds(&self) -> u64 {
        self.writes.load(Ordering::Relaxed) + self.decisions.load(Ordering::Relaxed)
    }

    /// A read is sent.
    pub(super) fn reads(&self, how: Reading) {
        count(match how {
            Reading::Plain => &self.reads,
            Reading::Deciding => &self.decisions,
        });
    }
}

/// Adds one.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// After so many failures in a row, wishes are refused at the door...
const FAILURES: u32 = 3;
/// ...but for one in so many microseconds, which finds out whether the store is back.
const PROBE_EVERY: u64 = 500_000;

/// A fence is a millisecond, a thousand of them, and as many processes.
const OWN: i64 = 1 << 10;

/// Shared by everybody who works on blocks.
pub(super) struct Engine {
    pub(super) table: Arc<dyn Table>,
    pub(super) tuning: Tuning,
    pub(super) slots: Semaphore,
    /// Who has it may send a request once more.
    again: Semaphore,
    pub(super) outbox: Outbox,
    pub(super) counters: Counters,
    start: Instant,
    /// Milliseconds since 1970 at the start, by the house's clock where it was told.
    epoch: AtomicI64,
    /// By how many milliseconds the process's clock is ahead.
    ahead: AtomicI64,
    ticks: AtomicU64,
    fence: AtomicI64,
    own: i64,
    failures: AtomicU32,
    probed: AtomicU64,
    /// When the tables were last reached anew, or stopped answering.
    renewed: AtomicU64,
}

impl Engine {
    pub(super) fn new(table: Arc<dyn Table>, tuning: Tuning, outbox: Outbox) -> Self {
        Self {
            table,
            tuning,
            slots: Semaphore::new(tuning.in_flight),
            again: Semaphore::new(1),
            outbox,
            counters: Counters::default(),
            start: Instant::now(),
            epoch: SystemClock.now().0.into(),
            ahead: AtomicI64::new(0),
            ticks: AtomicU64::new(0),
            fence: AtomicI64::new(0),
            // Any number that hardly any other process has.
            own: (RandomState::new().hash_one(0) % OWN as u64) as i64,
            failures: AtomicU32::new(0),
            probed: AtomicU64::new(0),
            renewed: AtomicU64::new(0),
        }
    }

    /// Microseconds of this process, from one, as nothing was seen at zero; no tick comes twice, so that of a reading
    /// and a call it is always known which began first.
    pub(super) fn tick(&self) -> u64 {
        let now = self.start.elapsed().as_micros() as u64;
        let next = |last: u64| Some(now.max(last + 1));
        let last = self.ticks.fetch_update(Ordering::AcqRel, Ordering::Acquire, next).unwrap_or_else(|last| last);
        now.max(last + 1)
    }

    /// No tick that has been is as great, and others may be as great yet: for whoever only looks back, and writes nothing.
    pub(super) fn tick_to_come(&self) -> u64 {
        (self.start.elapsed().as_micros() as u64).max(self.ticks.load(Ordering::Acquire) + 1)
    }

    /// Versions written now are at least this: milliseconds since 1970, by a clock that no jump reaches.
    pub(super) fn stamp(&self) -> i64 {
        self.epoch.load(Ordering::Relaxed).saturating_add(self.start.elapsed().as_millis() as i64)
    }

    /// It is now so late: from here on versions go by that.
    pub(super) fn starts(&self, now: Millis) {
        self.epoch.store(now.0.saturating_sub(self.start.elapsed().as_millis() as i64), Ordering::Relaxed);
    }

    /// The caller's moment. Where this process's clock is known to be ahead, others' holds run out so much later by it.
    pub(super) fn moment(&self, now: Millis) -> Moment {
        Moment { now, over: now.plus(-self.tuning.grace - self.ahead.load(Ordering::Relaxed)) }
    }

    /// By how many milliseconds this process's clock is ahead. One that is behind frees nothing early.
    pub(super) fn clock_is_ahead(&self, by: i64) {
        self.ahead.store(by.max(0), Ordering::Relaxed);
    }

    /// What was seen at this tick or later may refuse a patient wish.
    pub(super) fn trusted_since(&self) -> u64 {
        self.tick_to_come().saturating_sub(self.tuning.trust.as_micros() as u64)
    }

    /// The next fence: above every earlier one of this process and of the rows it has seen, above the millisecond, and
    /// above the floor that PostgreSQL remembers. Its last digits are the process's own, so that hardly any other has
    /// the same.
    pub(super) fn next_fence(&self, now: Millis, floor: Fence) -> Fence {
        let least = now.0.saturating_mul(1 << 20).max(floor.0.saturating_add(1));
        let after = |last: i64| {
            let least = least.max(last.saturating_add(1));
            let own = (least & !(OWN - 1)) | self.own;
            if own < least { own.saturating_add(OWN) } else { own }
        };
        let next = |last: i64| Some(after(last));
        let last = self.fence.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap_or_else(|last| last);
        Fence(after(last))
    }

    /// Later fences are above this one.
    pub(super) fn seen_fence(&self, fence: Fence) {
        self.fence.fetch_max(fence.0, Ordering::Relaxed);
    }

    /// Asks, and once more where there is no answer in a quarter of the time: a single question that was lost is no reason
    /// to fail all who wait for it. One request a process is repeated at a time, as a store that is slow has enough to do.
    pub(super) async fn ask_twice<T, F>(&self, ask: impl Fn() -> F) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, Trouble>> + Send,
    {
        let asked = async {
            let mut first = Box::pin(ask());
            if let Ok(answer) = timeout(self.tuning.answer_within / 4, &mut first).await {
                return answer;
            }
            let again = Box::pin(async {
                let _turn = self.again.acquire().await;
                count(&self.counters.repeated);
                ask().await
            });
            match select(first, again).await {
                Either::Left((Err(_), other)) => other.await,
                Either::Right((Err(_), other)) => other.await,
                Either::Left((answer, _)) | Either::Right((answer, _)) => answer,
            }
        };
        timeout(self.tuning.answer_within, asked).await.unwrap_or_else(|_| Err(unavailable("no answer in time")))
    }

    /// How a request went.
    pub(super) fn went<T>(&self, answer: Result<T, Trouble>) -> Result<T, Trouble> {
        match &answer {
            Ok(_) => self.failures.store(0, Ordering::Relaxed),
            Err(_) => self.failed(),
        }
        answer
    }

    /// Where nothing has been answered for as long as anybody waits for an outcome, the tables are reached anew, and so
    /// again after the same time: a way to them that is broken without end may look like a silent cluster.
    fn failed(&self) {
        let now = self.tick();
        if self.failures.fetch_add(1, Ordering::Relaxed) == 0 {
            self.renewed.store(now, Ordering::Relaxed);
            return;
        }
        let last = self.renewed.load(Ordering::Relaxed);
        let is_due = now >= last.saturating_add(self.tuning.resolve_within.as_micros() as u64);
        if is_due && self.renewed.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            let table = Arc::clone(&self.table);
            tokio::spawn(async move {
                if let Err(trouble) = table.renew().await {
                    tracing::warn!(%trouble, "the hold store cannot be reached anew");
                }
            });
        }
    }

    /// Whether the store has not answered for some requests in a row.
    pub(super) fn is_away(&self) -> bool {
        self.failures.load(Ordering::Relaxed) >= FAILURES
    }

    /// Refuses while the store does not answer, but for a probe now and then.
    pub(super) fn check_open(&self) -> Result<(), Trouble> {
        if !self.is_away() {
            return Ok(());
        }
        let (now, last) = (self.tick(), self.probed.load(Ordering::Relaxed));
        let probes = now >= last + PROBE_EVERY
            && self.probed.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if probes { Ok(()) } else { Err(unavailable("it has not answered for a while")) }
    }
}

/// Nothing was done.
pub(super) fn unavailable(detail: &str) -> Trouble {
    Trouble::Unavailable { what: WHAT, detail: detail.to_owned() }
}

/// It may have been done.
pub(super) fn unconfirmed(detail: &str) -> Trouble {
    Trouble::Unconfirmed { what: WHAT, detail: detail.to_owned() }
}
