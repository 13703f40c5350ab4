//! Reading the availability as it comes from the server.

use domain::availability::Packed;

/// The states of `seats` seats: two bits each, at the end of the answer behind its header. `None` where it is too short.
pub(super) fn states(bytes: &[u8], seats: u32) -> Option<Packed> {
    let len = (seats as usize).div_ceil(4);
    let start = bytes.len().checked_sub(len)?;
    Packed::from_bytes(seats, bytes[start..].to_vec())
}
