//! Migrations: numbered steps up and down, embedded in the binary, run by one process at a time.

use std::time::Duration;

use sqlx::SqlSafeStr;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

use super::begin::begin;
use super::connect::connect_to_migrate;
use super::error::trouble;
use crate::trouble::Trouble;

macro_rules! step {
    ($name:literal) => {
        Step {
            name: $name,
            up: include_str!(concat!("../../../../migrations/", $name, ".up.sql")),
            down: include_str!(concat!("../../../../migrations/", $name, ".down.sql")),
        }
    };
}

/// One step, both ways. The name begins with its number.
struct Step {
    name: &'static str,
    up: &'static str,
    down: &'static str,
}

/// Every step in order. A test compares the list with the folder.
const STEPS: &[Step] = &[
    step!("0001_search_support"),
    step!("0002_uuid_time"),
    step!("0003_users"),
    step!("0004_promoters"),
    step!("0005_venues"),
    step!("0006_charts"),
    step!("0007_events"),
    step!("0008_events_search"),
    step!("0009_ticket_tiers"),
    step!("0010_seat_claims"),
    step!("0011_seat_fences"),
    step!("0012_seat_kills"),
    step!("0013_orders"),
    step!("0014_orders_monotone"),
    step!("0015_order_items"),
    step!("0016_payments"),
    step!("0017_tickets"),
    step!("0018_make_month"),
    step!("0019_order_holds"),
    step!("0020_audit"),
    step!("0021_outbox"),
    step!("0022_idempotency_keys"),
    step!("0023_event_availability"),
    step!("0024_active_events"),
    step!("0025_user_tickets_summary"),
    step!("0026_test_provider"),
    step!("0027_stopped_sales"),
    step!("0028_person_limit"),
    step!("0029_order_extensions"),
    step!("0030_killed_seats"),
    step!("0031_outbox_done"),
    step!("0032_idempotency_seed"),
    step!("0033_one_capture"),
    step!("0034_due_orders"),
    step!("0035_outbox_topics"),
    step!("0036_ticket_keys"),
    step!("0037_city_unknown"),
    step!("0038_sealed_answers"),
    step!("0039_owed_payments"),
    step!("0040_ticket_changes"),
    step!("0041_open_payments"),
    step!("0042_door_rounds"),
];

/// A step that waits for a table's lock holds up all who come after it. So it waits for two seconds at a time, and tries
/// this often, with this pause in between.
const TURNS: u32 = 60;
const BETWEEN: Duration = Duration::from_secs(1);

/// Names the lock that keeps two processes from migrating at the same time.
const LOCK: i64 = 0x7061_7274_6572;

/// A step and whether the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepStatus {
    /// Its number.
    pub version: i64,
    /// What it does, in a few words.
    pub name: String,
    /// Whether the database has it.
    pub applied: bool,
}

/// Applies every missing step; answers the steps it applied.
///
/// # Errors
/// [`Trouble::Corrupt`] where a step fails or an applied one was changed afterwards; the failing step is rolled back.
pub async fn up(url: &str) -> Result<Vec<StepStatus>, Trouble> {
    run(url, Way::Up(None)).await
}

/// Applies missing steps up to and including `version`.
///
/// # Errors
/// As [`up`].
pub async fn up_to(url: &str, version: i64) -> Result<Vec<StepStatus>, Trouble> {
    run(url, Way::Up(Some(version))).await
}

/// Takes back the newest step; answers it, or nothing where none was applied.
///
/// # Errors
/// As [`up`].
pub async fn down(url: &str) -> Result<Option<StepStatus>, Trouble> {
    let Some(newest) = status(url).await?.into_iter().rfind(|step| step.applied) else { return Ok(None) };
    run(url, Way::Down(newest.version - 1)).await?;
    Ok(Some(StepStatus { applied: false, ..newest }))
}

/// Takes back every step above `version`.
///
/// # Errors
/// As [`up`].
pub async fn down_to(url: &str, version: i64) -> Result<Vec<StepStatus>, Trouble> {
    run(url, Way::Down(version)).await
}

/// Every step with its state, in order.
///
/// # Errors
/// [`Trouble::Unavailable`] where the database cannot be reached.
pub async fn status(url: &str) -> Result<Vec<StepStatus>, Trouble> {
    let pool = connect_to_migrate(url).await?;
    let steps = read(&pool).await;
    pool.close().await;
    steps
}

/// A name for this very set of steps: changes with any letter of any of them.
#[must_use]
pub fn fingerprint() -> String {
    use sha2::{Digest, Sha256};
    let hash = STEPS.iter().fold(Sha256::new(), |hash, step| {
        hash.chain_update(step.name).chain_update([0]).chain_update(step.up).chain_update([0]).chain_update(step.down)
    });
    hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

enum Way {
    Up(Option<i64>),
    Down(i64),
}

async fn run(url: &str, way: Way) -> Result<Vec<StepStatus>, Trouble> {
    let pool = connect_to_migrate(url).await?;
    let changed = run_locked(&pool, way).await;
    pool.close().await;
    changed
}

async fn run_locked(pool: &super::Pool, way: Way) -> Result<Vec<StepStatus>, Trouble> {
    // The lock lives in a transaction of its own, not in the session: PgBouncer in transaction mode keeps no sessions.
    let mut guard = begin(pool).await.map_err(trouble)?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *guard).await.map_err(trouble)?;
    let before = read(pool).await?;
    let migrator = migrator();
    let mut turn = 1;
    loop {
        let run = match way {
            Way::Up(None) => migrator.run(pool).await,
            Way::Up(Some(version)) => migrator.run_to(version, pool).await,
            Way::Down(version) => migrator.undo(pool, version).await,
        };
        match run {
            Err(error) if turn < TURNS && gave_way(&error) => tokio::time::sleep(BETWEEN).await,
            other => break other.map_err(migration_trouble)?,
        }
        turn += 1;
    }
    let after = read(pool).await?;
    guard.rollback().await.map_err(trouble)?;
    Ok(after
        .into_iter()
        .zip(before)
        .filter(|(after, before)| after.applied != before.applied)
        .map(|(now, _)| now)
        .collect())
}

async fn read(pool: &super::Pool) -> Result<Vec<StepStatus>, Trouble> {
    let known: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(pool)
        .await
        .map_err(trouble)?;
    let applied: Vec<i64> = if known {
        sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success")
            .fetch_all(pool)
            .await
            .map_err(trouble)?
    } else {
        Vec::new()
    };
    Ok(STEPS
        .iter()
        .map(|step| {
            let (version, name) = step.parts();
            StepStatus { version, name, applied: applied.contains(&version) }
        })
        .collect())
}

impl Step {
    fn parts(&self) -> (i64, String) {
        let (number, words) = self.name.split_once('_').unwrap_or((self.name, ""));
        (number.parse().unwrap_or(0), words.replace('_', " "))
    }
}

fn migrator() -> Migrator {
    let both = STEPS.iter().flat_map(|step| {
        let (version, name) = step.parts();
        let make =
            |kind, sql: &'static str| Migration::new(version, name.clone().into(), kind, sql.into_sql_str(), false);
        [make(MigrationType::ReversibleUp, step.up), make(MigrationType::ReversibleDown, step.down)]
    });
    let mut migrator = Migrator::with_migrations(both.collect());
    migrator.set_locking(false);
    migrator
}

/// Whether the step was rolled back because it waited too long for a lock, or against somebody who waited for it.
fn gave_way(error: &MigrateError) -> bool {
    let (MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) = error else { return false };
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    matches!(code.as_deref(), Some("55P03" | "40P01"))
}

fn migration_trouble(error: MigrateError) -> Trouble {
    match error {
        MigrateError::Execute(error) => trouble(error),
        other => Trouble::Corrupt { what: "PostgreSQL's schema", detail: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_in_the_folder_is_a_step_and_the_numbers_run_on() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations");
        let mut files: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        let listed: Vec<_> = STEPS
            .iter()
            .flat_map(|step| [format!("{}.down.sql", step.name), format!("{}.up.sql", step.name)])
            .collect();
        assert_eq!(files, listed);
        for (index, step) in STEPS.iter().enumerate() {
            assert_eq!(step.parts().0, index as i64 + 1);
        }
    }
}
