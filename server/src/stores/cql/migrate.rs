//! The schema's steps: numbered, additive, embedded in the binary, applied by one process at a time. There is no way
//! down: a release before the last one still runs on what is there (see `cql/README.md`).

use std::sync::Arc;

use domain::time::Millis;
use scylla::policies::load_balancing::{LoadBalancingPolicy, NodeIdentifier, SingleTargetLoadBalancingPolicy};
use scylla::statement::Statement;
use sha2::{Digest, Sha256};

use super::additive::{self, Step as Kind};
use super::connect::Settings;
use super::error::{corrupt, read_trouble, unavailable, write_trouble};
use super::keyspace::{self, Placement};
use super::lock::Lock;
use super::{Cql, warm};
use crate::trouble::Trouble;

macro_rules! step {
    ($name:literal) => {
        Step { name: $name, text: include_str!(concat!("../../../../cql/", $name, ".cql")) }
    };
}

/// One step. The name begins with its number.
struct Step {
    name: &'static str,
    text: &'static str,
}

/// Every step in order. A test compares the list with the folder.
const STEPS: &[Step] = &[
    step!("0001_inventory_by_event"),
    step!("0002_inventory_by_trip_segment"),
    step!("0003_holds_by_id"),
    step!("0004_holds_by_holder"),
    step!("0005_tickets_by_id"),
    step!("0006_holds_by_bucket"),
];

/// What has to be there before the first step: the list of steps, and the lock.
const FOUNDATION: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS schema_steps (version int PRIMARY KEY, name text, checksum text, applied_at bigint)",
    "CREATE TABLE IF NOT EXISTS schema_lock (name text PRIMARY KEY, owner uuid)",
];

/// A step and whether the keyspace has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepStatus {
    /// Its number.
    pub version: i32,
    /// What it does, in a few words.
    pub name: String,
    /// Whether the keyspace has it.
    pub applied: bool,
}

/// What [`up`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The keyspace's place.
    pub placement: Placement,
    /// The steps it applied.
    pub steps: Vec<StepStatus>,
    /// The tables that answered a first conditional write.
    pub warmed: Vec<&'static str>,
}

/// Makes the keyspace where it is missing and applies every missing step, one process at a time; then sends each table
/// of conditional writes a first one, so that no buyer waits for what a cluster makes at that occasion. `owner` is
/// random: it tells this call's lock from others'.
///
/// # Errors
/// [`Trouble::Corrupt`] where an applied step was changed afterwards or the settings do not fit the cluster;
/// [`Trouble::Unavailable`] where nobody answers or another process keeps the lock. Calling it again is always safe.
pub async fn up(settings: &Settings, now: Millis, owner: [u8; 16]) -> Result<Migrated, Trouble> {
    let bare = Cql::connect_to_migrate(settings).await?;
    let placement = keyspace::ensure(&bare, settings).await?;
    keyspace::enter(&bare, &settings.keyspace).await?;
    for statement in FOUNDATION {
        change(&bare, statement).await?;
    }
    let lock = Lock::take(&bare, owner).await?;
    let done = up_locked(&bare, &lock, settings, now).await;
    lock.release(&bare).await;
    let steps = done?;
    let warmed = warm::tables(&bare).await?;
    Ok(Migrated { placement, steps, warmed })
}

/// Every step with its state, in order; none is applied where there is no keyspace.
///
/// # Errors
/// [`Trouble::Unavailable`] where nobody answers.
pub async fn status(settings: &Settings) -> Result<Vec<StepStatus>, Trouble> {
    let bare = Cql::connect_to_migrate(settings).await?;
    let known = keyspace::exists(&bare, &settings.keyspace).await?
        && columns(&bare, &settings.keyspace, "schema_steps").await?.contains(&"version".to_owned());
    let applied = if known {
        keyspace::enter(&bare, &settings.keyspace).await?;
        applied(&bare).await?
    } else {
        Vec::new()
    };
    let has = |version| applied.iter().any(|(known, _)| *known == version);
    Ok(STEPS.iter().map(|step| step.status(has(step.version()))).collect())
}

/// Whether the keyspace was made with this step, in one call of [`up`]: no server has worked on it that does not know the
/// step, unless an older release came back.
///
/// # Errors
/// [`Trouble::Unavailable`] where nobody answers.
pub async fn is_made_with(cql: &Cql, version: i32) -> Result<bool, Trouble> {
    let statement = cql.read("SELECT version, applied_at FROM schema_steps").await?;
    let rows = cql.session().execute_unpaged(&statement, ()).await.map_err(read_trouble)?;
    let rows = rows.into_rows_result().map_err(corrupt)?;
    let rows = rows.rows::<(i32, i64)>().map_err(corrupt)?;
    let rows: Vec<_> = rows.collect::<Result<_, _>>().map_err(corrupt)?;
    let applied_at = |version: i32| rows.iter().find(|(known, _)| *known == version).map(|(_, at)| *at);
    // All steps of one call have its moment; one that broke off and was called again counts as two.
    Ok(applied_at(version).is_some_and(|at| (1..version).all(|before| applied_at(before) == Some(at))))
}

/// Names this set of steps: what was made from the same texts is the same schema.
#[must_use]
pub fn fingerprint() -> String {
    let hash = STEPS.iter().fold(Sha256::new(), |hash, step| hash.chain_update(step.name).chain_update(step.text));
    hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

async fn up_locked(cql: &Cql, lock: &Lock, settings: &Settings, now: Millis) -> Result<Vec<StepStatus>, Trouble> {
    let applied = applied(cql).await?;
    let record =
        cql.write("INSERT INTO schema_steps (version, name, checksum, applied_at) VALUES (?, ?, ?, ?)").await?;
    let mut done = Vec::new();
    for step in STEPS {
        if let Some((_, checksum)) = applied.iter().find(|(version, _)| *version == step.version()) {
            if *checksum != step.checksum() {
                return Err(corrupt(format!("the step {} was changed after it had been applied", step.name)));
            }
            continue;
        }
        lock.renew(cql).await?;
        step.apply(cql, &settings.keyspace).await?;
        let row = (step.version(), step.words(), step.checksum(), now.0);
        cql.session().execute_unpaged(&record, row).await.map_err(write_trouble)?;
        done.push(step.status(true));
    }
    Ok(done)
}

/// The applied steps with their checksums.
async fn applied(cql: &Cql) -> Result<Vec<(i32, String)>, Trouble> {
    let statement = cql.read("SELECT version, checksum FROM schema_steps").await?;
    let rows = cql.session().execute_unpaged(&statement, ()).await.map_err(read_trouble)?;
    let rows = rows.into_rows_result().map_err(corrupt)?;
    rows.rows::<(i32, String)>().map_err(corrupt)?.collect::<Result<_, _>>().map_err(corrupt)
}

/// The columns of a table; none where it is not there.
async fn columns(cql: &Cql, keyspace: &str, table: &str) -> Result<Vec<String>, Trouble> {
    let statement =
        cql.read("SELECT column_name FROM system_schema.columns WHERE keyspace_name = ? AND table_name = ?").await?;
    let rows = cql.session().execute_unpaged(&statement, (keyspace, table)).await.map_err(read_trouble)?;
    let rows = rows.into_rows_result().map_err(corrupt)?;
    let names = rows.rows::<(String,)>().map_err(corrupt)?;
    names.map(|row| row.map(|(name,)| name).map_err(corrupt)).collect()
}

/// Sends a change of the schema, always through the same node while it lives: two nodes that make one table at the
/// same time may make two of it (Cassandra before its transactional metadata).
async fn change(cql: &Cql, text: &str) -> Result<(), Trouble> {
    let mut statement = Statement::new(text);
    statement.set_load_balancing_policy(first_node(cql));
    cql.session().query_unpaged(statement, ()).await.map_err(write_trouble)?;
    cql.session().await_schema_agreement().await.map(drop).map_err(unavailable)
}

fn first_node(cql: &Cql) -> Option<Arc<dyn LoadBalancingPolicy>> {
    let state = cql.session().get_cluster_state();
    let nodes = state.get_nodes_info().iter().filter(|node| node.is_connected());
    let first = nodes.min_by_key(|node| node.host_id)?;
    Some(SingleTargetLoadBalancingPolicy::new(NodeIdentifier::Node(Arc::clone(first)), None))
}

impl Step {
    fn version(&self) -> i32 {
        self.name.split_once('_').and_then(|(number, _)| number.parse().ok()).unwrap_or(0)
    }

    fn words(&self) -> String {
        self.name.split_once('_').map_or("", |(_, words)| words).replace('_', " ")
    }

    fn checksum(&self) -> String {
        Sha256::digest(self.text).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    fn status(&self, applied: bool) -> StepStatus {
        StepStatus { version: self.version(), name: self.words(), applied }
    }

    async fn apply(&self, cql: &Cql, keyspace: &str) -> Result<(), Trouble> {
        let kind = additive::read(self.text).map_err(|why| corrupt(format!("the step {} {why}", self.name)))?;
        // A process that died between the change and its record leaves the column behind.
        if let Kind::Column { table, column } = kind
            && columns(cql, keyspace, table).await?.iter().any(|known| known == column)
        {
            return Ok(());
        }
        change(cql, &additive::statement(self.text)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cql_file_is_a_step_and_the_numbers_run_on() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../cql");
        let mut files: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        files.retain(|name| name != "README.md");
        files.sort();
        assert_eq!(files, STEPS.iter().map(|step| format!("{}.cql", step.name)).collect::<Vec<_>>());
        for (number, step) in (1..).zip(STEPS) {
            assert_eq!(step.version(), number);
        }
    }

    /// Steps that keyspaces may have, with the checksums that stand there. A step that is released comes here, and none is
    /// ever changed here.
    const RELEASED: [(&str, &str); 6] = [
        ("0001_inventory_by_event", "6ea1a036339be31f2218f32b62e20460"),
        ("0002_inventory_by_trip_segment", "772b7fcb40880c3f508d256f996663ba"),
        ("0003_holds_by_id", "8831a272539f9861ee22f2cfc1847a69"),
        ("0004_holds_by_holder", "ef47b6484f1be5712f15f32b10f8a834"),
        ("0005_tickets_by_id", "2d6f7f4aee3795b1f9f6f55cbe8a16b4"),
        ("0006_holds_by_bucket", "f94312dfb0985877d85cc7dc896256bf"),
    ];

    #[test]
    fn a_released_step_of_the_cql_schema_stays_as_it_was() {
        let steps: Vec<_> = STEPS.iter().map(|step| (step.name, step.checksum())).collect();
        assert_eq!(steps, RELEASED.map(|(name, checksum)| (name, checksum.to_owned())));
    }

    #[test]
    fn every_step_of_the_cql_schema_only_adds() {
        for step in STEPS {
            assert_eq!(additive::read(step.text).err(), None, "{}", step.name);
        }
    }
}
