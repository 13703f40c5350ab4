//! Prices of the demo: whole amounts people know, split into net, fee and tax in whole minor units.

use std::collections::BTreeMap;

use domain::chart::Chart;
use domain::money::{Currency, Money};
use domain::price::Price;

/// The highest price that can be asked, in minor units: a million.
const HIGHEST: i64 = 100_000_000;
/// The service fee, in thousandths of the total.
const FEE: i64 = 80;
/// What categories cost where nobody says: the first is the dearest.
const USUAL: [i64; 8] = [8_500, 6_500, 5_200, 4_200, 3_400, 2_800, 2_200, 1_800];

/// Splits what a buyer pays: tax of `tax_permille` on everything is contained in the total, then the fee, and the rest is net.
#[must_use]
pub fn split(total: Money, tax_permille: i64) -> Price {
    let tax = total.amount * tax_permille / (1000 + tax_permille);
    let fee = (total.amount - tax) * FEE / 1000;
    Price { net: total.amount - tax - fee, fee, tax, total }
}

/// Reads `CATEGORY=AMOUNT` as given on the command line, such as `Gold=45.00`.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn parse(text: &str, currency: Currency) -> Result<(String, i64), String> {
    let wrong = |why: &str| format!("The price \"{text}\" cannot be read: {why}. Write it as Gold=45.00.");
    let (category, amount) = text.rsplit_once('=').ok_or_else(|| wrong("there is no = in it"))?;
    let (whole, minor) = amount.trim().split_once('.').unwrap_or((amount.trim(), ""));
    let digits = currency.exponent() as usize;
    let numeric = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !numeric(whole) || !numeric(minor) || minor.len() > digits {
        return Err(wrong("the amount is not a number of units and cents"));
    }
    let minor_units: i64 = format!("{whole}{minor:0<digits$}").parse().map_err(|_| wrong("the amount is too large"))?;
    if minor_units > HIGHEST {
        return Err(wrong("the amount is too large"));
    }
    Ok((category.trim().to_owned(), minor_units))
}

/// The total price of each category of `chart` by index: as asked, else a usual one.
///
/// # Errors
/// A sentence that names the categories there are, where one was asked for that is not there.
pub fn by_category(chart: &Chart, asked: &[(String, i64)]) -> Result<BTreeMap<u8, i64>, String> {
    let known = |name: &str| chart.categories.iter().position(|category| category.eq_ignore_ascii_case(name));
    if let Some((name, _)) = asked.iter().find(|(name, _)| known(name).is_none()) {
        let names: Vec<_> = chart.categories.iter().map(|name| format!("\"{name}\"")).collect();
        return Err(format!("The chart has no category \"{name}\". It has {}.", names.join(", ")));
    }
    let usual = |index: usize| USUAL[index.min(USUAL.len() - 1)];
    let mut prices: BTreeMap<u8, i64> =
        chart.seats.category.iter().map(|index| (*index, usual((*index).into()))).collect();
    for (name, amount) in asked {
        if let Some(price) =
            known(name).and_then(|index| u8::try_from(index).ok()).and_then(|index| prices.get_mut(&index))
        {
            *price = *amount;
        }
    }
    Ok(prices)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_parts_sum_to_the_total_and_none_is_negative(total in 0..HIGHEST, tax in 0_i64..400) {
            let price = split(Money::new(total, Currency::EUR), tax);
            prop_assert_eq!(price.net + price.fee + price.tax, total);
            prop_assert!(price.net >= 0 && price.fee >= 0 && price.tax >= 0);
        }

        #[test]
        fn whatever_is_typed_is_read_or_refused(text in "\\PC*") {
            let _ = parse(&text, Currency::EUR);
        }
    }

    #[test]
    fn amounts_are_read_as_people_write_them() {
        for (text, amount) in [("Gold=45.00", 4500), ("Gold=45", 4500), (" Gold = 45.5 ", 4550), ("A=B=1.05", 105)] {
            assert_eq!(parse(text, Currency::EUR).unwrap().1, amount, "{text}");
        }
        for text in ["Gold", "Gold=", "Gold=-1", "Gold=1.005", "Gold=1e3", "Gold=99999999999999999999", "Gold=.5"] {
            assert!(parse(text, Currency::EUR).is_err(), "{text}");
        }
        assert_eq!(parse("A=B=1.05", Currency::EUR).unwrap().0, "A=B");
    }
}
