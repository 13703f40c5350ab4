//! Keys in process, for tests.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use domain::time::Millis;

use super::store::{Begin, Call, IdempotencyStore, Stored};
use super::{LOST_AFTER, REMEMBERED_FOR};
use crate::trouble::Trouble;

struct Entry {
    fingerprint: [u8; 32],
    begun: Millis,
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
    async fn begin(&self, call: &Call, now: Millis) -> Result<Begin, Trouble> {
        let mut entries = self.entries();
        if let Some(entry) = entries.get(&name(call)) {
            let age = now.since(entry.begun);
            let live = age < REMEMBERED_FOR && (entry.answer.is_some() || age < LOST_AFTER);
            if live && entry.fingerprint != call.fingerprint {
                return Ok(Begin::Reused);
            }
            if live {
                return Ok(entry.answer.clone().map_or(Begin::Running, Begin::Replay));
            }
        }
        entries.insert(name(call), Entry { fingerprint: call.fingerprint, begun: now, answer: None });
        Ok(Begin::Fresh)
    }

    async fn finish(&self, call: &Call, answer: &Stored, _: Millis) -> Result<(), Trouble> {
        if let Some(entry) = self.entries().get_mut(&name(call)) {
            entry.answer = Some(answer.clone());
        }
        Ok(())
    }

    async fn forget(&self, call: &Call) -> Result<(), Trouble> {
        self.entries().remove(&name(call));
        Ok(())
    }

    async fn sweep(&self, now: Millis) -> Result<u64, Trouble> {
        let mut entries = self.entries();
        let before = entries.len();
        entries.retain(|_, entry| now.since(entry.begun) < REMEMBERED_FOR);
        Ok((before - entries.len()) as u64)
    }
}
