//! The parts of the picker that change, as text: basket, notice, list, card.

use super::held::{Held, HeldLine};
use super::words::count;
use crate::components::Icon;
use crate::components::clock::{WARN_BELOW, minutes};
use crate::components::html::Html;
use crate::components::notice::Tone;

const ZONES: [&str; 8] = ["z0", "z1", "z2", "z3", "z4", "z5", "z6", "z7"];

/// A section in the live list.
pub(super) struct ListSection {
    pub(super) name: String,
    pub(super) free: u32,
    /// `€48.50`; empty: none.
    pub(super) from: String,
    pub(super) open: bool,
}

/// A seat in the live list.
pub(super) struct ListSeat {
    pub(super) id: u32,
    pub(super) number: String,
    /// `Seat 15, €69.00, aisle`.
    pub(super) says: String,
    pub(super) zone: u8,
    pub(super) free: bool,
    pub(super) mine: bool,
    pub(super) gap: bool,
}

/// A notice, and the way to take lost seats again.
pub(super) fn notice(tone: Tone, text: &str, again: usize) -> String {
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
    if again > 0 {
        html.raw("<button type=\"button\" class=\"btn quiet wide again\" data-do=\"again\">Take the same ");
        html.raw(if again == 1 { "seat" } else { "seats" }).raw(" again</button>");
    }
    html.done()
}

/// What is held, until when, for how much.
pub(super) fn basket(hold: Option<&Held>) -> String {
    let mut html = Html::default();
    let Some(hold) = hold else {
        html.raw(
            "<p class=\"invite\">Nothing is held yet. What you choose is kept for you a while, free of charge.</p>",
        );
        return html.done();
    };
    html.raw("<ul>");
    for line in &hold.lines {
        item(&mut html, hold, line);
    }
    html.raw("</ul>");
    clock(&mut html, hold);
    let standing = hold.standing.iter().map(|(_, quantity)| quantity).sum();
    html.raw("<div class=\"pay-row\"><div class=\"total\"><div>").raw(&count(hold.seats.len(), standing));
    html.raw("<br><small class=\"muted\">fees included</small></div><b class=\"price\">").text(&hold.total);
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
            html.number(line.quantity).raw(" × ").text(&line.label).raw("<small>").text(&line.unit).raw(" each");
            line.tier.clone()
        }
    };
    let name = if line.seat.is_some() { "seat" } else { "tier" };
    html.raw("</small></div><b class=\"num\">").text(&line.total);
    html.raw("</b><form method=\"post\" data-do=\"remove-").raw(name).raw(":").text(&value);
    html.raw("\" action=\"/holds/").text(&hold.id).raw("/remove\"><input type=\"hidden\" name=\"").raw(name);
    html.raw("\" value=\"").text(&value).raw("\"><button class=\"round\" id=\"r").text(&value);
    html.raw("\" aria-label=\"Remove ").text(&line.label).raw("\">").icon(Icon::Close).raw("</button></form></li>");
}

/// `row F, seat 15` as the start of a sentence.
fn sentence(words: &str) -> String {
    let mut text = words.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

fn clock(html: &mut Html, hold: &Held) {
    html.raw("<div class=\"clock").raw(if hold.remaining_ms < WARN_BELOW { " low" } else { "" });
    html.raw("\" id=\"clock\">").icon(Icon::Clock).raw("<span>Held for you</span>");
    html.raw("<b class=\"num\" id=\"left\" role=\"timer\" aria-live=\"off\">")
        .raw(&minutes(hold.remaining_ms))
        .raw("</b>");
    if hold.extendable {
        html.raw("<form method=\"post\" data-do=\"extend\" action=\"/holds/").text(&hold.id);
        html.raw("/extend\"><button class=\"link\" id=\"extend\">Give me ten more minutes</button></form>");
    }
    html.raw("</div>");
}

/// `34 seats free`.
pub(super) fn free(seats: u32) -> String {
    match seats {
        0 => "nothing free".to_owned(),
        1 => "1 seat free".to_owned(),
        n => [&n.to_string(), " seats free"].concat(),
    }
}

/// The sections to open; their buttons carry their index.
pub(super) fn sections(all: &[ListSection]) -> String {
    let mut html = Html::default();
    for (index, section) in (0..).zip(all) {
        html.raw("<li><button type=\"button\" id=\"c").number(index).raw("\" data-do=\"open:").number(index);
        html.raw(if section.open { "\" aria-expanded=\"true\"><b>" } else { "\" aria-expanded=\"false\"><b>" });
        html.text(&section.name).raw("</b><span class=\"num\">");
        if !section.from.is_empty() {
            html.raw("from ").text(&section.from);
        }
        html.raw("</span><small>").raw(&free(section.free)).raw("</small></button></li>");
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
        html.raw("<div class=\"seatrow\" role=\"group\" aria-label=\"Row ").text(name);
        html.raw("\"><span class=\"rowname\" aria-hidden=\"true\">Row ")
            .text(name)
            .raw("</span><div class=\"seatset\">");
        for seat in seats {
            self::seat(&mut html, seat);
        }
        html.raw("</div></div>");
    }
    html.done()
}

fn seat(html: &mut Html, seat: &ListSeat) {
    if seat.free || seat.mine {
        html.raw("<button type=\"button\" class=\"seat ").raw(ZONES[usize::from(seat.zone % 8)]).raw("\" id=\"s");
        html.number(seat.id).raw("\" data-do=\"seat:").number(seat.id);
        html.raw(if seat.mine { "\" aria-pressed=\"true" } else { "\" aria-pressed=\"false" });
        html.raw("\" aria-label=\"").text(&seat.says).raw("\">").text(&seat.number).raw("</button>");
    } else {
        html.raw("<span class=\"seat taken\"><span class=\"off\">").text(&seat.says);
        html.raw("</span><span aria-hidden=\"true\">").text(&seat.number).raw("</span></span>");
    }
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

/// The chips that choose a floor; none where there is one floor only.
pub(super) fn floors(names: &[String], chosen: Option<u8>) -> String {
    let mut html = Html::default();
    if names.len() > 1 {
        let mut chip = |value: &str, name: &str, pressed: bool| {
            html.raw("<button type=\"button\" class=\"chip\" id=\"f").raw(value).raw("\" data-do=\"floor:").raw(value);
            html.raw(if pressed { "\" aria-pressed=\"true\">" } else { "\" aria-pressed=\"false\">" });
            html.text(name).raw("</button>");
        };
        chip("all", "All floors", chosen.is_none());
        for (index, name) in (0_u8..).zip(names) {
            chip(&index.to_string(), name, chosen == Some(index));
        }
    }
    html.done()
}
