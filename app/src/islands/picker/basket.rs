//! The side of the picker: how many, best together, standing places, what is held, until when, for how much.

use leptos::prelude::*;

use super::state::Picker;
use super::{act, words};
use crate::api::events::TierView;
use crate::components::clock::{WARN_BELOW, minutes};
use crate::components::notice::notice;
use crate::components::{Icon, icon};

/// The side, first in the document's order so that a keyboard meets it first.
pub(super) fn side(picker: Picker, seated: bool) -> impl IntoView {
    view! {
        <aside class="side" aria-label="Your places">
            {seated.then(|| tabs(picker))}
            <div class="pickform">
                {seated.then(|| best(picker))}
                {standing(picker)}
            </div>
            <div aria-live="polite">
                {move || picker.notice.get().map(|words| notice(words).into_any())}
                {move || {
                    let seats = picker.again.with(Vec::len);
                    (seats > 0).then(|| {
                        let words = if seats == 1 { "Take the same seat again" } else { "Take the same seats again" };
                        view! { <button class="btn quiet wide again" on:click=move |_| act::again(picker)>{words}</button> }
                    })
                }}
            </div>
            {move || basket(picker)}
            <span class="off" role="status">{move || picker.said.get()}</span>
        </aside>
    }
}

fn tabs(picker: Picker) -> impl IntoView {
    let selected = move |list: bool| if picker.list.get() == list { "true" } else { "false" };
    let index = move |list: bool| if picker.list.get() == list { "0" } else { "-1" };
    let tab = move |list: bool, id: &'static str, panel: &'static str, words: &'static str| {
        view! {
            <button
                type="button"
                role="tab"
                id=id
                aria-controls=panel
                aria-selected=move || selected(list)
                tabindex=move || index(list)
                on:click=move |_| act::show(picker, list)
                on:keydown=move |event| act::tab_key(picker, &event)
            >
                {words}
            </button>
        }
    };
    view! {
        <div class="tabs" role="tablist" aria-label="How to choose">
            {tab(true, "tab-list", "list", "List")} {tab(false, "tab-map", "panel-map", "Map")}
        </div>
    }
}

fn best(picker: Picker) -> impl IntoView {
    let (action, most) = picker.data.with_value(|data| (format!("/events/{}/hold", data.slug), data.most));
    let button = move || match picker.quantity.get() {
        1 => "Best seat".to_owned(),
        n => format!("Best {n} together"),
    };
    view! {
        <form class="pickform" method="post" action=action on:submit=move |event| act::best(picker, &event)>
            <input type="hidden" name="best" value="1"/>
            <div class="qty">
                <div>
                    <label for="quantity">"How many seats?"</label>
                    <p>"We look for them together"</p>
                </div>
                <div class="step">
                    <button type="button" aria-label="Fewer seats" on:click=move |_| act::quantity(picker, picker.quantity.get_untracked() - 1)>
                        {icon(Icon::Minus)}
                    </button>
                    <input
                        id="quantity"
                        name="quantity"
                        type="number"
                        inputmode="numeric"
                        min="1"
                        max=most.to_string()
                        value=picker.quantity.get_untracked().to_string()
                        prop:value=move || picker.quantity.get().to_string()
                        on:change=move |event| act::quantity(picker, event_target_value(&event).parse().unwrap_or(1))
                    />
                    <button type="button" aria-label="More seats" on:click=move |_| act::quantity(picker, picker.quantity.get_untracked() + 1)>
                        {icon(Icon::Plus)}
                    </button>
                </div>
            </div>
            <button class="btn quiet wide">{button}</button>
        </form>
    }
}

fn standing(picker: Picker) -> impl IntoView {
    let (action, tiers) = picker.data.with_value(|data| {
        let tiers: Vec<TierView> = data.tiers.iter().filter(|tier| tier.category.is_none()).cloned().collect();
        (format!("/events/{}/hold", data.slug), tiers)
    });
    (!tiers.is_empty()).then(|| {
        let lines = tiers.into_iter().map(|tier| standing_line(picker, tier)).collect_view();
        view! {
            <form class="tierpick" method="post" action=action on:submit=move |event| act::standing(picker, &event)>
                {lines}
                <button class="btn quiet wide">"Hold tickets"</button>
            </form>
        }
    })
}

fn standing_line(picker: Picker, tier: TierView) -> impl IntoView {
    let name = format!("standing_{}", tier.id);
    let held = picker.hold.with_untracked(|hold| {
        let standing = hold.as_ref().map(|hold| hold.standing.as_slice()).unwrap_or_default();
        standing.iter().find(|s| s.tier == tier.id).map_or(0, |s| s.quantity)
    });
    let gone = tier.available == 0 && held == 0;
    let most = tier.max_purchase.min(tier.available + held);
    let options = core::iter::once(0)
        .chain(tier.min_purchase.max(1)..=most)
        .map(|n| view! { <option value=n.to_string() selected=n == held>{n.to_string()}</option> })
        .collect_view();
    let small = if gone { "sold out" } else { "standing" };
    view! {
        <div class="line">
            <label for=name.clone()>{tier.name}<small>{small}</small></label>
            <b class="num">{tier.price.to_string()}</b>
            <select class="input" id=name.clone() name=name disabled=gone>{options}</select>
        </div>
    }
}

fn basket(picker: Picker) -> AnyView {
    let Some(hold) = picker.hold.get() else {
        return view! { <p class="invite">"Nothing is held yet. What you choose is kept for ten minutes, free of charge."</p> }
            .into_any();
    };
    let id = hold.id.to_string();
    let items = hold
        .lines
        .iter()
        .map(|line| {
            let zone = picker.data.with_value(|data| data.zone(line.tier));
            let dot = zone.map_or_else(|| "dot".to_owned(), |zone| format!("dot z{}", zone % 8));
            let (label, tier, seat) = (line.label.clone(), line.tier, line.seat);
            // `Block 212, row F, seat 15`: the seat first, the section beneath.
            let (section, place) = label.split_once(", ").unwrap_or((line.tier_name.as_str(), label.as_str()));
            let (place, detail) = match seat {
                Some(_) => (sentence(place), format!("{section} · {}", line.tier_name)),
                None => (format!("{} × {}", line.quantity, label), format!("{} each", line.unit)),
            };
            let remove = format!("Remove {label}");
            view! {
                <li class="item">
                    <i class=dot></i>
                    <div>{place}<small>{detail}</small></div>
                    <b class="num">{line.total.to_string()}</b>
                    <form
                        method="post"
                        action=format!("/holds/{id}/remove")
                        on:submit=move |event| match seat {
                            Some(seat) => act::remove_seat(picker, &event, seat.0),
                            None => act::remove_standing(picker, &event, tier),
                        }
                    >
                        {seat.map(|seat| view! { <input type="hidden" name="seat" value=seat.0.to_string()/> })}
                        {seat.is_none().then(|| view! { <input type="hidden" name="tier" value=tier.to_string()/> })}
                        <button class="round" aria-label=remove>{icon(Icon::Close)}</button>
                    </form>
                </li>
            }
        })
        .collect_view();
    let standing = hold.standing.iter().map(|s| s.quantity).sum();
    view! {
        <ul>{items}</ul>
        {clock(picker, &id, hold.extensions_left > 0)}
        <div class="pay-row">
            <div class="total">
                <div>{words::count(hold.seats.len(), standing)}<br/><small class="muted">"fees included"</small></div>
                <b class="price">{hold.total.to_string()}</b>
            </div>
            <a class="btn wide" href=format!("/checkout/{id}")>"Continue to checkout"</a>
            <form method="post" action=format!("/holds/{id}/release") on:submit=move |event| act::release(picker, &event)>
                <button class="link">"Let them go"</button>
            </form>
        </div>
    }
    .into_any()
}

/// `row F, seat 15` as the start of a sentence.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn clock(picker: Picker, id: &str, extendable: bool) -> impl IntoView + use<> {
    let action = format!("/holds/{id}/extend");
    view! {
        <div class="clock" class:low=move || picker.left.get() < WARN_BELOW>
            {icon(Icon::Clock)}
            <span>"Held for you"</span>
            <b class="num" role="timer" aria-live="off">{move || minutes(picker.left.get())}</b>
            {extendable.then(|| view! {
                <form method="post" action=action on:submit=move |event| act::extend(picker, &event)>
                    <button class="link">"Give me ten more minutes"</button>
                </form>
            })}
        </div>
    }
}
