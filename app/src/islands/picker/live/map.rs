//! The map's part: mounting, filters, floors, zoom, and the card beside a seat.

use std::cell::{Cell, RefCell};

use domain::seat::{SeatId, SeatState};
use wasm_bindgen::JsCast;

use super::super::{floors, markup, words};
use super::{house, state};
use crate::islands::browser::{by_id, mark, put, say};
use crate::seat_map::{By, CategoryWords, Filter, Insets, MapEvent, MapOptions, SeatMapView, Spot};

/// A filter chip that is pressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Pass {
    /// Everything.
    #[default]
    All,
    /// One price zone.
    Zone(u8),
    /// Accessible places and companions.
    Accessible,
}

impl Pass {
    /// Reads a chip's value.
    pub(super) fn of(text: &str) -> Self {
        match text {
            "accessible" => Self::Accessible,
            _ => text.parse().map_or(Self::All, Self::Zone),
        }
    }

    fn filter(self) -> Filter {
        match self {
            Self::All => Filter::default(),
            Self::Zone(zone) => Filter::only(zone),
            Self::Accessible => Filter { accessible: true, ..Filter::default() },
        }
    }

    fn value(self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::Zone(zone) => zone.to_string(),
            Self::Accessible => "accessible".to_owned(),
        }
    }
}

thread_local! {
    static MAP: RefCell<Option<SeatMapView>> = const { RefCell::new(None) };
    /// The seat whose card is shown.
    static POINTED: Cell<Option<(SeatId, Spot, By)>> = const { Cell::new(None) };
}

fn with(act: impl FnOnce(&SeatMapView)) {
    let map = MAP.with(|map| map.borrow().clone());
    if let Some(map) = map {
        act(&map);
    }
}

fn ids(seats: &[u32]) -> Vec<SeatId> {
    seats.iter().copied().map(SeatId).collect()
}

/// What lies on the map now: nothing of the house begins beneath the chips above or the legend below.
fn covered() -> Insets {
    let top = by_id("filters").map_or(0, |chips| chips.offset_top() + chips.offset_height());
    let bottom = by_id("legend").map_or(0, |legend| legend.offset_height());
    Insets { top: f64::from(top.max(56) + 12), right: 16.0, bottom: f64::from(bottom + 28), left: 16.0 }
}

/// Puts the map on its canvas.
pub(super) fn mount() {
    let Some(canvas) = by_id("map") else { return };
    let mounted = house::with(|house| {
        let price = |category: usize| {
            let tier = house.tiers.iter().find(|tier| tier.category.map(usize::from) == Some(category));
            tier.map_or_else(CategoryWords::default, |tier| CategoryWords {
                total: tier.price.total.amount,
                words: tier.price.total.words(),
            })
        };
        let prices = (0..house.chart.categories.len()).map(price).collect();
        let options = MapOptions { insets: Some(covered), prices, ..MapOptions::default() };
        let map = SeatMapView::mount(canvas.unchecked_into(), house.chart.clone(), options, heard)?;
        map.set_states(&house.states);
        Some(map)
    });
    MAP.with(|map| *map.borrow_mut() = mounted.flatten());
    if house::with(|house| house.stacked) == Some(true) {
        floor(Some(0));
    }
    let own = state::with(|p| p.seats());
    mine(&own);
    if !own.is_empty() {
        go_to(&own);
    }
}

fn heard(event: MapEvent) {
    match event {
        MapEvent::Pick(seat) => super::toggle(seat, false),
        MapEvent::Point(seat, spot, by) if by != By::Touch => point(seat, spot, by),
        MapEvent::Point(..) | MapEvent::Leave => hide_card(),
        MapEvent::Ready | MapEvent::View { .. } => {}
    }
}

fn hide_card() {
    POINTED.set(None);
    if let Some(card) = by_id("peek") {
        card.set_hidden(true);
    }
}

/// The card beside a seat; by keyboard it is read aloud too.
fn point(seat: SeatId, spot: Spot, by: By) {
    POINTED.set(Some((seat, spot, by)));
    let own = state::with(|p| p.seats());
    let words = house::with(|house| {
        let label = house.chart.label(seat)?;
        let state = if own.contains(&seat.0) {
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
        let notes = words::notes(house.chart.seats.features[seat.index()], " · ");
        let price = house.price(seat).map(|price| price.words()).unwrap_or_default();
        Some((house::label(&house.chart, seat), price, [label.section, &floor, &notes, state].concat()))
    });
    let Some((title, price, detail)) = words.flatten() else { return };
    if by == By::Keyboard {
        let mut read = [&title, ", ", &price].concat();
        for part in detail.split('·') {
            // Joining strings would be half a kilobyte of the browser's client.
            read.push_str(", ");
            read.push_str(part.trim_ascii());
        }
        say("said", &read);
    }
    let (Some(card), Some(canvas)) = (by_id("peek"), by_id("map")) else { return };
    put("peek", &markup::card(&title, &price, &detail));
    card.set_hidden(false);
    // Beside the seat, within the map. Set through the object model: the policy forbids style attributes.
    let (width, height) = (canvas.client_width(), canvas.client_height());
    let (wide, high) = (card.offset_width(), card.offset_height());
    let (x, y, gap) = (spot.x as i32, spot.y as i32, spot.radius as i32 + 12);
    let left = if x + gap + wide + 8 > width { (x - gap - wide).max(8) } else { x + gap };
    let top = (y - high).clamp(8, (height - high - 8).max(8));
    let at = ["translate(", &left.to_string(), "px,", &top.to_string(), "px)"].concat();
    let _ = card.style().set_property("transform", &at);
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
    if let Some((seat, ..)) = POINTED.get()
        && changes.iter().any(|(changed, _)| *changed == seat)
    {
        house::tell(seat);
        point_again();
    }
}

/// Writes the card anew, where there is one: its seat changed hands.
pub(super) fn point_again() {
    // While an answer is on its way nobody knows whose the seat is.
    if let Some((seat, spot, _)) = POINTED.get().filter(|_| !state::with(|p| p.busy)) {
        // What is read aloud was said.
        point(seat, spot, By::Pointer);
    }
}

pub(super) fn mine(seats: &[u32]) {
    with(|map| map.set_mine(&ids(seats)));
}

/// Flies to seats, onto their floor where only one is shown.
pub(super) fn go_to(seats: &[u32]) {
    let there = house::with(|house| floors::of(&house.chart, SeatId(*seats.first()?)).filter(|_| house.stacked));
    if let Some(there) = there.flatten() {
        floor(Some(there));
    }
    with(|map| map.show(&ids(seats)));
}

pub(super) fn suggest(seats: &[SeatId]) {
    with(|map| map.set_suggestion(seats));
}

fn press(verb: &str, chosen: &str) {
    let Some(root) = by_id("pick") else { return };
    let Ok(chips) = root.query_selector_all(&["[data-do^='", verb, ":']"].concat()) else { return };
    for at in 0..chips.length() {
        if let Some(chip) = chips.item(at).and_then(|chip| chip.dyn_into::<web_sys::Element>().ok()) {
            let pressed = super::wanted(&chip).1 == chosen;
            mark(&chip, "aria-pressed", if pressed { "true" } else { "false" });
        }
    }
}

pub(super) fn pass(chosen: Pass) {
    // Pressing a pressed chip takes it back.
    let chosen = state::with(|p| {
        p.pass = if p.pass == chosen { Pass::All } else { chosen };
        p.pass
    });
    press("pass", &chosen.value());
    with(|map| map.set_filter(chosen.filter()));
}

pub(super) fn preview(pointed: Option<Pass>) {
    let pass = pointed.unwrap_or_else(|| state::with(|p| p.pass));
    with(|map| map.set_filter(pass.filter()));
}

fn floor(floor: Option<u8>) {
    press("floor", &floor.map_or_else(|| "all".to_owned(), |floor| floor.to_string()));
    with(|map| map.set_floor(floor));
}

/// Shows a floor, or all, and brings it into view.
pub(super) fn visit(chosen: Option<u8>) {
    floor(chosen);
    with(SeatMapView::show_floor);
}

pub(super) fn zoom(how: &str) {
    with(|map| match how {
        "in" => map.zoom_in(),
        "out" => map.zoom_out(),
        _ => map.fit(),
    });
}
