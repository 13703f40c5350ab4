//! A price in words.

use domain::money::Money;

/// `€48.50`, or `free` where there is nothing to pay.
#[must_use]
pub fn price(total: Money) -> String {
    if total.amount == 0 { "free".to_owned() } else { total.words() }
}

#[cfg(test)]
mod tests {
    use super::price;
    use domain::money::{Currency, Money};

    #[test]
    fn nothing_to_pay_is_said_so() {
        assert_eq!(price(Money::new(0, Currency::EUR)), "free");
        assert_eq!(price(Money::new(4850, Currency::EUR)), "€48.50");
    }
}
