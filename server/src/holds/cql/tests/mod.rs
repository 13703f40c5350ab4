//! Tests of the CQL store: the laws, faults, several processes, random commands.

use std::sync::Arc;

use crate::holds::contract::salted::Salted;
use crate::holds::cql::fake::FakeTable;
use crate::holds::cql::{CqlHolds, Tuning};
use crate::test_support::cassandra;

fn on(table: &FakeTable) -> CqlHolds {
    CqlHolds::on(Arc::new(table.clone()), Tuning::default(), None)
}

/// The laws on the tables in memory.
mod in_memory {
    use crate::holds::contract::hold_store_laws;
    hold_store_laws!(super::on(&super::FakeTable::default()));
}

/// A store in the keyspace that tests share, under ids of its own; none where there is no cluster.
async fn shared() -> Option<Salted<CqlHolds>> {
    let keyspace = cassandra::shared().await?;
    let store = CqlHolds::new(keyspace.cql.clone(), Tuning::default(), None).await;
    Some(Salted::new(store.expect("the tables are there")))
}

/// The laws on Apache Cassandra, or whatever `CQL_NODES` names.
mod cluster {
    use crate::holds::contract::hold_store_laws;
    hold_store_laws!(super::shared().await);
}
