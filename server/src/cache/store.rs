//! What the cache needs of a store.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::trouble::Trouble;

/// Bytes by key, for a while. The laws are in `contract`. Every call may be repeated without harm.
#[async_trait]
pub trait CacheStore: Send + Sync + 'static {
    /// What is kept.
    ///
    /// # Errors
    /// Trouble with the store: as good as nothing kept.
    async fn get(&self, key: &str) -> Result<Option<Bytes>, Trouble>;

    /// Keeps `value` (not empty, [`super::MAX_VALUE`] bytes at most) for `time`, unless something is kept or was
    /// forgotten less than [`super::FORGOTTEN_FOR`] ago; answers whether it is kept.
    ///
    /// # Errors
    /// Trouble with the store.
    async fn keep(&self, key: &str, value: Bytes, time: Duration) -> Result<bool, Trouble>;

    /// What is kept, and is now kept for `time` from this moment, whatever was left of its time. What was forgotten stays
    /// so.
    ///
    /// # Errors
    /// Trouble with the store: as good as nothing kept.
    async fn renew(&self, key: &str, time: Duration) -> Result<Option<Bytes>, Trouble>;

    /// Nothing is kept any more, nor will be for [`super::FORGOTTEN_FOR`].
    ///
    /// # Errors
    /// Trouble with the store: what was kept may stay until its time is over.
    async fn forget(&self, key: &str) -> Result<(), Trouble>;
}
