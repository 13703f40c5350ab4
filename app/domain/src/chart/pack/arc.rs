//! Seats at equal distances along an arc, told by three vectors: first seat, chord, and how far the middle bulges.
//!
//! With `t` from -1 to 1 along the piece, chord length c, bulge s and k = 16 s²/c² (the square of half the arc's angle,
//! but for terms of fourth order), the series of sine and cosine give
//! `along = (1 + t (1 + k/6 (1 - t²))) / 2` of the chord and `(1 - t²)(1 - k t²/12)` of the bulge.
//! Only additions, products and one division: browser and server round alike, which libm's sine does not promise.

use core::ops::Range;

use super::Grid;
use crate::chart::{Row, Seats};

/// A place in grid steps.
pub(crate) type Steps = (i32, i32);

/// One unbroken piece of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Arc {
    /// The first seat.
    pub(crate) first: Steps,
    /// From the first seat to the last.
    pub(crate) chord: Steps,
    /// From the middle of the chord to the middle of the arc.
    pub(crate) bulge: Steps,
}

impl Arc {
    /// Where its `seats` lie, each coordinate a whole number of steps.
    pub(crate) fn places(self, seats: usize, mut tell: impl FnMut(usize, f64, f64)) {
        let [first, chord, bulge] = [self.first, self.chord, self.bulge].map(|(x, y)| (f64::from(x), f64::from(y)));
        let (c2, s2) = (chord.0 * chord.0 + chord.1 * chord.1, bulge.0 * bulge.0 + bulge.1 * bulge.1);
        let k = if c2 > 0.0 { (16.0 * s2 / c2).min(1.0) } else { 0.0 };
        let scale = if seats > 1 { 1.0 / (seats - 1) as f64 } else { 0.0 };
        let last = seats.saturating_sub(1) as f64;
        for seat in 0..seats {
            let t = (2.0 * seat as f64 - last) * scale;
            let inside = 1.0 - t * t;
            // A lone seat has no chord, so `along` does not matter.
            let along = 0.5 * (1.0 + t * (1.0 + k / 6.0 * inside));
            let out = inside * (1.0 - k / 12.0 * t * t);
            let x = (first.0 + chord.0 * along + bulge.0 * out + 0.5).floor();
            tell(seat, x, (first.1 + chord.1 * along + bulge.1 * out + 0.5).floor());
        }
    }

    /// The same as a list.
    pub(crate) fn drawn(self, seats: usize) -> Vec<Steps> {
        let mut drawn = Vec::with_capacity(seats);
        self.places(seats, |_, x, y| drawn.push((x as i32, y as i32)));
        drawn
    }

    /// The arc through the first and the last place whose bulge fits best.
    pub(crate) fn fit(places: &[Steps]) -> Self {
        let (Some(&first), Some(&last)) = (places.first(), places.last()) else { return Self::default() };
        let chord = (last.0 - first.0, last.1 - first.1);
        let straight = Self { first, chord, bulge: (0, 0) };
        if places.len() < 3 {
            return straight;
        }
        let middle = places.len() / 2;
        let t = 2.0 * middle as f64 / (places.len() - 1) as f64 - 1.0;
        let guess = |place: i32, first: i32, chord: i32| {
            let off = f64::from(place - first) - f64::from(chord) * 0.5 * (1.0 + t);
            (off / (1.0 - t * t)).round() as i32
        };
        let about = (guess(places[middle].0, first.0, chord.0), guess(places[middle].1, first.1, chord.1));
        let off = |arc: Self| -> u64 {
            let mut off = 0;
            arc.places(places.len(), |seat, x, y| {
                let place = places[seat];
                off += u64::from((x as i32).abs_diff(place.0)) + u64::from((y as i32).abs_diff(place.1));
            });
            off
        };
        let mut best = (off(straight), straight);
        // Rings around the guess: the first is nearly always right, so stop as soon as nothing is off.
        for ring in 0..=3_i32 {
            for dx in -ring..=ring {
                for dy in -ring..=ring {
                    if dx.abs().max(dy.abs()) == ring && best.0 > 0 {
                        let arc = Self { bulge: (about.0 + dx, about.1 + dy), ..straight };
                        let off = off(arc);
                        if off < best.0 {
                            best = (off, arc);
                        }
                    }
                }
            }
        }
        best.1
    }
}

/// The unbroken pieces of all rows, in order.
pub(crate) fn pieces<'a>(rows: &'a [Row], gap_after: &'a [bool]) -> impl Iterator<Item = (usize, Range<usize>)> + 'a {
    rows.iter().enumerate().flat_map(move |(row, seats)| {
        let (mut at, end) = (seats.seats.start as usize, seats.seats.end as usize);
        core::iter::from_fn(move || {
            (at < end).then(|| {
                let start = at;
                while at < end && !gap_after[at] {
                    at += 1;
                }
                // The seat before the gap is still of the piece.
                at = (at + 1).min(end);
                (row, start..at)
            })
        })
    })
}

/// Puts seats on the grid, and those that are a step beside their arc onto it: a hundredth of the distance between two
/// seats, invisible, and worth half the packed bytes.
pub(crate) fn settle(grid: Grid, rows: &[Row], seats: &mut Seats) {
    let mut places: Vec<Steps> = Vec::new();
    for (_, piece) in pieces(rows, &seats.gap_after) {
        places.clear();
        places.extend(piece.clone().map(|seat| (grid.steps(seats.x[seat]), grid.steps(seats.y[seat]))));
        let arc = Arc::fit(&places);
        for ((seat, place), drawn) in piece.zip(&places).zip(arc.drawn(places.len())) {
            let near = place.0.abs_diff(drawn.0) <= 1 && place.1.abs_diff(drawn.1) <= 1;
            let (x, y) = if near { drawn } else { *place };
            seats.x[seat] = grid.value(x);
            seats.y[seat] = grid.value(y);
        }
    }
}
