//! Floors on the plan: beside each other they are shown together, over each other one at a time.

use domain::chart::{Chart, Section};
use domain::seat::SeatId;

/// The corners of a section's seats: left, top, right, bottom.
fn corners(chart: &Chart, section: &Section) -> [f32; 4] {
    let mut at = [f32::MAX, f32::MAX, f32::MIN, f32::MIN];
    for row in &chart.rows[section.rows.start as usize..section.rows.end as usize] {
        for seat in row.seats.clone() {
            let (x, y) = (chart.seats.x[seat as usize], chart.seats.y[seat as usize]);
            at = [at[0].min(x), at[1].min(y), at[2].max(x), at[3].max(y)];
        }
    }
    at
}

/// Whether a section lies over half of one on another floor, or more.
pub(super) fn stacked(chart: &Chart) -> bool {
    let area = |at: [f32; 4]| (at[2] - at[0]).max(0.0) * (at[3] - at[1]).max(0.0);
    let boxes: Vec<_> = chart.sections.iter().map(|section| (section.floor, corners(chart, section))).collect();
    boxes.iter().enumerate().any(|(nth, (floor, one))| {
        boxes[..nth].iter().any(|(other_floor, other)| {
            let common = [one[0].max(other[0]), one[1].max(other[1]), one[2].min(other[2]), one[3].min(other[3])];
            floor != other_floor && area(common) * 2.0 > area(*one).min(area(*other))
        })
    })
}

/// The floor of a seat.
pub(super) fn of(chart: &Chart, seat: SeatId) -> Option<u8> {
    let row = chart.rows.get(*chart.seats.row.get(seat.index())? as usize)?;
    Some(chart.sections.get(row.section as usize)?.floor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::chart::generate::{Theatre, theatre};

    #[test]
    fn floors_beside_each_other_are_told_from_floors_over_each_other() {
        let mut chart = theatre(&Theatre::default());
        assert!(chart.floors.len() > 1);
        assert!(!stacked(&chart), "the circle is drawn behind the stalls");
        // The first section above is moved over the first one below.
        let above = chart.sections.iter().position(|section| section.floor != 0).unwrap();
        let (from, to) = (corners(&chart, &chart.sections[above]), corners(&chart, &chart.sections[0]));
        for row in chart.sections[above].rows.clone() {
            for seat in chart.rows[row as usize].seats.clone() {
                chart.seats.x[seat as usize] += (to[0] + to[2] - from[0] - from[2]) / 2.0;
                chart.seats.y[seat as usize] += (to[1] + to[3] - from[1] - from[3]) / 2.0;
            }
        }
        assert!(stacked(&chart));
        assert_eq!(of(&chart, SeatId(0)), Some(0));
    }
}
