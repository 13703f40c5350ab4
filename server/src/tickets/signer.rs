//! The key that signs tickets, the list of keys that doors believe, and the links of ticket pages.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ids::TicketId;
use domain::ticket::{CONTEXT, KeyId, TicketClaim, TokenRefusal, read_token, token};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use thiserror::Error;
use uuid::Uuid;

use crate::clock::{Clock, random};

/// Name of the key's file in the data folder: 64 hexadecimal digits.
pub const KEY_FILE: &str = "ticket-key";
/// Bytes of a link's proof: 96 bits are beyond guessing.
const PROOF: usize = 12;

/// Why there is no key to sign with.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("the ticket key {0} cannot be used: {1}")]
    File(String, std::io::Error),
    /// The file holds something else.
    #[error("the ticket key {0} is damaged: it should be 64 hexadecimal digits")]
    Damaged(String),
}

/// A public key as the API lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// Its id.
    pub id: KeyId,
    key: VerifyingKey,
}

impl PublicKey {
    fn of(key: VerifyingKey) -> Self {
        let digest = Sha256::digest(key.as_bytes());
        Self { id: KeyId(u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])), key }
    }

    /// Reads 43 characters of base64url.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 32] = URL_SAFE_NO_PAD.decode(text.trim()).ok()?.try_into().ok()?;
        let key = VerifyingKey::from_bytes(&bytes).ok()?;
        // A weak key would accept signatures that nobody made.
        (!key.is_weak()).then(|| Self::of(key))
    }

    /// 43 characters of base64url.
    #[must_use]
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.key.as_bytes())
    }
}

/// Checks a token against the keys that are believed, without a network.
///
/// # Errors
/// Why it is no ticket of theirs.
pub fn verify(keys: &[PublicKey], text: &str) -> Result<TicketClaim, TokenRefusal> {
    let token = read_token(text)?;
    let mut known = keys.iter().filter(|key| key.id == token.key).peekable();
    known.peek().ok_or(TokenRefusal::UnknownKey)?;
    let signature = Signature::from_bytes(&token.signature);
    let message = [CONTEXT, &token.body].concat();
    let genuine = known.any(|key| key.key.verify_strict(&message, &signature).is_ok());
    if genuine { Ok(token.claim) } else { Err(TokenRefusal::Forged) }
}

/// Signs tickets.
pub struct Signer {
    key: SigningKey,
    public: PublicKey,
    link_key: [u8; 32],
}

impl core::fmt::Debug for Signer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Signer({})", self.public.id)
    }
}

impl Signer {
    /// A signer with this secret.
    #[must_use]
    pub fn new(secret: [u8; 32]) -> Self {
        let key = SigningKey::from_bytes(&secret);
        let link_key = Sha256::new().chain_update(b"parterre ticket link v1\0").chain_update(secret).finalize().into();
        Self { public: PublicKey::of(key.verifying_key()), key, link_key }
    }

    /// The signer of a data folder: its key is made at the first call and readable by its owner alone.
    ///
    /// # Errors
    /// The file cannot be used.
    pub fn open(data: &Path, clock: &dyn Clock) -> Result<Self, KeyError> {
        let path = data.join(KEY_FILE);
        let name = path.display().to_string();
        loop {
            match fs::read_to_string(&path) {
                Ok(text) => return parse_hex(text.trim()).map(Self::new).ok_or(KeyError::Damaged(name)),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(KeyError::File(name, error)),
            }
            match write_key(data, &path, random(clock)) {
                Ok(()) => {}
                // Another process was first: its key is the key.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(KeyError::File(name, error)),
            }
        }
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.public
    }

    /// The keys that doors should believe.
    #[must_use]
    pub fn verify_keys(&self) -> Vec<PublicKey> {
        vec![self.public]
    }

    /// The token of a claim.
    #[must_use]
    pub fn sign(&self, claim: &TicketClaim) -> String {
        let body = claim.body(self.public.id);
        let signature = self.key.sign(&[CONTEXT, &body].concat());
        token(body, signature.to_bytes())
    }

    /// The unguessable part of a ticket page's address, 38 characters: the id, and a proof that this house gave it out.
    #[must_use]
    pub fn link(&self, ticket: TicketId) -> String {
        let mut bytes = ticket.0.as_bytes().to_vec();
        bytes.extend(self.proof(ticket));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The ticket of a link; `None` for what this house never gave out.
    #[must_use]
    pub fn read_link(&self, link: &str) -> Option<TicketId> {
        if link.len() > 64 {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(link).ok()?;
        let (id, proof) = bytes.split_at_checked(16)?;
        let ticket = TicketId(Uuid::from_slice(id).ok()?);
        let right = self.proof(ticket);
        // Every byte is compared, so that the time tells nothing.
        let difference = right.iter().zip(proof).fold(0, |sum, (a, b)| sum | (a ^ b));
        (proof.len() == PROOF && difference == 0).then_some(ticket)
    }

    fn proof(&self, ticket: TicketId) -> [u8; PROOF] {
        // Key and message have fixed lengths and the digest is cut, so a plain keyed hash is a sound code here.
        let digest = Sha256::new().chain_update(self.link_key).chain_update(ticket.0.as_bytes()).finalize();
        core::array::from_fn(|i| digest[i])
    }
}

fn parse_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// Written beside and then linked, so that nobody ever reads half a key and nobody replaces one.
fn write_key(data: &Path, path: &Path, secret: [u8; 32]) -> std::io::Result<()> {
    fs::create_dir_all(data)?;
    let draft = data.join(format!("{KEY_FILE}.{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    file.write_all(hex.as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    linked
}

#[cfg(test)]
mod tests {
    use domain::ids::EventId;
    use domain::seat::SeatId;
    use domain::time::Millis;
    use proptest::prelude::*;

    use super::*;
    use crate::clock::ManualClock;

    fn claim() -> TicketClaim {
        TicketClaim {
            ticket: TicketId::mint(Millis(1_790_000_000_000), [7; 10]),
            event: EventId::mint(Millis(1_780_000_000_000), [9; 10]),
            seat: Some(SeatId(15)),
            issued_at: Millis(1_790_000_000_000),
            label: "Block 212, row F, seat 15".into(),
        }
    }

    #[test]
    fn a_door_believes_what_was_signed_and_nothing_else() {
        let (signer, stranger) = (Signer::new([1; 32]), Signer::new([2; 32]));
        let keys = signer.verify_keys();
        assert_eq!(verify(&keys, &signer.sign(&claim())), Ok(claim()));
        assert_eq!(verify(&keys, &signer.sign(&claim()).to_lowercase()), Ok(claim()));
        assert_eq!(verify(&keys, &stranger.sign(&claim())), Err(TokenRefusal::UnknownKey));
        assert_eq!(verify(&[], &signer.sign(&claim())), Err(TokenRefusal::UnknownKey));
        assert_eq!(PublicKey::parse(&keys[0].text()), Some(keys[0]));
    }

    proptest! {
        #[test]
        fn a_changed_token_is_not_genuine(at in 0_usize..208, sign in "[A-Z2-7]") {
            let signer = Signer::new([1; 32]);
            let mut token = signer.sign(&claim());
            let at = at % token.len();
            prop_assume!(token[at..=at] != sign);
            token.replace_range(at..=at, &sign);
            prop_assert!(verify(&signer.verify_keys(), &token).is_err());
        }
    }

    #[test]
    fn a_link_opens_one_ticket_and_cannot_be_made_up() {
        let (signer, stranger) = (Signer::new([1; 32]), Signer::new([2; 32]));
        let ticket = claim().ticket;
        assert_eq!(signer.read_link(&signer.link(ticket)), Some(ticket));
        assert_eq!(signer.read_link(&stranger.link(ticket)), None);
        assert_eq!(signer.read_link(&URL_SAFE_NO_PAD.encode(ticket.0.as_bytes())), None);
        assert_eq!(signer.read_link("not a link"), None);
    }

    #[test]
    fn the_key_of_a_folder_stays_and_is_its_owners_alone() {
        let folder = std::env::temp_dir().join(format!("parterre-key-{}", std::process::id()));
        let clock = ManualClock::at(Millis(0));
        let first = Signer::open(&folder, &clock).unwrap().public_key();
        assert_eq!(Signer::open(&folder, &clock).unwrap().public_key(), first);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.join(KEY_FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(folder.join(KEY_FILE), "nonsense").unwrap();
        assert!(matches!(Signer::open(&folder, &clock), Err(KeyError::Damaged(_))));
        fs::remove_dir_all(&folder).unwrap();
    }
}
