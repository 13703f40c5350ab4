//! The map on its canvas: one imperative object that owns canvas, pixels, camera and animation loop.

use std::rc::Rc;

use domain::availability::Packed;
use domain::chart::Chart;
use domain::seat::{SeatId, SeatState};
use web_sys::HtmlCanvasElement;

use super::{CategoryWords, Filter, Insets, MapEvent, MapWords, Spot};

/// What a map starts with.
#[derive(Clone, Debug, Default)]
pub struct MapOptions {
    /// Borders that something else covers.
    pub insets: Insets,
    /// Price of each chart category, by index; a missing one shows none.
    pub prices: Vec<CategoryWords>,
    /// Words the map writes by itself.
    pub words: MapWords,
}

/// A mounted map. Cloning shares it; it lives until [`SeatMapView::destroy`].
///
/// The canvas is sized by the style sheet (`width: 100%; height: 100%`), focusable (`tabindex="0"`) and labelled by the
/// page; the map sets `touch-action: none` and listens on it. Colours come from the custom properties in
/// [`super::Theme::PROPERTIES`], read from the canvas at the start, when the colour scheme changes, and on
/// [`SeatMapView::refresh_theme`]. Every call is cheap: what changed is drawn once, in the next animation frame.
#[derive(Clone)]
pub struct SeatMapView {}

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
        let _ = (canvas, chart, options);
        on_event(MapEvent::Ready);
        Some(Self {})
    }

    /// Takes a whole snapshot over.
    pub fn set_states(&self, _states: &Packed) {}

    /// Takes changes over; seats that do not exist are passed by.
    pub fn apply(&self, _changes: &[(SeatId, SeatState)]) {}

    /// The reader's own seats, whatever their state.
    pub fn set_mine(&self, _seats: &[SeatId]) {}

    /// Seats to draw the eye to: they pulse once (a still halo under reduced motion). Empty takes it back.
    pub fn set_suggestion(&self, _seats: &[SeatId]) {}

    /// Lets the free seats that pass stand out.
    pub fn set_filter(&self, _filter: Filter) {}

    /// One floor alone, or all.
    pub fn set_floor(&self, _floor: Option<u8>) {}

    /// Prices for the overview, by category.
    pub fn set_prices(&self, _prices: Vec<CategoryWords>) {}

    /// Borders that something else covers.
    pub fn set_insets(&self, _insets: Insets) {}

    /// Reads the colours again.
    pub fn refresh_theme(&self) {}

    /// One step nearer.
    pub fn zoom_in(&self) {}

    /// One step farther.
    pub fn zoom_out(&self) {}

    /// The whole house.
    pub fn fit(&self) {}

    /// Brings seats into view, near enough to read them.
    pub fn show(&self, _seats: &[SeatId]) {}

    /// Puts the focus ring on a seat and brings it into view.
    pub fn focus_seat(&self, _seat: SeatId) {}

    /// Where a seat is on the screen now.
    #[must_use]
    pub fn spot(&self, _seat: SeatId) -> Option<Spot> {
        None
    }

    /// Lets the canvas and every listener go.
    pub fn destroy(&self) {}
}
