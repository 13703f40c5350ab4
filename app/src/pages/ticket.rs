//! A ticket: it looks like one, scans at arm's length, prints on A6 and A4, and needs no network once it is open.

use leptos::prelude::*;

use super::shell::{Frame, Head, document};
use crate::components::when::When;
use crate::components::{Icon, icon};

/// Address of the script that keeps opened tickets. A browser lets a worker see what lies beside its own address, no more.
pub const KEEPER: &str = "/tickets/offline.js";

/// A ticket as its holder sees it.
#[derive(Clone, Debug, Default)]
pub struct TicketPage {
    /// Title of the event.
    pub title: String,
    /// Start.
    pub starts: When,
    /// `18:30`.
    pub doors: Option<String>,
    /// `Harbour Arena, Hamburg`.
    pub place: String,
    /// Who bought it.
    pub holder: String,
    /// Which of how many.
    pub number: (usize, usize),
    /// What is in huge type: `[("Block", "212"), ("Row", "F"), ("Seat", "15")]`, or `[("Tier", "Standing")]`.
    pub facts: Vec<(String, String)>,
    /// `Category B · restricted view`.
    pub note: String,
    /// `K7QM-2F9D`.
    pub code: String,
    /// The QR code: a whole `<svg>` with a `viewBox`, dark on nothing.
    pub qr: String,
    /// Used at the door, or void: said instead of the hint, and the code is faded.
    pub spent: Option<String>,
    /// Address of the PDF.
    pub pdf: String,
    /// Address of the calendar file.
    pub calendar: String,
    /// The ticket before this one in the order.
    pub before: Option<String>,
    /// The ticket after it.
    pub after: Option<String>,
}

/// The page.
pub fn page(frame: &Frame, data: TicketPage) -> impl IntoView + use<> {
    let (nth, all) = data.number;
    let head =
        Head { title: format!("Ticket {nth} of {all}: {}", data.title), class: "page-ticket", ..Head::default() };
    let facts = data
        .facts
        .into_iter()
        .map(|(what, value)| {
            let wordy = value.chars().count() > 8;
            view! { <div class:wordy=wordy><dt>{what}</dt><dd>{value}</dd></div> }
        })
        .collect_view();
    let valid = data.spent.is_none();
    let hint = data.spent.unwrap_or_else(|| "Turn your screen up bright at the door. Works without a network.".into());
    let doors = data.doors.map(|doors| format!("Doors {doors} · "));
    let more = (data.before.is_some() || data.after.is_some()).then(|| {
        view! {
            <nav class="more" aria-label="Other tickets of this order">
                <span>{data.before.map(|href| view! { <a href=href>{icon(Icon::BACK)}"Ticket before"</a> })}</span>
                <span>{data.after.map(|href| view! { <a href=href>"Next ticket"{icon(Icon::ARROW)}</a> })}</span>
            </nav>
        }
    });
    let content = view! {
        <main>
            <article class="ticket">
                <div class="tell">
                    <div>
                        <p class="eyebrow">{format!("Ticket {nth} of {all} · {}", data.holder)}</p>
                        <h1>{data.title}</h1>
                    </div>
                    <p class="at">
                        <time datetime=data.starts.iso>{data.starts.date}</time>
                        <br/>
                        <span class="muted">{doors}"starts "{data.starts.time}" · "{data.place}</span>
                    </p>
                    <dl class="place">{facts}</dl>
                    {(!data.note.is_empty()).then(|| view! { <p class="eyebrow">{data.note}</p> })}
                </div>
                <div class="scan" class:void=!valid>
                    <div inner_html=data.qr></div>
                    <code>{data.code}</code>
                    <small>{hint}</small>
                </div>
            </article>
            <p class="acts">
                <a class="btn" href=data.pdf download>{icon(Icon::DOWNLOAD)}"Save as PDF"</a>
                <a class="btn quiet" href=data.calendar>{icon(Icon::CALENDAR)}"Calendar"</a>
            </p>
            {more}
        </main>
        // Keeps the page on this device, for a door without a network.
        <script defer=true src=KEEPER></script>
    };
    document(frame, head, content)
}
