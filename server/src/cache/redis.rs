//! Kept in Redis: SET with NX and a time to live; what was forgotten is an empty value, or gone where there is no room for
//! that. What many look up at the same time goes as one MGET, but on a cluster, where each key has a place of its own.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fred::error::{Error, ErrorKind};
use fred::interfaces::{ClientLike, KeysInterface};
use fred::types::{CustomCommand, Expiration, Resp3Frame, SetOptions, Value};
use tokio::time::Instant;

use super::together::Together;
use super::{CacheStore, FORGOTTEN_FOR, MAX_KEY, MAX_VALUE};
use crate::stores::redis::{Redis, WHAT};
use crate::trouble::Trouble;

/// Bytes in Redis, which all processes share.
#[derive(Clone, Debug)]
pub struct RedisCache {
    redis: Redis,
    /// None on a cluster.
    together: Option<Arc<Together<Option<Bytes>, Trouble>>>,
}

/// One MGET, whose answer is in time for who waits since then.
async fn values(redis: Redis, keys: Vec<String>, since: Instant) -> Result<Vec<Option<Bytes>>, Trouble> {
    // Who waited too long here waited for us: that is no silence of Redis.
    if since.elapsed() >= redis.answers_within() {
        return Err(Trouble::Unavailable { what: WHAT, detail: "too many wait for it".into() });
    }
    let who = keys.len();
    redis.ask_for(who, since, mget(&redis, keys)).await
}

/// The answer as it comes: the driver's own way would look at each value whether it is text, and turn it over twice.
async fn mget(redis: &Redis, keys: Vec<String>) -> Result<Vec<Option<Bytes>>, Error> {
    let command = CustomCommand::new_static("MGET", None::<u16>, false);
    match redis.pool().next_connected().custom_raw(command, keys).await? {
        Resp3Frame::Array { data, .. } => data.into_iter().map(value).collect(),
        // A refusal, most likely.
        other => Value::try_from(other).and_then(|_| Err(strange())),
    }
}

fn value(frame: Resp3Frame) -> Result<Option<Bytes>, Error> {
    match frame {
        Resp3Frame::BlobString { data, .. } => Ok(Some(data)),
        Resp3Frame::Null => Ok(None),
        _ => Err(strange()),
    }
}

fn strange() -> Error {
    Error::new(ErrorKind::Parse, "MGET was answered by something else than values")
}

impl RedisCache {
    /// Keeps in `redis`.
    #[must_use]
    pub fn new(redis: Redis) -> Self {
        let clustered = redis.pool().next().is_clustered();
        // A journey of others, one's own, and as long for whatever else the machine does.
        let (asking, within) = (redis.clone(), redis.answers_within() * 4);
        let together = || Arc::new(Together::new(within, move |keys, since| values(asking.clone(), keys, since)));
        Self { together: (!clustered).then(together), redis }
    }

    async fn value(&self, key: String) -> Result<Option<Bytes>, Trouble> {
        match &self.together {
            Some(together) => together.get(key).await.unwrap_or_else(|| {
                Err(Trouble::Unavailable {
                    what: WHAT,
                    detail: "too many wait for it, or it was not understood".into(),
                })
            }),
            // Boxed, as the driver's future is large, and would be moved about on the other way too.
            None => Box::pin(self.redis.ask(self.redis.pool().next_connected().get(key))).await,
        }
    }

    async fn set(
        &self,
        key: &str,
        value: Bytes,
        time: Duration,
        when: Option<SetOptions>,
    ) -> Result<Option<String>, Trouble> {
        let milliseconds = i64::try_from(time.as_millis()).unwrap_or(i64::MAX).max(1);
        let client = self.redis.pool().next_connected();
        let expires = Some(Expiration::PX(milliseconds));
        self.redis.ask(client.set(self.redis.key(key), value, expires, when, false)).await
    }
}

#[async_trait]
impl CacheStore for RedisCache {
    async fn get(&self, key: &str) -> Result<Option<Bytes>, Trouble> {
        let kept = self.value(self.redis.key(key)).await?;
        Ok(kept.filter(|value| !value.is_empty()))
    }

    async fn keep(&self, key: &str, value: Bytes, time: Duration) -> Result<bool, Trouble> {
        if value.is_empty() || value.len() > MAX_VALUE || key.len() > MAX_KEY {
            return Ok(false);
        }
        Ok(self.set(key, value, time, Some(SetOptions::NX)).await?.is_some())
    }

    async fn renew(&self, key: &str, time: Duration) -> Result<Option<Bytes>, Trouble> {
        let Some(value) = self.get(key).await? else { return Ok(None) };
        let milliseconds = i64::try_from(time.as_millis()).unwrap_or(i64::MAX).max(1);
        let client = self.redis.pool().next_connected();
        // Where it ended or was forgotten in between, the mark at most lasts longer.
        let there: bool = self.redis.ask(client.pexpire(self.redis.key(key), milliseconds, None)).await?;
        Ok(there.then_some(value))
    }

    async fn forget(&self, key: &str) -> Result<(), Trouble> {
        let marked = self.set(key, Bytes::new(), FORGOTTEN_FOR, None).await.map(drop);
        if let Err(Trouble::Unavailable { .. }) = marked {
            // One that is full takes no mark, but it lets go of what it has. The mark is owed all the same.
            let client = self.redis.pool().next_connected();
            let _ = self.redis.ask(client.unlink::<(), _>(self.redis.key(key))).await;
        }
        marked
    }
}
