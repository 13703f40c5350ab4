//! The lock of the migrations: a row that one process makes, that runs out by itself, and that its owner takes away.

use std::time::Duration;

use scylla::serialize::row::SerializeRow;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::Cql;
use super::error::{corrupt, read_trouble, unavailable, write_trouble};
use crate::trouble::Trouble;

/// How long the lock lasts without being renewed (the 120 of the statements): longer than any one step.
const TAKE: &str = "INSERT INTO schema_lock (name, owner) VALUES ('schema', ?) IF NOT EXISTS USING TTL 120";
const RENEW: &str = "UPDATE schema_lock USING TTL 120 SET owner = ? WHERE name = 'schema' IF owner = ?";
const RELEASE: &str = "DELETE FROM schema_lock WHERE name = 'schema' IF owner = ?";
const OWNER: &str = "SELECT owner FROM schema_lock WHERE name = 'schema'";

/// How long one waits for another process to finish.
const WAIT_AT_MOST: Duration = Duration::from_secs(150);
const ASK_EVERY: Duration = Duration::from_millis(250);

/// The right to change the schema.
pub(super) struct Lock {
    owner: Uuid,
}

impl Lock {
    /// Waits for the lock.
    pub(super) async fn take(cql: &Cql, owner: [u8; 16]) -> Result<Self, Trouble> {
        let lock = Self { owner: Uuid::from_bytes(owner) };
        let taken = timeout(WAIT_AT_MOST, async {
            while !lock.wins(cql, TAKE, (lock.owner,)).await? {
                sleep(ASK_EVERY).await;
            }
            Ok(())
        });
        match taken.await {
            Ok(done) => done.map(|()| lock),
            Err(_) => Err(unavailable("another process is changing the schema and does not finish")),
        }
    }

    /// Makes the lock last for another while.
    pub(super) async fn renew(&self, cql: &Cql) -> Result<(), Trouble> {
        if self.wins(cql, RENEW, (self.owner, self.owner)).await? {
            return Ok(());
        }
        Err(unavailable("the lock of the schema ran out while a step was applied; begin again"))
    }

    /// Lets others go on. Where this fails, the lock runs out.
    pub(super) async fn release(self, cql: &Cql) {
        // Whoever judges this one by the row would find it gone, so only trouble is of interest.
        if let Err(trouble) = self.wins(cql, RELEASE, (self.owner,)).await {
            tracing::warn!(%trouble, "the lock of the schema could not be given back and will run out");
        }
    }

    /// Sends a conditional write and judges by whose name is in the row, which is right however it was answered.
    async fn wins(&self, cql: &Cql, statement: &'static str, values: impl SerializeRow) -> Result<bool, Trouble> {
        let write = cql.conditional(statement).await?;
        match cql.session().execute_unpaged(&write, values).await.map_err(write_trouble) {
            Ok(_) | Err(Trouble::Unconfirmed { .. }) => {}
            Err(other) => return Err(other),
        }
        Ok(owner(cql).await? == Some(self.owner))
    }
}

async fn owner(cql: &Cql) -> Result<Option<Uuid>, Trouble> {
    let read = cql.decide(OWNER).await?;
    let answer = cql.session().execute_unpaged(&read, ()).await.map_err(read_trouble)?;
    let row: Option<(Option<Uuid>,)> =
        answer.into_rows_result().map_err(corrupt)?.maybe_first_row().map_err(corrupt)?;
    Ok(row.and_then(|(owner,)| owner))
}
