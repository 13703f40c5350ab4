//! The rules of a choice: what is on sale, at what price, how many, and the orphan rule with its mercy.
//!
//! The browser asks them for instant answers, the server asks them again before it holds anything: the same functions
//! over the same values.

use serde::{Deserialize, Serialize};

use crate::ids::TierId;
use crate::price::Price;
use crate::time::Millis;

/// When something is sold: from `opens_at` until just before `closes_at`; `None` is no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// First instant of the sale.
    pub opens_at: Option<Millis>,
    /// First instant after the sale.
    pub closes_at: Option<Millis>,
}

impl Window {
    /// Whether `now` lies in it.
    #[must_use]
    pub fn is_open(self, now: Millis) -> bool {
        self.opens_at.is_none_or(|opens| now >= opens) && self.closes_at.is_none_or(|closes| now < closes)
    }
}

/// A price tier as the rules see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    /// Its id.
    pub id: TierId,
    /// The chart category it prices; `None`: a standing tier.
    pub category: Option<u8>,
    /// The price of one place.
    pub price: Price,
    /// At least so many in one hold, if any.
    pub min: u32,
    /// At most so many in one hold.
    pub max: u32,
    /// When it is sold.
    pub sale: Window,
}
