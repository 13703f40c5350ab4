//! The picker's sentences, so that server and browser say the same.

use domain::seat::Features;

/// `2 seats`, `1 seat`, `3 places`.
#[must_use]
pub fn count(seats: usize, standing: u32) -> String {
    let all = seats + standing as usize;
    let what = match (seats, standing, all == 1) {
        (_, 0, true) => " seat",
        (_, 0, false) => " seats",
        (0, _, true) => " ticket",
        (0, _, false) => " tickets",
        _ => " places",
    };
    [&(all as u32).to_string(), what].concat()
}

/// `14`, `14 and 15`, `14, 15 and 16`.
#[must_use]
pub fn list(words: &[String]) -> String {
    let mut text = String::new();
    for (at, word) in words.iter().enumerate() {
        text.push_str(match at {
            0 => "",
            _ if at + 1 == words.len() => " and ",
            _ => ", ",
        });
        text.push_str(word);
    }
    text
}

/// A basket of more places than one takes.
#[must_use]
pub fn too_many(limit: u32) -> String {
    ["One basket takes at most ", &limit.to_string(), " places. Please choose fewer."].concat()
}

/// Fewer or more places of one price than it is sold by.
#[must_use]
pub fn tier_limits(min: u32, max: u32) -> String {
    format!("Of this price one purchase takes between {min} and {max} places.")
}

/// What there is to know of a seat, `before` each: `, step-free, aisle`.
#[must_use]
pub fn notes(features: Features, before: &str) -> String {
    let mut text = String::new();
    for (bit, words) in [
        (Features::ACCESSIBLE, "step-free"),
        (Features::COMPANION, "companion's place"),
        (Features::RESTRICTED_VIEW, "restricted view"),
        (Features::AISLE, "aisle"),
    ] {
        if features.has(bit) {
            text.push_str(before);
            text.push_str(words);
        }
    }
    text
}

/// A place without steps, or the companion's place beside it: lists carry the sign.
#[must_use]
pub fn easy(features: Features) -> bool {
    features.has(Features::ACCESSIBLE) || features.has(Features::COMPANION)
}

/// Where a seat is, for comparing: section, row, number, and its total price in minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Section.
    pub section: String,
    /// Row.
    pub row: String,
    /// Number.
    pub number: String,
    /// Total price.
    pub price: i64,
}

/// Says which seats were lost and what is held instead; `pairs` are (lost, held now), only those that moved.
#[must_use]
pub fn healed(pairs: &[(Place, Place)]) -> String {
    let Some((first, _)) = pairs.first() else { return String::new() };
    let numbers = |which: fn(&(Place, Place)) -> &Place| {
        list(&pairs.iter().map(|pair| which(pair).number.clone()).collect::<Vec<_>>())
    };
    let n = pairs.len();
    let got: Vec<&Place> = pairs.iter().map(|pair| &pair.1).collect();
    let same_row = got.iter().all(|place| place.section == first.section && place.row == first.row);
    let same_price = pairs.iter().all(|(lost, got)| lost.price == got.price);
    let cheaper = pairs.iter().all(|(lost, got)| got.price <= lost.price);
    let place = match (same_row, got.first()) {
        (true, _) => "same row".to_owned(),
        (false, Some(got)) if got.section == first.section => ["same section, row ", &got.row].concat(),
        (false, Some(got)) => ["section ", &got.section, ", row ", &got.row].concat(),
        (false, None) => String::new(),
    };
    let price = if same_price {
        "same price"
    } else if cheaper {
        "at a lower price"
    } else {
        "please check the price"
    };
    let (lost, held) = (numbers(|p| &p.0), numbers(|p| &p.1));
    let (seats, were, choose) = if n == 1 {
        ("Seat ", " was just taken. We are holding seat ", ". Keep it, or choose another.")
    } else {
        ("Seats ", " were just taken. We are holding seats ", ". Keep them, or choose others.")
    };
    // Joined, not formatted: the machinery behind `format!` would be a kilobyte of the browser's client.
    [seats, &lost, were, &held, " for you instead: ", &place, ", ", price, choose].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(row: &str, number: &str, price: i64) -> Place {
        Place { section: "212".into(), row: row.into(), number: number.into(), price }
    }

    #[test]
    fn a_healed_choice_says_what_went_and_what_came() {
        let pairs =
            [(place("F", "13", 6900), place("F", "15", 6900)), (place("F", "14", 6900), place("F", "16", 6900))];
        assert_eq!(
            healed(&pairs),
            "Seats 13 and 14 were just taken. We are holding seats 15 and 16 for you instead: same row, same price. \
             Keep them, or choose others."
        );
        let other = [(place("F", "14", 6900), place("G", "2", 5900))];
        assert_eq!(
            healed(&other),
            "Seat 14 was just taken. We are holding seat 2 for you instead: same section, row G, at a lower price. \
             Keep it, or choose another."
        );
    }

    #[test]
    fn places_are_counted_in_words() {
        assert_eq!(count(1, 0), "1 seat");
        assert_eq!(count(0, 3), "3 tickets");
        assert_eq!(count(2, 1), "3 places");
        assert_eq!(list(&["1".into(), "2".into(), "3".into()]), "1, 2 and 3");
    }
}
