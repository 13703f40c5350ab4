//! What a conditional write's answer says, on Apache Cassandra and on ScyllaDB.
//!
//! Applied, Cassandra answers with one row of one column, `[applied]`; not applied, with the columns of the conditions
//! (for a batch also the keys) of each row that exists, in the order of their keys. ScyllaDB answers either way alike: one
//! row a statement in the batch's order, with the columns of the conditions (for a batch also the keys) as they stood
//! before, nulls where there was no row, and `[applied]` the same in all of them. So answers are read by column name, and
//! what is missing or null says nothing.

use scylla::response::query_result::QueryResult;
use scylla::value::{CqlValue, Row};

use super::cell::Cell;
use super::table::Written;
use crate::trouble::Trouble;

/// Reads it.
pub(super) fn read(answer: QueryResult) -> Written {
    let unknown = |detail: &str| {
        Written::Unknown(Trouble::Unconfirmed { what: "CQL", detail: format!("an answer without {detail}") })
    };
    let Ok(answer) = answer.into_rows_result() else { return unknown("rows") };
    let names: Vec<String> = answer.column_specs().iter().map(|column| column.name().to_owned()).collect();
    let Ok(rows) = answer.rows::<Row>() else { return unknown("columns") };
    let Ok(rows) = rows.collect::<Result<Vec<Row>, _>>() else { return unknown("whole rows") };
    let rows: Vec<Answered> = rows.into_iter().map(|row| Answered { names: &names, columns: row.columns }).collect();
    judged(&rows).unwrap_or_else(|| unknown("[applied]"))
}

/// What the rows of an answer say together; `None` where one of them does not say whether it was applied.
fn judged(rows: &[Answered<'_>]) -> Option<Written> {
    let applied: Option<Vec<bool>> = rows.iter().map(Answered::applied).collect();
    let applied = applied.filter(|applied| !applied.is_empty())?;
    let lost = || Written::Lost(rows.iter().filter_map(Answered::cell).collect());
    Some(if applied.iter().all(|applied| *applied) { Written::Applied } else { lost() })
}

/// One row of an answer, by column name.
struct Answered<'a> {
    names: &'a [String],
    columns: Vec<Option<CqlValue>>,
}

impl Answered<'_> {
    /// The column: `None` where the answer has none of that name.
    fn column(&self, name: &str) -> Option<Option<&CqlValue>> {
        let at = self.names.iter().position(|known| known == name)?;
        self.columns.get(at).map(Option::as_ref)
    }

    fn applied(&self) -> Option<bool> {
        self.column("[applied]").flatten().and_then(CqlValue::as_boolean)
    }

    /// The old row, where the answer carries all of it. A row that does not exist carries nothing.
    fn cell(&self) -> Option<(i32, Cell)> {
        let seat = self.column("seat_id").flatten()?.as_int()?;
        let number = |name: &str| self.column(name).map(|value| value.and_then(CqlValue::as_bigint));
        let small = |name: &str| self.column(name).map(|value| value.and_then(CqlValue::as_tinyint));
        let id = |name: &str| self.column(name).map(|value| value.and_then(CqlValue::as_uuid));
        let (hold, holder, until) = (id("hold_id")?, id("holder")?, number("expires_at")?);
        let (fence, extensions) = (number("fence")?, small("extensions")?);
        let cell = Cell::stored(number("version")?, small("state")?, hold, holder, until, fence, extensions);
        Some((seat, cell.ok()?))
    }
}

#[cfg(test)]
mod tests {
    use domain::hold::Fence;
    use domain::ids::HoldId;
    use domain::time::Millis;
    use uuid::Uuid;

    use super::*;

    /// The columns of a batch's answer: keys and the condition's, as the table declares them.
    const BATCH: &str = "[applied] event_id block seat_id version";
    /// The same of one statement's: the condition's alone.
    const ONE: &str = "[applied] version";

    fn told(names: &str, rows: Vec<Vec<Option<CqlValue>>>) -> Option<Written> {
        let names: Vec<String> = names.split_whitespace().map(ToOwned::to_owned).collect();
        let rows: Vec<Answered> = rows.into_iter().map(|columns| Answered { names: &names, columns }).collect();
        judged(&rows)
    }

    fn applied(is: bool) -> Option<CqlValue> {
        Some(CqlValue::Boolean(is))
    }

    fn id() -> Option<CqlValue> {
        Some(CqlValue::Uuid(Uuid::from_u128(1)))
    }

    /// A row of a batch's answer that stood at this version.
    fn stood(is: bool, seat: i32, version: i64) -> Vec<Option<CqlValue>> {
        vec![applied(is), id(), Some(CqlValue::Int(3)), Some(CqlValue::Int(seat)), Some(CqlValue::BigInt(version))]
    }

    /// A row of a batch's answer that did not exist: not even its key is told.
    fn nothing_stood(is: bool) -> Vec<Option<CqlValue>> {
        vec![applied(is), None, None, None, None]
    }

    #[test]
    fn an_applied_write_is_read_on_cassandra_and_on_scylladb() {
        let cassandra = told("[applied]", vec![vec![applied(true)]]);
        assert_eq!(cassandra, Some(Written::Applied));
        for (names, rows) in [
            (BATCH, vec![stood(true, 4, 7), stood(true, 5, 8)]),
            // Rows that are new, and both kinds in one batch.
            (BATCH, vec![nothing_stood(true), nothing_stood(true)]),
            (BATCH, vec![nothing_stood(true), stood(true, 5, 8)]),
            (ONE, vec![vec![applied(true), Some(CqlValue::BigInt(7))]]),
            (ONE, vec![vec![applied(true), None]]),
        ] {
            assert_eq!(told(names, rows.clone()), Some(Written::Applied), "{rows:?}");
        }
    }

    #[test]
    fn a_lost_write_is_read_on_cassandra_and_on_scylladb() {
        // No whole row comes with it: what stands there is asked for.
        for (names, rows) in [
            // Cassandra: a row that exists, whatever its place in the batch; a lone mark where none does.
            (BATCH, vec![stood(false, 5, 8)]),
            ("[applied]", vec![vec![applied(false)]]),
            (ONE, vec![vec![applied(false), Some(CqlValue::BigInt(7))]]),
            // ScyllaDB: one a statement, whether its own condition held or not.
            (BATCH, vec![stood(false, 4, 7), nothing_stood(false), stood(false, 5, 8)]),
            (BATCH, vec![nothing_stood(false)]),
            (ONE, vec![vec![applied(false), None]]),
        ] {
            assert_eq!(told(names, rows.clone()), Some(Written::Lost(vec![])), "{rows:?}");
        }
    }

    #[test]
    fn whole_rows_are_taken_from_an_answer_by_name_whatever_their_order() {
        let names = "[applied] block seat_id event_id expires_at extensions fence hold_id holder state version";
        let row = vec![
            applied(false),
            Some(CqlValue::Int(3)),
            Some(CqlValue::Int(4)),
            id(),
            Some(CqlValue::BigInt(99)),
            Some(CqlValue::TinyInt(1)),
            Some(CqlValue::BigInt(5)),
            id(),
            id(),
            Some(CqlValue::TinyInt(1)),
            Some(CqlValue::BigInt(7)),
        ];
        let mut nothing = vec![None; row.len()];
        nothing[0] = applied(false);
        let Some(Written::Lost(rows)) = told(names, vec![row, nothing]) else { panic!("it was lost") };
        let [(seat, cell)] = rows[..] else { panic!("one row stood there: {rows:?}") };
        assert_eq!((seat, cell.version, cell.until, cell.fence), (4, 7, Millis(99), Fence(5)));
        assert!(cell.is_held_by(HoldId(Uuid::from_u128(1))));
    }

    #[test]
    fn an_answer_that_does_not_say_whether_it_was_applied_leaves_that_open() {
        assert_eq!(told(BATCH, vec![]), None);
        assert_eq!(told("seat_id version", vec![vec![Some(CqlValue::Int(4)), None]]), None);
        assert_eq!(told(BATCH, vec![stood(true, 4, 7), vec![None; 5]]), None);
        // All rows say the same on any cluster: should they not, it is none of ours.
        assert_eq!(told(BATCH, vec![stood(true, 4, 7), nothing_stood(false)]), Some(Written::Lost(vec![])));
    }
}
