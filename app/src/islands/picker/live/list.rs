//! The live list: sections with what is free, and the rows of the open one.

use domain::seat::{SeatId, SeatState};
use leptos::prelude::*;

use super::super::state::{ListRow, ListSeat, ListSection, Picker};
use super::{hold, house};

/// Class of a free seat by zone.
const ZONES: [&str; 8] = ["seat z0", "seat z1", "seat z2", "seat z3", "seat z4", "seat z5", "seat z6", "seat z7"];

/// Opens a section, or closes it when it is open.
pub(in super::super) fn open(picker: Picker, section: u16) {
    let closes = picker.open.get_untracked() == Some(section);
    picker.open.set((!closes).then_some(section));
    refresh(picker);
    if !closes {
        if let Some(rows) = document().get_element_by_id("rows") {
            rows.scroll_into_view();
        }
    }
}

/// Brings the list up to date, where it is shown.
pub(super) fn refresh(picker: Picker) {
    if !picker.list.get_untracked() {
        return;
    }
    let own = hold::seats(picker);
    let open = picker.open.get_untracked();
    let fresh = house::with(|house| {
        let sections = sections(house);
        let rows = open.map(|section| rows(house, section, &own)).unwrap_or_default();
        (sections, rows)
    });
    let Some((sections, rows)) = fresh else { return };
    if picker.sections.with_untracked(|old| *old != sections) {
        picker.sections.set(sections);
    }
    if picker.rows.with_untracked(|old| *old != rows) {
        picker.rows.set(rows);
    }
}

fn sections(house: &house::House) -> Vec<ListSection> {
    let seats = &house.chart.seats;
    (0_u16..)
        .zip(&house.chart.sections)
        .map(|(index, section)| {
            let (mut free, mut from) = (0, None);
            for row in &house.chart.rows[section.rows.start as usize..section.rows.end as usize] {
                for seat in row.seats.clone() {
                    if house.states.get(SeatId(seat)) == SeatState::Free {
                        let category = Some(seats.category[seat as usize]);
                        if let Some(tier) = house.tiers.iter().find(|tier| tier.category == category) {
                            free += 1;
                            from = Some(from.map_or(tier.price.total, |least: domain::money::Money| {
                                if tier.price.total.amount < least.amount { tier.price.total } else { least }
                            }));
                        }
                    }
                }
            }
            let from = from.map(|price| ["from ", &price.to_string()].concat()).unwrap_or_default();
            ListSection { index, name: section.name.clone(), free, from }
        })
        .collect()
}

fn rows(house: &house::House, section: u16, own: &[SeatId]) -> Vec<ListRow> {
    let Some(section) = house.chart.sections.get(usize::from(section)) else { return Vec::new() };
    let seats = &house.chart.seats;
    house.chart.rows[section.rows.start as usize..section.rows.end as usize]
        .iter()
        .map(|row| ListRow {
            name: row.name.clone(),
            seats: row
                .seats
                .clone()
                .map(|id| {
                    let at = id as usize;
                    let tier = house.tiers.iter().find(|tier| tier.category == Some(seats.category[at]));
                    let free = house.states.get(SeatId(id)) == SeatState::Free && tier.is_some();
                    let mine = own.contains(&SeatId(id));
                    let number = seats.number.get(at).map(|number| number.to_string()).unwrap_or_default();
                    let mut says = ["Seat ", &number].concat();
                    match tier {
                        Some(tier) if free || mine => {
                            says.push_str(", ");
                            says.push_str(&tier.price.total.to_string());
                            says.push_str(&house::notes(seats.features[at]).replace(" · ", ", "));
                        }
                        _ => says.push_str(", taken"),
                    }
                    let class = ZONES[usize::from(seats.category[at] % 8)];
                    ListSeat { id, number, says, class, free, mine, gap: seats.gap_after[at] }
                })
                .collect(),
        })
        .collect()
}
