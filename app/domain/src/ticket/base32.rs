//! Base32 (RFC 4648, section 6, without padding): the signs that a QR code packs densest, upper case letters and digits.

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Upper case, no padding.
pub(super) fn encode(bytes: &[u8]) -> String {
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

/// The bytes of a text in its one spelling: upper case, no padding, no left-over bits.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    for chunk in text.as_bytes().chunks(8) {
        let mut bits = 0_u64;
        for (i, sign) in chunk.iter().enumerate() {
            let value = BASE32.iter().position(|b| b == sign)?;
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

    #[test]
    fn it_is_the_base32_of_the_rfc() {
        // RFC 4648, section 10.
        for (bytes, text) in
            [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB")]
        {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()));
        }
    }

    proptest! {
        #[test]
        fn bytes_go_there_and_back(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }

        #[test]
        fn a_text_that_reads_has_one_spelling(text in "[A-Za-z2-7]{0,40}") {
            if let Some(bytes) = decode(&text) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }
    }
}
