//! What becomes of a wish on the rows as they stand. Pure.

use domain::hold::Fence;
use domain::ids::{HoldId, HolderId};
use domain::seat::SeatId;
use domain::time::Millis;
use domain::trip::{Legs, Segment};

use super::table::{Rows, SegmentChange};
use crate::holds::cql::{Cell, Mark, Moment};

/// Why a wish for segments came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SegmentLoss {
    /// These are held by others or sold, in order.
    Taken(Vec<Segment>),
    /// More segments than one hold may have, or none.
    Size,
    /// No such live hold, or no longer all of it.
    Gone,
    /// It was extended as often as allowed.
    NoExtensionLeft,
    /// A hold of that id exists with other segments.
    IdReused,
}

/// Seats to be held over legs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentGrant {
    /// The hold; asking again with it is safe.
    pub hold: HoldId,
    /// Whose.
    pub holder: HolderId,
    /// Which seats.
    pub seats: Vec<SeatId>,
    /// Each of them on all these legs.
    pub legs: Legs,
    /// Until when.
    pub until: Millis,
    /// How often it may be extended.
    pub extensions: u8,
}

/// A hold on segments as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentHold {
    /// The segments, in order.
    pub segments: Vec<Segment>,
    /// Live until then.
    pub until: Millis,
    /// Above the fence of whoever had one of them before.
    pub fence: Fence,
}

/// What is to be done.
#[derive(Debug)]
pub(super) enum Decision {
    /// It is as wished already.
    Done(SegmentHold),
    /// These rows make it so.
    Write(Vec<SegmentChange>, SegmentHold),
    /// The rows are against it.
    Lost(SegmentLoss),
}

/// Of the rows, those that `wanted` says, with the hold they make.
fn of(rows: &Rows, wanted: impl Fn(&Cell) -> bool) -> Option<(Vec<(Segment, Cell)>, SegmentHold)> {
    let mine: Vec<_> = rows.iter().filter(|(_, cell)| wanted(cell)).map(|(at, cell)| (*at, *cell)).collect();
    let hold = SegmentHold {
        segments: mine.iter().map(|(at, _)| *at).collect(),
        until: mine.iter().map(|(_, cell)| cell.until).min()?,
        fence: mine.iter().map(|(_, cell)| cell.fence).max()?,
    };
    Some((mine, hold))
}

/// The next version: above the one before, and above any that a lost keyspace may have had before now.
fn next(was: i64, now: Millis) -> i64 {
    was.saturating_add(1).max(now.0)
}

fn change(segment: Segment, was: &Cell, cell: Cell, now: Millis) -> SegmentChange {
    SegmentChange { segment, was: was.version, cell: Cell { version: next(was.version, now), ..cell } }
}

/// Takes all segments of a wish, or none.
pub(super) fn take(rows: &Rows, grant: &SegmentGrant, now: Millis) -> Decision {
    let mut wanted: Vec<Segment> =
        grant.legs.each().flat_map(|leg| grant.seats.iter().map(move |seat| Segment { leg, seat: *seat })).collect();
    wanted.sort_unstable();
    wanted.dedup();
    if let Some((_, hold)) = of(rows, |cell| cell.hold == Some(grant.hold) && cell.mark != Mark::Free) {
        let is_other = hold.segments.iter().any(|at| wanted.binary_search(at).is_err());
        return if is_other {
            Decision::Lost(SegmentLoss::IdReused)
        } else if hold.segments == wanted && now < hold.until {
            Decision::Done(hold)
        } else {
            Decision::Lost(SegmentLoss::Gone)
        };
    }
    let free = Cell::default();
    let cell = |at: &Segment| rows.get(at).unwrap_or(&free);
    let taken: Vec<Segment> = wanted.iter().copied().filter(|at| !cell(at).is_open(Moment::exactly(now))).collect();
    if !taken.is_empty() {
        return Decision::Lost(SegmentLoss::Taken(taken));
    }
    let last = wanted.iter().map(|at| cell(at).fence.0).max().unwrap_or_default();
    let fence = Fence(last.saturating_add(1).max(now.0.saturating_mul(1 << 20)));
    let held = Cell {
        version: 0,
        mark: Mark::Held,
        hold: Some(grant.hold),
        holder: Some(grant.holder),
        until: grant.until,
        fence,
        extensions: grant.extensions,
    };
    let changes = wanted.iter().map(|at| change(*at, cell(at), held, now)).collect();
    Decision::Write(changes, SegmentHold { segments: wanted, until: grant.until, fence })
}

/// The rows of a live hold, if they are all those that were granted and nobody had one of them in between.
fn whole(rows: &Rows, hold: HoldId, granted: &SegmentHold, now: Millis) -> Option<(Vec<(Segment, Cell)>, SegmentHold)> {
    of(rows, |cell| cell.is_held_by(hold))
        .filter(|(_, held)| now < held.until && held.segments == granted.segments && held.fence == granted.fence)
}

/// Lets a hold last until `until`, for one of the extensions it has left; where it does so already, nothing is used up.
pub(super) fn extend(rows: &Rows, hold: HoldId, granted: &SegmentHold, until: Millis, now: Millis) -> Decision {
    let Some((mine, held)) = whole(rows, hold, granted, now) else {
        return Decision::Lost(SegmentLoss::Gone);
    };
    if until <= held.until {
        return Decision::Done(held);
    }
    if mine.iter().any(|(_, cell)| cell.extensions == 0) {
        return Decision::Lost(SegmentLoss::NoExtensionLeft);
    }
    let longer = |cell: &Cell| Cell { until, extensions: cell.extensions - 1, ..*cell };
    let changes = mine.iter().map(|(at, cell)| change(*at, cell, longer(cell), now)).collect();
    Decision::Write(changes, SegmentHold { until, ..held })
}

/// Marks a live hold as sold.
pub(super) fn sell(rows: &Rows, hold: HoldId, granted: &SegmentHold, now: Millis) -> Decision {
    if let Some((_, sold)) = of(rows, |cell| cell.is_sold_by(Some(hold))) {
        return Decision::Done(sold);
    }
    let Some((mine, held)) = whole(rows, hold, granted, now) else {
        return Decision::Lost(SegmentLoss::Gone);
    };
    let changes = mine.iter().map(|(at, cell)| change(*at, cell, cell.sold(Some(hold)), now)).collect();
    Decision::Write(changes, held)
}

/// Frees whatever this hold keeps or sold; nothing is as good as freed.
pub(super) fn free(rows: &Rows, hold: HoldId, now: Millis) -> Decision {
    match of(rows, |cell| cell.is_held_by(hold) || cell.is_sold_by(Some(hold))) {
        None => Decision::Done(SegmentHold { segments: Vec::new(), until: now, fence: Fence(0) }),
        Some((mine, had)) => {
            let changes = mine.iter().map(|(at, cell)| change(*at, cell, cell.freed(), now)).collect();
            Decision::Write(changes, had)
        }
    }
}
