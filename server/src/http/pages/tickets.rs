//! Tickets: the page, the PDF, the calendar entry; by an unguessable link, or by the order's secret.

use std::time::Duration;

use app::pages::ticket::TicketPage;
use app::pages::{self, render};
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::ids::OrderId;
use domain::ticket::TicketStatus;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::http::html::private;
use crate::http::json::Named;
use crate::http::problem::ApiError;
use crate::http::secret::Caller;
use crate::http::security::WITH_FILES;
use crate::http::state::Shop;
use crate::http::when;
use crate::purchase::OrderRecord;
use crate::purchase::print::prints;
use crate::purchase::types::EventFacts;
use crate::tickets::{Print, calendar as ics, pdf as paper, qr_svg};
use crate::trouble::Trouble;

/// An order seen through the link of one of its tickets.
struct Linked {
    order: OrderRecord,
    event: EventFacts,
    nth: usize,
}

async fn find(shop: &Shop, link: &str) -> Result<Linked, ApiError> {
    let missing = || ApiError::not_found("ticket");
    let (ticket, event) = shop.purchase.ticket(link).await?.ok_or_else(missing)?;
    let order = shop.purchase.order_of(&ticket).await?.ok_or_else(missing)?;
    let nth = order.tickets.iter().position(|known| known.id == ticket.id).ok_or_else(missing)?;
    Ok(Linked { order, event, nth })
}

pub(super) async fn page(
    State(shop): State<Shop>,
    Named(link): Named<String>,
    caller: Option<Caller>,
) -> Result<Response, ApiError> {
    let Linked { order, event, nth } = find(&shop, &link).await?;
    let missing = || ApiError::not_found("ticket");
    let print = prints(&order, &event).into_iter().nth(nth).ok_or_else(missing)?;
    let ticket = order.tickets.get(nth).ok_or_else(missing)?;
    // Whoever was sent one ticket sees that one; the buyer leafs through all.
    let buyer = caller.is_some_and(|caller| caller.holder() == order.holder);
    let beside = |index: Option<usize>| {
        let ticket = order.tickets.get(index?).filter(|_| buyer)?;
        Some(format!("/tickets/{}", shop.purchase.signer().link(ticket.id)))
    };
    let spent = match ticket.status {
        TicketStatus::Valid => None,
        TicketStatus::Used => Some("This ticket was used at the door.".to_owned()),
        TicketStatus::Void => Some("This ticket is void: it was given back or replaced.".to_owned()),
    };
    let data = TicketPage {
        starts: when::when(event.starts_at, &event.time_zone, &event.city),
        doors: event.doors_at.map(|at| when::clock_time(at, &event.time_zone)),
        place: crate::catalog::view::place(&event.venue, &event.city),
        qr: qr_svg(&print.token, &format!("QR code of ticket {}", print.code)),
        title: print.title,
        holder: print.holder,
        number: print.number,
        // A standing place has no better name than its tier.
        note: if print.place.iter().any(|(_, value)| *value == print.tier) { String::new() } else { print.tier },
        facts: print.place,
        code: print.code,
        spent,
        pdf: format!("/tickets/{link}/ticket.pdf"),
        calendar: format!("/tickets/{link}/calendar.ics"),
        before: beside(nth.checked_sub(1)),
        after: beside(nth.checked_add(1)),
    };
    let frame = shop.frame();
    let mut response = private(StatusCode::OK, render(move || pages::ticket::page(&frame, data)), false);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, KEPT);
    headers.insert(header::CONTENT_SECURITY_POLICY, WITH_FILES);
    Ok(response)
}

/// A ticket must open again at a door without a network, also where no worker keeps it (which looks it up all the same); the
/// link alone decides who sees it.
const KEPT: HeaderValue = HeaderValue::from_static("private, max-age=86400, stale-if-error=604800");

/// The script that keeps opened tickets on their holder's device.
pub(super) async fn keeper() -> impl IntoResponse {
    let kind = HeaderValue::from_static("text/javascript; charset=utf-8");
    let looked_up = HeaderValue::from_static("no-cache");
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, looked_up),
        (header::CONTENT_SECURITY_POLICY, WITH_FILES),
    ];
    (headers, include_str!("offline.js"))
}

pub(super) async fn pdf(State(shop): State<Shop>, Named(link): Named<String>) -> Result<Response, ApiError> {
    let Linked { order, event, nth } = find(&shop, &link).await?;
    print_pdf(prints(&order, &event).into_iter().skip(nth).take(1).collect()).await
}

pub(super) async fn calendar(State(shop): State<Shop>, Named(link): Named<String>) -> Result<Response, ApiError> {
    let Linked { order, event, .. } = find(&shop, &link).await?;
    Ok(calendar_file(&shop, &order, &event))
}

async fn own(shop: &Shop, id: OrderId, caller: &Caller) -> Result<(OrderRecord, EventFacts), ApiError> {
    let order = shop.purchase.order(id, caller.holder()).await?;
    let event = shop.purchase.event(order.event).await?.ok_or_else(|| ApiError::not_found("event"))?;
    if order.tickets.is_empty() { Err(ApiError::not_found("ticket")) } else { Ok((order, event)) }
}

pub(super) async fn order_pdf(
    State(shop): State<Shop>,
    Named(id): Named<OrderId>,
    caller: Caller,
) -> Result<Response, ApiError> {
    let (order, event) = own(&shop, id, &caller).await?;
    print_pdf(prints(&order, &event)).await
}

pub(super) async fn order_calendar(
    State(shop): State<Shop>,
    Named(id): Named<OrderId>,
    caller: Caller,
) -> Result<Response, ApiError> {
    let (order, event) = own(&shop, id, &caller).await?;
    Ok(calendar_file(&shop, &order, &event))
}

/// Tickets set at a time: it takes a core, and everything else wants one too.
static PRINTERS: Semaphore = Semaphore::const_new(2);
/// How long one waits for a printer.
const PATIENCE: Duration = Duration::from_secs(5);

async fn print_pdf(prints: Vec<Print>) -> Result<Response, ApiError> {
    let busy = |_| Trouble::Unavailable { what: "the ticket printer", detail: "a long queue".to_owned() };
    let printer = timeout(PATIENCE, PRINTERS.acquire()).await.map_err(busy)?;
    let corrupt = |detail: String| Trouble::Corrupt { what: "the ticket printer", detail };
    // It stays taken until the work is done, whether or not somebody still waits for it.
    let bytes = tokio::task::spawn_blocking(move || {
        let _printer = printer;
        paper(&prints)
    })
    .await
    .map_err(|panic| corrupt(panic.to_string()))?
    .map_err(|error| corrupt(error.to_string()))?;
    Ok(file(bytes, "application/pdf", "attachment; filename=\"tickets.pdf\""))
}

fn calendar_file(shop: &Shop, order: &OrderRecord, event: &EventFacts) -> Response {
    let text = ics(&prints(order, event), &order.id.to_string(), shop.now());
    file(text.into_bytes(), "text/calendar; charset=utf-8", "attachment; filename=\"event.ics\"")
}

fn file(bytes: Vec<u8>, kind: &'static str, disposition: &'static str) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(disposition));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}
