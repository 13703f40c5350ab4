//! The left of the picker: the map with its filters, legend and card, and the live list.

use leptos::prelude::*;

use super::act;
use super::state::{ListRow, ListSection, Pass, Picker, Zoom};
use crate::components::{Icon, icon};

/// The map's place.
pub(super) fn ground(picker: Picker) -> impl IntoView {
    view! {
        <div class="ground" id="panel-map" role="tabpanel" aria-labelledby="tab-map">
            {filters(picker)}
            <canvas
                node_ref=picker.canvas
                tabindex="0"
                role="application"
                aria-label="Seat map. Arrow keys move from seat to seat, Enter takes a seat, plus and minus zoom. The list tab offers the same seats as a list."
            ></canvas>
            {legend()}
            <div class="zoom">
                <button type="button" aria-label="Zoom in" on:click=move |_| act::zoom(picker, Zoom::In)>{icon(Icon::Plus)}</button>
                <button type="button" aria-label="Zoom out" on:click=move |_| act::zoom(picker, Zoom::Out)>{icon(Icon::Minus)}</button>
                <button type="button" aria-label="Whole house" on:click=move |_| act::zoom(picker, Zoom::Whole)>{icon(Icon::Whole)}</button>
            </div>
            {move || picker.peek.get().map(|peek| {
                let at = format!("translate({}px,{}px)", peek.x, peek.y);
                view! {
                    // Set through the object model: the policy forbids style attributes in the document.
                    <div class="peek" style:transform=at>
                        <div><span>{peek.title}</span><span class="num">{peek.price}</span></div>
                        <p>{peek.detail}</p>
                    </div>
                }
            })}
        </div>
    }
}

fn filters(picker: Picker) -> impl IntoView {
    let mut zones: Vec<(u8, String, String)> = picker.data.with_value(|data| {
        data.tiers.iter().filter_map(|tier| Some((tier.category?, tier.price.to_string(), tier.name.clone()))).collect()
    });
    zones.dedup_by_key(|zone| zone.0);
    let chip = move |pass: Pass, dot: Option<String>, name: String, words: String| {
        view! {
            <button
                type="button"
                class="chip"
                aria-pressed=move || if picker.pass.get() == pass { "true" } else { "false" }
                title=name
                on:click=move |_| act::pass(picker, pass)
                on:mouseenter=move |_| act::preview(picker, Some(pass))
                on:mouseleave=move |_| act::preview(picker, None)
                on:focus=move |_| act::preview(picker, Some(pass))
                on:blur=move |_| act::preview(picker, None)
            >
                {dot.map(|class| view! { <i class=class></i> })}
                {words}
            </button>
        }
    };
    let prices = zones
        .into_iter()
        .map(|(zone, price, name)| chip(Pass::Zone(zone), Some(format!("dot z{}", zone % 8)), name, price))
        .collect_view();
    view! {
        <div class="filters" role="group" aria-label="Show">
            {chip(Pass::All, None, "Every price".into(), "All prices".into())}
            {prices}
            {chip(Pass::Accessible, None, "Places without steps, and the companion's place beside them".into(), "Accessible".into())}
            {move || floors(picker)}
        </div>
    }
}

fn floors(picker: Picker) -> Option<impl IntoView> {
    let floors = picker.floors.get();
    (floors.len() > 1).then(|| {
        let chip = move |floor: Option<u8>, words: String| {
            view! {
                <button
                    type="button"
                    class="chip"
                    aria-pressed=move || if picker.floor.get() == floor { "true" } else { "false" }
                    on:click=move |_| act::floor(picker, floor)
                >
                    {words}
                </button>
            }
        };
        let each = (0_u8..).zip(floors).map(|(index, name)| chip(Some(index), name)).collect_view();
        view! { {chip(None, "All floors".into())} {each} }
    })
}

/// The states by shape; colour is the price zone, which the chips explain.
fn legend() -> impl IntoView {
    view! {
        <ul class="legend" aria-label="Seats on the map">
            <li><svg viewBox="0 0 16 16" aria-hidden="true"><circle class="free" cx="8" cy="8" r="6"></circle></svg>"free"</li>
            <li><svg viewBox="0 0 16 16" aria-hidden="true"><circle class="held" cx="8" cy="8" r="5"></circle></svg>"held by others"</li>
            <li><svg viewBox="0 0 16 16" aria-hidden="true"><circle class="sold" cx="8" cy="8" r="2"></circle></svg>"sold"</li>
            <li>
                <svg viewBox="0 0 16 16" aria-hidden="true"><circle class="mine" cx="8" cy="8" r="7"></circle><path d="M5 8.2l2.1 2.1L11 6.2"></path></svg>
                "yours"
            </li>
            <li><svg viewBox="0 0 16 16" aria-hidden="true"><rect class="free" x="2.5" y="2.5" width="11" height="11" rx="2.5"></rect></svg>"accessible"</li>
        </ul>
    }
}

/// The list, live as others buy.
pub(super) fn live_list(picker: Picker) -> impl IntoView {
    view! {
        <div hidden=move || !picker.ready.get()>
            {move || picker.open.get().map(|_| view! {
                <section id="rows">
                    <h2>{picker.sections.with_untracked(|all| name_of(all, picker.open.get_untracked()))}</h2>
                    <p class="muted">"Press a seat to hold it; press it again to give it back."</p>
                    <div>{move || picker.rows.get().into_iter().map(|row| self::row(picker, row)).collect_view()}</div>
                </section>
            })}
            <h2>"Choose from a list"</h2>
            <p class="muted">"Open a section to see its rows. Every price is the whole price."</p>
            <ul class="sections about">
                {move || picker.sections.get().into_iter().map(|section| self::section(picker, section)).collect_view()}
            </ul>
        </div>
    }
}

fn name_of(all: &[ListSection], open: Option<u16>) -> String {
    all.iter().find(|section| Some(section.index) == open).map_or_else(String::new, |section| section.name.clone())
}

fn section(picker: Picker, section: ListSection) -> impl IntoView {
    let index = section.index;
    let free = match section.free {
        0 => "nothing free".to_owned(),
        1 => "1 seat free".to_owned(),
        n => format!("{n} seats free"),
    };
    view! {
        <li>
            <button
                type="button"
                aria-expanded=move || if picker.open.get() == Some(index) { "true" } else { "false" }
                on:click=move |_| act::open(picker, index)
            >
                <b>{section.name}</b>
                <span class="num">{section.from}</span>
                <small>{free}</small>
            </button>
        </li>
    }
}

fn row(picker: Picker, row: ListRow) -> impl IntoView {
    let seats = row
        .seats
        .into_iter()
        .map(|seat| {
            let id = seat.id;
            let gap = seat.gap.then(|| view! { <span class="gap"></span> });
            if seat.free || seat.mine {
                let pressed = if seat.mine { "true" } else { "false" };
                view! {
                    <button type="button" class=seat.class aria-pressed=pressed aria-label=seat.says on:click=move |_| act::toggle(picker, id)>
                        {seat.number}
                    </button>
                    {gap}
                }
                .into_any()
            } else {
                view! {
                    <span class="seat taken"><span class="off">{seat.says}</span><span aria-hidden="true">{seat.number}</span></span>
                    {gap}
                }
                .into_any()
            }
        })
        .collect_view();
    view! {
        <div class="seatrow" role="group" aria-label=format!("Row {}", row.name)>
            <span class="rowname" aria-hidden="true">"Row "{row.name.clone()}</span>
            <div class="seatset">{seats}</div>
        </div>
    }
}
