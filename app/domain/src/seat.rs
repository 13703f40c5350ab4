//! A seat: its number within a chart version, its state, what is special about it.

use serde::{Deserialize, Serialize};

/// A seat's stable small integer within its chart version: its index in [`crate::chart::Seats`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SeatId(pub u32);

impl SeatId {
    /// The index into the chart's planes.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What anybody may know about a seat: two bits on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum SeatState {
    /// Can be chosen.
    #[default]
    Free = 0,
    /// Somebody holds it for now.
    Held = 1,
    /// Claimed for an order or sold.
    Sold = 2,
    /// Not for sale: killed, kept back, or in no tier on sale.
    Blocked = 3,
}

impl SeatState {
    /// The state of the lower two bits.
    #[must_use]
    pub fn from_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::Free,
            1 => Self::Held,
            2 => Self::Sold,
            _ => Self::Blocked,
        }
    }
}

/// What is special about a seat, as a set of bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Features(pub u8);

impl Features {
    /// A place for a wheelchair, or a seat reached without steps.
    pub const ACCESSIBLE: Self = Self(1);
    /// The seat beside an accessible place, for whoever comes along.
    pub const COMPANION: Self = Self(2);
    /// Part of the stage cannot be seen.
    pub const RESTRICTED_VIEW: Self = Self(4);
    /// Next to an aisle.
    pub const AISLE: Self = Self(8);

    /// Whether every bit of `other` is set.
    #[must_use]
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The API's words for the set, in a fixed order.
    #[must_use]
    pub fn words(self) -> Vec<&'static str> {
        [
            (Self::ACCESSIBLE, "accessible"),
            (Self::COMPANION, "companion"),
            (Self::RESTRICTED_VIEW, "restricted_view"),
            (Self::AISLE, "aisle"),
        ]
        .into_iter()
        .filter_map(|(bit, word)| self.has(bit).then_some(word))
        .collect()
    }
}
