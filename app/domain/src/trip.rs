//! Trips: a place is sold leg by leg, so that two people may share a seat one after the other.

use crate::seat::SeatId;

/// Legs of a trip, one after the other: at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Legs {
    from: u16,
    to: u16,
}

impl Legs {
    /// From leg `from` up to the stop before leg `to`; `None` where that is no way at all.
    #[must_use]
    pub const fn new(from: u16, to: u16) -> Option<Self> {
        if from < to { Some(Self { from, to }) } else { None }
    }

    /// The first leg.
    #[must_use]
    pub const fn from(self) -> u16 {
        self.from
    }

    /// The leg after the last.
    #[must_use]
    pub const fn to(self) -> u16 {
        self.to
    }

    /// How many legs.
    #[must_use]
    pub const fn count(self) -> usize {
        (self.to - self.from) as usize
    }

    /// Each leg, in order.
    pub fn each(self) -> impl Iterator<Item = u16> {
        self.from..self.to
    }
}

/// A place on one leg. In order: by leg, then by seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Segment {
    /// Which leg of the trip, from 0.
    pub leg: u16,
    /// Which seat.
    pub seat: SeatId,
}
