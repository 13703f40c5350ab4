//! A paid order: it worked, here are the tickets.

use leptos::prelude::*;

use super::checkout::{Basket, lines};
use super::shell::{Frame, Head, document, reading};
use crate::components::notice::{Notice, notice};
use crate::components::when;
use crate::components::{Icon, icon};

/// An order after payment.
#[derive(Clone, Debug, Default)]
pub struct OrderPage {
    /// Short form for people, such as `7F3K-29QD`.
    pub number: String,
    /// Where the tickets were sent.
    pub email: String,
    /// Lines and sums.
    pub basket: Basket,
    /// The tickets.
    pub tickets: Vec<TicketStub>,
    /// The event's calendar file.
    pub calendar: Option<String>,
    /// All tickets as one PDF.
    pub pdf: Option<String>,
    /// Refunded, cancelled: said above all else.
    pub notice: Option<Notice>,
}

/// A ticket in the list.
#[derive(Clone, Debug, Default)]
pub struct TicketStub {
    /// Its page.
    pub href: String,
    /// `Row F, seat 15`, or the tier's name.
    pub place: String,
    /// `Block 212 · Category B`.
    pub detail: String,
    /// `K7QM-2F9D`.
    pub code: String,
}

/// The page.
pub fn page(frame: &Frame, data: OrderPage) -> impl IntoView + use<> {
    let head = Head { title: "Your tickets".into(), class: "page-order", ..Head::default() };
    let good = data.notice.is_none();
    let paid = if data.basket.free { "" } else { "Paid. " };
    let stubs = data
        .tickets
        .into_iter()
        .map(|ticket| {
            view! {
                <li>
                    <a class="stub" href=ticket.href>
                        <div>
                            <h2>{ticket.place}</h2>
                            <p class="muted">{ticket.detail}</p>
                        </div>
                        <code class="code">{ticket.code}</code>
                    </a>
                </li>
            }
        })
        .collect_view();
    let files = view! {
        <p class="acts">
            {data.pdf.map(|href| view! { <a class="btn" href=href>{icon(Icon::DOWNLOAD)}"All as PDF"</a> })}
            {data.calendar.map(|href| view! { <a class="btn quiet" href=href>{icon(Icon::CALENDAR)}"Add to calendar"</a> })}
        </p>
    };
    let doors = data.basket.doors.clone().map(|doors| format!(", doors {doors}"));
    let content = view! {
        <div class="grid">
            <div class="stack">
                {data.notice.map(notice)}
                {good.then(|| view! { <span class="seal">{icon(Icon::CHECK)}</span> })}
                <h1>{if good { "See you there" } else { "Your order" }}</h1>
                <p>
                    {good.then(|| view! { {paid}"Your tickets are below and on their way to " <b>{data.email}</b> ". " })}
                    <span class="muted">"Order "<span class="num">{data.number}</span></span>
                </p>
                <ul class="stubs">{stubs}</ul>
                {files}
            </div>
            <aside class="card sum" aria-label="What you bought">
                <div>
                    <h2>{data.basket.title.clone()}</h2>
                    <p class="muted">{when::short(&data.basket.starts)}{doors}<br/>{data.basket.place.clone()}</p>
                </div>
                {lines(&data.basket)}
            </aside>
        </div>
    };
    document(frame, head, reading(Some(("/".into(), "All events")), content))
}
