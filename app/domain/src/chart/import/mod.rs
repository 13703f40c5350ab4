//! Reads the public seating-plan format: strict in what it takes for a plan, forgiving in what real plans get wrong,
//! and never silent about it.
//!
//! Real plans repeat guids and labels, count backwards or in odd numbers, put rows on top of one another or nowhere at
//! all. All of that is put in order and told in the [`Report`]. What cannot be a plan, or would cost more than
//! [`Limits`] allow, is refused by a [`ChartError`] in time and memory that grow with the bytes alone.

mod areas;
mod error;
mod field;
mod gather;
mod grid;
mod group;
mod lay;
mod outline;
mod plan;
mod report;
mod scan;

#[cfg(test)]
pub(super) use areas::inside;
pub use error::ChartError;
pub use report::{Counts, Entry, Oddity, Report};

use super::build::{Builder, Place};
use super::document::{Document, FORMAT, SeatSource};
use super::{Point, Row, SeatNumber, pack};
use crate::seat::Features;

/// How much a plan may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: usize,
    /// Seats; never more than [`pack::MAX_SEATS`].
    pub seats: usize,
}

impl Default for Limits {
    /// 64 MiB and a million seats.
    fn default() -> Self {
        Self { bytes: 64 << 20, seats: pack::MAX_SEATS }
    }
}

/// A plan that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The chart, with where each seat came from.
    pub document: Document,
    /// What was odd about the plan and what was done about it.
    pub report: Report,
}

/// Exit code of `chart check` for a usable plan.
pub const USABLE: u8 = 0;
/// Exit code of `chart check` for a plan that cannot be used.
pub const UNUSABLE: u8 = 2;

/// What `chart check` prints and exits with.
#[must_use]
pub fn verdict(read: &Result<Imported, ChartError>) -> (String, u8) {
    match read {
        Ok(imported) => (imported.report.to_text(), USABLE),
        Err(error) => (format!("Unusable: {error}.\n  code {}\n", error.code()), UNUSABLE),
    }
}

/// Reads a plan.
///
/// # Errors
/// See [`ChartError`]: whatever cannot be read without guessing what was meant.
pub fn import(bytes: &[u8], limits: Limits) -> Result<Imported, ChartError> {
    let limits = Limits { seats: limits.seats.min(pack::MAX_SEATS), ..limits };
    let text = scan::scan(bytes, limits)?;
    let mut report = Report::default();
    let plan = plan::read(text, &mut report)?;
    let mut gathered = gather::gather(plan, limits, &mut report)?;
    lay::straighten(&mut gathered, &mut report);
    let house = group::group(gathered, &mut report);
    if house.sections.len() > pack::MAX_SECTIONS {
        return Err(ChartError::TooMany { what: "sections", limit: pack::MAX_SECTIONS });
    }
    let stage = areas::shapes(&house, &mut report);

    let mut builder =
        Builder::new(&house.name, house.radius).floors(house.floors.iter()).categories(house.categories.iter());
    stage.shapes.into_iter().for_each(|shape| builder.shape(shape));
    let mut sources = Vec::with_capacity(house.seats);
    for section in house.sections {
        let rows: Vec<Vec<Point>> =
            section.rows.iter().map(|row| row.seats.iter().map(|seat| seat.at).collect()).collect();
        let (outline, label_at) = outline::outline(&rows, 1.8 * house.radius);
        builder.section(section.name, section.floor, outline, label_at);
        for row in section.rows {
            builder.named_row(
                Row { name: row.name, label: row.label, seat_label: row.seat_label, ..Row::default() },
                row.seats.iter().map(|seat| Place {
                    at: seat.at,
                    category: seat.category,
                    features: Features::default(),
                    number: SeatNumber::from(seat.number.as_str()),
                    gap_after: seat.gap_after,
                }),
            );
            sources.extend(row.seats.into_iter().map(|seat| SeatSource { guid: seat.guid, at: seat.source }));
        }
    }
    let chart = builder.finish(stage.focal);
    report.count(&chart);
    match chart.flaw() {
        None => Ok(Imported { document: Document { format: FORMAT, chart, sources }, report }),
        Some(flaw) => Err(ChartError::Unsound { flaw }),
    }
}

#[cfg(test)]
mod tests;
