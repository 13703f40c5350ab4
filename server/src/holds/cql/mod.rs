//! Holds on a CQL cluster (ScyllaDB, Apache Cassandra): conditional writes decide, a mirror answers what it can.
//!
//! - `cell`, `decide`: what stands in a row, and what becomes of a wish. Pure.
//! - `hall`, `layout`, `tiers`, `holders`: the mirror of an event.
//! - `door`: who waits outside while somebody is inside for the same seat.
//! - `queue`, `rows`, `engine`: one write under way a block, made for many; outcomes found out.
//! - `unknown`: writes of which nobody knows what became of them.
//! - `gone`: what is known to stand in a wish's way, and what of it is its own.
//! - `place`, `change`, `load`, `marks`: what the trait's calls do with it.
//! - `debts`: what they go on doing after they had to answer.
//! - `book`, `recorder`, `contents`: records of holds.
//! - `news`: what processes tell each other.
//! - `table`, `statements`, `records`, `answer`: the tables, and CQL itself.

mod answer;
mod book;
mod cell;
mod change;
mod contents;
mod debts;
mod decide;
mod door;
mod engine;
#[cfg(test)]
mod fake;
mod gone;
mod hall;
mod holders;
mod layout;
mod load;
mod marks;
mod news;
mod place;
mod queue;
mod recorder;
mod records;
mod rows;
mod statements;
mod table;
#[cfg(test)]
mod tests;
mod tiers;
mod unknown;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::hold::{Fence, Hold};
use domain::ids::{EventId, HoldId, HolderId};
use domain::seat::SeatId;
use domain::time::Millis;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::audit::{Drift, Marks};
use super::memory::lock;
use super::store::{Grant, HoldStore, Layout, Outcome, Snapshot, Sold};
use crate::bus::Bus;
use crate::stores::cql::Cql;
use crate::trouble::Trouble;
use book::Book;
pub(in crate::holds) use cell::{Cell, Mark, Moment};
use debts::Debts;
use door::Met;
use engine::Engine;
pub use engine::{Counters, GRACE, Tuning};
use hall::SharedHall;
use recorder::Recorder;
pub(in crate::holds) use statements::written;
use table::Table;
pub(in crate::holds) use table::Written;

/// Holds in a CQL keyspace. Clones are one store.
#[derive(Clone)]
pub struct CqlHolds {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Arc<Engine>,
    halls: Mutex<HashMap<EventId, Arc<OnceCell<SharedHall>>>>,
    book: Book,
    debts: Debts,
    recorder: Recorder,
}

impl Inner {
    /// The event, once it was opened, for somebody who wants something of it.
    fn hall(&self, event: EventId) -> Option<SharedHall> {
        let hall = self.known(event)?;
        hall.is_used(self.engine.tick_to_come());
        Some(hall)
    }

    /// The event, once it was opened.
    fn known(&self, event: EventId) -> Option<SharedHall> {
        lock(&self.halls).get(&event)?.get().cloned()
    }

    /// Lets go of events that nobody asked for since that tick, and of those whose opening failed. Their rows stay
    /// where they are, and whoever asks again opens them anew.
    fn let_go(&self, since: u64) {
        lock(&self.halls).retain(|_, cell| match cell.get() {
            Some(hall) => hall.used() >= since,
            // Whoever is opening it has a part in the cell.
            None => Arc::strong_count(cell) > 1,
        });
    }

    fn open_halls(&self) -> Vec<SharedHall> {
        lock(&self.halls).values().filter_map(|cell| cell.get()).filter(|hall| hall.is_open()).cloned().collect()
    }
}

impl CqlHolds {
    /// Holds in the keyspace of `cql`. Processes tell each other over `bus`, where there is one.
    ///
    /// # Errors
    /// [`Trouble::Unavailable`] where nobody answers, [`Trouble::Corrupt`] where the schema does not fit.
    pub async fn new(cql: Cql, tuning: Tuning, bus: Option<Arc<dyn Bus>>) -> Result<Self, Trouble> {
        Ok(Self::on(Arc::new(statements::Statements::prepare(cql).await?), tuning, bus))
    }

    fn on(table: Arc<dyn Table>, tuning: Tuning, bus: Option<Arc<dyn Bus>>) -> Self {
        let engine = Arc::new(Engine::new(table, tuning, news::Outbox::new(bus)));
        let (halls, book, debts, recorder) = Default::default();
        Self { inner: Arc::new(Inner { engine, halls, book, debts, recorder }) }
    }

    /// As it is by a clock that all processes of the shop go by: a keyspace that replaces a lost one must not begin with
    /// versions below those that mirrors have seen, wherever it is begun.
    #[must_use]
    pub fn starting(self, now: Millis) -> Self {
        self.inner.engine.starts(now);
        self
    }

    /// What happened since the start.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.inner.engine.counters
    }
}

/// Runs to its end, also when whoever asked goes away: half a change is nobody's. Begins at once, so that whoever waits
/// keeps a handle alone, and not the room that the work takes.
fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Outcome<T>> + Send + 'static,
) -> impl Future<Output = Outcome<T>> + Send {
    let done = tokio::spawn(work);
    async move {
        let told = done.await;
        told.unwrap_or_else(|_| Outcome::Unknown(engine::unconfirmed("the work ended without an answer")))
    }
}

#[async_trait]
impl HoldStore for CqlHolds {
    fn is_shared(&self) -> bool {
        true
    }

    fn grace(&self) -> i64 {
        self.inner.engine.tuning.grace
    }

    fn clock_is_ahead(&self, by: i64) {
        self.inner.engine.clock_is_ahead(by);
    }

    async fn open(&self, event: EventId, layout: Layout) -> Result<(), Trouble> {
        self.inner.open(event, &layout).await
    }

    async fn load_sold(&self, event: EventId, sold: Sold) -> Result<(), Trouble> {
        self.inner.load(event, &sold).await
    }

    async fn is_open(&self, event: EventId) -> Result<bool, Trouble> {
        Ok(self.inner.known(event).is_some_and(|hall| hall.is_open()))
    }

    async fn elsewhere(&self, hold: HoldId, holder: HolderId) -> Result<Option<EventId>, Trouble> {
        let event = self.inner.find(hold, holder).await?.map(|kept| kept.hold.event);
        Ok(event.filter(|event| self.inner.known(*event).is_none_or(|hall| !hall.is_open())))
    }

    async fn place(&self, grant: &Grant, now: Millis) -> Outcome<Hold> {
        let asked = Instant::now();
        let way = match self.inner.at_the_door(grant, now).await {
            Met::Way(way) => way,
            Met::Told(told) => return told,
        };
        let (inner, grant) = (Arc::clone(&self.inner), grant.clone());
        to_its_end(async move { inner.place(grant, (now, asked), way).await }).await
    }

    async fn earlier(&self, hold: HoldId, holder: HolderId, now: Millis) -> Result<Option<Hold>, Trouble> {
        // Whatever an earlier try has left to be done decides what there is to be found.
        let deadline = Instant::now() + self.inner.engine.tuning.resolve_within;
        if !self.inner.debts.paid(hold, deadline).await {
            return Err(engine::unconfirmed("an earlier try of this hold is still under way"));
        }
        match self.inner.earlier(hold, holder, now).await? {
            Some(_) => self.inner.get(hold, holder, now).await,
            None => Ok(None),
        }
    }

    async fn begun(
        &self,
        event: EventId,
        whose: (HoldId, HolderId),
        wanted: &[SeatId],
        now: Millis,
    ) -> Result<Vec<SeatId>, Trouble> {
        self.inner.begun(event, whose, wanted, now).await
    }

    async fn settled(&self, hold: HoldId) {
        self.inner.debts.all_paid(hold).await;
    }

    async fn get(&self, hold: HoldId, holder: HolderId, now: Millis) -> Result<Option<Hold>, Trouble> {
        self.inner.get(hold, holder, now).await
    }

    async fn by_holder(&self, holder: HolderId, now: Millis) -> Result<Vec<Hold>, Trouble> {
        self.inner.by_holder(holder, now).await
    }

    async fn verify(&self, hold: HoldId, holder: HolderId, now: Millis) -> Result<Option<Hold>, Trouble> {
        self.inner.verify(hold, holder, now).await
    }

    async fn extend(&self, hold: HoldId, holder: HolderId, by: i64, now: Millis) -> Outcome<Hold> {
        let inner = Arc::clone(&self.inner);
        to_its_end(async move { inner.extend(hold, holder, by, now).await }).await
    }

    async fn release(&self, hold: HoldId, holder: HolderId, now: Millis) -> Outcome<bool> {
        let inner = Arc::clone(&self.inner);
        to_its_end(async move { inner.release(hold, holder, now).await }).await
    }

    async fn mark_sold(&self, hold: &Hold) -> Result<(), Trouble> {
        if hold.id.0.is_nil() {
            // Nobody's hold ends, and so nobody's turn is to be waited for: marks of all events would, for one another.
            return self.inner.sell(hold).await;
        }
        let within = self.inner.engine.tuning.resolve_within;
        let turn = self.inner.book.turn(hold.holder, Instant::now() + within).await;
        let _turn = turn.ok_or_else(|| engine::unavailable("too many wait"))?;
        self.inner.sell(hold).await?;
        let mut over = hold.clone();
        // Whoever has standing places alone is told of without a fence, and what is older than its record ends nothing.
        if over.fence == Fence::default()
            && let Some(kept) = self.inner.find(hold.id, hold.holder).await?
        {
            over.fence = kept.hold.fence;
        }
        self.inner.forget(&over, Instant::now() + within).await
    }

    async fn mark_free(&self, event: EventId, hold: HoldId, places: &Sold) -> Result<(), Trouble> {
        self.inner.unsell(event, hold, places).await
    }

    async fn sweep(&self, now: Millis) -> Result<u32, Trouble> {
        self.inner.let_go(self.inner.engine.tick().saturating_sub(self.inner.engine.tuning.idle.as_micros() as u64));
        self.inner.sweep(now).await
    }

    async fn snapshot(&self, event: EventId, now: Millis) -> Result<Option<Snapshot>, Trouble> {
        Ok(self
            .inner
            .hall(event)
            .filter(|hall| hall.is_open())
            .map(|hall| hall.snapshot(self.inner.engine.moment(now))))
    }

    async fn check(&self) -> Result<(), Trouble> {
        self.inner.engine.table.check().await
    }

    fn opened(&self) -> Vec<EventId> {
        self.inner.open_halls().iter().map(|hall| hall.event).collect()
    }

    async fn marks(&self, event: EventId) -> Result<Option<Marks>, Trouble> {
        self.inner.marks(event).await
    }

    async fn correct(&self, event: EventId, drift: &Drift) -> Result<(), Trouble> {
        self.inner.correct(event, drift).await
    }

    async fn version(&self, event: EventId) -> Result<Option<u64>, Trouble> {
        Ok(self.inner.hall(event).filter(|hall| hall.is_open()).map(|hall| hall.version()))
    }
}
