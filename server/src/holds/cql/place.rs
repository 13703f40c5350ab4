//! Placing a hold: block by block in ascending order, all or none.
//!
//! Places of one block are taken in one write. Where a later block loses, what was taken before is put back; where the
//! process ends in between, cells are left that run out like any hold. No block is kept waiting while another is
//! asked, so nobody can wait in a circle.

use std::sync::Arc;

use domain::hold::{Fence, Hold};
use domain::ids::{HoldId, HolderId, TierId};
use domain::seat::SeatId;
use domain::time::Millis;

use super::Inner;
use super::cell::Cell;
use super::contents::{Kept, Rows};
use super::decide::{Take, Verdict, Wish};
use super::hall::SharedHall;
use super::queue::{Failure, ask};
use super::table::Note;
use crate::holds::memory::lock;
use crate::holds::store::{Grant, Loss, Outcome};
use crate::trouble::Trouble;

/// How often it is tried anew when the cells turn out to be others than known.
const ATTEMPTS: usize = 16;
/// An id minted within so many milliseconds of its use cannot have been used by another process.
const FRESH: i64 = 250;

/// A part of the hold: places of one block, and so many of any.
type Part = (usize, Vec<u32>, u32);

/// What was taken of a block.
struct Got {
    block: usize,
    places: Vec<u32>,
    displaced: Vec<(u32, Cell)>,
}

/// What all blocks together agreed to.
struct Terms {
    until: Millis,
    extensions: u8,
    fence: Fence,
}

enum Attempt {
    All(Vec<Got>, Terms),
    Again(Fence),
    Over(Outcome<Hold>),
}

impl Inner {
    /// A hold that may have been asked for before under this id; a fresh id needs no question to the store.
    pub(super) async fn earlier(&self, hold: HoldId, holder: HolderId, now: Millis) -> Result<Option<Kept>, Trouble> {
        if let Some(kept) = self.book.get(hold, holder) {
            return Ok(Some(kept));
        }
        let is_fresh = now.since(hold.minted_at()).saturating_abs() <= FRESH;
        if is_fresh { Ok(None) } else { self.recorded(hold, holder).await }
    }

    pub(super) async fn place(self: &Arc<Self>, mut grant: Grant, now: Millis) -> Outcome<Hold> {
        let Some(hall) = self.hall(grant.event).filter(|hall| hall.is_open()) else {
            return Outcome::Lost(Loss::NotOpen);
        };
        let _turn = self.book.turn(grant.holder).await;
        match self.earlier(grant.id, grant.holder, now).await {
            Ok(Some(known)) => return self.placed_before(&grant, known, now).await,
            Ok(None) => {}
            Err(trouble) => return Outcome::Unknown(trouble),
        }
        let old = match grant.replaces {
            Some(old) => match self.find(old, grant.holder).await {
                Ok(kept) => kept.filter(|kept| kept.hold.event == grant.event),
                Err(trouble) => return Outcome::Unknown(trouble),
            },
            None => None,
        };
        grant.replaces = old.as_ref().map(|old| old.hold.id);
        if self.has_too_many(&hall, &grant, old.as_ref(), now) {
            return Outcome::Lost(Loss::TooManyHolds);
        }
        if let Err(trouble) = self.engine.check_open() {
            return Outcome::Unknown(trouble);
        }
        let mut fence = self.engine.next_fence(now, hall.fence_floor);
        for _ in 0..ATTEMPTS {
            if let Err(answer) = self.look(&hall, &grant, now).await {
                return answer;
            }
            let parts = match self.parts(&hall, &grant, now) {
                Ok(parts) => parts,
                Err(short) => return Outcome::Lost(Loss::Taken { seats: Vec::new(), standing: short }),
            };
            match self.attempt(&hall, &grant, old.as_ref(), &parts, fence, now).await {
                Attempt::All(got, terms) if terms.fence > fence && parts.len() > 1 => {
                    // Blocks of one hold carry one fence: what was taken with a lower one is written again.
                    fence = terms.fence;
                    drop(got);
                }
                Attempt::All(got, terms) => return self.granted(&hall, &grant, old, got, terms, now).await,
                Attempt::Again(seen) => {
                    self.engine.seen_fence(seen);
                    fence = self.engine.next_fence(now, hall.fence_floor);
                }
                Attempt::Over(outcome) => return outcome,
            }
        }
        Outcome::Unknown(super::engine::unavailable("others were faster too often"))
    }

    async fn placed_before(&self, grant: &Grant, known: Kept, now: Millis) -> Outcome<Hold> {
        let hold = &known.hold;
        if hold.event != grant.event || hold.seats != grant.seats || hold.standing != grant.standing {
            return Outcome::Lost(Loss::IdReused);
        }
        match self.whole(&known, now).await {
            Ok(Some(hold)) => Outcome::Applied(hold),
            Ok(None) => Outcome::Lost(Loss::Gone),
            Err(trouble) => Outcome::Unknown(trouble),
        }
    }

    /// Strict for what this process granted, as good as its knowledge for what others did.
    fn has_too_many(&self, hall: &SharedHall, grant: &Grant, old: Option<&Kept>, now: Millis) -> bool {
        let mut live = self.book.live(grant.holder, now);
        live.extend(lock(&hall.holders).live(grant.holder, now));
        live.sort_unstable();
        live.dedup();
        live.retain(|hold| *hold != grant.id && old.is_none_or(|old| old.hold.id != *hold));
        live.len() >= grant.max_holds
    }

    /// Refuses what is known to be gone; asks again where that was seen too long ago.
    async fn look(&self, hall: &SharedHall, grant: &Grant, now: Millis) -> Result<(), Outcome<Hold>> {
        for attempt in 0..2 {
            let mut taken: Vec<SeatId> = Vec::new();
            let mut old: Vec<(usize, Vec<u32>)> = Vec::new();
            let limit = self.engine.trusted_since();
            for seat in &grant.seats {
                let Some((block, place)) = hall.slot(*seat) else {
                    taken.push(*seat);
                    continue;
                };
                let at = place as usize;
                let cells = lock(&hall.blocks[block].cells);
                let cell = cells.cells[at];
                let own = cell.is_held_by(grant.id) || grant.replaces.is_some_and(|old| cell.is_held_by(old));
                if hall.blocks[block].blocked[at] {
                    taken.push(*seat);
                } else if !own && !cell.is_open(now) {
                    taken.push(*seat);
                    if cells.seen[at] < limit {
                        match old.last_mut() {
                            Some((last, places)) if *last == block => places.push(place),
                            _ => old.push((block, vec![place])),
                        }
                    }
                }
            }
            let short = self.parts(hall, grant, now).err().unwrap_or_default();
            if taken.is_empty() && short.is_empty() {
                return Ok(());
            }
            if attempt == 0 {
                for tier in short.iter().filter_map(|tier| hall.tier(*tier)) {
                    old.extend(tier.blocks.clone().filter_map(|block| {
                        let cells = lock(&hall.blocks[block].cells);
                        let stale = |place: &u32| {
                            let at = *place as usize;
                            !cells.cells[at].is_open(now) && cells.seen[at] < limit
                        };
                        let places: Vec<u32> = (0..cells.cells.len() as u32).filter(stale).collect();
                        (!places.is_empty()).then_some((block, places))
                    }));
                }
            }
            if attempt == 1 || old.is_empty() {
                super::engine::count(&self.engine.counters.spared);
                return Err(Outcome::Lost(Loss::Taken { seats: taken, standing: short }));
            }
            for (block, places) in old {
                match ask(&self.engine, hall, block, Wish::Look { places }, now, true).await {
                    Ok(_) => {}
                    Err(failure) => return Err(self.failed(failure)),
                }
            }
        }
        Ok(())
    }

    fn failed(&self, failure: Failure) -> Outcome<Hold> {
        match failure {
            Failure::Busy => Outcome::Lost(Loss::Busy),
            Failure::Trouble(trouble) => Outcome::Unknown(trouble),
        }
    }

    /// What to ask of which block, ascending; the tiers that have too few places left, as far as is known.
    fn parts(&self, hall: &SharedHall, grant: &Grant, now: Millis) -> Result<Vec<Part>, Vec<TierId>> {
        let mut parts: Vec<Part> =
            hall.by_block(&grant.seats).into_iter().map(|(block, places)| (block, places, 0)).collect();
        let mut short = Vec::new();
        for (tier, count) in &grant.standing {
            let Some(standing) = hall.tier(*tier) else {
                short.push(*tier);
                continue;
            };
            let free = |block: usize| hall.free_in(block, grant.id, grant.replaces, now);
            // What an earlier call took comes first; then one block with room for all; then as they come.
            let mut rooms: Vec<(bool, bool, u32, usize, u32)> = standing
                .blocks
                .clone()
                .map(|block| {
                    let (kept, free) = (hall.kept_by(block, grant.id), free(block));
                    let turn =
                        (block as u32).wrapping_add(grant.id.0.as_u64_pair().1 as u32) % standing.blocks.len() as u32;
                    (kept == 0, free < *count, turn, block, free)
                })
                .collect();
            rooms.sort_unstable();
            let mut left = *count;
            for (_, _, _, block, free) in rooms {
                let here = left.min(free);
                if here > 0 {
                    parts.push((block, Vec::new(), here));
                    left -= here;
                }
            }
            if left > 0 {
                short.push(*tier);
            }
        }
        parts.sort_unstable();
        if short.is_empty() { Ok(parts) } else { Err(short) }
    }

    async fn attempt(
        &self,
        hall: &SharedHall,
        grant: &Grant,
        old: Option<&Kept>,
        parts: &[Part],
        fence: Fence,
        now: Millis,
    ) -> Attempt {
        let in_one = |old: &Kept| {
            let at = |key| hall.block_of(key);
            parts.len() == 1 && old.rows.iter().all(|(key, _)| at(*key) == Some(parts[0].0))
        };
        let frees_rest = old.is_some_and(in_one);
        let mut got: Vec<Got> = Vec::new();
        let mut terms = Terms { until: grant.expires_at, extensions: grant.extensions, fence };
        for (block, places, any) in parts {
            let wish = Wish::Take(Take {
                hold: grant.id,
                holder: grant.holder,
                places: places.clone(),
                any: *any,
                until: grant.expires_at,
                extensions: grant.extensions,
                fence,
                replaces: grant.replaces,
                frees_rest,
            });
            let attempt = match ask(&self.engine, hall, *block, wish, now, true).await {
                Ok(Verdict::Taken { places, displaced, until, extensions, fence }) => {
                    terms.until = terms.until.min(until);
                    terms.extensions = terms.extensions.min(extensions);
                    terms.fence = terms.fence.max(fence);
                    got.push(Got { block: *block, places, displaced });
                    continue;
                }
                Ok(Verdict::Behind(seen)) => Attempt::Again(seen),
                Ok(Verdict::Gone) => Attempt::Over(Outcome::Lost(Loss::Gone)),
                Ok(_) => Attempt::Again(Fence(0)),
                Err(failure) => Attempt::Over(self.failed(failure)),
            };
            self.put_back(hall, grant.id, got, now).await;
            return attempt;
        }
        Attempt::All(got, terms)
    }

    async fn put_back(&self, hall: &SharedHall, hold: HoldId, got: Vec<Got>, now: Millis) {
        for Got { block, displaced, .. } in got.into_iter().rev() {
            let wish = Wish::PutBack { hold, displaced };
            if let Err(failure) = ask(&self.engine, hall, block, wish, now, false).await {
                // The cells run out by themselves.
                tracing::warn!(?failure, %hold, "places of a hold that was not granted could not be put back");
            }
        }
    }

    async fn granted(
        self: &Arc<Self>,
        hall: &SharedHall,
        grant: &Grant,
        old: Option<Kept>,
        got: Vec<Got>,
        terms: Terms,
        now: Millis,
    ) -> Outcome<Hold> {
        let hold = grant.granted(terms.until, terms.extensions, terms.fence);
        let rows: Rows = got
            .iter()
            .map(|Got { block, places, .. }| {
                let here = &hall.blocks[*block];
                (here.key, places.iter().map(|place| here.seats[*place as usize]).collect())
            })
            .collect();
        let kept = Kept { hold, rows };
        let mut notes = match kept.record() {
            Ok(record) => vec![Note::Keep(record)],
            Err(trouble) => return Outcome::Unknown(trouble),
        };
        if let Some(old) = &old {
            if let Err(trouble) = self.free_rows(hall, old, now).await {
                tracing::warn!(%trouble, hold = %old.hold.id, "places of a replaced hold were left to run out");
            }
            notes.push(Note::Forget(old.hold.id, old.hold.holder));
        }
        // Not told before it is written: whoever holds must be found by any process. A repeated call finds the cells.
        if let Err(trouble) = self.recorder.write(&self.engine, grant.id, notes).await {
            return Outcome::Unknown(trouble);
        }
        if let Some(old) = &old {
            self.book.remove(old.hold.id, old.hold.holder);
        }
        let hold = kept.hold.clone();
        self.book.put(kept);
        Outcome::Applied(hold)
    }
}
