//! What a press means: the pressed seat and its neighbours, as many as are wanted, and what the rules say of the choice.

use domain::hall::Hall;
use domain::heal::nobody_alone;
use domain::hold::HoldRefusal;
use domain::rules::{Choice, check, orphans};
use domain::seat::SeatId;
use domain::time::Millis;

/// Asks every rule about a whole choice, as the server will ask them again: [`check`].
///
/// # Errors
/// The first rule that is against it. Where a seat would be left alone, `offer` has what would do instead.
pub fn judge(hall: &Hall<'_>, choice: Choice<'_>, now: Millis) -> Result<(), HoldRefusal> {
    match check(hall, choice, now) {
        Err(HoldRefusal::OrphanSeat { .. }) => nobody_alone(hall, choice.seats, now),
        judged => judged,
    }
}

/// Asks them as the page does, before anything is sent. When a sale opens is the server's to say: a page may be hours old.
pub fn against(hall: &Hall<'_>, choice: Choice<'_>) -> Option<HoldRefusal> {
    judge(hall, choice, Millis(0)).err()
}

/// The seats for a press on `seat`, ascending: up to `wanted` free neighbours of one price around it. Where no such
/// block leaves everybody company the nearest one is given all the same, and the rules will speak.
pub fn around(hall: &Hall<'_>, seat: SeatId, wanted: u32) -> Vec<SeatId> {
    let run = hall.run(seat);
    let category = |at: u32| hall.chart.seats.category[at as usize];
    let fits = |at: u32| category(at) == category(seat.0) && (hall.is_kept(seat) || !hall.is_kept(SeatId(at)));
    let (mut low, mut high) = (seat.0, seat.0 + 1);
    while low > run.start && fits(low - 1) {
        low -= 1;
    }
    while high < run.end && fits(high) {
        high += 1;
    }
    let len = wanted.clamp(1, high - low);
    let first = seat.0.saturating_sub(len - 1).max(low);
    let last = seat.0.min(high - len);
    let blocks = (first..=last).map(|start| (start..start + len).map(SeatId).collect::<Vec<_>>());
    // Nearest: the pressed seat in the middle.
    let off_centre = |block: &Vec<SeatId>| (2 * block[0].0 + len - 1).abs_diff(2 * seat.0);
    blocks.min_by_key(|block| (!orphans(hall, block).is_empty(), off_centre(block))).unwrap_or_else(|| vec![seat])
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::availability::Packed;
    use domain::chart::{Chart, Row, Section};
    use domain::seat::{Features, SeatState};

    /// One row of `n` seats.
    fn row(n: u32) -> Chart {
        let mut chart = Chart { floors: vec![String::new()], categories: vec!["A".into()], ..Chart::default() };
        chart.sections.push(Section {
            name: "1".into(),
            floor: 0,
            rows: 0..1,
            outline: Vec::new(),
            label_at: Default::default(),
        });
        chart.rows.push(Row { name: "A".into(), section: 0, seats: 0..n, ..Row::default() });
        for seat in 0..n {
            chart.seats.x.push(seat as f32);
            chart.seats.y.push(0.0);
            chart.seats.row.push(0);
            chart.seats.category.push(0);
            chart.seats.features.push(Features::default());
            chart.seats.number.push((seat + 1).to_string().as_str().into());
            chart.seats.gap_after.push(false);
            chart.seats.block.push(0);
        }
        chart
    }

    fn chosen(free: &str, seat: u32, wanted: u32) -> Vec<u32> {
        let chart = row(free.len() as u32);
        let mut states = Packed::free(free.len() as u32);
        for (at, letter) in (0..).zip(free.chars()) {
            if letter != 'o' {
                states.set(SeatId(at), SeatState::Sold);
            }
        }
        let hall = Hall::new(&chart, &[], &states, &[]);
        around(&hall, SeatId(seat), wanted).into_iter().map(|seat| seat.0).collect()
    }

    #[test]
    fn a_press_takes_neighbours_and_leaves_nobody_alone() {
        assert_eq!(chosen("oooooooooo", 5, 2), [4, 5]);
        // The pressed seat and the one before it would leave seat 0 alone.
        assert_eq!(chosen("oooooooooo", 2, 2), [2, 3]);
        assert_eq!(chosen("oooooooooo", 0, 3), [0, 1, 2]);
    }

    #[test]
    fn fewer_are_taken_where_fewer_are_side_by_side() {
        assert_eq!(chosen("xooxxxxxxx", 1, 4), [1, 2]);
        assert_eq!(chosen("xoxxxxxxxx", 1, 4), [1]);
    }
}
