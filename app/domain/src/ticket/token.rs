//! The signed token in a ticket's QR code: what it says, as bytes, and how it is taken apart.
//!
//! Written in base32, so that a QR code takes it in its alphanumeric mode:
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version, [`VERSION`] |
//! | 4 | id of the key that signs |
//! | 16 | ticket id (whose first 48 bits are the millisecond of its order) |
//! | 16 | event id |
//! | 1 + 4 | 0 and the seat, or 1 and the ordinal of a standing place; big endian |
//! | 6 | start of the event, milliseconds since 1970, big endian, two's complement |
//! | 1 + n | length and text of the place's label, UTF-8, at most [`MAX_LABEL`] bytes |
//! | 64 | Ed25519 signature of [`CONTEXT`] and everything before it |

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use super::base32;
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
pub const SIGNATURE: usize = 64;
/// Bytes before the label's text.
const FIXED: usize = 1 + 4 + 16 + 16 + 5 + 6 + 1;
/// Characters of the longest token: anything longer is refused unread.
pub const MAX_TOKEN: usize = ((FIXED + MAX_LABEL + SIGNATURE) * 8).div_ceil(5);
/// Starts beyond 48 bits of milliseconds (the year 6429) are written as the last one that fits.
const LAST_START: i64 = (1 << 47) - 1;

/// Names the key that signed: the first four bytes of the SHA-256 of the public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(pub u32);

impl core::fmt::Display for KeyId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// Where a ticket lets one stand or sit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A seat of the event's chart version.
    Seat(SeatId),
    /// A standing place: its ordinal, from 0, within its line of the order. The label names the tier.
    Standing(u32),
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketClaim {
    /// The ticket.
    pub ticket: TicketId,
    /// The event it is for.
    pub event: EventId,
    /// The seat or the standing place.
    pub place: Place,
    /// When the event starts; a door may refuse yesterday's tickets by it.
    pub starts_at: Millis,
    /// The place as people read it; at most [`MAX_LABEL`] bytes once it has been through a token.
    pub label: String,
}

impl TicketClaim {
    /// The bytes to sign with `key`, behind [`CONTEXT`].
    #[must_use]
    pub fn body(&self, key: KeyId) -> Vec<u8> {
        let mut end = self.label.len().min(MAX_LABEL);
        while !self.label.is_char_boundary(end) {
            end -= 1;
        }
        let (kind, number) = match self.place {
            Place::Seat(seat) => (0, seat.0),
            Place::Standing(ordinal) => (1, ordinal),
        };
        let mut body = Vec::with_capacity(FIXED + end + SIGNATURE);
        body.push(VERSION);
        body.extend(key.0.to_be_bytes());
        body.extend(self.ticket.0.as_bytes());
        body.extend(self.event.0.as_bytes());
        body.push(kind);
        body.extend(number.to_be_bytes());
        body.extend(&self.starts_at.0.clamp(-LAST_START, LAST_START).to_be_bytes()[2..]);
        body.push(u8::try_from(end).unwrap_or(0));
        body.extend(&self.label.as_bytes()[..end]);
        body
    }

    /// The token, signed by `sign` over [`CONTEXT`] and the bytes.
    #[must_use]
    pub fn token(&self, key: KeyId, sign: impl FnOnce(&[u8]) -> [u8; SIGNATURE]) -> String {
        let mut bytes = self.body(key);
        let signature = sign(&[CONTEXT, &bytes].concat());
        bytes.extend(signature);
        base32::encode(&bytes)
    }
}

/// Why a token is not a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum TokenRefusal {
    /// Not a token of this house at all.
    #[error("This is not one of our tickets, or a part of it is missing.")]
    Unreadable,
    /// A newer layout than this program knows.
    #[error("This ticket is of a newer kind (version {version}). Please update the scanner.")]
    UnknownVersion {
        /// The token's version.
        version: u8,
    },
    /// Signed by a key that is not on the list.
    #[error("This ticket was signed with a key we do not know ({key}). Ask the office for the current keys.")]
    UnknownKey {
        /// The key it names.
        key: KeyId,
    },
    /// The signature does not fit: altered or invented.
    #[error("This ticket is not genuine: it was altered or made up.")]
    Forged,
}

/// A token taken apart. What it says stays inside until somebody has checked the signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unverified {
    key: KeyId,
    claim: TicketClaim,
    message: Vec<u8>,
    signature: [u8; SIGNATURE],
}

impl Unverified {
    /// Takes a token apart.
    ///
    /// # Errors
    /// [`TokenRefusal::Unreadable`] or [`TokenRefusal::UnknownVersion`].
    pub fn read(token: &str) -> Result<Self, TokenRefusal> {
        let token = token.trim();
        if token.len() > MAX_TOKEN {
            return Err(TokenRefusal::Unreadable);
        }
        let bytes = base32::decode(token).ok_or(TokenRefusal::Unreadable)?;
        match bytes.first() {
            Some(&VERSION) => read_bytes(&bytes).ok_or(TokenRefusal::Unreadable),
            Some(&version) if bytes.len() > SIGNATURE => Err(TokenRefusal::UnknownVersion { version }),
            _ => Err(TokenRefusal::Unreadable),
        }
    }

    /// The key that is said to have signed.
    #[must_use]
    pub fn key(&self) -> KeyId {
        self.key
    }

    /// What the token says, where `genuine` finds that the signature fits the message.
    ///
    /// # Errors
    /// [`TokenRefusal::Forged`].
    pub fn believe(self, genuine: impl FnOnce(&[u8], &[u8; SIGNATURE]) -> bool) -> Result<TicketClaim, TokenRefusal> {
        if genuine(&self.message, &self.signature) { Ok(self.claim) } else { Err(TokenRefusal::Forged) }
    }
}

fn read_bytes(bytes: &[u8]) -> Option<Unverified> {
    let (body, signature) = bytes.split_at_checked(bytes.len().checked_sub(SIGNATURE)?)?;
    let (fixed, label) = body.split_at_checked(FIXED)?;
    if usize::from(fixed[48]) != label.len() || label.len() > MAX_LABEL {
        return None;
    }
    let number = u32::from_be_bytes(fixed[38..42].try_into().ok()?);
    let place = match fixed[37] {
        0 => Place::Seat(SeatId(number)),
        1 => Place::Standing(number),
        _ => return None,
    };
    // The sign of the 48 bits fills the two bytes above them.
    let mut starts = [if fixed[42] & 0x80 == 0 { 0 } else { 0xff }; 8];
    starts[2..].copy_from_slice(&fixed[42..48]);
    let claim = TicketClaim {
        ticket: TicketId(Uuid::from_slice(&fixed[5..21]).ok()?),
        event: EventId(Uuid::from_slice(&fixed[21..37]).ok()?),
        place,
        starts_at: Millis(i64::from_be_bytes(starts)),
        label: core::str::from_utf8(label).ok()?.to_owned(),
    };
    let key = KeyId(u32::from_be_bytes(fixed[1..5].try_into().ok()?));
    Some(Unverified { key, claim, message: [CONTEXT, body].concat(), signature: signature.try_into().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn claim(label: &str, place: Place, starts_at: i64) -> TicketClaim {
        TicketClaim {
            ticket: TicketId::mint(Millis(1_790_000_000_000), [7; 10]),
            event: EventId::mint(Millis(1_780_000_000_000), [9; 10]),
            place,
            starts_at: Millis(starts_at),
            label: label.into(),
        }
    }

    /// Stands in for a signature here: every byte of the message counts.
    fn sum(message: &[u8]) -> [u8; SIGNATURE] {
        let mut sum = [0x5a_u8; SIGNATURE];
        for (i, byte) in message.iter().enumerate() {
            sum[i % SIGNATURE] = sum[i % SIGNATURE].rotate_left(3) ^ byte;
        }
        sum
    }

    fn places() -> impl Strategy<Value = Place> {
        prop_oneof![any::<u32>().prop_map(|n| Place::Seat(SeatId(n))), any::<u32>().prop_map(Place::Standing)]
    }

    #[test]
    fn a_token_fits_a_small_qr_code() {
        let token = claim("Block 212, row F, seat 15", Place::Seat(SeatId(4711)), 0).token(KeyId(1), sum);
        // QR version 8 takes 221 alphanumeric signs at medium correction (ISO 18004, table 7), version 9 takes 262.
        assert!(token.len() <= 221, "{}", token.len());
        const { assert!(MAX_TOKEN <= 262) };
        assert!(token.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
    }

    #[test]
    fn a_newer_version_is_told_from_nonsense() {
        let mut body = claim("x", Place::Standing(0), 0).body(KeyId(1));
        body[0] = 2;
        body.extend([0; SIGNATURE]);
        assert_eq!(Unverified::read(&base32::encode(&body)), Err(TokenRefusal::UnknownVersion { version: 2 }));
        assert_eq!(Unverified::read("hello"), Err(TokenRefusal::Unreadable));
        assert_eq!(Unverified::read(""), Err(TokenRefusal::Unreadable));
    }

    #[test]
    fn the_context_is_part_of_what_is_signed() {
        let token = claim("x", Place::Standing(0), 0).token(KeyId(1), |message| {
            assert!(message.starts_with(CONTEXT));
            sum(message)
        });
        let bare = Unverified::read(&token)
            .unwrap()
            .believe(|message, signature| sum(&message[CONTEXT.len()..]) == *signature);
        assert_eq!(bare, Err(TokenRefusal::Forged));
    }

    proptest! {
        #[test]
        fn a_token_says_what_was_put_in(
            label in any::<String>(), place in places(), starts in -LAST_START..=LAST_START, key in any::<u32>(),
        ) {
            let claim = claim(&label, place, starts);
            let read = Unverified::read(&claim.token(KeyId(key), sum)).unwrap();
            prop_assert_eq!(read.key(), KeyId(key));
            let said = read.believe(|message, signature| sum(message) == *signature).unwrap();
            prop_assert!(label.starts_with(&said.label));
            prop_assert!(said.label.len() + 3 >= label.len().min(MAX_LABEL));
            prop_assert_eq!(said, TicketClaim { label: label[..said_len(&label)].into(), ..claim });
        }

        #[test]
        fn any_byte_flipped_is_refused(label in ".{0,12}", place in places(), at in any::<prop::sample::Index>(), mask in 1_u8..) {
            let token = claim(&label, place, 1_795_800_000_000).token(KeyId(7), sum);
            let mut bytes = token.into_bytes();
            let at = at.index(bytes.len());
            bytes[at] ^= mask;
            let believed = core::str::from_utf8(&bytes).ok().filter(|text| text.trim().len() == text.len()).and_then(|text| {
                let read = Unverified::read(text).ok()?;
                read.believe(|message, signature| sum(message) == *signature).ok()
            });
            prop_assert_eq!(believed, None);
        }

        #[test]
        fn no_text_breaks_the_reader(text in any::<String>()) {
            let _ = Unverified::read(&text);
        }

        #[test]
        fn no_bytes_break_the_reader(mut bytes in prop::collection::vec(any::<u8>(), 0..160)) {
            if let Some(version) = bytes.first_mut() {
                *version = VERSION;
            }
            let _ = Unverified::read(&base32::encode(&bytes));
        }
    }

    fn said_len(label: &str) -> usize {
        (0..=label.len().min(MAX_LABEL)).rev().find(|end| label.is_char_boundary(*end)).unwrap_or(0)
    }
}
