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

/// A month and a year, as cards write them: `04 / 29`, `0429`, `04/2029`.
#[must_use]
pub fn is_expiry(text: &str) -> bool {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let month =
        digits.get(..2).and_then(|month| month.parse().ok()).is_some_and(|month: u32| (1..=12).contains(&month));
    month && matches!(digits.len(), 4 | 6) && text.chars().all(|c| c.is_ascii_digit() || c == ' ' || c == '/')
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
        for good in ["04/29", "04 / 29", "0429", "12 / 2031"] {
            assert!(is_expiry(good), "{good}");
        }
        for bad in ["", "13/29", "4", "ab/cd", "00/29"] {
            assert!(!is_expiry(bad), "{bad}");
        }
    }

    #[test]
    fn a_code_is_three_or_four_digits() {
        assert!(is_code("123") && is_code("1234"));
        assert!(!is_code("12") && !is_code("12345") && !is_code("12x"));
    }
}
