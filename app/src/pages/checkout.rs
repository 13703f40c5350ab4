//! Checkout for a guest: who, which card, what it costs, how long the seats are kept.

use leptos::prelude::*;

use super::shell::{Frame, Head, document, reading};
use crate::components::field::{Field, field};
use crate::components::notice::{Notice, notice, offline};
use crate::components::when::{self, When};
use crate::components::{Icon, icon};
use crate::islands::checkout_clock::{CheckoutClock, ClockProps, face};

/// Everything the checkout shows.
#[derive(Clone, Debug, Default)]
pub struct CheckoutPage {
    /// The event's address part.
    pub slug: String,
    /// What is bought.
    pub basket: Basket,
    /// Where the form is sent: `/checkout/{hold}`, or `/orders/{id}/pay` when an order exists and its card was declined.
    pub action: String,
    /// The clock.
    pub clock: ClockProps,
    /// What was typed, and what is wrong with it.
    pub typed: Typed,
    /// A declined card, a changed price: shown above the form.
    pub notice: Option<Notice>,
    /// Name and mail are settled (an order exists): only the card is asked for.
    pub only_card: bool,
    /// Test cards pay here: they are listed.
    pub test_cards: bool,
    /// The total in minor units, as agreed by pressing the button.
    pub accept_total: i64,
}

/// Lines and sums, formatted.
#[derive(Clone, Debug, Default)]
pub struct Basket {
    /// Title.
    pub title: String,
    /// Start.
    pub starts: When,
    /// `18:30`.
    pub doors: Option<String>,
    /// `Harbour Arena, Hamburg`.
    pub place: String,
    /// Words and total of each line.
    pub lines: Vec<(String, String)>,
    /// Fees inside the total.
    pub fees: String,
    /// Tax inside the total.
    pub tax: String,
    /// What is paid.
    pub total: String,
    /// There is nothing to pay.
    pub free: bool,
}

/// The form's text and its errors.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    /// Name.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// Card number.
    pub card: String,
    /// `MM / YY`.
    pub expiry: String,
    /// Never sent back by the server.
    pub code: String,
    /// What is wrong with the name.
    pub name_error: Option<String>,
    /// What is wrong with the mail address.
    pub email_error: Option<String>,
    /// What is wrong with the card number.
    pub card_error: Option<String>,
    /// What is wrong with the expiry.
    pub expiry_error: Option<String>,
    /// What is wrong with the code.
    pub code_error: Option<String>,
}

impl Typed {
    fn first_wrong(&self) -> Option<&'static str> {
        [
            ("name", &self.name_error),
            ("email", &self.email_error),
            ("card", &self.card_error),
            ("expiry", &self.expiry_error),
            ("code", &self.code_error),
        ]
        .into_iter()
        .find_map(|(name, error)| error.is_some().then_some(name))
    }
}

/// The page.
pub fn page(frame: &Frame, data: CheckoutPage) -> impl IntoView + use<> {
    let wrong = data.typed.first_wrong();
    let title = if wrong.is_some() { "Please check your details" } else { "Checkout" };
    let head = Head { title: title.into(), class: "page-checkout", islands: true, ..Head::default() };
    let back = format!("/events/{}/seats", data.slug);
    let (total, free) = (data.basket.total.clone(), data.basket.free);
    let (heading, lead) = if data.only_card {
        ("Your seats are safe", "Try again, or use another card. Nothing was charged.")
    } else {
        ("Almost yours", "No account needed. Your tickets come by email at once.")
    };
    let over = data.clock.over.clone();
    let summary = summary(&data.basket, data.clock);
    let button = if free {
        view! { {icon(Icon::TICKET)}"Get your tickets" }.into_any()
    } else {
        view! { {icon(Icon::LOCK)}"Pay "<span class="num">{total}</span> }.into_any()
    };
    let small = if free {
        "There is nothing to pay, so no card is needed."
    } else {
        "You pay exactly this; fees and tax are inside. If the card is declined your seats stay yours while the clock runs."
    };
    let people = (!data.only_card).then(|| people(&data.typed, wrong));
    let content = view! {
        <div class="grid">
            <div>
                <h1>{heading}</h1>
                <p class="muted">{lead}</p>
                <form class="fields" method="post" action=data.action novalidate=wrong.is_some()>
                    {data.notice.map(notice)}
                    {people}
                    {(!free).then(|| card(&data.typed, wrong, data.test_cards))}
                    <input type="hidden" name="accept_total" value=data.accept_total.to_string()/>
                    <input type="hidden" name="over" value=over/>
                    {offline()}
                    <button class="btn wide big">{button}</button>
                    <p class="eyebrow">{small}</p>
                </form>
            </div>
            {summary}
        </div>
    };
    document(frame, head, reading(Some((back, "Back to the seats")), content))
}

fn people(typed: &Typed, wrong: Option<&str>) -> impl IntoView + use<> {
    view! {
        <div class="two">
            {field(Field {
                name: "name",
                label: "Name",
                kind: "text",
                autocomplete: "name",
                max: 200,
                value: typed.name.clone(),
                error: typed.name_error.clone(),
                focus: wrong == Some("name"),
                ..Field::default()
            })}
            {field(Field {
                name: "email",
                label: "Email",
                kind: "email",
                autocomplete: "email",
                hint: "Your tickets go there.",
                max: 254,
                value: typed.email.clone(),
                error: typed.email_error.clone(),
                focus: wrong == Some("email"),
                ..Field::default()
            })}
        </div>
    }
}

fn card(typed: &Typed, wrong: Option<&str>, test: bool) -> impl IntoView + use<> {
    view! {
        <fieldset class="card cardbox">
            <legend>"Card"</legend>
            {field(Field {
                name: "card",
                label: "Card number",
                kind: "text",
                autocomplete: "cc-number",
                inputmode: "numeric",
                placeholder: "1234 1234 1234 1234",
                max: 23,
                value: typed.card.clone(),
                error: typed.card_error.clone(),
                focus: wrong == Some("card"),
                ..Field::default()
            })}
            <div class="two tight">
                {field(Field {
                    name: "expiry",
                    label: "Expiry",
                    kind: "text",
                    autocomplete: "cc-exp",
                    inputmode: "numeric",
                    placeholder: "MM / YY",
                    max: 9,
                    value: typed.expiry.clone(),
                    error: typed.expiry_error.clone(),
                    focus: wrong == Some("expiry"),
                    ..Field::default()
                })}
                {field(Field {
                    name: "code",
                    label: "Security code",
                    kind: "text",
                    autocomplete: "cc-csc",
                    inputmode: "numeric",
                    placeholder: "CVC",
                    max: 4,
                    value: typed.code.clone(),
                    error: typed.code_error.clone(),
                    focus: wrong == Some("code"),
                    ..Field::default()
                })}
            </div>
            {test.then(test_cards)}
        </fieldset>
    }
}

/// The test provider's cards (any expiry to come, any code).
const TEST_CARDS: [(&str, &str); 8] = [
    ("4242 4242 4242 4242", "pays"),
    ("4000 0027 6000 3184", "asks for 3-D Secure"),
    ("4000 0000 0000 0002", "is declined"),
    ("4000 0000 0000 9995", "has too little money"),
    ("4000 0000 0000 0069", "has expired"),
    ("4000 0000 0000 0077", "answers late"),
    ("4000 0000 0000 0119", "fails at the bank"),
    ("4000 0000 0000 0341", "never answers"),
];

fn test_cards() -> impl IntoView {
    let cards = TEST_CARDS
        .into_iter()
        .map(|(number, does)| view! { <li><code>{number}</code><span class="muted">{does}</span></li> })
        .collect_view();
    view! {
        <details>
            <summary>"Test payments: no money moves. Show test cards"</summary>
            <ul class="cards">{cards}</ul>
        </details>
    }
}

/// What is bought, beside the form.
fn summary(basket: &Basket, clock: ClockProps) -> impl IntoView + use<> {
    let doors = basket.doors.clone().map(|doors| format!(" (doors {doors})"));
    view! {
        <aside class="card sum" aria-label="Your order">
            <CheckoutClock>{face(clock)}</CheckoutClock>
            <div>
                <h2>{basket.title.clone()}</h2>
                <p class="muted">{when::short(&basket.starts)}{doors}<br/>{basket.place.clone()}</p>
            </div>
            {lines(basket)}
        </aside>
    }
}

/// The lines and what they come to; also on the order's page.
pub(super) fn lines(basket: &Basket) -> impl IntoView + use<> {
    let items = basket
        .lines
        .iter()
        .map(|(label, price)| view! { <li><span>{label.clone()}</span><span class="num">{price.clone()}</span></li> })
        .collect_view();
    let parts = (!basket.free).then(|| {
        view! {
            <li class="muted lesser"><span>"of which service fee"</span><span class="num">{basket.fees.clone()}</span></li>
            <li class="muted lesser"><span>"of which tax"</span><span class="num">{basket.tax.clone()}</span></li>
        }
    });
    view! {
        <div>
            <ul class="lines">{items}</ul>
            <ul class="lines parts">
                {parts}
                <li class="all"><span>"Total"</span><b class="price">{basket.total.clone()}</b></li>
            </ul>
        </div>
    }
}
