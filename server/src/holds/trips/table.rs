//! What the store needs of a table of segments, and the table in memory: for one process alone, and for tests.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use async_trait::async_trait;
use domain::ids::TripId;
use domain::trip::{Legs, Segment};

use crate::holds::cql::{Cell, Written};
use crate::holds::memory::lock;
use crate::trouble::Trouble;

/// Rows of a trip; a segment that was never written has none.
pub(super) type Rows = BTreeMap<Segment, Cell>;

/// One row to be written, if its version is still `was` (0 for none).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SegmentChange {
    pub(super) segment: Segment,
    pub(super) was: i64,
    pub(super) cell: Cell,
}

/// Segments of trips, a partition a trip.
#[async_trait]
pub(super) trait SegmentTable: Send + Sync + 'static {
    /// The rows on these legs, or all, by a read that decides.
    async fn read(&self, trip: TripId, legs: Option<Legs>) -> Result<Rows, Trouble>;

    /// Writes all rows in one conditional batch, or none.
    async fn write(&self, trip: TripId, changes: &[SegmentChange]) -> Written;
}

/// The table in memory.
#[derive(Debug, Default)]
pub(super) struct MemorySegments(Mutex<HashMap<TripId, Rows>>);

#[async_trait]
impl SegmentTable for MemorySegments {
    async fn read(&self, trip: TripId, legs: Option<Legs>) -> Result<Rows, Trouble> {
        let wanted = |segment: &Segment| legs.is_none_or(|legs| (legs.from()..legs.to()).contains(&segment.leg));
        let trips = lock(&self.0);
        let rows = trips.get(&trip).into_iter().flatten();
        Ok(rows.filter(|(segment, _)| wanted(segment)).map(|(segment, cell)| (*segment, *cell)).collect())
    }

    async fn write(&self, trip: TripId, changes: &[SegmentChange]) -> Written {
        let mut trips = lock(&self.0);
        let rows = trips.entry(trip).or_default();
        let version = |segment| rows.get(segment).map_or(0, |cell: &Cell| cell.version);
        if changes.iter().any(|change| version(&change.segment) != change.was) {
            return Written::Lost(Vec::new());
        }
        rows.extend(changes.iter().map(|change| (change.segment, change.cell)));
        Written::Applied
    }
}
