//! Groups that cannot sit side by side: in two rows, one behind the other, or in several places of the hall.
//!
//! What they may have is gathered once, in one walk, into pieces. Rows are then looked at from the nearest on, until no
//! other row can be better. What is chosen is what trying everything chooses.

use core::cmp::Reverse;
use core::ops::Range;
use std::collections::BinaryHeap;

use super::{Pick, Relaxed, Search};
use crate::chart::Point;
use crate::hall::{Block, Hall, middle, square};
use crate::seat::SeatId;

/// Free neighbours of one tier that all may be had, as many as there are.
#[derive(Clone, Copy)]
struct Piece {
    row: u32,
    first: u32,
    len: u32,
}

/// All pieces of some rows, in the order of their seats.
pub(super) struct Pieces(Vec<Piece>);

impl Pieces {
    pub(super) fn gather(hall: &Hall<'_>, rows: Range<u32>, eligible: impl Fn(u32) -> bool) -> Self {
        let mut pieces = Vec::new();
        hall.runs(rows, |row, run| {
            let mut piece = Piece { row, first: run.start, len: 0 };
            let mut tier = None;
            for seat in run {
                let this = if eligible(seat) { hall.tier_index(SeatId(seat)) } else { None };
                if this.is_none() || this != tier {
                    pieces.extend((piece.len > 0).then_some(piece));
                    piece = Piece { row, first: seat, len: 0 };
                    tier = this;
                }
                piece.len += u32::from(this.is_some());
            }
            pieces.extend((piece.len > 0).then_some(piece));
        });
        Self(pieces)
    }

    /// Seats of the longest piece.
    pub(super) fn longest(&self) -> u32 {
        longest(&self.0)
    }

    /// Takes a block out of its piece.
    fn take(&mut self, block: Block) {
        let at = self.0.partition_point(|piece| piece.first <= block.first).saturating_sub(1);
        let Some(piece) = self.0.get(at).copied() else { return };
        let after = block.first + block.len;
        let rest = [
            Piece { len: block.first - piece.first, ..piece },
            Piece { first: after, len: piece.first + piece.len - after, ..piece },
        ];
        self.0.splice(at..=at, rest.into_iter().filter(|piece| piece.len > 0));
    }
}

fn longest(pieces: &[Piece]) -> u32 {
    pieces.iter().map(|piece| piece.len).max().unwrap_or(0)
}

/// Every block of `len` seats, with its distance from `near`.
fn blocks(hall: &Hall<'_>, pieces: &[Piece], len: u32, near: Point) -> impl Iterator<Item = Block> {
    pieces.iter().filter(move |piece| piece.len >= len).flat_map(move |piece| {
        (piece.first..=piece.first + piece.len - len).map(move |first| {
            let distance = square(middle(hall.at(first), hall.at(first + len - 1)), near);
            Block { first, len, orphan: false, distance }
        })
    })
}

/// The pieces of one row.
struct Line<'p> {
    row: u32,
    pieces: &'p [Piece],
    longest: u32,
    /// No block's middle is nearer to the focal point: the square of the distance from the box around the row.
    bound: f32,
}

impl<'p> Line<'p> {
    fn of(hall: &Hall<'_>, pieces: &'p [Piece]) -> Self {
        let focal = hall.chart.focal;
        let (mut min, mut max) = (Point { x: f32::MAX, y: f32::MAX }, Point { x: f32::MIN, y: f32::MIN });
        for at in pieces.iter().flat_map(|piece| piece.first..piece.first + piece.len).map(|seat| hall.at(seat)) {
            min = Point { x: min.x.min(at.x), y: min.y.min(at.y) };
            max = Point { x: max.x.max(at.x), y: max.y.max(at.y) };
        }
        let nearest = Point { x: focal.x.max(min.x).min(max.x), y: focal.y.max(min.y).min(max.y) };
        let row = pieces.first().map_or(0, |piece| piece.row);
        Self { row, pieces, longest: longest(pieces), bound: square(nearest, focal) }
    }
}

/// What two blocks cost, and which of equally good ones they are: row, size of the first, whether it is the back one.
type Rank = (f32, u32, u32, bool);

impl Search<'_, '_> {
    /// Two blocks in neighbouring rows of a section, near to each other and to the focal point. Of several equally good
    /// ones the first, by row, by size, front before back.
    pub(super) fn two_rows(&self, pieces: &Pieces) -> Option<Pick> {
        let (n, hall) = (self.wish.quantity, self.hall);
        let lines: Vec<Line<'_>> = pieces.0.chunk_by(|a, b| a.row == b.row).map(|row| Line::of(hall, row)).collect();
        let section = |line: &Line<'_>| hall.chart.rows.get(line.row as usize).map(|row| row.section);
        let pairs = lines.windows(2).enumerate().filter(|(_, pair)| {
            let [front, back] = pair else { return false };
            back.row == front.row + 1 && front.longest + back.longest >= n && section(front) == section(back)
        });
        // Distances are not negative, so that their bits are in their order.
        let mut pairs: BinaryHeap<_> =
            pairs.map(|(at, pair)| Reverse((pair[0].bound.min(pair[1].bound).to_bits(), at))).collect();
        let mut found: Option<(Rank, Block, Block)> = None;
        // Nobody sits alone unless there are only two or three of them.
        let least = if n > 3 { 2 } else { 1 };
        while let Some(Reverse((bound, at))) = pairs.pop() {
            if found.is_some_and(|((best, ..), ..)| best < f32::from_bits(bound)) {
                break;
            }
            let (front, back) = (&lines[at], &lines[at + 1]);
            for size in least..=n - least {
                for (one, other, turned) in [(front, back, false), (back, front, true)] {
                    if one.longest < size || other.longest < n - size {
                        continue;
                    }
                    let nearest = |a: &Block, b: &Block| self.spread(*a).total_cmp(&self.spread(*b));
                    let Some(first) = blocks(hall, one.pieces, size, hall.chart.focal).min_by(nearest) else {
                        continue;
                    };
                    let near = middle(hall.at(first.first), hall.at(first.first + size - 1));
                    for second in blocks(hall, other.pieces, n - size, near) {
                        // The gap counts double: sitting near each other is why they came together.
                        let rank = (self.spread(first) + 2.0 * second.distance, front.row, size, turned);
                        if found.is_none_or(|(best, ..)| rank < best) {
                            found = Some((rank, first, second));
                        }
                    }
                }
            }
        }
        let (_, first, second) = found?;
        let mut seats: Vec<SeatId> = first.seats().chain(second.seats()).collect();
        seats.sort_unstable();
        Some(Pick { relaxed: self.said(&seats, vec![Relaxed::TwoRows]), seats })
    }

    /// As few and as large blocks as possible, each as near as possible to the first.
    pub(super) fn apart(
        &self,
        mut pieces: Pieces,
        mut seats: Vec<SeatId>,
        mut left: u32,
        relaxed: Vec<Relaxed>,
    ) -> Option<Pick> {
        let mut near = seats.first().map_or(self.hall.chart.focal, |seat| self.hall.at(seat.0));
        let mut size = left;
        while left > 0 {
            size = size.min(left);
            // Rather two and two than three and one.
            if left - size == 1 && size > 2 {
                size -= 1;
            }
            let nearest = |a: &Block, b: &Block| a.distance.total_cmp(&b.distance);
            match blocks(self.hall, &pieces.0, size, near).min_by(nearest) {
                Some(block) => {
                    if seats.is_empty() {
                        near = middle(self.hall.at(block.first), self.hall.at(block.first + size - 1));
                    }
                    seats.extend(block.seats());
                    pieces.take(block);
                    left -= size;
                }
                None if size > 1 => size -= 1,
                None => return None,
            }
        }
        seats.sort_unstable();
        Some(Pick { relaxed: self.said(&seats, relaxed), seats })
    }
}
