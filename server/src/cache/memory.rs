//! Kept in this process.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use moka::Expiry;
use moka::future::Cache;
use moka::ops::compute::{CompResult, Op};

use super::{CacheStore, FORGOTTEN_FOR, MAX_KEY, MAX_VALUE};
use crate::trouble::Trouble;

/// Bytes kept in all, keys included.
const ROOM: u64 = 64 * 1024 * 1024;
/// What an entry costs beside its key and value, in bytes, about.
const OVERHEAD: usize = 150;

#[derive(Clone, Debug)]
struct Entry {
    /// Empty where it was forgotten.
    value: Bytes,
    time: Duration,
}

struct ByEntry;

impl Expiry<String, Entry> for ByEntry {
    fn expire_after_create(&self, _: &String, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.time)
    }

    fn expire_after_update(&self, _: &String, entry: &Entry, _: Instant, _: Option<Duration>) -> Option<Duration> {
        Some(entry.time)
    }
}

/// Bytes in a map with a bound.
#[derive(Clone, Debug)]
pub struct MemoryCache {
    entries: Cache<String, Entry>,
}

impl Default for MemoryCache {
    fn default() -> Self {
        let weigh =
            |key: &String, entry: &Entry| u32::try_from(key.len() + entry.value.len() + OVERHEAD).unwrap_or(u32::MAX);
        Self { entries: Cache::builder().max_capacity(ROOM).weigher(weigh).expire_after(ByEntry).build() }
    }
}

#[async_trait]
impl CacheStore for MemoryCache {
    async fn get(&self, key: &str) -> Result<Option<Bytes>, Trouble> {
        Ok(self.entries.get(key).await.map(|entry| entry.value).filter(|value| !value.is_empty()))
    }

    async fn keep(&self, key: &str, value: Bytes, time: Duration) -> Result<bool, Trouble> {
        if value.is_empty() || value.len() > MAX_VALUE || key.len() > MAX_KEY {
            return Ok(false);
        }
        // `or_insert` calls the entry fresh for everybody who waited for it.
        let kept = self.entries.entry_by_ref(key).and_compute_with(|known| async move {
            if known.is_some() { Op::Nop } else { Op::Put(Entry { value, time }) }
        });
        Ok(matches!(kept.await, CompResult::Inserted(_)))
    }

    async fn renew(&self, key: &str, time: Duration) -> Result<Option<Bytes>, Trouble> {
        let renewed = self.entries.entry_by_ref(key).and_compute_with(|known| async move {
            match known.map(|known| known.into_value().value).filter(|value| !value.is_empty()) {
                Some(value) => Op::Put(Entry { value, time }),
                None => Op::Nop,
            }
        });
        match renewed.await {
            CompResult::ReplacedWith(entry) => Ok(Some(entry.into_value().value)),
            _ => Ok(None),
        }
    }

    async fn forget(&self, key: &str) -> Result<(), Trouble> {
        let mark = Entry { value: Bytes::new(), time: FORGOTTEN_FOR };
        // In line with whoever keeps or renews: an `insert` would be overwritten by what they read before it.
        self.entries.entry_by_ref(key).and_compute_with(|_| async { Op::Put(mark) }).await;
        Ok(())
    }
}
