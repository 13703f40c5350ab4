//! The packed chart: everything the browser needs, about a seventh of a byte a seat after brotli.
//!
//! Integers are LEB128 varints, signed ones zig-zag; each kind of value lies in a plane of its own, because like bytes
//! beside each other compress best. In order:
//!
//! 1. `PCH`, format version, seat radius, corners, focal point, counts, words of the chart;
//! 2. sections: names, floors, numbers of rows, label positions, outlines;
//! 3. rows: names (with their words, where a plan gave any), numbers of seats; then gaps, seat numbers, categories, features, blocks as runs;
//! 4. places: every unbroken piece of a row is an arc (see [`arc`]), told by what its predecessor does not predict, and
//!    by what the seats are off it, which is nothing for a drawn chart;
//! 5. shapes; and last the FNV-1a hash of all that goes before.
//!
//! Coordinates lie on a grid of about a fiftieth of the distance between two seats. A chart that was put on the grid
//! once (as generator and import do) comes back from `unpack(pack(chart))` exactly.

pub(crate) mod arc;
mod bytes;
mod decode;
mod encode;
mod planes;

pub use decode::unpack;
pub use encode::pack;

use thiserror::Error;

/// Most seats a chart may have.
pub const MAX_SEATS: usize = 1_000_000;
/// Most sections.
pub(crate) const MAX_SECTIONS: usize = u16::MAX as usize;
/// Longest words in bytes.
pub(crate) const MAX_NAME: usize = 1_024;
/// Most points of one outline, most shapes.
const MAX_LIST: usize = 65_536;
/// Greatest coordinate in grid steps: such a whole number is exact in an `f32`.
const MAX_STEPS: i32 = 1 << 23;
const MAGIC: [u8; 3] = *b"PCH";
const VERSION: u8 = 1;

/// Why bytes are no packed chart, or a chart cannot be packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PackError {
    /// They begin otherwise.
    #[error("this is not a packed chart")]
    NotAChart,
    /// Written by a newer format.
    #[error("packed chart of version {0}, which is not known here")]
    Version(u8),
    /// They end too early.
    #[error("the packed chart ends too early")]
    Truncated,
    /// The hash at the end is not that of the bytes.
    #[error("the packed chart was damaged on its way")]
    Damaged,
    /// A value that cannot be.
    #[error("the packed chart is inconsistent: {0}")]
    Inconsistent(&'static str),
}

/// FNV-1a, 32 bits (Fowler, Noll, Vo): finds damage, not malice.
fn hash(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// The grid of a chart: its step is the power of two next below a sixteenth of the seat radius.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Grid {
    step: f32,
}

impl Grid {
    /// Read off the bits of the radius, so that no two platforms' logarithms can differ.
    pub(crate) fn of(seat_radius: f32) -> Self {
        let exponent = (seat_radius.to_bits() >> 23 & 0xff) as i32 - 127 - 4;
        Self { step: 2.0_f32.powi(exponent.clamp(-20, 20)) }
    }

    /// Steps from zero, to the nearest; far beyond the limit where the value is no number.
    pub(crate) fn steps(self, value: f32) -> i32 {
        let steps = (value / self.step).round();
        if steps.abs() <= MAX_STEPS as f32 { steps as i32 } else { i32::MAX }
    }

    pub(crate) fn value(self, steps: i32) -> f32 {
        steps as f32 * self.step
    }

    /// The nearest value on the grid.
    pub(crate) fn snap(self, value: f32) -> f32 {
        let steps = self.steps(value);
        if steps == i32::MAX { value } else { self.value(steps) }
    }
}

#[cfg(test)]
pub(crate) mod tests;
