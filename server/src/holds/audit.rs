//! The audit: what PostgreSQL claims beside what the store marks as sold, while a sale runs.
//!
//! News of an order reaches the store a moment after its commit, so that a difference alone is nothing. One that is
//! still there after a pause, by a reading of the store that is older than that of PostgreSQL, on a place whose version
//! has not moved meanwhile, is a mistake: it is corrected on the condition that the version still stands.

use std::collections::BTreeMap;
use std::time::Duration;

use axum_prometheus::metrics::{counter, gauge};
use domain::ids::{EventId, HoldId, TierId};
use domain::seat::SeatId;
use tokio::time::Instant;

use super::store::Sold;
use super::{HoldError, Holds};

/// How long a difference may take to go away by itself.
pub const SETTLES_WITHIN: Duration = Duration::from_secs(3);

/// A standing place that is marked as sold, and at which version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marked {
    /// The block of its tier.
    pub block: u32,
    /// Which place of the block.
    pub place: u32,
    /// The version.
    pub version: i64,
}

/// What a store marks as sold, as it has just been read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// By seat id: its version, and whether it is marked.
    pub seats: Vec<(i64, bool)>,
    /// By standing tier and hold, places marked. Those of no hold were loaded as a mere number.
    pub standing: BTreeMap<(TierId, Option<HoldId>), Vec<Marked>>,
    /// Cells that this process had believed to be others.
    pub stale: u32,
}

/// Marks that are wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// Seats with the version at which they are wrong, and whether they are sold in truth.
    pub seats: BTreeMap<SeatId, (i64, bool)>,
    /// By tier and hold: places marked, and places sold in truth.
    pub standing: BTreeMap<(TierId, Option<HoldId>), (Vec<Marked>, u32)>,
}

impl Drift {
    /// Where marks and claims differ.
    #[must_use]
    pub fn between(marks: &Marks, sold: &Sold) -> Self {
        let mut truth = vec![false; marks.seats.len()];
        for seat in &sold.seats {
            if let Some(sold) = truth.get_mut(seat.index()) {
                *sold = true;
            }
        }
        let wrong = (0_u32..).zip(marks.seats.iter().zip(truth)).filter(|(_, ((_, marked), sold))| marked != sold);
        let seats = wrong.map(|(seat, ((version, _), sold))| (SeatId(seat), (*version, sold))).collect();
        let mut claimed: BTreeMap<(TierId, Option<HoldId>), u32> = BTreeMap::new();
        for (hold, tier, places) in &sold.counted {
            *claimed.entry((*tier, Some(*hold))).or_default() += places;
        }
        for (tier, total) in &sold.standing {
            let named: u32 = sold.counted.iter().filter(|(_, of, _)| of == tier).map(|(_, _, places)| places).sum();
            claimed.insert((*tier, None), total.saturating_sub(named));
        }
        let mut standing = BTreeMap::new();
        for key in marks.standing.keys().chain(claimed.keys()) {
            let marked = marks.standing.get(key).map_or(&[][..], Vec::as_slice);
            let truly = claimed.get(key).copied().unwrap_or_default();
            if marked.len() != truly as usize {
                standing.insert(*key, (marked.to_vec(), truly));
            }
        }
        Self { seats, standing }
    }

    /// What was wrong before in just the same way.
    #[must_use]
    pub fn still(mut self, before: &Self) -> Self {
        self.seats.retain(|seat, wrong| before.seats.get(seat) == Some(wrong));
        self.standing.retain(|key, wrong| before.standing.get(key) == Some(wrong));
        self
    }

    /// How many marks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.seats.len() + self.standing.len()
    }

    /// Nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seats.is_empty() && self.standing.is_empty()
    }
}

impl Holds {
    /// Compares the event's marks with PostgreSQL's claims and corrects what stays wrong for `pause`; answers how many
    /// marks that were. A store of this process alone needs no audit: it answers 0.
    ///
    /// # Errors
    /// [`HoldError::NoSuchEvent`], or trouble.
    pub async fn audit(&self, event: EventId, pause: Duration) -> Result<usize, HoldError> {
        self.ready(event).await?;
        let Some(marks) = self.store.marks(event).await? else { return Ok(0) };
        counter!("parterre_holds_mirror_stale_total").increment(u64::from(marks.stale));
        let first = Drift::between(&marks, &self.inventories.sold(event).await?);
        if first.is_empty() {
            return Ok(0);
        }
        tokio::time::sleep(pause).await;
        // The store first: a mark that is there now rests on a commit that PostgreSQL will tell of.
        let Some(marks) = self.store.marks(event).await? else { return Ok(0) };
        let drift = Drift::between(&marks, &self.inventories.sold(event).await?).still(&first);
        if drift.is_empty() {
            return Ok(0);
        }
        tracing::warn!(%event, marks = drift.len(), "the hold store's marks of what is sold were wrong");
        self.store.correct(event, &drift).await?;
        counter!("parterre_holds_drift_corrected_total").increment(drift.len() as u64);
        Ok(drift.len())
    }

    /// Audits the events that are open here, one after the other, beginning behind `last` and for no longer than
    /// `within`: with many events, each has its turn in some round. Answers the last one, for the next round.
    ///
    /// # Errors
    /// The first trouble, after the others were tried.
    pub async fn audit_round(&self, last: &mut Option<EventId>, within: Duration) -> Result<usize, HoldError> {
        let (begun, mut wrong, mut failed) = (Instant::now(), 0, None);
        for event in in_turn(self.store.opened(), *last) {
            if begun.elapsed() > within {
                break;
            }
            *last = Some(event);
            match self.audit(event, SETTLES_WITHIN).await {
                Ok(marks) => wrong += marks,
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        gauge!("parterre_holds_drift").set(wrong as f64);
        failed.map_or(Ok(wrong), Err)
    }
}

/// The events in a fixed order that begins behind `last`.
fn in_turn(mut events: Vec<EventId>, last: Option<EventId>) -> Vec<EventId> {
    events.sort_unstable();
    let next = last.map_or(0, |last| events.partition_point(|event| *event <= last));
    events.rotate_left(next);
    events
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn every_event_has_its_turn_however_early_a_round_ends() {
        let events: Vec<EventId> = [3, 1, 2].map(|n| EventId(Uuid::from_u128(n))).into();
        let (mut last, mut seen) = (None, Vec::new());
        for _ in 0..4 {
            last = in_turn(events.clone(), last).first().copied();
            seen.extend(last.map(|event| event.0.as_u128()));
        }
        assert_eq!(seen, [1, 2, 3, 1]);
        assert_eq!(in_turn(Vec::new(), last), []);
    }
}
