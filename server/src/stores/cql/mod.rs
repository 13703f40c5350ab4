//! CQL (ScyllaDB or Apache Cassandra): connections, the keyspace, its migrations, and what its errors mean.
//!
//! Every conditional write has three outcomes, and the driver must not blur them: nothing is tried again by itself
//! (`FallthroughRetryPolicy`), nothing is asked twice at a time, and every request has its time limit.

pub mod additive;
pub mod connect;
pub mod error;
pub mod keyspace;
mod lock;
pub mod migrate;
#[cfg(test)]
mod tests;
mod warm;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use scylla::client::session::Session;
use scylla::statement::Consistency;
use scylla::statement::prepared::PreparedStatement;

use crate::trouble::Trouble;
use connect::Settings;

/// How troubles name this store.
pub const WHAT: &str = "CQL";

/// How long all of connecting anew may take.
const ANEW_WITHIN: Duration = Duration::from_secs(5);
/// How long a health check waits.
const HEALTHY_WITHIN: Duration = Duration::from_secs(1);

/// Connections to a cluster, with the keyspace chosen. Cheap to clone.
#[derive(Clone)]
pub struct Cql {
    session: Arc<Session>,
    settings: Arc<Settings>,
}

impl fmt::Debug for Cql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cql").field("keyspace", &self.session.get_keyspace()).finish_non_exhaustive()
    }
}

impl Cql {
    /// The driver's session, for the files named after it.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The same with connections of its own. The driver waits without end for the first answer on a new connection, as
    /// long as later ones come: once that answer is lost, nothing is ever asked over the connection.
    ///
    /// # Errors
    /// As [`Cql::connect`], or where that takes too long.
    pub async fn anew(&self) -> Result<Self, Trouble> {
        let connected = tokio::time::timeout(ANEW_WITHIN, Self::connect(&self.settings)).await;
        connected.unwrap_or_else(|_| Err(error::unavailable("no connection in time")))
    }

    /// A conditional write (`IF …`): QUORUM and LOCAL_SERIAL. Its errors are for [`error::write_trouble`].
    ///
    /// # Errors
    /// [`Trouble::Unavailable`] where nobody answers, [`Trouble::Corrupt`] where the schema does not fit.
    pub async fn conditional(&self, statement: &'static str) -> Result<PreparedStatement, Trouble> {
        self.prepare(statement, Consistency::Quorum).await
    }

    /// A write without a condition: QUORUM. Only for rows that decide nothing.
    ///
    /// # Errors
    /// As [`Cql::conditional`].
    pub async fn write(&self, statement: &'static str) -> Result<PreparedStatement, Trouble> {
        self.prepare(statement, Consistency::Quorum).await
    }

    /// A read that may lag behind a write in flight: LOCAL_QUORUM. Its errors are for [`error::read_trouble`].
    ///
    /// # Errors
    /// As [`Cql::conditional`].
    pub async fn read(&self, statement: &'static str) -> Result<PreparedStatement, Trouble> {
        self.prepare(statement, Consistency::LocalQuorum).await
    }

    /// A read that decides: LOCAL_SERIAL, after which every earlier write has happened or never will.
    ///
    /// # Errors
    /// As [`Cql::conditional`].
    pub async fn decide(&self, statement: &'static str) -> Result<PreparedStatement, Trouble> {
        self.prepare(statement, Consistency::LocalSerial).await
    }

    async fn prepare(&self, statement: &'static str, consistency: Consistency) -> Result<PreparedStatement, Trouble> {
        let keyspace = self.session.get_keyspace();
        let text = keyspace.map_or_else(|| statement.to_owned(), |keyspace| qualified(statement, &keyspace));
        let mut prepared = self.session.prepare(text).await.map_err(error::prepare_trouble)?;
        prepared.set_consistency(consistency);
        // Cassandra answers a conditional write in two shapes under one statement; only the answer's own metadata fits.
        prepared.set_use_cached_result_metadata(false);
        Ok(prepared)
    }

    /// Whether a quorum answers.
    ///
    /// # Errors
    /// What keeps it from answering.
    pub async fn check(&self) -> Result<(), Trouble> {
        let asked = async {
            let statement = self.read("SELECT version FROM schema_steps WHERE version = 0").await?;
            self.session.execute_unpaged(&statement, ()).await.map_err(error::read_trouble)
        };
        let answered = tokio::time::timeout(HEALTHY_WITHIN, asked).await;
        answered.unwrap_or_else(|_| Err(error::unavailable("no answer in a second"))).map(drop)
    }
}

/// The statement with its table named in full. Cassandra warns of every prepared statement that rests on `USE`, as the
/// same text could come to mean another table.
fn qualified(statement: &str, keyspace: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in statement.split_whitespace() {
        let names_table = matches!(words.last().map(String::as_str), Some("FROM" | "INTO" | "UPDATE"));
        let is_bare = names_table && !word.contains('.');
        words.push(if is_bare { format!("{keyspace}.{word}") } else { word.to_owned() });
    }
    words.join(" ")
}
