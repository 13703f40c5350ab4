//! Orders move forward only, and add up.

use super::*;
use crate::money::Currency;
use crate::price::Price;
use crate::time::Millis;
use proptest::prelude::*;

const EVENTS: [OrderEvent; 6] = [
    OrderEvent::Fulfil,
    OrderEvent::Close,
    OrderEvent::Expire,
    OrderEvent::Cancel,
    OrderEvent::RefundPart,
    OrderEvent::RefundAll,
];

#[test]
fn an_order_only_moves_forward() {
    for status in OrderStatus::ALL {
        for event in EVENTS {
            if let Step::To(next) = status.step(event) {
                assert!(next.rank() > status.rank(), "{status:?} {event:?}");
                assert_eq!(next.step(event), Step::Already, "a duplicate of {event:?} is a no-op");
            }
        }
    }
}

#[test]
fn an_order_that_gave_its_places_back_is_never_fulfilled() {
    for status in OrderStatus::ALL.into_iter().filter(|s| !s.keeps_places() && *s != OrderStatus::Refunded) {
        assert_eq!(status.step(OrderEvent::Fulfil), Step::Never);
    }
}

#[test]
fn words_lead_back_to_states() {
    for status in OrderStatus::ALL {
        assert_eq!(OrderStatus::from_word(status.word()), Some(status));
        assert_eq!(serde_json::to_value(status).unwrap(), status.word());
    }
}

#[test]
fn the_code_is_the_serialised_tag() {
    let refusals = [
        OrderRefusal::HoldExpired,
        OrderRefusal::PriceChanged { now: Money::new(1, Currency::EUR) },
        OrderRefusal::PaymentInProgress,
        OrderRefusal::SeatsWithdrawn { seats: Vec::new() },
        OrderRefusal::TooManyAttempts { limit: 1 },
        OrderRefusal::IdempotencyKeyReused,
    ];
    for refusal in refusals {
        assert_eq!(serde_json::to_value(&refusal).unwrap()["code"], refusal.code());
    }
}

fn line(net: i64, fee: i64, tax: i64, quantity: u32) -> Line {
    let unit = Price { net, fee, tax, total: Money::new(net + fee + tax, Currency::EUR) };
    Line { tier: TierId::mint(Millis(0), [0; 10]), seat: None, quantity, unit }
}

proptest! {
    #[test]
    fn lines_sum_to_totals(parts in prop::collection::vec((0..90_000_i64, 0..900_i64, 0..9_000_i64, 1..10_u32), 1..10)) {
        let lines: Vec<_> = parts.iter().map(|&(n, f, t, q)| line(n, f, t, q)).collect();
        let sum = totals(&lines).unwrap();
        prop_assert_eq!(sum.subtotal + sum.fees + sum.tax, sum.total.amount);
        let by_line: i64 = lines.iter().map(|l| l.unit.total.amount * i64::from(l.quantity)).sum();
        prop_assert_eq!(by_line, sum.total.amount);
    }
}

#[test]
fn a_basket_that_does_not_add_up_is_refused() {
    assert_eq!(totals(&[]), Err(OrderRefusal::Unpriceable));
    let mut crooked = line(100, 0, 0, 1);
    crooked.unit.total.amount = 99;
    assert_eq!(totals(&[crooked]), Err(OrderRefusal::Unpriceable));
    assert_eq!(totals(&[line(-1, 1, 0, 1)]), Err(OrderRefusal::Unpriceable));
    assert_eq!(totals(&[line(i64::MAX, 0, 0, 2)]), Err(OrderRefusal::Unpriceable));
    assert_eq!(totals(&[line(1, 0, 0, 0)]), Err(OrderRefusal::Unpriceable));
}
