//! Tickets: their states, the short code people read out, and the signed token that a door checks without a network.

mod base32;
mod token;

use serde::{Deserialize, Serialize};

pub use token::{
    CONTEXT, KeyId, MAX_LABEL, MAX_TOKEN, Place, SIGNATURE, TicketClaim, TokenRefusal, Unverified, VERSION,
};

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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in any::<String>()) {
            if let Some(code) = TicketCode::read(&text) {
                prop_assert_eq!(TicketCode::read(&code.to_string()), Some(code));
            }
        }

        #[test]
        fn any_eight_random_bytes_make_a_code_that_reads_back(random in any::<[u8; 8]>()) {
            let code = TicketCode::mint(random);
            prop_assert_eq!(TicketCode::read(&code.to_string()), Some(code));
        }
    }
}
