//! What the rules refuse, forgive and charge.

use rstest::rstest;

use super::*;
use crate::hold::HoldRefusal;
use crate::order::totals;
use crate::rules::{Choice, check, has_mercy, lines, orphans};

#[rstest]
#[case::the_edge_of_a_run("......", &[0, 1], &[])]
#[case::one_off_the_edge("......", &[1, 2], &[0])]
#[case::one_off_the_other_edge("......", &[3, 4], &[5])]
#[case::a_hole_between("......", &[1, 3], &[0, 2])]
#[case::two_left_are_company("......", &[2, 3], &[])]
#[case::all_but_one_cannot_be_avoided("...s..", &[0, 1], &[])]
#[case::not_even_in_the_middle("...s..", &[0, 2], &[])]
#[case::alone_before_is_not_our_doing("s.s...", &[3], &[])]
#[case::sold_is_a_wall("..s...", &[4], &[3, 5])]
#[case::held_is_a_wall("..h...", &[4], &[3, 5])]
#[case::blocked_is_a_wall("..x...", &[4], &[3, 5])]
#[case::an_aisle_is_a_wall("... ....", &[4, 5], &[3, 6])]
#[case::another_price_is_no_wall("..2222", &[1, 2], &[0])]
#[case::an_accessible_place_may_stay_alone("a.....", &[1, 2], &[])]
#[case::a_companion_place_may_stay_alone("c.....", &[1, 2], &[])]
#[case::who_needs_the_accessible_place_is_free(".ac...", &[1, 2], &[])]
fn single_seats(#[case] row: &str, #[case] chosen: &[u32], #[case] alone: &[u32]) {
    // Enough free seats elsewhere that mercy stays out of it.
    let plan = Plan::draw(&[row, "........................................"]);
    assert_eq!(orphans(&plan.hall(), &seats(chosen)), seats(alone));
}

#[test]
fn near_sell_out_nobody_minds_a_single_seat() {
    let plan = Plan::draw(&["....", "ssssssssssssssssssssssssssssssssssss"]);
    assert!(has_mercy(&plan.hall()));
    assert_eq!(orphans(&plan.hall(), &seats(&[1])), []);
    let plan = Plan::draw(&["....", "sssssssssssssssssssssssssssssssssss"]);
    assert!(!has_mercy(&plan.hall()));
    assert_eq!(orphans(&plan.hall(), &seats(&[1])), seats(&[0]));
}

#[test]
fn own_held_seats_count_as_free() {
    let plan = Plan::draw(&["..hh...."]);
    let own = seats(&[2, 3]);
    let hall = Hall::new(&plan.chart, &plan.tiers, &plan.states, &own);
    assert!(check(&hall, Choice { seats: &seats(&[0, 1, 2, 3]), standing: &[] }, NOW).is_ok());
    assert_eq!(orphans(&hall, &seats(&[3, 4, 5])), []);
    assert_eq!(orphans(&plan.hall(), &seats(&[5])), seats(&[4]));
}

#[test]
fn limits_windows_and_nonsense_are_refused_with_their_facts() {
    let mut plan = Plan::draw(&["......2222......-"]);
    let refusal = |plan: &Plan, chosen: &[u32], standing: &[(TierId, u32)]| {
        let chosen = seats(chosen);
        lines(&plan.hall(), Choice { seats: &chosen, standing }, NOW).unwrap_err()
    };
    let club = tier_id(3);
    assert_eq!(refusal(&plan, &[], &[]), HoldRefusal::Nothing);
    assert_eq!(refusal(&plan, &[0, 1, 2, 3, 4, 5], &[(club, 5)]), HoldRefusal::TooMany { limit: 10 });
    assert_eq!(refusal(&plan, &[], &[(club, u32::MAX), (club, u32::MAX)]), HoldRefusal::TooMany { limit: 10 });
    assert_eq!(refusal(&plan, &[1, 1], &[]), HoldRefusal::Contradiction);
    assert_eq!(refusal(&plan, &[], &[(club, 1), (club, 1)]), HoldRefusal::Contradiction);
    assert_eq!(refusal(&plan, &[0], &[(club, 0)]), HoldRefusal::Contradiction);
    assert_eq!(refusal(&plan, &[0, 16, 17], &[]), HoldRefusal::UnknownSeat { seats: seats(&[16, 17]) });
    assert_eq!(refusal(&plan, &[], &[(tier_id(1), 1)]), HoldRefusal::UnknownTier { tier: tier_id(1) });
    plan.tiers[1].max = 2;
    let limits = HoldRefusal::TierLimits { tier: tier_id(2), min: 1, max: 2 };
    assert_eq!(refusal(&plan, &[6, 7, 8], &[]), limits);
    (plan.tiers[1].min, plan.tiers[2].min) = (2, 3);
    let limits = HoldRefusal::TierLimits { tier: tier_id(2), min: 2, max: 2 };
    assert_eq!(refusal(&plan, &[0, 6], &[(club, 3)]), limits, "a tier at a time, whatever else is chosen");
    let limits = HoldRefusal::TierLimits { tier: club, min: 3, max: 10 };
    assert_eq!(refusal(&plan, &[6, 7], &[(club, 2)]), limits);
    let enough = Choice { seats: &seats(&[6, 7]), standing: &[(club, 3)] };
    assert!(lines(&plan.hall(), enough, NOW).is_ok());
    plan.tiers[0].sale.opens_at = Some(NOW.plus(1));
    assert_eq!(refusal(&plan, &[0], &[]), HoldRefusal::NotOnSale { opens_at: Some(NOW.plus(1)) });
    plan.tiers[0].sale = Window { opens_at: None, closes_at: Some(NOW) };
    assert_eq!(refusal(&plan, &[0], &[]), HoldRefusal::NotOnSale { opens_at: None });
}

proptest! {
    #[test]
    fn the_orphan_rule_equals_the_slow_telling(plan in plans(), picks in prop::collection::btree_set(0_u32..60, 1..6)) {
        let hall = plan.hall();
        let chosen: Vec<SeatId> = picks.into_iter().map(SeatId).filter(|seat| hall.is_free(*seat)).collect();
        prop_assume!(!has_mercy(&hall));
        let mut expected = left_alone(&plan, &chosen);
        // What the rule forgives: all but one taken, and a party around an accessible place.
        expected.retain(|alone| {
            let run = hall.run(*alone);
            let inside: Vec<&SeatId> = chosen.iter().filter(|seat| run.contains(&seat.0)).collect();
            let needed = inside.iter().any(|seat| hall.features(**seat).has(Features::ACCESSIBLE));
            !needed && inside.len() + 1 != run.len()
        });
        prop_assert_eq!(orphans(&hall, &chosen), expected);
    }

    #[test]
    fn lines_sum_to_the_total_and_parts_to_prices(plan in plans(), picks in prop::collection::btree_set(0_u32..60, 0..6), stand in 0_u32..6) {
        let chosen: Vec<SeatId> = picks.into_iter().map(SeatId).collect();
        let standing = if stand > 0 { vec![(tier_id(3), stand)] } else { Vec::new() };
        if let Ok(lines) = lines(&plan.hall(), Choice { seats: &chosen, standing: &standing }, NOW) {
            let sum = totals(&lines).unwrap();
            prop_assert_eq!(sum.total.amount, sum.subtotal + sum.fees + sum.tax);
            let each: i64 = lines.iter().map(|line| line.unit.total.amount * i64::from(line.quantity)).sum();
            prop_assert_eq!(sum.total.amount, each);
            let places: u32 = lines.iter().map(|line| line.quantity).sum();
            prop_assert_eq!(places as usize, chosen.len() + stand as usize);
        }
    }
}

#[test]
fn a_basket_never_overflows_in_silence() {
    let line = |total| crate::price::Line { tier: tier_id(1), seat: None, quantity: 3, unit: price(total) };
    assert!(totals(&[line(i64::MAX / 2)]).is_err());
    assert!(totals(&[line(i64::MAX / 4), line(i64::MAX / 4)]).is_err());
    assert!(totals(&[]).is_err(), "nothing has no currency");
    assert!(totals(&[line(100), line(200)]).is_ok());
}
