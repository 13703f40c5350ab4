//! What is on: search, categories, and the events by month, soonest first. A tiny script keeps the counts fresh.

use leptos::prelude::*;

use super::shell::{Frame, Head, document, reading};
use crate::components::when::{self, When};
use crate::components::{Icon, icon};

/// The list of events.
#[derive(Clone, Debug, Default)]
pub struct HomePage {
    /// What was searched for; empty: nothing.
    pub query: String,
    /// Categories to choose from.
    pub chips: Vec<Chip>,
    /// The event to put first, where nothing was searched for. It stays in the list too.
    pub next: Option<EventRow>,
    /// Events, soonest first.
    pub events: Vec<EventRow>,
    /// Address of the next page of the list.
    pub more: Option<String>,
}

/// A category, a weekend, anything that narrows the list.
#[derive(Clone, Debug, Default)]
pub struct Chip {
    /// Its name.
    pub label: String,
    /// Where it leads.
    pub href: String,
    /// It is the one that is shown now.
    pub current: bool,
}

/// An event in the list.
#[derive(Clone, Debug, Default)]
pub struct EventRow {
    /// The address part.
    pub slug: String,
    /// Title.
    pub title: String,
    /// Start, in the venue's zone.
    pub starts: When,
    /// `18:30`, where doors open earlier.
    pub doors: Option<String>,
    /// `Harbour Arena, Hamburg`.
    pub place: String,
    /// There are no seats.
    pub standing: bool,
    /// What can be had.
    pub offer: Offer,
}

/// What can be had of an event, in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Offer {
    /// On sale, from this total price.
    From {
        /// `€48.50`.
        price: String,
        /// Fewer than one in ten left.
        few: bool,
    },
    /// On sale, and nothing to pay.
    Free {
        /// Fewer than one in ten left.
        few: bool,
    },
    /// The sale was stopped for a while.
    Paused,
    /// Everything is gone.
    SoldOut {
        /// Some of it is not paid for.
        may_come_back: bool,
    },
    /// Starts later.
    Opens {
        /// `Mon 30 Nov, 10:00`.
        at: String,
    },
    /// Will not take place.
    Cancelled,
    /// Another date will be found.
    Postponed,
    /// Over.
    #[default]
    Past,
}

impl Offer {
    /// Why nothing can be had and what to do, where nothing can.
    pub(super) fn why(&self) -> Option<&'static str> {
        match self {
            Self::From { .. } | Self::Free { .. } | Self::Opens { .. } => None,
            Self::SoldOut { may_come_back: true } => Some(
                "Some places are held and not paid yet: they may come back within minutes. Look in again, or see what else is on.",
            ),
            Self::SoldOut { may_come_back: false } => Some("Nothing is left to buy. See what else is on."),
            Self::Paused => {
                Some("We stopped the sale to check something. Tickets that were bought stay valid. Look in again soon.")
            }
            Self::Cancelled => Some("This event will not take place."),
            Self::Postponed => Some("A new date is being found. Tickets that were bought are valid for it."),
            Self::Past => Some("This event is over. See what else is on."),
        }
    }

    /// First line, second line, whether the second needs attention, whether nothing can be had.
    pub(super) fn words(&self) -> (String, String, bool, bool) {
        match self {
            Self::From { price, few: true } => (format!("from {price}"), "few left".into(), true, false),
            Self::From { price, few: false } => (format!("from {price}"), "fees included".into(), false, false),
            Self::Free { few: true } => ("free".into(), "few left".into(), true, false),
            Self::Free { few: false } => ("free".into(), "no card needed".into(), false, false),
            Self::Paused => ("Sale paused".into(), "tickets stay valid".into(), false, true),
            Self::SoldOut { may_come_back } => {
                let second = if *may_come_back { "places may come back" } else { "" };
                ("Sold out".into(), second.into(), false, true)
            }
            Self::Opens { at } => ("On sale soon".into(), format!("from {at}"), false, false),
            Self::Cancelled => ("Cancelled".into(), "tickets are refunded".into(), false, true),
            Self::Postponed => ("Postponed".into(), "tickets stay valid".into(), false, true),
            Self::Past => ("Over".into(), String::new(), false, true),
        }
    }
}

/// The page.
pub fn page(frame: &Frame, data: HomePage) -> impl IntoView + use<> {
    let searched = !data.query.is_empty();
    let head = Head {
        title: if searched { format!("{}: events", data.query) } else { String::new() },
        description: "Concerts, theatre and sport: choose your own seat on a live map, at the whole price.".into(),
        live: Some(String::new()),
        ..Head::default()
    };
    let title =
        if searched { format!("Events for “{}”", data.query) } else { "Choose the seat, not the queue.".into() };
    let next = if searched { None } else { data.next.map(feature) };
    let list = if data.events.is_empty() { nothing(&data.query).into_any() } else { months(data.events).into_any() };
    let content = view! {
        <section class="hero">
            <div>
                <h1>{title}</h1>
                {search(&data.query)}
                {chips(data.chips)}
            </div>
            // No event is called by two words.
            <div class="part" data-live="on stage">{next}</div>
        </section>
        {list}
        {data.more.map(|href| view! { <p class="empty"><a class="btn quiet" href=href>"Later dates"</a></p> })}
    };
    document(frame, head, reading(None, content))
}

/// The search form; also on pages that lead nowhere.
pub(super) fn search(query: &str) -> impl IntoView + use<> {
    view! {
        <form class="search" role="search" action="/" method="get">
            <label class="off" for="q">"Search by artist, venue or city"</label>
            <input id="q" name="q" type="search" placeholder="Artist, venue or city" value=query.to_owned() maxlength="100" autocomplete="off" enterkeyhint="search"/>
            <button class="btn">"Search"</button>
        </form>
    }
}

fn chips(chips: Vec<Chip>) -> impl IntoView {
    (!chips.is_empty()).then(|| {
        let items = chips
            .into_iter()
            .map(|chip| {
                let current = chip.current.then_some("true");
                view! { <li><a class="chip" href=chip.href aria-current=current>{chip.label}</a></li> }
            })
            .collect_view();
        view! { <ul class="chips" aria-label="Categories">{items}</ul> }
    })
}

fn feature(event: EventRow) -> impl IntoView {
    let (first, second, care, gone) = event.offer.words();
    let href = format!("/events/{}", event.slug);
    let seats = format!("{href}/seats");
    let opens = matches!(event.offer, Offer::Opens { .. });
    let verb = if event.standing { "Get tickets" } else { "Choose seats" };
    let live = format!("next-{}", event.slug);
    view! {
        <article class="card next" aria-labelledby="next">
            <p class="eyebrow">"Next on stage"</p>
            <p class="when">
                <b>{event.starts.day.clone()}</b>
                <span class="muted">{format!("{} · {}, {}", event.starts.month, event.starts.weekday, event.starts.time)}</span>
            </p>
            <div>
                <h2 id="next"><a href=href>{event.title}</a></h2>
                <p class="muted">{event.place}</p>
            </div>
            <p class="foot-row" data-live=live>
                <span class="strong num">{first}</span>
                <span class="eyebrow" class:warn=care>{second}</span>
            </p>
            {(!gone && !opens).then(|| view! { <a class="btn wide" href=seats>{verb}{icon(Icon::ARROW)}</a> })}
        </article>
    }
}

fn months(events: Vec<EventRow>) -> impl IntoView {
    let mut groups: Vec<(String, Vec<EventRow>)> = Vec::new();
    for event in events {
        match groups.last_mut() {
            Some((month, rows)) if *month == event.starts.month => rows.push(event),
            _ => groups.push((event.starts.month.clone(), vec![event])),
        }
    }
    groups
        .into_iter()
        .map(|(month, rows)| {
            let rows = rows.into_iter().map(row).collect_view();
            view! { <section><h2 class="month">{month}</h2><ul class="rows">{rows}</ul></section> }
        })
        .collect_view()
}

fn row(event: EventRow) -> impl IntoView {
    let (first, second, care, gone) = event.offer.words();
    let mut line = event.place;
    if event.standing {
        line.push_str(" · standing");
    }
    if let Some(doors) = event.doors {
        line.push_str(&format!(" · doors {doors}"));
    }
    line.push_str(&format!(" · starts {}", event.starts.time));
    view! {
        <li>
            <a href=format!("/events/{}", event.slug) class:gone=gone>
                {when::day(&event.starts)}
                <div>
                    <h3>{event.title}</h3>
                    <p>{line}</p>
                </div>
                <div class="cost" data-live=event.slug.clone()>
                    <b class="num">{first}</b>
                    " "
                    <span class:warn=care>{second}</span>
                </div>
            </a>
        </li>
    }
}

fn nothing(query: &str) -> impl IntoView + use<> {
    let text = if query.is_empty() {
        "Nothing is on sale right now. New dates appear here the moment they are announced.".to_owned()
    } else {
        format!("We found no event for “{query}”. Try fewer letters, the venue or the city.")
    };
    view! {
        <section class="empty stack">
            <h2>"Nothing here yet"</h2>
            <p class="muted">{text}</p>
            <p><a class="btn quiet" href="/">"See everything"</a></p>
        </section>
    }
}
