//! What the processes of one shop share, and which of the possible ways it is.

use std::sync::Arc;

use async_trait::async_trait;
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
use crate::stores::postgres::Pool;
use crate::stores::redis::{Redis, Settings};
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
        return Ok(Arc::new(PostgresBus::new(pool.clone(), origin)));
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

/// Holds on the CQL cluster that `CQL_NODES` names, its schema brought up to date; else in this process.
pub(super) async fn holds(
    config: &Config,
    bus: &Arc<dyn Bus>,
    clock: &dyn Clock,
) -> Result<Arc<dyn HoldStore>, Trouble> {
    let Some(settings) = config.cql() else {
        tracing::info!("holds are kept in this process, as CQL_NODES is not set");
        return Ok(Arc::new(MemoryHolds::default()));
    };
    cql::migrate::up(&settings, clock.now(), random(clock)).await?;
    let holds = CqlHolds::new(Cql::connect(&settings).await?, Tuning::default(), Some(Arc::clone(bus))).await?;
    tracing::info!(keyspace = settings.keyspace, "holds are kept on the CQL cluster, as CQL_NODES is set");
    Ok(Arc::new(holds))
}
