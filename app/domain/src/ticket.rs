//! Tickets: their states, the short code people read out, and the signed token that a door checks without a network.
//!
//! The token is bytes, written in base32 (RFC 4648 without padding) so that a QR code takes it in its alphanumeric mode:
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version, [`VERSION`] |
//! | 4 | id of the key that signs |
//! | 16 | ticket id |
//! | 16 | event id |
//! | 4 | seat, big endian; `0xFFFF_FFFF` for a standing place |
//! | 6 | issued at, milliseconds since 1970, big endian |
//! | 1 + n | length and text of the place's label, UTF-8, at most [`MAX_LABEL`] bytes |
//! | 64 | Ed25519 signature of everything before it, under the context [`CONTEXT`] |

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::ids::{EventId, TicketId};
use crate::seat::SeatId;
use crate::time::Millis;

/// Version of the token's layout.
pub const VERSION: u8 = 1;
/// Bytes of a label that a token carries: longer ones are cut at a character.
pub const MAX_LABEL: usize = 40;
/// Signed before the bytes, so that no other signature of the key can pass for a ticket's.
pub const CONTEXT: &[u8] = b"parterre ticket v1\0";
/// Bytes of a signature.
const SIGNATURE: usize = 64;
/// Bytes before the label's text.
const FIXED: usize = 1 + 4 + 16 + 16 + 4 + 6 + 1;
/// Characters of the longest token: anything longer is refused unread.
pub const MAX_TOKEN: usize = ((FIXED + MAX_LABEL + SIGNATURE) * 8).div_ceil(5);
const STANDING: u32 = u32::MAX;

/// Where a ticket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketStatus {
    /// Lets one person in.
    Valid,
    /// Has let a person in.
    Used,
    /// Lets nobody in: given back, refunded or replaced.
    Void,
}

impl TicketStatus {
    /// The word of the API and of the database.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Used => "used",
            Self::Void => "void",
        }
    }

    /// The state that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Valid, Self::Used, Self::Void].into_iter().find(|status| status.word() == word)
    }
}

/// Letters and digits of a code: no two of them are taken for each other, read or heard from a bad print
/// (no B I L O S U Z, no 0 1).
const CODE: &[u8; 27] = b"ACDEFGHJKMNPQRTVWXY23456789";

/// Eight signs such as `K7QM-2F9D`, for people at a counter. Not an identity and no secret: 27^8 of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TicketCode([u8; 8]);

impl TicketCode {
    /// The code of eight random bytes.
    #[must_use]
    pub fn mint(random: [u8; 8]) -> Self {
        let mut rest = u64::from_be_bytes(random);
        Self(core::array::from_fn(|_| {
            let sign = CODE[usize::try_from(rest % 27).unwrap_or(0)];
            rest /= 27;
            sign
        }))
    }

    /// Reads what a person typed: any case, with or without the dash and spaces.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        if text.len() > 32 {
            return None;
        }
        let mut signs = text.bytes().filter(|b| !matches!(b, b'-' | b' ')).map(|b| match b.to_ascii_uppercase() {
            b'B' => b'8',
            b'S' => b'5',
            b'Z' => b'2',
            other => other,
        });
        let mut code = [0; 8];
        for sign in &mut code {
            *sign = signs.next().filter(|s| CODE.contains(s))?;
        }
        signs.next().is_none().then_some(Self(code))
    }
}

impl core::fmt::Display for TicketCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let text = core::str::from_utf8(&self.0).unwrap_or("????????");
        write!(f, "{}-{}", &text[..4], &text[4..])
    }
}

impl core::fmt::Debug for TicketCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{self}")
    }
}

/// Names the key that signed: the first four bytes of the SHA-256 of the public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(pub u32);

impl core::fmt::Display for KeyId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketClaim {
    /// The ticket.
    pub ticket: TicketId,
    /// The event it is for.
    pub event: EventId,
    /// The seat; `None` for a standing place.
    pub seat: Option<SeatId>,
    /// When it was issued.
    pub issued_at: Millis,
    /// The place as people read it.
    pub label: String,
}

/// A token taken apart, not yet believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unverified {
    /// The key that is said to have signed.
    pub key: KeyId,
    /// What it says.
    pub claim: TicketClaim,
    /// The bytes that the signature is about, without the context.
    pub body: Vec<u8>,
    /// The signature.
    pub signature: [u8; SIGNATURE],
}

/// Why a token is not a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum TokenRefusal {
    /// Not a token of this house at all.
    #[error("this is not a ticket of ours")]
    Unreadable,
    /// A newer layout than this program knows.
    #[error("this ticket is of a newer kind: please update the scanner")]
    UnknownVersion,
    /// Signed by a key that is not on the list.
    #[error("this ticket was signed by a key we do not know")]
    UnknownKey,
    /// The signature does not fit: altered or invented.
    #[error("this ticket is not genuine")]
    Forged,
}

impl TicketClaim {
    /// The bytes to sign with `key`.
    #[must_use]
    pub fn body(&self, key: KeyId) -> Vec<u8> {
        let mut end = self.label.len().min(MAX_LABEL);
        while !self.label.is_char_boundary(end) {
            end -= 1;
        }
        let mut body = Vec::with_capacity(FIXED + end + SIGNATURE);
        body.push(VERSION);
        body.extend(key.0.to_be_bytes());
        body.extend(self.ticket.0.as_bytes());
        body.extend(self.event.0.as_bytes());
        body.extend(self.seat.map_or(STANDING, |seat| seat.0).to_be_bytes());
        body.extend(&self.issued_at.0.to_be_bytes()[2..]);
        body.push(u8::try_from(end).unwrap_or(0));
        body.extend(&self.label.as_bytes()[..end]);
        body
    }
}

/// The token of a body and its signature.
#[must_use]
pub fn token(mut body: Vec<u8>, signature: [u8; SIGNATURE]) -> String {
    body.extend(signature);
    base32(&body)
}

/// Takes a token apart. Whoever believes it must check the signature of `CONTEXT + body` first.
///
/// # Errors
/// [`TokenRefusal::Unreadable`] or [`TokenRefusal::UnknownVersion`].
pub fn read_token(text: &str) -> Result<Unverified, TokenRefusal> {
    let text = text.trim();
    if text.len() > MAX_TOKEN {
        return Err(TokenRefusal::Unreadable);
    }
    let bytes = from_base32(text).ok_or(TokenRefusal::Unreadable)?;
    match bytes.first() {
        Some(&VERSION) => {}
        Some(_) if bytes.len() > SIGNATURE => return Err(TokenRefusal::UnknownVersion),
        _ => return Err(TokenRefusal::Unreadable),
    }
    read_body(&bytes).ok_or(TokenRefusal::Unreadable)
}

fn read_body(bytes: &[u8]) -> Option<Unverified> {
    let (body, signature) = bytes.split_at_checked(bytes.len().checked_sub(SIGNATURE)?)?;
    let (fixed, label) = body.split_at_checked(FIXED)?;
    if usize::from(fixed[FIXED - 1]) != label.len() {
        return None;
    }
    let seat = u32::from_be_bytes(fixed[37..41].try_into().ok()?);
    let mut issued = [0; 8];
    issued[2..].copy_from_slice(&fixed[41..47]);
    let claim = TicketClaim {
        ticket: TicketId(Uuid::from_slice(&fixed[5..21]).ok()?),
        event: EventId(Uuid::from_slice(&fixed[21..37]).ok()?),
        seat: (seat != STANDING).then_some(SeatId(seat)),
        issued_at: Millis(i64::from_be_bytes(issued)),
        label: core::str::from_utf8(label).ok()?.to_owned(),
    };
    let key = KeyId(u32::from_be_bytes(fixed[1..5].try_into().ok()?));
    Some(Unverified { key, claim, body: body.to_vec(), signature: signature.try_into().ok()? })
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity((bytes.len() * 8).div_ceil(5));
    for chunk in bytes.chunks(5) {
        let mut five = [0; 8];
        five[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(five);
        for i in 0..(chunk.len() * 8).div_ceil(5) {
            text.push(char::from(BASE32[usize::try_from(bits >> (35 - 5 * i) & 31).unwrap_or(0)]));
        }
    }
    text
}

fn from_base32(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    for chunk in text.as_bytes().chunks(8) {
        let mut bits = 0_u64;
        for (i, sign) in chunk.iter().enumerate() {
            let value = BASE32.iter().position(|b| *b == sign.to_ascii_uppercase())?;
            bits |= u64::try_from(value).ok()? << (35 - 5 * i);
        }
        let whole = chunk.len() * 5 / 8;
        // Left-over bits must be zero, or one ticket would have several spellings.
        if whole * 8 + 5 <= chunk.len() * 5 || bits & ((1 << (40 - 8 * whole)) - 1) != 0 {
            return None;
        }
        bytes.extend(&bits.to_be_bytes()[3..3 + whole]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn claim(label: &str, seat: Option<u32>) -> TicketClaim {
        TicketClaim {
            ticket: TicketId::mint(Millis(1_790_000_000_000), [7; 10]),
            event: EventId::mint(Millis(1_780_000_000_000), [9; 10]),
            seat: seat.map(SeatId),
            issued_at: Millis(1_790_000_000_123),
            label: label.into(),
        }
    }

    #[test]
    fn a_code_reads_back_however_it_is_typed() {
        let code = TicketCode::mint([1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(TicketCode::read(&code.to_string()), Some(code));
        assert_eq!(TicketCode::read(&code.to_string().to_lowercase().replace('-', " ")), Some(code));
        assert_eq!(TicketCode::read("K7QM-2F9D").unwrap().to_string(), "K7QM-2F9D");
        assert_eq!(TicketCode::read("k7qm zf9d"), TicketCode::read("K7QM-2F9D"), "what looks alike is taken as meant");
        for wrong in ["", "K7QM-2F9", "K7QM-2F9DD", "K7QM-0F9D", "Ж7QM-2F9D"] {
            assert_eq!(TicketCode::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_token_fits_a_small_qr_code() {
        let body = claim("Block 212, row F, seat 15", Some(4711)).body(KeyId(1));
        let token = token(body, [0xaa; 64]);
        // QR version 9 at medium correction takes 262 alphanumeric signs: 53 by 53 modules.
        assert!(token.len() <= 262, "{}", token.len());
        assert!(token.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
    }

    #[test]
    fn a_newer_version_is_told_from_nonsense() {
        let mut body = claim("x", None).body(KeyId(1));
        body[0] = 2;
        assert_eq!(read_token(&token(body, [0; 64])), Err(TokenRefusal::UnknownVersion));
        assert_eq!(read_token("hello"), Err(TokenRefusal::Unreadable));
    }

    proptest! {
        #[test]
        fn a_token_says_what_was_put_in(label in any::<String>(), seat in prop::option::of(0..u32::MAX), key in any::<u32>()) {
            let claim = claim(&label, seat);
            let read = read_token(&token(claim.body(KeyId(key)), [3; 64])).unwrap();
            prop_assert!(label.starts_with(&read.claim.label));
            prop_assert!(read.claim.label.len() + 3 >= label.len().min(MAX_LABEL));
            prop_assert_eq!(read.claim.clone().body(KeyId(key)), read.body);
            prop_assert_eq!((read.key, read.claim.seat, read.claim.ticket), (KeyId(key), claim.seat, claim.ticket));
        }

        #[test]
        fn no_text_breaks_the_reader(text in any::<String>()) {
            let _ = read_token(&text);
            let _ = TicketCode::read(&text);
        }

        #[test]
        fn base32_goes_there_and_back(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            prop_assert_eq!(from_base32(&base32(&bytes)), Some(bytes));
        }
    }
}
