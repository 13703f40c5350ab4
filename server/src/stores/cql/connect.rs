//! Sessions: which nodes, which keyspace, and how long anything may take.

use std::sync::Arc;
use std::time::Duration;

use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session_builder::SessionBuilder;
use scylla::policies::load_balancing::{DefaultPolicy, LoadBalancingPolicy};
use scylla::policies::retry::FallthroughRetryPolicy;
use scylla::statement::{Consistency, SerialConsistency};
use secrecy::{ExposeSecret, SecretString};

use super::error::{corrupt, session_trouble};
use super::{Cql, keyspace};
use crate::trouble::Trouble;

/// How long a request may take before its outcome counts as unknown.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// Opening a connection takes no longer than a request may, and never longer than this.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// How long a change of the schema may take, agreement of all nodes included.
const SCHEMA_WITHIN: Duration = Duration::from_secs(60);

/// Which cluster, and what of it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Nodes to begin with, `host:port`; the others are found by asking them.
    pub nodes: Vec<String>,
    /// The keyspace, in lower case.
    pub keyspace: String,
    /// Copies of each row in the data centre, where the keyspace is still to be made; otherwise three, or as many as
    /// there are nodes.
    pub replication: Option<u8>,
    /// The data centre whose replicas decide; otherwise the one that the cluster has.
    pub datacenter: Option<String>,
    /// User name and password, where the cluster asks for them.
    pub login: Option<(String, SecretString)>,
    /// How long a request may take. A connection that is silent for about as long is given up.
    pub answer_within: Duration,
}

impl Settings {
    /// Settings for `keyspace` on `nodes`, everything else as it comes.
    #[must_use]
    pub fn new(nodes: Vec<String>, keyspace: &str) -> Self {
        let (replication, datacenter, login) = (None, None, None);
        Self { nodes, keyspace: keyspace.into(), replication, datacenter, login, answer_within: ANSWER_WITHIN }
    }
}

impl Cql {
    /// Connects to the keyspace, which `parterre migrate up` has made.
    ///
    /// # Errors
    /// [`Trouble::Unavailable`] where nobody answers, [`Trouble::Corrupt`] where there is no such keyspace, or several
    /// data centres and none named.
    pub async fn connect(settings: &Settings) -> Result<Self, Trouble> {
        let session = builder(settings, settings.answer_within)?
            .use_keyspace(&settings.keyspace, false)
            .keyspaces_to_fetch([&settings.keyspace])
            .build()
            .await
            .map_err(session_trouble)?;
        let cql = Self { session: Arc::new(session), settings: Arc::new(settings.clone()) };
        // Whichever data centres the cluster comes to have later, this one goes on deciding.
        let datacenter = Some(keyspace::check(&cql, settings)?);
        let settings = Settings { datacenter, ..settings.clone() };
        let mut profile = cql.session.get_default_execution_profile_handle().clone();
        profile.map_to_another_profile(execution(&settings, settings.answer_within));
        Ok(Self { settings: Arc::new(settings), ..cql })
    }

    /// Connects without a keyspace, with time for changes of the schema.
    pub(super) async fn connect_to_migrate(settings: &Settings) -> Result<Self, Trouble> {
        let session = builder(settings, SCHEMA_WITHIN)?.build().await.map_err(session_trouble)?;
        Ok(Self { session: Arc::new(session), settings: Arc::new(settings.clone()) })
    }
}

fn builder(settings: &Settings, answer_within: Duration) -> Result<SessionBuilder, Trouble> {
    if !is_name(&settings.keyspace) {
        return Err(corrupt("a keyspace's name is 1 to 48 of a-z, 0-9 and _, and begins with a letter"));
    }
    let profile = execution(settings, answer_within);
    // Requests go to other nodes before those on a silent one have used up their time. Who changes the schema has time:
    // a node that stops for seconds, as a busy machine's does, must not break a step off in the midst.
    let probe_every = answer_within * 11 / 20;
    let mut builder = SessionBuilder::new()
        .known_nodes(&settings.nodes)
        .default_execution_profile_handle(profile.into_handle())
        .connection_timeout(answer_within.min(CONNECT_WITHIN))
        .keepalive_interval(probe_every)
        .keepalive_timeout(probe_every)
        .schema_agreement_timeout(SCHEMA_WITHIN);
    if let Some((user, password)) = &settings.login {
        builder = builder.user(user, password.expose_secret());
    }
    Ok(builder)
}

/// How each request is sent.
fn execution(settings: &Settings, answer_within: Duration) -> ExecutionProfile {
    ExecutionProfile::builder()
        .consistency(Consistency::Quorum)
        .serial_consistency(Some(SerialConsistency::LocalSerial))
        .request_timeout(Some(answer_within))
        // A second try of a conditional write may find the first one's work and call it somebody else's.
        .retry_policy(Arc::new(FallthroughRetryPolicy::new()))
        .speculative_execution_policy(None)
        .load_balancing_policy(balancing(settings))
        .build()
}

fn balancing(settings: &Settings) -> Arc<dyn LoadBalancingPolicy> {
    // Another data centre never decides: LOCAL_SERIAL there would be another truth.
    let policy = DefaultPolicy::builder().token_aware(true).permit_dc_failover(false);
    match &settings.datacenter {
        Some(datacenter) => policy.prefer_datacenter(datacenter.clone()).build(),
        None => policy.build(),
    }
}

/// Whether `name` needs no quotes. The keyspace's name is the one part of a statement that is not fixed text.
pub(super) fn is_name(name: &str) -> bool {
    let mut letters = name.bytes();
    letters.next().is_some_and(|first| first.is_ascii_lowercase())
        && name.len() <= 48
        && letters.all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'_')
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn a_keyspace_is_a_plain_name() {
        assert!(is_name("parterre") && is_name("t_12_3"));
        for odd in ["", "9lives", "Parterre", "a b", "a;drop", "ä", &"a".repeat(49)] {
            assert!(!is_name(odd), "{odd}");
        }
    }
}
