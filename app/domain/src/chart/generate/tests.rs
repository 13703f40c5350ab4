//! What every generated venue must keep.

use super::*;
use crate::chart::import::inside;
use crate::chart::{Chart, blocks};
use crate::seat::{Features, SeatId};

fn all() -> Vec<Chart> {
    let mut charts = vec![theatre(&Theatre::default()), arena(&Arena::default())];
    charts.extend([100, 1_000, 10_000, 80_000].map(|seats| bowl(&Bowl::with_seats(seats))));
    charts
}

#[test]
fn sizes_are_as_asked() {
    let seats: Vec<usize> = all().iter().map(|chart| chart.seats.len()).collect();
    assert_eq!(seats[1..], [8_000, 100, 1_000, 10_000, 80_000]);
    assert!((400..=900).contains(&seats[0]), "the theatre has {} seats", seats[0]);
}

#[test]
fn no_two_seats_of_a_floor_touch() {
    for chart in all() {
        let mut grid = std::collections::HashMap::<(u8, i32, i32), Vec<usize>>::new();
        let seats = &chart.seats;
        for seat in 0..seats.len() {
            let floor = chart.sections[usize::from(chart.rows[seats.row[seat] as usize].section)].floor;
            let cell = ((seats.x[seat] / 24.0) as i32, (seats.y[seat] / 24.0) as i32);
            for other in (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (floor, cell.0 + dx, cell.1 + dy))) {
                for &other in grid.get(&other).into_iter().flatten() {
                    let apart = (seats.x[seat] - seats.x[other]).hypot(seats.y[seat] - seats.y[other]);
                    let (a, b) = (chart.label(SeatId(seat as u32)), chart.label(SeatId(other as u32)));
                    assert!(apart > 2.0 * chart.seat_radius, "{}: {a:?} and {b:?} are {apart} apart", chart.name);
                }
            }
            grid.entry((floor, cell.0, cell.1)).or_default().push(seat);
        }
    }
}

#[test]
fn every_label_is_told_apart_from_every_other() {
    for chart in all() {
        let mut seen = std::collections::HashSet::new();
        for seat in 0..chart.seats.len() as u32 {
            let label = chart.label(SeatId(seat)).unwrap();
            assert!(seen.insert((label.section, label.row, label.number)), "{}: {label:?} twice", chart.name);
        }
    }
}

#[test]
fn venues_have_places_for_wheelchairs_with_a_companion_beside_them_and_seats_of_restricted_view() {
    for chart in all().into_iter().filter(|chart| chart.seats.len() > 400) {
        let has = |what| chart.seats.features.iter().filter(|features| features.has(what)).count();
        assert!(has(Features::RESTRICTED_VIEW) > 0, "{}", chart.name);
        assert!(has(Features::ACCESSIBLE) > 0, "{}", chart.name);
        for (seat, features) in chart.seats.features.iter().enumerate() {
            if features.has(Features::ACCESSIBLE) {
                let companion = |other: usize, gap: usize| {
                    chart.seats.row.get(other) == Some(&chart.seats.row[seat])
                        && chart.seats.features[other].has(Features::COMPANION)
                        && !chart.seats.gap_after[gap]
                };
                let companion = companion(seat + 1, seat) || (seat > 0 && companion(seat - 1, seat - 1));
                assert!(companion, "{}: {:?}", chart.name, chart.label(SeatId(seat as u32)));
            }
        }
    }
}

#[test]
fn blocks_hold_at_most_two_hundred_neighbours_of_one_section() {
    all().iter().for_each(|chart| blocks::law::kept(&chart.rows, &chart.seats.block));
}

/// The seats of a chart, each with its place, its section and that section's floor.
fn places(chart: &Chart) -> impl Iterator<Item = (Point, u16, u8)> {
    (0..chart.seats.len()).map(|seat| {
        let section = chart.rows[chart.seats.row[seat] as usize].section;
        (Point { x: chart.seats.x[seat], y: chart.seats.y[seat] }, section, chart.sections[usize::from(section)].floor)
    })
}

#[test]
fn the_larger_a_bowl_the_more_tiers_and_each_is_a_floor_of_its_own_outside_of_the_one_below() {
    for (seats, floors) in [(1_000, 1), (10_000, 2), (80_000, 3)] {
        let chart = bowl(&Bowl::with_seats(seats));
        assert_eq!(chart.floors.len(), floors, "{seats}");
        let far = |floor: usize| {
            let of = places(&chart).filter(move |(_, _, on)| usize::from(*on) == floor);
            of.map(|(at, ..)| at.x.hypot(at.y)).fold((f32::MAX, 0.0_f32), |(near, far), at| (near.min(at), far.max(at)))
        };
        for (below, above) in (0..floors).map(far).zip((1..floors).map(far)) {
            assert!(below.0 < above.0 && below.1 < above.1, "{seats}: {below:?}, {above:?}");
        }
    }
}

#[test]
fn between_two_sections_of_a_bowl_there_is_an_aisle() {
    let chart = bowl(&Bowl::with_seats(5_000));
    let seats: Vec<_> = places(&chart).collect();
    for (nth, (at, section, floor)) in seats.iter().enumerate() {
        for (other, beside, on) in &seats[nth + 1..] {
            let apart = (at.x - other.x).hypot(at.y - other.y);
            assert!(
                (section, floor) == (beside, on) || floor != on || apart >= 33.0,
                "{apart} between sections {section} and {beside}"
            );
        }
    }
}

#[test]
fn people_come_up_to_a_bowls_seats_by_mouths_in_which_nobody_sits() {
    let small = (100..2_000).step_by(19);
    for (seats, tiers) in small.map(|seats| (seats, 0)).chain([(10_000, 2), (80_000, 2)]) {
        let chart = bowl(&Bowl::with_seats(seats));
        let mouths: Vec<_> = chart.shapes.iter().filter(|shape| shape.kind == ShapeKind::Other).collect();
        for tier in 1..=tiers {
            let here = mouths.iter().filter(|mouth| mouth.floor == Some(tier - 1)).count();
            let sections = chart.sections.iter().filter(|section| section.floor == tier - 1).count();
            assert!(here >= sections / 3, "{seats} seats: {here} mouths for {sections} sections of tier {tier}");
        }
        for (at, section, floor) in places(&chart) {
            let through = mouths.iter().any(|mouth| mouth.floor == Some(floor) && inside(&mouth.outline, at));
            assert!(!through, "{seats} seats: a seat of section {section} is in a mouth, at {at:?}");
        }
        // Whoever sits on one side of a mouth is no neighbour of who sits on the other.
        assert!(chart.seats.gap_after.iter().filter(|gap| **gap).count() >= mouths.len(), "{seats}");
    }
}

#[test]
fn the_same_parameters_give_the_same_chart() {
    assert_eq!(arena(&Arena::default()), arena(&Arena::default()));
}
