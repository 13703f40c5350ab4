//! One event: what, when, where, for how much, and one thing to do. A tiny script keeps the counts fresh.

use leptos::prelude::*;

use super::home::Offer;
use super::shell::{Frame, Head, document, reading};
use crate::components::notice::{Notice, notice};
use crate::components::when::When;
use crate::components::{Icon, icon};

/// An event as its page shows it.
#[derive(Clone, Debug, Default)]
pub struct EventPage {
    /// The address part.
    pub slug: String,
    /// Title.
    pub title: String,
    /// Who plays, where that is not the title.
    pub artist: String,
    /// Start, in the venue's zone.
    pub starts: When,
    /// `18:30`.
    pub doors: Option<String>,
    /// Venue's name.
    pub venue: String,
    /// `Am Hafen 1, 20457 Hamburg`.
    pub address: String,
    /// Paragraphs.
    pub description: Vec<String>,
    /// `From 16 years`, `No large bags`: rules and amenities, a line each.
    pub notes: Vec<String>,
    /// What can be had.
    pub offer: Offer,
    /// There are seats to choose.
    pub seated: bool,
    /// Price tiers, dearest first or as the promoter ordered them.
    pub tiers: Vec<TierRow>,
    /// Something to say before all else.
    pub notice: Option<Notice>,
}

/// A price tier.
#[derive(Clone, Debug, Default)]
pub struct TierRow {
    /// Name.
    pub name: String,
    /// Total price of a place: `€69.00`.
    pub price: String,
    /// Index of the zone's colour; `None`: standing.
    pub zone: Option<u8>,
    /// `few left`, `sold out`, `all held just now`, `from Mon 30 Nov, 10:00`; empty: plenty.
    pub left: String,
    /// Nothing is left, or not yet on sale.
    pub closed: bool,
}

/// The class that gives a zone's colour.
#[must_use]
pub fn zone_class(zone: Option<u8>) -> String {
    zone.map_or_else(|| "dot".to_owned(), |zone| format!("dot z{}", zone % 8))
}

/// The page.
pub fn page(frame: &Frame, data: EventPage) -> impl IntoView + use<> {
    let head = Head {
        title: data.title.clone(),
        description: format!("{}, {} {}, {}.", data.title, data.starts.date, data.starts.time, data.venue),
        class: "page-event",
        live: Some(format!("/api/v1/events/{}/availability/stream?only=left", data.slug)),
        ..Head::default()
    };
    let (first, _, _, gone) = data.offer.words();
    let opens = matches!(data.offer, Offer::Opens { .. });
    let cta = (!gone && !opens).then(|| {
        let verb = if data.seated { "Choose seats" } else { "Choose tickets" };
        (format!("/events/{}/seats", data.slug), verb)
    });
    let bottom = cta.clone().map(|(href, verb)| {
        view! {
            <div class="tocta phone">
                <a class="btn wide" href=href>{verb}<span class="num" data-live="bar-price">"· "{first}</span></a>
            </div>
        }
    });
    let facts = facts(&data);
    let buy = buy(&data, cta);
    let content = view! {
        <div class="show">
            <article>
                {data.notice.map(notice)}
                {(!data.artist.is_empty()).then(|| view! { <p class="eyebrow">{data.artist}</p> })}
                <h1>{data.title}</h1>
                {facts}
                <div class="prose">{data.description.into_iter().map(|text| view! { <p>{text}</p> }).collect_view()}</div>
                {(!data.notes.is_empty()).then(|| {
                    let lines = data.notes.into_iter().map(|line| view! { <li>{line}</li> }).collect_view();
                    view! { <section class="about stack"><h2>"Good to know"</h2><ul class="bullets">{lines}</ul></section> }
                })}
            </article>
            {buy}
        </div>
        <div class="part" data-live="bar">{bottom}</div>
    };
    document(frame, head, reading(Some(("/".into(), "All events")), content))
}

fn facts(data: &EventPage) -> impl IntoView + use<> {
    let doors = data.doors.clone().map(|doors| {
        view! { <div>{icon(Icon::DOOR)}<dt>"Doors"</dt><dd>{doors}</dd></div> }
    });
    view! {
        <dl class="facts">
            <div>
                {icon(Icon::CALENDAR)}
                <dt>"Date"</dt>
                <dd>
                    <time datetime=data.starts.iso.clone()>{data.starts.date.clone()}", "{data.starts.time.clone()}</time>
                    <small>{data.starts.zone.clone()}</small>
                </dd>
            </div>
            {doors}
            <div>
                {icon(Icon::PIN)}
                <dt>"Venue"</dt>
                <dd>{data.venue.clone()}<small>{data.address.clone()}</small></dd>
            </div>
        </dl>
    }
}

fn buy(data: &EventPage, cta: Option<(String, &'static str)>) -> impl IntoView + use<> {
    let (first, second, care, _) = data.offer.words();
    let priced = !matches!(data.offer, Offer::Cancelled | Offer::Past);
    let paid = priced && !matches!(data.offer, Offer::Free { .. });
    let tiers = data
        .tiers
        .iter()
        .map(|tier| {
            let small =
                if tier.left.is_empty() && tier.zone.is_none() { "standing".to_owned() } else { tier.left.clone() };
            view! {
                <li class:warnish=!tier.closed && !tier.left.is_empty() class:gone=tier.closed>
                    <i class=zone_class(tier.zone)></i>
                    <span>{tier.name.clone()}</span>
                    <b class="num">{tier.price.clone()}</b>
                    {(!small.is_empty()).then(|| view! { <small>{small}</small> })}
                </li>
            }
        })
        .collect_view();
    let actions = cta.map(|(href, verb)| {
        let fast = data.seated.then(|| {
            view! {
                <p class="or">"or let us choose"</p>
                <form method="post" action=format!("/events/{}/hold", data.slug)>
                    <input type="hidden" name="best" value="1"/>
                    <input type="hidden" name="quantity" value="2"/>
                    <button class="btn quiet wide">"2 best seats together"</button>
                </form>
            }
        });
        view! { <a class="btn wide big" href=href>{verb}</a> {fast} }
    });
    view! {
        <aside class="card buy" aria-label="Prices">
            <p class="from" data-live="offer">
                <span class="price">{first}</span>
                <span class="eyebrow" class:warn=care>{second}</span>
            </p>
            <div class="part" data-live="actions">
                {actions}
                {data.offer.why().map(|why| view! { <p class="muted">{why}</p> <a class="btn quiet wide" href="/">"Other events"</a> })}
            </div>
            <div class="part" data-live="prices">
                {priced.then(|| view! {
                    <h2 class="off">"Prices"</h2>
                    <ul class="tiers" data-live="tiers">{tiers}</ul>
                })}
                {paid.then(|| view! { <p class="eyebrow">"Per place, fees and tax included."</p> })}
            </div>
        </aside>
    }
}
