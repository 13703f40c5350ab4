//! Who asks for fewer places than a tier sells at a time is told so at the hold, not at the checkout.

use super::*;

#[tokio::test]
async fn fewer_places_than_a_tier_sells_at_a_time_are_not_held() {
    let mut evening = evening();
    let row = row_of(&evening, 8);
    let seats = chosen(&row[..1]);
    let front = evening.chart.seats.category[row[0] as usize];
    for tier in &mut evening.tiers {
        tier.min = 2;
    }
    let seated = evening.tiers.iter().find(|tier| tier.category == Some(front)).unwrap().id;
    let holds = house(evening, Sold::default());
    let standing =
        |quantity| HoldRequest { standing: vec![StandingRequest { tier: club(), quantity }], ..HoldRequest::default() };
    for (wish, tier) in [(seats, seated), (standing(1), club())] {
        assert_eq!(refusal(ask(&holds, 1, &wish).await), HoldRefusal::TierLimits { tier, min: 2, max: 10 });
    }
    let alone = refusal(ask(&holds, 1, &best_of(1, true)).await);
    assert!(matches!(alone, HoldRefusal::TierLimits { min: 2, max: 10, .. }), "{alone:?}");
    assert_eq!(holds.by_holder(holder(1), NOW).await.unwrap(), [], "nothing is held");
    let wishes = [chosen(&row[..2]), standing(2), best_of(2, true)];
    for (n, wish) in (1..).zip(wishes) {
        assert_eq!(ask(&holds, n, &wish).await.unwrap().hold.lines.iter().map(|line| line.quantity).sum::<u32>(), 2);
    }
}
