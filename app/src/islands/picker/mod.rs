//! The seat picker: map or list at the left, basket at the right. The server draws it whole with plain forms; the
//! browser takes the forms over and adds the map.

#[cfg(feature = "ssr")]
pub mod body;
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code))]
pub mod choose;
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code))]
mod floors;
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code))]
mod held;
#[cfg(all(feature = "hydrate", target_arch = "wasm32"))]
mod live;
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code))]
mod markup;
pub mod words;

#[cfg(feature = "ssr")]
use leptos::prelude::*;
use serde::Serialize;

use crate::api::events::{ChartView, TierView};
use crate::api::holds::HoldView;
use crate::components::notice::Notice;

/// What the picker starts with.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PickerData {
    /// The event's address part.
    pub slug: String,
    /// Price tiers in the promoter's order.
    pub tiers: Vec<TierView>,
    /// The chart; `None` where all stand.
    pub chart: Option<ChartView>,
    /// Address of the packed availability.
    pub availability_url: String,
    /// Address of the stream of what changes after it.
    pub stream_url: String,
    /// What this browser holds of the event.
    pub hold: Option<HoldView>,
    /// How many seats to look for, at first.
    pub quantity: u32,
    /// At most so many places in a basket.
    pub most: u32,
    /// How long what is chosen is kept: `ten minutes`.
    pub kept: String,
    /// When what is held goes back, on the venue's clock: `20:41, Hamburg time`.
    #[serde(skip)]
    pub until: String,
    /// What the last form brought about, in words.
    #[serde(skip)]
    pub notice: Option<Notice>,
}

/// Around the picker that the server draws ([`body`]): what the loader wakes by this name.
#[cfg(feature = "ssr")]
#[island]
pub fn SeatPicker(children: Children) -> impl IntoView {
    children()
}

/// Starts the picker of this page.
#[cfg(all(feature = "hydrate", target_arch = "wasm32"))]
pub fn wake() {
    live::start();
}
