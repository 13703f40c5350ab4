//! A new version of a chart meets the old one: which new seat is which old seat.
//!
//! By guid where exactly one seat of either version has it, else by label, else by place. Each seat is matched at most
//! once, and the answer says by which means, because a person must be able to judge it before tickets follow it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde::Serialize;

use super::document::Document;
use super::{Chart, SeatNumber};
use crate::seat::SeatId;

/// Old seats within one seat radius that are looked at for a new one.
const CANDIDATES: usize = 8;

/// How the seats of two versions belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Matches {
    /// For every new seat the old one, where there is one.
    pub old_of: Vec<Option<SeatId>>,
    /// Matched by a guid that is unique in both versions.
    pub by_guid: u32,
    /// Matched by section, row and number.
    pub by_label: u32,
    /// Matched because they stand where the old ones stood, less than a seat radius off.
    pub by_place: u32,
    /// New seats that were not there before, ascending.
    pub added: Vec<SeatId>,
    /// Old seats that are no more, ascending.
    pub gone: Vec<SeatId>,
}

impl Matches {
    /// For every old seat the new one.
    #[must_use]
    pub fn new_of(&self, old_seats: usize) -> Vec<Option<SeatId>> {
        let mut new_of = vec![None; old_seats];
        for (new, old) in self.old_of.iter().enumerate() {
            if let Some(slot) = old.and_then(|old| new_of.get_mut(old.index())) {
                *slot = Some(SeatId(new as u32));
            }
        }
        new_of
    }

    /// What was done, for people.
    #[must_use]
    pub fn to_text(&self) -> String {
        let Self { by_guid, by_label, by_place, added, gone, .. } = self;
        format!(
            "{} seats matched: {by_guid} by guid, {by_label} by label, {by_place} by place. {} new, {} gone.\n",
            by_guid + by_label + by_place,
            added.len(),
            gone.len()
        )
    }
}

/// Matches the seats of a new version to those of the old one.
#[must_use]
pub fn match_versions(old: &Document, new: &Document) -> Matches {
    let mut pairing = Pairing { old_of: vec![None; new.chart.seats.len()], taken: vec![false; old.chart.seats.len()] };
    let by_guid = by_guid(&mut pairing, old, new);
    let by_label = by_label(&mut pairing, &old.chart, &new.chart);
    let by_place = by_place(&mut pairing, &old.chart, &new.chart);
    let Pairing { old_of, taken } = pairing;
    let seats = |free: &mut dyn Iterator<Item = bool>| -> Vec<SeatId> {
        (0_u32..).zip(free).filter(|(_, free)| *free).map(|(seat, _)| SeatId(seat)).collect()
    };
    let added = seats(&mut old_of.iter().map(Option::is_none));
    let gone = seats(&mut taken.iter().map(|taken| !taken));
    Matches { old_of, by_guid, by_label, by_place, added, gone }
}

struct Pairing {
    old_of: Vec<Option<SeatId>>,
    taken: Vec<bool>,
}

impl Pairing {
    /// Pairs two seats unless one of them has its counterpart already; 1 where it did.
    fn pair(&mut self, new: usize, old: usize) -> u32 {
        if self.old_of[new].is_some() || self.taken[old] {
            return 0;
        }
        self.old_of[new] = Some(SeatId(old as u32));
        self.taken[old] = true;
        1
    }

    fn open(&self) -> Vec<usize> {
        (0..self.old_of.len()).filter(|&new| self.old_of[new].is_none()).collect()
    }

    fn left(&self) -> Vec<usize> {
        (0..self.taken.len()).filter(|&old| !self.taken[old]).collect()
    }
}

/// The guids that exactly one seat of a version has.
fn unique_guids(document: &Document) -> HashMap<&str, usize> {
    let mut guids: HashMap<&str, Option<usize>> = HashMap::new();
    for (seat, source) in document.sources.iter().enumerate() {
        if let Some(guid) = &source.guid {
            match guids.entry(guid) {
                Entry::Vacant(entry) => drop(entry.insert(Some(seat))),
                Entry::Occupied(mut entry) => drop(entry.insert(None)),
            }
        }
    }
    guids.into_iter().filter_map(|(guid, seat)| Some((guid, seat?))).collect()
}

fn by_guid(pairing: &mut Pairing, old: &Document, new: &Document) -> u32 {
    let before = unique_guids(old);
    let now = unique_guids(new);
    now.into_iter().filter_map(|(guid, new)| Some(pairing.pair(new, *before.get(guid)?))).sum()
}

type Label<'a> = (&'a str, &'a str, SeatNumber<'a>);

/// Section names are unique within a chart, so the floor need not be the same: floors get renamed.
fn label(chart: &Chart, seat: usize) -> Option<Label<'_>> {
    let label = chart.label(SeatId(seat as u32))?;
    Some((label.section, label.row, label.number))
}

fn by_label(pairing: &mut Pairing, old: &Chart, new: &Chart) -> u32 {
    let mut before: HashMap<Label<'_>, usize> = HashMap::new();
    for seat in pairing.left() {
        if let Some(label) = label(old, seat) {
            before.entry(label).or_insert(seat);
        }
    }
    let open = pairing.open().into_iter();
    let pairs: Vec<(usize, usize)> = open.filter_map(|seat| Some((seat, *before.get(&label(new, seat)?)?))).collect();
    pairs.into_iter().map(|(new, old)| pairing.pair(new, old)).sum()
}

/// Nearest pairs first, so that a row that moved a little keeps its seats in order.
fn by_place(pairing: &mut Pairing, old: &Chart, new: &Chart) -> u32 {
    let reach = old.seat_radius;
    if reach <= 0.0 {
        return 0;
    }
    let floor = |chart: &Chart, seat: usize| {
        // Floors that were added or taken away say nothing about the others' numbers.
        let row = &chart.rows[chart.seats.row[seat] as usize];
        if old.floors.len() == new.floors.len() { chart.sections[usize::from(row.section)].floor } else { 0 }
    };
    let cell = |x: f32, y: f32| ((x / reach).floor() as i32, (y / reach).floor() as i32);
    let mut cells: HashMap<(u8, i32, i32), Vec<usize>> = HashMap::new();
    for seat in pairing.left() {
        let (x, y) = cell(old.seats.x[seat], old.seats.y[seat]);
        let kept = cells.entry((floor(old, seat), x, y)).or_default();
        if kept.len() < CANDIDATES {
            kept.push(seat);
        }
    }
    let mut pairs: Vec<(f32, usize, usize)> = Vec::new();
    for seat in pairing.open() {
        let (x, y) = (new.seats.x[seat], new.seats.y[seat]);
        let (cx, cy) = cell(x, y);
        let floor = floor(new, seat);
        for (dx, dy) in (-1..=1).flat_map(|dx: i32| (-1..=1).map(move |dy: i32| (dx, dy))) {
            let kept = cells.get(&(floor, cx.saturating_add(dx), cy.saturating_add(dy)));
            for &other in kept.into_iter().flatten() {
                let apart = (x - old.seats.x[other]).hypot(y - old.seats.y[other]);
                if apart < reach {
                    pairs.push((apart, seat, other));
                }
            }
        }
    }
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    pairs.into_iter().map(|(_, new, old)| pairing.pair(new, old)).sum()
}

#[cfg(test)]
mod tests;
