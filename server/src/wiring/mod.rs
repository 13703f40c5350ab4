//! Who is who: the one place that names concrete stores and puts the services together.

mod inventory;
mod neighbours;
mod places;
mod rounds;
mod sales;
mod shared;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::ids::TicketId;
use moka::future::Cache;
use secrecy::ExposeSecret;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::availability::Availability;
use crate::catalog::charts::postgres::PostgresCharts;
use crate::catalog::postgres::PostgresEvents;
use crate::catalog::{Catalog, Charts};
use crate::checker::{Audit, Hears};
use crate::clock::{Clock, HouseClock, SystemClock};
use crate::config::Config;
use crate::holds::{HoldStore, Holds};
use crate::http::assets::Manifest;
use crate::http::crowd::Crowd;
use crate::http::state::{Health, Parts as ShopParts, Shop};
use crate::jobs::postgres::PostgresOutbox;
use crate::jobs::{Jobs, OutboxStore};
use crate::mail::{FolderMailer, Mailer, SmtpMailer};
use crate::payments::test_provider::{Ledger, TestProvider};
use crate::payments::{News, PaymentProvider, Providers};
use crate::purchase::postgres::PostgresOrders;
use crate::purchase::stop::StopAt;
use crate::purchase::tasks::{Expiry, Sweep, read_news};
use crate::purchase::{AvailabilityFollower, Parts, Purchase, TicketMailer};
use crate::stores::postgres::connect::{self, beside, shares};
use crate::stores::postgres::{Pool, partitions};
use crate::tickets::Signer;
use crate::tickets::doors::{Compare, DoorTicket, Doors, Follower};
use crate::trouble::Trouble;
use inventory::FromCatalog;
use neighbours::Neighbours;
use places::FromHolds;
use sales::Sales;

/// Lists of sections kept at a time: one for each of the last changes of the busiest events.
const SECTION_LISTS: u64 = 64;

/// Rendered pages kept at a time.
const PAGES: u64 = 500;

/// A shop that is ready to open, with the work that goes on behind it.
pub struct House {
    /// What answers requests.
    pub shop: Shop,
    jobs: Jobs,
    news: mpsc::Receiver<News>,
    neighbours: Option<Neighbours>,
}

/// Builds the house on `pool`, the connections of those who buy; those who look get some beside it
/// ([`connect::shares`]).
///
/// # Errors
/// One sentence for whoever started it.
pub async fn open(config: Config, pool: Pool, manifest: Manifest, public_url: String) -> Result<House, String> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    build(config, pool, manifest, public_url, clock, None).await
}

/// The catalogue on `pool`: for commands that need nothing else of the house.
#[must_use]
pub fn catalog(pool: &Pool) -> Catalog {
    let charts = Charts::new(Arc::new(PostgresCharts::new(pool.clone())));
    Catalog::new(Arc::new(PostgresEvents::new(pool.clone())), charts)
}

/// Who has to hear that a sale was stopped or goes on: for commands that need nothing else of the house.
///
/// # Errors
/// One sentence for whoever typed the command.
pub async fn sales(config: &Config, pool: &Pool) -> Result<impl Hears, String> {
    Sales::open(config, pool).await.map_err(|trouble| format!("Redis cannot be used: {trouble}."))
}

/// The hold service on the CQL cluster of `config`: for commands that need nothing else of the house.
///
/// # Errors
/// One sentence for whoever typed the command.
pub async fn holds(config: &Config, pool: &Pool) -> Result<Holds, String> {
    let sentence = |trouble: Trouble| format!("The hold store cannot be used: {trouble}.");
    let clock = Arc::new(HouseClock::over(Arc::new(SystemClock)));
    rounds::first(&clock, pool).await;
    let clock: Arc<dyn Clock> = clock;
    let redis = shared::redis(config).map_err(sentence)?;
    let bus = shared::bus(config, redis.as_ref(), pool, &*clock).map_err(sentence)?;
    let cluster = shared::cluster(config, &*clock).await.map_err(sentence)?;
    let store = shared::holds(cluster.as_ref(), &bus, &*clock).await.map_err(sentence)?;
    let books = shared::events(None, pool, pool, &clock).buying;
    let facts = FromCatalog::new(catalog(pool), books, clock);
    Ok(Holds::new(store, Arc::new(facts)).lasting(config.hold_ms()))
}

/// What doors are told of tickets, on the CQL cluster of `config`: for commands that need nothing else of the house.
///
/// # Errors
/// One sentence for whoever typed the command.
pub async fn doors(config: &Config, pool: &Pool) -> Result<Doors, String> {
    let sentence = |trouble: Trouble| format!("The CQL cluster cannot be used: {trouble}.");
    let cluster = shared::cluster(config, &SystemClock).await.map_err(sentence)?;
    let cluster = cluster.ok_or("CQL_NODES names no cluster: doors without a network need none.")?;
    shared::doors(&cluster, pool).await.map_err(sentence)
}

/// What the shop says of a ticket: the CQL cluster where `config` names one, else the PostgreSQL that it names; none
/// where it names neither.
pub async fn ask(config: &Config, ticket: TicketId) -> Option<Result<Option<DoorTicket>, Trouble>> {
    shared::ask(config, ticket).await
}

/// As [`open`], with the clock that tests bring, and the hold store where they bring one.
///
/// # Errors
/// One sentence for whoever started it.
pub async fn build(
    config: Config,
    pool: Pool,
    manifest: Manifest,
    public_url: String,
    clock: Arc<dyn Clock>,
    hold_store: Option<Arc<dyn HoldStore>>,
) -> Result<House, String> {
    let sentence = |trouble: Trouble| format!("Parterre cannot open: {trouble}.");
    let house_clock = Arc::new(HouseClock::over(clock));
    // Before anything is promised by it.
    rounds::first(&house_clock, &pool).await;
    let clock: Arc<dyn Clock> = Arc::clone(&house_clock) as _;
    partitions::ensure(&pool, clock.now()).await.map_err(sentence)?;
    let redis = shared::redis(&config).map_err(sentence)?;
    let bus = shared::bus(&config, redis.as_ref(), &pool, &*clock).map_err(sentence)?;
    let lookers = beside(&pool, shares(config.database_pool).1);
    let events = shared::events(redis.as_ref(), &pool, &lookers, &clock);
    let charts = Charts::new(Arc::new(PostgresCharts::new(pool.clone())))
        .looked_at_in(Arc::new(PostgresCharts::new(lookers.clone())));
    let sales = Sales(events.clone());
    let catalog = Catalog::new(events.looking.clone(), charts.clone());
    let desk = Catalog::new(events.buying.clone(), charts);
    let facts = FromCatalog::new(desk.clone(), events.buying.clone(), clock.clone());
    let cluster = shared::cluster(&config, &*clock).await.map_err(sentence)?;
    let hold_store = match hold_store {
        Some(brought) => brought,
        None => shared::holds(cluster.as_ref(), &bus, &*clock).await.map_err(sentence)?,
    };
    let doors = match &cluster {
        Some(cluster) => Some(shared::doors(cluster, &pool).await.map_err(sentence)?),
        None => None,
    };
    let keyspace = config.cql_keyspace.clone();
    let holds = Holds::new(hold_store, Arc::new(facts.clone())).lasting(config.hold_ms());
    let (most, most_each) = (config.streams as usize, config.streams_per_address);
    let availability = Availability::live(holds.clone(), clock.clone(), most, most_each);
    availability.compare_every(config.compare_every);
    // Pages are to find a connection whatever listens by an old proxy.
    availability.limit_bodies((config.connections as usize / 4).max(1));
    // A CQL store is shared and sees to its own marks.
    let alone = config.cql_nodes.is_empty();
    let neighbours = alone.then(|| {
        let (bus, catalog, clock) = (Arc::clone(&bus), desk.clone(), Arc::clone(&clock));
        Neighbours::new(bus, holds.clone(), availability.clone(), catalog, clock)
    });
    let (provider, news) = TestProvider::new(Ledger::new(pool.clone()));
    let provider = Arc::new(provider);
    let signer = Signer::open(&config.data, &*clock).map_err(|error| format!("Parterre cannot open: {error}."))?;
    crate::tickets::postgres::join(&pool, &signer).await?;
    let signer = Arc::new(signer);
    let test_payments: Vec<Arc<dyn PaymentProvider>> = vec![Arc::clone(&provider) as _];
    // Payments that were begun are brought to their end, whether new ones are taken or not.
    let (ways, former) = if config.takes_test_payments() { (test_payments, vec![]) } else { (vec![], test_payments) };
    if ways.is_empty() {
        tracing::warn!("no payment provider is set: nothing can be bought; --test-payments takes test cards");
    }
    let stop = StopAt::new(config.stop_at.clone());
    let purchase = Purchase::new(Parts {
        store: Arc::new(PostgresOrders::new(pool.clone()).stopping(stop.clone())),
        aside: Arc::new(PostgresOrders::new(lookers)),
        places: Arc::new(FromHolds {
            holds: holds.clone(),
            clock: clock.clone(),
            events,
            neighbours: neighbours.clone(),
        }),
        labels: Arc::new(facts),
        providers: Providers::with_former(ways, former),
        signer: Arc::clone(&signer),
        clock: clock.clone(),
        stop,
    });
    let (mailer, letters) = mailer(&config).map_err(sentence)?;
    let keys = shared::keys(redis.as_ref(), &pool);
    let outbox: Arc<dyn OutboxStore> = Arc::new(PostgresOutbox::new(pool.clone()));
    let jobs = Jobs::new(outbox.clone())
        .handle(AvailabilityFollower(purchase.clone()))
        .handle(Follower(doors.clone()))
        .handle(TicketMailer { purchase: purchase.clone(), mailer, public_url: public_url.clone() })
        .every(Expiry(purchase.clone()))
        .every(Sweep(purchase.clone()))
        .every(rounds::Holds::new(holds.clone(), house_clock, pool.clone()))
        .every(rounds::Audit { holds: holds.clone(), every: config.audit_holds_every, last: None.into() })
        .every(rounds::Keys { keys: keys.clone(), clock: clock.clone() })
        .every(rounds::Outbox { outbox })
        .every(Audit {
            pool: beside(&pool, 1),
            every: Duration::from_secs(config.audit_seconds),
            clock: clock.clone(),
            hears: sales.clone(),
        })
        .every(sales)
        .every(rounds::TicketKeys { pool: pool.clone(), signer })
        .every(rounds::Months { pool: pool.clone(), clock: clock.clone() });
    let jobs = match neighbours.clone() {
        Some(neighbours) => jobs.every(neighbours),
        None => jobs,
    };
    let jobs = match doors {
        Some(doors) => jobs.every(Compare::new(doors, keyspace)),
        None => jobs,
    };
    let shop = Shop::new(ShopParts {
        limits: shared::limits(redis.as_ref(), &clock),
        test_provider: config.takes_test_payments().then_some(provider),
        letters: letters.filter(|_| config.dev_pages),
        config,
        public_url,
        manifest,
        clock,
        catalog,
        desk,
        holds,
        bus,
        availability,
        purchase,
        crowd: Crowd::default(),
        sections: Cache::new(SECTION_LISTS),
        pages: Cache::builder().max_capacity(PAGES).time_to_live(Duration::from_secs(1)).build(),
        readiness: Cache::builder().max_capacity(1).time_to_live(Duration::from_secs(1)).build(),
        keys,
        database: Arc::new(PostgresHealth(pool)),
        cache: Arc::new(shared::RedisHealth(redis)),
    });
    Ok(House { shop, jobs, news, neighbours })
}

impl House {
    /// Starts the work behind the scenes; it ends soon after `stop`.
    pub fn start(self, stop: &CancellationToken) -> Vec<JoinHandle<()>> {
        let news = read_news(self.shop.purchase.clone(), self.news, stop.clone());
        let mut work = vec![tokio::spawn(self.jobs.run(stop.clone())), tokio::spawn(news)];
        work.extend(self.neighbours.map(|neighbours| tokio::spawn(neighbours.hear(stop.clone()))));
        work
    }
}

type Mail = (Arc<dyn Mailer>, Option<Arc<FolderMailer>>);

fn mailer(config: &Config) -> Result<Mail, Trouble> {
    if let Some(url) = &config.smtp_url {
        return Ok((Arc::new(SmtpMailer::new(url.expose_secret(), &config.mail_from)?), None));
    }
    let folder = Arc::new(FolderMailer::new(&config.data, &config.mail_from)?);
    Ok((Arc::clone(&folder) as Arc<dyn Mailer>, Some(folder)))
}

struct PostgresHealth(Pool);

#[async_trait]
impl Health for PostgresHealth {
    async fn check(&self) -> Result<(), Trouble> {
        let within = Duration::from_secs(2);
        tokio::time::timeout(within, connect::health(&self.0)).await.unwrap_or_else(|_| {
            Err(Trouble::Unavailable { what: "PostgreSQL", detail: "no answer in two seconds".into() })
        })
    }
}
