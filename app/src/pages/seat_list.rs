//! The seats as a list: section, row, seat. Plain links and one plain form, so that it works with a keyboard, a screen
//! reader, and no script at all.

use leptos::prelude::*;

use super::event::zone_class;
use crate::components::{Icon, icon};

/// The sections of a chart, and the one that is open.
#[derive(Clone, Debug, Default)]
pub struct SeatList {
    /// The event's address part.
    pub slug: String,
    /// Sections in the chart's order.
    pub sections: Vec<SectionLink>,
    /// The section whose rows are shown.
    pub open: Option<OpenSection>,
    /// How long what is chosen is kept: `ten minutes`.
    pub kept: String,
}

/// A section to open.
#[derive(Clone, Debug, Default)]
pub struct SectionLink {
    /// Its name.
    pub name: String,
    /// Its floor; empty where there is one floor only.
    pub floor: String,
    /// Address that opens it: `/events/{slug}/seats?section=…#rows`.
    pub href: String,
    /// Free seats.
    pub free: u32,
    /// Cheapest free total: `€48.50`; empty: none.
    pub from: String,
}

/// A section's rows.
#[derive(Clone, Debug, Default)]
pub struct OpenSection {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: Vec<RowView>,
}

/// A row.
#[derive(Clone, Debug, Default)]
pub struct RowView {
    /// Its name.
    pub name: String,
    /// Its seats along the row.
    pub seats: Vec<SeatCell>,
}

/// A seat in its row.
#[derive(Clone, Debug, Default)]
pub struct SeatCell {
    /// Its id.
    pub id: u32,
    /// Its number.
    pub number: String,
    /// Its total price.
    pub price: String,
    /// Index of its zone's colour.
    pub zone: u8,
    /// It can be taken.
    pub free: bool,
    /// A place without steps, or the companion's place beside it.
    pub step_free: bool,
    /// `step-free, aisle`: read aloud and shown on hover.
    pub note: String,
    /// An aisle follows.
    pub gap: bool,
}

/// The list.
pub fn list(data: SeatList) -> impl IntoView {
    let floors = floors(&data.sections);
    let open_name = data.open.as_ref().map(|open| open.name.clone());
    let again = data.sections.iter().find(|section| Some(&section.name) == open_name.as_ref());
    // Without its fragment: to the page one is at, a browser would only scroll.
    let again = again.and_then(|section| section.href.split('#').next()).unwrap_or_default().to_owned();
    let rows = data.open.map(|open| rows(&data.slug, again, &data.kept, open).into_any());
    let sections = floors
        .into_iter()
        .map(|(floor, sections)| {
            let links = sections.into_iter().map(|s| link(s, open_name.as_deref()).into_any()).collect_view();
            let heading = if floor.is_empty() { "Sections".to_owned() } else { floor };
            view! { <section><h3>{heading}</h3><ul class="sections">{links}</ul></section> }
        })
        .collect_view();
    view! {
        <div>
            {rows}
            <h2>"Choose from a list"</h2>
            <p class="muted">"Open a section to see its rows. Every price is the whole price."</p>
            {sections}
        </div>
    }
}

fn floors(sections: &[SectionLink]) -> Vec<(String, Vec<SectionLink>)> {
    let mut floors: Vec<(String, Vec<SectionLink>)> = Vec::new();
    for section in sections {
        match floors.iter_mut().find(|(name, _)| *name == section.floor) {
            Some((_, list)) => list.push(section.clone()),
            None => floors.push((section.floor.clone(), vec![section.clone()])),
        }
    }
    floors
}

fn link(section: SectionLink, open: Option<&str>) -> impl IntoView + use<> {
    let current = (open == Some(section.name.as_str())).then_some("true");
    let left = match section.free {
        0 => "nothing free".to_owned(),
        1 => "1 seat free".to_owned(),
        free => format!("{free} seats free"),
    };
    view! {
        <li>
            <a href=section.href aria-current=current>
                <b>{section.name}</b>
                <span class="num">{(!section.from.is_empty()).then(|| format!("from {}", section.from))}</span>
                <small>{left}</small>
            </a>
        </li>
    }
}

fn rows(slug: &str, again: String, kept: &str, open: OpenSection) -> impl IntoView + use<> {
    let section = open.name.clone();
    let yours = format!("They are yours for {kept}, free of charge.");
    let rows = open
        .rows
        .into_iter()
        .map(|row| {
            // Seats of one price stand behind it; each says it by itself to whoever hears it.
            let prices = row.seats.chunk_by(|one, other| one.price == other.price);
            let seats = prices.map(|seats| view! { {price(seats)} {seats.iter().cloned().map(seat).collect_view()} });
            let seats = seats.collect_view();
            view! {
                <fieldset class="seatrow">
                    <legend>{row.name}</legend>
                    <div class="seatset">{seats}</div>
                </fieldset>
            }
        })
        .collect_view();
    view! {
        <section id="rows">
            <h2>{open.name}</h2>
            <p class="muted">
                "Tick the seats you want, then hold them. Others are choosing too: " <a href=again>"look again"</a>
                " to see what is free now."
            </p>
            <form method="post" action=format!("/events/{slug}/hold")>
                <input type="hidden" name="section" value=section/>
                <input type="hidden" name="heal" value="1"/>
                {rows}
                <div class="holdbar">
                    <button class="btn">"Hold these seats"</button>
                    <span class="eyebrow">{yours}</span>
                </div>
            </form>
        </section>
    }
}

/// What the free ones of these seats cost.
fn price(seats: &[SeatCell]) -> impl IntoView + use<> {
    let price = seats.iter().find(|seat| seat.free).map(|seat| seat.price.clone());
    price.map(|price| view! { <span class="num" aria-hidden="true">{price}</span> })
}

fn seat(seat: SeatCell) -> impl IntoView {
    let gap = seat.gap.then(|| view! { <span class="gap"></span> });
    let sign = seat.step_free.then(|| view! { <span class="sign">{icon(Icon::WHEEL)}</span> });
    let mut name = format!("Seat {}", seat.number);
    if !seat.free {
        name.push_str(", taken");
        return view! {
            <span class="seat taken"><span class="off">{name}</span><span aria-hidden="true">{seat.number}</span></span>
            {gap}
        }
        .into_any();
    }
    name.push_str(", ");
    name.push_str(&seat.price);
    if !seat.note.is_empty() {
        name.push_str(", ");
        name.push_str(&seat.note);
    }
    let class = zone_class(Some(seat.zone)).replacen("dot", if seat.step_free { "seat easy" } else { "seat" }, 1);
    view! {
        <label class=class title=seat.note>
            <input type="checkbox" name="seat" value=seat.id.to_string() aria-label=name/>
            <span aria-hidden="true">{seat.number}</span>
            {sign}
        </label>
        {gap}
    }
    .into_any()
}
