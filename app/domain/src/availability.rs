//! Availability on the wire: two bits a seat behind a small header, and what changes of it.

pub mod delta;

pub use delta::Position;

use crate::seat::{SeatId, SeatState};

/// States of all seats of an event, two bits each, seat 0 in the lowest bits of the first byte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packed {
    bits: Vec<u8>,
    seats: u32,
}

impl Packed {
    /// All seats free.
    #[must_use]
    pub fn free(seats: u32) -> Self {
        Self { bits: vec![0; (seats as usize).div_ceil(4)], seats }
    }

    /// How many seats.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.seats
    }

    /// No seat at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seats == 0
    }

    /// The packed bytes: `ceil(seats / 4)`.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bits
    }

    /// Takes packed bytes over; `None` when their length does not fit `seats`.
    #[must_use]
    pub fn from_bytes(seats: u32, bits: Vec<u8>) -> Option<Self> {
        (bits.len() == (seats as usize).div_ceil(4)).then_some(Self { bits, seats })
    }

    /// A seat's state; blocked where there is no such seat.
    #[must_use]
    pub fn get(&self, seat: SeatId) -> SeatState {
        if seat.0 >= self.seats {
            return SeatState::Blocked;
        }
        SeatState::from_bits(self.bits[seat.index() / 4] >> (2 * (seat.0 % 4)))
    }

    /// Sets a seat's state; no effect where there is no such seat.
    pub fn set(&mut self, seat: SeatId, state: SeatState) {
        if seat.0 < self.seats {
            let shift = 2 * (seat.0 % 4);
            let byte = &mut self.bits[seat.index() / 4];
            *byte = (*byte & !(3 << shift)) | ((state as u8) << shift);
        }
    }
}

/// The first bytes of every availability message.
pub const MAGIC: [u8; 4] = *b"PTAV";
/// Version of the layout that is written.
pub const VERSION: u8 = 1;
/// Bytes of the header that is written.
pub const HEADER: usize = 32;

/// A snapshot of an event's seats as it travels.
///
/// All numbers are little-endian:
///
/// | bytes | what |
/// |---|---|
/// | 0..4 | `PTAV` |
/// | 4 | version, 1 |
/// | 5 | kind: 0, a snapshot |
/// | 6..8 | length of the header, at least 32: what is added later stands behind byte 32 and may be skipped |
/// | 8..16 | epoch: names one life of the projection |
/// | 16..24 | sequence: grows with every change within the epoch |
/// | 24..28 | seats |
/// | 28..32 | reserved, 0 |
/// | header.. | two bits a seat, `ceil(seats / 4)` bytes, seat 0 in the lowest bits of the first: 0 free, 1 held, 2 sold, 3 blocked |
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Names one life of the projection; below 2^53, so that every JSON reader can hold it.
    pub epoch: u64,
    /// Grows with every change within an epoch.
    pub sequence: u64,
    /// The states.
    pub states: Packed,
}

impl Message {
    /// Where in the life of its projection it was taken.
    #[must_use]
    pub fn position(&self) -> Position {
        Position { epoch: self.epoch, sequence: self.sequence }
    }

    /// The bytes to send.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER + self.states.bits.len());
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&[VERSION, 0]);
        bytes.extend_from_slice(&(HEADER as u16).to_le_bytes());
        bytes.extend_from_slice(&self.epoch.to_le_bytes());
        bytes.extend_from_slice(&self.sequence.to_le_bytes());
        bytes.extend_from_slice(&self.states.seats.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&self.states.bits);
        bytes
    }

    /// Reads what [`Message::encode`] writes, and what a later minor revision may add behind it. `None` for anything
    /// else, whatever the bytes are.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.get(..4)? != MAGIC || bytes.get(4..6)? != [VERSION, 0] {
            return None;
        }
        let header = usize::from(u16::from_le_bytes(bytes.get(6..8)?.try_into().ok()?));
        if header < HEADER {
            return None;
        }
        let epoch = u64::from_le_bytes(bytes.get(8..16)?.try_into().ok()?);
        let sequence = u64::from_le_bytes(bytes.get(16..24)?.try_into().ok()?);
        let seats = u32::from_le_bytes(bytes.get(24..28)?.try_into().ok()?);
        let body = bytes.get(header..)?.get(..(seats as usize).div_ceil(4))?;
        Some(Self { epoch, sequence, states: Packed { bits: body.to_vec(), seats } })
    }
}

impl Packed {
    /// The seats whose state differs from `before`, with their new states, ascending. Equal bytes are skipped four
    /// seats at a time.
    pub fn changes<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = (SeatId, SeatState)> + 'a {
        // The last byte of `before` may hold room for seats that it does not have: its zeros there say nothing.
        let whole = before.seats as usize / 4;
        let differs = move |(at, bits): &(usize, &u8)| *at >= whole || before.bits.get(*at) != Some(*bits);
        self.bits.iter().enumerate().filter(differs).flat_map(move |(at, _)| {
            let first = at as u32 * 4;
            (first..(first + 4).min(self.seats)).map(SeatId).filter_map(move |seat| {
                let state = self.get(seat);
                (seat.0 >= before.seats || state != before.get(seat)).then_some((seat, state))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packed() -> impl Strategy<Value = Packed> {
        prop::collection::vec(0_u8..4, 0..400).prop_map(|states| {
            let mut packed = Packed::free(states.len() as u32);
            for (seat, bits) in (0..).zip(states) {
                packed.set(SeatId(seat), SeatState::from_bits(bits));
            }
            packed
        })
    }

    proptest! {
        #[test]
        fn a_message_comes_back_as_it_was_sent(states in packed(), epoch in 0_u64..1 << 53, sequence: u64) {
            let message = Message { epoch, sequence, states };
            prop_assert_eq!(Message::decode(&message.encode()), Some(message));
        }

        #[test]
        fn no_bytes_make_the_reader_panic(
            mut bytes in prop::collection::vec(any::<u8>(), 0..200),
            header: u16,
            seats: u32,
            good: bool,
        ) {
            if good && bytes.len() >= 28 {
                bytes[..6].copy_from_slice(b"PTAV\x01\x00");
                bytes[6..8].copy_from_slice(&header.to_le_bytes());
                bytes[24..28].copy_from_slice(&seats.to_le_bytes());
            }
            if let Some(message) = Message::decode(&bytes) {
                prop_assert!(message.states.bytes().len() <= bytes.len());
            }
        }

        #[test]
        fn every_shortened_message_is_refused(states in packed()) {
            let bytes = Message { epoch: 1, sequence: 2, states }.encode();
            for end in 0..bytes.len() {
                prop_assert_eq!(Message::decode(&bytes[..end]), None);
            }
        }

        #[test]
        fn what_a_later_revision_adds_is_skipped(states in packed(), more in 0_usize..40) {
            let message = Message { epoch: 7, sequence: 9, states };
            let mut bytes = message.encode();
            bytes.splice(HEADER..HEADER, vec![0xAB; more]);
            bytes[6..8].copy_from_slice(&((HEADER + more) as u16).to_le_bytes());
            bytes.extend_from_slice(b"and more");
            prop_assert_eq!(Message::decode(&bytes), Some(message));
        }

        #[test]
        fn a_snapshot_costs_two_bits_a_seat(seats in 0_u32..100_001) {
            let bytes = Message { epoch: 1, sequence: 2, states: Packed::free(seats) }.encode();
            prop_assert_eq!(bytes.len(), HEADER + (seats as usize).div_ceil(4));
        }

        #[test]
        fn changes_turn_the_old_states_into_the_new(before in packed(), after in packed()) {
            let mut patched = Packed::free(after.len());
            for seat in (0..after.len()).map(SeatId) {
                patched.set(seat, before.get(seat));
            }
            for (seat, state) in after.changes(&before) {
                patched.set(seat, state);
            }
            prop_assert_eq!(patched, after);
        }
    }
}
