//! The picker in the browser: loads chart and availability, mounts the map, keeps both fresh, and answers every press.

mod hold;
mod house;
mod list;
mod map;

use std::cell::RefCell;

use domain::ids::TierId;
use domain::seat::SeatId;
use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;

use super::state::{Pass, Picker};
use crate::api::holds::{BestRequest, HoldRequest, StandingRequest};
use crate::components::clock::WARN_BELOW;
use crate::components::notice::{Notice, Tone};
use crate::islands::browser::{countdown, every, now, visible};

pub(super) use list::open;
pub(super) use map::{floor, pass, preview, zoom};

/// Availability is asked for this often while the page is seen.
const POLL_MS: u64 = 3000;

thread_local! {
    /// When the hold ends, on the browser's own clock.
    static ENDS: RefCell<f64> = const { RefCell::new(0.0) };
}

/// Starts everything. Called once, when the island wakes.
pub(super) fn start(picker: Picker) {
    // What the server said is as old as the page.
    ENDS.with(|ends| *ends.borrow_mut() = picker.left.get_untracked() as f64);
    every(500, move || tick(picker));
    let _ = window_event_listener(leptos::ev::hashchange, move |_| to_list(picker));
    spawn_local(async move {
        if house::load(picker).await {
            map::mount(picker);
            picker.ready.set(true);
            to_list(picker);
        }
    });
    let hidden = StoredValue::new(false);
    every(POLL_MS, move || {
        if !visible() {
            hidden.set_value(true);
            return;
        }
        if hidden.get_value() {
            hidden.set_value(false);
            // Another tab may have changed what is held.
            hold::look(picker);
        }
        spawn_local(house::refresh(picker));
    });
}

/// The link before everything leads to the list.
fn to_list(picker: Picker) {
    if window().location().hash().is_ok_and(|hash| hash == "#list") {
        show(picker, true);
        focus("list");
    }
}

fn focus(id: &str) {
    if let Some(element) = document().get_element_by_id(id).and_then(|e| e.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

fn tick(picker: Picker) {
    let Some(hold) = picker.hold.get_untracked() else { return };
    let rest = (ENDS.with(|ends| *ends.borrow()) - now()) as i64;
    if picker.left.get_untracked() >= WARN_BELOW && rest < WARN_BELOW {
        let words = if hold.extensions_left > 0 {
            countdown::WARNING
        } else {
            "Two minutes left. After that the seats go back."
        };
        picker.said.set(words.to_owned());
    }
    // A little late rather than a little early: the server has the last word.
    if rest <= -500 {
        hold::over(picker);
    }
    picker.left.set(rest.max(0));
}

pub(super) fn notify(picker: Picker, tone: Tone, text: impl Into<String>) {
    picker.notice.set(Some(Notice::new(tone, text)));
}

pub(super) fn best(picker: Picker, event: &SubmitEvent) {
    event.prevent_default();
    let pass = picker.pass.get_untracked();
    let tier = match pass {
        Pass::Zone(zone) => picker
            .data
            .with_value(|data| data.tiers.iter().find(|tier| tier.category == Some(zone)).map(|tier| tier.id)),
        _ => None,
    };
    let wish = BestRequest {
        quantity: picker.quantity.get_untracked(),
        tier,
        section: None,
        max_price: None,
        accessible: pass == Pass::Accessible,
        together: true,
    };
    let request = HoldRequest { best: Some(wish), standing: hold::standing(picker), ..HoldRequest::default() };
    hold::place(picker, request, true);
}

pub(super) fn standing(picker: Picker, event: &SubmitEvent) {
    event.prevent_default();
    let mut standing = Vec::new();
    picker.data.with_value(|data| {
        for tier in data.tiers.iter().filter(|tier| tier.category.is_none()) {
            let id = ["standing_", &tier.id.to_string()].concat();
            let chosen = document().get_element_by_id(&id).map(|field| js_sys::Reflect::get(&field, &"value".into()));
            let quantity =
                chosen.and_then(Result::ok).and_then(|value| value.as_string()).and_then(|text| text.parse().ok());
            if let Some(quantity @ 1..) = quantity {
                standing.push(StandingRequest { tier: tier.id, quantity });
            }
        }
    });
    change(picker, hold::seats(picker), standing);
}

pub(super) fn remove_seat(picker: Picker, event: &SubmitEvent, seat: u32) {
    event.prevent_default();
    give_back(picker, SeatId(seat));
}

fn give_back(picker: Picker, seat: SeatId) {
    let mut seats = hold::seats(picker);
    seats.retain(|held| *held != seat);
    change(picker, seats, hold::standing(picker));
}

pub(super) fn remove_standing(picker: Picker, event: &SubmitEvent, tier: TierId) {
    event.prevent_default();
    let mut standing = hold::standing(picker);
    standing.retain(|held| held.tier != tier);
    change(picker, hold::seats(picker), standing);
}

/// Holds exactly these; nothing at all lets the hold go.
fn change(picker: Picker, seats: Vec<SeatId>, standing: Vec<StandingRequest>) {
    if !seats.is_empty() || !standing.is_empty() {
        hold::place(picker, HoldRequest { seats, standing, heal: true, ..HoldRequest::default() }, false);
    } else if picker.hold.with_untracked(Option::is_some) {
        hold::let_go(picker);
    } else {
        notify(picker, Tone::Care, "Choose how many tickets you want first.");
    }
}

pub(super) fn extend(picker: Picker, event: &SubmitEvent) {
    event.prevent_default();
    hold::extend(picker);
}

pub(super) fn release(picker: Picker, event: &SubmitEvent) {
    event.prevent_default();
    hold::let_go(picker);
}

pub(super) fn again(picker: Picker) {
    let seats = picker.again.get_untracked();
    hold::place(picker, HoldRequest { seats, heal: true, ..HoldRequest::default() }, true);
}

pub(super) fn quantity(picker: Picker, wanted: u32) {
    let most = picker.data.with_value(|data| data.most);
    // Set even when unchanged: the field may show what was refused.
    picker.quantity.set(wanted.clamp(1, most.max(1)));
}

pub(super) fn show(picker: Picker, list: bool) {
    picker.peek.set(None);
    picker.list.set(list);
    if list {
        list::refresh(picker);
    }
}

pub(super) fn tab_key(picker: Picker, event: &KeyboardEvent) {
    let key = event.key();
    if key == "ArrowLeft" || key == "ArrowRight" {
        let list = !picker.list.get_untracked();
        show(picker, list);
        focus(if list { "tab-list" } else { "tab-map" });
        event.prevent_default();
    }
}

/// A press on a seat, on the map or in the list.
pub(super) fn toggle(picker: Picker, seat: u32) {
    let seat = SeatId(seat);
    let own = hold::seats(picker);
    if own.contains(&seat) {
        give_back(picker, seat);
        return;
    }
    let wanted = picker.quantity.get_untracked();
    match house::choice(&own, seat, wanted, picker.list.get_untracked()) {
        house::Choice::Hold(seats) => change(picker, seats, hold::standing(picker)),
        house::Choice::Refused { text, instead } => {
            notify(picker, Tone::Care, text);
            map::suggest(&instead);
        }
        house::Choice::Nothing => {}
    }
}
