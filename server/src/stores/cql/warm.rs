//! The first conditional write to a table makes a cluster set things up (ScyllaDB makes a table for Paxos by it). It
//! is sent at the deploy, to a row that never is, under a condition that never holds.

use super::Cql;
use super::error::{corrupt, write_trouble};
use crate::trouble::Trouble;

const FIRST_WRITES: [(&str, &str); 2] = [
    (
        "inventory_by_event",
        "UPDATE inventory_by_event SET version = 0 \
         WHERE event_id = 00000000-0000-0000-0000-000000000000 AND block = -1 AND seat_id = -1 IF version = -1",
    ),
    (
        "inventory_by_trip_segment",
        "UPDATE inventory_by_trip_segment SET version = 0 \
         WHERE trip_id = 00000000-0000-0000-0000-000000000000 AND segment_idx = -1 AND seat_id = -1 IF version = -1",
    ),
];

/// Warms every table of conditional writes; also shows that the keyspace takes them at all. Answers the tables that said
/// what became of the condition.
pub(super) async fn tables(cql: &Cql) -> Result<Vec<&'static str>, Trouble> {
    let mut warmed = Vec::new();
    for (table, text) in FIRST_WRITES {
        let statement = cql.conditional(text).await?;
        let told = cql.session().execute_unpaged(&statement, ()).await.map_err(write_trouble)?;
        if told.into_rows_result().map_err(corrupt)?.rows_num() > 0 {
            warmed.push(table);
        }
    }
    Ok(warmed)
}
