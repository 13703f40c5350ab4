//! Stores that are broken on purpose: each breaks a law, and the law must notice.

use async_trait::async_trait;

use super::*;
use crate::trouble::Trouble;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    OneKey,
    Overwrites,
    Immortal,
    OnlyDeletes,
    KeepsAnything,
    SaysYes,
    OnlyReads,
    MixesUp,
}

pub(super) struct Broken {
    fault: Fault,
    inner: MemoryCache,
    deleted: std::sync::Mutex<std::collections::HashMap<String, u32>>,
    asked: std::sync::Mutex<String>,
}

impl Broken {
    pub(super) fn by(fault: Fault) -> Self {
        Self { fault, inner: MemoryCache::default(), deleted: Default::default(), asked: Default::default() }
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    /// A key's present life: deleting begins another.
    fn life(&self, key: &str) -> String {
        let key = if self.is(Fault::OneKey) { "event:{a}" } else { key };
        let lives = self.deleted.lock().unwrap().get(key).copied().unwrap_or(0);
        format!("{key}{lives}")
    }

    fn die(&self, key: &str) {
        *self.deleted.lock().unwrap().entry(key.to_owned()).or_default() += 1;
    }
}

#[async_trait]
impl CacheStore for Broken {
    async fn get(&self, key: &str) -> Result<Option<Bytes>, Trouble> {
        if self.is(Fault::MixesUp) {
            key.clone_into(&mut self.asked.lock().unwrap());
            tokio::task::yield_now().await;
            let last = self.asked.lock().unwrap().clone();
            return self.inner.get(&self.life(&last)).await;
        }
        self.inner.get(&self.life(key)).await
    }

    async fn keep(&self, key: &str, value: Bytes, time: Duration) -> Result<bool, Trouble> {
        if self.is(Fault::Overwrites) && self.inner.get(&self.life(key)).await?.is_some() {
            self.die(key);
        }
        let time = if self.is(Fault::Immortal) { Duration::from_secs(3600) } else { time };
        let value = if self.is(Fault::KeepsAnything) { value.slice(..value.len().min(MAX_VALUE)) } else { value };
        let kept = self.inner.keep(&self.life(key), value, time).await?;
        Ok(kept || self.is(Fault::SaysYes))
    }

    async fn renew(&self, key: &str, time: Duration) -> Result<Option<Bytes>, Trouble> {
        if self.is(Fault::OnlyReads) {
            return self.get(key).await;
        }
        self.inner.renew(&self.life(key), time).await
    }

    async fn forget(&self, key: &str) -> Result<(), Trouble> {
        if self.is(Fault::OnlyDeletes) {
            self.die(key);
            return Ok(());
        }
        self.inner.forget(&self.life(key)).await
    }
}

macro_rules! noticed {
    ($($fault:ident breaks $law:ident),+ $(,)?) => {
        $(#[tokio::test]
        #[should_panic]
        async fn $law() {
            let law = super::$law(Arc::new(Broken::by(Fault::$fault)));
            // A law that waits for what never happens has noticed.
            tokio::time::timeout(SHORT * 15, law).await.expect("the law ends");
        })+
    };
}

noticed! {
    OneKey breaks what_is_kept_is_found,
    Overwrites breaks the_first_is_kept,
    Immortal breaks everything_ends,
    OnlyDeletes breaks what_is_forgotten_cannot_be_put_back,
    KeepsAnything breaks what_is_too_large_is_not_kept,
    OnlyReads breaks what_is_renewed_stays_for_its_new_time,
    SaysYes breaks of_many_at_once_one_is_kept,
    MixesUp breaks many_at_once_get_each_their_own,
}
