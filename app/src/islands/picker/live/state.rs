//! What the picker knows, in one place.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::Waker;

use domain::ids::TierId;
use domain::money::{Currency, Money};
use domain::price::Price;
use domain::rules::{Tier, Window};

use super::super::held::{Held, HeldLine};
use super::map::Pass;
use crate::components::price;
use crate::islands::browser::{Json, now};

/// What is wished for.
#[derive(Clone, Default)]
pub(super) struct Wish {
    pub(super) seats: Vec<u32>,
    pub(super) standing: Vec<(String, u32)>,
    /// Best available, so many.
    pub(super) best: Option<u32>,
}

impl Wish {
    /// Nothing is offered.
    pub(super) fn is_empty(&self) -> bool {
        self.seats.is_empty() && self.standing.is_empty()
    }
}

/// The picker.
#[derive(Default)]
pub(super) struct Picker {
    pub(super) slug: String,
    pub(super) geometry: String,
    pub(super) availability: String,
    pub(super) stream: String,
    /// How long what is chosen is kept, in words.
    pub(super) kept: String,
    /// The tiers as the rules want them, ids by position: the rules only compare them. Each is on sale: a page may be
    /// hours old, have slept, or know an older window than the server.
    pub(super) tiers: Rc<Vec<Tier>>,
    /// What the server calls them, in the same order.
    pub(super) names: Vec<String>,
    /// How many are left of each besides one's own, and how many could be chosen when that was shown last.
    pub(super) stock: Vec<(u32, Option<u32>)>,
    pub(super) most: u32,
    pub(super) quantity: u32,
    pub(super) hold: Option<Held>,
    /// When the hold ends, on the browser's own clock.
    pub(super) ends: f64,
    /// What the clock showed last.
    pub(super) left: i64,
    /// It was said that the time is short.
    pub(super) warned: bool,
    /// What one press takes: seats that were offered, beside the standing places that were asked for with them, or what was
    /// lost when time `ran_out`.
    pub(super) again: Wish,
    pub(super) ran_out: bool,
    /// What was asked last without an answer that tells anything, and its key: asked again, it is the same wish.
    pub(super) unsure: (String, String),
    /// Whoever waits for the next tick.
    pub(super) waiting: Vec<Waker>,
    pub(super) busy: bool,
    /// It is being asked whether what is held still is.
    pub(super) looking: bool,
    /// What is held may be gone: that is asked until there is an answer.
    pub(super) doubt: bool,
    /// The list is behind.
    pub(super) stale: bool,
    pub(super) list: bool,
    pub(super) open: Option<u32>,
    pub(super) pass: Pass,
}

thread_local! {
    // Lives as long as the page. Looked up in one function: made and checked at every look it would be in the client a
    // hundred times.
    static PICKER: &'static RefCell<Picker> = Box::leak(Box::default());
}

#[inline(never)]
fn picker() -> &'static RefCell<Picker> {
    PICKER.with(|picker| *picker)
}

/// Looks at the picker or changes it. Never from within itself.
pub(super) fn with<T>(act: impl FnOnce(&mut Picker) -> T) -> T {
    act(&mut picker().borrow_mut())
}

/// Takes over what the page says.
pub(super) fn begin(data: &Json) {
    let (mut tiers, mut names, mut stock) = (Vec::new(), Vec::new(), Vec::new());
    for tier in data.get("tiers").items() {
        let total = money(&tier.get("price"));
        names.push(tier.get("id").text());
        stock.push((tier.get("available").whole() as u32, None));
        tiers.push(Tier {
            id: TierId(uuid::Uuid::from_u128(names.len() as u128)),
            category: tier.get("category").some().map(|category| category.whole() as u8),
            price: Price { net: total.amount, fee: 0, tax: 0, total },
            min: tier.get("min_purchase").whole() as u32,
            max: tier.get("max_purchase").whole() as u32,
            sale: Window::default(),
        });
    }
    let picker = Picker {
        slug: data.get("slug").text(),
        geometry: data.get("chart").some().map(|chart| chart.get("geometry_url").text()).unwrap_or_default(),
        availability: data.get("availability_url").text(),
        stream: data.get("stream_url").text(),
        kept: data.get("kept").text(),
        tiers: Rc::new(tiers),
        names,
        stock,
        most: data.get("most").whole() as u32,
        quantity: data.get("quantity").whole() as u32,
        ..Picker::default()
    };
    with(|p| {
        *p = picker;
        if let Some(hold) = data.get("hold").some() {
            p.keep(&hold);
            // What the server said is as old as the page.
            p.ends -= now();
        }
    });
}

fn money(json: &Json) -> Money {
    let currency = Currency::new(&json.get("currency").text()).unwrap_or(Currency::EUR);
    Money::new(json.get("amount").whole(), currency)
}

impl Picker {
    /// The seats held, ascending.
    pub(super) fn seats(&self) -> Vec<u32> {
        self.hold.as_ref().map(|hold| hold.seats.clone()).unwrap_or_default()
    }

    /// The standing places held.
    pub(super) fn standing(&self) -> Vec<(String, u32)> {
        self.hold.as_ref().map(|hold| hold.standing.clone()).unwrap_or_default()
    }

    /// Keeps a hold as the server told it.
    pub(super) fn keep(&mut self, hold: &Json) {
        let lines = hold.get("lines").items();
        let lines = lines.iter().map(|line| {
            let tier = line.get("tier").text();
            HeldLine {
                seat: line.get("seat").some().map(|seat| seat.whole() as u32),
                zone: self.tier(&tier).and_then(|tier| tier.category),
                tier,
                tier_name: line.get("tier_name").text(),
                label: line.get("label").text(),
                quantity: line.get("quantity").whole() as u32,
                unit: price(money(&line.get("unit"))),
                total: price(money(&line.get("total"))),
            }
        });
        let held = Held {
            id: hold.get("id").text(),
            remaining_ms: hold.get("remaining_ms").whole(),
            extendable: hold.get("extensions_left").whole() > 0,
            seats: hold.get("seats").items().iter().map(|seat| seat.whole() as u32).collect(),
            standing: hold
                .get("standing")
                .items()
                .iter()
                .map(|s| (s.get("tier").text(), s.get("quantity").whole() as u32))
                .collect(),
            lines: lines.collect(),
            total: price(money(&hold.get("total"))),
        };
        self.ends = now() + held.remaining_ms as f64;
        self.left = held.remaining_ms;
        (self.hold, self.doubt) = (Some(held), false);
    }

    /// The tier that the server calls so.
    pub(super) fn tier(&self, name: &str) -> Option<&Tier> {
        self.tiers.get(self.names.iter().position(|known| known == name)?)
    }

    /// Seats that one press takes, beside standing places; none: nothing is offered.
    pub(super) fn offer(&mut self, seats: Vec<u32>, standing: Vec<(String, u32)>) {
        let standing = if seats.is_empty() { Vec::new() } else { standing };
        (self.again, self.ran_out) = (Wish { seats, standing, best: None }, false);
    }
}
