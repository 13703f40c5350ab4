//! Sample data: every page in its telling states; what is seldom met stands beside it.

use app::components::notice::{Notice, Tone};
use app::components::when::When;
use app::islands::checkout_clock::ClockProps;
use app::islands::picker::PickerData;
use app::pages::checkout::{Basket, CheckoutPage, Typed};
use app::pages::home::{Chip, EventRow, HomePage, Offer};
use app::pages::{Frame, checkout, event, home, mail, order, pay, render, seats, ticket};

use crate::samples_seats::{picker, seat_list};
use crate::samples_states::seldom;

pub(crate) fn frame() -> Frame {
    Frame {
        css: "parterre.css".into(),
        pages: "pages.css".into(),
        font: "display.woff2".into(),
        icon: "favicon.svg".into(),
        js: "parterre.js".into(),
        wasm: "parterre.wasm".into(),
        live: "/assets/HASH/live.js".into(),
    }
}

pub(crate) fn when(weekday: &str, day: &str, month: &str, time: &str) -> When {
    let short = &month[..3];
    When {
        weekday: weekday.into(),
        day: day.into(),
        month: format!("{month} 2026"),
        date: format!("{weekday}day {day} {month} 2026"),
        short: format!("{weekday} {day} {short}"),
        time: time.into(),
        iso: format!("2026-11-{day:0>2}T{time}:00+01:00"),
        zone: "Hamburg time (CET)".into(),
    }
}

pub(crate) fn row(title: &str, place: &str, starts: When, doors: Option<&str>, offer: Offer) -> EventRow {
    EventRow {
        slug: title.to_lowercase().replace([' ', ':'], "-"),
        title: title.into(),
        starts,
        doors: doors.map(Into::into),
        place: place.into(),
        standing: title.starts_with("Basement"),
        offer,
    }
}

fn from(price: &str, few: bool) -> Offer {
    Offer::From { price: price.into(), few }
}

pub(crate) fn events() -> Vec<EventRow> {
    vec![
        row(
            "Night Trains: the farewell tour",
            "Harbour Arena, Hamburg",
            when("Fri", "27", "November", "20:00"),
            Some("18:30"),
            from("€48.50", false),
        ),
        row(
            "The Cherry Orchard",
            "Court Theatre, Weimar",
            when("Sat", "28", "November", "19:30"),
            None,
            from("€19.00", true),
        ),
        row(
            "Basement Assembly",
            "Kesselhaus, Berlin",
            when("Sun", "29", "November", "23:00"),
            Some("22:00"),
            Offer::SoldOut { may_come_back: true },
        ),
        row(
            "City against Rovers",
            "Northern Bowl, Leeds",
            when("Wed", "2", "December", "20:15"),
            None,
            from("£22.00", false),
        ),
        row(
            "St Matthew Passion",
            "Philharmonic Hall, Vienna",
            when("Sat", "12", "December", "18:00"),
            None,
            Offer::Opens { at: "Mon 30 Nov, 10:00".into() },
        ),
    ]
}

pub(crate) fn home_page(query: &str, events: Vec<EventRow>) -> HomePage {
    let chip = |label: &str, current| Chip { label: label.into(), href: format!("/?category={label}"), current };
    HomePage {
        query: query.into(),
        chips: vec![
            chip("Everything", true),
            chip("Concerts", false),
            chip("Theatre", false),
            chip("Sport", false),
            chip("This weekend", false),
        ],
        next: events.first().cloned(),
        events,
        more: None,
    }
}

pub(crate) fn seats_page(picker: PickerData, list: bool) -> seats::SeatsPage {
    seats::SeatsPage {
        title: "Night Trains: the farewell tour".into(),
        starts: when("Fri", "27", "November", "20:00"),
        place: "Harbour Arena, Hamburg".into(),
        begun: None,
        picker,
        list: list.then(seat_list),
    }
}

pub(crate) fn basket() -> Basket {
    Basket {
        title: "Night Trains: the farewell tour".into(),
        starts: when("Fri", "27", "November", "20:00"),
        doors: Some("18:30".into()),
        place: "Harbour Arena, Hamburg".into(),
        lines: vec![
            ("Block 212, row F, seat 15".into(), "€69.00".into()),
            ("Block 212, row F, seat 16".into(), "€69.00".into()),
        ],
        fees: "€9.00".into(),
        tax: "€9.03".into(),
        total: "€138.00".into(),
        free: false,
    }
}

pub(crate) fn checkout_page(typed: Typed, notice: Option<Notice>) -> CheckoutPage {
    CheckoutPage {
        slug: "night-trains".into(),
        basket: basket(),
        action: "/checkout/1".into(),
        clock: ClockProps {
            hold: "1".into(),
            remaining_ms: 432_000,
            extensions_left: 1,
            over: "/".into(),
            until: "20:41, Hamburg time".into(),
        },
        typed,
        notice,
        only_card: false,
        accept_total: 13_800,
        test_cards: true,
    }
}

pub(crate) fn event_page(offer: Offer) -> event::EventPage {
    let tier = |name: &str, price: &str, zone, left: &str, closed| event::TierRow {
        name: name.into(),
        price: price.into(),
        zone,
        left: left.into(),
        closed,
    };
    event::EventPage {
        slug: "night-trains".into(),
        title: "Night Trains: the farewell tour".into(),
        artist: "Night Trains, with the Harbour Strings".into(),
        starts: when("Fri", "27", "November", "20:00"),
        doors: Some("18:30".into()),
        venue: "Harbour Arena".into(),
        address: "Am Hafen 1, 20457 Hamburg".into(),
        description: vec![
            "After nineteen years on rails, five albums and one derailment, Night Trains play their last tour in the halls that made them.".into(),
            "They bring the string section of the second album, and the whole of the first.".into(),
        ],
        notes: vec!["From 12 years; under 16 with an adult".into(), "Bags up to A4".into(), "Step-free places in blocks 110 and 111".into()],
        offer,
        seated: true,
        tiers: vec![
            tier("Front", "€92.00", Some(2), "few left", false),
            tier("Middle tier", "€69.00", Some(1), "", false),
            tier("Upper tier", "€48.50", Some(0), "", false),
            tier("Standing floor", "€55.00", None, "sold out", true),
        ],
        notice: None,
    }
}

/// A picture that looks like a QR code; the real one is the server's.
fn qr() -> String {
    let (mut path, mut seed) = (String::new(), 9_u64);
    for y in 0..33 {
        for x in 0..33 {
            seed = seed * 16_807 % 2_147_483_647;
            if seed % 100 < 48 {
                path.push_str(&format!("M{x} {y}h1v1h-1z"));
            }
        }
    }
    format!("<svg viewBox=\"-2 -2 37 37\" shape-rendering=\"crispEdges\"><path d=\"{path}\"/></svg>")
}

pub(crate) fn ticket_page(spent: Option<&str>, standing: bool) -> ticket::TicketPage {
    let facts: &[(&str, &str)] =
        if standing { &[("Tier", "Standing floor")] } else { &[("Block", "212"), ("Row", "F"), ("Seat", "15")] };
    ticket::TicketPage {
        title: "Night Trains: the farewell tour".into(),
        starts: when("Fri", "27", "November", "20:00"),
        doors: Some("18:30".into()),
        place: "Harbour Arena, Hamburg".into(),
        holder: "Sample Buyer".into(),
        number: (1, 2),
        facts: facts.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect(),
        note: "Middle tier · aisle".into(),
        code: "K7QM-2F9D".into(),
        qr: qr(),
        spent: spent.map(Into::into),
        pdf: "/tickets/x.pdf".into(),
        calendar: "/tickets/x.ics".into(),
        before: None,
        after: Some("/tickets/y".into()),
    }
}

pub(crate) fn stubs() -> Vec<order::TicketStub> {
    let stub = |seat: &str, code: &str| order::TicketStub {
        href: "/tickets/x".into(),
        place: format!("Row F, seat {seat}"),
        detail: "Block 212 · Middle tier".into(),
        code: code.into(),
    };
    vec![stub("15", "K7QM-2F9D"), stub("16", "Q2XH-8M4T")]
}

/// Every page by name.
pub(crate) fn all() -> Vec<(&'static str, String)> {
    let f = &frame();
    let wrong_typed = Typed {
        name: "Zoë <b> \"Sample\"".into(),
        email: "buyer@example".into(),
        email_error: Some("This looks unfinished: is it buyer@example.org?".into()),
        card: "4242 4242".into(),
        card_error: Some("A card number has 12 to 19 digits; this one has 8.".into()),
        expiry: "12 / 28".into(),
        ..Typed::default()
    };
    let declined = Notice::new(
        Tone::Bad,
        "Your bank declined the card: there is too little money on it. Nothing was charged and your seats are still yours. Use another card, or try again.",
    );
    let mut pages = vec![
        ("home", render(|| home::page(f, home_page("", events())))),
        ("home-search", render(|| home::page(f, home_page("orchard", events()[1..2].to_vec())))),
        ("home-empty", render(|| home::page(f, home_page("zzz", Vec::new())))),
        ("event", render(|| event::page(f, event_page(from("€48.50", false))))),
        ("event-sold-out", render(|| event::page(f, event_page(Offer::SoldOut { may_come_back: false })))),
        ("event-held", render(|| event::page(f, event_page(Offer::SoldOut { may_come_back: true })))),
        ("seats", render(|| seats::page(f, seats_page(picker(false, true), true)))),
        ("seats-held", render(|| seats::page(f, seats_page(picker(true, true), true)))),
        ("seats-list", render(|| seats::page(f, seats_page(picker(true, true), true)))),
        ("seats-standing", render(|| seats::page(f, seats_page(picker(true, false), false)))),
        ("checkout", render(|| checkout::page(f, checkout_page(Typed::default(), None)))),
        ("checkout-errors", render(|| checkout::page(f, checkout_page(wrong_typed, None)))),
        (
            "checkout-declined",
            render(|| {
                checkout::page(f, CheckoutPage { only_card: true, ..checkout_page(Typed::default(), Some(declined)) })
            }),
        ),
        (
            "pay-challenge",
            render(|| {
                pay::challenge(
                    f,
                    pay::ChallengePage {
                        action: "/pay/test/1".into(),
                        amount: "€138.00".into(),
                        title: "Night Trains: the farewell tour".into(),
                        kept_for: "about 8 more minutes, until 20:41, Hamburg time".into(),
                    },
                )
            }),
        ),
        (
            "pay-processing",
            render(|| {
                pay::processing(
                    f,
                    pay::ProcessingPage {
                        amount: "€138.00".into(),
                        email: "buyer@example.org".into(),
                        waited: 3,
                        kept_for: "about 8 more minutes, until 20:41, Hamburg time".into(),
                        here: "/orders/1".into(),
                    },
                )
            }),
        ),
        (
            "order",
            render(|| {
                order::page(
                    f,
                    order::OrderPage {
                        number: "7F3K-29QD".into(),
                        email: "buyer@example.org".into(),
                        basket: basket(),
                        tickets: stubs(),
                        calendar: Some("/c.ics".into()),
                        pdf: Some("/t.pdf".into()),
                        notice: None,
                    },
                )
            }),
        ),
        ("ticket", render(|| ticket::page(f, ticket_page(None, false)))),
        ("ticket-used", render(|| ticket::page(f, ticket_page(Some("Used on Fri 27 Nov at 19:12"), true)))),
        (
            "mail",
            render(|| {
                mail::list(
                    f,
                    vec![mail::LetterRow {
                        href: "/dev/mail/1".into(),
                        subject: "Your tickets for Night Trains".into(),
                        to: "buyer@example.org".into(),
                        at: "Sat 21 Nov, 14:03".into(),
                    }],
                )
            }),
        ),
        (
            "letter",
            render(|| {
                mail::letter(
                    f,
                    mail::LetterPage {
                        subject: "Your tickets for Night Trains".into(),
                        to: "buyer@example.org".into(),
                        at: "Sat 21 Nov, 14:03".into(),
                        text: "Dear Sample Buyer,\n\nhere are your tickets.\n\nParterre".into(),
                        attachments: vec![("tickets.pdf".into(), "/dev/mail/1/tickets.pdf".into())],
                    },
                )
            }),
        ),
    ];
    pages.extend(seldom());
    pages
}
