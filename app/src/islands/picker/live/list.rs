//! The live list: sections with what is free, and the rows of the open one.

use core::ops::Range;

use domain::seat::{SeatId, SeatState};

use super::super::markup::{self, ListSeat, ListSection};
use super::house::{self, House};
use super::state::with;
use crate::islands::browser::{active, by_id, put};

/// Opens a section, or closes it when it is open.
pub(super) fn open(section: Option<u32>) {
    let opened = with(|p| {
        p.open = if p.open == section { None } else { section };
        p.open.is_some()
    });
    refresh();
    if let Some(rows) = by_id("live-rows").filter(|_| opened) {
        rows.scroll_into_view();
    }
}

/// Seats changed hands: the list follows with the next tick, and whoever is just about to press one of them hears it.
pub(super) fn changed(changes: &[(SeatId, SeatState)]) {
    with(|p| p.stale = true);
    let cursor = active().strip_prefix('s').and_then(|id| id.parse().ok()).map(SeatId);
    if let Some(seat) = cursor.filter(|seat| changes.iter().any(|(changed, _)| changed == seat)) {
        house::tell(seat);
    }
}

/// Brings the list up to date, where something changed since it was last.
pub(super) fn follow() {
    if with(|p| core::mem::take(&mut p.stale)) {
        refresh();
    }
}

/// Brings the list up to date, where it is shown.
pub(super) fn refresh() {
    let (shown, open, own) = with(|p| (p.list, p.open, p.seats()));
    if !shown {
        return;
    }
    let fresh = house::with(|house| {
        let sections: Vec<_> =
            (0..).zip(&house.chart.sections).map(|(at, s)| section(house, s, open == Some(at))).collect();
        let rows = open.and_then(|at| house.chart.sections.get(at as usize)).map(|section| {
            let rows = house.chart.rows[range(&section.rows)].iter();
            let rows: Vec<_> = rows.map(|row| (row.name.clone(), seats(house, &row.seats, &own))).collect();
            markup::rows(&section.name, &rows)
        });
        (markup::sections(&sections), rows.unwrap_or_default())
    });
    if let Some((sections, rows)) = fresh {
        put("live-sections", &sections);
        put("live-rows", &rows);
    }
}

fn range(rows: &Range<u32>) -> Range<usize> {
    rows.start as usize..rows.end as usize
}

fn section(house: &House, section: &domain::chart::Section, open: bool) -> ListSection {
    let (mut free, mut least) = (0, None::<domain::money::Money>);
    for row in &house.chart.rows[range(&section.rows)] {
        for seat in row.seats.clone() {
            if house.states.get(SeatId(seat)) != SeatState::Free {
                continue;
            }
            if let Some(price) = house.price(SeatId(seat)) {
                free += 1;
                least = Some(least.filter(|least| least.amount <= price.amount).unwrap_or(price));
            }
        }
    }
    let from = least.map(|price| price.to_string()).unwrap_or_default();
    ListSection { name: section.name.clone(), free, from, open }
}

fn seats(house: &House, seats: &Range<u32>, own: &[u32]) -> Vec<ListSeat> {
    let planes = &house.chart.seats;
    let seat = |id: u32| {
        let at = id as usize;
        let price = house.price(SeatId(id));
        let free = house.states.get(SeatId(id)) == SeatState::Free && price.is_some();
        let mine = own.contains(&id);
        let number = planes.number.get(at).map(|number| number.to_string()).unwrap_or_default();
        let mut says = ["Seat ", &number].concat();
        match price {
            Some(price) if free || mine => {
                says = [&says, ", ", &price.to_string(), &house::notes(planes.features[at], ", ")].concat();
            }
            _ => says.push_str(", taken"),
        }
        ListSeat { id, number, says, zone: planes.category[at], free, mine, gap: planes.gap_after[at] }
    };
    seats.clone().map(seat).collect()
}
