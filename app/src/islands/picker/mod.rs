//! The seat picker: map or list at the left, basket at the right. The server draws it whole with plain forms; the
//! browser takes the forms over and adds the map.

mod basket;
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code))]
mod choose;
#[cfg(not(all(feature = "hydrate", target_arch = "wasm32")))]
mod idle;
#[cfg(all(feature = "hydrate", target_arch = "wasm32"))]
mod live;
mod stage;
mod state;
pub mod words;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::api::events::{ChartView, TierView};
use crate::api::holds::HoldView;
use crate::components::notice::Notice;
#[cfg(not(all(feature = "hydrate", target_arch = "wasm32")))]
use idle as act;
#[cfg(all(feature = "hydrate", target_arch = "wasm32"))]
use live as act;
use state::Picker;

/// What the picker starts with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PickerData {
    /// The event's address part.
    pub slug: String,
    /// Price tiers in the promoter's order.
    pub tiers: Vec<TierView>,
    /// The chart; `None` where all stand.
    pub chart: Option<ChartView>,
    /// Address of the packed availability.
    pub availability_url: String,
    /// What this browser holds of the event.
    pub hold: Option<HoldView>,
    /// How many seats to look for, at first.
    pub quantity: u32,
    /// At most so many places in a basket.
    pub most: u32,
    /// What the last form brought about, in words.
    pub notice: Option<Notice>,
}

impl PickerData {
    /// The colour index of a tier: its chart category.
    fn zone(&self, tier: domain::ids::TierId) -> Option<u8> {
        self.tiers.iter().find(|t| t.id == tier)?.category
    }
}

/// The picker. `children` is the list that the server drew: it serves until the live one is ready, and where no script
/// runs.
#[island]
pub fn SeatPicker(data: PickerData, children: Children) -> impl IntoView {
    let seated = data.chart.is_some();
    let picker = Picker::new(data);
    #[cfg(all(feature = "hydrate", target_arch = "wasm32"))]
    act::start(picker);
    let view = move || if picker.list.get() || !seated { "list" } else { "map" };
    view! {
        <main
            class=if seated { "pick" } else { "pick solo" }
            class:held=move || picker.hold.with(Option::is_some)
            data-view=view
            aria-busy=move || picker.busy.get().then_some("true")
        >
            {basket::side(picker, seated)}
            <div class="stage">
                {seated.then(|| stage::ground(picker))}
                <div class="lists" id="list" tabindex="-1" role=seated.then_some("tabpanel") aria-labelledby=seated.then_some("tab-list")>
                    <div hidden=move || picker.ready.get()>{children()}</div>
                    {seated.then(|| stage::live_list(picker))}
                </div>
            </div>
        </main>
    }
}
