//! Placing a hold: block by block in ascending order, all or none.
//!
//! Places of one block are taken in one write. Where a later block loses, what was taken before is put back, and nobody
//! is told that they lost before that is done; what cannot be put back in time is a debt (`debts`). Then the record is
//! written, and last of all what the hold replaces goes free: whatever fails before leaves the buyer what they had. No
//! block is kept waiting while another is asked, so nobody can wait in a circle; who wants the same seats waits at the
//! door meanwhile, for as long as a write may take to begin.

use std::sync::Arc;

use domain::hold::{Fence, Hold};
use domain::ids::{HoldId, HolderId, TierId};
use domain::time::Millis;
use tokio::time::Instant;

use super::Inner;
use super::contents::{Kept, Rows};
use super::debts::Taken;
use super::decide::{Take, Verdict, Wish};
use super::door::{Inside, Way};
use super::engine::{unavailable, unconfirmed};
use super::gone::Gone;
use super::hall::SharedHall;
use super::queue::{By, Failure, ask_by};
use crate::holds::memory::lock;
use crate::holds::store::{Grant, Loss, Outcome, later};
use crate::trouble::Trouble;

/// How often it is tried anew when the cells turn out to be others than known.
const ATTEMPTS: usize = 16;
/// An id minted within so many milliseconds of its use cannot have been used by another process.
const FRESH: i64 = 250;

/// A part of the hold: places of one block, and so many of any.
type Part = (usize, Vec<u32>, u32);

/// What all blocks together agreed to.
struct Terms {
    rows: Rows,
    until: Millis,
    extensions: u8,
    fence: Fence,
}

enum Attempt {
    All(Terms),
    Again(Fence),
    Over(Outcome<Hold>),
}

/// One call, and what all its attempts share.
struct Call<'a> {
    hall: &'a SharedHall,
    grant: &'a Grant,
    now: Millis,
    /// The instant that `now` was.
    asked: Instant,
    /// By when its first write has to begin, where part of that time was over when it came in.
    begins_by: Option<Instant>,
    deadline: Instant,
}

impl Call<'_> {
    /// For a wish before which so much was taken.
    fn by(&self, taken: &Taken) -> By {
        By { begins: self.begins_by.filter(|_| taken.blocks.is_empty()), told: self.deadline }
    }
}

/// Whether the id is that young at `now`; of a call that may have waited, that is [`later`].
pub(super) fn is_fresh(hold: HoldId, now: Millis) -> bool {
    now.since(hold.minted_at()).saturating_abs() <= FRESH
}

impl Inner {
    /// A hold that may have been asked for before under this id; a fresh id needs no question to the store.
    pub(super) async fn earlier(&self, hold: HoldId, holder: HolderId, now: Millis) -> Result<Option<Kept>, Trouble> {
        if let Some(kept) = self.book.get(hold, holder) {
            return Ok(Some(kept));
        }
        if is_fresh(hold, now) { Ok(None) } else { self.recorded(hold, holder).await }
    }

    /// Places it; who waits for the same seats outside (`door`) is told of its end where it is the first.
    pub(super) async fn place(
        self: &Arc<Self>,
        mut grant: Grant,
        (now, asked): (Millis, Instant),
        way: Way,
    ) -> Outcome<Hold> {
        let Way { first, begins_by } = way;
        let (mut inside, turn) = first.unzip();
        let deadline = Instant::now() + self.engine.tuning.resolve_within;
        let Some(mut hall) = self.hall(grant.event).filter(|hall| hall.is_open()) else {
            return Outcome::Lost(Loss::NotOpen);
        };
        let turn = match turn {
            Some(turn) => Some(turn),
            None => self.book.turn(grant.holder, deadline).await,
        };
        let Some(_turn) = turn else { return Outcome::Lost(Loss::Busy) };
        if !self.debts.paid(grant.id, deadline).await {
            return Outcome::Unknown(unconfirmed("an earlier try of this hold is still being put back"));
        }
        match self.earlier(grant.id, grant.holder, later(now, asked)).await {
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
        if let Some(old) = &old {
            match self.hall_of(old).await {
                Ok(known) => hall = known.unwrap_or(hall),
                Err(trouble) => return Outcome::Unknown(trouble),
            }
        }
        if self.has_too_many(&hall, &grant, old.as_ref(), now) {
            return Outcome::Lost(Loss::TooManyHolds);
        }
        if let Err(trouble) = self.engine.check_open() {
            return Outcome::Unknown(trouble);
        }
        if let Err(trouble) = self.know_standing(&hall, &grant, later(now, asked)).await {
            return Outcome::Unknown(trouble);
        }
        let call = Call { hall: &hall, grant: &grant, now, asked, begins_by, deadline };
        let mut taken = Taken::new(self, &hall, &grant, old.map(|old| self.as_it_stands(old)), now);
        match self.try_often(&call, &mut taken, &mut inside).await {
            Ok(terms) => self.granted(&call, taken, terms).await,
            Err(told) if self.put_back(&mut taken, deadline).await => told,
            Err(_) => {
                self.owe(taken);
                Outcome::Unknown(unconfirmed("what was taken could not be put back in time"))
            }
        }
    }

    /// Standing places that another process took under this id count as taken: they have to be seen first, also where
    /// nobody knows yet that they are. Of seats the write decides, which names them.
    async fn know_standing(&self, hall: &SharedHall, grant: &Grant, now: Millis) -> Result<(), Trouble> {
        if !is_fresh(grant.id, now) {
            for tier in grant.standing.iter().filter_map(|(tier, _)| hall.tier(*tier)) {
                self.read_tier(hall, tier, self.engine.tick()).await?;
            }
        }
        Ok(())
    }

    async fn try_often(
        &self,
        call: &Call<'_>,
        taken: &mut Taken,
        inside: &mut Option<Inside>,
    ) -> Result<Terms, Outcome<Hold>> {
        let mut fence = self.engine.next_fence(call.now, call.hall.fence_floor);
        for _ in 0..ATTEMPTS {
            self.look(call, call.by(taken)).await?;
            let parts = match self.parts(call.hall, call.grant, call.now) {
                Ok(parts) => parts,
                Err(short) => return Err(Outcome::Lost(Loss::Taken { seats: Vec::new(), standing: short })),
            };
            taken.fences.push(fence);
            let seen = match self.attempt(call, taken, inside, &parts, fence).await {
                Attempt::All(terms) => return Ok(terms),
                Attempt::Over(outcome) => return Err(outcome),
                Attempt::Again(fence) => fence,
            };
            self.engine.seen_fence(seen);
            fence = self.engine.next_fence(call.now, call.hall.fence_floor);
            // What lost is no reason to keep others waiting; and which standing places it will be next time is open.
            let keeps = seen.0 > 0 && call.grant.standing.is_empty();
            if !keeps && !self.put_back(taken, call.deadline).await {
                return Err(Outcome::Unknown(unconfirmed("what was taken could not be put back in time")));
            }
        }
        Err(Outcome::Unknown(unavailable("others were faster too often")))
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

    /// Refuses what is known to be gone; asks again where that was seen too long ago.
    async fn look(&self, call: &Call<'_>, by: By) -> Result<(), Outcome<Hold>> {
        let Call { hall, grant, now, .. } = *call;
        for attempt in 0..2 {
            let Gone { seats: taken, stale: mut old } = self.gone(hall, grant, now);
            let (limit, at) = (self.engine.trusted_since(), self.engine.moment(now));
            let short = self.parts(hall, grant, now).err().unwrap_or_default();
            if taken.is_empty() && short.is_empty() {
                return Ok(());
            }
            if attempt == 0 {
                for tier in short.iter().filter_map(|tier| hall.tier(*tier)) {
                    old.extend(tier.blocks.clone().filter_map(|block| {
                        let cells = lock(&hall.blocks[block].cells);
                        let stale = |place: &u32| {
                            let index = *place as usize;
                            !cells.cells[index].is_open(at) && cells.seen_at(index, true) < Some(limit)
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
                match ask_by(&self.engine, hall, block, Wish::Look { places }, now, true, by).await {
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
            let at = self.engine.moment(now);
            if hall.ration(standing, at) && hall.left_for(standing, grant.id, grant.replaces, at) < *count {
                short.push(*tier);
                continue;
            }
            let free = |block: usize| hall.free_in(block, grant.id, grant.holder, grant.replaces, at);
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
        call: &Call<'_>,
        taken: &mut Taken,
        inside: &mut Option<Inside>,
        parts: &[Part],
        fence: Fence,
    ) -> Attempt {
        let Call { hall, grant, now, .. } = *call;
        let mut terms = Terms { rows: Vec::new(), until: grant.expires_at, extensions: grant.extensions, fence };
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
            });
            match ask_by(&self.engine, hall, *block, wish, now, true, call.by(taken)).await {
                Ok(Verdict::Taken { places, until, extensions }) => {
                    taken.blocks.insert(*block);
                    // The seats here are known to be gone, whatever comes of the next block and of the record.
                    if let Some(inside) = inside {
                        inside.leaves(*block);
                    }
                    terms.until = terms.until.min(until);
                    terms.extensions = terms.extensions.min(extensions);
                    let here = &hall.blocks[*block];
                    terms.rows.push((here.key, places.iter().map(|place| here.seats[*place as usize]).collect()));
                }
                Ok(Verdict::Behind(seen)) => return Attempt::Again(seen),
                Ok(Verdict::Gone) => return Attempt::Over(Outcome::Lost(Loss::Gone)),
                Ok(_) => return Attempt::Again(Fence(0)),
                Err(failure) => {
                    if matches!(failure, Failure::Trouble(Trouble::Unconfirmed { .. })) {
                        taken.blocks.insert(*block);
                    }
                    return Attempt::Over(self.failed(failure));
                }
            }
        }
        Attempt::All(terms)
    }

    async fn granted(self: &Arc<Self>, call: &Call<'_>, taken: Taken, terms: Terms) -> Outcome<Hold> {
        let hold = call.grant.granted(terms.until, terms.extensions, terms.fence);
        let kept = Kept { hold: hold.clone(), rows: terms.rows };
        // Not told before it is written: whoever holds must be found by any process. A repeated call finds the cells.
        let writes = self.keep(&kept, call.deadline);
        // Side by side, as a store may be so slow that nobody would wait for both.
        let (written, overtaken) = tokio::join!(writes, self.is_overtaken(&kept, later(call.now, call.asked)));
        match written {
            Ok(()) if overtaken => {
                self.give_way(taken);
                Outcome::Unknown(unconfirmed("another process has granted it meanwhile"))
            }
            Ok(()) => {
                self.replaced(taken, call.deadline).await;
                Outcome::Applied(hold)
            }
            Err(trouble) => {
                self.owe_record(taken, kept);
                Outcome::Unknown(trouble)
            }
        }
    }
}
