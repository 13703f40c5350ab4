//! What every generated venue must keep.

use super::*;
use crate::chart::Chart;
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
    for chart in all() {
        let mut members = std::collections::BTreeMap::<u32, Vec<usize>>::new();
        chart.seats.block.iter().enumerate().for_each(|(seat, &block)| members.entry(block).or_default().push(seat));
        assert_eq!(members.keys().copied().collect::<Vec<_>>(), (0..members.len() as u32).collect::<Vec<_>>());
        for seats in members.values() {
            assert!(seats.len() <= 200);
            let section = |seat: usize| chart.rows[chart.seats.row[seat] as usize].section;
            assert!(seats.iter().all(|&seat| section(seat) == section(seats[0])));
        }
    }
}

#[test]
fn the_same_parameters_give_the_same_chart() {
    assert_eq!(arena(&Arena::default()), arena(&Arena::default()));
}
