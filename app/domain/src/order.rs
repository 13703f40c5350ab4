//! Orders: states that only move forward, who buys, why a purchase is refused.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::ids::TierId;
use crate::money::Money;
use crate::price::Line;
use crate::seat::SeatId;
use crate::time::MINUTE;

pub use crate::buyer::{Buyer, BuyerField, BuyerProblem};

/// Attempts to pay that one order takes: enough for an unlucky evening, too few to try stolen cards with.
pub const MAX_ATTEMPTS: u32 = 10;
/// Money that was taken becomes tickets within this time...
pub const TICKETS_WITHIN: i64 = MINUTE;
/// ...or goes back in full within this one (invariant M1).
pub const REFUND_WITHIN: i64 = 5 * MINUTE;

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Its places are claimed, nothing is paid.
    Pending,
    /// Being given up: the provider has not yet confirmed that no payment can still succeed, so its places are safe.
    Closing,
    /// Paid, with tickets.
    Paid,
    /// Given up by its buyer before it was paid.
    Cancelled,
    /// Not paid in time.
    Expired,
    /// Some of the money went back.
    PartlyRefunded,
    /// All of the money went back.
    Refunded,
}

/// What can happen to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrderEvent {
    /// Money was captured and tickets are written.
    Fulfil,
    /// Its time ran out, or its buyer gave it up: no new payment may start.
    Close,
    /// Its time ran out, and the provider confirmed that no payment can still succeed.
    Expire,
    /// Its buyer gave it up, and the provider confirmed that no payment can still succeed.
    Cancel,
    /// Part of the money went back.
    RefundPart,
    /// All of the money went back.
    RefundAll,
}

/// What an event does to a state: every pair of state and event has exactly one answer, so that a duplicate or a
/// latecomer is never an error (invariant D2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<S> {
    /// The state changes.
    To(S),
    /// It has happened already: nothing to do.
    Already,
    /// It comes too late or too early: nothing may be done.
    Never,
}

impl OrderStatus {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Closing,
        Self::Paid,
        Self::Cancelled,
        Self::Expired,
        Self::PartlyRefunded,
        Self::Refunded,
    ];

    /// The word of the database.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Closing => "closing",
            Self::Paid => "paid",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::PartlyRefunded => "partly_refunded",
            Self::Refunded => "refunded",
        }
    }

    /// The state that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }

    /// The word of the API: while an order is being given up its outcome is unknown, so it still reads `pending`.
    #[must_use]
    pub fn public_word(self) -> &'static str {
        if self == Self::Closing { "pending" } else { self.word() }
    }

    /// How far along: no transition lowers it.
    #[must_use]
    pub fn rank(self) -> u8 {
        match self {
            Self::Pending => 0,
            Self::Closing => 1,
            Self::Paid | Self::Cancelled | Self::Expired => 2,
            Self::PartlyRefunded => 3,
            Self::Refunded => 4,
        }
    }

    /// What `event` does to an order in this state.
    #[must_use]
    pub fn step(self, event: OrderEvent) -> Step<Self> {
        use OrderEvent as E;
        match (self, event) {
            (Self::Pending, E::Close) => Step::To(Self::Closing),
            (Self::Closing, E::Close) => Step::Already,
            (Self::Pending | Self::Closing, E::Fulfil) => Step::To(Self::Paid),
            (Self::Paid | Self::PartlyRefunded | Self::Refunded, E::Fulfil) => Step::Already,
            (Self::Closing, E::Expire) => Step::To(Self::Expired),
            (Self::Closing, E::Cancel) => Step::To(Self::Cancelled),
            // An order that is over is over, whichever of the two ended it.
            (Self::Expired | Self::Cancelled, E::Close | E::Expire | E::Cancel) => Step::Already,
            (Self::Paid | Self::PartlyRefunded, E::RefundAll) => Step::To(Self::Refunded),
            (Self::Paid, E::RefundPart) => Step::To(Self::PartlyRefunded),
            (Self::PartlyRefunded, E::RefundPart) | (Self::Refunded, E::RefundAll) => Step::Already,
            _ => Step::Never,
        }
    }

    /// Whether its places are the buyer's.
    #[must_use]
    pub fn keeps_places(self) -> bool {
        matches!(self, Self::Pending | Self::Closing | Self::Paid | Self::PartlyRefunded)
    }
}

/// What an order costs, minor units: `total = subtotal + fees + tax`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Before fees and tax.
    pub subtotal: i64,
    /// Fees.
    pub fees: i64,
    /// Tax.
    pub tax: i64,
    /// What the buyer pays.
    pub total: Money,
}

/// Sums the lines of a basket, every step checked.
///
/// # Errors
/// [`OrderRefusal::Unpriceable`] for no lines, mixed currencies, parts that do not add up, negative or enormous sums.
pub fn totals(lines: &[Line]) -> Result<Totals, OrderRefusal> {
    let first = lines.first().ok_or(OrderRefusal::Unpriceable)?;
    let mut sum = Totals { subtotal: 0, fees: 0, tax: 0, total: Money::zero(first.unit.total.currency) };
    let add = |sum: i64, part: i64, quantity: u32| {
        part.checked_mul(i64::from(quantity)).filter(|_| part >= 0).and_then(|n| sum.checked_add(n))
    };
    for line in lines {
        let unit = line.unit;
        let parts = unit.net.checked_add(unit.fee).and_then(|n| n.checked_add(unit.tax));
        if parts != Some(unit.total.amount) || line.quantity == 0 || (line.seat.is_some() && line.quantity != 1) {
            return Err(OrderRefusal::Unpriceable);
        }
        sum.subtotal = add(sum.subtotal, unit.net, line.quantity).ok_or(OrderRefusal::Unpriceable)?;
        sum.fees = add(sum.fees, unit.fee, line.quantity).ok_or(OrderRefusal::Unpriceable)?;
        sum.tax = add(sum.tax, unit.tax, line.quantity).ok_or(OrderRefusal::Unpriceable)?;
        let line_total = unit.total.times(line.quantity).map_err(|_| OrderRefusal::Unpriceable)?;
        sum.total = sum.total.plus(line_total).map_err(|_| OrderRefusal::Unpriceable)?;
    }
    Ok(sum)
}

/// Why a purchase was refused. Nothing was changed, nothing was charged.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum OrderRefusal {
    /// The hold ran out, was let go, or was never the asker's.
    #[error("this hold has run out")]
    HoldExpired,
    /// The total differs from what the buyer agreed to.
    #[error("the price is {now}, not the one agreed to")]
    PriceChanged {
        /// What it costs.
        now: Money,
    },
    /// The buyer's name or address cannot be used.
    #[error("some of these details need another look")]
    InvalidBuyer {
        /// What is wrong, field by field.
        problems: Vec<BuyerProblem>,
    },
    /// Somebody else bought some of the seats.
    #[error("some of these seats were just sold")]
    SeatsTaken {
        /// The seats that are gone, ascending.
        taken: Vec<SeatId>,
    },
    /// Some of the seats are no longer for sale, to anybody.
    #[error("some of these seats are no longer on sale")]
    SeatsWithdrawn {
        /// The seats that are not for sale, ascending.
        seats: Vec<SeatId>,
    },
    /// The tier has fewer places left than asked for.
    #[error("there are not enough places left")]
    SoldOut {
        /// The tier.
        tier: TierId,
    },
    /// A tier's limits for one purchase are not met.
    #[error("between {min} and {max} places of this tier in one purchase")]
    LimitReached {
        /// The tier.
        tier: TierId,
        /// At least.
        min: u32,
        /// At most.
        max: u32,
    },
    /// The event's limit for one person, over all orders.
    #[error("at most {max} places of this event a person, {left} more")]
    ShareReached {
        /// Places that one person may have.
        max: u32,
        /// How many more this one may buy.
        left: u32,
    },
    /// The event or the tier is not on sale at this moment.
    #[error("not on sale")]
    NotOnSale,
    /// The basket cannot be priced.
    #[error("this basket cannot be priced")]
    Unpriceable,
    /// No such order, or not the asker's.
    #[error("no such order")]
    NotFound,
    /// The order's time is over, or it was given up: its places are free again.
    #[error("this order is over")]
    OrderOver {
        /// How it ended, or `pending` while it is being wound up.
        status: OrderStatus,
    },
    /// It is paid already.
    #[error("this order is paid")]
    AlreadyPaid,
    /// An earlier attempt has no answer yet; a second one could charge twice.
    #[error("an earlier payment is still being checked")]
    PaymentInProgress,
    /// As many attempts as one order takes.
    #[error("at most {limit} attempts to pay")]
    TooManyAttempts {
        /// The limit.
        limit: u32,
    },
    /// No such provider, or it cannot read what was given as a method.
    #[error("this way of paying cannot be used")]
    InvalidMethod,
    /// The key was used for another request.
    #[error("this idempotency key belongs to another request")]
    IdempotencyKeyReused,
    /// The first request with this key is still running.
    #[error("the first request with this key is still running")]
    IdempotencyKeyInProgress,
}

impl OrderRefusal {
    /// The stable code of the API.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::HoldExpired => "hold_expired",
            Self::PriceChanged { .. } => "price_changed",
            Self::InvalidBuyer { .. } => "invalid_buyer",
            Self::SeatsTaken { .. } => "seats_taken",
            Self::SeatsWithdrawn { .. } => "seats_withdrawn",
            Self::SoldOut { .. } => "sold_out",
            Self::LimitReached { .. } | Self::ShareReached { .. } => "limit_reached",
            Self::NotOnSale => "not_on_sale",
            Self::Unpriceable => "unpriceable",
            Self::NotFound => "not_found",
            Self::OrderOver { .. } => "order_over",
            Self::AlreadyPaid => "already_paid",
            Self::PaymentInProgress => "payment_in_progress",
            Self::TooManyAttempts { .. } => "too_many_attempts",
            Self::InvalidMethod => "invalid_method",
            Self::IdempotencyKeyReused => "idempotency_key_reused",
            Self::IdempotencyKeyInProgress => "idempotency_key_in_progress",
        }
    }

    /// The HTTP status that goes with the code.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        match self {
            Self::NotFound => 404,
            Self::HoldExpired | Self::OrderOver { .. } => 410,
            Self::InvalidBuyer { .. }
            | Self::NotOnSale
            | Self::Unpriceable
            | Self::InvalidMethod
            | Self::IdempotencyKeyReused => 422,
            Self::TooManyAttempts { .. } => 429,
            Self::PriceChanged { .. }
            | Self::SeatsTaken { .. }
            | Self::SeatsWithdrawn { .. }
            | Self::SoldOut { .. }
            | Self::LimitReached { .. }
            | Self::ShareReached { .. }
            | Self::AlreadyPaid
            | Self::PaymentInProgress
            | Self::IdempotencyKeyInProgress => 409,
        }
    }
}
