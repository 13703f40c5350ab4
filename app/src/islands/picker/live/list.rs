//! The live list: sections with what is free, and the rows of the open one.

use core::cell::RefCell;
use core::ops::Range;

use domain::chart::Section;
use domain::money::Money;
use domain::seat::{SeatId, SeatState};
use wasm_bindgen_futures::spawn_local;

use super::super::markup::{self, ListSeat, Whose};
use super::super::words;
use super::house::{self, House};
use super::state::with;
use crate::islands::browser::{self, active, by_id, mark, put, say};

thread_local! {
    /// The open section as it is drawn, and whose each of its seats is.
    static DRAWN: RefCell<(Option<u32>, Vec<Whose>)> = RefCell::default();
}

/// Opens a section, or closes it when it is open.
pub(super) fn open(section: Option<u32>) {
    let (before, opened) = with(|p| {
        let next = if p.open == section { None } else { section };
        (core::mem::replace(&mut p.open, next), next)
    });
    for (section, expanded) in [(before, "false"), (opened, "true")] {
        if let Some(button) = section.and_then(|at| by_id(&["c", &at.to_string()].concat())) {
            mark(&button, "aria-expanded", expanded);
        }
    }
    spawn_local(async move {
        soon().await;
        if let Some(rows) = by_id("live-rows").filter(|_| opened.is_some()) {
            rows.scroll_into_view();
        }
    });
}

/// Brings the list up to date once the press that asked for it has shown: a large house takes a while.
pub(super) async fn soon() {
    with(|p| p.stale = true);
    browser::shown().await;
    follow();
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

/// Brings the list up to date, where it is shown. What stays is never made anew, only put right: the cursor stays where
/// it is, and a press lands, however fast others buy.
pub(super) fn refresh() {
    let (shown, open, own) = with(|p| (p.list, p.open, p.seats()));
    if !shown {
        return;
    }
    let fresh = house::with(|house| {
        let sections: Vec<_> =
            house.chart.sections.iter().map(|section| (section.name.clone(), left(house, section))).collect();
        let open = open.and_then(|at| house.chart.sections.get(at as usize)).map(|section| {
            let rows = house.chart.rows[range(&section.rows)].iter();
            let rows: Vec<_> = rows.map(|row| (row.title(), seats(house, &row.seats, &own))).collect();
            (section.name.clone(), rows)
        });
        (sections, open)
    });
    let Some((sections, rows)) = fresh else { return };
    if by_id("c0").is_none() {
        put("live-sections", &markup::sections(sections.iter().map(|(name, _)| name.as_str())));
    }
    for (at, (_, left)) in (0_u32..).zip(&sections) {
        let at = at.to_string();
        say(&["p", &at].concat(), &left.0);
        say(&["n", &at].concat(), &left.1);
    }
    let seats = || rows.iter().flat_map(|(_, rows)| rows).flat_map(|(_, seats)| seats);
    let whose = seats().map(|seat| seat.whose).collect();
    let (drawn, were) = DRAWN.with(|drawn| drawn.replace((open, whose)));
    if drawn == open {
        for (seat, _) in seats().zip(were).filter(|(seat, was)| seat.whose != *was) {
            patch(seat);
        }
        return;
    }
    put("live-rows", &rows.map(|(section, rows)| markup::rows(&section, &rows)).unwrap_or_default());
}

/// Puts a seat right that is drawn.
fn patch(seat: &ListSeat) {
    let Some(element) = by_id(&["s", &seat.id.to_string()].concat()) else { return };
    for (name, value) in seat.attributes() {
        match value {
            Some(value) => mark(&element, name, value),
            None => drop(element.remove_attribute(name)),
        }
    }
}

fn range(rows: &Range<u32>) -> Range<usize> {
    rows.start as usize..rows.end as usize
}

/// What is left of a section in words: `from €48.50`, empty where nothing is, and `34 seats free`.
fn left(house: &House, section: &Section) -> (String, String) {
    let (mut free, mut least) = (0, None::<Money>);
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
    let from = least.map(|price| ["from ", &price.words()].concat()).unwrap_or_default();
    (from, markup::free(free))
}

fn seats(house: &House, seats: &Range<u32>, own: &[u32]) -> Vec<ListSeat> {
    let planes = &house.chart.seats;
    let seat = |id: u32| {
        let at = id as usize;
        let price = house.price(SeatId(id));
        let whose = match house.states.get(SeatId(id)) {
            _ if own.contains(&id) => Whose::Mine,
            SeatState::Free if price.is_some() => Whose::Nobodys,
            _ => Whose::Others,
        };
        let features = planes.features[at];
        let number = planes.number.get(at).map(|number| number.words()).unwrap_or_default();
        let price = price.map(|price| price.words()).unwrap_or_default();
        let mut says = ["Seat ", &number].concat();
        if whose == Whose::Others {
            says.push_str(", taken");
        } else {
            says = [&says, ", ", &price, &words::notes(features, ", ")].concat();
        }
        let easy = words::easy(features);
        ListSeat { id, number, price, says, zone: planes.category[at], whose, easy, gap: planes.gap_after[at] }
    };
    seats.clone().map(seat).collect()
}
