//! The calendar file (RFC 5545) of an order's evening.

use domain::time::{MINUTE, Millis};
use icalendar::{Calendar, Component, Event, EventLike};
use jiff::Timestamp;

use super::Print;

/// An evening whose end is not known is taken to last this long.
const USUAL_LENGTH: i64 = 150 * MINUTE;

fn stamp(at: Millis) -> String {
    Timestamp::from_millisecond(at.0).unwrap_or_default().strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// One entry for all tickets of an order; empty without tickets. `uid` stays the same for the same order, so that a
/// file opened twice makes one entry; `now` stamps it.
#[must_use]
pub fn calendar(prints: &[Print], uid: &str, now: Millis) -> String {
    let Some(first) = prints.first() else { return String::new() };
    let places: Vec<_> = prints
        .iter()
        .map(|p| {
            let place = p.place.iter().map(|(word, name)| format!("{word} {name}")).collect::<Vec<_>>().join(", ");
            format!("{place} ({})", p.code)
        })
        .collect();
    let mut event = Event::with_uid(&format!("{uid}@parterre"));
    event
        .summary(&first.title)
        .location(
            &[first.venue.as_str(), first.address.as_str()]
                .into_iter()
                .filter(|s| !s.is_empty())
                .collect::<Vec<_>>()
                .join(", "),
        )
        .description(&format!("{}\n{}", first.times, places.join("\n")))
        .add_property("DTSTAMP", stamp(now))
        .add_property("DTSTART", stamp(first.starts_at))
        .add_property("DTEND", stamp(first.ends_at.unwrap_or(first.starts_at.plus(USUAL_LENGTH))));
    Calendar::empty()
        .append_property(("VERSION", "2.0"))
        .append_property(("PRODID", "-//Parterre//Parterre//EN"))
        .append_property(("CALSCALE", "GREGORIAN"))
        .append_property(("METHOD", "PUBLISH"))
        .name(&first.title)
        .push(event.done())
        .done()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_evening_is_one_entry_that_is_the_same_every_time() {
        let prints = super::super::samples::sample();
        let file = calendar(&prints, "order-1", Millis(1_795_000_000_000));
        assert_eq!(file, calendar(&prints, "order-1", Millis(1_795_000_000_000)));
        assert_eq!(file.matches("BEGIN:VEVENT").count(), 1);
        assert!(file.contains("DTSTART:20261127T190000Z"), "{file}");
        assert!(file.contains("UID:order-1@parterre") && file.contains("PRODID:-//Parterre//"), "{file}");
        assert!(file.replace("\r\n ", "").contains("Row F"));
        assert!(file.contains("Harbour Arena\\, Hamburg"));
        assert_eq!(calendar(&[], "order-1", Millis(0)), "");
    }
}
