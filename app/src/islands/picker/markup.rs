//! The parts of the picker that change, as text: basket, notice, list, card.

use super::held::{Held, HeldLine};
use super::words::count;
use crate::components::Icon;
use crate::components::clock::{WARN_BELOW, minutes};
use crate::components::html::Html;
use crate::components::notice::Tone;

const SEATS: [&str; 8] = ["seat z0", "seat z1", "seat z2", "seat z3", "seat z4", "seat z5", "seat z6", "seat z7"];
const EASY: [&str; 8] = [
    "seat easy z0",
    "seat easy z1",
    "seat easy z2",
    "seat easy z3",
    "seat easy z4",
    "seat easy z5",
    "seat easy z6",
    "seat easy z7",
];
const ZONES: [&str; 8] = ["z0", "z1", "z2", "z3", "z4", "z5", "z6", "z7"];

/// A seat in the live list.
pub(super) struct ListSeat {
    pub(super) id: u32,
    pub(super) number: String,
    /// Its total price; empty where it has none.
    pub(super) price: String,
    /// `Seat 15, €69.00, aisle`.
    pub(super) says: String,
    pub(super) zone: u8,
    pub(super) whose: Whose,
    /// It carries the sign.
    pub(super) easy: bool,
    pub(super) gap: bool,
}

/// Whose a seat of the list is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    Nobodys,
    Mine,
    Others,
}

impl ListSeat {
    /// The attributes that change with whose it is; `None` is missing. The element is the same all along: a cursor on
    /// it stays, and a press on it lands, whatever others do meanwhile.
    pub(super) fn attributes(&self) -> [(&'static str, Option<&str>); 5] {
        let (pressed, others) = match self.whose {
            Whose::Nobodys => (Some("false"), None),
            Whose::Mine => (Some("true"), None),
            Whose::Others => (None, Some("true")),
        };
        let class = match (others, self.easy) {
            (None, easy) => (if easy { EASY } else { SEATS })[usize::from(self.zone % 8)],
            (_, true) => "seat easy taken",
            (_, false) => "seat taken",
        };
        [
            ("class", Some(class)),
            ("aria-pressed", pressed),
            ("aria-disabled", others),
            // Still to be heard by a reader, no stop for the tab key.
            ("tabindex", others.map(|_| "-1")),
            ("aria-label", Some(&self.says)),
        ]
    }
}

/// Places that one press takes.
pub(super) struct Offer<'a> {
    /// The event's address part.
    pub(super) slug: &'a str,
    pub(super) seats: &'a [u32],
    /// Standing places with them: the tier's id and how many.
    pub(super) standing: &'a [(String, u32)],
    /// They were one's own a moment ago.
    pub(super) again: bool,
}

/// A notice, and the way to take what it offers.
pub(super) fn notice(tone: Tone, text: &str, offer: &Offer<'_>) -> String {
    let mut html = Html::default();
    if !text.is_empty() {
        html.raw("<div class=\"")
            .raw(tone.class())
            .raw("\">")
            .icon(tone.icon())
            .raw("<p>")
            .text(text)
            .raw("</p></div>");
    }
    if offer.seats.is_empty() && offer.standing.is_empty() {
        return html.done();
    }
    html.raw("<form method=\"post\" data-do=\"again\" action=\"/events/").text(offer.slug);
    html.raw("/hold\"><input type=\"hidden\" name=\"instead\" value=\"1\">");
    for seat in offer.seats {
        html.raw("<input type=\"hidden\" name=\"seat\" value=\"").number(*seat).raw("\">");
    }
    for (tier, quantity) in offer.standing {
        html.raw("<input type=\"hidden\" name=\"standing_").text(tier).raw("\" value=\"").number(*quantity).raw("\">");
    }
    html.raw("<button class=\"btn quiet wide again\">Take ");
    html.raw(match (offer.again, offer.seats.len()) {
        (true, _) => "the same ",
        (false, 1) => "this ",
        (false, _) => "these ",
    });
    match offer.seats.len() {
        _ if offer.again && !offer.standing.is_empty() => html.raw("places"),
        1 => html.raw("seat"),
        _ if offer.again => html.raw("seats"),
        more => html.number(more as u32).raw(" seats"),
    };
    html.raw(if offer.again { " again</button></form>" } else { "</button></form>" });
    html.done()
}

/// What is held, until when, for how much; or, where nothing is, how long it would be `kept`.
pub(super) fn basket(hold: Option<&Held>, kept: &str) -> String {
    let mut html = Html::default();
    let Some(hold) = hold else {
        html.raw("<p class=\"invite\"><span>Choose a seat, or let us find the best. </span>What you choose is kept for you for ");
        html.text(kept).raw(", free of charge.</p>");
        return html.done();
    };
    clock(&mut html, hold);
    html.raw("<ul>");
    for line in &hold.lines {
        item(&mut html, hold, line);
    }
    html.raw("</ul>");
    let standing = hold.standing.iter().map(|(_, quantity)| quantity).sum();
    html.raw("<div class=\"pay-row\"><div class=\"total\"><div>").raw(&count(hold.seats.len(), standing));
    html.raw("<br><small class=\"muted\">").raw(if hold.total == "free" { "no card needed" } else { "fees included" });
    html.raw("</small></div><b class=\"price\">").text(&hold.total);
    html.raw("</b></div><a class=\"btn wide\" href=\"/checkout/").text(&hold.id);
    html.raw("\">Continue to checkout</a><form method=\"post\" data-do=\"release\" action=\"/holds/").text(&hold.id);
    html.raw("/release\"><button class=\"link\">Let them go</button></form></div>");
    html.done()
}

fn item(html: &mut Html, hold: &Held, line: &HeldLine) {
    html.raw("<li class=\"item\"><i class=\"dot ");
    html.raw(line.zone.map_or("", |zone| ZONES[usize::from(zone % 8)])).raw("\"></i><div>");
    let value = match line.seat {
        Some(seat) => {
            // `Block 212, row F, seat 15`: the seat first, the section beneath.
            let (section, place) = line.label.split_once(',').unwrap_or((&line.tier_name, &line.label));
            html.text(&sentence(place.trim_ascii_start()))
                .raw("<small>")
                .text(section)
                .raw(" · ")
                .text(&line.tier_name);
            seat.to_string()
        }
        None => {
            html.number(line.quantity).raw(" × ").text(&line.label).raw("<small>");
            if line.unit != line.total {
                html.text(&line.unit).raw(" each");
            }
            line.tier.clone()
        }
    };
    let name = if line.seat.is_some() { "seat" } else { "tier" };
    html.raw("</small></div><b class=\"num\">").text(&line.total);
    html.raw("</b><form method=\"post\" data-do=\"remove-").raw(name).raw(":").text(&value);
    html.raw("\" action=\"/holds/").text(&hold.id).raw("/remove\"><input type=\"hidden\" name=\"").raw(name);
    html.raw("\" value=\"").text(&value).raw("\"><button class=\"round\" id=\"r").text(&value);
    html.raw("\" aria-label=\"Remove ").text(&line.label).raw("\">").icon(Icon::CLOSE).raw("</button></form></li>");
}

/// `row F, seat 15` as the start of a sentence.
pub(super) fn sentence(words: &str) -> String {
    let mut text = words.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

fn clock(html: &mut Html, hold: &Held) {
    html.raw("<div class=\"clock").raw(if hold.remaining_ms < WARN_BELOW { " low" } else { "" });
    html.raw("\" id=\"clock\">").icon(Icon::CLOCK).raw("<span>Held for you");
    // Where no script counts, what was left when the page was made is soon more than there is.
    #[cfg(feature = "ssr")]
    html.raw("<small class=\"noscript\"> until ").text(&hold.until).raw("</small>");
    html.raw("</span><b class=\"num\" id=\"left\" role=\"timer\" aria-live=\"off\">")
        .raw(&minutes(hold.remaining_ms))
        .raw("</b>");
    if hold.extendable {
        html.raw("<form method=\"post\" data-do=\"extend\" action=\"/holds/").text(&hold.id);
        html.raw("/extend\"><button class=\"link\" id=\"extend\">Give me ten more minutes</button></form>");
    }
    html.raw("</div>");
}

/// How many of a standing price one takes: none, or what it is sold by.
pub(super) fn options(least: u32, most: u32, chosen: u32) -> String {
    let mut html = Html::default();
    for number in core::iter::once(0).chain(least..=most) {
        html.raw(if number == chosen { "<option selected>" } else { "<option>" }).number(number).raw("</option>");
    }
    html.done()
}

/// `34 seats free`.
pub(super) fn free(seats: u32) -> String {
    match seats {
        0 => "nothing free".to_owned(),
        1 => "1 seat free".to_owned(),
        n => [&n.to_string(), " seats free"].concat(),
    }
}

/// The sections to open; their buttons carry their index, and so do the places for the words that change: `p` for the
/// price, `n` for what is free.
pub(super) fn sections<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut html = Html::default();
    for (index, name) in (0..).zip(names) {
        html.raw("<li><button type=\"button\" id=\"c").number(index).raw("\" data-do=\"open:").number(index);
        html.raw("\" aria-expanded=\"false\"><b>").text(name);
        html.raw("</b><span class=\"num\" id=\"p").number(index);
        html.raw("\"></span><small id=\"n").number(index).raw("\"></small></button></li>");
    }
    html.done()
}

/// The rows of an open section: name and seats of each.
pub(super) fn rows(section: &str, rows: &[(String, Vec<ListSeat>)]) -> String {
    let mut html = Html::default();
    html.raw("<h2>")
        .text(section)
        .raw("</h2><p class=\"muted\">Press a seat to hold it; press it again to give it back.</p>");
    for (name, seats) in rows {
        html.raw("<div class=\"seatrow\" role=\"group\" aria-label=\"").text(name);
        html.raw("\"><span class=\"rowname\" aria-hidden=\"true\">").text(name).raw("</span><div class=\"seatset\">");
        // Seats of one price stand behind it, as in the list that works without scripts.
        for seats in seats.chunk_by(|one, other| one.price == other.price) {
            if let Some(seat) = seats.first().filter(|seat| !seat.price.is_empty()) {
                html.raw("<span class=\"num\" aria-hidden=\"true\">").text(&seat.price).raw("</span>");
            }
            for seat in seats {
                self::seat(&mut html, seat);
            }
        }
        html.raw("</div></div>");
    }
    html.done()
}

fn seat(html: &mut Html, seat: &ListSeat) {
    html.raw("<button type=\"button\" id=\"s").number(seat.id).raw("\" data-do=\"seat:").number(seat.id);
    for (name, value) in seat.attributes() {
        if let Some(value) = value {
            html.raw("\" ").raw(name).raw("=\"").text(value);
        }
    }
    html.raw("\">").text(&seat.number);
    if seat.easy {
        html.raw("<span class=\"sign\">").icon(Icon::WHEEL).raw("</span>");
    }
    html.raw("</button>");
    if seat.gap {
        html.raw("<span class=\"gap\"></span>");
    }
}

/// The card beside a seat.
pub(super) fn card(title: &str, price: &str, detail: &str) -> String {
    let mut html = Html::default();
    html.raw("<div><span>").text(title).raw("</span><span class=\"num\">").text(price).raw("</span></div><p>");
    html.text(detail).raw("</p>");
    html.done()
}

/// The chips that choose a floor; none where there is one floor only, and no "all" where they are `stacked`.
pub(super) fn floors(names: &[String], stacked: bool) -> String {
    let mut html = Html::default();
    if names.len() > 1 {
        let mut chip = |value: &str, name: &str, pressed: bool| {
            html.raw("<button type=\"button\" class=\"chip\" id=\"f").raw(value).raw("\" data-do=\"floor:").raw(value);
            html.raw(if pressed { "\" aria-pressed=\"true\">" } else { "\" aria-pressed=\"false\">" });
            html.text(name).raw("</button>");
        };
        if !stacked {
            chip("all", "All floors", true);
        }
        for (index, name) in (0_u8..).zip(names) {
            chip(&index.to_string(), name, false);
        }
    }
    html.done()
}
