//! Sample data of what is seldom met: events that cannot be bought, orders given back, wrong turns.

use app::components::notice::{Notice, Tone};
use app::islands::picker::PickerData;
use app::pages::checkout::Typed;
use app::pages::home::Offer;
use app::pages::{event, home, order, pay, render, seats, ticket, wrong};

use crate::samples::{
    basket, checkout_page, event_page, events, frame, home_page, row, seats_page, stubs, ticket_page, when,
};
use crate::samples_seats::picker;

/// The pages by name.
pub(crate) fn seldom() -> Vec<(&'static str, String)> {
    [offers(), refusals(), wrong_turns()].concat()
}

/// Events in every state, each by itself and all in the list.
fn offers() -> Vec<(&'static str, String)> {
    let f = &frame();
    let all = [
        ("event-free", Offer::Free { few: true }),
        ("event-opens", Offer::Opens { at: "Mon 30 Nov, 10:00".into() }),
        ("event-paused", Offer::Paused),
        ("event-postponed", Offer::Postponed),
        ("event-cancelled", Offer::Cancelled),
        ("event-past", Offer::Past),
    ];
    let named = |(name, offer): &(&str, Offer)| {
        row(name, "Harbour Arena, Hamburg", when("Fri", "27", "November", "20:00"), None, offer.clone())
    };
    let mut list = events();
    list.extend(all.iter().map(named));
    let mut pages = vec![("home-offers", render(|| home::page(f, home_page("", list))))];
    pages.extend(all.map(|(name, offer)| (name, render(|| event::page(f, event_page(offer))))));
    pages
}

/// Choosing, paying and tickets where something is in the way.
fn refusals() -> Vec<(&'static str, String)> {
    let f = &frame();
    let care = |text: &str, offer: &[u32]| Notice { offer: offer.to_vec(), ..Notice::new(Tone::Care, text) };
    let told = |held, notice| {
        let picker = PickerData { notice: Some(notice), ..picker(held, true) };
        render(|| seats::page(f, seats_page(picker, true)))
    };
    let back = |tone, text: &str, tickets| {
        let page = order::OrderPage {
            number: "7F3K-29QD".into(),
            email: "buyer@example.org".into(),
            basket: basket(),
            tickets,
            calendar: None,
            pdf: None,
            notice: Some(Notice::new(tone, text)),
        };
        render(|| order::page(f, page))
    };
    let begun = |text: &str, label: &str, is_paid| {
        let begun = seats::Begun { text: text.into(), href: "/orders/1".into(), label: label.into(), is_paid };
        let page = seats::SeatsPage { begun: Some(begun), ..seats_page(picker(false, true), true) };
        render(|| seats::page(f, page))
    };
    let unpaid = "Your places are kept until 20:41, Hamburg time (about 8 more minutes), and not paid yet.";
    let busy =
        Notice::new(Tone::Bad, "Many people are buying at this moment. Your seats are safe. Press again in a moment.");
    let waiting = pay::ProcessingPage {
        amount: "€138.00".into(),
        email: "buyer@example.org".into(),
        waited: 25,
        kept_for: "about 8 more minutes, until 20:41, Hamburg time".into(),
        here: "/orders/1".into(),
    };
    vec![
        (
            "seats-offered",
            told(false, care("Four seats are not side by side any more. The closest we found are offered.", &[15, 16])),
        ),
        ("seats-time-over", told(false, care("Your time ran out. Seats that were not paid for went back.", &[]))),
        (
            "seats-bad",
            told(true, Notice::new(Tone::Bad, "We could not reach Parterre. Check your connection and press again.")),
        ),
        ("seats-unpaid", begun(unpaid, "Go on paying", false)),
        ("seats-under-way", begun("Your order for this event is under way.", "See how it stands", false)),
        ("seats-paid", begun("You have tickets for this event.", "See your tickets", true)),
        ("checkout-busy", render(|| app::pages::checkout::page(f, checkout_page(Typed::default(), Some(busy))))),
        ("pay-processing-long", render(|| pay::processing(f, waiting))),
        ("order-refunded", back(Tone::Calm, "This order was refunded in full.", Vec::new())),
        ("order-partly-refunded", back(Tone::Good, "One ticket was given back.", stubs())),
        (
            "ticket-void",
            render(|| ticket::page(f, ticket_page(Some("This ticket is void: it was given back or replaced."), false))),
        ),
    ]
}

fn wrong_turns() -> Vec<(&'static str, String)> {
    use wrong::WrongPage;
    let busy = "Too many requests came from your network. Wait half a minute, then press again.";
    let pages = [
        ("not-found", WrongPage::not_found()),
        ("not-yours", WrongPage::not_yours()),
        ("not-on-sale", WrongPage::not_on_sale("night-trains", None)),
        ("opens", WrongPage::not_on_sale("night-trains", Some("Mon 30 Nov, 10:00"))),
        ("refused", WrongPage::refused("Too many requests", busy, "night-trains")),
        ("sold-out", WrongPage::sold_out("night-trains")),
        ("expired", WrongPage::expired("night-trains", &[15, 16], &[])),
        ("money-back", WrongPage::money_back("night-trains")),
        ("trouble", WrongPage::trouble("7F3K29QD", None)),
        ("trouble-paid", WrongPage::trouble("7F3K29QD", Some("/orders/1"))),
        ("unsure", WrongPage::unsure("the-cherry-orchard")),
        ("checking", WrongPage::checking("/orders/1")),
    ];
    let f = &frame();
    pages.map(|(name, page)| (name, render(|| wrong::page(f, page)))).into()
}
