//! The checkout that a visitor began, kept in a cookie: a hold that became an order is no basket any more, and whoever
//! looks at the seats again is led to what waits to be paid there, or to the tickets.

use std::time::Duration;

use app::pages::seats::Begun;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use domain::hold::Hold;
use domain::ids::{EventId, HoldId, HolderId};
use domain::order::OrderStatus;

use crate::catalog::types::Summary;
use crate::http::cookies;
use crate::http::state::Shop;
use crate::purchase::OrderRecord;

const COOKIE: &str = "__Host-checkout";
/// Longer than any hold, and than a look at the tickets afterwards.
const KEPT_FOR: u32 = 60 * 60;
/// The seats are shown without a word of it where the books are slow.
const ASKED_WITHIN: Duration = Duration::from_millis(800);

/// Keeps which hold the visitor is at the checkout with, of which event. The ids alone open nothing.
pub(super) fn remember(response: &mut Response, event: EventId, hold: HoldId) {
    let cookie = format!("{COOKIE}={event}.{hold}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={KEPT_FOR}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// What became of the checkout that the visitor began last for this event, unless it is one of those that are still `held`.
pub(super) async fn of(
    shop: &Shop,
    headers: &HeaderMap,
    holder: HolderId,
    event: &Summary,
    held: &[Hold],
) -> Option<Begun> {
    let (_, hold) = read(headers).filter(|(of, _)| *of == event.id)?;
    if held.iter().any(|held| held.id == hold) {
        return None;
    }
    let order = tokio::time::timeout(ASKED_WITHIN, shop.purchase.glance(hold, holder)).await.ok()?.ok()??;
    words(&order, event)
}

fn read(headers: &HeaderMap) -> Option<(EventId, HoldId)> {
    let (event, hold) = cookies::named(headers, COOKIE).next()?.split_once('.')?;
    Some((event.parse().ok()?, hold.parse().ok()?))
}

fn words(order: &OrderRecord, event: &Summary) -> Option<Begun> {
    let left = order.expires_at.since(order.now);
    let says = |text: String, label: &str, is_paid: bool| {
        Some(Begun { text, href: format!("/orders/{}", order.id), label: label.to_owned(), is_paid })
    };
    match order.status {
        OrderStatus::Pending if left > 0 && order.totals.total.amount > 0 && !order.money_may_move() => {
            let places: u32 = order.lines.iter().map(|line| line.quantity).sum();
            let what = if places == 1 { "Your place is" } else { "Your places are" };
            let until = super::words::until(order.expires_at, event);
            let text = format!("{what} kept until {until} ({}), and not paid yet.", super::words::about_more(left));
            says(text, "Go on paying", false)
        }
        OrderStatus::Pending | OrderStatus::Closing => {
            says("Your order for this event is under way.".into(), "See how it stands", false)
        }
        OrderStatus::Paid | OrderStatus::PartlyRefunded => {
            says("You have tickets for this event.".into(), "See your tickets", true)
        }
        OrderStatus::Cancelled | OrderStatus::Expired | OrderStatus::Refunded => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(cookie: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
        headers
    }

    #[test]
    fn the_hold_is_found_among_other_cookies_and_nothing_else_is_taken_for_it() {
        let at = domain::time::Millis(1_795_000_000_000);
        let (event, hold) = (EventId::mint(at, [6; 10]), HoldId::mint(at, [7; 10]));
        let ids = format!("{event}.{hold}");
        assert_eq!(read(&with(&format!("a=b; {COOKIE}={ids}; c=d"))), Some((event, hold)));
        for odd in ["=x", "=x.y", &format!("={hold}"), &format!("s={ids}"), &format!("={event}.{hold}.z"), ""] {
            assert_eq!(read(&with(&format!("{COOKIE}{odd}"))), None, "{odd}");
        }
    }
}
