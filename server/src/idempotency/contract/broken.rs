//! Stores of keys that are broken on purpose: each breaks a law, and the law must notice.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::*;
use crate::cache::CacheStore;
use crate::idempotency::memory::MemoryIdempotency;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    ForgetsTheAnswer,
    IgnoresTheBody,
    MixesCallers,
    WaitsForTheDead,
    KeepsTheKey,
    DrawsAnew,
    HearsTheLate,
    RemembersForEver,
    LooksAndThenTakes,
}

struct Broken {
    fault: Fault,
    inner: MemoryIdempotency,
    /// When the latest try of a key began.
    tried: Mutex<HashMap<String, Millis>>,
}

impl Broken {
    fn call(&self, call: &Call) -> Call {
        let mut call = call.clone();
        match self.fault {
            Fault::IgnoresTheBody => call.fingerprint = [0; 32],
            Fault::MixesCallers => call.scope = "anybody".into(),
            _ => {}
        }
        call
    }

    /// When the try that is settled began, for whoever asks; for one who hears the late, the latest.
    fn begun(&self, call: &Call, begun: Millis) -> Millis {
        let latest = self.tried.lock().unwrap().get(&call.key).copied();
        if self.fault == Fault::HearsTheLate { latest.unwrap_or(begun) } else { begun }
    }
}

#[async_trait]
impl IdempotencyStore for Broken {
    async fn begin(&self, call: &Call, seed: [u8; 32], now: Millis) -> Result<Begin, Trouble> {
        let known = self.tried.lock().unwrap().contains_key(&call.key);
        let now_here = if self.fault == Fault::WaitsForTheDead { NOW } else { now };
        if self.fault == Fault::LooksAndThenTakes {
            tokio::task::yield_now().await;
        }
        let begun = self.inner.begin(&self.call(call), seed, now_here).await?;
        if !matches!(begun, Begin::Running | Begin::Reused) {
            self.tried.lock().unwrap().insert(call.key.clone(), now);
        }
        Ok(match begun {
            Begin::Fresh(_) if self.fault == Fault::DrawsAnew => Begin::Fresh(Run { since: now, seed }),
            Begin::Running if self.fault == Fault::LooksAndThenTakes && !known => {
                Begin::Fresh(Run { since: now, seed })
            }
            other => other,
        })
    }

    async fn finish(&self, call: &Call, begun: Millis, answer: &Stored, now: Millis) -> Result<bool, Trouble> {
        if self.fault == Fault::ForgetsTheAnswer {
            return Ok(true);
        }
        self.inner.finish(&self.call(call), self.begun(call, begun), answer, now).await
    }

    async fn forget(&self, call: &Call, begun: Millis) -> Result<(), Trouble> {
        if self.fault == Fault::KeepsTheKey {
            return Ok(());
        }
        self.inner.forget(&self.call(call), self.begun(call, begun)).await
    }

    async fn sweep(&self, now: Millis) -> Result<u64, Trouble> {
        if self.fault == Fault::RemembersForEver { Ok(0) } else { self.inner.sweep(now).await }
    }
}

/// One test a broken store: the law named must fail on it.
macro_rules! noticed {
    ($($fault:ident breaks $law:ident),+ $(,)?) => {
        $(#[tokio::test]
        #[should_panic]
        async fn $law() {
            let (inner, tried) = (MemoryIdempotency::default(), Mutex::default());
            super::$law(Arc::new(Broken { fault: Fault::$fault, inner, tried })).await;
        })+
    };
}

noticed! {
    ForgetsTheAnswer breaks the_first_runs_and_the_second_gets_its_answer,
    IgnoresTheBody breaks another_body_is_told_so,
    MixesCallers breaks keys_of_two_callers_never_meet,
    WaitsForTheDead breaks a_call_lost_with_its_process_may_run_again,
    KeepsTheKey breaks a_call_that_did_nothing_may_run_again,
    DrawsAnew breaks a_call_that_runs_again_is_the_same_run,
    HearsTheLate breaks a_try_that_was_taken_for_lost_settles_nothing,
    RemembersForEver breaks a_day_later_all_is_forgotten,
    LooksAndThenTakes breaks of_many_at_once_one_runs,
}

/// A cache with one drawer: whoever asks gets what was put there last.
#[derive(Default)]
struct OneDrawer(MemoryCache);

#[async_trait]
impl CacheStore for OneDrawer {
    async fn get(&self, _: &str) -> Result<Option<Bytes>, Trouble> {
        self.0.get("drawer").await
    }

    async fn keep(&self, _: &str, value: Bytes, time: Duration) -> Result<bool, Trouble> {
        self.0.keep("drawer", value, time).await
    }

    async fn renew(&self, _: &str, time: Duration) -> Result<Option<Bytes>, Trouble> {
        self.0.renew("drawer", time).await
    }

    async fn forget(&self, _: &str) -> Result<(), Trouble> {
        self.0.forget("drawer").await
    }
}

#[tokio::test]
#[should_panic(expected = "my answer is not theirs")]
async fn a_look_aside_that_mixes_callers_is_found_out() {
    let books = Arc::new(MemoryIdempotency::default());
    super::keys_of_two_callers_never_meet(Arc::new(LookAside::new(books, Arc::new(OneDrawer::default())))).await;
}
