//! A chart with its prices and its seats' states at one moment: what every rule looks at.

use core::ops::Range;

use crate::availability::Packed;
use crate::chart::{Chart, Point};
use crate::rules::Tier;
use crate::seat::{Features, SeatId, SeatState};

const NO_TIER: u8 = u8::MAX;

/// Who looks at which seats, at one moment.
#[derive(Clone, Debug)]
pub struct Hall<'a> {
    /// The chart.
    pub chart: &'a Chart,
    /// The event's tiers, seated and standing.
    pub tiers: &'a [Tier],
    /// The seats' states.
    pub states: &'a Packed,
    /// Seats that the asker holds already and would give back: free for them. Ascending.
    pub own: &'a [SeatId],
    by_category: [u8; 256],
}

/// Some neighbouring free seats that could be taken together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block {
    /// First seat.
    pub first: u32,
    /// How many.
    pub len: u32,
    /// Whether taking it leaves a seat alone that was not alone before.
    pub orphan: bool,
    /// Square of the distance from its middle to the point that was asked about.
    pub distance: f32,
}

impl Block {
    /// Its seats, ascending.
    pub fn seats(self) -> impl Iterator<Item = SeatId> {
        (self.first..self.first + self.len).map(SeatId)
    }
}

impl<'a> Hall<'a> {
    /// Looks at `chart` with the prices of `tiers`. The first 255 tiers count.
    #[must_use]
    pub fn new(chart: &'a Chart, tiers: &'a [Tier], states: &'a Packed, own: &'a [SeatId]) -> Self {
        let mut by_category = [NO_TIER; 256];
        for (index, tier) in (0..NO_TIER).zip(tiers) {
            if let Some(category) = tier.category {
                by_category[usize::from(category)] = index;
            }
        }
        Self { chart, tiers, states, own, by_category }
    }

    /// The tier that prices a seat; `None` where the seat is in none, or there is no such seat.
    #[must_use]
    pub fn tier(&self, seat: SeatId) -> Option<&'a Tier> {
        self.tier_index(seat).and_then(|index| self.tiers.get(index))
    }

    /// The position of a seat's tier in [`Hall::tiers`].
    #[must_use]
    pub fn tier_index(&self, seat: SeatId) -> Option<usize> {
        let category = *self.chart.seats.category.get(seat.index())?;
        let index = self.by_category[usize::from(category)];
        (index != NO_TIER).then_some(usize::from(index))
    }

    /// Whether the asker could take the seat.
    #[must_use]
    pub fn is_free(&self, seat: SeatId) -> bool {
        match self.states.get(seat) {
            SeatState::Free => true,
            SeatState::Held => self.own.binary_search(&seat).is_ok(),
            SeatState::Sold | SeatState::Blocked => false,
        }
    }

    /// A seat's features; none where there is no such seat.
    #[must_use]
    pub fn features(&self, seat: SeatId) -> Features {
        self.chart.seats.features.get(seat.index()).copied().unwrap_or_default()
    }

    /// Whether the seat is kept for somebody who needs it: an accessible place, or the companion's beside it.
    #[must_use]
    pub fn is_kept(&self, seat: SeatId) -> bool {
        self.features(seat).0 & (Features::ACCESSIBLE.0 | Features::COMPANION.0) != 0
    }

    /// Where a seat is.
    #[must_use]
    pub fn at(&self, seat: u32) -> Point {
        Point { x: self.chart.seats.x[seat as usize], y: self.chart.seats.y[seat as usize] }
    }

    /// Whether the seat and the one before it are neighbours.
    #[must_use]
    pub fn follows(&self, seat: u32) -> bool {
        let seats = &self.chart.seats;
        let at = seat as usize;
        at > 0 && seats.row.get(at).is_some_and(|row| *row == seats.row[at - 1]) && !seats.gap_after[at - 1]
    }

    /// The free neighbours around a free seat, itself included.
    #[must_use]
    pub fn run(&self, seat: SeatId) -> Range<u32> {
        let (mut start, mut end) = (seat.0, seat.0 + 1);
        while self.follows(start) && self.is_free(SeatId(start - 1)) {
            start -= 1;
        }
        while self.follows(end) && self.is_free(SeatId(end)) {
            end += 1;
        }
        start..end
    }

    /// Splits seats (ascending) into groups of neighbours.
    #[must_use]
    pub fn groups<'s>(&self, seats: &'s [SeatId]) -> Vec<&'s [SeatId]> {
        seats.chunk_by(|a, b| b.0 == a.0 + 1 && self.follows(b.0)).collect()
    }

    /// Whether a free run of one seat at `seat` would be an orphan: accessible places are sold alone.
    pub(crate) fn minds_being_alone(&self, seat: u32) -> bool {
        !self.is_kept(SeatId(seat))
    }

    /// Shows every block of `len` neighbours in rows `rows` that are free, of one tier, and all `eligible`;
    /// distances are from `near`.
    pub(crate) fn blocks(
        &self,
        rows: Range<u32>,
        len: u32,
        near: Point,
        eligible: impl Fn(u32) -> bool,
        mut show: impl FnMut(Block),
    ) {
        self.runs(rows, |_, run| {
            if run.end - run.start >= len {
                self.blocks_of_run(run, len, near, &eligible, &mut show);
            }
        });
    }

    /// Shows the free neighbours of rows `rows`, as many together as there are, with the row they are of.
    pub(crate) fn runs(&self, rows: Range<u32>, mut show: impl FnMut(u32, Range<u32>)) {
        let range = rows.start as usize..rows.end as usize;
        for (index, row) in rows.zip(self.chart.rows.get(range).unwrap_or_default()) {
            let mut seat = row.seats.start;
            while seat < row.seats.end {
                if !self.is_free(SeatId(seat)) {
                    seat += 1;
                    continue;
                }
                let start = seat;
                seat += 1;
                while seat < row.seats.end && self.follows(seat) && self.is_free(SeatId(seat)) {
                    seat += 1;
                }
                show(index, start..seat);
            }
        }
    }

    fn blocks_of_run(
        &self,
        run: Range<u32>,
        len: u32,
        near: Point,
        eligible: &impl Fn(u32) -> bool,
        show: &mut impl FnMut(Block),
    ) {
        let mut from = run.start;
        for seat in run.clone() {
            if !eligible(seat) {
                from = seat + 1;
                continue;
            }
            if seat > from && self.tier_index(SeatId(seat)) != self.tier_index(SeatId(from)) {
                from = seat;
            }
            if seat + 1 - from < len {
                continue;
            }
            let first = seat + 1 - len;
            let left = first - run.start == 1 && self.minds_being_alone(run.start);
            let right = run.end - seat == 2 && self.minds_being_alone(run.end - 1);
            let distance = square(middle(self.at(first), self.at(seat)), near);
            show(Block { first, len, orphan: left || right, distance });
        }
    }

    /// The range of all rows.
    pub(crate) fn all_rows(&self) -> Range<u32> {
        0..self.chart.rows.len() as u32
    }
}

/// The point half way.
pub(crate) fn middle(a: Point, b: Point) -> Point {
    Point { x: (a.x + b.x) * 0.5, y: (a.y + b.y) * 0.5 }
}

/// Square of the distance.
pub(crate) fn square(a: Point, b: Point) -> f32 {
    let (x, y) = (a.x - b.x, a.y - b.y);
    x * x + y * y
}
