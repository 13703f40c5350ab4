//! What the processes of one shop share, and which of the possible ways it is.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::ids::TicketId;
use secrecy::ExposeSecret;

use crate::bus::Bus;
use crate::bus::memory::MemoryBus;
use crate::bus::postgres::PostgresBus;
use crate::bus::redis::RedisBus;
use crate::cache::CacheStore;
use crate::cache::redis::RedisCache;
use crate::catalog::cached::{CachedEvents, Lanes};
use crate::catalog::postgres::PostgresEvents;
use crate::clock::{Clock, random};
use crate::config::Config;
use crate::holds::cql::{CqlHolds, Tuning};
use crate::holds::{HoldStore, MemoryHolds};
use crate::http::state::Health;
use crate::idempotency::IdempotencyStore;
use crate::idempotency::aside::LookAside;
use crate::idempotency::postgres::PostgresIdempotency;
use crate::limits::redis::RedisRates;
use crate::limits::{Limits, RateStore};
use crate::stores::cql::{self, Cql};
use crate::stores::postgres::{Pool, connect};
use crate::stores::redis::{Redis, Settings};
use crate::tickets::doors::cql::CqlTickets;
use crate::tickets::doors::postgres::PostgresTickets;
use crate::tickets::doors::{DoorStore, DoorTicket, Doors};
use crate::trouble::Trouble;

/// The Redis that `REDIS_URL` names, where it names one.
pub(super) fn redis(config: &Config) -> Result<Option<Redis>, Trouble> {
    let Some(url) = &config.redis_url else { return Ok(None) };
    let settings = Settings { prefix: config.redis_prefix.clone(), ..Settings::new(url.expose_secret()) };
    Redis::open(settings).map(Some)
}

/// News between processes: over Redis where there is one, as it carries more messages at less cost; else over
/// PostgreSQL where `DATABASE_URL` names one, as several processes may share it; else within this process, which alone
/// has the embedded database.
pub(super) fn bus(
    config: &Config,
    redis: Option<&Redis>,
    pool: &Pool,
    clock: &dyn Clock,
) -> Result<Arc<dyn Bus>, Trouble> {
    let origin = random(clock);
    if let Some(redis) = redis {
        tracing::info!("processes hear each other through Redis, as REDIS_URL is set");
        return Ok(Arc::new(RedisBus::new(redis.clone(), origin)?));
    }
    if config.database_url.is_some() {
        tracing::info!("processes hear each other through PostgreSQL, as DATABASE_URL is set and REDIS_URL is not");
        return Ok(Arc::new(PostgresBus::new(pool, origin)));
    }
    tracing::info!("this process is alone: it has the embedded database, and no REDIS_URL is set");
    Ok(Arc::new(MemoryBus::default()))
}

/// Events behind the cache: those who look have `lookers`, a pool of their own, and those who buy at most half of `pool`.
pub(super) fn events(redis: Option<&Redis>, pool: &Pool, lookers: &Pool, clock: &Arc<dyn Clock>) -> Lanes {
    let cache = cache(redis);
    let lane = |pool: &Pool, at_once: u32| {
        let books = Arc::new(PostgresEvents::new(pool.clone()));
        Arc::new(CachedEvents::new(books, cache.clone(), at_once as usize, Arc::clone(clock)))
    };
    let most = |pool: &Pool| pool.options().get_max_connections();
    Lanes::new(lane(lookers, most(lookers)), lane(pool, most(pool) / 2))
}

/// Idempotency keys in the books, with recent answers beside them where there is a Redis.
pub(super) fn keys(redis: Option<&Redis>, pool: &Pool) -> Arc<dyn IdempotencyStore> {
    let books = Arc::new(PostgresIdempotency::new(pool.clone()));
    match cache(redis) {
        Some(cache) => Arc::new(LookAside::new(books, cache)),
        None => books,
    }
}

/// Hourly limits, over all processes where there is a Redis.
pub(super) fn limits(redis: Option<&Redis>, clock: &Arc<dyn Clock>) -> Limits {
    let everywhere = redis.map(|redis| Arc::new(RedisRates::new(redis.clone())) as Arc<dyn RateStore>);
    Limits::new(everywhere, Arc::clone(clock))
}

/// A process alone keeps nothing twice: what it would cache it has at hand.
fn cache(redis: Option<&Redis>) -> Option<Arc<dyn CacheStore>> {
    redis.map(|redis| Arc::new(RedisCache::new(redis.clone())) as Arc<dyn CacheStore>)
}

/// How Redis is; where none is set, nothing can be wrong with it.
pub(super) struct RedisHealth(pub(super) Option<Redis>);

#[async_trait]
impl Health for RedisHealth {
    async fn check(&self) -> Result<(), Trouble> {
        self.0.as_ref().map_or(Ok(()), Redis::health)
    }
}

/// The CQL cluster that `CQL_NODES` names, where it names one, its schema brought up to date.
pub(super) async fn cluster(config: &Config, clock: &dyn Clock) -> Result<Option<Cql>, Trouble> {
    let Some(settings) = config.cql() else { return Ok(None) };
    cql::migrate::up(&settings, clock.now(), random(clock)).await?;
    Cql::connect(&settings).await.map(Some)
}

/// Holds on the CQL cluster, where there is one; else in this process.
pub(super) async fn holds(
    cluster: Option<&Cql>,
    bus: &Arc<dyn Bus>,
    clock: &dyn Clock,
) -> Result<Arc<dyn HoldStore>, Trouble> {
    let Some(cql) = cluster else {
        tracing::info!("holds are kept in this process, as CQL_NODES is not set");
        return Ok(Arc::new(MemoryHolds::default()));
    };
    let holds = CqlHolds::new(cql.clone(), Tuning::default(), Some(Arc::clone(bus))).await?.starting(clock.now());
    tracing::info!("holds are kept on the CQL cluster, as CQL_NODES is set");
    Ok(Arc::new(holds))
}

/// Tickets for doors on the CQL cluster.
pub(super) async fn doors(cql: &Cql, pool: &Pool) -> Result<Doors, Trouble> {
    let store = Arc::new(CqlTickets::new(cql.clone()).await?);
    Ok(Doors::new(PostgresTickets::new(pool.clone()), store))
}

/// How long a door waits for an answer, the way to the store included.
const TOLD_WITHIN: Duration = Duration::from_secs(8);
/// How much of it the cluster may take, where PostgreSQL may be asked as well.
const CLUSTER_WITHIN: Duration = Duration::from_secs(4);

/// What the shop says of a ticket: the CQL cluster where one is named, and the PostgreSQL that is named where the cluster
/// does not know the ticket; where neither is named nobody is asked.
pub(super) async fn ask(config: &Config, ticket: TicketId) -> Option<Result<Option<DoorTicket>, Trouble>> {
    let asked = async {
        if let Some(settings) = config.cql() {
            let told = tokio::time::timeout(CLUSTER_WITHIN, on_the_cluster(&settings, ticket)).await;
            let told = told.unwrap_or_else(|_| Err(silent("the CQL cluster")));
            // What was sold a moment ago, or before doors were told, may not be there yet; and the cluster may be away.
            if matches!(told, Ok(Some(_))) || config.database_url.is_none() {
                return told;
            }
        }
        let url = config.database_url.as_ref().map_or("", ExposeSecret::expose_secret);
        let books = PostgresTickets::new(connect::connect(url, 1).await?);
        Ok(books.find(ticket).await?.map(|listed| listed.ticket))
    };
    if config.cql_nodes.is_empty() && config.database_url.is_none() {
        return None;
    }
    Some(tokio::time::timeout(TOLD_WITHIN, asked).await.unwrap_or_else(|_| Err(silent("the shop"))))
}

async fn on_the_cluster(settings: &cql::connect::Settings, ticket: TicketId) -> Result<Option<DoorTicket>, Trouble> {
    let store = CqlTickets::new(Cql::connect(settings).await?).await?;
    Ok(store.find(ticket).await?.map(|shown| shown.ticket))
}

fn silent(what: &'static str) -> Trouble {
    Trouble::Unavailable { what, detail: "no answer in time".into() }
}
