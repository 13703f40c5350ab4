//! Segments in `inventory_by_trip_segment`.

use async_trait::async_trait;
use domain::ids::TripId;
use domain::seat::SeatId;
use domain::trip::{Legs, Segment};
use scylla::DeserializeRow;
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::prepared::PreparedStatement;
use uuid::Uuid;

use super::table::{Rows, SegmentChange, SegmentTable};
use crate::holds::cql::{Cell, Written, written};
use crate::stores::cql::Cql;
use crate::stores::cql::error::{corrupt, read_trouble};
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
        let Self { version, state, hold_id, holder, expires_at, fence, extensions, .. } = self;
        Ok((Segment { leg, seat }, Cell::stored(version, state, hold_id, holder, expires_at, fence, extensions)?))
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
            let (version, state, hold, holder, until, fence, extensions) = cell.columns();
            let (leg, was) = (i32::from(segment.leg), (*was > 0).then_some(*was));
            batch.append_statement(self.write.clone());
            values.push((version, state, hold, holder, until, fence, extensions, trip.0, leg, seat, was));
        }
        written(self.cql.session().batch(&batch, values).await)
    }
}

#[cfg(test)]
mod tests {
    use scylla::statement::Consistency;

    use super::*;
    use crate::test_support::cassandra;

    #[tokio::test]
    async fn segments_are_written_by_condition_and_read_to_decide_on_a_cluster() {
        let CqlSegments { cql: _, read, write } =
            &CqlSegments::new(cassandra::shared().await.cql.clone()).await.unwrap();
        assert_eq!(write.get_consistency(), Some(Consistency::Quorum));
        assert!(write.get_statement().ends_with(" IF version = ?"));
        assert_eq!(read.get_consistency(), Some(Consistency::LocalSerial));
        // The session's, which is LOCAL_SERIAL.
        assert_eq!((write.get_serial_consistency(), read.get_serial_consistency()), (None, None));
    }
}
