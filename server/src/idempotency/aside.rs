//! A look aside: answers of the last minutes in the cache, before the books are asked.
//!
//! The books alone decide who runs. Only what they have taken down is kept beside them, and only for as long as clients
//! try again; whatever the cache does not know, or does not say in time, the books are asked as ever.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use domain::time::Millis;
use sha2::{Digest, Sha256};

use super::store::{Begin, Call, IdempotencyStore, Stored};
use crate::cache::CacheStore;
use crate::trouble::Trouble;

/// How long an answer is kept beside the books: far less than they remember it.
const KEPT_FOR: Duration = Duration::from_secs(10 * 60);
/// Grows with the encoding.
const VERSION: u8 = 1;
/// Version, fingerprint, when it was kept, status, length of the media type.
const HEAD: usize = 1 + 32 + 8 + 2 + 2;

/// Keys in `books`, with recent answers in `cache`.
pub struct LookAside {
    books: Arc<dyn IdempotencyStore>,
    cache: Arc<dyn CacheStore>,
}

impl LookAside {
    /// Looks into `cache` before `books`.
    #[must_use]
    pub fn new(books: Arc<dyn IdempotencyStore>, cache: Arc<dyn CacheStore>) -> Self {
        Self { books, cache }
    }

    async fn known(&self, call: &Call, now: Millis) -> Option<Begin> {
        let (fingerprint, at, stored) = decode(self.cache.get(&name(call)).await.ok()??)?;
        let age = u64::try_from(now.since(at)).ok()?;
        if Duration::from_millis(age) >= KEPT_FOR {
            return None;
        }
        Some(if fingerprint == call.fingerprint { Begin::Replay(stored) } else { Begin::Reused })
    }
}

#[async_trait]
impl IdempotencyStore for LookAside {
    async fn begin(&self, call: &Call, seed: [u8; 32], now: Millis) -> Result<Begin, Trouble> {
        match self.known(call, now).await {
            Some(begin) => Ok(begin),
            None => self.books.begin(call, seed, now).await,
        }
    }

    async fn finish(&self, call: &Call, begun: Millis, answer: &Stored, now: Millis) -> Result<bool, Trouble> {
        let kept = self.books.finish(call, begun, answer, now).await?;
        if kept && let Some(bytes) = encode(call, answer, now) {
            let _ = self.cache.keep(&name(call), bytes, KEPT_FOR).await;
        }
        Ok(kept)
    }

    async fn forget(&self, call: &Call, begun: Millis) -> Result<(), Trouble> {
        self.books.forget(call, begun).await
    }

    async fn sweep(&self, now: Millis) -> Result<u64, Trouble> {
        self.books.sweep(now).await
    }
}

/// Where the answer to a call lies; says nothing of who called.
pub(super) fn name(call: &Call) -> String {
    let mut digest = Sha256::new();
    digest.update((call.scope.len() as u64).to_le_bytes());
    digest.update(&call.scope);
    digest.update(&call.key);
    let hash: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("once:{{{hash}}}")
}

fn encode(call: &Call, answer: &Stored, now: Millis) -> Option<Bytes> {
    let mut bytes = BytesMut::with_capacity(HEAD + answer.content_type.len() + answer.body.len());
    bytes.put_u8(VERSION);
    bytes.put_slice(&call.fingerprint);
    bytes.put_i64(now.0);
    bytes.put_u16(answer.status);
    bytes.put_u16(u16::try_from(answer.content_type.len()).ok()?);
    bytes.put_slice(answer.content_type.as_bytes());
    bytes.put_slice(&answer.body);
    Some(bytes.freeze())
}

fn decode(mut bytes: Bytes) -> Option<([u8; 32], Millis, Stored)> {
    if bytes.len() < HEAD || bytes.get_u8() != VERSION {
        return None;
    }
    let mut fingerprint = [0; 32];
    bytes.copy_to_slice(&mut fingerprint);
    let (at, status) = (Millis(bytes.get_i64()), bytes.get_u16());
    let length = usize::from(bytes.get_u16());
    if bytes.len() < length {
        return None;
    }
    let content_type = String::from_utf8(bytes.split_to(length).to_vec()).ok()?;
    Some((fingerprint, at, Stored { status, content_type, body: bytes.to_vec() }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_answer_beside_the_books_is_read_as_written_or_not_at_all(
            status: u16, content_type in ".{0,20}", body: Vec<u8>, fingerprint: [u8; 32], now: i64,
            at in any::<prop::sample::Index>(), byte: u8, cut: bool,
        ) {
            let call = Call { scope: "anybody".into(), key: "k".into(), fingerprint };
            let answer = Stored { status, content_type, body };
            let bytes = encode(&call, &answer, Millis(now)).unwrap();
            prop_assert_eq!(decode(bytes.clone()), Some((fingerprint, Millis(now), answer)));
            let mut bent = bytes.to_vec();
            let at = at.index(bent.len());
            bent[at] = byte;
            let _ = decode(Bytes::from(bent.clone()));
            bent.truncate(if cut { at } else { bent.len() });
            let _ = decode(Bytes::from(bent));
        }
    }
}
