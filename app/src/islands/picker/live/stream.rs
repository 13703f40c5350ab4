//! What others do, as it happens: a stream of changes, and asking now and then where the stream cannot be had.

use std::cell::RefCell;

use domain::availability::Position;
use js_sys::Function;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Event, EventSource};

use super::{hold, house, state};
use crate::islands::browser::{Json, say, window};

/// What is listened to on a stream.
const EVENTS: [&str; 4] = ["delta", "snapshot", "open", "error"];
/// Ticks of half a second between two questions where there is no stream.
const POLL: u32 = 6;
/// Between two questions beside a stream of another process than the one that answers.
const BESIDE: u32 = 20;
/// Until a refused stream is asked for again.
const AGAIN: u32 = 120;
/// Ticks without a connection until that is said.
const SAID_AFTER: u32 = 10;

/// The stream and what is known of it.
#[derive(Default)]
struct Stream {
    source: Option<EventSource>,
    ear: Option<Function>,
    /// Where its deltas have led.
    at: Position,
    /// It began with a snapshot of this very moment.
    fresh: bool,
    /// The stream and the snapshots come from different processes.
    mixed: bool,
    open: bool,
    /// Ticks without an open stream.
    lost: u32,
    /// Ticks until a refused one is asked for again.
    wait: u32,
    /// The last question was answered.
    answered: bool,
}

thread_local! {
    static STREAM: RefCell<Stream> = RefCell::default();
}

fn with<T>(act: impl FnOnce(&mut Stream) -> T) -> T {
    STREAM.with(|stream| act(&mut stream.borrow_mut()))
}

/// Whether changes come by themselves, so that nobody has to ask.
pub(super) fn is_live() -> bool {
    with(|s| s.open && !s.mixed)
}

/// Begins to listen from where the house stands; `ear` hears it.
pub(super) fn begin(ear: Function) {
    with(|s| s.ear = Some(ear));
    connect();
}

/// Takes a fresh snapshot and a fresh stream: after a sleep nothing of the old one can be trusted.
pub(super) fn restart() {
    stop();
    with(|s| s.wait = 0);
    ask();
}

/// Hangs up: nobody looks.
pub(super) fn stop() {
    with(|s| {
        s.open = false;
        if let Some(source) = s.source.take() {
            source.close();
        }
    });
}

/// Asks for a snapshot, and listens to what changes after it where nothing is listened to.
fn ask() {
    spawn_local(async {
        let answered = house::refresh().await;
        with(|s| s.answered = answered);
        if answered && with(|s| s.source.is_none() && s.wait == 0) {
            connect();
        }
    });
}

fn connect() {
    let (Some(at), url) = (house::with(|house| house.at), state::with(|p| p.stream.clone())) else { return };
    let after = [&url, "?after=", &at.epoch.to_string(), "-", &at.sequence.to_string()].concat();
    with(|s| {
        s.source = EventSource::new(&after).ok();
        (s.at, s.fresh, s.mixed) = (at, true, false);
        if let (Some(source), Some(ear)) = (&s.source, &s.ear) {
            for name in EVENTS {
                let _ = source.add_event_listener_with_callback(name, ear);
            }
        }
    });
}

/// Hears an event of the stream; false for any other.
pub(super) fn heard(event: &Event) -> bool {
    let kind = event.type_();
    if !EVENTS.contains(&kind.as_str()) {
        return false;
    }
    let event = Json::from(event);
    match (kind.as_str(), event.get("lastEventId").text().parse::<Position>()) {
        ("open", _) => with(|s| (s.open, s.lost) = (true, 0)),
        ("delta", Ok(to)) => {
            let text = window().atob(&event.get("data").text()).unwrap_or_default();
            let bytes: Vec<u8> = text.chars().map(|letter| letter as u8).collect();
            let at = with(|s| core::mem::replace(&mut s.at, to));
            if to != (Position { sequence: at.sequence + 1, ..at }) || !house::apply(&bytes, to) {
                restart();
            }
        }
        // New states are absolute, so those of one process may be laid over its neighbour's snapshot.
        ("snapshot", Ok(to)) if with(|s| s.fresh) => with(|s| (s.at, s.mixed) = (to, true)),
        ("snapshot", Ok(to)) => {
            // Another life of the server: it may have forgotten what is held.
            if to.epoch != with(|s| s.at.epoch) {
                hold::look();
            }
            restart();
        }
        _ => with(|s| {
            s.open = false;
            // Refused, not lost: the browser does not come back by itself.
            if s.source.as_ref().is_some_and(|source| source.ready_state() == EventSource::CLOSED) {
                s.source = None;
                s.wait = AGAIN;
            }
        }),
    }
    with(|s| s.fresh &= kind == "open");
    show();
    true
}

/// Half a second has passed.
pub(super) fn tick(ticks: u32) {
    let due = with(|s| {
        s.lost = if s.open { 0 } else { s.lost + 1 };
        s.wait = s.wait.saturating_sub(1);
        s.ear.is_some() && (s.mixed || !s.open) && ticks % if s.mixed { BESIDE } else { POLL } == 0
    });
    if due {
        ask();
    }
    show();
}

/// Says how fresh the seats are: calmly, and only what is so.
fn show() {
    let words = with(|s| match (s.open, s.answered) {
        _ if s.ear.is_none() => "",
        (true, _) => "Live: you see at once what others choose.",
        _ if s.lost < SAID_AFTER => "",
        (_, true) => "Seats are brought up to date every few seconds.",
        _ => "No connection: seats may have changed. What you hold stays yours until the clock runs out.",
    });
    if !words.is_empty() {
        say("live", words);
    }
}
