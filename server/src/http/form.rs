//! Plain forms, as a browser without scripts sends them, read into the same requests that the API takes.

use std::str::FromStr;

use app::api::holds::{BestRequest, HoldRequest, StandingRequest};
use domain::ids::TierId;
use domain::seat::SeatId;

/// The fields of a form, in order; a name may come more than once.
pub type Fields = Vec<(String, String)>;

/// Fields that one form may have.
const MAX_FIELDS: usize = 200;

/// The first value of `name`, without the blanks around it.
#[must_use]
pub fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
}

/// What the form of the seats page asks to hold.
///
/// # Errors
/// A sentence for the person, where a field is not what the page could have sent.
pub fn hold_request(fields: &Fields) -> Result<HoldRequest, String> {
    if fields.len() > MAX_FIELDS {
        return Err("That is more than one basket can hold. Please choose fewer places.".into());
    }
    let mut request = HoldRequest { heal: field(fields, "heal").is_some(), ..HoldRequest::default() };
    for (name, value) in fields {
        let value = value.trim();
        if name == "seat" {
            request.seats.push(SeatId(number(value)?));
        } else if let Some(tier) = name.strip_prefix("standing_") {
            let quantity = if value.is_empty() { 0 } else { number(value)? };
            if quantity > 0 {
                request.standing.push(StandingRequest { tier: tier_id(tier)?, quantity });
            }
        }
    }
    if field(fields, "best").is_some() {
        request.best = Some(BestRequest {
            quantity: field(fields, "quantity").map_or(Ok(2), number)?,
            tier: field(fields, "tier").map(tier_id).transpose()?,
            section: field(fields, "section").map(str::to_owned),
            min_price: field(fields, "min_price").map(number).transpose()?,
            max_price: field(fields, "max_price").map(number).transpose()?,
            accessible: field(fields, "accessible").is_some(),
            together: true,
        });
    }
    Ok(request)
}

fn number<N: FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| "Please enter a whole number.".to_owned())
}

fn tier_id(text: &str) -> Result<TierId, String> {
    text.parse().map_err(|_| "This price is no longer offered. Please load the page again.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn ticked_seats_and_standing_places_make_one_request() {
        let tier = "01890000-0000-7000-8000-000000000001";
        let form = fields(&[
            ("seat", "12"),
            ("seat", "13"),
            ("heal", "1"),
            (&format!("standing_{tier}"), "2"),
            ("standing_01890000-0000-7000-8000-000000000002", "0"),
        ]);
        let request = hold_request(&form).unwrap();
        assert_eq!(request.seats, [SeatId(12), SeatId(13)]);
        assert!(request.heal && request.best.is_none());
        assert_eq!(request.standing, [StandingRequest { tier: tier.parse().unwrap(), quantity: 2 }]);
    }

    #[test]
    fn best_two_together_is_the_default_wish() {
        let best = hold_request(&fields(&[("best", "1"), ("section", " ")])).unwrap().best.unwrap();
        assert_eq!((best.quantity, best.together, best.section), (2, true, None));
        let wishes = fields(&[("best", "1"), ("min_price", "2400"), ("max_price", "4850"), ("accessible", "1")]);
        let best = hold_request(&wishes).unwrap().best.unwrap();
        assert_eq!((best.min_price, best.max_price, best.accessible), (Some(2400), Some(4850), true));
    }

    #[test]
    fn nonsense_is_refused_in_words() {
        for bad in [("seat", "x"), ("seat", "-1"), ("standing_me", "1")] {
            assert!(hold_request(&fields(&[bad])).unwrap_err().starts_with(['P', 'T']), "{bad:?}");
        }
        let many: Fields = (0..300).map(|n| ("seat".to_owned(), n.to_string())).collect();
        assert!(hold_request(&many).is_err());
    }
}
