//! What the map is told and what it tells: plain values between the map and the page around it.

use domain::seat::SeatId;

/// How a seat came to be pointed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A mouse or a pen hovers.
    Pointer,
    /// A finger.
    Touch,
    /// The keyboard's focus ring: say the label in a polite live region.
    Keyboard,
}

/// A seat's place on the screen, CSS pixels from the canvas' upper left corner: where a card goes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spot {
    /// The seat's centre, to the right.
    pub x: f64,
    /// The seat's centre, downwards.
    pub y: f64,
    /// The seat's radius as drawn.
    pub radius: f64,
}

/// What happened on the map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MapEvent {
    /// The first whole picture is on the screen.
    Ready,
    /// A seat was clicked, tapped, or toggled by Enter or Space, whatever its state.
    Pick(SeatId),
    /// A seat is under the pointer or has the focus ring: show its card there. Comes again when the map moves.
    Point(SeatId, Spot, By),
    /// No seat is pointed at any more: hide the card.
    Leave,
    /// The view changed: what the zoom buttons may still do.
    View {
        /// Zooming in is possible.
        can_zoom_in: bool,
        /// Zooming out is possible.
        can_zoom_out: bool,
        /// The whole house is in view.
        whole: bool,
    },
}

/// Which free seats stand out; the others fade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter {
    /// One bit for each chart category; a category of 64 or more always passes.
    pub categories: u64,
    /// Accessible places and their companions alone.
    pub accessible: bool,
}

impl Default for Filter {
    fn default() -> Self {
        Self { categories: u64::MAX, accessible: false }
    }
}

impl Filter {
    /// One category alone.
    #[must_use]
    pub fn only(category: u8) -> Self {
        Self { categories: 1_u64.checked_shl(u32::from(category)).unwrap_or(0), accessible: false }
    }
}

/// A category's price in words for the overview.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CategoryWords {
    /// Total price in minor units: the cheapest free one of a section is shown.
    pub total: i64,
    /// The total price as people read it, "€48.50".
    pub words: String,
}

/// The words the map writes by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapWords {
    /// Before the cheapest price of a section that has several.
    pub from: String,
    /// Instead of a price where nothing is free.
    pub sold_out: String,
}

impl Default for MapWords {
    fn default() -> Self {
        Self { from: "from".to_owned(), sold_out: "sold out".to_owned() }
    }
}
