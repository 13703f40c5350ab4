//! The door of a block: while somebody is inside for a seat, who else wants it waits outside.
//!
//! Outside costs a place before a bell, one for all who wait for the same: no further task, no wish in the queue, no part
//! in a round. When it rings, most find their seat gone and are told so by what is known. Where it is not gone they go in,
//! each as if it had been the first, and wait at no door again; so nothing is granted because of it, and nobody waits in
//! a circle.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::hold::Hold;
use domain::ids::HoldId;
use domain::seat::SeatId;
use domain::time::Millis;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::Inner;
use super::engine::{count, unavailable};
use super::hall::SharedHall;
use super::place::is_fresh;
use crate::holds::memory::lock;
use crate::holds::store::{Grant, Loss, Outcome};

/// Who is inside for which place of the block, with the bell that rings at their end, and how many wait for one.
#[derive(Debug, Default)]
pub(super) struct Door {
    inside: Mutex<HashMap<u32, (HoldId, CancellationToken)>>,
    outside: AtomicUsize,
}

/// Somebody inside. Dropped, it rings for those outside.
#[derive(Debug)]
pub(super) struct Inside {
    hall: SharedHall,
    places: Vec<(usize, u32)>,
    over: CancellationToken,
}

impl Drop for Inside {
    fn drop(&mut self) {
        for (block, place) in &self.places {
            lock(&self.hall.blocks[*block].door.inside).remove(place);
        }
        self.over.cancel();
    }
}

/// Somebody outside.
struct Outside<'a> {
    door: &'a Door,
    bell: CancellationToken,
    /// How many were there before.
    before: usize,
}

impl Drop for Outside<'_> {
    fn drop(&mut self) {
        self.door.outside.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a wish meets at the door.
pub(super) enum Met {
    /// It is let in; others wait for its end, where it is the first for all of its seats.
    Way(Option<Inside>),
    /// It ends here.
    Told(Outcome<Hold>),
}

/// Where a wish is.
enum Place<'a> {
    Inside(Inside),
    Outside(Outside<'a>),
    /// It is itself inside, by an earlier try: what that came to is found out there.
    Again,
}

/// Goes in for these seats, or stands outside of the first that somebody is inside for.
fn enter<'a>(hall: &'a SharedHall, hold: HoldId, seats: &[SeatId]) -> Place<'a> {
    let places = Vec::with_capacity(seats.len());
    let mut inside = Inside { hall: SharedHall::clone(hall), places, over: CancellationToken::new() };
    for (block, place) in seats.iter().filter_map(|seat| hall.slot(*seat)) {
        let door = &hall.blocks[block].door;
        match lock(&door.inside).entry(place) {
            Entry::Vacant(vacant) => {
                vacant.insert((hold, inside.over.clone()));
                inside.places.push((block, place));
            }
            Entry::Occupied(first) if first.get().0 == hold => return Place::Again,
            Entry::Occupied(first) => {
                let before = door.outside.fetch_add(1, Ordering::Relaxed);
                return Place::Outside(Outside { door, bell: first.get().1.clone(), before });
            }
        }
    }
    Place::Inside(inside)
}

impl Inner {
    /// Lets a wish in, or tells outside what becomes of it: most of a rush ends there. Whoever stops waiting there has
    /// done nothing yet.
    pub(super) async fn at_the_door(&self, grant: &Grant, now: Millis) -> Met {
        // Anything else has more to find out, or more to be told.
        let is_plain = grant.standing.is_empty() && grant.replaces.is_none() && is_fresh(grant.id, now);
        let hall = if is_plain { self.hall(grant.event).filter(|hall| hall.is_open()) } else { None };
        let Some(hall) = hall else { return Met::Way(None) };
        let lost = |loss| Met::Told(Outcome::Lost(loss));
        if let Some(loss) = self.refused_at_once(&hall, grant, now) {
            return lost(loss);
        }
        let outside = match enter(&hall, grant.id, &grant.seats) {
            // Whoever has to wait for something of their own first keeps nobody outside meanwhile.
            Place::Inside(_) if self.book.has_turn(grant.holder) || self.debts.has(grant.id) => return Met::Way(None),
            Place::Inside(inside) => return Met::Way(Some(inside)),
            Place::Again => return Met::Way(None),
            // Inside it is known that the store is away.
            Place::Outside(_) if self.engine.is_away() => return Met::Way(None),
            Place::Outside(outside) => outside,
        };
        if outside.before >= self.engine.tuning.outside {
            count(&self.engine.counters.busy);
            return lost(Loss::Busy);
        }
        let begins_by = Instant::now() + self.engine.tuning.begin_within;
        if timeout_at(begins_by, outside.bell.cancelled()).await.is_err() {
            return Met::Told(Outcome::Unknown(unavailable("no write could begin in time")));
        }
        self.refused_at_once(&hall, grant, now).map_or(Met::Way(None), lost)
    }

    /// What somebody else is known to have by now, seen lately enough to be refused for: such a wish ends where it came
    /// in. None where anything has to be found out, or there is more to be said.
    fn refused_at_once(&self, hall: &SharedHall, grant: &Grant, now: Millis) -> Option<Loss> {
        let gone = self.gone(hall, grant, now);
        let is_sure = !gone.seats.is_empty() && gone.stale.is_empty();
        let is_begun = || self.debts.has(grant.id) || self.book.get(grant.id, grant.holder).is_some();
        if !is_sure || is_begun() || self.has_too_many(hall, grant, None, now) {
            return None;
        }
        count(&self.engine.counters.spared);
        Some(Loss::Taken { seats: gone.seats, standing: Vec::new() })
    }
}
