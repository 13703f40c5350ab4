//! Looks again and again while somebody listens, and now and then past every shortcut.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use axum_prometheus::metrics::{counter, histogram};
use domain::time::Millis;
use futures::{StreamExt, stream};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::projection::Projection;
use super::{Availability, Inner, TICK};
use crate::clock::Clock;
use crate::holds::HoldError;
use crate::trouble::Trouble;

/// Between two comparisons of what is shown with what the store says, in milliseconds.
pub(super) const COMPARE: u64 = 10_000;
/// How long the store may take to say what it knows of one event.
const WITHIN: Duration = Duration::from_secs(2);
/// Events that are compared at a time.
const AT_ONCE: usize = 8;

/// Says that a task goes on, until it ends in whatever way.
struct Goes {
    house: Weak<Inner>,
    flag: fn(&Inner) -> &AtomicBool,
}

impl Goes {
    /// Says so; `None` where it goes on already.
    fn on(house: &Arc<Inner>, flag: fn(&Inner) -> &AtomicBool) -> Option<Self> {
        let already = flag(house).load(Ordering::Relaxed) || flag(house).swap(true, Ordering::Relaxed);
        (!already).then(|| Self { house: Arc::downgrade(house), flag })
    }
}

impl Drop for Goes {
    fn drop(&mut self) {
        if let Some(house) = self.house.upgrade() {
            (self.flag)(&house).store(false, Ordering::Relaxed);
        }
    }
}

/// The same of an event's ticker.
struct Ticking {
    projection: Arc<Projection>,
    /// It said that it rests: another may tick already.
    rests: bool,
}

impl Drop for Ticking {
    fn drop(&mut self) {
        if !self.rests {
            self.projection.has_no_ticker();
        }
    }
}

impl Availability {
    /// Starts the event's ticker where it has none and needs one.
    pub(super) fn tick(&self, projection: &Arc<Projection>) {
        let Some(clock) = self.0.clock.clone() else { return };
        if projection.needs_ticker() {
            let ticking = Ticking { projection: Arc::clone(projection), rests: false };
            tokio::spawn(ticks(Arc::downgrade(&self.0), ticking, clock));
        }
    }

    /// Starts what goes on behind the scenes, where it does not.
    pub(super) fn keep(&self) {
        let Some(clock) = self.0.clock.as_ref().filter(|_| !self.0.closing.is_cancelled()) else { return };
        if let Some(goes) = Goes::on(&self.0, |house| &house.beating) {
            tokio::spawn(beats(goes));
        }
        if let Some(goes) = Goes::on(&self.0, |house| &house.comparing) {
            tokio::spawn(comparisons(goes, Arc::clone(clock)));
        }
    }

    /// One look at the event, told to whoever listens if it differs from the last one.
    async fn look_again(&self, projection: &Projection, now: Millis) -> Result<(), HoldError> {
        projection.touch(now);
        if let Some(snapshot) = self.0.holds.look(projection.event, 0, now).await? {
            projection.fold(None, snapshot, &self.0.broadcaster);
        }
        Ok(())
    }

    /// Compares what is shown of every event with what the store says, and puts it right; answers how many seats and
    /// standing tiers were shown wrongly.
    ///
    /// # Errors
    /// The last trouble with the store; the other events are right.
    pub async fn compare(&self, now: Millis) -> Result<usize, HoldError> {
        let (mut wrong, mut failed) = (0, None);
        let mut compared = stream::iter(self.projections())
            .map(|projection| async move { self.compare_one(&projection, now).await })
            .buffer_unordered(AT_ONCE);
        while let Some(one) = compared.next().await {
            match one {
                Ok(more) => wrong += more,
                Err(error) => failed = Some(error),
            }
        }
        drop(compared);
        counter!("parterre_live_comparisons_total").increment(1);
        counter!("parterre_live_drift_total").increment(wrong as u64);
        if wrong > 0 {
            tracing::warn!(wrong, "places were shown wrongly and are put right");
        }
        failed.map_or(Ok(wrong), Err)
    }

    async fn compare_one(&self, projection: &Arc<Projection>, now: Millis) -> Result<usize, HoldError> {
        let looked = timeout(WITHIN, self.0.holds.look_past(projection.event, now)).await;
        let silent = |_| Trouble::Unavailable { what: "the hold store", detail: "no answer in two seconds".into() };
        let Some(snapshot) = looked.map_err(silent)?? else { return Ok(0) };
        let still = self.0.holds.is_still(projection.event, &snapshot).await?;
        let wrong = projection.correct(Arc::clone(&snapshot), still, &self.0.broadcaster, now);
        // Those who only listen hear of tiers that moved, too.
        match self.0.holds.ready(projection.event).await {
            Err(HoldError::NoSuchEvent) => self.end(projection),
            ready => drop(projection.fold(Some(ready?), snapshot, &self.0.broadcaster)),
        }
        Ok(wrong)
    }
}

async fn ticks(house: Weak<Inner>, mut ticking: Ticking, clock: Arc<dyn Clock>) {
    let mut interval = interval(Duration::from_millis(TICK));
    interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        interval.tick().await;
        let Some(house) = house.upgrade().map(Availability) else { return };
        ticking.rests = ticking.projection.may_rest();
        if ticking.rests || house.0.closing.is_cancelled() {
            return;
        }
        let began = tokio::time::Instant::now();
        if let Err(error) = house.look_again(&ticking.projection, clock.now()).await {
            counter!("parterre_live_failed_ticks_total").increment(1);
            tracing::debug!(%error, "a tick came to nothing");
        }
        counter!("parterre_live_ticks_total").increment(1);
        histogram!("parterre_live_tick_seconds").record(began.elapsed());
    }
}

/// Seconds for the threads that write, and a new ticker where one came to grief, for as long as the house stands.
async fn beats(goes: Goes) {
    let mut second = interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        second.tick().await;
        let Some(house) = goes.house.upgrade().map(Availability) else { return };
        if house.0.closing.is_cancelled() {
            return;
        }
        house.0.broadcaster.beat();
        house.projections().iter().for_each(|projection| house.tick(projection));
    }
}

/// Comparisons, for as long as the house stands: on their own, as a slow store is not to hold up the heartbeats.
async fn comparisons(goes: Goes, clock: Arc<dyn Clock>) {
    loop {
        let Some(every) = goes.house.upgrade().map(|house| house.compare_every.load(Ordering::Relaxed)) else { return };
        sleep(Duration::from_millis(every)).await;
        let Some(house) = goes.house.upgrade().map(Availability) else { return };
        if house.0.closing.is_cancelled() {
            return;
        }
        house.forget(clock.now());
        if let Err(error) = house.compare(clock.now()).await {
            tracing::debug!(%error, "not all that is shown could be compared");
        }
    }
}
