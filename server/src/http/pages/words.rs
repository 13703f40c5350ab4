//! Facts of an event as the words that pages show.

use app::api::holds::HoldView;
use app::components::notice::{Notice, Tone};
use app::components::price;
use app::components::when::When;
use app::pages::checkout::Basket;
use app::pages::event::TierRow;
use app::pages::home::{EventRow, Offer};
use domain::order::OrderStatus;
use domain::time::{MINUTE, Millis};
use serde_json::Value;

use crate::availability::Seen;
use crate::catalog::types::{Event, Status, Summary, Tier};
use crate::catalog::view;
use crate::http::when;
use crate::purchase::OrderRecord;
use crate::purchase::types::EventFacts;

/// Fewer than one place in so many left is worth saying.
const FEW: u32 = 10;

/// Where the store of holds does not answer.
pub(super) fn basket_unknown() -> Notice {
    let text = "We cannot see your basket just now. What you hold stays yours until its time is over: load the page again \
                in a moment.";
    Notice::new(Tone::Care, text)
}

/// Where every place is somebody's.
pub(super) fn sold_out(may_come_back: bool) -> Notice {
    let text = if may_come_back {
        "Everything is sold or reserved just now. A place may come back."
    } else {
        "Nothing is left to buy."
    };
    Notice::new(Tone::Care, text)
}

/// `about 8 more minutes`: so much time there is for so many milliseconds, wherever somebody is.
pub(super) fn about_more(left: i64) -> String {
    match left / MINUTE {
        ..1 => "less than a minute".into(),
        1 => "about one more minute".into(),
        minutes => format!("about {minutes} more minutes"),
    }
}

/// `20:41, Hamburg time`: when what is held of an event goes back.
pub(super) fn until(end: Millis, event: &Summary) -> String {
    when::until(end, &event.venue.time_zone, &event.venue.city)
}

/// `about 8 more minutes, until 20:41, Hamburg time`: how long an order's places are kept; nothing where they are being
/// given back.
pub(super) fn kept_for(order: &OrderRecord, event: &EventFacts) -> String {
    let left = order.expires_at.since(order.now);
    if order.status != OrderStatus::Pending || left <= 0 {
        return String::new();
    }
    format!("{}, until {}", about_more(left), when::until(order.expires_at, &event.time_zone, &event.city))
}

/// `Harbour Arena, Hamburg`.
pub(super) fn place(event: &Summary) -> String {
    view::place(&event.venue.name, &event.venue.city)
}

pub(super) fn starts(event: &Summary) -> When {
    when::when(event.starts_at, &event.venue.time_zone, &event.venue.city)
}

/// Whether every place is somebody's: by the books, or by what is held besides where somebody looks.
pub(super) fn is_sold_out(event: &Summary, seen: Option<&Seen>) -> bool {
    match event.status {
        Status::OnSale => event.from_price.is_none() || seen.is_some_and(|seen| seen.total_left() == 0),
        status => status == Status::SoldOut,
    }
}

/// Whether places are held, or ordered and not paid for: those may come back.
fn may_come_back(tiers: &[Tier], seen: Option<&Seen>) -> bool {
    let stands = |tier: &Tier| tier.category.is_none() && left(seen, tier) < tier.available();
    seen.is_some_and(Seen::is_held) || tiers.iter().any(|tier| tier.reserved > 0 || stands(tier))
}

/// What can be had, the same wherever it is told. The list knows the `tiers` of what is sold out alone.
pub(super) fn offer(event: &Summary, tiers: &[Tier], seen: Option<&Seen>) -> Offer {
    if is_sold_out(event, seen) {
        return Offer::SoldOut { may_come_back: may_come_back(tiers, seen) };
    }
    match (event.status, event.from_price) {
        (Status::OnSale, Some(price)) => {
            let all = tiers.iter().fold(0_u32, |sum, tier| sum.saturating_add(tier.quantity));
            let few = event.available.saturating_mul(FEW) < all;
            if price.amount == 0 { Offer::Free { few } } else { Offer::From { price: price.to_string(), few } }
        }
        (Status::Paused, _) => Offer::Paused,
        (Status::OnSale, None) | (Status::SoldOut, _) => Offer::SoldOut { may_come_back: false },
        (Status::Announced, _) => Offer::Opens {
            at: event
                .opens_at
                .map_or_else(|| "a date to be told".to_owned(), |at| when::short(at, &event.venue.time_zone)),
        },
        (Status::Postponed, _) => Offer::Postponed,
        (Status::Cancelled, _) => Offer::Cancelled,
        (Status::Past, _) => Offer::Past,
    }
}

/// A row of the list, given what can be had.
pub(super) fn row(event: &Summary, offer: Offer) -> EventRow {
    EventRow {
        slug: event.slug.clone(),
        title: event.title.clone(),
        starts: starts(event),
        doors: None,
        place: place(event),
        standing: event.category == "club_night",
        offer,
    }
}

/// What is left of a tier. Held places are not to be had now; where nobody knows, the books alone tell.
pub(super) fn left(seen: Option<&Seen>, tier: &Tier) -> u32 {
    let live = seen.and_then(|seen| seen.left.iter().find(|(id, _)| *id == tier.id));
    live.map_or(tier.available(), |(_, left)| tier.available().min(*left))
}

/// A price tier's row, as of `now`, with `left` places to be had.
pub(super) fn tier(tier: &Tier, left: u32, zone: &str, now: Millis) -> TierRow {
    let opens = tier.sale.opens_at.filter(|opens| now < *opens);
    let over = tier.sale.closes_at.is_some_and(|closes| now >= closes);
    let (words, closed) = match opens {
        Some(opens) => (format!("from {}", when::short(opens, zone)), true),
        None if tier.sold >= tier.quantity => ("sold out".to_owned(), true),
        None if over => ("sale over".to_owned(), true),
        None if left == 0 => ("all held just now".to_owned(), true),
        None if left.saturating_mul(FEW) < tier.quantity => ("few left".to_owned(), false),
        None => (String::new(), false),
    };
    TierRow { name: tier.name.clone(), price: price(tier.price.total), zone: tier.category, left: words, closed }
}

/// The lines of the flexible part that help a visitor.
pub(super) fn notes(event: &Event) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(limit) = event.max_per_person {
        let places = if limit == 1 { "ticket" } else { "tickets" };
        lines.push(format!("At most {limit} {places} a person, over all orders"));
    }
    if let Some(age) = event.details.get("age").and_then(Value::as_u64) {
        lines.push(if age == 0 { "All ages welcome".to_owned() } else { format!("From {age} years") });
    } else if let Some(age) = event.details.get("age").and_then(Value::as_str) {
        lines.push(age.to_owned());
    }
    for name in ["rules", "amenities", "notes"] {
        match event.details.get(name) {
            Some(Value::Array(items)) => lines.extend(items.iter().filter_map(Value::as_str).map(str::to_owned)),
            Some(Value::String(line)) => lines.push(line.clone()),
            _ => {}
        }
    }
    lines.truncate(30);
    lines
}

/// Who plays, where it is said.
pub(super) fn artist(event: &Event) -> String {
    event
        .details
        .get("artist")
        .and_then(Value::as_str)
        .filter(|name| *name != event.summary.title)
        .unwrap_or_default()
        .to_owned()
}

/// A held basket.
pub(super) fn held_basket(event: &Event, hold: &HoldView, lines: &[domain::price::Line]) -> Basket {
    let currency = event.currency;
    let of = |part: fn(&domain::price::Price) -> i64| {
        let sum = lines.iter().map(|line| part(&line.unit).saturating_mul(i64::from(line.quantity))).sum();
        domain::money::Money::new(sum, currency).to_string()
    };
    Basket {
        title: event.summary.title.clone(),
        starts: starts(&event.summary),
        doors: event.doors_at.map(|at| when::clock_time(at, &event.summary.venue.time_zone)),
        place: place(&event.summary),
        lines: hold.lines.iter().map(|line| (label(&line.label, line.quantity), price(line.total))).collect(),
        fees: of(|price| price.fee),
        tax: of(|price| price.tax),
        total: price(hold.total),
        free: hold.total.amount == 0,
    }
}

/// An ordered basket.
pub(super) fn ordered_basket(event: &EventFacts, order: &OrderRecord) -> Basket {
    let currency = order.totals.total.currency;
    let money = |amount| price(domain::money::Money::new(amount, currency));
    let lines = order
        .lines
        .iter()
        .map(|line| {
            let total = line.unit.total.amount.saturating_mul(i64::from(line.quantity));
            (label(&line.label, line.quantity), money(total))
        })
        .collect();
    Basket {
        title: event.title.clone(),
        starts: when::when(event.starts_at, &event.time_zone, &event.city),
        doors: event.doors_at.map(|at| when::clock_time(at, &event.time_zone)),
        place: view::place(&event.venue, &event.city),
        lines,
        fees: money(order.totals.fees),
        tax: money(order.totals.tax),
        total: price(order.totals.total),
        free: order.totals.total.amount == 0,
    }
}

fn label(words: &str, quantity: u32) -> String {
    if quantity == 1 { words.to_owned() } else { format!("{quantity} × {words}") }
}

#[cfg(test)]
mod tests {
    use domain::availability::{Message, Packed};
    use domain::ids::{EventId, TierId};
    use domain::money::{Currency, Money};
    use domain::price::Price;
    use domain::rules::Window;
    use domain::seat::{SeatId, SeatState};

    use super::*;
    use crate::catalog::types::Place;

    const NOW: Millis = Millis(1_795_000_000_000);

    /// A standing tier of 20 places, so many of which are sold and ordered.
    fn floor(sold: u32, reserved: u32) -> Tier {
        Tier {
            id: TierId::mint(NOW, [1; 10]),
            name: "Floor".into(),
            category: None,
            price: Price { net: 2_000, fee: 0, tax: 0, total: Money::new(2_000, Currency::EUR) },
            quantity: 20,
            sold,
            reserved,
            min_purchase: 1,
            max_purchase: 10,
            sale: Window::default(),
        }
    }

    fn summary(tier: &Tier) -> Summary {
        let left = tier.available();
        let venue =
            Place { name: "Hall".into(), city: "Ulm".into(), country: "DE".into(), time_zone: "Europe/Berlin".into() };
        Summary {
            id: EventId::mint(NOW, [2; 10]),
            slug: "a-night".into(),
            title: "A night".into(),
            category: "club_night".into(),
            status: if left == 0 { Status::SoldOut } else { Status::OnSale },
            starts_at: NOW,
            ends_at: None,
            venue,
            from_price: (left > 0).then_some(tier.price.total),
            available: left,
            opens_at: None,
        }
    }

    /// What is seen where so many standing places are neither held nor sold, beside one seat in this state.
    fn seen(tier: &Tier, left: u32, seat: SeatState) -> Seen {
        let mut states = Packed::free(1);
        states.set(SeatId(0), seat);
        Seen::new(Message { epoch: 1, sequence: 1, states }, vec![(tier.id, left)])
    }

    #[test]
    fn what_is_held_to_the_last_place_is_sold_out_wherever_it_is_told_and_may_come_back() {
        let said = |sold, reserved, held: u32, seat| {
            let tier = floor(sold, reserved);
            let seen = seen(&tier, tier.available() - held, seat);
            let page = offer(&summary(&tier), std::slice::from_ref(&tier), Some(&seen));
            assert_eq!(is_sold_out(&summary(&tier), Some(&seen)), matches!(page, Offer::SoldOut { .. }));
            page
        };
        let gone = |may_come_back| Offer::SoldOut { may_come_back };
        assert_eq!(said(12, 0, 8, SeatState::Sold), gone(true), "the last are held");
        assert_eq!(said(12, 8, 0, SeatState::Sold), gone(true), "the last are ordered and not paid for");
        assert_eq!(said(20, 0, 0, SeatState::Held), gone(true), "a seat is held");
        assert_eq!(said(20, 0, 0, SeatState::Sold), gone(false), "all is paid for");
        assert_eq!(said(12, 0, 7, SeatState::Sold), Offer::From { price: "€20.00".into(), few: false });
        // Where nobody looks the books alone tell.
        let (some, none) = (floor(12, 0), floor(20, 0));
        assert_eq!(offer(&summary(&some), &[], None), Offer::From { price: "€20.00".into(), few: false });
        assert_eq!(offer(&summary(&none), std::slice::from_ref(&none), None), gone(false));
    }
}
