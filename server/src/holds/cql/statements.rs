//! The tables in CQL: their statements.

use std::sync::{PoisonError, RwLock};

use async_trait::async_trait;
use domain::ids::{HoldId, HolderId};
use domain::time::Millis;
use scylla::DeserializeRow;
use scylla::errors::ExecutionError;
use scylla::response::query_result::{QueryResult, QueryRowsResult};
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::prepared::PreparedStatement;
use uuid::Uuid;

use super::answer;
use super::cell::Cell;
use super::records::Records;
use super::table::{BlockKey, Change, Load, Note, Reading, Record, Table, Written};
use crate::stores::cql::Cql;
use crate::stores::cql::error::{corrupt, read_trouble, write_trouble};
use crate::trouble::Trouble;

const WRITE: &str = "UPDATE inventory_by_event SET version = ?, state = ?, hold_id = ?, holder = ?, expires_at = ?, fence = ?, \
    extensions = ? WHERE event_id = ? AND block = ? AND seat_id = ? IF version = ?";
const BLOCK: &str = "SELECT seat_id, version, state, hold_id, holder, expires_at, fence, extensions FROM inventory_by_event \
    WHERE event_id = ? AND block = ?";
const SEATS: &str = "SELECT seat_id, version, state, hold_id, holder, expires_at, fence, extensions FROM inventory_by_event \
    WHERE event_id = ? AND block = ? AND seat_id IN ?";

/// The statements, prepared.
pub(super) struct Statements {
    cql: RwLock<Cql>,
    write: PreparedStatement,
    block: [PreparedStatement; 2],
    seats: [PreparedStatement; 2],
    records: Records,
}

/// A row of `inventory_by_event`. A row that a tool wrote in part has nulls.
#[derive(DeserializeRow)]
struct SeatRow {
    seat_id: i32,
    version: Option<i64>,
    state: Option<i8>,
    hold_id: Option<Uuid>,
    holder: Option<Uuid>,
    expires_at: Option<i64>,
    fence: Option<i64>,
    extensions: Option<i8>,
}

impl SeatRow {
    fn cell(&self) -> Result<Cell, Trouble> {
        let Self { version, state, hold_id, holder, expires_at, fence, extensions, .. } = *self;
        Cell::stored(version, state, hold_id, holder, expires_at, fence, extensions)
    }
}

impl Statements {
    /// Prepares them all.
    pub(super) async fn prepare(cql: Cql) -> Result<Self, Trouble> {
        let records = Records::prepare(&cql).await?;
        Self::with(cql, records).await
    }

    /// The same, with records as they are kept.
    pub(super) async fn with(cql: Cql, records: Records) -> Result<Self, Trouble> {
        Ok(Self {
            write: cql.conditional(WRITE).await?,
            block: [cql.read(BLOCK).await?, cql.decide(BLOCK).await?],
            seats: [cql.read(SEATS).await?, cql.decide(SEATS).await?],
            records,
            cql: RwLock::new(cql),
        })
    }

    fn cql(&self) -> Cql {
        self.cql.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn rows(
        &self,
        statement: &PreparedStatement,
        values: impl scylla::serialize::row::SerializeRow,
    ) -> Result<QueryRowsResult, Trouble> {
        let asked = self.cql().session().execute_unpaged(statement, values).await.map_err(read_trouble)?;
        asked.into_rows_result().map_err(corrupt)
    }
}

#[async_trait]
impl Table for Statements {
    async fn read(&self, key: BlockKey, seats: &[i32], how: Reading) -> Result<Vec<(i32, Cell)>, Trouble> {
        let decides = usize::from(how == Reading::Deciding);
        let answer = if seats.is_empty() {
            self.rows(&self.block[decides], (key.of, key.block)).await?
        } else {
            self.rows(&self.seats[decides], (key.of, key.block, seats)).await?
        };
        let rows = answer.rows::<SeatRow>().map_err(corrupt)?;
        rows.map(|row| row.map_err(corrupt).and_then(|row| Ok((row.seat_id, row.cell()?)))).collect()
    }

    async fn write(&self, key: BlockKey, changes: &[Change]) -> Written {
        let values: Vec<_> = changes
            .iter()
            .map(|Change { seat, was, cell }| {
                let was = (*was > 0).then_some(*was);
                let (version, state, hold, holder, until, fence, extensions) = cell.columns();
                (version, state, hold, holder, until, fence, extensions, key.of, key.block, *seat, was)
            })
            .collect();
        let cql = self.cql();
        let session = cql.session();
        let asked = if let [one] = &values[..] {
            session.execute_unpaged(&self.write, one).await
        } else {
            let mut batch = Batch::new(BatchType::Unlogged);
            changes.iter().for_each(|_| batch.append_statement(self.write.clone()));
            session.batch(&batch, values).await
        };
        written(asked)
    }

    fn load(&self) -> Load {
        self.records.load()
    }

    async fn note(&self, notes: &[Note]) -> Result<(), Trouble> {
        self.records.note(&self.cql(), notes).await
    }

    async fn record(&self, hold: HoldId, holder: HolderId) -> Result<Option<Record>, Trouble> {
        self.records.record(&self.cql(), hold, holder).await
    }

    async fn check(&self) -> Result<(), Trouble> {
        self.cql().check().await
    }

    async fn renew(&self) -> Result<(), Trouble> {
        let anew = self.cql().anew().await?;
        *self.cql.write().unwrap_or_else(PoisonError::into_inner) = anew;
        Ok(())
    }

    async fn records_of(&self, holder: HolderId) -> Result<Vec<(HoldId, Millis)>, Trouble> {
        self.records.of(&self.cql(), holder).await
    }
}

/// What a conditional write came to.
pub(in crate::holds) fn written(asked: Result<QueryResult, ExecutionError>) -> Written {
    match asked.map_err(write_trouble) {
        Ok(told) => answer::read(told),
        Err(trouble @ Trouble::Unconfirmed { .. }) => Written::Unknown(trouble),
        Err(trouble) => Written::NotDone(trouble),
    }
}

#[cfg(test)]
mod tests {
    use scylla::statement::{Consistency, SerialConsistency};

    use super::*;
    use crate::test_support::cassandra;

    /// Batches have the session's levels, as each of them is a write.
    #[tokio::test]
    async fn every_statement_has_its_level_on_a_cluster() {
        let keyspace = cassandra::shared().await;
        let profile = keyspace.cql.session().get_default_execution_profile_handle().to_profile();
        assert_eq!(profile.get_consistency(), Consistency::Quorum);
        assert_eq!(profile.get_serial_consistency(), Some(SerialConsistency::LocalSerial));
        // By name and without a rest: a further statement has to be entered here.
        let Statements { cql: _, write, block, seats, records } =
            &Statements::prepare(keyspace.cql.clone()).await.unwrap();
        let [noted, asked] = records.all();
        let ([block, decides_block], [seats, decides_seats]) = (block, seats);
        for (level, statements) in [
            (Consistency::Quorum, [vec![write], noted].concat()),
            (Consistency::LocalQuorum, [vec![block, seats], asked].concat()),
            (Consistency::LocalSerial, vec![decides_block, decides_seats]),
        ] {
            for statement in statements {
                let text = statement.get_statement();
                assert_eq!(statement.get_consistency(), Some(level), "{text}");
                assert_eq!(statement.get_serial_consistency(), None, "the session's: {text}");
                assert_eq!(text.starts_with("SELECT"), level != Consistency::Quorum, "{text}");
                let inventory = text.contains("inventory_by_event") && !text.starts_with("SELECT");
                assert_eq!(
                    text.contains(" IF version = ?"),
                    inventory,
                    "every write to the inventory is conditional: {text}"
                );
            }
        }
    }
}
