//! Availability on the wire: two bits a seat behind a small header.

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
