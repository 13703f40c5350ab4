//! The picker as the server draws it: everything works by plain forms, and every part that the browser will change has
//! its id.

use domain::money::Money;
use leptos::prelude::*;

use super::held::Held;
use super::markup::Offer;
use super::{PickerData, markup};
use crate::api::events::TierView;
use crate::components::notice::offline;
use crate::components::{Icon, icon, price};

/// The whole picker around `list`, the seats as the server lists them.
pub fn body<V: IntoView>(data: PickerData, list: V) -> impl IntoView + use<V> {
    let seated = data.chart.is_some();
    let held = data.hold.as_ref().map(|hold| Held::of(hold, &data.tiers, &data.until));
    let mut class = String::from(if seated { "pick" } else { "pick solo" });
    if held.is_some() {
        class.push_str(" held");
    }
    let told = data.notice.clone().unwrap_or_default();
    let offer = Offer { slug: &data.slug, seats: &told.offer, standing: &told.standing, again: false };
    let (notice, basket) = (markup::notice(told.tone, &told.text, &offer), markup::basket(held.as_ref(), &data.kept));
    // The browser reads the same data, prices and all.
    let json = serde_json::to_string(&data).unwrap_or_default();
    let left = seated.then(|| stage(&data, list.into_any()).into_any());
    view! {
        <main class=class id="pick" data-view=if seated { "map" } else { "list" } data-picker=json>
            <aside class="side" aria-label="Your places">
                {seated.then(|| tabs().into_any())}
                {seated.then(|| view! { <button type="button" class="grip" id="grip" aria-expanded="true" aria-label="More about your places"></button> })}
                <div class="pickform">
                    {seated.then(|| best(&data).into_any())}
                    {standing(&data, held.as_ref()).into_any()}
                </div>
                <div id="notice" aria-live="polite" inner_html=notice></div>
                {offline().into_any()}
                <div id="basket" tabindex="-1" inner_html=basket></div>
                <p class="eyebrow" id="live"></p>
                {seated.then(|| explained().into_any())}
                <span class="off" id="said" role="status"></span>
            </aside>
            {left}
        </main>
    }
}

fn tabs() -> impl IntoView {
    view! {
        <div class="tabs" role="tablist" aria-label="How to choose">
            <button type="button" role="tab" id="tab-list" data-do="tab:list" aria-controls="list" aria-selected="false" tabindex="-1">
                "List"
            </button>
            <button type="button" role="tab" id="tab-map" data-do="tab:map" aria-controls="panel-map" aria-selected="true" tabindex="0">
                "Map"
            </button>
        </div>
    }
}

fn best(data: &PickerData) -> impl IntoView + use<> {
    let quantity = data.quantity.clamp(1, data.most.max(1));
    let button = if quantity == 1 { "Best seat".to_owned() } else { format!("Best {quantity} together") };
    let mut prices: Vec<_> = data.tiers.iter().filter(|tier| tier.category.is_some()).map(|tier| tier.price).collect();
    prices.sort_unstable_by_key(|price| price.amount);
    prices.dedup();
    let choice = |words: &'static str| {
        let option = |at: &Money| view! { <option value=at.amount.to_string()>{words}{price(*at)}</option> };
        prices.iter().map(option).collect_view()
    };
    view! {
        <form class="pickform" method="post" action=format!("/events/{}/hold", data.slug) data-do="best">
            <input type="hidden" name="best" value="1"/>
            <div class="qty">
                <div>
                    <label for="quantity">"How many seats?"</label>
                    <p>"We look for them together"</p>
                </div>
                <div class="step">
                    <button type="button" data-do="fewer" aria-label="Fewer seats">{icon(Icon::MINUS)}</button>
                    <input id="quantity" name="quantity" type="number" inputmode="numeric" min="1" max=data.most.to_string() value=quantity.to_string()/>
                    <button type="button" data-do="more" aria-label="More seats">{icon(Icon::PLUS)}</button>
                </div>
            </div>
            <button class="btn quiet wide" id="best">{button}</button>
            <details class="more" id="wishes">
                <summary>"More wishes"</summary>
                <label for="least">"A seat costs at least"</label>
                <select class="input" id="least" name="min_price"><option value="">"any price"</option>{choice("from ")}</select>
                <label for="upto">"A seat costs at most"</label>
                <select class="input" id="upto" name="max_price"><option value="">"any price"</option>{choice("up to ")}</select>
                <label class="tick" for="easy"><input type="checkbox" id="easy" name="accessible" value="1"/>"An accessible place, the others beside it"</label>
            </details>
        </form>
    }
}

fn standing(data: &PickerData, held: Option<&Held>) -> impl IntoView + use<> {
    let tiers: Vec<&TierView> = data.tiers.iter().filter(|tier| tier.category.is_none()).collect();
    let button = if data.chart.is_none() && held.is_none() { "btn wide" } else { "btn quiet wide" };
    (!tiers.is_empty()).then(|| {
        // Where there is one thing to be had, it is asked for already.
        let wanted = if data.chart.is_none() && tiers.len() == 1 { data.quantity } else { 0 };
        let lines = tiers.into_iter().map(|tier| standing_line(tier, held, wanted)).collect_view();
        view! {
            <form class="tierpick" method="post" action=format!("/events/{}/hold", data.slug) data-do="standing">
                {lines}
                <button class=button>"Hold tickets"</button>
            </form>
        }
    })
}

fn standing_line(tier: &TierView, held: Option<&Held>, wanted: u32) -> impl IntoView + use<> {
    let id = tier.id.to_string();
    let standing = held.map(|held| held.standing.as_slice()).unwrap_or_default();
    let first = held.is_none();
    let held = standing.iter().find(|(tier, _)| *tier == id).map_or(0, |(_, quantity)| *quantity);
    let gone = tier.available == 0 && held == 0;
    // Some names say it themselves.
    let says_so = tier.name.to_lowercase().contains("standing");
    let name = format!("standing_{id}");
    let most = tier.max_purchase.min(tier.available.saturating_add(held));
    let least = tier.min_purchase.max(1);
    let chosen = if first && wanted > 0 && least <= most { wanted.clamp(least, most) } else { held };
    view! {
        <div class=if gone { "line out" } else { "line" }>
            <label for=name.clone()>
                {tier.name.clone()}
                {(!says_so).then(|| view! { <small>"standing"</small> })}
                // What others hold may come back: whether it is sold is not known here.
                <small class="none">"none left"</small>
            </label>
            <b class="num">{price(tier.price)}</b>
            <select class="input" id=name.clone() name=name data-tier=id disabled=gone inner_html=markup::options(least, most, chosen)></select>
        </div>
    }
}

fn stage(data: &PickerData, list: AnyView) -> impl IntoView + use<> {
    view! {
        <div class="stage">
            <div class="lists" id="list" tabindex="-1" role="tabpanel" aria-labelledby="tab-list">
                <div id="still-list">{list}</div>
                <div id="live-list" hidden>
                    <section id="live-rows"></section>
                    <h2>"Choose from a list"</h2>
                    <p class="muted">"Open a section to see its rows. Every price is the whole price."</p>
                    <ul class="sections about" id="live-sections"></ul>
                </div>
            </div>
            <div class="ground" id="panel-map" role="tabpanel" aria-labelledby="tab-map">
                {filters(data).into_any()}
                <canvas
                    id="map"
                    tabindex="0"
                    role="application"
                    aria-label="Seat map. Arrow keys move from seat to seat, Enter takes a seat, plus and minus zoom. The list tab offers the same seats as a list."
                ></canvas>
                {legend().into_any()}
                <div class="zoom">
                    <button type="button" data-do="zoom:in" aria-label="Zoom in">{icon(Icon::PLUS)}</button>
                    <button type="button" data-do="zoom:out" aria-label="Zoom out">{icon(Icon::MINUS)}</button>
                    <button type="button" data-do="zoom:whole" aria-label="Whole house">{icon(Icon::WHOLE)}</button>
                </div>
                <div class="peek" id="peek" hidden></div>
            </div>
        </div>
    }
}

fn filters(data: &PickerData) -> impl IntoView + use<> {
    let chip = |value: String, dot: Option<u8>, hint: String, words: String| {
        let dot = dot.map(|zone| view! { <i class=format!("dot z{}", zone % 8)></i> });
        let pressed = if value == "all" { "true" } else { "false" };
        view! {
            <button type="button" class="chip" data-do=format!("pass:{value}") aria-pressed=pressed title=hint>{dot}{words}</button>
        }
    };
    let mut seated: Vec<_> = data.tiers.iter().filter_map(|tier| Some((tier.category?, tier))).collect();
    // The dearest first, as an event shows its prices.
    seated.sort_by_key(|(_, tier)| core::cmp::Reverse(tier.price.amount));
    let prices = seated
        .into_iter()
        .map(|(zone, tier)| chip(zone.to_string(), Some(zone), tier.name.clone(), price(tier.price)))
        .collect_view();
    view! {
        <div class="filters" id="filters" role="group" aria-label="Show">
            {chip("all".into(), None, "Every price".into(), "All prices".into())}
            {prices}
            {chip("accessible".into(), None, "Places without steps, and the companion's place beside them".into(), "Accessible".into())}
            <span class="chips" id="floors"></span>
        </div>
    }
}

/// The states by shape; colour is the price zone, which the chips explain.
fn legend() -> impl IntoView {
    view! {
        <ul class="legend" id="legend" aria-label="Seats on the map">
            <li><svg viewBox="0 0 16 16" aria-hidden="true"><circle class="free" cx="8" cy="8" r="6"></circle></svg>"free"</li>
            {shapes().into_any()}
        </ul>
    }
}

/// The other shapes.
fn shapes() -> impl IntoView {
    view! {
        <li><svg viewBox="0 0 16 16" aria-hidden="true"><circle class="held" cx="8" cy="8" r="5"></circle></svg>"held by others"</li>
        <li><svg viewBox="0 0 16 16" aria-hidden="true"><circle class="sold" cx="8" cy="8" r="2"></circle></svg>"sold"</li>
        <li>
            <svg viewBox="0 0 16 16" aria-hidden="true"><circle class="mine" cx="8" cy="8" r="7"></circle><path d="M5 8.2l2.1 2.1L11 6.2"></path></svg>
            "yours"
        </li>
        <li><svg viewBox="0 0 16 16" aria-hidden="true"><rect class="free" x="2.5" y="2.5" width="11" height="11" rx="2.5"></rect></svg>"accessible"</li>
        <li>
            <svg viewBox="0 0 16 16" aria-hidden="true"><circle class="free" cx="8" cy="8" r="6"></circle><path class="notch" d="M8 0v6"></path></svg>
            "companion"
        </li>
        <li>
            <svg viewBox="0 0 16 16" aria-hidden="true"><circle class="rim" cx="8" cy="8" r="5.5"></circle><path class="free" d="M2 8a6 6 0 0 0 12 0z"></path></svg>
            "restricted view"
        </li>
        <li><svg viewBox="0 0 16 16" aria-hidden="true"><circle class="sold" cx="8" cy="8" r="1"></circle></svg>"not for sale"</li>
    }
}

/// The same where the map has no room for them.
fn explained() -> impl IntoView {
    view! {
        <details class="shapes">
            <summary>"What the shapes mean"</summary>
            <ul class="legend" aria-label="Seats on the map">
                <li><svg viewBox="0 0 16 16" aria-hidden="true"><circle class="free" cx="8" cy="8" r="6"></circle></svg>"free"</li>
                {shapes().into_any()}
            </ul>
        </details>
    }
}
