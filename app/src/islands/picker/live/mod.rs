//! The picker in the browser: loads chart and availability, mounts the map, keeps both fresh, and answers every press.

mod hold;
mod house;
mod list;
mod map;
mod shown;
mod state;
mod stream;

use std::cell::Cell;

use domain::seat::SeatId;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, Event, KeyboardEvent};

use crate::components::clock::{OVER, WARN_BELOW};
use crate::components::notice::Tone;
use crate::islands::browser::{Json, by_id, countdown, focus, listen, now, say, visible, window};
use map::Pass;
use state::{Wish, with};

/// Ticks of half a second after which a page that nobody sees lets its stream go.
const UNSEEN: u32 = 20;
/// Milliseconds between two ticks after which the machine must have slept.
const SLEPT: f64 = 15_000.0;

/// What is listened to, at one place.
const EVENTS: [&str; 8] = ["click", "submit", "change", "keydown", "mouseover", "mouseout", "focusin", "focusout"];

/// Starts everything. Called once, when the island wakes.
pub(super) fn start() {
    let Some(root) = by_id("pick") else { return };
    let Some(data) = root.get_attribute("data-picker").and_then(|text| Json::parse(&text)) else { return };
    state::begin(&data);
    let (ticks, hidden, last) = (Cell::new(0_u32), Cell::new(0_u32), Cell::new(js_sys::Date::now()));
    // The link before everything asks for the list too.
    let Some(page) = root.closest("body").ok().flatten() else { return };
    let ear = listen(&page, &EVENTS, 500, move |value: JsValue| {
        if let Some(event) = value.dyn_ref::<Event>() {
            if !stream::heard(event) {
                heard(event);
            }
            return;
        }
        // The wall's clock: the page's own may stand still while the machine sleeps.
        let wall = js_sys::Date::now();
        let slept = wall - last.replace(wall) > SLEPT;
        for waker in with(|p| core::mem::take(&mut p.waiting)) {
            waker.wake();
        }
        ticks.set(ticks.get().wrapping_add(1));
        if !visible() {
            hidden.set(if slept { UNSEEN } else { hidden.get().saturating_add(1) });
            if hidden.get() == UNSEEN {
                stream::stop();
            }
            return;
        }
        let unseen = hidden.take();
        if slept || unseen >= UNSEEN {
            stream::restart();
        }
        if slept || unseen > 0 {
            // Another tab may have changed what is held, and its end: the clock goes on after the answer.
            hold::look();
        } else {
            tick(ticks.get());
        }
        stream::tick(ticks.get());
        list::follow();
    });
    for name in stream::NETWORK {
        let _ = window().add_event_listener_with_callback(name, &ear);
    }
    spawn_local(async {
        if house::load().await {
            map::mount();
            stream::begin(ear);
            if let (Some(still), Some(live)) = (by_id("still-list"), by_id("live-list")) {
                still.remove();
                live.set_hidden(false);
            }
            list::refresh();
            to_list();
        } else if with(|p| p.geometry.is_empty()) {
            // Where all stand there is a stream too: of what is left.
            stream::begin(ear);
        }
    });
}

/// The link before everything leads to the list.
fn to_list() {
    if window().location().hash().is_ok_and(|hash| hash == "#list") {
        show(true);
        focus("list");
    }
}

/// What an element asks for: `(verb, argument)` of `data-do="verb:argument"`.
fn wanted(element: &Element) -> (String, String) {
    let text = element.get_attribute("data-do").unwrap_or_default();
    match text.split_once(':') {
        Some((verb, argument)) => (verb.to_owned(), argument.to_owned()),
        None => (text, String::new()),
    }
}

fn heard(event: &Event) {
    let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
    let Some(element) = target.closest("[data-do],#quantity").ok().flatten() else { return };
    let (verb, argument) = wanted(&element);
    let kind = event.type_();
    match kind.as_str() {
        // What the server offered is in the form alone: it goes as it stands.
        "submit" if verb == "again" && with(|p| p.again.is_empty()) => {}
        "submit" => {
            event.prevent_default();
            submitted(&verb, &argument);
        }
        "change" if element.id() == "quantity" => quantity(shown::typed("quantity").unwrap_or(1)),
        "keydown" if verb == "tab" => {
            let key = event.unchecked_ref::<KeyboardEvent>().key();
            if key == "ArrowLeft" || key == "ArrowRight" {
                let list = argument != "list";
                show(list);
                focus(if list { "tab-list" } else { "tab-map" });
                event.prevent_default();
            }
        }
        "click" => clicked(&verb, &argument),
        "mouseover" | "focusin" if verb == "pass" => map::preview(Some(Pass::of(&argument))),
        "mouseout" | "focusout" if verb == "pass" => map::preview(None),
        _ => {}
    }
}

fn clicked(verb: &str, argument: &str) {
    let number = argument.parse::<u32>().ok();
    match verb {
        "tab" => show(argument == "list"),
        "fewer" => quantity(with(|p| p.quantity).saturating_sub(1)),
        "more" => quantity(with(|p| p.quantity) + 1),
        "pass" => map::pass(Pass::of(argument)),
        "floor" => map::visit(number.map(|floor| floor as u8)),
        "zoom" => map::zoom(argument),
        "open" => list::open(number),
        "seat" => {
            if let Some(seat) = number {
                toggle(SeatId(seat), true);
            }
        }
        _ => {}
    }
}

fn submitted(verb: &str, argument: &str) {
    match verb {
        "best" => {
            let wish = with(|p| Wish { best: Some(p.quantity), standing: p.standing(), ..Wish::default() });
            hold::place(wish, true);
        }
        "again" => {
            let wish = with(|p| p.again.clone());
            // The button goes with the notice: whoever came to it by keyboard is beside what they get.
            focus("basket");
            hold::place(wish, true);
        }
        "standing" => standing(),
        "remove-seat" => {
            if let Ok(seat) = argument.parse() {
                give_back(seat);
            }
        }
        "remove-tier" => {
            let (seats, mut standing) = with(|p| (p.seats(), p.standing()));
            standing.retain(|(tier, _)| tier != argument);
            change(seats, standing);
        }
        "extend" => hold::extend(),
        "release" => hold::let_go(),
        _ => {}
    }
}

fn standing() {
    let mut standing = Vec::new();
    for tier in with(|p| p.names.clone()) {
        if let Some(quantity @ 1..) = shown::typed(&["standing_", &tier].concat()) {
            standing.push((tier, quantity));
        }
    }
    change(with(|p| p.seats()), standing);
}

fn give_back(seat: u32) {
    let (mut seats, standing) = with(|p| (p.seats(), p.standing()));
    seats.retain(|held| *held != seat);
    change(seats, standing);
}

/// Holds exactly these; nothing at all lets the hold go.
fn change(seats: Vec<u32>, standing: Vec<(String, u32)>) {
    if !seats.is_empty() || !standing.is_empty() {
        match house::against(&seats, &standing) {
            Some((text, instead)) => refused(&text, &instead, standing),
            None => hold::place(Wish { seats, standing, best: None }, false),
        }
    } else if with(|p| p.hold.is_some()) {
        hold::let_go();
    } else {
        shown::notice(Tone::Care, "Choose how many tickets you want first.");
    }
}

fn quantity(wanted: u32) {
    let quantity = with(|p| {
        p.quantity = wanted.clamp(1, p.most.max(1));
        p.quantity
    });
    shown::quantity(quantity);
}

/// Shows the list, or the map.
fn show(list: bool) {
    with(|p| p.list = list);
    shown::tab(list);
    spawn_local(list::soon());
}

/// A press on a seat, on the map or in the list.
fn toggle(seat: SeatId, singly: bool) {
    let (own, wanted) = with(|p| (p.seats(), p.quantity));
    if own.contains(&seat.0) {
        give_back(seat.0);
        return;
    }
    let own: Vec<SeatId> = own.into_iter().map(SeatId).collect();
    match house::choice(&own, seat, wanted, singly) {
        Ok(seats) => change(seats.into_iter().map(|seat| seat.0).collect(), with(|p| p.standing())),
        Err(text) => refused(&text, &[], Vec::new()),
    }
}

/// Says what is against a choice, and offers what would do instead beside the standing places of that choice.
fn refused(text: &str, instead: &[SeatId], standing: Vec<(String, u32)>) {
    with(|p| p.offer(instead.iter().map(|seat| seat.0).collect(), standing));
    shown::notice(Tone::Care, text);
    map::suggest(instead);
}

fn tick(ticks: u32) {
    let Some((left, warned, extendable)) = with(|p| {
        let hold = p.hold.as_ref()?;
        p.left = (p.ends - now()) as i64;
        // Whoever comes back when the time is short already has not heard it.
        let warned = core::mem::replace(&mut p.warned, p.left < WARN_BELOW);
        Some((p.left, warned, hold.extendable))
    }) else {
        return;
    };
    if (0..WARN_BELOW).contains(&left) && !warned {
        say("said", if extendable { countdown::WARNING } else { countdown::LAST_WARNING });
    }
    countdown::show(left);
    // A little late rather than a little early: the server has the last word, and another window may have taken more time.
    if left < OVER || ticks.is_multiple_of(stream::POLL) && with(|p| p.doubt) {
        hold::look();
    }
}
