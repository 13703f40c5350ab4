//! Records of holds in CQL: a row of `holds_by_bucket`, and for servers of the release before, where there may be any,
//! rows of `holds_by_id` and `holds_by_holder` in its place.
//!
//! By its CPU a partition that is written costs Cassandra as much as some ten rows of one. Two partitions a hold were the
//! dearest part of a rush; in a bucket the records of all who were granted something meanwhile are one.

use domain::ids::{HoldId, HolderId};
use domain::time::Millis;
use futures::future::try_join;
use scylla::DeserializeRow;
use scylla::response::query_result::QueryRowsResult;
use scylla::serialize::row::SerializeRow;
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::prepared::PreparedStatement;
use scylla::value::CqlValue;
use uuid::Uuid;

use super::table::{Load, Note, Record, bucket};
use crate::stores::cql::error::{corrupt, read_trouble, write_trouble};
use crate::stores::cql::{Cql, migrate};
use crate::trouble::Trouble;

const KEEP: &str = "INSERT INTO holds_by_bucket (hold_id, event_id, holder, expires_at, extensions, fence, contents, bucket) \
    VALUES (?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?";
const FORGET: &str = "DELETE FROM holds_by_bucket USING TIMESTAMP ? WHERE bucket = ? AND holder = ? AND hold_id = ?";
const RECORD: &str = "SELECT hold_id, event_id, holder, expires_at, extensions, fence, contents FROM holds_by_bucket \
    WHERE bucket = ? AND holder = ? AND hold_id = ?";
const RECORDS: &str = "SELECT hold_id, expires_at FROM holds_by_bucket WHERE bucket = ? AND holder = ?";

const KEEP_BY_ID: &str = "INSERT INTO holds_by_id (hold_id, event_id, holder, expires_at, extensions, fence, contents) \
    VALUES (?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?";
const KEEP_BY_HOLDER: &str = "INSERT INTO holds_by_holder (holder, hold_id, event_id, expires_at) VALUES (?, ?, ?, ?) \
    USING TIMESTAMP ?";
const FORGET_BY_ID: &str = "DELETE FROM holds_by_id USING TIMESTAMP ? WHERE hold_id = ?";
const FORGET_BY_HOLDER: &str = "DELETE FROM holds_by_holder USING TIMESTAMP ? WHERE holder = ? AND hold_id = ?";
const RECORD_BY_ID: &str =
    "SELECT hold_id, event_id, holder, expires_at, extensions, fence, contents FROM holds_by_id WHERE hold_id = ?";
const RECORDS_BY_HOLDER: &str = "SELECT hold_id, expires_at FROM holds_by_holder WHERE holder = ?";

/// The step that brought `holds_by_bucket`.
const BUCKETS_CAME: i32 = 6;

/// All notes of a request are one partition's: neither its size nor its rows are a matter for Cassandra's log.
const OF_A_BUCKET: Load = Load { notes: 64, bytes: 32 * 1024 };
/// A note is two partitions of its own, beside a bucket: above ten partitions, and above 5 KiB, Cassandra writes a line or
/// two about each batch into its log.
const OF_THEIR_OWN: Load = Load { notes: 4, bytes: 3 * 1024 };
const _: () = assert!(2 * OF_THEIR_OWN.notes < 10, "each is two partitions, and one that all share");

/// The statements, prepared.
pub(super) struct Records {
    keep: PreparedStatement,
    forget: PreparedStatement,
    record: PreparedStatement,
    records: PreparedStatement,
    keep_by_id: PreparedStatement,
    keep_by_holder: PreparedStatement,
    forget_by_id: PreparedStatement,
    forget_by_holder: PreparedStatement,
    record_by_id: PreparedStatement,
    records_by_holder: PreparedStatement,
    /// Whether servers of the release before may work on the keyspace: they look into no bucket.
    former: bool,
}

#[derive(DeserializeRow)]
struct Row {
    hold_id: Uuid,
    event_id: Option<Uuid>,
    holder: Option<Uuid>,
    expires_at: Option<i64>,
    extensions: Option<i8>,
    fence: Option<i64>,
    contents: Option<Vec<u8>>,
}

impl Row {
    /// A record whose columns went one by one is as good as none.
    fn record(self) -> Option<Record> {
        let (Some(event), Some(holder), Some(contents)) = (self.event_id, self.holder, self.contents) else {
            return None;
        };
        Some(Record {
            hold: HoldId(self.hold_id),
            holder: HolderId(holder),
            event,
            until: Millis(self.expires_at.unwrap_or_default()),
            extensions: self.extensions.unwrap_or_default().unsigned_abs(),
            fence: self.fence.unwrap_or_default(),
            contents,
        })
    }
}

type Bound = Vec<Option<CqlValue>>;

fn uuid(id: Uuid) -> Option<CqlValue> {
    Some(CqlValue::Uuid(id))
}

fn number(number: i64) -> Option<CqlValue> {
    Some(CqlValue::BigInt(number))
}

async fn rows(cql: &Cql, statement: &PreparedStatement, key: impl SerializeRow) -> Result<QueryRowsResult, Trouble> {
    let asked = cql.session().execute_unpaged(statement, key).await.map_err(read_trouble)?;
    asked.into_rows_result().map_err(corrupt)
}

async fn row(cql: &Cql, statement: &PreparedStatement, key: impl SerializeRow) -> Result<Option<Record>, Trouble> {
    let answer = rows(cql, statement, key).await?;
    Ok(answer.maybe_first_row::<Row>().map_err(corrupt)?.and_then(Row::record))
}

async fn ends(
    cql: &Cql,
    statement: &PreparedStatement,
    key: impl SerializeRow,
) -> Result<Vec<(HoldId, Millis)>, Trouble> {
    let answer = rows(cql, statement, key).await?;
    let rows = answer.rows::<(Uuid, Option<i64>)>().map_err(corrupt)?;
    rows.map(|row| row.map(|(hold, until)| (HoldId(hold), Millis(until.unwrap_or_default()))).map_err(corrupt))
        .collect()
}

impl Records {
    /// Prepares them all. On a keyspace that was made with its buckets no server has been that does not know them.
    pub(super) async fn prepare(cql: &Cql) -> Result<Self, Trouble> {
        let former = !migrate::is_made_with(cql, BUCKETS_CAME).await?;
        Self::beside(cql, former).await
    }

    /// The same, with or without servers of the release before.
    pub(super) async fn beside(cql: &Cql, former: bool) -> Result<Self, Trouble> {
        Ok(Self {
            keep: cql.write(KEEP).await?,
            forget: cql.write(FORGET).await?,
            record: cql.read(RECORD).await?,
            records: cql.read(RECORDS).await?,
            keep_by_id: cql.write(KEEP_BY_ID).await?,
            keep_by_holder: cql.write(KEEP_BY_HOLDER).await?,
            forget_by_id: cql.write(FORGET_BY_ID).await?,
            forget_by_holder: cql.write(FORGET_BY_HOLDER).await?,
            record_by_id: cql.read(RECORD_BY_ID).await?,
            records_by_holder: cql.read(RECORDS_BY_HOLDER).await?,
            former,
        })
    }

    /// How much one request carries.
    pub(super) fn load(&self) -> Load {
        if self.former { OF_THEIR_OWN } else { OF_A_BUCKET }
    }

    /// Writes notes, in one request.
    pub(super) async fn note(&self, cql: &Cql, notes: &[Note]) -> Result<(), Trouble> {
        // Unlogged: each note is safe to repeat, and half of them is no harm.
        let mut batch = Batch::new(BatchType::Unlogged);
        let mut values: Vec<Bound> = Vec::with_capacity(notes.len());
        let mut add = |statement: &PreparedStatement, bound: Bound| {
            batch.append_statement(statement.clone());
            values.push(bound);
        };
        for note in notes {
            let stamp = number(note.stamp());
            match note {
                Note::Keep(record) => {
                    let (hold, holder, event) = (uuid(record.hold.0), uuid(record.holder.0), uuid(record.event));
                    let (until, fence) = (number(record.until.0), number(record.fence));
                    let extensions = Some(CqlValue::TinyInt(record.extensions as i8));
                    let contents = Some(CqlValue::Blob(record.contents.clone()));
                    if self.former {
                        let index = vec![holder.clone(), hold.clone(), event.clone(), until.clone(), stamp.clone()];
                        add(&self.keep_by_holder, index);
                        add(&self.keep_by_id, vec![hold, event, holder, until, extensions, fence, contents, stamp]);
                    } else {
                        let bucket = Some(CqlValue::Int(bucket(record.holder)));
                        add(&self.keep, vec![hold, event, holder, until, extensions, fence, contents, bucket, stamp]);
                    }
                }
                Note::Forget(hold, holder, _) => {
                    let (bucket, holder, hold) = (Some(CqlValue::Int(bucket(*holder))), uuid(holder.0), uuid(hold.0));
                    if self.former {
                        add(&self.forget_by_id, vec![stamp.clone(), hold.clone()]);
                        add(&self.forget_by_holder, vec![stamp.clone(), holder.clone(), hold.clone()]);
                    }
                    // The release after this one writes into buckets alone.
                    add(&self.forget, vec![stamp, bucket, holder, hold]);
                }
            }
        }
        cql.session().batch(&batch, values).await.map(drop).map_err(write_trouble)
    }

    /// A hold's record, wherever it was written last.
    pub(super) async fn record(&self, cql: &Cql, hold: HoldId, holder: HolderId) -> Result<Option<Record>, Trouble> {
        let kept = row(cql, &self.record, (bucket(holder), holder.0, hold.0));
        let (kept, by_id) = try_join(kept, row(cql, &self.record_by_id, (hold.0,))).await?;
        let all = kept.into_iter().chain(by_id);
        Ok(all.max_by(|one, other| (one.stamp(), &one.contents).cmp(&(other.stamp(), &other.contents))))
    }

    /// The holds of a holder, with the ends they had when they were written.
    pub(super) async fn of(&self, cql: &Cql, holder: HolderId) -> Result<Vec<(HoldId, Millis)>, Trouble> {
        let kept = ends(cql, &self.records, (bucket(holder), holder.0));
        let (mut all, by_holder) = try_join(kept, ends(cql, &self.records_by_holder, (holder.0,))).await?;
        for (hold, until) in by_holder {
            match all.iter_mut().find(|(known, _)| *known == hold) {
                Some((_, known)) => *known = until.max(*known),
                None => all.push((hold, until)),
            }
        }
        Ok(all)
    }

    /// Those that write, and those that read.
    #[cfg(test)]
    pub(super) fn all(&self) -> [Vec<&PreparedStatement>; 2] {
        // By name and without a rest: a further statement has to be entered here.
        let Self {
            keep,
            forget,
            record,
            records,
            keep_by_id,
            keep_by_holder,
            forget_by_id,
            forget_by_holder,
            record_by_id,
            records_by_holder,
            former: _,
        } = self;
        [
            vec![keep, forget, keep_by_id, keep_by_holder, forget_by_id, forget_by_holder],
            vec![record, records, record_by_id, records_by_holder],
        ]
    }
}
