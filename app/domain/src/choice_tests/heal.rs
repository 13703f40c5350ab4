//! Healing: what moves, where to, and what never happens.

use rstest::rstest;

use super::*;
use crate::heal::{Swap, heal, without_orphans};
use crate::rules::orphans;

#[rstest]
#[case::the_block_slides_in_its_row(&["........s....", "............."], &[7, 8], &[6, 7])]
#[case::a_whole_block_in_the_row_before_singles(&["..s.......", ".........."], &[1, 2, 3], &[3, 4, 5])]
#[case::the_next_row_at_the_same_price(&["ssss", "2222", "...."], &[1, 2], &[8, 9])]
#[case::then_cheaper(&["ssss", "", "2222"], &[1, 2], &[4, 5])]
#[case::apart_rather_than_nothing(&["ss.s", ".sss"], &[1, 2], &[2, 4])]
#[case::only_the_lost_group_moves(&["..ss....", "........"], &[2, 3, 9, 10], &[0, 1, 9, 10])]
#[case::an_accessible_place_for_an_accessible_one(&["s.s.", ".a.a"], &[5], &[5])]
fn moves(#[case] rows: &[&str], #[case] wanted: &[u32], #[case] expected: &[u32]) {
    let healing = heal(&Plan::draw(rows).hall(), &seats(wanted), NOW).unwrap();
    assert_eq!(healing.seats, seats(expected));
}

#[test]
fn what_moved_is_told_seat_by_seat() {
    let plan = Plan::draw(&["........s....", "............."]);
    let healing = heal(&plan.hall(), &seats(&[7, 8]), NOW).unwrap();
    assert_eq!(healing.swaps, [Swap { wanted: SeatId(8), got: SeatId(6) }]);
}

#[test]
fn never_dearer() {
    let plan = Plan::draw(&["2222", "", "....", "s"]);
    let mut dear = plan.clone();
    dear.chart.seats.category[8] = 1;
    assert_eq!(heal(&dear.hall(), &seats(&[8]), NOW).unwrap().seats, seats(&[0]));
    dear.tiers[1].price = price(5000);
    dear.tiers[0].price = price(5001);
    assert_eq!(heal(&dear.hall(), &seats(&[8]), NOW).unwrap().seats, seats(&[0]));
    for seat in (0..4).map(SeatId) {
        dear.states.set(seat, SeatState::Sold);
    }
    assert_eq!(heal(&dear.hall(), &seats(&[8]), NOW), None);
}

#[test]
fn never_a_worse_view_nor_a_companions_place() {
    assert_eq!(heal(&Plan::draw(&["srac"]).hall(), &seats(&[0]), NOW), None);
}

#[test]
fn a_choice_that_leaves_one_alone_is_moved_a_little() {
    let plan = Plan::draw(&["......", "............"]);
    assert_eq!(without_orphans(&plan.hall(), &seats(&[1, 2]), NOW), seats(&[0, 1]));
    assert_eq!(without_orphans(&plan.hall(), &seats(&[3, 4]), NOW), seats(&[2, 3]));
    assert_eq!(without_orphans(&plan.hall(), &seats(&[0, 1]), NOW), seats(&[0, 1]));
}

proptest! {
    #[test]
    fn healing_is_always_valid(plan in plans(), picks in prop::collection::btree_set(0_u32..60, 1..8)) {
        let hall = plan.hall();
        let wanted: Vec<SeatId> = picks.into_iter().map(SeatId).filter(|seat| hall.tier(*seat).is_some()).collect();
        let Some(healing) = heal(&hall, &wanted, NOW) else {
            prop_assert!(wanted.iter().any(|seat| !hall.is_free(*seat)), "nothing was lost, so nothing is impossible");
            return Ok(());
        };
        let total = |seats: &[SeatId]| seats.iter().filter_map(|s| hall.tier(*s)).map(|t| t.price.total.amount).sum::<i64>();
        prop_assert_eq!(healing.seats.len(), wanted.len());
        prop_assert!(healing.seats.is_sorted_by(|a, b| a < b));
        prop_assert!(healing.seats.iter().all(|seat| hall.is_free(*seat) && hall.tier(*seat).is_some()));
        prop_assert!(total(&healing.seats) <= total(&wanted));
        let mut told: Vec<SeatId> = wanted.clone();
        for swap in &healing.swaps {
            let at = told.iter().position(|seat| *seat == swap.wanted).unwrap();
            told[at] = swap.got;
        }
        told.sort_unstable();
        prop_assert_eq!(told, healing.seats);
    }

    #[test]
    fn an_offer_without_orphans_keeps_its_word(plan in plans(), picks in prop::collection::btree_set(0_u32..60, 1..5)) {
        let hall = plan.hall();
        let sellable = |seat: &SeatId| hall.is_free(*seat) && hall.tier(*seat).is_some();
        let chosen: Vec<SeatId> = picks.into_iter().map(SeatId).filter(sellable).collect();
        let offer = without_orphans(&hall, &chosen, NOW);
        if !offer.is_empty() {
            prop_assert_eq!(offer.len(), chosen.len());
            prop_assert!(offer.is_sorted_by(|a, b| a < b) && offer.iter().all(sellable));
            prop_assert_eq!(orphans(&hall, &offer), []);
        }
    }
}
