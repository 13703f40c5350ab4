//! The map on its canvas: one imperative object that owns canvas, pixels, camera and animation loop.

mod frame;
mod input;
mod pen;
mod state;

use std::cell::RefCell;
use std::rc::Rc;

use domain::availability::Packed;
use domain::chart::Chart;
use domain::seat::{SeatId, SeatState};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, HtmlCanvasElement};

use super::outline::bounds;
use super::{CategoryWords, Filter, Insets, MapEvent, MapWords, Spot};
use state::State;

/// What a map starts with.
#[derive(Clone, Debug, Default)]
pub struct MapOptions {
    /// Asked at every size of the canvas: the borders that something else covers then. None: nothing does.
    pub insets: Option<fn() -> Insets>,
    /// Price of each chart category, by index; a missing one shows none.
    pub prices: Vec<CategoryWords>,
    /// Words the map writes by itself.
    pub words: MapWords,
    /// In the screen's resolution also in motion, however slow the machine is.
    pub sharp: bool,
}

/// A mounted map. Cloning shares it; it lives until [`SeatMapView::destroy`].
///
/// The canvas is sized by the style sheet (`width: 100%; height: 100%`), focusable (`tabindex="0"`) and labelled by the
/// page; the map sets `touch-action: none` and listens on it. Colours come from the custom properties in
/// [`super::Theme::PROPERTIES`], read from the canvas at the start, when the colour scheme changes, and on
/// [`SeatMapView::refresh_theme`]. Every call is cheap: what changed is drawn once, in the next animation frame.
#[derive(Clone)]
pub struct SeatMapView {
    shared: Rc<Shared>,
}

/// What the browser calls and what it finds.
struct Shared {
    state: RefCell<State>,
    on_event: Box<dyn Fn(MapEvent)>,
    /// One closure for every event, frame, message and resize: each kind of closure would cost bytes.
    closure: RefCell<Option<Callback>>,
}

/// How the browser calls.
type Callback = Closure<dyn FnMut(JsValue)>;

/// What is listened to on the canvas.
const ON_CANVAS: [&str; 10] = [
    "pointerdown",
    "pointermove",
    "pointerup",
    "pointercancel",
    "pointerleave",
    "keydown",
    "focus",
    "blur",
    "contextrestored",
    "wheel",
];

impl SeatMapView {
    /// Takes a canvas over. `on_event` is called from the map's own events, never from inside a method call.
    /// `None` where the canvas has no 2D context.
    #[must_use]
    pub fn mount(
        canvas: HtmlCanvasElement,
        chart: Rc<Chart>,
        options: MapOptions,
        on_event: impl Fn(MapEvent) + 'static,
    ) -> Option<Self> {
        let state = State::new(canvas, chart, options)?;
        let shared =
            Rc::new(Shared { state: RefCell::new(state), on_event: Box::new(on_event), closure: RefCell::default() });
        let weak = Rc::downgrade(&shared);
        let closure = Callback::new(move |value: JsValue| {
            if let Some(shared) = weak.upgrade() {
                shared.called(&value);
            }
        });
        shared.state.borrow_mut().listen(closure.as_ref().unchecked_ref());
        *shared.closure.borrow_mut() = Some(closure);
        Some(Self { shared })
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.shared.state.borrow_mut();
        let out = change(&mut state);
        state.wake();
        out
    }

    /// Takes a whole snapshot over.
    pub fn set_states(&self, states: &Packed) {
        self.with(|s| {
            s.scene.model.set_states(states);
            s.scene.redraw();
        });
    }

    /// Takes changes over; seats that do not exist are passed by.
    pub fn apply(&self, changes: &[(SeatId, SeatState)]) {
        self.with(|s| {
            for (seat, state) in changes {
                s.scene.set_state(*seat, *state);
            }
        });
    }

    /// The reader's own seats, whatever their state.
    pub fn set_mine(&self, seats: &[SeatId]) {
        self.with(|s| s.scene.set_mine(seats));
    }

    /// Seats to draw the eye to: they pulse once (a still halo under reduced motion). Empty takes it back.
    pub fn set_suggestion(&self, seats: &[SeatId]) {
        self.with(|s| s.suggest(seats));
    }

    /// Lets the free seats that pass stand out.
    pub fn set_filter(&self, filter: Filter) {
        self.with(|s| {
            if s.scene.model.set_filter(filter) {
                s.scene.redraw();
            }
        });
    }

    /// One floor alone, or all.
    pub fn set_floor(&self, floor: Option<u8>) {
        self.with(|s| {
            if s.scene.model.set_floor(floor) {
                s.scene.set_hover(None);
                s.scene.redraw();
            }
        });
    }

    /// Brings the floor that is shown into view; the whole house, where all are.
    pub fn show_floor(&self) {
        self.with(|s| {
            let model = &s.scene.model;
            if model.shows_all() {
                return s.fit();
            }
            let shown = model.plates.iter().filter(|plate| model.shows(plate.floor));
            let corners: Vec<_> =
                shown.flat_map(|p| [(p.bounds[0], p.bounds[1]), (p.bounds[2], p.bounds[3])]).collect();
            if let Some(around) = bounds(corners.iter()) {
                s.fly_to(around, 11.0);
            }
        });
    }

    /// Reads the colours again.
    pub fn refresh_theme(&self) {
        self.with(State::read_theme);
    }

    /// One step nearer.
    pub fn zoom_in(&self) {
        self.with(|s| s.zoom_step(1.8));
    }

    /// One step farther.
    pub fn zoom_out(&self) {
        self.with(|s| s.zoom_step(1.0 / 1.8));
    }

    /// The whole house.
    pub fn fit(&self) {
        self.with(State::fit);
    }

    /// Brings seats into view, near enough to read them.
    pub fn show(&self, seats: &[SeatId]) {
        self.with(|s| {
            let points: Vec<_> = seats.iter().filter_map(|seat| s.scene.model.at(*seat)).collect();
            if let Some(around) = bounds(points.iter()) {
                s.fly_to(around, 11.0);
            }
        });
    }

    /// Puts the focus ring on a seat and brings it into view.
    pub fn focus_seat(&self, seat: SeatId) {
        self.with(|s| s.focus_on(seat));
    }

    /// Where a seat is on the screen now.
    #[must_use]
    pub fn spot(&self, seat: SeatId) -> Option<Spot> {
        self.shared.state.borrow().spot(seat)
    }

    /// Looks at a part of the plan at once: scale in CSS pixels a plan unit, and the plan's point in the middle.
    /// For tests and measurements.
    pub fn look(&self, scale: f64, x: f64, y: f64) {
        self.with(|s| s.look(scale, x, y));
    }

    /// Lets the canvas and every listener go.
    pub fn destroy(&self) {
        if let Some(closure) = self.shared.closure.borrow_mut().take() {
            self.shared.state.borrow_mut().unlisten(closure.as_ref().unchecked_ref());
        }
    }
}

impl Shared {
    /// Everything the browser says comes here: an animation frame's time, an event, or a resize.
    fn called(&self, value: &JsValue) {
        let told = {
            let mut state = self.state.borrow_mut();
            if let Some(now) = value.as_f64() {
                state.frame(now);
            } else if let Some(event) = value.dyn_ref::<Event>() {
                state.event(event);
            } else {
                state.measure();
                // A canvas whose size changed is empty until drawn: draw it before it is shown.
                state.draw();
            }
            core::mem::take(&mut state.told)
        };
        for event in told {
            (self.on_event)(event);
        }
    }
}
