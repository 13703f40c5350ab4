//! What is known to stand in the way of a wish, before anything is asked of the store; and what only seems to, as an
//! earlier try of the same wish has taken it.

use domain::ids::{EventId, HoldId, HolderId};
use domain::seat::SeatId;
use domain::time::Millis;

use super::Inner;
use super::contents::Kept;
use super::decide::Wish;
use super::engine::{count, unavailable};
use super::hall::SharedHall;
use super::place::is_fresh;
use super::queue::{Failure, ask};
use crate::holds::memory::lock;
use crate::holds::store::{Grant, Loss};
use crate::trouble::Trouble;

/// Wished seats that others have; by block those of them that were seen too long ago to be refused for.
#[derive(Default)]
pub(super) struct Gone {
    pub(super) seats: Vec<SeatId>,
    pub(super) stale: Vec<(usize, Vec<u32>)>,
}

impl Inner {
    /// What somebody else is known to have by now, seen lately enough to be refused for: such a wish ends where it came
    /// in. None where anything has to be found out, or there is more to be said.
    pub(super) fn refused_at_once(&self, hall: &SharedHall, grant: &Grant, now: Millis) -> Option<Loss> {
        let gone = self.gone(hall, grant, now);
        let is_sure = !gone.seats.is_empty() && gone.stale.is_empty();
        let is_begun = || self.debts.has(grant.id) || self.book.get(grant.id, grant.holder).is_some();
        if !is_sure || is_begun() || self.has_too_many(hall, grant, None, now) {
            return None;
        }
        count(&self.engine.counters.spared);
        Some(Loss::Taken { seats: gone.seats, standing: Vec::new() })
    }

    /// Strict for what this process granted, as good as its knowledge for what others did.
    pub(super) fn has_too_many(&self, hall: &SharedHall, grant: &Grant, old: Option<&Kept>, now: Millis) -> bool {
        let mut live = self.book.live(grant.holder, now);
        live.extend(lock(&hall.holders).live(grant.holder, now));
        // With those that are in both, and those that do not count: hardly anybody has more.
        if live.len() < grant.max_holds {
            return false;
        }
        live.sort_unstable();
        live.dedup();
        let counts = |hold: &HoldId| {
            *hold != grant.id && old.is_none_or(|old| old.hold.id != *hold) && !self.debts.is_owed(*hold)
        };
        live.retain(counts);
        live.len() >= grant.max_holds
    }

    /// The wished seats that somebody else has, as far as is known.
    pub(super) fn gone(&self, hall: &SharedHall, grant: &Grant, now: Millis) -> Gone {
        let mut gone = Gone::default();
        let at = self.engine.moment(now);
        for seat in &grant.seats {
            let Some((block, place)) = hall.slot(*seat) else {
                gone.seats.push(*seat);
                continue;
            };
            let index = place as usize;
            let cells = lock(&hall.blocks[block].cells);
            let cell = cells.cells[index];
            let own = cell.is_held_by(grant.id) || grant.replaces.is_some_and(|old| cell.is_held_by(old));
            if cells.blocked[index] && !cell.is_held_by(grant.id) {
                gone.seats.push(*seat);
            } else if !own && !cell.is_open_to(grant.holder, at) {
                gone.seats.push(*seat);
                if cells.seen_at(index, true) < Some(self.engine.trusted_since()) {
                    match gone.stale.last_mut() {
                        Some((last, places)) if *last == block => places.push(place),
                        _ => gone.stale.push((block, vec![place])),
                    }
                }
            }
        }
        gone
    }

    /// Seats that an earlier try under this id has taken, maybe in another process, and that nobody was told of. Of those
    /// wanted, what others seem to have is looked at before: it may be this hold's by now.
    pub(super) async fn begun(
        &self,
        event: EventId,
        (hold, holder): (HoldId, HolderId),
        wanted: &[SeatId],
        now: Millis,
    ) -> Result<Vec<SeatId>, Trouble> {
        let hall = self.hall(event).filter(|hall| hall.is_open());
        let Some(hall) = hall.filter(|_| !is_fresh(hold, now)) else { return Ok(Vec::new()) };
        let at = self.engine.moment(now);
        for (block, mut places) in hall.by_block(wanted) {
            places.retain(|place| {
                let cell = lock(&hall.blocks[block].cells).cells[*place as usize];
                !cell.is_held_by(hold) && !cell.is_open_to(holder, at)
            });
            if !places.is_empty() {
                match ask(&self.engine, &hall, block, Wish::Look { places }, now, false).await {
                    Ok(_) => {}
                    Err(Failure::Busy) => return Err(unavailable("too many wait for these seats")),
                    Err(Failure::Trouble(trouble)) => return Err(trouble),
                }
            }
        }
        // Hardly any try has left something behind: then no seat is looked through.
        if !lock(&hall.holders).live(holder, now).any(|known| known == hold) {
            return Ok(Vec::new());
        }
        let mut begun = Vec::new();
        for block in &hall.blocks[..hall.seated()] {
            let cells = lock(&block.cells);
            let mine =
                block.seats.iter().zip(&cells.cells).filter(|(_, cell)| cell.is_held_by(hold) && cell.is_live(now));
            begun.extend(mine.map(|(seat, _)| SeatId(seat.unsigned_abs())));
        }
        begun.sort_unstable();
        Ok(begun)
    }
}
