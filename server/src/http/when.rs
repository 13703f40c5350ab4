//! Instants in the venue's own zone, as words.

use app::components::when::When;
use domain::time::Millis;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// Every form that a page needs; `city` names the zone for people far away.
#[must_use]
pub fn when(at: Millis, zone: &str, city: &str) -> When {
    let local = local(at, zone);
    let form = |pattern: &str| local.strftime(pattern).to_string();
    When {
        weekday: form("%a"),
        day: form("%-d"),
        month: form("%B %Y"),
        date: form("%A %-d %B %Y"),
        short: form("%a %-d %b"),
        time: form("%H:%M"),
        iso: form("%Y-%m-%dT%H:%M:%S%:z"),
        zone: if city.is_empty() { form("%Z") } else { format!("{city} time ({})", form("%Z")) },
    }
}

/// `18:30`.
#[must_use]
pub fn clock_time(at: Millis, zone: &str) -> String {
    local(at, zone).strftime("%H:%M").to_string()
}

/// `20:41, Hamburg time`: an instant of this hour, for people who may be far from it; `20:41 CET` where no city is told.
#[must_use]
pub fn until(at: Millis, zone: &str, city: &str) -> String {
    let local = local(at, zone);
    if city.is_empty() {
        local.strftime("%H:%M %Z").to_string()
    } else {
        format!("{}, {city} time", local.strftime("%H:%M"))
    }
}

/// `Mon 30 Nov, 10:00`.
#[must_use]
pub fn short(at: Millis, zone: &str) -> String {
    local(at, zone).strftime("%a %-d %b, %H:%M").to_string()
}

/// Year and month in UTC.
#[must_use]
pub fn month(at: Millis) -> (u32, u32) {
    let date = timestamp(at).to_zoned(TimeZone::UTC).date();
    (u32::try_from(date.year()).unwrap_or(0), u32::from(date.month().unsigned_abs()))
}

fn timestamp(at: Millis) -> Timestamp {
    // Out of range only for instants that no event has.
    Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn local(at: Millis, zone: &str) -> Zoned {
    timestamp(at).to_zoned(TimeZone::get(zone).unwrap_or(TimeZone::UTC))
}

/// An instant that the API was given: RFC 3339, or a date alone, which means its midnight in UTC.
#[must_use]
pub fn parse(text: &str) -> Option<Millis> {
    let at = text.parse::<Timestamp>().or_else(|_| {
        text.parse::<jiff::civil::Date>().and_then(|date| date.to_zoned(TimeZone::UTC)).map(|z| z.timestamp())
    });
    at.ok().map(|at| Millis(at.as_millisecond())).filter(|at| at.is_on_calendars())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_evening_reads_as_the_venue_s_clock_shows_it() {
        let at = parse("2026-11-27T19:00:00Z").unwrap();
        let when = when(at, "Europe/Berlin", "Hamburg");
        assert_eq!((when.weekday.as_str(), when.time.as_str()), ("Fri", "20:00"));
        assert_eq!(when.date, "Friday 27 November 2026");
        assert_eq!(when.iso, "2026-11-27T20:00:00+01:00");
        assert_eq!(when.zone, "Hamburg time (CET)");
    }

    #[test]
    fn the_end_of_a_hold_is_told_by_the_venue_s_clock() {
        let at = parse("2026-11-27T19:41:59Z").unwrap();
        assert_eq!(until(at, "Europe/Berlin", "Hamburg"), "20:41, Hamburg time");
        assert_eq!(until(at, "Europe/Berlin", ""), "20:41 CET");
        assert_eq!(until(at, "America/New_York", "New York"), "14:41, New York time");
    }

    #[test]
    fn a_zone_nobody_knows_is_read_as_utc() {
        assert_eq!(clock_time(Millis(0), "Atlantis/Capital"), "00:00");
    }

    #[test]
    fn a_date_alone_is_its_midnight() {
        assert_eq!(parse("1970-01-02"), Some(Millis(86_400_000)));
        assert_eq!(parse("tomorrow"), None);
        assert_eq!(parse("-004713-01-01"), None);
    }
}
