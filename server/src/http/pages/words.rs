//! Facts of an event as the words that pages show.

use app::api::holds::HoldView;
use app::components::notice::{Notice, Tone};
use app::components::price;
use app::components::when::When;
use app::pages::checkout::Basket;
use app::pages::event::TierRow;
use app::pages::home::{EventRow, Offer};
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
pub(super) fn sold_out() -> Notice {
    Notice::new(Tone::Care, "Everything is sold or reserved just now. A place may come back.")
}

/// `about 8 more minutes`: so much time there is for so many milliseconds, wherever somebody is.
pub(super) fn how_long(left: i64) -> String {
    match left / MINUTE {
        ..1 => "less than a minute".into(),
        1 => "about one more minute".into(),
        minutes => format!("about {minutes} more minutes"),
    }
}

/// `Harbour Arena, Hamburg`.
pub(super) fn place(event: &Summary) -> String {
    view::place(&event.venue.name, &event.venue.city)
}

pub(super) fn starts(event: &Summary) -> When {
    when::when(event.starts_at, &event.venue.time_zone, &event.venue.city)
}

/// What can be had, given how much there was.
pub(super) fn offer(event: &Summary, capacity: Option<u32>) -> Offer {
    match (event.status, event.from_price) {
        (Status::OnSale, Some(price)) => {
            let few = capacity.is_some_and(|all| event.available.saturating_mul(FEW) < all);
            if price.amount == 0 { Offer::Free { few } } else { Offer::From { price: price.to_string(), few } }
        }
        (Status::Paused, _) => Offer::Paused,
        (Status::OnSale, None) | (Status::SoldOut, _) => Offer::SoldOut,
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

pub(super) fn row(event: &Summary) -> EventRow {
    EventRow {
        slug: event.slug.clone(),
        title: event.title.clone(),
        starts: starts(event),
        doors: None,
        place: place(event),
        standing: event.category == "club_night",
        offer: offer(event, None),
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
        None if left == 0 => ("sold out".to_owned(), true),
        None if over => ("sale over".to_owned(), true),
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
