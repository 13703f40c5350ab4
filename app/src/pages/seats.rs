//! Choosing places: the list for everybody, the map where scripts run, the basket beside both.

use leptos::prelude::*;

use super::seat_list::{SeatList, list};
use super::shell::{Frame, Head, document};
use crate::components::notice::Tone;
use crate::components::when::{self, When};
use crate::components::{Icon, icon};
use crate::islands::picker::body::body;
use crate::islands::picker::{PickerData, SeatPicker};

/// A checkout that the visitor began and that goes on elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Begun {
    /// How it stands, in a sentence.
    pub text: String,
    /// Where it goes on.
    pub href: String,
    /// What is there.
    pub label: String,
    /// Whether it is paid.
    pub is_paid: bool,
}

/// Everything the page shows.
#[derive(Clone, Debug, Default)]
pub struct SeatsPage {
    /// Title of the event.
    pub title: String,
    /// Start.
    pub starts: When,
    /// `Harbour Arena, Hamburg`.
    pub place: String,
    /// What the visitor's own checkout has come to.
    pub begun: Option<Begun>,
    /// What the island starts with: tiers, chart, basket.
    pub picker: PickerData,
    /// The seats as a list; `None` where all stand.
    pub list: Option<SeatList>,
}

/// The page.
pub fn page(frame: &Frame, data: SeatsPage) -> impl IntoView + use<> {
    let mut preload: Vec<String> = data.picker.chart.iter().map(|chart| chart.geometry_url.clone()).collect();
    if data.picker.chart.is_some() {
        preload.push(data.picker.availability_url.clone());
    }
    let head = Head {
        title: format!("Choose your places: {}", data.title),
        class: "page-seats",
        islands: true,
        preload,
        ..Head::default()
    };
    let back = format!("/events/{}", data.picker.slug);
    let skip =
        data.list.is_some().then(|| view! { <a class="skip" href="#list" data-do="tab:list">"Choose from a list"</a> });
    let list = data.list.map(list);
    let content = view! {
        {skip}
        <header class="bar">
            <a class="back" href=back aria-label="Back to the event">{icon(Icon::BACK)}</a>
            <div>
                <h1>{data.title}</h1>
                <p class="eyebrow">{when::short(&data.starts)}" · "{data.place}</p>
            </div>
        </header>
        {data.begun.map(begun)}
        <SeatPicker>{body(data.picker, list)}</SeatPicker>
    };
    document(frame, head, content)
}

fn begun(data: Begun) -> impl IntoView {
    let tone = if data.is_paid { Tone::Good } else { Tone::Care };
    view! {
        <aside class=format!("{} begun", tone.class()) aria-label="Your order">
            {icon(tone.icon())}
            <p>{data.text}</p>
            <a class="btn quiet" href=data.href>{data.label}</a>
        </aside>
    }
}
