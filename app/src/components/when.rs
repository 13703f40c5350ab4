//! Dates and times as the venue's own clock shows them. The server forms the words; nothing here knows zones.

use leptos::prelude::*;

/// An instant in the venue's zone, in every form that a page needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct When {
    /// `Fri`.
    pub weekday: String,
    /// `27`.
    pub day: String,
    /// `November 2026`: heading of a month.
    pub month: String,
    /// `Friday 27 November 2026`.
    pub date: String,
    /// `Fri 27 Nov`.
    pub short: String,
    /// `20:00`.
    pub time: String,
    /// RFC 3339 with the offset, for `<time datetime>`.
    pub iso: String,
    /// `Hamburg time (CET)`: shown where somebody far away could be misled.
    pub zone: String,
}

/// `Fri` over a large `27`.
pub fn day(when: &When) -> impl IntoView + use<> {
    view! {
        <time class="day" datetime=when.iso.clone()>
            {when.weekday.clone()} <b>{when.day.clone()}</b>
        </time>
    }
}

/// `Fri 27 Nov, 20:00`.
pub fn short(when: &When) -> impl IntoView + use<> {
    view! {
        <time datetime=when.iso.clone()>{when.short.clone()}", "{when.time.clone()}</time>
    }
}
