//! A first look at the bytes, before anything is built from them: size, encoding, depth, number of objects.

use super::{ChartError, Limits};

/// A plan needs seven levels; more than this is no plan.
pub(super) const DEPTH: usize = 32;

/// Bytes as text without byte-order mark.
pub(super) fn scan(bytes: &[u8], limits: Limits) -> Result<&str, ChartError> {
    if bytes.len() > limits.bytes {
        return Err(ChartError::TooLarge { bytes: bytes.len(), limit: limits.bytes });
    }
    let text = core::str::from_utf8(bytes).map_err(|error| ChartError::NotUtf8 { offset: error.valid_up_to() })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // A seat is two objects, itself and its position; rows, areas and points need some more.
    let most = limits.seats.saturating_mul(2).saturating_add(1_000_000);
    let (mut depth, mut objects) = (0_usize, 0_usize);
    let (mut quoted, mut escaped) = (false, false);
    for (offset, byte) in text.bytes().enumerate() {
        if quoted {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => quoted = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => quoted = true,
            b'{' | b'[' => {
                depth += 1;
                objects += usize::from(byte == b'{');
                if depth > DEPTH {
                    return Err(ChartError::TooDeep { limit: DEPTH, offset });
                }
                if objects > most {
                    return Err(ChartError::TooManySeats { limit: limits.seats });
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(text)
}
