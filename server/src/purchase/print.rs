//! What an order's tickets print: large words for the place, the venue's own clock.

use domain::time::Millis;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::types::{EventFacts, OrderRecord, TicketRecord};
use crate::catalog::view;
use crate::tickets::Print;

/// The prints of an order's tickets, in their order.
#[must_use]
pub fn prints(order: &OrderRecord, event: &EventFacts) -> Vec<Print> {
    let count = order.tickets.len();
    let print = |(n, ticket): (usize, &TicketRecord)| {
        let line = order.lines.iter().find(|l| l.seat == ticket.seat && l.tier_name == ticket.tier_name);
        print(ticket, event, (n + 1, count), order.buyer.name(), line.map(|l| l.unit.total.to_string()))
    };
    order.tickets.iter().enumerate().map(print).collect()
}

/// The print of one ticket.
#[must_use]
pub fn print(
    ticket: &TicketRecord,
    event: &EventFacts,
    number: (usize, usize),
    holder: &str,
    price: Option<String>,
) -> Print {
    let clock = |at: Millis| local(at, &event.time_zone, "%H:%M");
    let doors = event.doors_at.map(|at| format!("Doors {} · ", clock(at))).unwrap_or_default();
    Print {
        id: ticket.id.to_string(),
        number,
        holder: holder.to_owned(),
        title: event.title.clone(),
        day: local(event.starts_at, &event.time_zone, "%A %-d %B %Y"),
        times: format!("{doors}{} {}", if doors.is_empty() { "Starts" } else { "starts" }, clock(event.starts_at)),
        venue: view::place(&event.venue, &event.city),
        address: event.address.clone(),
        place: place(ticket),
        tier: ticket.tier_name.clone(),
        price,
        code: ticket.code.clone(),
        token: ticket.token.clone(),
        starts_at: event.starts_at,
        ends_at: event.ends_at,
    }
}

/// `212, row F, seat 15` as its three pairs, the section's own word before its name where it has one; anything else as
/// it is. Read from the right, for a section's name may hold anything.
fn place(ticket: &TicketRecord) -> Vec<(String, String)> {
    if ticket.seat.is_none() {
        return vec![("Standing".into(), ticket.tier_name.clone())];
    }
    let parts = ticket.label.rsplit_once(", seat ").and_then(|(rest, seat)| {
        let (section, row) = rest.rsplit_once(", row ")?;
        Some((section, row, seat))
    });
    let Some((section, row, seat)) = parts else { return vec![("Place".into(), ticket.label.clone())] };
    let (word, name) = section.strip_prefix("Block ").map_or(("Section", section), |name| ("Block", name));
    [(word, name), ("Row", row), ("Seat", seat)].map(|(word, name)| (word.to_owned(), name.to_owned())).into()
}

/// An instant as the venue's clock shows it; in UTC, and saying so, where the zone is not known.
fn local(at: Millis, zone: &str, form: &str) -> String {
    let instant = Timestamp::from_millisecond(at.0).unwrap_or_default();
    match TimeZone::get(zone) {
        Ok(zone) => instant.to_zoned(zone).strftime(form).to_string(),
        Err(_) => format!("{} UTC", instant.strftime(form)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_becomes_large_words_on_the_ticket() {
        let mut ticket = TicketRecord {
            id: domain::ids::TicketId::mint(Millis(1), [0; 10]),
            order: domain::ids::OrderId::mint(Millis(1), [0; 10]),
            event: domain::ids::EventId::mint(Millis(1), [0; 10]),
            seat: Some(domain::seat::SeatId(1)),
            tier_name: "Stalls".into(),
            label: "Block 212, row F, seat 15".into(),
            code: String::new(),
            token: String::new(),
            status: domain::ticket::TicketStatus::Valid,
        };
        let words = |t: &TicketRecord| place(t).into_iter().map(|(a, b)| format!("{a}={b}")).collect::<Vec<_>>();
        assert_eq!(words(&ticket), ["Block=212", "Row=F", "Seat=15"]);
        ticket.label = "B1, row A, seat 9".into();
        assert_eq!(words(&ticket), ["Section=B1", "Row=A", "Seat=9"]);
        ticket.label = "Loge, row 2, row 3, seat 9".into();
        assert_eq!(words(&ticket), ["Section=Loge, row 2", "Row=3", "Seat=9"]);
        ticket.label = "北区".into();
        assert_eq!(words(&ticket), ["Place=北区"]);
        ticket.seat = None;
        assert_eq!(words(&ticket), ["Standing=Stalls"]);
    }

    #[test]
    fn times_are_the_venues() {
        assert_eq!(
            local(Millis(1_795_806_000_000), "Europe/Berlin", "%A %-d %B %Y %H:%M"),
            "Friday 27 November 2026 20:00"
        );
        assert_eq!(local(Millis(1_795_806_000_000), "Nowhere/At_all", "%H:%M"), "19:00 UTC");
    }
}
