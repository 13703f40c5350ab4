//! The door of a block: while somebody is inside for a seat, who else wants it waits outside.
//!
//! Outside costs a place before a bell, one for all who wait for the same: no further task, no timer while all goes well,
//! no wish in the queue, no part in a round. When it rings, most find their seat gone and are told so by what is known.
//! Where it is not gone they go in, each as if it had been the first, and wait at no door again; so nothing is granted
//! because of it, and nobody waits in a circle.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use domain::hold::Hold;
use domain::ids::HoldId;
use domain::seat::SeatId;
use domain::time::Millis;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::Inner;
use super::engine::{count, unavailable};
use super::hall::SharedHall;
use super::place::is_fresh;
use crate::holds::memory::lock;
use crate::holds::store::{Grant, Loss, Outcome};
use crate::holds::turns::Turn;

/// By place of the block, the bell of whoever is inside for it; and how many wait before one of them.
#[derive(Debug, Default)]
pub(super) struct Door {
    inside: Mutex<BTreeMap<u32, Arc<Bell>>>,
    outside: AtomicUsize,
}

/// Rings for all who want what somebody is inside for.
#[derive(Debug)]
struct Bell {
    /// Who is inside.
    hold: HoldId,
    wakes: Notify,
    /// It has rung.
    is_over: AtomicBool,
    /// Somebody looks at the clock for all who wait.
    is_watched: AtomicBool,
    /// The first of them has waited too long: from now on each looks at the clock.
    is_slow: AtomicBool,
}

impl Bell {
    fn new(hold: HoldId) -> Self {
        let (wakes, is_over, is_watched, is_slow) = Default::default();
        Self { hold, wakes, is_over, is_watched, is_slow }
    }

    fn rings(&self) {
        self.is_over.store(true, Ordering::Release);
        self.wakes.notify_waiters();
    }

    /// Waits until it rings; false where that does not come in time.
    async fn rung(self: &Arc<Self>, by: Instant) -> bool {
        if !self.is_watched.load(Ordering::Relaxed) && !self.is_watched.swap(true, Ordering::Relaxed) {
            tokio::spawn(watch(Arc::clone(self), by));
        }
        loop {
            // Made before the looks, so that it is woken by whatever happens after them.
            let woken = self.wakes.notified();
            if self.is_over.load(Ordering::Acquire) {
                return true;
            }
            if !self.is_slow.load(Ordering::Acquire) {
                woken.await;
            } else if Box::pin(timeout_at(by, woken)).await.is_err() {
                return false;
            }
        }
    }
}

/// One timer for all who wait before a bell, which hardly ever is needed: it wakes them when the first has waited too
/// long.
async fn watch(bell: Arc<Bell>, first: Instant) {
    let woken = bell.wakes.notified();
    if !bell.is_over.load(Ordering::Acquire) && timeout_at(first, woken).await.is_err() {
        bell.is_slow.store(true, Ordering::Release);
        bell.wakes.notify_waiters();
    }
}

/// Somebody inside, whose turn it is. Dropped, it rings for those outside.
#[derive(Debug)]
pub(super) struct Inside {
    hall: SharedHall,
    /// By block, the places and their bell.
    parts: Vec<(usize, Vec<u32>, Arc<Bell>)>,
}

impl Inside {
    fn new(hall: &SharedHall) -> Self {
        Self { hall: SharedHall::clone(hall), parts: Vec::new() }
    }

    /// What became of it in the block is known: those outside of it need not wait for what becomes of it elsewhere.
    pub(super) fn leaves(&mut self, block: usize) {
        if let Some(at) = self.parts.iter().position(|(of, ..)| *of == block) {
            let (block, places, bell) = self.parts.swap_remove(at);
            self.ring(block, &places, &bell);
        }
    }

    fn ring(&self, block: usize, places: &[u32], bell: &Bell) {
        let mut inside = lock(&self.hall.blocks[block].door.inside);
        for place in places {
            inside.remove(place);
        }
        drop(inside);
        bell.rings();
    }

    /// The bell of its places in a block.
    fn bell(&mut self, block: usize, place: u32, hold: HoldId) -> Arc<Bell> {
        match self.parts.iter_mut().find(|(of, ..)| *of == block) {
            Some((_, places, bell)) => {
                places.push(place);
                Arc::clone(bell)
            }
            None => {
                let bell = Arc::new(Bell::new(hold));
                self.parts.push((block, vec![place], Arc::clone(&bell)));
                bell
            }
        }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        for (block, places, bell) in std::mem::take(&mut self.parts) {
            self.ring(block, &places, &bell);
        }
    }
}

/// Somebody outside.
struct Outside<'a> {
    door: &'a Door,
    bell: Arc<Bell>,
    /// How many were there before.
    before: usize,
}

impl Drop for Outside<'_> {
    fn drop(&mut self) {
        self.door.outside.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How a wish goes in.
#[derive(Debug, Default)]
pub(super) struct Way {
    /// With others waiting for its end, where it is the first for all of its seats; and its holder's turn.
    pub(super) first: Option<(Inside, Turn)>,
    /// By when a write has to begin for it, where it has waited.
    pub(super) begins_by: Option<Instant>,
}

/// What a wish meets at the door.
pub(super) enum Met {
    /// It is let in.
    Way(Way),
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
    let mut mine: Option<Inside> = None;
    for (block, place) in seats.iter().filter_map(|seat| hall.slot(*seat)) {
        let door = &hall.blocks[block].door;
        match lock(&door.inside).entry(place) {
            Entry::Vacant(vacant) => {
                let mine = mine.get_or_insert_with(|| Inside::new(hall));
                vacant.insert(mine.bell(block, place, hold));
            }
            Entry::Occupied(first) if first.get().hold == hold => return Place::Again,
            Entry::Occupied(first) => {
                let before = door.outside.fetch_add(1, Ordering::Relaxed);
                return Place::Outside(Outside { door, bell: Arc::clone(first.get()), before });
            }
        }
    }
    Place::Inside(mine.unwrap_or_else(|| Inside::new(hall)))
}

impl Inner {
    /// Lets a wish in, or tells outside what becomes of it: most of a rush ends there. Whoever stops waiting there has
    /// done nothing yet.
    pub(super) async fn at_the_door(&self, grant: &Grant, now: Millis) -> Met {
        // Anything else has more to find out, or more to be told.
        let is_plain = grant.standing.is_empty() && grant.replaces.is_none() && is_fresh(grant.id, now);
        let hall = if is_plain { self.hall(grant.event).filter(|hall| hall.is_open()) } else { None };
        let Some(hall) = hall else { return Met::Way(Way::default()) };
        let lost = |loss| Met::Told(Outcome::Lost(loss));
        if let Some(loss) = self.refused_at_once(&hall, grant, now) {
            return lost(loss);
        }
        let outside = match enter(&hall, grant.id, &grant.seats) {
            Place::Inside(inside) => {
                // Whoever has to wait for something of their own first keeps nobody outside meanwhile.
                let turn = self.book.turn_at_once(grant.holder).filter(|_| !self.debts.has(grant.id));
                return Met::Way(Way { first: turn.map(|turn| (inside, turn)), begins_by: None });
            }
            Place::Again => return Met::Way(Way::default()),
            // Inside it is known that the store is away.
            Place::Outside(_) if self.engine.is_away() => return Met::Way(Way::default()),
            Place::Outside(outside) => outside,
        };
        if outside.before >= self.engine.tuning.outside {
            count(&self.engine.counters.busy);
            return lost(Loss::Busy);
        }
        count(&self.engine.counters.outside);
        let begins_by = Instant::now() + self.engine.tuning.begin_within;
        if !outside.bell.rung(begins_by).await {
            return Met::Told(Outcome::Unknown(unavailable("no write could begin in time")));
        }
        // What was waited here is not waited for once more in the queue.
        let way = || Met::Way(Way { first: None, begins_by: Some(begins_by) });
        self.refused_at_once(&hall, grant, now).map_or_else(way, lost)
    }
}
