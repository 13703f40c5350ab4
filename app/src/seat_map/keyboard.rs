//! The keyboard's way through the house: along a row, from row to row, and across to the next section.

use domain::seat::SeatId;

use super::model::Model;
use super::outline::At;

/// Where an arrow points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrow {
    /// To the left.
    Left,
    /// To the right.
    Right,
    /// Upwards on the screen.
    Up,
    /// Downwards.
    Down,
}

impl Arrow {
    fn direction(self) -> At {
        match self {
            Self::Left => (-1.0, 0.0),
            Self::Right => (1.0, 0.0),
            Self::Up => (0.0, -1.0),
            Self::Down => (0.0, 1.0),
        }
    }
}

/// The seat an arrow leads to from `seat`. Left and right go along the row, to the side on which they lie on the
/// screen (a row that stands upright runs from left to right in its own order); up and down go to the nearest seat of
/// the neighbouring row on that side. Beyond the section it goes on to the nearest seat in that direction. `None` at
/// the end of the house.
#[must_use]
pub fn step(model: &Model, seat: SeatId, arrow: Arrow) -> Option<SeatId> {
    let at = model.at(seat)?;
    let row_index = *model.chart.seats.row.get(seat.index())?;
    let row = model.chart.rows.get(row_index as usize)?;
    let along = {
        let (first, last) = (model.at(SeatId(row.seats.start))?, model.at(SeatId(row.seats.end.max(1) - 1))?);
        let (dx, dy) = (last.0 - first.0, last.1 - first.1);
        // How the row runs on the screen; an upright one counts as running to the right.
        if dx.abs() * 4.0 >= dy.abs() { dx >= 0.0 } else { true }
    };
    match arrow {
        Arrow::Left | Arrow::Right => {
            let forward = (arrow == Arrow::Right) == along;
            let next = if forward { seat.0.checked_add(1) } else { seat.0.checked_sub(1) };
            next.filter(|n| row.seats.contains(n)).map(SeatId).or_else(|| beyond(model, seat, at, arrow))
        }
        Arrow::Up | Arrow::Down => {
            let section = model.chart.sections.get(usize::from(row.section))?;
            let neighbours = [row_index.checked_sub(1), row_index.checked_add(1)];
            let down = arrow == Arrow::Down;
            neighbours
                .into_iter()
                .flatten()
                .filter(|r| section.rows.contains(r))
                .filter_map(|r| nearest_in(model, model.chart.rows.get(r as usize)?.seats.clone(), at))
                .filter(|s| is_on_side(model, section.rows.clone(), at, *s, down))
                .min_by(|a, b| distance(model, *a, at).total_cmp(&distance(model, *b, at)))
                .or_else(|| beyond(model, seat, at, arrow))
        }
    }
}

/// Whether a seat lies below (or above) a point. Rows that stand upright have no above: there the next row to the
/// right counts as below.
fn is_on_side(model: &Model, rows: core::ops::Range<u32>, at: At, seat: SeatId, down: bool) -> bool {
    let Some((x, y)) = model.at(seat) else { return false };
    let (dx, dy) = (x - at.0, y - at.1);
    let steep = dy.abs() * 4.0 >= dx.abs();
    rows.len() > 1 && if steep { (dy > 0.0) == down } else { (dx > 0.0) == down }
}

fn distance(model: &Model, seat: SeatId, at: At) -> f32 {
    model.at(seat).map_or(f32::INFINITY, |p| (p.0 - at.0).hypot(p.1 - at.1))
}

fn nearest_in(model: &Model, seats: core::ops::Range<u32>, at: At) -> Option<SeatId> {
    seats.map(SeatId).min_by(|a, b| distance(model, *a, at).total_cmp(&distance(model, *b, at)))
}

/// The nearest shown seat of another row in an arrow's direction, what lies aside counting twice.
fn beyond(model: &Model, from: SeatId, at: At, arrow: Arrow) -> Option<SeatId> {
    let (ux, uy) = arrow.direction();
    let row = model.chart.seats.row.get(from.index());
    let mut best: Option<(f32, SeatId)> = None;
    for plate in model.plates.iter().filter(|p| model.shows(p.floor)) {
        for seat in plate.seats.clone() {
            let (dx, dy) = (model.x[seat] - at.0, model.y[seat] - at.1);
            let (ahead, aside) = (dx * ux + dy * uy, (dx * uy - dy * ux).abs());
            let cost = ahead + aside * 2.0;
            if ahead > model.radius * 0.5
                && aside <= ahead * 1.5
                && best.is_none_or(|b| cost < b.0)
                && model.chart.seats.row.get(seat) != row
            {
                best = Some((cost, SeatId(seat as u32)));
            }
        }
    }
    best.map(|b| b.1)
}

/// Where the keyboard begins: the shown seat nearest to a point, a free one if there is any nearby.
#[must_use]
pub fn entry(model: &Model, at: At) -> Option<SeatId> {
    let nearest = |free: bool| {
        (0..model.len() as u32)
            .map(SeatId)
            .filter(|s| model.is_shown(*s) && (!free || model.state(*s) == domain::seat::SeatState::Free))
            .min_by(|a, b| distance(model, *a, at).total_cmp(&distance(model, *b, at)))
    };
    nearest(true).or_else(|| nearest(false))
}

/// The first seat of the next (or previous) section that is shown.
#[must_use]
pub fn section(model: &Model, seat: SeatId, forward: bool) -> Option<SeatId> {
    let current = model.section_of(seat)?;
    let shown = |i: &usize| model.plates.get(*i).is_some_and(|p| model.shows(p.floor) && !p.seats.is_empty());
    let next = if forward { (current + 1..model.plates.len()).find(shown) } else { (0..current).rev().find(shown) }?;
    Some(SeatId(model.plates[next].seats.start as u32))
}
