//! Refusals as problems: which status, which facts, which words.

use app::islands::picker::words;
use axum::http::StatusCode;
use domain::hold::HoldRefusal;
use domain::order::OrderRefusal;
use domain::seat::SeatId;
use serde_json::{Value, json};

use super::hourly::too_often;
use super::problem::ApiError;
use crate::catalog::view::rfc3339;
use crate::holds::HoldError;

fn seats(seats: &[SeatId]) -> Value {
    json!(seats.iter().map(|seat| seat.0).collect::<Vec<_>>())
}

fn conflict(code: &str, title: &str, detail: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::CONFLICT, code, title, detail)
}

fn unprocessable(code: &str, title: &str, detail: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code, title, detail)
}

impl From<HoldError> for ApiError {
    fn from(error: HoldError) -> Self {
        match error {
            HoldError::NoSuchEvent => Self::not_found("event"),
            HoldError::TooOften { retry_after } => too_often(retry_after),
            HoldError::Trouble(trouble) => trouble.into(),
            HoldError::Refused(refusal) => refusal.into(),
        }
    }
}

impl From<HoldRefusal> for ApiError {
    fn from(refusal: HoldRefusal) -> Self {
        match refusal {
            HoldRefusal::SeatsTaken { taken, offer } => conflict(
                "seats_taken",
                "Just taken",
                if offer.is_empty() {
                    "Somebody was faster with some of these seats, and nothing nearby is as good. Please choose others; nothing was charged."
                } else {
                    "Somebody was faster with some of these seats. The nearest ones as good are offered; nothing was charged."
                },
            )
            .with("taken", seats(&taken))
            .with("offer", seats(&offer)),
            HoldRefusal::NotTogether { offer } => conflict(
                "not_together",
                "Not side by side any more",
                "There are that many places left, but not side by side. The closest we found are offered.",
            )
            .with("offer", seats(&offer)),
            HoldRefusal::Withdrawn { seats: withdrawn } => conflict(
                "seats_withdrawn",
                "No longer on sale",
                "What would be left in your basket is no longer on sale. Please let it go and choose others; nothing was charged.",
            )
            .with("withdrawn", seats(&withdrawn)),
            HoldRefusal::SoldOut => conflict(
                "sold_out",
                "Not enough places left",
                "Nothing that fits is left. Places that others hold without paying come back within minutes.",
            ),
            HoldRefusal::OrphanSeat { orphans, offer } => unprocessable(
                "orphan_seat",
                "That would leave a single seat",
                "Your choice leaves one seat alone that nobody could use. Please move one seat to the side, or take it too.",
            )
            .with("orphans", seats(&orphans))
            .with("offer", seats(&offer)),
            HoldRefusal::Contradiction => unprocessable(
                "contradiction",
                "These wishes exclude each other",
                "Name every seat and tier once, and ask either for chosen seats or for the best available.",
            ),
            HoldRefusal::TooMany { limit } => unprocessable(
                "too_many",
                "That is a lot of places",
                words::too_many(limit),
            )
            .with("limit", limit),
            HoldRefusal::TooManyHolds { limit } => conflict(
                "too_many_holds",
                "Too many open baskets",
                format!("You have {limit} open baskets. Finish one or let it go, then choose again."),
            )
            .with("limit", limit),
            HoldRefusal::NotOnSale { opens_at } => {
                let problem = unprocessable(
                    "not_on_sale",
                    "Not on sale",
                    match opens_at {
                        Some(_) => "The sale has not opened yet. Come back when it does; nothing is lost.",
                        None => "Tickets for this event are not on sale at the moment. Nothing was charged.",
                    },
                );
                match opens_at {
                    Some(at) => problem.with("opens_at", rfc3339(at)),
                    None => problem,
                }
            }
            HoldRefusal::TierLimits { tier, min, max } => unprocessable(
                "tier_limits",
                "A different number, please",
                words::tier_limits(min, max),
            )
            .with("tier", tier.to_string())
            .with("min", min)
            .with("max", max),
            HoldRefusal::UnknownSeat { seats: unknown } => unprocessable(
                "unknown_seat",
                "No such seat",
                "Some of these seats are not on this event's chart, or not for sale. Please load the page again.",
            )
            .with("seats", seats(&unknown)),
            HoldRefusal::UnknownTier { tier } => unprocessable(
                "unknown_tier",
                "No such price",
                "This price is no longer offered. Please load the page again.",
            )
            .with("tier", tier.to_string()),
            HoldRefusal::UnknownSection => {
                unprocessable("unknown_section", "No such section", "There is no section of that name in this house.")
            }
            HoldRefusal::Nothing => {
                unprocessable("nothing_chosen", "Nothing chosen yet", "Please choose at least one place first.")
            }
            HoldRefusal::Expired => ApiError::new(
                StatusCode::GONE,
                "hold_expired",
                "Your time ran out",
                "These places are no longer held for you, and nothing was charged. If they are still free you can take them again.",
            ),
            HoldRefusal::NoExtensionLeft => conflict(
                "no_extension_left",
                "Already extended",
                "Places can be kept longer once. Please finish before the clock runs out.",
            ),
        }
    }
}

impl From<OrderRefusal> for ApiError {
    fn from(refusal: OrderRefusal) -> Self {
        let status = StatusCode::from_u16(refusal.http_status()).unwrap_or(StatusCode::CONFLICT);
        let (title, detail) = words(&refusal);
        let problem = Self::new(status, refusal.code(), title, detail);
        match refusal {
            OrderRefusal::PriceChanged { now } => problem.with("total", json!(now)),
            OrderRefusal::SeatsTaken { taken } => problem.with("taken", seats(&taken)),
            OrderRefusal::SeatsWithdrawn { seats: withdrawn } => problem.with("withdrawn", seats(&withdrawn)),
            OrderRefusal::SoldOut { tier } => problem.with("tier", tier.to_string()),
            OrderRefusal::LimitReached { tier: Some(tier), min, max } => {
                problem.with("tier", tier.to_string()).with("min", min).with("max", max)
            }
            OrderRefusal::LimitReached { tier: None, max, .. } => problem.with("max", max),
            OrderRefusal::InvalidBuyer { problems } => problem.with("problems", json!(problems)),
            OrderRefusal::OrderOver { status } => problem.with("order_status", status.public_word()),
            OrderRefusal::TooManyAttempts { limit } => problem.with("limit", limit).retry_after(600),
            OrderRefusal::IdempotencyKeyInProgress | OrderRefusal::PaymentInProgress => problem.retry_after(1),
            _ => problem,
        }
    }
}

fn words(refusal: &OrderRefusal) -> (&'static str, String) {
    match refusal {
        OrderRefusal::HoldExpired => (
            "Your time ran out",
            "These places are no longer held for you, and nothing was charged. If they are still free you can take them again.".into(),
        ),
        OrderRefusal::PriceChanged { now } => {
            ("The price is different", format!("It costs {now} in all. Please look at it and confirm again."))
        }
        OrderRefusal::InvalidBuyer { .. } => {
            ("Please check your details", "Some of what you typed needs another look. Your seats are still held.".into())
        }
        OrderRefusal::SeatsTaken { .. } => (
            "Just sold",
            "Some of these seats were sold to somebody else. Nothing was charged; please choose others.".into(),
        ),
        OrderRefusal::SeatsWithdrawn { .. } => (
            "No longer on sale",
            "Some of these seats are no longer on sale. Nothing was charged; keep the others, or choose again.".into(),
        ),
        OrderRefusal::SoldOut { .. } => {
            ("Not enough places left", "The last places of this price just went. Nothing was charged.".into())
        }
        OrderRefusal::LimitReached { tier: None, max: 0, .. } => (
            "You have your share",
            "This event has a limit for each person, and your mail address has reached it. Nothing was charged.".into(),
        ),
        OrderRefusal::LimitReached { tier: None, max, .. } => (
            "A few too many",
            format!(
                "This event has a limit for each person, counted over all orders. Your mail address can buy {max} more. \
                 Please choose again; nothing was charged."
            ),
        ),
        OrderRefusal::LimitReached { min, max, .. } => {
            ("A different number, please", format!("Of this price one purchase takes between {min} and {max} places."))
        }
        OrderRefusal::NotOnSale => {
            ("Not on sale", "Tickets for this event are not on sale at the moment. Nothing was charged.".into())
        }
        OrderRefusal::Unpriceable => {
            ("This basket cannot be priced", "Nothing was charged. Please choose your places again.".into())
        }
        OrderRefusal::NotFound => ("Not found", "There is no such order, or this is not its secret.".into()),
        OrderRefusal::OrderOver { .. } => (
            "This order is over",
            "Its time ran out or it was given up; its places are free again. Nothing was charged.".into(),
        ),
        OrderRefusal::AlreadyPaid => ("Already paid", "This order is paid; its tickets are waiting for you.".into()),
        OrderRefusal::PaymentInProgress => (
            "Still with your bank",
            "An earlier payment has no answer yet. Please wait for it, so that you do not pay twice.".into(),
        ),
        OrderRefusal::TooManyAttempts { limit } => (
            "Too many attempts",
            format!("This order was tried {limit} times. Nothing was charged; please choose again later or use another card."),
        ),
        OrderRefusal::InvalidMethod => (
            "This card cannot be used",
            "Please check the number, or use another card. Nothing was charged and your seats are still held.".into(),
        ),
        OrderRefusal::IdempotencyKeyReused => (
            "This key was used before",
            "The key belongs to another request. Choose a new one for a new request.".into(),
        ),
        OrderRefusal::IdempotencyKeyInProgress => {
            ("Still working on it", "The first request with this key is still running. Ask again in a moment.".into())
        }
    }
}
