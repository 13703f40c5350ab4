//! The checkout that a visitor began, kept in a cookie: a hold that became an order is no basket any more, and whoever
//! looks at the seats again is led to what waits to be paid there, or to the tickets.

use std::time::Duration;

use app::pages::seats::Begun;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use domain::ids::{EventId, HoldId, HolderId, OrderId};
use domain::order::OrderStatus;

use crate::http::state::Shop;
use crate::http::when;
use crate::purchase::OrderRecord;

const COOKIE: &str = "__Host-checkout";
/// Longer than any hold, and than a look at the tickets afterwards.
const KEPT_FOR: u32 = 60 * 60;
/// The seats are shown without a word of it where the books are slow.
const ASKED_WITHIN: Duration = Duration::from_millis(800);

/// Keeps which hold the visitor is at the checkout with. The id alone opens nothing.
pub(super) fn remember(response: &mut Response, hold: HoldId) {
    let cookie = format!("{COOKIE}={hold}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={KEPT_FOR}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// What became of the checkout that the visitor began for this event, where it goes on elsewhere.
pub(super) async fn of(
    shop: &Shop,
    headers: &HeaderMap,
    holder: HolderId,
    event: EventId,
    zone: &str,
) -> Option<Begun> {
    let hold = read(headers)?;
    let asked = async {
        let order = shop.purchase.of_hold(hold, holder).await.ok()??;
        shop.purchase.order(order, holder).await.ok()
    };
    let order = tokio::time::timeout(ASKED_WITHIN, asked).await.ok()??;
    if order.event == event { words(&order, zone) } else { None }
}

fn read(headers: &HeaderMap) -> Option<HoldId> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';'));
    pairs.find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('=')?.parse().ok())
}

fn words(order: &OrderRecord, zone: &str) -> Option<Begun> {
    let href = |id: OrderId| format!("/orders/{id}");
    let places = order.lines.len();
    match order.status {
        OrderStatus::Pending | OrderStatus::Closing => {
            let until = (order.now < order.expires_at).then(|| when::clock_time(order.expires_at, zone));
            let until = until.map(|until| format!(" until {until}")).unwrap_or_default();
            let what = if places == 1 { "One place is" } else { "Your places are" };
            let text = format!("{what} kept{until}, and not paid yet.");
            Some(Begun { text, href: href(order.id), label: "Go on paying".into(), is_paid: false })
        }
        OrderStatus::Paid | OrderStatus::PartlyRefunded => {
            let text = "You have bought tickets for this event.".to_owned();
            Some(Begun { text, href: href(order.id), label: "See your tickets".into(), is_paid: true })
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
        let hold = HoldId::mint(domain::time::Millis(1_795_000_000_000), [7; 10]);
        assert_eq!(read(&with(&format!("a=b; {COOKIE}={hold}; c=d"))), Some(hold));
        for odd in [format!("{COOKIE}=x"), format!("{COOKIE}s={hold}"), format!("x{COOKIE}={hold}"), COOKIE.to_owned()]
        {
            assert_eq!(read(&with(&odd)), None, "{odd}");
        }
    }
}
