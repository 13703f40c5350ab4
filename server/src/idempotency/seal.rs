//! What the stores keep of a call opens nothing to those who read them: of a key only a hash, an answer sealed, and a
//! seed that counts only together with the key.
//!
//! What seals is the key that the client chose and the caller's secret, where there is one. No store ever sees either;
//! a key of the house would have to lie where all its servers find it, which is where the answers lie.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, MAX_TAG_LEN, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use sha2::{Digest, Sha256};

use super::store::{Run, Stored};
use crate::trouble::Trouble;

/// Begins every sealed body, and no answer of the API: those of earlier releases were kept as they were given.
const SEALED: u8 = 1;
/// Bytes before what is sealed.
const HEAD: usize = 1 + NONCE_LEN;

/// Seals the answer of one key.
pub struct Seal {
    name: String,
    scope: String,
    secret: hmac::Key,
}

impl Seal {
    /// The seal of a caller's `key` within `scope`; `secret` is the caller's own, empty where there is none. Without one
    /// whoever can guess the key can open the seal.
    #[must_use]
    pub fn new(scope: &str, key: &str, secret: &[u8]) -> Self {
        // Keys are visible ASCII: neither a space nor a zero byte is in them.
        let name = Sha256::digest(format!("{scope} {key}"));
        let name = name.iter().map(|byte| format!("{byte:02x}")).collect();
        let secret = hmac::Key::new(hmac::HMAC_SHA256, &[key.as_bytes(), &[0], secret].concat());
        Self { name, scope: scope.to_owned(), secret }
    }

    /// What the stores know the key by: 64 hex digits.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The run as the call sees it: a kept seed alone says nothing of what is drawn from it.
    #[must_use]
    pub fn run(&self, kept: Run) -> Run {
        Run { seed: self.draw("seed", &kept.seed), ..kept }
    }

    /// `answer` as it may be kept; no two have the same `nonce`.
    ///
    /// # Errors
    /// [`Trouble::Corrupt`] where it is longer than can be sealed.
    pub fn close(&self, answer: Stored, nonce: [u8; NONCE_LEN]) -> Result<Stored, Trouble> {
        let mut sealed = answer.body.clone();
        sealed.reserve(HEAD + MAX_TAG_LEN);
        self.cipher()
            .and_then(|cipher| {
                let with = Aad::from(around(&answer));
                cipher.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), with, &mut sealed)
            })
            .map_err(|_| broken("it cannot be sealed"))?;
        let body = [&[SEALED][..], &nonce, &sealed].concat();
        Ok(Stored { body, ..answer })
    }

    /// The answer as it was given. One that does not begin as sealed ones do was kept by an earlier release, and is given
    /// as it is.
    ///
    /// # Errors
    /// [`Trouble::Corrupt`] where it was sealed by another key or bent since.
    pub fn open(&self, kept: Stored) -> Result<Stored, Trouble> {
        let Some((&SEALED, rest)) = kept.body.split_first() else { return Ok(kept) };
        let (nonce, sealed) = rest.split_first_chunk().ok_or_else(|| broken("it is cut off"))?;
        let mut sealed = sealed.to_vec();
        let opened = self.cipher().and_then(|cipher| {
            let with = Aad::from(around(&kept));
            cipher.open_in_place(Nonce::assume_unique_for_key(*nonce), with, &mut sealed).map(|body| body.len())
        });
        let length = opened.map_err(|_| broken("its seal is broken"))?;
        sealed.truncate(length);
        Ok(Stored { body: sealed, ..kept })
    }

    fn cipher(&self) -> Result<LessSafeKey, ring::error::Unspecified> {
        UnboundKey::new(&CHACHA20_POLY1305, &self.draw("answer", &[])).map(LessSafeKey::new)
    }

    /// Bytes that nobody knows without key and secret.
    fn draw(&self, what: &str, from: &[u8]) -> [u8; 32] {
        let mut drawn = hmac::Context::with_key(&self.secret);
        for part in [what.as_bytes(), self.scope.as_bytes(), from] {
            drawn.update(&(part.len() as u64).to_le_bytes());
            drawn.update(part);
        }
        let mut bytes = [0; 32];
        bytes.copy_from_slice(drawn.sign().as_ref());
        bytes
    }
}

/// What lies beside the body in the clear, and counts all the same.
fn around(answer: &Stored) -> Vec<u8> {
    [&answer.status.to_le_bytes()[..], answer.content_type.as_bytes()].concat()
}

fn broken(detail: &str) -> Trouble {
    Trouble::Corrupt { what: "a kept answer", detail: detail.into() }
}

#[cfg(test)]
mod tests {
    use domain::time::Millis;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_answer_is_opened_by_its_own_key_and_caller_alone(
            body: Vec<u8>, status: u16, nonce: [u8; NONCE_LEN], bent in any::<prop::sample::Index>(), flip in 1..=255u8,
        ) {
            let (scope, key, secret) = ("somebody", "a-key", [7; 32]);
            let seal = Seal::new(scope, key, &secret);
            let answer = Stored { status, content_type: "application/json".into(), body };
            let kept = seal.close(answer.clone(), nonce).unwrap();
            prop_assert_eq!(seal.open(kept.clone()), Ok(answer.clone()));
            for other in [
                Seal::new("another", key, &secret),
                Seal::new(scope, "b-key", &secret),
                Seal::new(scope, key, &[8; 32]),
                Seal::new(scope, key, &[]),
            ] {
                prop_assert!(other.open(kept.clone()).is_err());
            }
            let mut bent_body = kept.body.clone();
            bent_body[1 + bent.index(kept.body.len() - 1)] ^= flip;
            let mut wrong = vec![Stored { body: bent_body, ..kept.clone() }, Stored { status: !status, ..kept.clone() }];
            wrong.push(Stored { body: kept.body[..kept.body.len() - 1].to_vec(), ..kept });
            for kept in wrong {
                prop_assert!(seal.open(kept).is_err());
            }
        }
    }

    #[test]
    fn a_kept_seed_says_nothing_of_what_is_drawn_without_the_key() {
        let kept = Run { since: Millis(5), seed: [3; 32] };
        let runs = ["a-key", "b-key"].map(|key| Seal::new("address 192.0.2.1", key, &[]).run(kept));
        assert_eq!(runs[0], Seal::new("address 192.0.2.1", "a-key", &[]).run(kept), "the same in every try");
        assert!(runs[0] != runs[1] && runs.iter().all(|run| run.since == kept.since && run.seed != kept.seed));
    }
}
