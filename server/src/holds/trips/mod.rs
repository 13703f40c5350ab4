//! Holds on a trip's segments: a seat on some of its legs, so that people may share it one after the other.
//!
//! A trip is one partition, so all segments of a hold are taken by one conditional write, all or none. Within a
//! process a trip's writes take turns; between processes the versions decide, and whoever lost decides anew on what
//! stands there. A write of which nothing is known is looked for by a read that decides, under the same hold id.

mod cql;
mod decide;
mod table;
#[cfg(test)]
mod tests;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use domain::ids::{HoldId, TripId};
use domain::seat::{SeatId, SeatState};
use domain::time::Millis;
use domain::trip::{Legs, Segment};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout_at};

use self::cql::CqlSegments;
use self::decide::Decision;
pub use self::decide::{SegmentGrant, SegmentHold, SegmentLoss};
use self::table::{MemorySegments, Rows, SegmentTable};
use crate::holds::cql::{Mark, Moment, Written};
use crate::stores::cql::Cql;
use crate::trouble::Trouble;

/// Segments of one hold, at most: ten seats over twenty legs. One conditional batch writes them all.
pub const MOST_SEGMENTS: usize = 200;
/// An outcome that is not known within this time is told as such.
const RESOLVE_WITHIN: Duration = Duration::from_secs(5);
/// Between two looks for a write of which nothing is known.
const LOOK_EVERY: Duration = Duration::from_millis(50);
const LANES: usize = 64;
const WHAT: &str = "trip store";

/// What a change came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SegmentOutcome {
    /// Done, now or by an earlier call.
    Applied(SegmentHold),
    /// The facts are against it.
    Lost(SegmentLoss),
    /// Not known, or surely not done, as the trouble says. Ask again with the same hold.
    Unknown(Trouble),
}

/// The store.
pub struct TripHolds {
    table: Arc<dyn SegmentTable>,
    lanes: Box<[Mutex<()>]>,
    hasher: RandomState,
    within: Duration,
}

impl TripHolds {
    /// Holds of this process alone.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::new(Arc::new(MemorySegments::default()))
    }

    /// Holds in the keyspace of `cql`, shared by all processes.
    ///
    /// # Errors
    /// [`Trouble::Unavailable`] where nobody answers, [`Trouble::Corrupt`] where the schema does not fit.
    pub async fn on_cql(cql: Cql) -> Result<Self, Trouble> {
        Ok(Self::new(Arc::new(CqlSegments::new(cql).await?)))
    }

    fn new(table: Arc<dyn SegmentTable>) -> Self {
        Self {
            table,
            lanes: (0..LANES).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            within: RESOLVE_WITHIN,
        }
    }

    /// Takes every segment of the wish, or none.
    pub async fn place(&self, trip: TripId, grant: &SegmentGrant, now: Millis) -> SegmentOutcome {
        if grant.seats.is_empty() || grant.seats.len().saturating_mul(grant.legs.count()) > MOST_SEGMENTS {
            return SegmentOutcome::Lost(SegmentLoss::Size);
        }
        self.change(trip, |rows| decide::take(rows, grant, now)).await
    }

    /// Lets a live hold last until `until`; `granted` is what it was told to be.
    pub async fn extend(
        &self,
        trip: TripId,
        hold: HoldId,
        granted: &SegmentHold,
        until: Millis,
        now: Millis,
    ) -> SegmentOutcome {
        self.change(trip, |rows| decide::extend(rows, hold, granted, until, now)).await
    }

    /// Marks a live hold as sold: all that was granted, where nobody had any of it in between.
    pub async fn mark_sold(&self, trip: TripId, hold: HoldId, granted: &SegmentHold, now: Millis) -> SegmentOutcome {
        self.change(trip, |rows| decide::sell(rows, hold, granted, now)).await
    }

    /// Frees what a hold keeps, or what was sold by it.
    pub async fn free(&self, trip: TripId, hold: HoldId, now: Millis) -> SegmentOutcome {
        self.change(trip, |rows| decide::free(rows, hold, now)).await
    }

    /// What is not free on these legs, in order.
    ///
    /// # Errors
    /// What kept the trip from being read.
    pub async fn taken(&self, trip: TripId, legs: Legs, now: Millis) -> Result<Vec<(Segment, SeatState)>, Trouble> {
        let rows = self.rows(trip, Some(legs), Instant::now() + self.within).await?;
        let state = |mark| match mark {
            Mark::Free => SeatState::Free,
            Mark::Held => SeatState::Held,
            Mark::Sold => SeatState::Sold,
            Mark::Blocked => SeatState::Blocked,
        };
        Ok(rows
            .iter()
            .filter(|(_, cell)| !cell.is_open(Moment::exactly(now)))
            .map(|(at, cell)| (*at, state(cell.mark)))
            .collect())
    }

    /// Which of these seats one can have on all these legs.
    ///
    /// # Errors
    /// As [`TripHolds::taken`].
    pub async fn open_on(
        &self,
        trip: TripId,
        legs: Legs,
        seats: &[SeatId],
        now: Millis,
    ) -> Result<Vec<SeatId>, Trouble> {
        let taken = self.taken(trip, legs, now).await?;
        let is_open = |seat: &&SeatId| taken.iter().all(|(segment, _)| segment.seat != **seat);
        Ok(seats.iter().filter(is_open).copied().collect())
    }

    async fn rows(&self, trip: TripId, legs: Option<Legs>, deadline: Instant) -> Result<Rows, Trouble> {
        let late = |_| Trouble::Unavailable { what: WHAT, detail: "no answer in time".to_owned() };
        timeout_at(deadline, self.table.read(trip, legs)).await.map_err(late)?
    }

    async fn change(&self, trip: TripId, decide: impl Fn(&Rows) -> Decision) -> SegmentOutcome {
        let deadline = Instant::now() + self.within;
        let lane = &self.lanes[self.hasher.hash_one(trip.0) as usize % LANES];
        let Ok(_turn) = timeout_at(deadline, lane.lock()).await else {
            return SegmentOutcome::Unknown(Trouble::Unavailable { what: WHAT, detail: "a long queue".to_owned() });
        };
        let mut doubt = None;
        loop {
            let rows = match self.rows(trip, None, deadline).await {
                Ok(rows) => rows,
                Err(trouble) if doubt.is_none() || Instant::now() >= deadline => {
                    return SegmentOutcome::Unknown(doubt.unwrap_or(trouble));
                }
                Err(_) => {
                    sleep(LOOK_EVERY).await;
                    continue;
                }
            };
            let (changes, hold) = match decide(&rows) {
                Decision::Done(hold) => return SegmentOutcome::Applied(hold),
                Decision::Lost(loss) => return SegmentOutcome::Lost(loss),
                Decision::Write(changes, hold) => (changes, hold),
            };
            let written = timeout_at(deadline, self.table.write(trip, &changes)).await;
            match written.unwrap_or_else(|_| Written::Unknown(unconfirmed("no answer in time"))) {
                Written::Applied => return SegmentOutcome::Applied(hold),
                Written::Lost(_) => {}
                Written::NotDone(trouble) if doubt.is_none() => return SegmentOutcome::Unknown(trouble),
                Written::Unknown(trouble) => doubt = Some(trouble),
                Written::NotDone(_) => sleep(LOOK_EVERY).await,
            }
            if Instant::now() >= deadline {
                return SegmentOutcome::Unknown(doubt.unwrap_or_else(|| Trouble::Unavailable {
                    what: WHAT,
                    detail: "others were faster too often".to_owned(),
                }));
            }
        }
    }
}

fn unconfirmed(detail: &str) -> Trouble {
    Trouble::Unconfirmed { what: WHAT, detail: detail.to_owned() }
}
