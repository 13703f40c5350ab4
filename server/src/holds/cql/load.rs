//! Opening an event: reading its cells, and writing down what PostgreSQL knows to be sold.

use std::sync::Arc;

use domain::hold::Hold;
use domain::ids::{EventId, HoldId, TierId};
use domain::time::Millis;
use futures::stream::{self, StreamExt, TryStreamExt};
use tokio::time::Instant;

use super::cell::{Cell, Mark};
use super::decide::{Verdict, Wish};
use super::engine::{Engine, unavailable};
use super::hall::{Early, Hall, SharedHall, Standing};
use super::queue::{Failure, ask_by, read};
use super::table::Reading;
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
        let cell = Arc::clone(lock(&self.halls).entry(event).or_default());
        let opening = async {
            let hall = Arc::new(Hall::new(event, layout)?);
            news::listen(&self.engine, &hall).await;
            read_all(&self.engine, &hall, Reading::Plain).await?;
            *lock(&hall.early) = Some(Early::of(&hall));
            Ok(hall)
        };
        cell.get_or_try_init(|| opening).await.map(drop)
    }

    pub(super) async fn load(&self, event: EventId, sold: &Sold) -> Result<(), Trouble> {
        let detail = || "sold seats of an event that was not opened".to_owned();
        let hall = self.hall(event).ok_or_else(|| Trouble::Corrupt { what: "hold store", detail: detail() })?;
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
        for (tier, total) in &sold.standing {
            let mut named = 0;
            for (hold, _, places) in sold.counted.iter().filter(|(_, of, _)| of == tier) {
                named += places;
                let is_news = lock(&hall.early).as_ref().is_some_and(|early| early.said.contains(hold));
                if !is_news {
                    self.sell_standing(&hall, *tier, Some(*hold), *places).await?;
                }
            }
            self.sell_standing(&hall, *tier, None, total.saturating_sub(named)).await?;
        }
        hall.set_open();
        lock(&hall.early).take();
        Ok(())
    }

    /// Makes sure that the mirror shows `count` such places of the tier, or else that it is fresh: another process may
    /// have made them so.
    async fn find_standing(
        &self,
        hall: &SharedHall,
        standing: &Standing,
        count: u32,
        such: impl Fn(&Cell) -> bool,
    ) -> Result<(), Trouble> {
        let known: usize = standing
            .blocks
            .clone()
            .map(|block| lock(&hall.blocks[block].cells).cells.iter().filter(|cell| such(cell)).count())
            .sum();
        if known < count as usize {
            let reads = standing.blocks.clone().map(|block| read(&self.engine, hall, block, &[], Reading::Plain));
            stream::iter(reads).buffer_unordered(self.engine.tuning.reads).try_for_each(|_| async { Ok(()) }).await?;
        }
        Ok(())
    }

    /// Makes `count` places of the tier sold by `hold`, the hold's own first.
    pub(super) async fn sell_standing(
        &self,
        hall: &SharedHall,
        tier: TierId,
        hold: Option<HoldId>,
        count: u32,
    ) -> Result<(), Trouble> {
        let Some(standing) = hall.tier(tier) else { return Ok(()) };
        let sell = async |block: usize, count: u32| {
            must(&self.engine, hall, block, Wish::Sell { hold, places: Vec::new(), count }, Millis(0)).await
        };
        let theirs = |cell: &Cell| cell.is_sold_by(hold) || hold.is_some_and(|hold| cell.is_held_by(hold));
        self.find_standing(hall, standing, count, theirs).await?;
        let mut sold = vec![0; standing.blocks.len()];
        for (at, block) in standing.blocks.clone().enumerate() {
            if lock(&hall.blocks[block].cells).cells.iter().any(theirs) {
                sold[at] = sell(block, 0).await?;
            }
        }
        let mut missing = count.saturating_sub(sold.iter().sum());
        for (at, block) in standing.blocks.clone().enumerate() {
            if missing == 0 {
                break;
            }
            let room = {
                let cells = lock(&hall.blocks[block].cells);
                cells.cells.iter().filter(|cell| cell.mark != Mark::Sold).count() as u32
            };
            let more = missing.min(room);
            if more > 0 {
                missing -= sell(block, sold[at] + more).await?.saturating_sub(sold[at]).min(missing);
            }
        }
        if missing > 0 {
            tracing::warn!(event = %hall.event, %tier, missing, "more standing places are sold than there are");
        }
        Ok(())
    }

    /// The hold's places are claimed in PostgreSQL.
    pub(super) async fn sell(&self, hold: &Hold) -> Result<(), Trouble> {
        let Some(hall) = self.hall(hold.event) else { return Ok(()) };
        if let Some(early) = lock(&hall.early).as_mut() {
            early.said.insert(hold.id);
            for seat in &hold.seats {
                early.freed.remove(seat);
            }
        }
        for (block, places) in hall.by_block(&hold.seats) {
            let wish = Wish::Sell { hold: Some(hold.id), places, count: 0 };
            must(&self.engine, &hall, block, wish, Millis(0)).await?;
        }
        for (tier, count) in &hold.standing {
            self.sell_standing(&hall, *tier, Some(hold.id), *count).await?;
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
        for (block, places) in hall.by_block(&places.seats) {
            must(&self.engine, &hall, block, Wish::Unsell { hold: Some(hold), places, any: 0 }, Millis(0)).await?;
        }
        for (tier, count) in &places.standing {
            self.unsell_standing(&hall, *tier, Some(hold), *count).await?;
        }
        Ok(())
    }

    /// Frees `count` places of the tier that `hold` has sold.
    pub(super) async fn unsell_standing(
        &self,
        hall: &SharedHall,
        tier: TierId,
        hold: Option<HoldId>,
        count: u32,
    ) -> Result<(), Trouble> {
        let Some(standing) = hall.tier(tier) else { return Ok(()) };
        self.find_standing(hall, standing, count, |cell| cell.is_sold_by(hold)).await?;
        let mut left = count;
        for block in standing.blocks.clone() {
            let here = {
                let cells = lock(&hall.blocks[block].cells);
                cells.cells.iter().filter(|cell| cell.is_sold_by(hold)).count() as u32
            };
            if here > 0 && left > 0 {
                let wish = Wish::Unsell { hold, places: Vec::new(), any: left };
                left -= must(&self.engine, hall, block, wish, Millis(0)).await?.min(left);
            }
        }
        Ok(())
    }
}
