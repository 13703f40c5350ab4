//! Segments in `inventory_by_trip_segment`.

use async_trait::async_trait;
use domain::hold::Fence;
use domain::ids::{HoldId, HolderId, TripId};
use domain::seat::SeatId;
use domain::time::Millis;
use domain::trip::{Legs, Segment};
use scylla::DeserializeRow;
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::prepared::PreparedStatement;
use uuid::Uuid;

use super::table::{Rows, SegmentChange, SegmentTable};
use crate::holds::cql::{Cell, Written, mark_of, read_answer};
use crate::stores::cql::Cql;
use crate::stores::cql::error::{corrupt, read_trouble, write_trouble};
use crate::trouble::Trouble;

const READ: &str = "SELECT segment_idx, seat_id, version, state, hold_id, holder, expires_at, fence, extensions \
    FROM inventory_by_trip_segment WHERE trip_id = ? AND segment_idx >= ? AND segment_idx < ?";
const WRITE: &str = "UPDATE inventory_by_trip_segment SET version = ?, state = ?, hold_id = ?, holder = ?, expires_at = ?, \
    fence = ?, extensions = ? WHERE trip_id = ? AND segment_idx = ? AND seat_id = ? IF version = ?";

/// The statements, prepared.
pub(super) struct CqlSegments {
    cql: Cql,
    read: PreparedStatement,
    write: PreparedStatement,
}

#[derive(DeserializeRow)]
struct SegmentRow {
    segment_idx: i32,
    seat_id: i32,
    version: Option<i64>,
    state: Option<i8>,
    hold_id: Option<Uuid>,
    holder: Option<Uuid>,
    expires_at: Option<i64>,
    fence: Option<i64>,
    extensions: Option<i8>,
}

impl SegmentRow {
    fn told(self) -> Result<(Segment, Cell), Trouble> {
        let leg = u16::try_from(self.segment_idx).map_err(corrupt)?;
        let seat = SeatId(u32::try_from(self.seat_id).map_err(corrupt)?);
        let cell = Cell {
            version: self.version.unwrap_or_default(),
            mark: mark_of(self.state.unwrap_or_default())?,
            hold: self.hold_id.map(HoldId),
            holder: self.holder.map(HolderId),
            until: Millis(self.expires_at.unwrap_or_default()),
            fence: Fence(self.fence.unwrap_or_default()),
            extensions: self.extensions.unwrap_or_default().unsigned_abs(),
        };
        Ok((Segment { leg, seat }, cell))
    }
}

impl CqlSegments {
    /// Prepares them in the keyspace of `cql`.
    pub(super) async fn new(cql: Cql) -> Result<Self, Trouble> {
        Ok(Self { read: cql.decide(READ).await?, write: cql.conditional(WRITE).await?, cql })
    }
}

#[async_trait]
impl SegmentTable for CqlSegments {
    async fn read(&self, trip: TripId, legs: Option<Legs>) -> Result<Rows, Trouble> {
        let (from, to) = legs.map_or((0, i32::MAX), |legs| (legs.from().into(), legs.to().into()));
        let asked = self.cql.session().execute_unpaged(&self.read, (trip.0, from, to)).await.map_err(read_trouble)?;
        let answer = asked.into_rows_result().map_err(corrupt)?;
        let rows = answer.rows::<SegmentRow>().map_err(corrupt)?;
        rows.map(|row| row.map_err(corrupt)?.told()).collect()
    }

    async fn write(&self, trip: TripId, changes: &[SegmentChange]) -> Written {
        let mut batch = Batch::new(BatchType::Unlogged);
        let mut values = Vec::with_capacity(changes.len());
        for SegmentChange { segment, was, cell } in changes {
            let Ok(seat) = i32::try_from(segment.seat.0) else {
                return Written::NotDone(corrupt("a seat beyond what a row can name"));
            };
            let (hold, holder) = (cell.hold.map(|hold| hold.0), cell.holder.map(|holder| holder.0));
            let (until, fence, extensions) = (cell.until.0, cell.fence.0, cell.extensions as i8);
            let (leg, was) = (i32::from(segment.leg), (*was > 0).then_some(*was));
            batch.append_statement(self.write.clone());
            values.push((cell.version, cell.state(), hold, holder, until, fence, extensions, trip.0, leg, seat, was));
        }
        match self.cql.session().batch(&batch, values).await.map_err(write_trouble) {
            Ok(answer) => read_answer(answer),
            Err(trouble @ Trouble::Unconfirmed { .. }) => Written::Unknown(trouble),
            Err(trouble) => Written::NotDone(trouble),
        }
    }
}
