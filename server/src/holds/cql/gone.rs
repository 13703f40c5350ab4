//! What is known to stand in the way of a wish, before anything is asked of the store.

use domain::ids::HoldId;
use domain::seat::SeatId;
use domain::time::Millis;

use super::Inner;
use super::contents::Kept;
use super::engine::count;
use super::hall::SharedHall;
use crate::holds::memory::lock;
use crate::holds::store::{Grant, Loss};

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
}
