//! Writes of which nobody knows what became of them: each may have happened, may still happen, or never will.
//!
//! A write rests on the versions of all its rows. So it is over as soon as one of them is known to be at another
//! version: it has happened then, or never will. Where a deciding read finds all of them as they were, the write may
//! still be on its way; a row of it is then written anew as it is, which fences it off.

use std::collections::{BTreeMap, BTreeSet};

use domain::time::Millis;

use super::cell::Cell;

/// Where so many are open, nothing new is tried until they are over.
const MOST: usize = 64;

/// A block's writes of unknown outcome.
#[derive(Debug, Default)]
pub(super) struct Unknown {
    /// By write: its places, and the versions that they must have for it to happen. Two that rest on the same are one.
    writes: Vec<BTreeMap<u32, i64>>,
    /// How many there were since all were over the last time.
    pub(super) told: u32,
    /// Whether there is one after which the rows were not read yet.
    pub(super) is_unread: bool,
    /// The latest clock of those who wrote.
    pub(super) now: Millis,
}

impl Unknown {
    pub(super) fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.writes.len() >= MOST
    }

    pub(super) fn add(&mut self, rows: BTreeMap<u32, i64>) {
        if !self.writes.contains(&rows) {
            self.writes.push(rows);
        }
        self.told = self.told.saturating_add(1);
        self.is_unread = true;
    }

    /// Forgets those that are over.
    pub(super) fn settle(&mut self, cells: &[Cell]) {
        let moved = |(place, was): (&u32, &i64)| cells.get(*place as usize).is_some_and(|cell| cell.version != *was);
        self.writes.retain(|rows| !rows.iter().any(moved));
        if self.writes.is_empty() {
            self.told = 0;
        }
    }

    /// Every place that one of them might still change.
    pub(super) fn places(&self) -> BTreeSet<u32> {
        self.writes.iter().flat_map(|rows| rows.keys().copied()).collect()
    }

    /// Places that have to be written, besides those of `changes`, so that none of the writes can happen afterwards.
    pub(super) fn to_touch(&self, changes: &BTreeMap<u32, Cell>) -> Vec<u32> {
        let open = self.writes.iter().filter(|rows| !rows.keys().any(|place| changes.contains_key(place)));
        let places: BTreeSet<u32> = open.filter_map(|rows| rows.keys().next().copied()).collect();
        places.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(versions: &[i64]) -> Vec<Cell> {
        versions.iter().map(|version| Cell { version: *version, ..Cell::default() }).collect()
    }

    #[test]
    fn a_write_is_over_when_one_of_its_rows_has_moved_and_is_touched_where_none_has() {
        let mut unknown = Unknown::default();
        unknown.add(BTreeMap::from([(0, 4), (2, 7)]));
        unknown.add(BTreeMap::from([(1, 5)]));
        unknown.settle(&cells(&[4, 5, 7]));
        assert_eq!(unknown.places(), BTreeSet::from([0, 1, 2]));
        assert_eq!(unknown.to_touch(&BTreeMap::new()), [0, 1]);
        assert_eq!(unknown.to_touch(&BTreeMap::from([(2, Cell::default())])), [1]);
        unknown.settle(&cells(&[4, 5, 8]));
        assert_eq!(unknown.places(), BTreeSet::from([1]));
        unknown.settle(&cells(&[4, 6, 8]));
        assert!(unknown.is_empty());
    }

    #[test]
    fn writes_that_rest_on_the_same_are_kept_once_and_there_is_an_end_to_them() {
        let mut unknown = Unknown::default();
        for _ in 0..1_000 {
            unknown.add(BTreeMap::from([(0, 4)]));
        }
        assert_eq!((unknown.writes.len(), unknown.told, unknown.is_full()), (1, 1_000, false));
        for version in 0..MOST as i64 {
            unknown.add(BTreeMap::from([(0, version)]));
        }
        assert!(unknown.is_full());
        unknown.settle(&cells(&[-1]));
        assert_eq!((unknown.is_empty(), unknown.is_full(), unknown.told), (true, false, 0));
    }
}
