//! What a place costs: a tier's price in its parts, and the lines of a basket.

use serde::{Deserialize, Serialize};

use crate::ids::TierId;
use crate::money::{Money, MoneyError};
use crate::seat::SeatId;

/// One place's price in its parts, minor units of one currency: `total = net + fee + tax`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// What the promoter gets before tax.
    pub net: i64,
    /// Service fee.
    pub fee: i64,
    /// Tax on both.
    pub tax: i64,
    /// What the buyer pays: the first price shown, and the last.
    pub total: Money,
}

/// One line of a basket: a seat, or a number of standing places.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The tier that prices it.
    pub tier: TierId,
    /// The seat; `None` for standing places.
    pub seat: Option<SeatId>,
    /// Places: 1 for a seat.
    pub quantity: u32,
    /// Price of one place, as shown when it was held.
    pub unit: Price,
}

impl Price {
    /// Whether the parts are not negative and sum to the total.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let sum = self.net.checked_add(self.fee).and_then(|sum| sum.checked_add(self.tax));
        self.net >= 0 && self.fee >= 0 && self.tax >= 0 && sum == Some(self.total.amount)
    }

    /// The price of `n` places, part by part.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] past 64 bits.
    pub fn times(&self, n: u32) -> Result<Self, MoneyError> {
        let part = |amount: i64| amount.checked_mul(i64::from(n)).ok_or(MoneyError::Overflow);
        Ok(Self { net: part(self.net)?, fee: part(self.fee)?, tax: part(self.tax)?, total: self.total.times(n)? })
    }

    /// The sum of two prices, part by part.
    ///
    /// # Errors
    /// [`MoneyError`] for two currencies, or past 64 bits.
    pub fn plus(&self, other: &Self) -> Result<Self, MoneyError> {
        let part = |a: i64, b: i64| a.checked_add(b).ok_or(MoneyError::Overflow);
        Ok(Self {
            net: part(self.net, other.net)?,
            fee: part(self.fee, other.fee)?,
            tax: part(self.tax, other.tax)?,
            total: self.total.plus(other.total)?,
        })
    }
}

impl Line {
    /// What the whole line costs.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] past 64 bits.
    pub fn price(&self) -> Result<Price, MoneyError> {
        self.unit.times(self.quantity)
    }
}

/// Lines and their sum: what the browser shows and what the server charges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basket {
    /// The lines.
    pub lines: Vec<Line>,
    /// The sum of the lines, part by part; `None` without lines, because nothing has no currency.
    pub sum: Option<Price>,
}

impl Basket {
    /// Sums lines, every step checked.
    ///
    /// # Errors
    /// [`MoneyError`] for two currencies, or past 64 bits.
    pub fn of(lines: Vec<Line>) -> Result<Self, MoneyError> {
        let mut sum: Option<Price> = None;
        for line in &lines {
            let price = line.price()?;
            sum = Some(match sum {
                Some(sum) => sum.plus(&price)?,
                None => price,
            });
        }
        Ok(Self { lines, sum })
    }

    /// How many places.
    #[must_use]
    pub fn places(&self) -> u32 {
        self.lines.iter().fold(0, |sum, line| sum.saturating_add(line.quantity))
    }
}
