//! Who is signed in: for a quarter of an hour since the last sign of them, over all processes where there is a Redis.
//!
//! A session is a secret of 32 random bytes that its browser keeps. The store sees its SHA-256 alone, so that whoever
//! reads the store cannot be anybody. What cannot be asked is not believed: without its store nobody is signed in, and
//! nobody who signs out is told that it is done.

#[cfg(test)]
mod tests;

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::cache::CacheStore;
use crate::clock::{Clock, random};
use crate::trouble::Trouble;

/// How long a session lasts since it was last looked at.
pub const LASTS: Duration = Duration::from_secs(15 * 60);
/// Grows when what is kept is encoded otherwise: an older release's sessions are then none.
const VERSION: u8 = 1;

/// What proves a session. Whoever has it is signed in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Proof([u8; 32]);

impl Proof {
    /// Reads the text form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// The text form: 43 characters of base64url.
    #[must_use]
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    fn key(&self) -> String {
        format!("session:{{{}}}", URL_SAFE_NO_PAD.encode(Sha256::digest(self.0)))
    }
}

impl core::fmt::Debug for Proof {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Proof(hidden)")
    }
}

/// Sessions that say a `T` of whoever is signed in.
#[derive(Clone)]
pub struct Sessions<T> {
    store: Arc<dyn CacheStore>,
    clock: Arc<dyn Clock>,
    says: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned> Sessions<T> {
    /// Sessions in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn CacheStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, says: PhantomData }
    }

    /// Begins a session that says `value`. A new one at every sign-in, so that nobody can bring one along.
    ///
    /// # Errors
    /// Trouble with the store: nobody is signed in. [`Trouble::Corrupt`] where `value` is more than a store keeps.
    pub async fn begin(&self, value: &T) -> Result<Proof, Trouble> {
        let unfit = |detail: String| Trouble::Corrupt { what: "a session", detail };
        let proof = Proof(random(&*self.clock));
        let mut bytes = vec![VERSION];
        serde_json::to_writer(&mut bytes, value).map_err(|error| unfit(error.to_string()))?;
        let kept = self.store.keep(&proof.key(), Bytes::from(bytes), LASTS).await?;
        if kept { Ok(proof) } else { Err(unfit("it is too large to be kept".into())) }
    }

    /// What the session says, which lasts for [`LASTS`] from now on; `None` where there is no such session (any more).
    ///
    /// # Errors
    /// Trouble with the store: whether there is such a session is not known, and nobody is to be taken for signed in.
    pub async fn look(&self, proof: Proof) -> Result<Option<T>, Trouble> {
        let Some(bytes) = self.store.renew(&proof.key(), LASTS).await? else { return Ok(None) };
        let text = bytes.split_first().filter(|(version, _)| **version == VERSION).map(|(_, text)| text);
        Ok(text.and_then(|text| serde_json::from_slice(text).ok()))
    }

    /// Ends the session, in every process.
    ///
    /// # Errors
    /// Trouble with the store: it may go on until [`LASTS`] after its last sign.
    pub async fn end(&self, proof: Proof) -> Result<(), Trouble> {
        self.store.forget(&proof.key()).await
    }
}
