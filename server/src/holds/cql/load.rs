//! Opening an event: reading its cells, and writing down what PostgreSQL knows to be sold.

use std::sync::Arc;

use domain::hold::{Fence, Hold};
use domain::ids::{EventId, HoldId, TierId};
use domain::time::Millis;
use futures::stream::{self, StreamExt, TryStreamExt};
use tokio::time::Instant;

use super::cell::{Cell, Mark};
use super::decide::{Reach, Verdict, Wish};
use super::engine::{Engine, unavailable};
use super::hall::{Early, Hall, SharedHall};
use super::queue::{Failure, ask_by};
use super::rows::read;
use super::table::Reading;
use super::tiers::Standing;
use super::{Inner, news};
use crate::holds::memory::lock;
use crate::holds::store::{Layout, Sold};
use crate::trouble::Trouble;

/// Reads every block into the mirror; answers how many cells were others than known.
pub(super) async fn read_all(engine: &Engine, hall: &SharedHall, how: Reading) -> Result<u32, Trouble> {
    let blocks = stream::iter(0..hall.blocks.len()).map(|block| read(engine, hall, block, &[], how));
    blocks.buffer_unordered(engine.tuning.reads).try_fold(0, |sum, news| async move { Ok(sum + news) }).await
}

/// Asks for something that nobody can refuse.
pub(super) async fn must(
    engine: &Arc<Engine>,
    hall: &SharedHall,
    block: usize,
    wish: Wish,
    now: Millis,
) -> Result<u32, Trouble> {
    let deadline = Instant::now() + engine.tuning.resolve_within;
    must_by(engine, hall, block, wish, now, deadline).await
}

/// As [`must`], by an instant of the caller's.
pub(super) async fn must_by(
    engine: &Arc<Engine>,
    hall: &SharedHall,
    block: usize,
    wish: Wish,
    now: Millis,
    deadline: Instant,
) -> Result<u32, Trouble> {
    match ask_by(engine, hall, block, wish, now, false, deadline).await {
        Ok(Verdict::Done(count)) => Ok(count),
        Ok(Verdict::Swept(holds)) => Ok(holds.len() as u32),
        Ok(_) | Err(Failure::Busy) => Err(unavailable("the block was too busy")),
        Err(Failure::Trouble(trouble)) => Err(trouble),
    }
}

impl Inner {
    pub(super) async fn open(&self, event: EventId, layout: &Layout) -> Result<(), Trouble> {
        if let Some(hall) = self.known(event) {
            return self.lay_anew(&hall, layout).await;
        }
        let cell = Arc::clone(lock(&self.halls).entry(event).or_default());
        let opening = async {
            let hall = Arc::new(Hall::new(event, layout, self.engine.tick())?);
            news::listen(&self.engine, &hall).await;
            read_all(&self.engine, &hall, Reading::Plain).await?;
            let hall = self.reached(hall).await?;
            *lock(&hall.early) = Some(Early::of(&hall));
            Ok(hall)
        };
        cell.get_or_try_init(|| opening).await.map(drop)
    }

    pub(super) async fn load(&self, event: EventId, sold: &Sold) -> Result<(), Trouble> {
        let detail = || "sold seats of an event that was not opened".to_owned();
        let hall = self.known(event).ok_or_else(|| Trouble::Corrupt { what: "hold store", detail: detail() })?;
        let _turn = hall.loading.lock().await;
        if hall.is_open() {
            return Ok(());
        }
        let mut due: Vec<(usize, Vec<(u32, i64)>)> = Vec::new();
        {
            let early = lock(&hall.early);
            for (block, places) in hall.by_block(&sold.seats) {
                let cells = lock(&hall.blocks[block].cells);
                let news = |place: u32| early.as_ref().is_some_and(|early| early.is_news(&hall, block, place, &cells));
                let missing = |place: &u32| cells.cells[*place as usize].mark != Mark::Sold && !news(*place);
                let places: Vec<(u32, i64)> = places
                    .into_iter()
                    .filter(missing)
                    .map(|place| (place, cells.cells[place as usize].version))
                    .collect();
                if !places.is_empty() {
                    due.push((block, places));
                }
            }
        }
        let marks = stream::iter(due)
            .map(|(block, places)| must(&self.engine, &hall, block, Wish::Mark { places, sold: true }, Millis(0)));
        marks.buffer_unordered(self.engine.tuning.reads).try_for_each(|_| async { Ok(()) }).await?;
        // Each tier is read once here, however many orders it has.
        let since = self.engine.tick();
        for (tier, total) in &sold.standing {
            let mut named = 0;
            for (hold, _, places) in sold.counted.iter().filter(|(_, of, _)| of == tier) {
                named += places;
                let is_news = lock(&hall.early).as_ref().is_some_and(|early| early.said.contains(hold));
                if !is_news {
                    self.sell_standing(&hall, (*tier, Some(*hold), *places), Reach::Free, since).await?;
                }
            }
            let unnamed = total.saturating_sub(named);
            self.sell_standing(&hall, (*tier, None, unnamed), Reach::Free, since).await?;
        }
        hall.set_open();
        lock(&hall.early).take();
        Ok(())
    }

    /// Reads the tier's blocks, by reads that decide, that were not read since that tick.
    pub(super) async fn read_tier(&self, hall: &SharedHall, standing: &Standing, since: u64) -> Result<(), Trouble> {
        let old = |block: &usize| lock(&hall.blocks[*block].cells).seen.iter().any(|seen| *seen < since);
        let blocks: Vec<usize> = standing.blocks.clone().filter(old).collect();
        let reads = blocks.into_iter().map(|block| read(&self.engine, hall, block, &[], Reading::Deciding));
        stream::iter(reads).buffer_unordered(self.engine.tuning.reads).try_for_each(|_| async { Ok(()) }).await
    }

    /// Makes `count` places of the tier sold by `hold`: its own, wherever they are, then others as far as `reach` allows.
    /// What was read since that tick is known well enough.
    pub(super) async fn sell_standing(
        &self,
        hall: &SharedHall,
        (tier, hold, count): (TierId, Option<HoldId>, u32),
        reach: Reach,
        since: u64,
    ) -> Result<(), Trouble> {
        let Some(standing) = hall.tier(tier) else { return Ok(()) };
        let mut sold = vec![0; standing.blocks.len()];
        self.sell_in(hall, standing, hold, (count, Reach::Own), &mut sold).await?;
        // Others' places are touched by nobody who may merely not have heard where the hold's own are.
        for reach in [Reach::Own, Reach::Free, Reach::Held].into_iter().take_while(|step| *step <= reach) {
            if sold.iter().sum::<u32>() >= count {
                return self.free_rest(hall, standing, hold, count).await;
            }
            if reach == Reach::Own {
                self.read_tier(hall, standing, since).await?;
            }
            self.sell_in(hall, standing, hold, (count, reach), &mut sold).await?;
        }
        let missing = count.saturating_sub(sold.iter().sum());
        if missing > 0 {
            tracing::warn!(event = %hall.event, %tier, missing, "standing places are sold that others have here");
            return Ok(());
        }
        self.free_rest(hall, standing, hold, count).await
    }

    /// All that was bought is sold. What the hold keeps beyond was taken by a try that nobody heard of.
    async fn free_rest(
        &self,
        hall: &SharedHall,
        standing: &Standing,
        hold: Option<HoldId>,
        count: u32,
    ) -> Result<(), Trouble> {
        let Some(id) = hold else { return Ok(()) };
        let keeps = || standing.blocks.clone().any(|block| hall.kept_by(block, id) > 0);
        if !keeps() {
            return Ok(());
        }
        self.read_tier(hall, standing, self.engine.tick()).await?;
        if hall.sold_in(standing.blocks.clone(), hold) >= count {
            for block in standing.blocks.clone().filter(|block| hall.kept_by(*block, id) > 0) {
                must(&self.engine, hall, block, Wish::Release { hold: id, places: Vec::new() }, Millis(0)).await?;
            }
        }
        Ok(())
    }

    /// One pass over the tier's blocks; keeps in `sold` how many places of each are sold by the hold.
    async fn sell_in(
        &self,
        hall: &SharedHall,
        standing: &Standing,
        hold: Option<HoldId>,
        (count, reach): (u32, Reach),
        sold: &mut [u32],
    ) -> Result<(), Trouble> {
        let all_sold = || hall.sold_in(standing.blocks.clone(), hold);
        for (at, block) in standing.blocks.clone().enumerate() {
            let missing = count.saturating_sub(sold.iter().sum());
            let within = |(cell, blocked): &(&Cell, &bool)| match cell.mark {
                Mark::Sold => reach == Reach::Own && cell.hold == hold,
                Mark::Held => reach == Reach::Held || hold.is_some_and(|hold| cell.is_held_by(hold)),
                Mark::Free => reach >= Reach::Free && !**blocked,
                Mark::Blocked => false,
            };
            let here = {
                let known = lock(&hall.blocks[block].cells);
                known.cells.iter().zip(&known.blocked).filter(within).count() as u32
            };
            if here > 0 && (reach == Reach::Own || missing > 0) {
                let count = match reach {
                    // As many as are not known to be sold in other blocks.
                    Reach::Own => count.saturating_sub(all_sold().saturating_sub(hall.sold_in(block..block + 1, hold))),
                    Reach::Free | Reach::Held => sold[at] + missing.min(here),
                };
                let wish = Wish::Sell { hold, places: Vec::new(), fence: Fence(0), count, reach };
                sold[at] = must(&self.engine, hall, block, wish, Millis(0)).await?;
            }
        }
        Ok(())
    }

    /// The hold's places are claimed in PostgreSQL.
    pub(super) async fn sell(&self, hold: &Hold) -> Result<(), Trouble> {
        let Some(hall) = self.hall(hold.event) else { return Ok(()) };
        let owner = (!hold.id.0.is_nil()).then_some(hold.id);
        if let Some(early) = lock(&hall.early).as_mut() {
            early.said.insert(hold.id);
            for seat in &hold.seats {
                early.freed.remove(seat);
            }
        }
        for (block, places) in hall.by_block(&hold.seats) {
            let wish = Wish::Sell { hold: owner, places, fence: hold.fence, count: 0, reach: Reach::Own };
            must(&self.engine, &hall, block, wish, Millis(0)).await?;
        }
        for (tier, count) in &hold.standing {
            self.sell_standing(&hall, (*tier, owner, *count), Reach::Free, self.engine.tick()).await?;
        }
        Ok(())
    }

    /// Claims that came from the hold were given up in PostgreSQL.
    pub(super) async fn unsell(&self, event: EventId, hold: HoldId, places: &Sold) -> Result<(), Trouble> {
        let Some(hall) = self.hall(event) else { return Ok(()) };
        if let Some(early) = lock(&hall.early).as_mut() {
            early.said.insert(hold);
            early.freed.extend(places.seats.iter().copied());
        }
        let hold = (!hold.0.is_nil()).then_some(hold);
        for (block, places) in hall.by_block(&places.seats) {
            must(&self.engine, &hall, block, Wish::Unsell { hold, places, wholly: false }, Millis(0)).await?;
        }
        for (tier, count) in &places.standing {
            self.unsell_standing(&hall, (*tier, hold, *count)).await?;
        }
        Ok(())
    }

    /// Frees every place of the tier that `hold` has sold, which are said to be `count`: a state to be in, not a number
    /// to take off, so that it may be said twice.
    async fn unsell_standing(
        &self,
        hall: &SharedHall,
        (tier, hold, count): (TierId, Option<HoldId>, u32),
    ) -> Result<(), Trouble> {
        let Some(standing) = hall.tier(tier) else { return Ok(()) };
        let sold = |block: usize| hall.sold_in(block..block + 1, hold);
        if standing.blocks.clone().map(sold).sum::<u32>() < count {
            self.read_tier(hall, standing, self.engine.tick()).await?;
        }
        for block in standing.blocks.clone() {
            if sold(block) > 0 {
                let wish = Wish::Unsell { hold, places: Vec::new(), wholly: true };
                must(&self.engine, hall, block, wish, Millis(0)).await?;
            }
        }
        Ok(())
    }
}
