//! The keyspace: made where it is missing, with the copies and in the data centre that the settings name.

use std::collections::BTreeMap;
use std::time::Duration;

use scylla::errors::{DbError, RequestAttemptError, UseKeyspaceError};

use super::Cql;
use super::connect::{Settings, is_name};
use super::error::{corrupt, read_trouble, unavailable, write_trouble};
use crate::trouble::Trouble;

/// Copies of a row where the settings name no number and the data centre has as many nodes.
const COPIES: usize = 3;
/// How often, and how many times, a node is asked for a keyspace that another process is just making.
const ASK_EVERY: Duration = Duration::from_millis(100);
const ASK_TIMES: u32 = 100;

/// What the keyspace is made with; for whoever typed the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The data centre.
    pub datacenter: String,
    /// Copies of each row in it.
    pub copies: usize,
    /// Whether this call made the keyspace; one that was there keeps what it has.
    pub made: bool,
}

/// Makes the keyspace of `settings`, unless it is there.
///
/// # Errors
/// [`Trouble::Corrupt`] where the settings do not fit the cluster, [`Trouble::Unavailable`] where nobody answers.
pub(super) async fn ensure(cql: &Cql, settings: &Settings) -> Result<Placement, Trouble> {
    let (datacenter, copies) = placement(&datacenters(cql), settings)?;
    let made = !exists(cql, &settings.keyspace).await?;
    if made {
        create(cql, &settings.keyspace, (&datacenter, copies), knows_tablets(cql).await?).await?;
    }
    Ok(Placement { datacenter, copies, made })
}

/// Takes the keyspace that [`exists`] for this session's statements. A node lists a new keyspace a moment before it
/// knows it: whoever comes between the two waits.
///
/// # Errors
/// [`Trouble::Unavailable`] where nobody answers, or the node does not come to know it within ten seconds.
pub(super) async fn enter(cql: &Cql, keyspace: &str) -> Result<(), Trouble> {
    for _ in 1..ASK_TIMES {
        match cql.session().use_keyspace(keyspace, false).await {
            Err(UseKeyspaceError::RequestError(RequestAttemptError::DbError(DbError::Invalid, _))) => {
                tokio::time::sleep(ASK_EVERY).await;
            }
            other => return other.map_err(unavailable),
        }
    }
    cql.session().use_keyspace(keyspace, false).await.map_err(unavailable)
}

/// Makes the keyspace, where a release `knows_tablets` without them.
async fn create(
    cql: &Cql,
    keyspace: &str,
    (datacenter, copies): (&str, usize),
    knows_tablets: bool,
) -> Result<(), Trouble> {
    let statement = statement(keyspace, datacenter, copies, knows_tablets);
    let made = cql.session().query_unpaged(statement, ()).await.map(drop).map_err(write_trouble);
    made.map_err(|trouble| if knows_tablets { needs_no_tablets(keyspace, trouble) } else { trouble })
}

/// ScyllaDB places new keyspaces by tablets, on which some of its releases refuse conditional writes.
fn statement(keyspace: &str, datacenter: &str, copies: usize, knows_tablets: bool) -> String {
    let tablets = if knows_tablets { " AND tablets = {'enabled': false}" } else { "" };
    format!(
        "CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = \
         {{'class': 'NetworkTopologyStrategy', '{datacenter}': {copies}}}{tablets}"
    )
}

/// A cluster that insists on tablets gets no keyspace: what holds rest on might not work there.
fn needs_no_tablets(keyspace: &str, trouble: Trouble) -> Trouble {
    match trouble {
        Trouble::Corrupt { detail, .. } => corrupt(format!(
            "the cluster refuses to make keyspace `{keyspace}` without tablets, which conditional writes need: let it \
             (`tablets_mode_for_new_keyspaces: enabled` in scylla.yaml), and try again ({detail})"
        )),
        other => other,
    }
}

/// Whether the keyspace is there.
pub(super) async fn exists(cql: &Cql, keyspace: &str) -> Result<bool, Trouble> {
    let statement = cql.read("SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?").await?;
    let found = cql.session().execute_unpaged(&statement, (keyspace,)).await.map_err(read_trouble)?;
    Ok(found.into_rows_result().map_err(corrupt)?.rows_num() > 0)
}

/// Asked of the cluster's own tables: a release that knows tablets keeps a column of them there.
async fn knows_tablets(cql: &Cql) -> Result<bool, Trouble> {
    let statement = cql
        .read(
            "SELECT column_name FROM system_schema.columns WHERE keyspace_name = 'system_schema' \
             AND table_name = 'scylla_keyspaces' AND column_name = 'initial_tablets'",
        )
        .await?;
    let found = cql.session().execute_unpaged(&statement, ()).await.map_err(read_trouble)?;
    Ok(found.into_rows_result().map_err(corrupt)?.rows_num() > 0)
}

/// How many nodes each data centre has.
fn datacenters(cql: &Cql) -> BTreeMap<String, usize> {
    let state = cql.session().get_cluster_state();
    let names = state.get_nodes_info().iter().filter_map(|node| node.datacenter.clone());
    names.fold(BTreeMap::new(), |mut counts, name| {
        *counts.entry(name).or_default() += 1;
        counts
    })
}

/// The data centre that decides. Refuses a cluster of which that is not clear: two processes that ask two data centres
/// have two truths.
pub(super) fn check(cql: &Cql, settings: &Settings) -> Result<String, Trouble> {
    decides(&datacenters(cql), settings).map(|(datacenter, _)| datacenter)
}

/// The data centre that decides, and how many nodes it has.
fn decides(datacenters: &BTreeMap<String, usize>, settings: &Settings) -> Result<(String, usize), Trouble> {
    let known = datacenters.keys().cloned().collect::<Vec<_>>().join(", ");
    let name = match &settings.datacenter {
        Some(name) => name,
        None if datacenters.len() == 1 => datacenters.keys().next().expect("there is one"),
        None => {
            let which = format!("the cluster has several data centres ({known})");
            return Err(corrupt(format!("{which}: name the one that decides by PARTERRE_CQL_DATACENTER")));
        }
    };
    let nodes = datacenters.get(name).copied();
    let nodes = nodes.ok_or_else(|| corrupt(format!("the cluster has no data centre `{name}`, only {known}")))?;
    Ok((name.clone(), nodes))
}

/// Which data centre, and how many copies in it.
fn placement(datacenters: &BTreeMap<String, usize>, settings: &Settings) -> Result<(String, usize), Trouble> {
    let (name, nodes) = decides(datacenters, settings)?;
    if name.contains('\'') {
        return Err(corrupt(format!("the data centre's name `{name}` cannot be used")));
    }
    let copies = settings.replication.map_or(COPIES.min(nodes), usize::from);
    if copies == 0 || copies > nodes {
        return Err(corrupt(format!("{copies} copies of a row do not fit on the {nodes} nodes of `{name}`")));
    }
    Ok((name, copies))
}

/// Removes a keyspace with all that is in it: for tests alone.
///
/// # Errors
/// As [`ensure`].
#[doc(hidden)]
pub async fn remove(settings: &Settings) -> Result<(), Trouble> {
    if !is_name(&settings.keyspace) {
        return Err(corrupt("not a keyspace's name"));
    }
    let cql = Cql::connect_to_migrate(settings).await?;
    let statement = format!("DROP KEYSPACE IF EXISTS {}", settings.keyspace);
    cql.session().query_unpaged(statement, ()).await.map(drop).map_err(write_trouble)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::cassandra;

    fn settings(datacenter: Option<&str>, replication: Option<u8>) -> Settings {
        let datacenter = datacenter.map(Into::into);
        Settings { datacenter, replication, ..Settings::new(vec![], "parterre") }
    }

    #[test]
    fn three_copies_or_as_many_as_there_are_nodes() {
        let one = BTreeMap::from([("east".to_owned(), 1)]);
        let five = BTreeMap::from([("east".to_owned(), 5)]);
        assert_eq!(placement(&one, &settings(None, None)).unwrap(), ("east".into(), 1));
        assert_eq!(placement(&five, &settings(None, None)).unwrap(), ("east".into(), 3));
        assert_eq!(placement(&five, &settings(None, Some(5))).unwrap(), ("east".into(), 5));
    }

    #[test]
    fn what_does_not_fit_the_cluster_is_refused_before_anything_is_made() {
        let two = BTreeMap::from([("east".to_owned(), 3), ("west".to_owned(), 1)]);
        assert!(placement(&two, &settings(None, None)).is_err(), "one of two has to be named");
        assert!(placement(&two, &settings(Some("north"), None)).is_err());
        assert!(placement(&two, &settings(Some("west"), Some(3))).is_err());
        assert_eq!(placement(&two, &settings(Some("east"), None)).unwrap(), ("east".into(), 3));
        // A server that merely connects is as careful.
        assert!(decides(&two, &settings(None, None)).is_err());
        assert!(decides(&two, &settings(Some("north"), None)).is_err());
        assert_eq!(decides(&two, &settings(Some("west"), None)).unwrap(), ("west".into(), 1));
    }

    #[test]
    fn tablets_are_switched_off_where_they_are_known_and_not_named_elsewhere() {
        let plain =
            "CREATE KEYSPACE IF NOT EXISTS shop WITH replication = {'class': 'NetworkTopologyStrategy', 'east': 3}";
        assert_eq!(statement("shop", "east", 3, false), plain);
        assert_eq!(statement("shop", "east", 3, true), format!("{plain} AND tablets = {{'enabled': false}}"));
    }

    /// Cassandra knows no such property and refuses it, as a ScyllaDB does that insists on tablets.
    #[tokio::test]
    async fn a_cluster_that_makes_no_keyspace_without_tablets_gets_none_at_all() {
        let shared = cassandra::shared().await;
        assert!(!knows_tablets(&shared.cql).await.unwrap());
        let name = format!("never_{}", std::process::id());
        let placed = placement(&datacenters(&shared.cql), &shared.settings).unwrap();
        let refused = create(&shared.cql, &name, (&placed.0, placed.1), true).await.unwrap_err();
        assert!(matches!(&refused, Trouble::Corrupt { detail, .. } if detail.contains("without tablets")), "{refused}");
        assert!(!exists(&shared.cql, &name).await.unwrap());
    }

    #[test]
    fn a_keyspace_of_which_nobody_knows_is_not_told_as_refused() {
        let unknown = Trouble::Unconfirmed { what: "CQL", detail: "timeout".into() };
        assert_eq!(needs_no_tablets("shop", unknown.clone()), unknown);
    }
}
