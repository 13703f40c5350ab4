//! Keys in process, for tests.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use domain::time::Millis;

use super::store::{Begin, Call, IdempotencyStore, Run, Stored};
use super::{LOST_AFTER, REMEMBERED_FOR};
use crate::trouble::Trouble;

struct Entry {
    fingerprint: [u8; 32],
    begun: Millis,
    /// When the latest try began; none is under way without one.
    tried: Option<Millis>,
    seed: [u8; 32],
    answer: Option<Stored>,
}

/// Keys in a map.
#[derive(Default)]
pub struct MemoryIdempotency {
    entries: Mutex<HashMap<(String, String), Entry>>,
}

impl MemoryIdempotency {
    fn entries(&self) -> std::sync::MutexGuard<'_, HashMap<(String, String), Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn name(call: &Call) -> (String, String) {
    (call.scope.clone(), call.key.clone())
}

#[async_trait]
impl IdempotencyStore for MemoryIdempotency {
    async fn begin(&self, call: &Call, seed: [u8; 32], now: Millis) -> Result<Begin, Trouble> {
        let mut entries = self.entries();
        let mut run = Run { since: now, seed };
        if let Some(entry) = entries.get(&name(call)).filter(|entry| now.since(entry.begun) < REMEMBERED_FOR) {
            let same = entry.fingerprint == call.fingerprint;
            if entry.answer.is_some() || entry.tried.is_some_and(|tried| now.since(tried) < LOST_AFTER) {
                return Ok(match &entry.answer {
                    _ if !same => Begin::Reused,
                    Some(answer) => Begin::Replay(answer.clone()),
                    None => Begin::Running,
                });
            }
            if same {
                run = Run { since: entry.begun, seed: entry.seed };
            }
        }
        let Run { since: begun, seed } = run;
        let entry = Entry { fingerprint: call.fingerprint, begun, tried: Some(now), seed, answer: None };
        entries.insert(name(call), entry);
        Ok(Begin::Fresh(run))
    }

    async fn finish(&self, call: &Call, begun: Millis, answer: &Stored, _: Millis) -> Result<bool, Trouble> {
        let mut entries = self.entries();
        let Some(entry) = entries.get_mut(&name(call)).filter(|entry| entry.tried == Some(begun)) else {
            return Ok(false);
        };
        entry.answer = Some(answer.clone());
        Ok(true)
    }

    async fn forget(&self, call: &Call, begun: Millis) -> Result<(), Trouble> {
        if let Some(entry) = self.entries().get_mut(&name(call)).filter(|entry| entry.tried == Some(begun)) {
            entry.tried = None;
        }
        Ok(())
    }

    async fn sweep(&self, now: Millis) -> Result<u64, Trouble> {
        let mut entries = self.entries();
        let before = entries.len();
        entries.retain(|_, entry| now.since(entry.begun) < REMEMBERED_FOR);
        Ok((before - entries.len()) as u64)
    }
}
