//! What others do, as it happens: a stream of changes, and asking now and then where the stream cannot be had.

use std::cell::RefCell;

use domain::availability::Position;
use js_sys::Function;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Event, EventSource};

use super::{house, shown, state};
use crate::islands::browser::{Json, say, visible, window};

/// What the window says of the network.
pub(super) const NETWORK: [&str; 2] = ["offline", "online"];
/// What is listened to on a stream.
const EVENTS: [&str; 6] = ["state", "delta", "snapshot", "left", "beat", "error"];
/// Ticks of half a second between two questions where there is no stream.
pub(super) const POLL: u32 = 6;
/// Ticks after which a question without an answer is given up.
const PATIENCE: u32 = 20;
/// Ticks without any event after which a stream is dead, whatever the browser believes.
const SILENT: u32 = 90;
/// Until a refused stream is asked for again, and up to half as long more.
const AGAIN: u32 = 120;
/// Ticks without a connection until that is said.
const SAID_AFTER: u32 = 10;

/// What is said without a connection.
const LOST: &str = "No connection: seats may have changed. This page comes back by itself. What you hold stays yours until the \
                    clock runs out.";

/// The stream and what is known of it.
#[derive(Default)]
struct Stream {
    source: Option<EventSource>,
    ear: Option<Function>,
    /// Where its deltas have led.
    at: Position,
    open: bool,
    /// Ticks since anything was heard.
    silent: u32,
    /// Ticks without an open stream.
    lost: u32,
    /// Ticks until one that was refused or made no sense is asked for again.
    wait: u32,
    /// Ticks that the question on its way still has.
    asking: u32,
    /// The last question was answered.
    answered: bool,
    /// That there is no connection was said aloud.
    told: bool,
    /// The event is gone: nothing is asked or listened to any more.
    dead: bool,
}

thread_local! {
    // As the picker's state.
    static STREAM: &'static RefCell<Stream> = Box::leak(Box::default());
}

#[inline(never)]
fn stream() -> &'static RefCell<Stream> {
    STREAM.with(|stream| *stream)
}

fn with<T>(act: impl FnOnce(&mut Stream) -> T) -> T {
    act(&mut stream().borrow_mut())
}

/// Whether changes come by themselves, so that nobody has to ask.
pub(super) fn is_live() -> bool {
    with(|s| s.open)
}

/// Whether the event is gone.
pub(super) fn is_dead() -> bool {
    with(|s| s.dead)
}

/// Whether states of this position may be shown: while a stream is open they are its own.
pub(super) fn takes(at: Position) -> bool {
    with(|s| !s.open || s.at.epoch == at.epoch)
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

/// The event is gone, for good: nothing is asked or listened to any more, whoever comes back.
pub(super) fn end() {
    stop();
    with(|s| s.dead = true);
}

/// The stream went on without us, or fell silent: a fresh start, not in the same moment as everybody else's.
fn gap() {
    stop();
    with(|s| s.wait = 1 + some_of(POLL));
}

/// Nothing is heard any more, and that is said at once.
fn cut() {
    with(|s| (s.lost, s.answered) = (SAID_AFTER, false));
    show();
}

/// Ticks until one that was refused is asked for again.
fn again() -> u32 {
    AGAIN + some_of(AGAIN / 2)
}

/// Fewer ticks than these, by chance.
fn some_of(ticks: u32) -> u32 {
    (js_sys::Math::random() * f64::from(ticks)) as u32
}

/// Asks for a snapshot, and listens to what changes after it where nothing is listened to.
fn ask() {
    if is_dead() {
        return;
    }
    with(|s| s.asking = PATIENCE);
    spawn_local(async {
        let answered = house::refresh().await == house::Answer::Known;
        let epoch = house::with(|house| house.at.epoch);
        with(|s| {
            // A server that was away is back, as another: there is a stream again, and not for everybody at once.
            if answered && !s.answered && epoch != Some(s.at.epoch) {
                s.wait = s.wait.min(1 + some_of(2 * POLL));
            }
            (s.answered, s.asking) = (answered, 0);
        });
        if answered && with(|s| s.ear.is_some() && s.source.is_none() && s.wait == 0) {
            connect();
        }
    });
}

fn connect() {
    // A browser has few connections for all its tabs: one that nobody sees takes none.
    if !visible() || is_dead() {
        return;
    }
    let (at, url) = (house::with(|house| house.at), state::with(|p| p.stream.clone()));
    let url = match at {
        Some(at) => [&url, "?after=", &at.epoch.to_string(), "-", &at.sequence.to_string()].concat(),
        // Where all stand there are no seats to be told of.
        None => [&url, "?only=left"].concat(),
    };
    with(|s| {
        s.source = EventSource::new(&url).ok();
        (s.at, s.silent) = (at.unwrap_or(s.at), 0);
        if let (Some(source), Some(ear)) = (&s.source, &s.ear) {
            for name in EVENTS {
                let _ = source.add_event_listener_with_callback(name, ear);
            }
        }
    });
}

/// Hears an event of the stream or of the network; false for any other.
pub(super) fn heard(event: &Event) -> bool {
    let kind = event.type_();
    if NETWORK.contains(&kind.as_str()) {
        // The browser may be wrong, as on a machine that only reaches itself: whether there is an answer decides.
        restart();
        cut();
        return true;
    }
    if !EVENTS.contains(&kind.as_str()) {
        return false;
    }
    let event = Json::from(event);
    with(|s| {
        s.silent = 0;
        // Whoever stands between may pass on that there is a stream, and none of it: the first event is believed.
        if kind != "error" {
            (s.open, s.lost) = (true, 0);
        }
    });
    match (kind.as_str(), event.get("lastEventId").text().parse::<Position>()) {
        ("delta", Ok(to)) => {
            let at = with(|s| core::mem::replace(&mut s.at, to));
            if to != (Position { sequence: at.sequence + 1, ..at }) || !house::apply(&data(&event), to) {
                gap();
            }
        }
        ("state", Ok(to)) => {
            with(|s| s.at = to);
            if !house::told(&data(&event)) {
                gap();
            }
        }
        ("left", Ok(to)) => {
            if house::with(|_| ()).is_none() {
                // Another life of the server, and no seats that tell whether what is held still is.
                let at = with(|s| core::mem::replace(&mut s.at, to));
                state::with(|p| p.doubt |= to.epoch != at.epoch);
            }
            left(&event);
        }
        ("snapshot", Ok(to)) if to != with(|s| s.at) => gap(),
        ("error", _) => with(|s| {
            s.open = false;
            // Refused, not lost: the browser does not come back by itself.
            if s.source.as_ref().is_some_and(|source| source.ready_state() == EventSource::CLOSED) {
                s.source = None;
                s.wait = again();
            }
        }),
        _ => {}
    }
    show();
    true
}

/// So many places are left of each price. While a press is on its way some of them may be one's own: its answer shows them.
fn left(event: &Json) {
    let Some(told) = Json::parse(&event.get("data").text()).map(|told| told.get("tiers")) else { return };
    let busy = state::with(|p| {
        for (name, (left, _)) in p.names.iter().zip(&mut p.stock) {
            *left = told.get(name).some().map_or(*left, |told| told.whole() as u32);
        }
        p.busy
    });
    if !busy {
        shown::standing();
    }
}

fn data(event: &Json) -> Vec<u8> {
    window().atob(&event.get("data").text()).unwrap_or_default().chars().map(|letter| letter as u8).collect()
}

/// Half a second has passed.
pub(super) fn tick(ticks: u32) {
    let due = with(|s| {
        s.lost = if s.open { 0 } else { s.lost + 1 };
        s.silent += 1;
        s.wait = s.wait.saturating_sub(1);
        s.asking = s.asking.saturating_sub(1);
        s.ear.is_some() && !s.open && s.asking == 0 && ticks.is_multiple_of(POLL)
    });
    if due {
        ask();
    } else if with(|s| s.source.is_some() && s.silent > SILENT) {
        if is_live() {
            // A house that stands still falls silent for everybody at once.
            gap();
            cut();
        } else {
            // One that never said anything.
            stop();
            with(|s| s.wait = again());
        }
    }
    show();
}

/// Says how fresh the seats are: calmly, and only what is so.
fn show() {
    let words = with(|s| match (s.open, s.answered) {
        _ if s.ear.is_none() => "",
        _ if s.dead => house::GONE,
        (true, _) => "Live: you see at once what others choose.",
        _ if s.lost < SAID_AFTER => "",
        (_, true) if house::with(|_| ()).is_none() => {
            "What is left may have changed. This page will hear of it again by itself."
        }
        (_, true) => "Seats are brought up to date every few seconds.",
        _ => LOST,
    });
    if !words.is_empty() {
        say("live", words);
        // Streams come and go: aloud only that a connection is lost, and that there is one again.
        let lost = words == LOST;
        if with(|s| core::mem::replace(&mut s.told, lost)) != lost {
            say("said", words);
        }
    }
}
