//! Payments: one attempt's way from being asked for to captured, declined, cancelled or refunded.

use serde::{Deserialize, Serialize};

use crate::order::Step;

/// Where an attempt to pay stands. The order of the variants is the order of ranks; see [`PaymentStatus::rank`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Written down; the provider may or may not have heard of it.
    Created,
    /// The buyer must answer the bank's question (3-D Secure).
    RequiresAction,
    /// The provider works on it.
    Processing,
    /// The money is set aside, not taken.
    Authorised,
    /// The capture is written down and may have been asked for.
    Capturing,
    /// The cancellation is written down and may have been asked for.
    Cancelling,
    /// The provider said no.
    Declined,
    /// Given up: it can no longer succeed.
    Cancelled,
    /// The money is taken.
    Captured,
    /// The refund is written down and may have been asked for.
    Refunding,
    /// The money is back.
    Refunded,
}

/// What the provider says of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reported {
    /// Waits for the buyer.
    RequiresAction,
    /// Works on it.
    Processing,
    /// Money set aside.
    Authorised,
    /// Money taken.
    Captured,
    /// No.
    Declined,
    /// Cancelled; it can no longer succeed.
    Cancelled,
    /// Money given back in full.
    Refunded,
}

/// Why the provider declined, as a stable code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decline {
    /// The bank gave no reason.
    CardDeclined,
    /// Not enough money.
    InsufficientFunds,
    /// The card's date is past.
    ExpiredCard,
    /// The bank's question was not answered rightly.
    AuthenticationFailed,
    /// Something broke between the provider and the bank.
    ProcessingError,
}

impl Decline {
    /// Every reason.
    pub const ALL: [Self; 5] = [
        Self::CardDeclined,
        Self::InsufficientFunds,
        Self::ExpiredCard,
        Self::AuthenticationFailed,
        Self::ProcessingError,
    ];

    /// The API's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::CardDeclined => "card_declined",
            Self::InsufficientFunds => "insufficient_funds",
            Self::ExpiredCard => "expired_card",
            Self::AuthenticationFailed => "authentication_failed",
            Self::ProcessingError => "processing_error",
        }
    }

    /// The reason that a word names; an unknown word is a plain decline.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|d| d.word() == word).unwrap_or(Self::CardDeclined)
    }

    /// What happened, what it means, what to do.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::CardDeclined => {
                "Your bank declined the card. Nothing was charged and your places are still yours: \
                 try again or use another card."
            }
            Self::InsufficientFunds => {
                "The card does not have enough money on it. Nothing was charged and your places are still yours: \
                 try another card."
            }
            Self::ExpiredCard => {
                "This card has expired. Nothing was charged and your places are still yours: try another card."
            }
            Self::AuthenticationFailed => {
                "Your bank's question was not answered with yes. Nothing was charged and your places are still yours: \
                 try again or use another card."
            }
            Self::ProcessingError => {
                "The payment did not go through. Nothing was charged and your places are still yours: \
                 please try again in a moment."
            }
        }
    }
}

impl PaymentStatus {
    /// Every state.
    pub const ALL: [Self; 11] = [
        Self::Created,
        Self::RequiresAction,
        Self::Processing,
        Self::Authorised,
        Self::Capturing,
        Self::Cancelling,
        Self::Declined,
        Self::Cancelled,
        Self::Captured,
        Self::Refunding,
        Self::Refunded,
    ];

    /// The database's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::RequiresAction => "requires_action",
            Self::Processing => "processing",
            Self::Authorised => "authorised",
            Self::Capturing => "capturing",
            Self::Cancelling => "cancelling",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
            Self::Captured => "succeeded",
            Self::Refunding => "refunding",
            Self::Refunded => "refunded",
        }
    }

    /// The state that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }

    /// The API's word: what a buyer needs to know, and no more. Until money is taken it never says `succeeded`, and
    /// until the provider said no it never says `declined` (invariant D6).
    #[must_use]
    pub fn public_word(self) -> &'static str {
        match self {
            Self::Created | Self::Processing | Self::Authorised | Self::Capturing | Self::Cancelling => "processing",
            Self::RequiresAction => "requires_action",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
            Self::Captured => "succeeded",
            Self::Refunding | Self::Refunded => "refunded",
        }
    }

    /// How far along: no report lowers it. `Captured` outranks `Cancelled` and `Declined`: should a provider ever take
    /// money after it said that it would not, the books must say so, for only then is the money given back.
    #[must_use]
    pub fn rank(self) -> u8 {
        match self {
            Self::Created => 0,
            Self::RequiresAction => 1,
            Self::Processing => 2,
            Self::Authorised => 3,
            Self::Capturing | Self::Cancelling => 4,
            Self::Declined | Self::Cancelled => 5,
            Self::Captured => 6,
            Self::Refunding => 7,
            Self::Refunded => 8,
        }
    }

    /// Whether this attempt may still take money: while it is, no other attempt may start and no place goes free.
    #[must_use]
    pub fn is_live(self) -> bool {
        self.rank() < 5
    }

    /// Whether money may have been taken and is not known to be back: nobody whose order is over may be told that nothing
    /// was charged.
    #[must_use]
    pub fn may_have_charged(self) -> bool {
        matches!(self, Self::Authorised | Self::Capturing | Self::Cancelling | Self::Captured | Self::Refunding)
    }

    /// What the provider's report does to an attempt in this state: forward, or nothing.
    #[must_use]
    pub fn seen(self, report: Reported) -> Step<Self> {
        let target = match report {
            Reported::RequiresAction => Self::RequiresAction,
            Reported::Processing => Self::Processing,
            Reported::Authorised => Self::Authorised,
            Reported::Captured => Self::Captured,
            Reported::Declined => Self::Declined,
            Reported::Cancelled => Self::Cancelled,
            Reported::Refunded => Self::Refunded,
        };
        if target.rank() > self.rank() { Step::To(target) } else { Step::Already }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::select;

    const REPORTS: [Reported; 7] = [
        Reported::RequiresAction,
        Reported::Processing,
        Reported::Authorised,
        Reported::Captured,
        Reported::Declined,
        Reported::Cancelled,
        Reported::Refunded,
    ];

    fn after(status: PaymentStatus, report: Reported) -> PaymentStatus {
        match status.seen(report) {
            Step::To(next) => next,
            Step::Already | Step::Never => status,
        }
    }

    proptest! {
        #[test]
        fn reports_in_any_order_and_any_number_only_move_forward(reports in prop::collection::vec(select(&REPORTS[..]), 0..20)) {
            let mut status = PaymentStatus::Created;
            for report in reports {
                let next = after(status, report);
                prop_assert!(next.rank() >= status.rank());
                prop_assert_eq!(after(next, report), next, "a duplicate is a no-op");
                status = next;
            }
        }

        #[test]
        fn captured_money_is_never_forgotten(before in prop::collection::vec(select(&REPORTS[..]), 0..9),
                                             later in prop::collection::vec(select(&REPORTS[..]), 0..9)) {
            let all = before.into_iter().chain([Reported::Captured]).chain(later);
            let end = all.fold(PaymentStatus::Created, after);
            prop_assert!(matches!(end, PaymentStatus::Captured | PaymentStatus::Refunded));
        }
    }

    #[test]
    fn words_lead_back_to_states() {
        for status in PaymentStatus::ALL {
            assert_eq!(PaymentStatus::from_word(status.word()), Some(status));
        }
        for decline in Decline::ALL {
            assert_eq!(Decline::from_word(decline.word()), decline);
        }
        assert_eq!(Decline::from_word("do_not_honor"), Decline::CardDeclined);
    }

    #[test]
    fn an_unknown_outcome_reads_as_processing() {
        for status in PaymentStatus::ALL {
            assert_eq!(status.public_word() == "succeeded", status == PaymentStatus::Captured);
            assert_eq!(status.public_word() == "declined", status == PaymentStatus::Declined);
        }
    }
}
