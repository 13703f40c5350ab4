//! What is not as wished of seats that were picked before, for whoever hears of them late.

use super::Relaxed;
use crate::hall::Hall;
use crate::rules::has_mercy;
use crate::seat::{Features, SeatId};

/// What [`super::best`] relaxed to come to these seats (ascending): they are free or the asker's own in `hall`. Neighbours
/// of two prices count as side by side.
#[must_use]
pub fn relaxed(hall: &Hall<'_>, accessible: bool, seats: &[SeatId]) -> Vec<Relaxed> {
    let (Some(first), Some(last)) = (seats.first(), seats.last()) else { return Vec::new() };
    let groups = hall.groups(seats);
    let restricted = seats.iter().any(|seat| hall.features(*seat).has(Features::RESTRICTED_VIEW));
    let mut said = Vec::new();
    if let [_] = groups.as_slice() {
        let all_kept = seats.iter().all(|seat| hall.is_kept(*seat));
        let run = hall.run(*first);
        let left = first.0 == run.start + 1 && hall.minds_being_alone(run.start);
        let right = run.end == last.0 + 2 && hall.minds_being_alone(last.0 + 1);
        if accessible && all_kept {
            return said;
        }
        if !accessible && (left || right) && !has_mercy(hall) {
            said.push(Relaxed::Orphan);
        }
        said.extend(restricted.then_some(Relaxed::RestrictedView));
        said.extend(accessible.then_some(Relaxed::Companions));
        return said;
    }
    said.extend(restricted.then_some(Relaxed::RestrictedView));
    if accessible {
        said.extend([Relaxed::Companions, Relaxed::Apart]);
    } else {
        said.push(if are_two_rows(hall, &groups) { Relaxed::TwoRows } else { Relaxed::Apart });
    }
    said
}

/// Two blocks, one behind the other, and nobody alone but of two or three.
fn are_two_rows(hall: &Hall<'_>, groups: &[&[SeatId]]) -> bool {
    let [front, back] = groups else { return false };
    let row = |group: &[SeatId]| group.first().and_then(|seat| hall.chart.seats.row.get(seat.index())).copied();
    let section = |row: u32| hall.chart.rows.get(row as usize).map(|row| row.section);
    let (Some(front_row), Some(back_row)) = (row(front), row(back)) else { return false };
    back_row == front_row + 1
        && section(front_row) == section(back_row)
        && (front.len() + back.len() <= 3 || front.len().min(back.len()) > 1)
}
