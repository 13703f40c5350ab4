//! What an order needs next: one pure decision that webhook, polling, return, expiry and recovery share.

use domain::ids::PaymentId;
use domain::order::OrderStatus;
use domain::payment::PaymentStatus as P;
use domain::time::SECOND;

use super::types::OrderRecord;

/// A payment that the provider has not heard of after this long never will: the request that would have created it
/// had a shorter time limit.
pub const NEVER_ARRIVED_AFTER: i64 = 12 * SECOND;

/// The next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing to do now.
    Nothing,
    /// Ask the provider where the payment stands.
    Ask(PaymentId),
    /// Take the money; `begun` if that is written down.
    Capture {
        /// Which.
        payment: PaymentId,
        /// Whether it is written down.
        begun: bool,
    },
    /// Write the tickets.
    Fulfil(PaymentId),
    /// Write the tickets of an order that costs nothing.
    Issue,
    /// Make sure that the payment cannot succeed; `begun` if that is written down.
    Cancel {
        /// Which.
        payment: PaymentId,
        /// Whether it is written down.
        begun: bool,
    },
    /// Give the money back; `begun` if that is written down.
    Refund {
        /// Which.
        payment: PaymentId,
        /// Whether it is written down.
        begun: bool,
    },
    /// Start no more payments.
    Close,
    /// Give the places back.
    Release,
}

impl Next {
    /// Whether the step is a call to the payment's provider.
    #[must_use]
    pub fn asks(self) -> bool {
        matches!(self, Self::Ask(_) | Self::Capture { .. } | Self::Cancel { .. } | Self::Refund { .. })
    }
}

/// Decides. Money that was taken comes first, then what must not take any more, then the clock.
#[must_use]
pub fn next(order: &OrderRecord) -> Next {
    let open = matches!(order.status, OrderStatus::Pending | OrderStatus::Closing);
    let at = |status: P| order.payments.iter().find(|payment| payment.status == status).map(|payment| payment.id);
    // The tickets do not wait for the refund of another attempt.
    match at(P::Captured) {
        Some(payment) if open => return Next::Fulfil(payment),
        Some(payment) if matches!(order.status, OrderStatus::Cancelled | OrderStatus::Expired) => {
            return Next::Refund { payment, begun: false };
        }
        _ => {}
    }
    // Nor does the question whether another one was captured.
    if let Some(payment) = at(P::Refunding).filter(|_| !open || at(P::Capturing).is_none()) {
        return Next::Refund { payment, begun: true };
    }
    if let Some(payment) = order.live_payment() {
        let id = payment.id;
        let wanted = order.status == OrderStatus::Pending;
        return match payment.status {
            P::Capturing => Next::Capture { payment: id, begun: true },
            P::Cancelling => Next::Cancel { payment: id, begun: true },
            P::Authorised if wanted => Next::Capture { payment: id, begun: false },
            _ if !wanted => Next::Cancel { payment: id, begun: false },
            _ if order.now >= order.expires_at => Next::Close,
            _ => Next::Ask(id),
        };
    }
    match order.status {
        // Whoever ordered it has done all there is to do: no clock runs against them.
        OrderStatus::Pending if order.totals.total.amount == 0 => Next::Issue,
        OrderStatus::Pending if order.now >= order.expires_at => Next::Close,
        OrderStatus::Closing => Next::Release,
        _ => Next::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::{EventId, HoldId, HolderId, OrderId};
    use domain::money::{Currency, Money};
    use domain::order::{Buyer, Totals};
    use domain::time::Millis;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::purchase::types::PaymentRecord;

    fn order(status: OrderStatus, payments: &[P], expired: bool) -> OrderRecord {
        let total = Money::new(100, Currency::EUR);
        let payment = |(n, status): (usize, &P)| PaymentRecord {
            id: PaymentId::mint(Millis(1), [u8::try_from(n).unwrap(); 10]),
            provider: "test".into(),
            status: *status,
            amount: total,
            captured: 0,
            refunded: 0,
            decline: None,
            action_url: None,
            age: 0,
            since: 0,
        };
        OrderRecord {
            id: OrderId::mint(Millis(1), [0; 10]),
            event: EventId::mint(Millis(1), [0; 10]),
            holder: HolderId::mint(Millis(1), [0; 10]),
            hold: HoldId::mint(Millis(1), [0; 10]),
            status,
            close_as: None,
            buyer: Buyer::new("Buyer", "buyer@example.org").unwrap(),
            totals: Totals { subtotal: 100, fees: 0, tax: 0, total },
            expires_at: Millis(1000),
            extensions_left: 0,
            now: Millis(if expired { 1000 } else { 999 }),
            lines: vec![],
            payments: payments.iter().enumerate().map(payment).collect(),
            tickets: vec![],
        }
    }

    proptest! {
        #[test]
        fn places_are_never_released_while_a_payment_can_succeed(
            status in select(&OrderStatus::ALL[..]),
            payments in prop::collection::vec(select(&P::ALL[..]), 0..4),
            expired in any::<bool>(),
        ) {
            let next = next(&order(status, &payments, expired));
            if next == Next::Release {
                prop_assert!(payments.iter().all(|p| !p.is_live() && *p != P::Captured && *p != P::Refunding));
            }
            if let Next::Capture { begun: false, .. } = next {
                prop_assert_eq!(status, OrderStatus::Pending);
            }
        }

        #[test]
        fn captured_money_becomes_tickets_or_goes_back(
            status in select(&OrderStatus::ALL[..]),
            payments in prop::collection::vec(select(&[P::Declined, P::Cancelled][..]), 0..3),
            expired in any::<bool>(),
        ) {
            let mut payments = payments;
            payments.push(P::Captured);
            let next = next(&order(status, &payments, expired));
            match status {
                OrderStatus::Pending | OrderStatus::Closing => prop_assert!(matches!(next, Next::Fulfil(_))),
                OrderStatus::Cancelled | OrderStatus::Expired => {
                    let refunds = matches!(next, Next::Refund { begun: false, .. });
                    prop_assert!(refunds);
                }
                _ => prop_assert_eq!(next, Next::Nothing),
            }
        }
    }

    #[test]
    fn tickets_do_not_wait_for_the_refund_of_another_attempt() {
        let twice = order(OrderStatus::Pending, &[P::Refunding, P::Captured], false);
        assert_eq!(next(&twice), Next::Fulfil(twice.payments[1].id));
        let unsure = order(OrderStatus::Pending, &[P::Refunding, P::Capturing], false);
        assert_eq!(next(&unsure), Next::Capture { payment: unsure.payments[1].id, begun: true });
        let paid = order(OrderStatus::Paid, &[P::Refunding, P::Captured], false);
        assert_eq!(next(&paid), Next::Refund { payment: paid.payments[0].id, begun: true });
    }

    #[test]
    fn what_costs_nothing_waits_for_no_payment_and_no_clock() {
        for expired in [false, true] {
            let mut free = order(OrderStatus::Pending, &[], expired);
            free.totals = Totals { subtotal: 0, fees: 0, tax: 0, total: Money::new(0, Currency::EUR) };
            assert_eq!(next(&free), Next::Issue);
            free.status = OrderStatus::Closing;
            assert_eq!(next(&free), Next::Release);
        }
    }

    #[test]
    fn a_declined_card_keeps_the_seats_until_the_clock_runs_out() {
        assert_eq!(next(&order(OrderStatus::Pending, &[P::Declined], false)), Next::Nothing);
        assert_eq!(next(&order(OrderStatus::Pending, &[P::Declined], true)), Next::Close);
        assert_eq!(next(&order(OrderStatus::Closing, &[P::Declined], true)), Next::Release);
    }
}
