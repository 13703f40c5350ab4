//! Best available against brute force, and its ways of relaxing.

use rstest::rstest;

use super::*;
use crate::best::{Pick, Relaxed, Wish, best, distance, fewer, relaxed, spread};
use crate::chart::generate::{Bowl, bowl};
use crate::hall::Block;
use crate::rules::has_mercy;

fn wish(quantity: u32) -> Wish {
    Wish { quantity, together: true, ..Wish::default() }
}

/// What is picked; and its seats alone tell as much of it.
fn pick(plan: &Plan, wish: Wish) -> Option<Pick> {
    let hall = plan.hall();
    let pick = best(&hall, wish, NOW, None)?;
    let one_price =
        |group: &&[SeatId]| group.windows(2).all(|pair| hall.tier_index(pair[0]) == hall.tier_index(pair[1]));
    if hall.groups(&pick.seats).iter().all(one_price) {
        assert_eq!(relaxed(&hall, wish.accessible, &pick.seats), pick.relaxed, "{:?}", pick.seats);
    }
    Some(pick)
}

#[rstest]
#[case::in_front_of_the_middle(&["........", "........"], 2, &[3, 4], &[])]
#[case::never_leaving_one_alone(&["....s...", "........"], 3, &[5, 6, 7], &[])]
#[case::nor_on_either_side(&[".....", "....................."], 3, &[0, 1, 2], &[])]
#[case::one_left_alone_rather_than_apart(&["....s", "sssss", ".sss.", "sssss"], 3, &[1, 2, 3], &[Relaxed::Orphan])]
#[case::a_good_view_before_a_near_one(&["rrrr", "...."], 2, &[4, 5], &[])]
#[case::a_good_view_further_back(&["srrs", "s..s", "...."], 4, &[8, 9, 10, 11], &[])]
#[case::a_poor_view_said(&["rrrr", "s..s"], 4, &[0, 1, 2, 3], &[Relaxed::RestrictedView])]
#[case::places_for_those_who_need_them_are_left(&["acca", "...."], 2, &[4, 5], &[])]
#[case::one_price_for_all(&["..22..", "......"], 4, &[6, 7, 8, 9], &[])]
fn together(#[case] rows: &[&str], #[case] quantity: u32, #[case] expected: &[u32], #[case] relaxed: &[Relaxed]) {
    let plan = Plan::draw(rows);
    let expected = Pick { seats: seats(expected), relaxed: relaxed.to_vec() };
    assert_eq!(pick(&plan, wish(quantity)), Some(expected));
}

#[test]
fn not_side_by_side_means_two_rows_then_apart_and_only_where_allowed() {
    let plan = Plan::draw(&["s..s", "s..s", "", "ss.s"]);
    assert_eq!(pick(&plan, wish(4)), None);
    let anyhow = |quantity| pick(&plan, Wish { together: false, ..wish(quantity) });
    assert_eq!(anyhow(4), Some(Pick { seats: seats(&[1, 2, 5, 6]), relaxed: vec![Relaxed::TwoRows] }));
    assert_eq!(anyhow(5), Some(Pick { seats: seats(&[1, 2, 5, 6, 10]), relaxed: vec![Relaxed::Apart] }));
    assert_eq!(anyhow(6), None);
}

#[test]
fn an_accessible_place_comes_with_companions_beside_it() {
    let accessible = |quantity, together| Wish { accessible: true, together, ..wish(quantity) };
    let plan = Plan::draw(&["........", "..ac..a."]);
    assert_eq!(pick(&plan, accessible(2, true)).unwrap().seats, seats(&[10, 11]));
    let three = pick(&plan, accessible(3, true)).unwrap();
    assert_eq!((three.seats.len(), three.relaxed), (3, vec![Relaxed::Companions]));
    let plan = Plan::draw(&["s.s.....", "sass...."]);
    assert_eq!(pick(&plan, accessible(2, true)), None);
    let near = pick(&plan, accessible(2, false)).unwrap();
    assert_eq!(near.seats, seats(&[1, 9]));
    assert_eq!(near.relaxed, [Relaxed::Companions, Relaxed::Apart]);
}

#[test]
fn filters_narrow_the_choice() {
    let plan = Plan::draw(&["......", "", "......", "222222"]);
    let in_section = Wish { section: Some(1), ..wish(2) };
    assert_eq!(pick(&plan, in_section).unwrap().seats, seats(&[8, 9]));
    let cheap = Wish { max_total: Some(3000), ..wish(2) };
    assert_eq!(pick(&plan, cheap).unwrap().seats, seats(&[14, 15]));
    assert_eq!(pick(&plan, Wish { tier: Some(tier_id(2)), ..wish(2) }), pick(&plan, cheap));
    // Both bounds belong to the range: what costs just as much is in it.
    let total = |n: u8| plan.tiers.iter().find(|tier| tier.id == tier_id(n)).unwrap().price.total.amount;
    let dear = Wish { min_total: Some(total(2) + 1), ..wish(2) };
    assert_eq!(pick(&plan, dear), pick(&plan, wish(2)));
    let (min_total, max_total) = (Some(total(2)), Some(total(2)));
    assert_eq!(pick(&plan, Wish { min_total, max_total, ..wish(2) }), pick(&plan, cheap));
    assert_eq!(pick(&plan, Wish { max_total, ..dear }), None, "no price is dearer and no dearer");
    for nonsense in
        [wish(0), wish(11), Wish { section: Some(9), ..wish(1) }, Wish { tier: Some(tier_id(9)), ..wish(1) }]
    {
        assert_eq!(pick(&plan, nonsense), None);
    }
}

#[test]
fn where_a_wish_does_not_fit_there_are_as_many_as_fit() {
    let plan = Plan::draw(&["..sss."]);
    let most = |wish: Wish| fewer(&plan.hall(), wish, NOW).map(|pick| pick.seats);
    assert_eq!(most(wish(6)), Some(seats(&[0, 1])), "side by side");
    assert_eq!(most(Wish { together: false, ..wish(6) }), Some(seats(&[0, 1, 5])), "all there are");
    assert_eq!(most(Wish { tier: Some(tier_id(9)), ..wish(6) }), None, "of what nobody sells there is nothing");
}

/// Every block of the hall tried, one by one.
fn brute(plan: &Plan, quantity: u32) -> Option<(f32, Vec<Relaxed>)> {
    let hall = plan.hall();
    let count = plan.chart.seats.len() as u32;
    for (restricted, orphan) in [(false, false), (false, true), (true, false), (true, true)] {
        let blocks = (0..count.saturating_sub(quantity - 1)).filter_map(|first| {
            let block: Vec<SeatId> = (first..first + quantity).map(SeatId).collect();
            let tier = hall.tier(block[0])?.id;
            let fits = block.iter().all(|seat| {
                let view = restricted || !hall.features(*seat).has(Features::RESTRICTED_VIEW);
                view && hall.is_free(*seat) && !hall.is_kept(*seat) && hall.tier(*seat).is_some_and(|t| t.id == tier)
            });
            let fits = fits && hall.groups(&block).len() == 1 && left_alone(plan, &block).is_empty() != orphan;
            fits.then(|| distance(&hall, &block))
        });
        if let Some(nearest) = blocks.min_by(f32::total_cmp) {
            let mut relaxed = Vec::new();
            if orphan && !has_mercy(&hall) {
                relaxed.push(Relaxed::Orphan);
            }
            if restricted {
                relaxed.push(Relaxed::RestrictedView);
            }
            return Some((nearest, relaxed));
        }
    }
    None
}

/// Every block of `len` ordinary seats of one tier in these rows, by looking at each.
fn every(plan: &Plan, rows: core::ops::Range<usize>, len: u32, near: Point, but: &[SeatId]) -> Vec<Block> {
    let hall = plan.hall();
    let firsts = rows.flat_map(|row| plan.chart.rows[row].seats.clone());
    let blocks = firsts.filter(|first| first + len <= plan.chart.seats.len() as u32).filter_map(|first| {
        let seats: Vec<SeatId> = (first..first + len).map(SeatId).collect();
        let tier = hall.tier(seats[0])?.id;
        let fits = seats.iter().all(|seat| {
            let priced = hall.tier(*seat).is_some_and(|own| own.id == tier);
            hall.is_free(*seat) && !hall.is_kept(*seat) && priced && !but.contains(seat)
        });
        let (a, b) = (hall.at(first), hall.at(first + len - 1));
        let (dx, dy) = ((a.x + b.x) * 0.5 - near.x, (a.y + b.y) * 0.5 - near.y);
        let distance = dx * dx + dy * dy;
        (fits && hall.groups(&seats).len() == 1).then_some(Block { first, len, orphan: false, distance })
    });
    blocks.collect()
}

fn middle_of(plan: &Plan, block: Block) -> Point {
    let (a, b) = (plan.hall().at(block.first), plan.hall().at(block.first + block.len - 1));
    Point { x: (a.x + b.x) * 0.5, y: (a.y + b.y) * 0.5 }
}

/// The best two blocks of neighbouring rows: every pair of rows, every size, in their order.
fn two_rows_slowly(plan: &Plan, n: u32, seed: Option<u64>) -> Option<Vec<SeatId>> {
    let least = if n > 3 { 2 } else { 1 };
    let mut best: Option<(f32, Vec<SeatId>)> = None;
    let rows = &plan.chart.rows;
    for row in (1..rows.len()).filter(|row| rows[*row].section == rows[row - 1].section) {
        for (size, (one, other)) in
            (least..=n - least).flat_map(|size| [(size, (row - 1, row)), (size, (row, row - 1))])
        {
            let far = |block: &Block| spread(seed, *block);
            let firsts = every(plan, one..one + 1, size, plan.chart.focal, &[]);
            let Some(first) = firsts.into_iter().min_by(|a, b| far(a).total_cmp(&far(b))) else { continue };
            for second in every(plan, other..other + 1, n - size, middle_of(plan, first), &[]) {
                let cost = far(&first) + 2.0 * second.distance;
                if best.as_ref().is_none_or(|(known, _)| cost < *known) {
                    best = Some((cost, first.seats().chain(second.seats()).collect()));
                }
            }
        }
    }
    best.map(|(_, seats)| seats)
}

/// As few and as large blocks as possible, the nearest first, all others near to it.
fn apart_slowly(plan: &Plan, n: u32) -> Option<Vec<SeatId>> {
    let (mut seats, mut near, mut size): (Vec<SeatId>, _, _) = (Vec::new(), plan.chart.focal, n);
    while (seats.len() as u32) < n {
        let left = n - seats.len() as u32;
        size = size.min(left);
        size -= u32::from(left - size == 1 && size > 2);
        let blocks = every(plan, 0..plan.chart.rows.len(), size, near, &seats);
        match blocks.into_iter().min_by(|a, b| a.distance.total_cmp(&b.distance)) {
            Some(block) => {
                near = if seats.is_empty() { middle_of(plan, block) } else { near };
                seats.extend(block.seats());
            }
            None if size > 1 => size -= 1,
            None => return None,
        }
    }
    Some(seats)
}

proptest! {
    #[test]
    fn who_must_be_split_gets_what_trying_everything_finds(plan in plans(), n in 2_u32..11, seed: Option<u64>) {
        let split = brute(&plan, n).is_none();
        let slow = two_rows_slowly(&plan, n, seed).map(|seats| (seats, Relaxed::TwoRows));
        let slow = slow.or_else(|| apart_slowly(&plan, n).map(|seats| (seats, Relaxed::Apart)));
        let slow = slow.filter(|_| split).map(|(mut seats, how)| {
            seats.sort_unstable();
            (seats, how)
        });
        let fast = best(&plan.hall(), Wish { together: false, ..wish(n) }, NOW, seed).filter(|_| split);
        let fast = fast.map(|pick| (pick.seats, pick.relaxed.last().copied()));
        prop_assert_eq!(fast, slow.map(|(seats, how)| (seats, Some(how))));
    }

    #[test]
    fn best_equals_brute_force(plan in plans(), quantity in 1_u32..5) {
        let found = pick(&plan, wish(quantity));
        let found = found.map(|pick| (distance(&plan.hall(), &pick.seats), pick.relaxed));
        prop_assert_eq!(found, brute(&plan, quantity));
    }

    #[test]
    fn a_pick_is_always_valid_and_always_the_same(
        plan in plans(), quantity in 1_u32..11, together: bool, accessible: bool, spread: Option<u64>,
    ) {
        let (hall, wish) = (plan.hall(), Wish { together, accessible, ..wish(quantity) });
        let _ = pick(&plan, wish);
        let found = best(&hall, wish, NOW, spread);
        prop_assert_eq!(&found, &best(&hall, wish, NOW, spread));
        if let Some(pick) = found {
            prop_assert_eq!(pick.seats.len(), quantity as usize);
            prop_assert!(pick.seats.is_sorted_by(|a, b| a < b));
            let sellable = |seat: &SeatId| hall.is_free(*seat) && hall.tier(*seat).is_some();
            prop_assert!(pick.seats.iter().all(sellable));
            prop_assert!(!together || hall.groups(&pick.seats).len() == 1);
            let places = pick.seats.iter().filter(|seat| hall.features(**seat).has(Features::ACCESSIBLE)).count();
            prop_assert_eq!(places, usize::from(accessible));
            prop_assert!(accessible || !pick.seats.iter().any(|seat| hall.is_kept(*seat)));
        } else if !together && !accessible {
            let ordinary = |seat: &SeatId| hall.is_free(*seat) && hall.tier(*seat).is_some() && !hall.is_kept(*seat);
            prop_assert!((0..plan.states.len()).map(SeatId).filter(ordinary).count() < quantity as usize);
        }
    }
}

#[test]
fn a_thousand_who_ask_at_once_are_spread_over_nearly_the_best() {
    let chart = bowl(&Bowl::with_seats(20_000));
    let tiers: Vec<Tier> = (0..8).map(|n| tier(n, Some(n), 5000)).collect();
    let states = Packed::free(chart.seats.len() as u32);
    let hall = Hall::new(&chart, &tiers, &states, &[]);
    let very_best = distance(&hall, &best(&hall, wish(2), NOW, None).unwrap().seats);
    let mut different = std::collections::BTreeSet::new();
    for seed in 0..40 {
        let pick = best(&hall, wish(2), NOW, Some(seed)).unwrap();
        assert!(distance(&hall, &pick.seats) <= very_best * 1.5);
        assert_eq!(pick.relaxed, []);
        different.insert(pick.seats);
    }
    assert!(different.len() > 20, "only {} different picks", different.len());
}
