//! How the arcs of a chart predict one another; the same steps for packing and for unpacking.

use super::arc::{Arc, Steps};

/// Foresees the next piece from those before it. Rows of a section have the same pitch, curve alike, and their middles
/// advance evenly.
#[derive(Default)]
pub(super) struct Foresight {
    before: Option<Known>,
    /// The first piece of the section: the next section's first is like it.
    opening: Option<Known>,
}

#[derive(Clone, Copy)]
struct Known {
    arc: Arc,
    /// Seats but one.
    gaps: i32,
    row: usize,
    /// Twice the middle of the row's first piece.
    middle: Steps,
    /// How that middle advanced from the row before.
    advance: Steps,
}

impl Foresight {
    /// A new section begins.
    pub(super) fn section(&mut self) {
        self.before = self.opening.map(|known| Known { advance: (0, 0), ..known });
        self.opening = None;
    }

    /// What chord and bulge of the next piece, of so many seats, will be.
    pub(super) fn chord_and_bulge(&self, seats: usize) -> (Steps, Steps) {
        let Some(known) = self.before.filter(|known| known.gaps > 0) else { return ((0, 0), (0, 0)) };
        let ratio = (seats as f64 - 1.0) / f64::from(known.gaps);
        // Saturates where the bytes are nonsense.
        let scale = |value: i32, by: f64| ((f64::from(value) * by + 0.5).floor() as i32).clamp(-(1 << 28), 1 << 28);
        let Arc { chord, bulge, .. } = known.arc;
        let square = ratio * ratio;
        ((scale(chord.0, ratio), scale(chord.1, ratio)), (scale(bulge.0, square), scale(bulge.1, square)))
    }

    /// Where the next piece, with that chord, will begin.
    pub(super) fn first(&self, row: usize, chord: Steps) -> Steps {
        let Some(known) = self.before else { return (0, 0) };
        if known.row == row && self.opening.is_some() {
            // A second piece of the same row: a gap beyond the end of the last one.
            return (known.arc.first.0 + known.arc.chord.0, known.arc.first.1 + known.arc.chord.1);
        }
        let (x, y) = (known.middle.0 + known.advance.0, known.middle.1 + known.advance.1);
        ((x - chord.0) >> 1, (y - chord.1) >> 1)
    }

    /// Takes note of a piece.
    pub(super) fn learn(&mut self, row: usize, seats: usize, arc: Arc) {
        let middle = (2 * arc.first.0 + arc.chord.0, 2 * arc.first.1 + arc.chord.1);
        let gaps = seats as i32 - 1;
        let known = match self.before.filter(|_| self.opening.is_some()) {
            // Later pieces of a row tell nothing about where the next row will be.
            Some(known) if known.row == row => Known { arc, gaps, ..known },
            Some(known) => {
                let advance = (middle.0 - known.middle.0, middle.1 - known.middle.1);
                Known { arc, gaps, row, middle, advance }
            }
            None => Known { arc, gaps, row, middle, advance: (0, 0) },
        };
        self.before = Some(known);
        self.opening.get_or_insert(known);
    }
}
