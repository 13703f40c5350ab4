//! What a store of idempotency keys does.

use async_trait::async_trait;
use domain::time::Millis;
use sha2::{Digest, Sha256};

use crate::trouble::Trouble;

/// A call that wants to run once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Whose key it is: keys of two callers never meet.
    pub scope: String,
    /// What stands for the key that the caller chose: [`Seal::name`](super::Seal::name).
    pub key: String,
    /// SHA-256 of method, path and body.
    pub fingerprint: [u8; 32],
}

/// An answer: as it was given, or as it is kept, its body [sealed](super::Seal::close).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// HTTP status.
    pub status: u16,
    /// Media type; empty where there was no body.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
}

/// What stays the same however often a call has to run again: whatever it makes anew it makes of this, so that a later
/// try finds what an earlier one has left behind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// When the key was first used for it.
    pub since: Millis,
    /// Random bytes; kept, they say nothing without the key ([`Seal::run`](super::Seal::run)).
    pub seed: [u8; 32],
}

impl Run {
    /// Bytes for one thing that the run makes, the same in every try; only who knows the key can know them.
    #[must_use]
    pub fn draw(&self, what: &'static str) -> [u8; 32] {
        Sha256::new().chain_update(self.seed).chain_update(what).finalize().into()
    }
}

impl core::fmt::Debug for Run {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // The seed makes secrets.
        f.debug_struct("Run").field("since", &self.since).finish_non_exhaustive()
    }
}

/// Marks a call that runs again under its key: an earlier try ended without an answer that was kept, and may have done what
/// this one is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Again;

/// What a key says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begin {
    /// Never answered: run, then [`IdempotencyStore::finish`] or [`IdempotencyStore::forget`].
    Fresh(Run),
    /// Already answered: answer the same.
    Replay(Stored),
    /// The first call is still running.
    Running,
    /// The key was used for another request.
    Reused,
}

/// Remembers keys and answers.
#[async_trait]
pub trait IdempotencyStore: Send + Sync + 'static {
    /// Takes the key for this call, or says what became of it. `seed` is the run's, where the call never ran before.
    ///
    /// # Errors
    /// Trouble with the store; the call must not run then.
    async fn begin(&self, call: &Call, seed: [u8; 32], now: Millis) -> Result<Begin, Trouble>;
    /// Keeps the answer of the try that [`Begin::Fresh`] let run when it was `begun`. False where it was overtaken: whoever
    /// took it for lost and runs now answers for the key.
    ///
    /// # Errors
    /// Trouble with the store; the caller still gets its answer.
    async fn finish(&self, call: &Call, begun: Millis, answer: &Stored, now: Millis) -> Result<bool, Trouble>;
    /// Gives the key back after a try, `begun` then, without an answer to keep, so that it may be tried again, as the same run.
    ///
    /// # Errors
    /// Trouble with the store.
    async fn forget(&self, call: &Call, begun: Millis) -> Result<(), Trouble>;
    /// Drops what is older than a day; says how many.
    ///
    /// # Errors
    /// Trouble with the store.
    async fn sweep(&self, now: Millis) -> Result<u64, Trouble>;
}
