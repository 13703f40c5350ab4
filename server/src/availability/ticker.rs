//! Looks again and again while somebody listens, and now and then past every shortcut.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use axum_prometheus::metrics::{counter, histogram};
use domain::time::Millis;
use tokio::time::{MissedTickBehavior, interval};

use super::projection::Projection;
use super::{Availability, Inner, TICK};
use crate::clock::Clock;
use crate::holds::HoldError;

/// Between two comparisons of what is shown with what the store says.
const COMPARE: Duration = Duration::from_secs(10);

impl Availability {
    /// Starts the event's ticker where it has none and needs one.
    pub(super) fn tick(&self, projection: &Arc<Projection>) {
        let Some(clock) = self.0.clock.clone() else { return };
        if projection.needs_ticker() {
            if !self.0.beating.swap(true, Ordering::Relaxed) {
                tokio::spawn(beats(Arc::downgrade(&self.0)));
            }
            tokio::spawn(ticks(Arc::downgrade(&self.0), Arc::clone(projection), clock));
        }
    }

    /// One look at the event, told to whoever listens if it differs from the last one.
    async fn look_again(&self, projection: &Projection, now: Millis) -> Result<(), HoldError> {
        if let Some(snapshot) = self.0.holds.look(projection.event, 0, now).await? {
            projection.fold(None, snapshot, &self.0.broadcaster);
        }
        Ok(())
    }

    /// Compares what is shown of every event with what the store says, and puts it right; answers how many seats and
    /// standing tiers were shown wrongly.
    ///
    /// # Errors
    /// Trouble with the store; what was compared until then is right.
    pub async fn compare(&self, now: Millis) -> Result<usize, HoldError> {
        let mut wrong = 0;
        for projection in self.projections() {
            if let Some(snapshot) = self.0.holds.look_past(projection.event, now).await? {
                wrong += projection.correct(snapshot, &self.0.broadcaster);
            }
        }
        counter!("parterre_live_comparisons_total").increment(1);
        counter!("parterre_live_drift_total").increment(wrong as u64);
        if wrong > 0 {
            tracing::warn!(wrong, "places were shown wrongly and are put right");
        }
        Ok(wrong)
    }
}

async fn ticks(house: Weak<Inner>, projection: Arc<Projection>, clock: Arc<dyn Clock>) {
    let mut interval = interval(Duration::from_millis(TICK));
    interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        interval.tick().await;
        let Some(house) = house.upgrade().map(Availability) else { return };
        if projection.may_rest() || house.0.closing.is_cancelled() {
            return;
        }
        let began = tokio::time::Instant::now();
        if let Err(error) = house.look_again(&projection, clock.now()).await {
            counter!("parterre_live_failed_ticks_total").increment(1);
            tracing::debug!(%error, "a tick came to nothing");
        }
        counter!("parterre_live_ticks_total").increment(1);
        histogram!("parterre_live_tick_seconds").record(began.elapsed());
    }
}

/// Seconds for the threads that write, and comparisons, for as long as the house stands.
async fn beats(house: Weak<Inner>) {
    let mut second = interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut since = Duration::ZERO;
    loop {
        second.tick().await;
        let Some(house) = house.upgrade().map(Availability) else { return };
        if house.0.closing.is_cancelled() {
            return;
        }
        house.0.broadcaster.beat();
        since += Duration::from_secs(1);
        if since >= COMPARE
            && let Some(clock) = &house.0.clock
        {
            since = Duration::ZERO;
            if let Err(error) = house.compare(clock.now()).await {
                tracing::debug!(%error, "what is shown could not be compared");
            }
        }
    }
}
