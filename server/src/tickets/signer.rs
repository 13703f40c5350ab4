//! The key that signs tickets, the list of keys that doors believe, and the links of ticket pages.
//!
//! To change the key, move [`KEY_FILE`] away and start again: a new one is made, and what the old one signed stays good,
//! for its public half stays in [`KEYS_FILE`]. The shop's servers share a list in PostgreSQL (`postgres.rs`), so that each
//! believes what another signed and opens its links, whichever key was in force.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::{PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ids::TicketId;
use domain::ticket::{KeyId, TicketClaim, TokenRefusal, Unverified};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use thiserror::Error;
use uuid::Uuid;

use crate::clock::{Clock, random};

/// Name of the key's file in the data folder: 64 hexadecimal digits.
pub const KEY_FILE: &str = "ticket-key";
/// Name of the list of public keys that ever signed here: one a line, 43 characters of base64url.
pub const KEYS_FILE: &str = "ticket-public-keys";
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
    /// The list of public keys holds something else.
    #[error("the list of ticket keys {0} is damaged: it should hold one public key a line, in base64url")]
    DamagedList(String),
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
    let unverified = Unverified::read(text)?;
    let id = unverified.key();
    let mut known = keys.iter().filter(|key| key.id == id).peekable();
    known.peek().ok_or(TokenRefusal::UnknownKey { key: id })?;
    unverified.believe(|message, signature| {
        let signature = Signature::from_bytes(signature);
        known.any(|key| key.key.verify_strict(message, &signature).is_ok())
    })
}

/// A key of the shop, as far as its servers share it.
#[derive(Clone, Debug)]
pub struct Known {
    /// What doors believe.
    pub public: PublicKey,
    /// What proves links of ticket pages, where it is known.
    pub link_key: Option<[u8; 32]>,
}

/// Signs tickets.
pub struct Signer {
    key: SigningKey,
    public: PublicKey,
    link_key: [u8; 32],
    /// The shop's other keys, with which nothing is signed here.
    others: RwLock<Vec<Known>>,
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
        Self { public: PublicKey::of(key.verifying_key()), key, link_key, others: RwLock::new(vec![]) }
    }

    /// The signer of a data folder: its key is made at the first call and readable by its owner alone.
    ///
    /// # Errors
    /// The file cannot be used.
    pub fn open(data: &Path, clock: &dyn Clock) -> Result<Self, KeyError> {
        let path = data.join(KEY_FILE);
        let at = |error| KeyError::File(path.display().to_string(), error);
        let signer = loop {
            match fs::read_to_string(&path) {
                Ok(text) => {
                    let secret = parse_hex(text.trim()).ok_or_else(|| KeyError::Damaged(path.display().to_string()))?;
                    break Self::new(secret);
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(at(error)),
            }
            match write_key(data, &path, clock) {
                Ok(()) => {}
                // Another process was first: its key is the key.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(at(error)),
            }
        };
        let list = data.join(KEYS_FILE);
        let known = match fs::read_to_string(&list) {
            Ok(text) => parse_keys(&text).ok_or_else(|| KeyError::DamagedList(list.display().to_string()))?,
            Err(error) if error.kind() == ErrorKind::NotFound => vec![],
            Err(error) => return Err(KeyError::File(list.display().to_string(), error)),
        };
        if !known.contains(&signer.public) {
            append(&list, &signer.public.text()).map_err(|error| KeyError::File(list.display().to_string(), error))?;
        }
        signer.believe(known.into_iter().map(|public| Known { public, link_key: None }).collect());
        Ok(signer)
    }

    /// This signer where it follows another key.
    #[cfg(test)]
    pub(super) fn after(self, former: PublicKey) -> Self {
        self.believe(vec![Known { public: former, link_key: None }]);
        self
    }

    /// Every key that is known here, the one in force first.
    #[must_use]
    pub fn known(&self) -> Vec<Known> {
        let own = Known { public: self.public, link_key: Some(self.link_key) };
        let others = self.others.read().unwrap_or_else(PoisonError::into_inner);
        [own].into_iter().chain(others.iter().cloned()).collect()
    }

    /// From now on these keys of the shop are believed beside the one in force, and no others.
    pub fn believe(&self, keys: Vec<Known>) {
        let others = keys.into_iter().filter(|key| key.public != self.public).collect();
        *self.others.write().unwrap_or_else(PoisonError::into_inner) = others;
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.public
    }

    /// The keys that doors should believe, the one in force first.
    #[must_use]
    pub fn verify_keys(&self) -> Vec<PublicKey> {
        self.known().into_iter().map(|known| known.public).collect()
    }

    /// The token of a claim.
    #[must_use]
    pub fn sign(&self, claim: &TicketClaim) -> String {
        claim.token(self.public.id, |message| self.key.sign(message).to_bytes())
    }

    /// The unguessable part of a ticket page's address, 38 characters: the id, and a proof that this house gave it out.
    #[must_use]
    pub fn link(&self, ticket: TicketId) -> String {
        let mut bytes = ticket.0.as_bytes().to_vec();
        bytes.extend(proof(&self.link_key, ticket));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The ticket of a link; `None` for what this shop never gave out.
    #[must_use]
    pub fn read_link(&self, link: &str) -> Option<TicketId> {
        if link.len() > 64 {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(link).ok()?;
        let (id, given) = bytes.split_at_checked(16)?;
        let ticket = TicketId(Uuid::from_slice(id).ok()?);
        let proves = |link_key: [u8; 32]| {
            // Every byte is compared, so that the time tells nothing.
            let difference = proof(&link_key, ticket).iter().zip(given).fold(0, |sum, (a, b)| sum | (a ^ b));
            given.len() == PROOF && difference == 0
        };
        self.known().iter().filter_map(|known| known.link_key).any(proves).then_some(ticket)
    }
}

fn proof(link_key: &[u8; 32], ticket: TicketId) -> [u8; PROOF] {
    // Key and message have fixed lengths and the digest is cut, so a plain keyed hash is a sound code here.
    let digest = Sha256::new().chain_update(link_key).chain_update(ticket.0.as_bytes()).finalize();
    core::array::from_fn(|i| digest[i])
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

/// The public keys of a data folder; its secret is left alone.
///
/// # Errors
/// The list cannot be read, or holds something else.
pub fn public_keys(data: &Path) -> Result<Vec<PublicKey>, KeyError> {
    let list = data.join(KEYS_FILE);
    let text = fs::read_to_string(&list).map_err(|error| KeyError::File(list.display().to_string(), error))?;
    parse_keys(&text).ok_or_else(|| KeyError::DamagedList(list.display().to_string()))
}

/// One key a line; a key that is there twice counts once.
fn parse_keys(text: &str) -> Option<Vec<PublicKey>> {
    let mut keys = vec![];
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let key = PublicKey::parse(line)?;
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    Some(keys)
}

/// Adds a line in one write, so that two processes that start at once spoil nothing.
fn append(list: &Path, line: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(list)?;
    file.write_all(format!("{line}\n").as_bytes())?;
    file.sync_all()
}

/// Written beside and then linked, so that nobody ever reads half a key and nobody replaces one. The draft's name is
/// random: two starts that shared a draft could cut the key short after it was linked.
fn write_key(data: &Path, path: &Path, clock: &dyn Clock) -> std::io::Result<()> {
    fs::create_dir_all(data)?;
    let draft = data.join(format!("{KEY_FILE}.{:016x}", u64::from_be_bytes(random(clock))));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let secret: [u8; 32] = random(clock);
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut file = options.open(&draft)?;
    let linked =
        file.write_all(hex.as_bytes()).and_then(|()| file.sync_all()).and_then(|()| fs::hard_link(&draft, path));
    let _ = fs::remove_file(&draft);
    linked
}

#[cfg(test)]
mod tests {
    use domain::ids::EventId;
    use domain::seat::SeatId;
    use domain::ticket::Place;
    use domain::time::Millis;
    use proptest::prelude::*;

    use super::*;
    use crate::clock::ManualClock;

    fn claim() -> TicketClaim {
        TicketClaim {
            ticket: TicketId::mint(Millis(1_790_000_000_000), [7; 10]),
            event: EventId::mint(Millis(1_780_000_000_000), [9; 10]),
            place: Place::Seat(SeatId(15)),
            starts_at: Millis(1_795_806_000_000),
            label: "Block 212, row F, seat 15".into(),
        }
    }

    #[test]
    fn a_door_believes_what_was_signed_and_nothing_else() {
        let (signer, stranger) = (Signer::new([1; 32]), Signer::new([2; 32]));
        let keys = signer.verify_keys();
        assert_eq!(verify(&keys, &signer.sign(&claim())), Ok(claim()));
        assert_eq!(
            verify(&keys, &stranger.sign(&claim())),
            Err(TokenRefusal::UnknownKey { key: stranger.public_key().id })
        );
        assert!(matches!(verify(&[], &signer.sign(&claim())), Err(TokenRefusal::UnknownKey { .. })));
        assert_eq!(PublicKey::parse(&keys[0].text()), Some(keys[0]));
    }

    proptest! {
        #[test]
        fn a_changed_token_is_not_genuine(at in any::<prop::sample::Index>(), sign in "[A-Z2-7]") {
            let signer = Signer::new([1; 32]);
            let mut token = signer.sign(&claim());
            let at = at.index(token.len());
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
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "no drafts stay behind");
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn starts_at_the_same_time_share_one_key() {
        let folder = std::env::temp_dir().join(format!("parterre-keys-{}", std::process::id()));
        let clock = ManualClock::at(Millis(0));
        let keys: Vec<_> = std::thread::scope(|scope| {
            let starts: Vec<_> =
                (0..8).map(|_| scope.spawn(|| Signer::open(&folder, &clock).unwrap().verify_keys())).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|list| *list == keys[0] && list.len() == 1), "{keys:?}");
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn after_a_change_of_keys_old_tickets_stay_good() {
        let folder = std::env::temp_dir().join(format!("parterre-change-{}", std::process::id()));
        let clock = ManualClock::at(Millis(0));
        let old = Signer::open(&folder, &clock).unwrap().sign(&claim());
        fs::remove_file(folder.join(KEY_FILE)).unwrap();
        let signer = Signer::open(&folder, &clock).unwrap();
        assert_eq!(verify(&signer.verify_keys(), &old), Ok(claim()));
        assert_eq!(verify(&signer.verify_keys(), &signer.sign(&claim())), Ok(claim()));
        assert_eq!(public_keys(&folder).unwrap().len(), 2);
        fs::write(folder.join(KEYS_FILE), "nonsense").unwrap();
        assert!(matches!(Signer::open(&folder, &clock), Err(KeyError::DamagedList(_))));
        fs::remove_dir_all(&folder).unwrap();
    }
}
