//! What seats are called: short on the map, in words in lists, on tickets and for screen readers.

use core::fmt;

use super::{Chart, Row, SeatNumber};
use crate::seat::SeatId;

impl Chart {
    /// What a person reads of one seat: its section, its row, its number.
    #[must_use]
    pub fn label(&self, seat: SeatId) -> Option<SeatLabel<'_>> {
        let index = seat.index();
        let row = self.rows.get(*self.seats.row.get(index)? as usize)?;
        let section = self.sections.get(usize::from(row.section))?;
        let floor = self.floors.get(usize::from(section.floor)).map_or("", String::as_str);
        let number = self.seats.number.get(index)?;
        Some(SeatLabel { floor, section: &section.name, row: &row.name, number, of: row })
    }
}

impl Row {
    /// `Row F`, or what the plan calls the row, such as `Table 4`.
    #[must_use]
    pub fn title(&self) -> String {
        if self.label.is_empty() { ["Row ", &self.name].concat() } else { self.label.clone() }
    }
}

/// The words of one seat. Shown whole it is `row F, seat 15`, or what the plan calls them, such as `Table 4, Chair 2`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeatLabel<'a> {
    /// Floor.
    pub floor: &'a str,
    /// Section.
    pub section: &'a str,
    /// Row.
    pub row: &'a str,
    /// Number within the row.
    pub number: SeatNumber<'a>,
    of: &'a Row,
}

impl SeatLabel<'_> {
    /// `row F, seat 15`: what it is displayed as, in fewer bytes of the browser's client.
    #[must_use]
    pub fn words(&self) -> String {
        let (row, name) = match self.of.label.as_str() {
            "" => ("row ", self.row),
            label => (label, ""),
        };
        let words = &self.of.seat_label;
        let number = self.number.words();
        // By bytes: looking for a string in a string is a kilobyte of the browser's client.
        let (before, number, after) = match words.as_bytes().windows(2).position(|pair| pair == b"%s") {
            None if words.is_empty() => ("seat ", number.as_str(), ""),
            None => (words.as_str(), "", ""),
            Some(at) => (&words[..at], number.as_str(), &words[at + 2..]),
        };
        [row, name, ", ", before, number, after].concat()
    }
}

impl fmt::Display for SeatLabel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words())
    }
}

/// Stands between a row's name and its words where both travel as one; no name has it.
pub(super) const SEPARATOR: char = '\u{1f}';

/// A row's name with its words, as one.
pub(super) fn join(row: &Row) -> String {
    if row.label.is_empty() && row.seat_label.is_empty() {
        return row.name.clone();
    }
    let parts = [row.name.as_str(), &row.label, &row.seat_label];
    parts.join(SEPARATOR.encode_utf8(&mut [0; 4]))
}

/// Name, label and seat label of what [`join`] made.
pub(super) fn split(joined: &str) -> (&str, &str, &str) {
    let (name, words) = joined.split_once(SEPARATOR).unwrap_or((joined, ""));
    let (label, seat_label) = words.split_once(SEPARATOR).unwrap_or((words, ""));
    (name, label, seat_label)
}
