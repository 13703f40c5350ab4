//! Sections that bend and sections that do not: every seat inside, what they bend around outside, never a knot.

use proptest::prelude::*;

use super::*;

const MARGIN: f32 = 18.0;

/// Rows around the origin, from one angle to another in degrees, `first` units from it and 30 from each other.
fn around(from: f32, to: f32, first: f32, count: usize) -> Vec<Vec<Point>> {
    let row = |row: usize| {
        let radius = first + 30.0 * row as f32;
        let seats = ((to - from).to_radians() * radius / 25.0).max(1.0) as usize;
        let seat = |n: usize| {
            let angle = (from + (to - from) * n as f32 / seats as f32).to_radians();
            Point { x: radius * angle.cos(), y: radius * angle.sin() }
        };
        (0..=seats).map(seat).collect()
    };
    (0..count).map(row).collect()
}

fn straight(seats: usize, rows: usize) -> Vec<Vec<Point>> {
    let row = |y: usize| (0..seats).map(|x| Point { x: 25.0 * x as f32, y: 30.0 * y as f32 }).collect();
    (0..rows).map(row).collect()
}

fn all(rows: &[Vec<Point>]) -> Vec<Point> {
    rows.iter().flatten().copied().collect()
}

/// Whether a closed line crosses itself. Nearly straight on, single precision sees crossings where there are none.
fn is_knotted(line: &[Point]) -> bool {
    let side = |a: Point, b: Point, c: Point| {
        let [(bx, by), (cx, cy)] =
            [b, c].map(|at| (f64::from(at.x) - f64::from(a.x), f64::from(at.y) - f64::from(a.y)));
        bx * cy - by * cx > 0.0
    };
    let edges: Vec<(Point, Point)> = line.iter().copied().zip(line.iter().copied().cycle().skip(1)).collect();
    let apart = |a: usize, b: usize| b > a + 1 && !(a == 0 && b + 1 == edges.len());
    (0..edges.len()).any(|i| {
        (0..edges.len()).filter(|j| apart(i, *j)).any(|j| {
            let ((a, b), (c, d)) = (edges[i], edges[j]);
            side(a, b, c) != side(a, b, d) && side(c, d, a) != side(c, d, b)
        })
    })
}

#[test]
fn a_horseshoe_is_followed_into_its_bend() {
    let rows = around(-20.0, 200.0, 200.0, 4);
    let (line, name_at) = outline(&rows, MARGIN);
    assert!(surface(&line) * 1.5 < surface(&hull(&all(&rows), MARGIN)));
    assert!(!inside(&line, Point::default()), "what it bends around is not inside");
    assert!(inside(&line, name_at) && name_at.y > 200.0, "the name stands at the head of the bend");
    assert!(line.len() < 120, "{} points", line.len());
}

#[test]
fn an_aisle_through_the_bend_does_not_part_it() {
    let mut rows = around(-20.0, 200.0, 200.0, 5);
    rows.remove(2);
    for row in &mut rows {
        row.retain(|at| at.x.abs() > 26.0);
    }
    let (line, _) = outline(&rows, MARGIN);
    assert!(!inside(&line, Point::default()) && all(&rows).iter().all(|at| inside(&line, *at)));
}

#[test]
fn a_block_keeps_its_hull() {
    for rows in [straight(14, 8), around(70.0, 110.0, 200.0, 8), straight(1, 1), straight(9, 1)] {
        assert_eq!(outline(&rows, MARGIN).0, hull(&all(&rows), MARGIN));
    }
    assert_eq!(outline(&[], MARGIN).0, vec![]);
}

#[test]
fn places_far_apart_keep_their_hull_and_cost_no_field() {
    let far = |x: f32| vec![Point { x, y: 0.0 }, Point { x, y: 1.0e6 }];
    let rows = [far(-1.0e6), far(1.0e6)];
    assert_eq!(outline(&rows, MARGIN).0, hull(&all(&rows), MARGIN));
}

proptest! {
    #[test]
    fn an_outline_holds_its_seats_and_has_no_knot(
        from in 0.0..360.0_f32, sweep in 5.0..330.0_f32, first in 60.0..700.0_f32, count in 1_usize..7,
        gone in prop::collection::vec(any::<prop::sample::Index>(), 0..4), scale in 0.05..20.0_f32,
    ) {
        let mut rows = around(from, from + sweep, first, count);
        for at in gone {
            let row = at.index(rows.len());
            if rows[row].len() > 1 {
                let seat = at.index(rows[row].len());
                rows[row].remove(seat);
            }
        }
        for at in rows.iter_mut().flatten() {
            *at = Point { x: at.x * scale, y: at.y * scale };
        }
        let places = all(&rows);
        let (line, name_at) = outline(&rows, MARGIN * scale);
        prop_assert!(places.iter().all(|at| inside(&line, *at)), "a seat is outside");
        prop_assert!(surface(&line) <= 1.001 * surface(&hull(&places, MARGIN * scale)));
        prop_assert!(!is_knotted(&line));
        prop_assert!(line.len() < 400, "{} points", line.len());
        prop_assert!(inside(&line, name_at) || name_at == centre(&line));
    }
}
