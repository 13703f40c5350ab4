//! The map's part: mounting, filters, floors, zoom, and the card beside a seat.

use std::cell::RefCell;

use domain::seat::{SeatId, SeatState};
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::super::state::{Pass, Peek, Picker, Zoom};
use super::{hold, house};
use crate::seat_map::{By, CategoryWords, Filter, Insets, MapEvent, MapOptions, SeatMapView, Spot};

thread_local! {
    static MAP: RefCell<Option<SeatMapView>> = const { RefCell::new(None) };
}

fn with(act: impl FnOnce(&SeatMapView)) {
    let map = MAP.with(|map| map.borrow().clone());
    if let Some(map) = map {
        act(&map);
    }
}

/// Puts the map on its canvas.
pub(super) fn mount(picker: Picker) {
    let Some(canvas) = picker.canvas.get_untracked() else { return };
    let mounted = house::with(|house| {
        let prices = (0..house.chart.categories.len())
            .map(|category| {
                let tier = house.tiers.iter().find(|tier| tier.category.map(usize::from) == Some(category));
                tier.map_or_else(CategoryWords::default, |tier| CategoryWords {
                    total: tier.price.total.amount,
                    words: tier.price.total.to_string(),
                })
            })
            .collect();
        let insets = Insets { top: 68.0, right: 16.0, bottom: 24.0, left: 16.0 };
        let options = MapOptions { insets, prices, ..MapOptions::default() };
        let map = SeatMapView::mount(canvas.unchecked_into(), house.chart.clone(), options, move |event| {
            heard(picker, event)
        })?;
        map.set_states(&house.states);
        Some(map)
    });
    MAP.with(|map| *map.borrow_mut() = mounted.flatten());
    let own = hold::seats(picker);
    with(|map| {
        map.set_mine(&own);
        if !own.is_empty() {
            map.show(&own);
        }
    });
}

fn heard(picker: Picker, event: MapEvent) {
    match event {
        MapEvent::Pick(seat) => super::toggle(picker, seat.0),
        MapEvent::Point(_, _, By::Touch) | MapEvent::Leave => picker.peek.set(None),
        MapEvent::Point(seat, spot, by) => peek(picker, seat, spot, by),
        MapEvent::Ready | MapEvent::View { .. } => {}
    }
}

/// The card beside a seat; by keyboard it is read aloud too.
fn peek(picker: Picker, seat: SeatId, spot: Spot, by: By) {
    let own = hold::seats(picker);
    let card = house::with(|house| {
        let label = house.chart.label(seat)?;
        let features = house.chart.seats.features[seat.index()];
        let category = house.chart.seats.category[seat.index()];
        let tier = house.tiers.iter().find(|tier| tier.category == Some(category));
        let state = if own.contains(&seat) {
            " · yours"
        } else {
            match house.states.get(seat) {
                SeatState::Free => "",
                SeatState::Held => " · held by others",
                SeatState::Sold => " · sold",
                SeatState::Blocked => " · not for sale",
            }
        };
        let floor = if house.chart.floors.len() > 1 { [" · ", label.floor].concat() } else { String::new() };
        Some(Peek {
            title: format!("Row {}, seat {}", label.row, label.number),
            price: tier.map(|tier| tier.price.total.to_string()).unwrap_or_default(),
            detail: [label.section, &floor, &house::notes(features), state].concat(),
            ..Peek::default()
        })
    });
    let Some(mut card) = card.flatten() else { return };
    if by == By::Keyboard {
        picker.said.set([&card.title, ", ", &card.price, ", ", &card.detail.replace(" · ", ", ")].concat());
    }
    let (width, height) = picker
        .canvas
        .get_untracked()
        .map_or((0.0, 0.0), |canvas| (f64::from(canvas.client_width()), f64::from(canvas.client_height())));
    let right = spot.x + spot.radius + 12.0;
    card.x = if right + 250.0 > width { (spot.x - spot.radius - 252.0).max(8.0) } else { right };
    card.y = (spot.y - 66.0).clamp(8.0, (height - 90.0).max(8.0));
    picker.peek.set(Some(card));
}

/// Seats that others took or gave back.
pub(super) fn changed(changes: &[(SeatId, SeatState)]) {
    with(|map| {
        if changes.len() > 4096 {
            house::with(|house| map.set_states(&house.states));
        } else {
            map.apply(changes);
        }
    });
}

pub(super) fn mine(seats: &[SeatId]) {
    with(|map| map.set_mine(seats));
}

pub(super) fn go_to(seats: &[SeatId]) {
    with(|map| map.show(seats));
}

pub(super) fn suggest(seats: &[SeatId]) {
    with(|map| map.set_suggestion(seats));
}

fn filter(pass: Pass) -> Filter {
    match pass {
        Pass::All => Filter::default(),
        Pass::Zone(zone) => Filter::only(zone),
        Pass::Accessible => Filter { accessible: true, ..Filter::default() },
    }
}

pub(in super::super) fn pass(picker: Picker, chosen: Pass) {
    // Pressing a pressed chip takes it back.
    let chosen = if picker.pass.get_untracked() == chosen { Pass::All } else { chosen };
    picker.pass.set(chosen);
    with(|map| map.set_filter(filter(chosen)));
}

pub(in super::super) fn preview(picker: Picker, pointed: Option<Pass>) {
    with(|map| map.set_filter(filter(pointed.unwrap_or(picker.pass.get_untracked()))));
}

pub(in super::super) fn floor(picker: Picker, floor: Option<u8>) {
    picker.floor.set(floor);
    with(|map| map.set_floor(floor));
}

pub(in super::super) fn zoom(_: Picker, zoom: Zoom) {
    with(|map| match zoom {
        Zoom::In => map.zoom_in(),
        Zoom::Out => map.zoom_out(),
        Zoom::Whole => map.fit(),
    });
}
