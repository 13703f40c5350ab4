//! Refusals as problems: which status, which facts, which words.

use app::islands::picker::words;
use axum::http::StatusCode;
use domain::best::Relaxed;
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

fn standing_left(left: u32) -> String {
    match left {
        1 => "Only one place of this price is left. Please choose one.".to_owned(),
        left => format!("Only {left} places of this price are left. Please choose fewer."),
    }
}

fn seats_left(left: u32, together: bool) -> String {
    let is = match (left, together) {
        (1, true) => "No two of them are side by side; one is offered.".to_owned(),
        (1, false) => "One is, and it is offered.".to_owned(),
        (left, true) => format!("{left} are side by side, and they are offered."),
        (left, false) => format!("{left} are, and they are offered."),
    };
    format!("Not that many seats that fit are left. {is}")
}

/// What else to know of seats that are offered: ` Part of the stage cannot be seen from here.`
fn besides<'a>(relaxed: impl IntoIterator<Item = &'a Relaxed>) -> String {
    relaxed.into_iter().flat_map(|relaxed| [" ", relaxed.words()]).collect()
}

/// `One person may have 4 places of this event, counted over all orders`.
fn share(max: u32) -> String {
    let places = if max == 1 { "one place".to_owned() } else { format!("{max} places") };
    format!("One person may have {places} of this event, counted over all orders")
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
            HoldRefusal::NotTogether { offer, relaxed } => conflict(
                "not_together",
                "Not side by side any more",
                [
                    "There are that many places left, but not side by side. The closest we found are offered.",
                    // That they are apart is said already.
                    &besides(relaxed.iter().filter(|one| !matches!(one, Relaxed::TwoRows | Relaxed::Apart))),
                ]
                .concat(),
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
                "Nothing that fits is left just now. Please wish for something else, or look again in a while.",
            ),
            HoldRefusal::Fewer { tier: Some(tier), left, .. } => {
                conflict("sold_out", "Not enough places left", standing_left(left))
                    .with("tier", tier.to_string())
                    .with("left", left)
            }
            HoldRefusal::Fewer { tier: None, left, together, offer, relaxed } => {
                let detail = seats_left(left, together) + &besides(&relaxed);
                conflict("sold_out", "Not enough places left", detail)
                    .with("left", left)
                    .with("offer", seats(&offer))
            }
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
            OrderRefusal::LimitReached { tier, min, max } => {
                problem.with("tier", tier.to_string()).with("min", min).with("max", max)
            }
            OrderRefusal::ShareReached { max, left } => problem.with("max", left).with("limit", max),
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
        OrderRefusal::ShareReached { max, left: 0 } => (
            "You have your share",
            format!("{}, and your mail address has {}. Nothing was charged.", share(*max), if *max == 1 { "it" } else { "them" }),
        ),
        OrderRefusal::ShareReached { max, left } => (
            "A few too many",
            format!(
                "{}. Your mail address can buy {left} more. Please choose again; nothing was charged.",
                share(*max)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_that_is_told_is_the_limit_there_is() {
        for (left, says) in [(0, "your mail address has them"), (1, "Your mail address can buy 1 more")] {
            let problem = ApiError::from(OrderRefusal::ShareReached { max: 4, left }).problem;
            assert_eq!(problem.code, "limit_reached");
            assert_eq!((&problem.facts["limit"], &problem.facts["max"]), (&json!(4), &json!(left)));
            let told = problem.detail.starts_with("One person may have 4 places") && problem.detail.contains(says);
            assert!(told, "{}", problem.detail);
        }
        let one = ApiError::from(OrderRefusal::ShareReached { max: 1, left: 0 }).problem.detail;
        assert!(one.starts_with("One person may have one place of") && one.contains("has it."), "{one}");
    }

    #[test]
    fn too_few_places_are_counted_and_what_there_is_is_offered() {
        let fewer = |left: u32, together| {
            let offer = (0..left).map(SeatId).collect();
            HoldRefusal::Fewer { tier: None, left, together, offer, relaxed: vec![] }
        };
        let three = ApiError::from(fewer(3, true)).problem;
        assert!(three.detail.contains("3 are side by side"), "{}", three.detail);
        assert!(ApiError::from(fewer(3, false)).problem.detail.contains("3 are, and they are offered"));
        assert_eq!((three.code.as_str(), &three.facts["offer"]), ("sold_out", &json!([0, 1, 2])));
        assert!(ApiError::from(fewer(1, true)).problem.detail.ends_with("one is offered."));
        let relaxed = vec![Relaxed::RestrictedView, Relaxed::Apart];
        let apart = ApiError::from(HoldRefusal::NotTogether { offer: vec![], relaxed }).problem.detail;
        assert!(apart.ends_with("are offered. Part of the stage cannot be seen from here."), "{apart}");
        let relaxed = vec![Relaxed::Apart];
        let few = HoldRefusal::Fewer { tier: None, left: 3, together: false, offer: vec![], relaxed };
        assert!(ApiError::from(few).problem.detail.ends_with("these are in different places."));
    }
}
