//! What the browser knows of the house: the chart, and who has which seat as of a moment ago.

use std::cell::RefCell;
use std::rc::Rc;

use domain::availability::{Message, Packed};
use domain::chart::{Chart, pack};
use domain::hall::Hall;
use domain::heal::without_orphans;
use domain::price::Price;
use domain::rules::{Tier, Window, orphans};
use domain::seat::{Features, SeatId, SeatState};
use domain::time::Millis;
use leptos::prelude::*;

use super::super::choose;
use super::super::state::Picker;
use super::super::words::{Place, list};
use crate::islands::browser::{ask, bytes};

/// The house.
pub(super) struct House {
    pub(super) chart: Rc<Chart>,
    pub(super) states: Packed,
    pub(super) tiers: Vec<Tier>,
    tag: String,
}

thread_local! {
    static HOUSE: RefCell<Option<House>> = const { RefCell::new(None) };
}

/// Looks at the house, once it is loaded.
pub(super) fn with<T>(look: impl FnOnce(&House) -> T) -> Option<T> {
    HOUSE.with(|house| house.borrow().as_ref().map(look))
}

/// Loads chart and availability; false where there is none or it cannot be had: the server's list stays then.
pub(super) async fn load(picker: Picker) -> bool {
    let Some(url) = picker.data.with_value(|data| data.chart.as_ref().map(|chart| chart.geometry_url.clone())) else {
        return false;
    };
    let Some(response) = ask("GET", &url, &[], None).await.filter(web_sys::Response::ok) else { return false };
    let Some(chart) = bytes(&response).await.and_then(|bytes| pack::unpack(&bytes).ok()) else { return false };
    let tiers = picker.data.with_value(|data| {
        data.tiers
            .iter()
            .map(|tier| Tier {
                id: tier.id,
                category: tier.category,
                price: Price { net: tier.price.amount, fee: 0, tax: 0, total: tier.price },
                min: tier.min_purchase,
                max: tier.max_purchase,
                sale: Window::default(),
            })
            .collect()
    });
    picker.floors.set(chart.floors.clone());
    let states = Packed::free(chart.seats.len() as u32);
    HOUSE.with(|house| *house.borrow_mut() = Some(House { chart: Rc::new(chart), states, tiers, tag: String::new() }));
    refresh(picker).await;
    true
}

/// Asks who has which seat, and shows it where it changed.
pub(super) async fn refresh(picker: Picker) {
    let Some(tag) = with(|house| house.tag.clone()) else { return };
    let url = picker.data.with_value(|data| data.availability_url.clone());
    let known = [("if-none-match", tag.as_str())];
    let headers = if tag.is_empty() { &[] } else { known.as_slice() };
    let Some(response) = ask("GET", &url, headers, None).await.filter(web_sys::Response::ok) else { return };
    let tag = response.headers().get("etag").ok().flatten().unwrap_or_default();
    let Some(bytes) = bytes(&response).await else { return };
    let changed = HOUSE.with(|house| {
        let mut house = house.borrow_mut();
        let house = house.as_mut()?;
        let states = Message::decode(&bytes)?.states;
        house.tag = tag;
        if states == house.states || states.len() != house.states.len() {
            return None;
        }
        let changes: Vec<_> = states.changes(&house.states).collect();
        house.states = states;
        Some(changes)
    });
    if let Some(changes) = changed {
        super::map::changed(&changes);
        if picker.list.get_untracked() {
            super::list::refresh(picker);
        }
    }
}

/// What a press on a seat means.
pub(super) enum Choice {
    /// Hold these.
    Hold(Vec<SeatId>),
    /// A rule is against it; `instead` would do.
    Refused { text: String, instead: Vec<SeatId> },
    /// The house is not known yet.
    Nothing,
}

/// Asks the rules, here and now; the server asks them again.
pub(super) fn choice(own: &[SeatId], seat: SeatId, wanted: u32, singly: bool) -> Choice {
    let choice = with(|house| {
        // With a full basket a press moves the whole choice; otherwise it adds. In the list one seat at a time.
        let full = own.len() as u32 >= wanted && !singly;
        let given_back: &[SeatId] = if full { own } else { &[] };
        let hall = Hall::new(&house.chart, &house.tiers, &house.states, given_back);
        let name = label(&house.chart, seat);
        if house.states.get(seat) != SeatState::Free || hall.tier(seat).is_none() {
            let text = match house.states.get(seat) {
                SeatState::Held => format!("{name} is in somebody's basket. It comes back if they do not pay."),
                _ => format!("{name} is not to be had. Free seats are filled in the colour of their price."),
            };
            return Choice::Refused { text, instead: Vec::new() };
        }
        let missing = if singly { 1 } else { wanted - if full { 0 } else { own.len() as u32 } };
        let chosen = choose::around(&hall, seat, missing);
        let mut all: Vec<SeatId> = if full { Vec::new() } else { own.to_vec() };
        all.extend(&chosen);
        all.sort_unstable();
        let judge = Hall::new(&house.chart, &house.tiers, &house.states, own);
        let alone = orphans(&judge, &all);
        if alone.is_empty() {
            return Choice::Hold(all);
        }
        let numbers: Vec<String> =
            alone.iter().filter_map(|s| house.chart.seats.number.get(s.index())).map(|n| n.to_string()).collect();
        let seats = if numbers.len() == 1 { "seat" } else { "seats" };
        let text = format!(
            "That would leave {seats} {} alone, and nobody buys a single seat between others. Take it too, or the ones we \
             point to on the map.",
            list(&numbers)
        );
        Choice::Refused { text, instead: without_orphans(&judge, &all, Millis(0)) }
    });
    choice.unwrap_or(Choice::Nothing)
}

/// `Row F, seat 15`.
pub(super) fn label(chart: &Chart, seat: SeatId) -> String {
    chart.label(seat).map_or_else(String::new, |label| format!("Row {}, seat {}", label.row, label.number))
}

/// Notes on a seat, each led by a dot: ` · aisle · restricted view`.
pub(super) fn notes(features: Features) -> String {
    let mut text = String::new();
    for (bit, words) in [
        (Features::ACCESSIBLE, " · step-free"),
        (Features::COMPANION, " · companion's place"),
        (Features::RESTRICTED_VIEW, " · restricted view"),
        (Features::AISLE, " · aisle"),
    ] {
        if features.has(bit) {
            text.push_str(words);
        }
    }
    text
}

/// Where a seat is and what it costs, for comparing.
pub(super) fn place(house: &House, seat: SeatId) -> Option<Place> {
    let label = house.chart.label(seat)?;
    let category = *house.chart.seats.category.get(seat.index())?;
    let price =
        house.tiers.iter().find(|tier| tier.category == Some(category)).map_or(0, |tier| tier.price.total.amount);
    Some(Place {
        section: label.section.to_owned(),
        row: label.row.to_owned(),
        number: label.number.to_string(),
        price,
    })
}
