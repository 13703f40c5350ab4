//! What a place costs: a tier's price in its parts, and the lines of a basket.

use serde::{Deserialize, Serialize};

use crate::ids::TierId;
use crate::money::Money;
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
}
