//! What can be seen of a card without asking a bank: slips of the finger, before anything is sent.

/// The digits of a card number, where they can be one: 12 to 19, with a right check digit; blanks and hyphens between.
#[must_use]
pub fn number(text: &str) -> Option<String> {
    let plain = text.chars().all(|c| c.is_ascii_digit() || c == ' ' || c == '-');
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    (plain && (12..=19).contains(&digits.len()) && luhn(&digits)).then_some(digits)
}

/// The check digit of card numbers (ISO/IEC 7812-1, annex B).
fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let value = u32::from(digit - b'0') << (place % 2);
            if value > 9 { value - 9 } else { value }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// The last year and month in which a card pays, as cards write them the other way round: `04 / 29`, `0429`, `04/2029`.
#[must_use]
pub fn expiry(text: &str) -> Option<(u32, u32)> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let plain = text.chars().all(|c| c.is_ascii_digit() || c == ' ' || c == '/');
    let month = digits.get(..2)?.parse().ok().filter(|month| (1..=12).contains(month))?;
    let year: u32 = digits.get(2..)?.parse().ok()?;
    match digits.len() {
        4 if plain => Some((2000 + year, month)),
        6 if plain => Some((year, month)),
        _ => None,
    }
}

/// A security code: three or four digits.
#[must_use]
pub fn is_code(text: &str) -> bool {
    (3..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_in_a_number_is_seen() {
        assert_eq!(number("4242 4242-4242 4242").as_deref(), Some("4242424242424242"));
        for bad in ["4242 4242 4242 4241", "4242", "", "4242x4242 4242 4242"] {
            assert_eq!(number(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_expiry_is_a_month_and_a_year() {
        for good in ["04/29", "04 / 29", "0429", "04 / 2029"] {
            assert_eq!(expiry(good), Some((2029, 4)), "{good}");
        }
        for bad in ["", "13/29", "4", "04", "ab/cd", "00/29", "04-29", "04 / 029"] {
            assert_eq!(expiry(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_code_is_three_or_four_digits() {
        assert!(is_code("123") && is_code("1234"));
        assert!(!is_code("12") && !is_code("12345") && !is_code("12x"));
    }
}
