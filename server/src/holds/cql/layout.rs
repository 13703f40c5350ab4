//! How an event's places lie in blocks, and how they are laid out anew while it is open.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use domain::ids::{EventId, TierId};
use domain::seat::SeatId;
use domain::time::Millis;
use futures::stream::{self, StreamExt, TryStreamExt};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::cell::Cell;
use super::contents::Kept;
use super::decide::Wish;
use super::door::Door;
use super::hall::{Block, Cells, Early, Hall, SharedHall};
use super::load::must;
use super::queue::Queue;
use super::rows::{exists, read};
use super::table::{BlockKey, Reading};
use super::tiers::{STANDING_BLOCK, Standing, planned, widened};
use super::{Inner, news};
use crate::holds::memory::lock;
use crate::holds::store::Layout;
use crate::trouble::Trouble;

/// Blocks of one tier, at most, that a hold's record or their rows bring to light: two million places.
const MOST_BLOCKS: usize = 10_000;
/// Holds lie in any blocks of their tier: behind so many that were never used nobody looks for more.
const UNUSED: usize = 16;

fn block(key: BlockKey, seats: Vec<i32>) -> Arc<Block> {
    let cells = Cells {
        cells: vec![Cell::default(); seats.len()].into(),
        blocked: vec![false; seats.len()].into(),
        seen: vec![0; seats.len()].into(),
        heard: vec![0; seats.len()].into(),
    };
    Arc::new(Block {
        key,
        seats: seats.into(),
        cells: Mutex::new(cells),
        queue: Mutex::<Queue>::default(),
        door: Door::default(),
        to_look_at: AtomicBool::new(false),
    })
}

/// The tiers' blocks behind those of seats; `known` ones stay what they are.
fn with_tiers(
    mut blocks: Vec<Arc<Block>>,
    tiers: Vec<Standing>,
    known: impl Fn(BlockKey) -> Option<Arc<Block>>,
) -> (Vec<Arc<Block>>, Vec<Standing>) {
    let mut standing = Vec::new();
    for mut tier in tiers {
        let from = blocks.len();
        for (number, first) in (0..).zip((0_i32..).step_by(STANDING_BLOCK)).take(tier.blocks.len()) {
            let key = BlockKey { of: tier.tier.0, block: number };
            let places = || (0..STANDING_BLOCK as i32).filter_map(|place| first.checked_add(place)).collect();
            blocks.push(known(key).unwrap_or_else(|| block(key, places())));
        }
        tier.blocks = from..blocks.len();
        standing.push(tier);
    }
    (blocks, standing)
}

fn by_key(blocks: &[Arc<Block>]) -> HashMap<BlockKey, u32> {
    (0_u32..).zip(blocks).map(|(at, block)| (block.key, at)).collect()
}

impl Hall {
    /// An event of which nothing is known yet. Its version begins at `tick`, above all those of an earlier hall of it.
    pub(super) fn new(event: EventId, layout: &Layout, tick: u64) -> Result<Self, Trouble> {
        let corrupt = |_| Trouble::Corrupt { what: "hold store", detail: "a block's number is beyond 31 bits".into() };
        let mut numbers: Vec<u32> = layout.blocks.to_vec();
        numbers.sort_unstable();
        numbers.dedup();
        let mut seats: Vec<Vec<i32>> = vec![Vec::new(); numbers.len()];
        let mut slots = Vec::with_capacity(layout.blocks.len());
        for (seat, number) in (0_i32..).zip(layout.blocks.iter()) {
            let at = numbers.partition_point(|known| known < number);
            slots.push((at as u32, seats[at].len() as u32));
            seats[at].push(seat);
        }
        let mut blocks = Vec::new();
        for (number, seats) in numbers.iter().zip(seats) {
            let key = BlockKey { of: event.0, block: i32::try_from(*number).map_err(corrupt)? };
            blocks.push(block(key, seats));
        }
        let (blocks, standing) = with_tiers(blocks, planned(&[], &layout.standing), |_| None);
        let hall = Self {
            event,
            by_key: by_key(&blocks),
            blocks,
            slots: slots.into(),
            standing,
            fence_floor: layout.fence_floor,
            early: Arc::new(Mutex::new(Some(Early::default()))),
            loading: Arc::default(),
            holders: Arc::default(),
            open: Arc::new(AtomicBool::new(false)),
            version: Arc::new(AtomicU64::new(tick)),
            used: Arc::new(AtomicU64::new(tick)),
            gone: CancellationToken::new().drop_guard(),
        };
        hall.bar(layout);
        Ok(hall)
    }

    /// The same event with these standing tiers.
    fn with(&self, tiers: Vec<Standing>) -> Self {
        let known = |key| self.block_of(key).map(|at| Arc::clone(&self.blocks[at]));
        let seated = self.blocks[..self.seated()].to_vec();
        let (blocks, standing) = with_tiers(seated, tiers, known);
        Self {
            event: self.event,
            by_key: by_key(&blocks),
            blocks,
            slots: Arc::clone(&self.slots),
            standing,
            fence_floor: self.fence_floor,
            early: Arc::clone(&self.early),
            loading: Arc::clone(&self.loading),
            holders: Arc::clone(&self.holders),
            open: Arc::clone(&self.open),
            version: Arc::clone(&self.version),
            used: Arc::clone(&self.used),
            gone: CancellationToken::new().drop_guard(),
        }
    }

    /// Whether it has the layout's standing tiers in their order, each in blocks enough.
    fn has_tiers_of(&self, layout: &Layout) -> bool {
        let laid = self.standing.iter().filter(|tier| tier.is_laid);
        laid.clone().map(|tier| tier.tier).eq(layout.standing.iter().map(|(tier, _)| *tier))
            && laid.zip(&layout.standing).all(|(tier, (_, places))| tier.has_room_for(*places))
    }

    /// Blocks the seats that the layout says are not for sale, and no others.
    fn bar_seats(&self, layout: &Layout) {
        let blocked: HashSet<SeatId> = layout.blocked.iter().copied().collect();
        for block in &self.blocks[..self.seated()] {
            let mut cells = lock(&block.cells);
            for (barred, seat) in cells.blocked.iter_mut().zip(&block.seats) {
                *barred = blocked.contains(&SeatId(seat.unsigned_abs()));
            }
        }
        self.changed();
    }

    /// Blocks what the layout says is not for sale, and nothing else.
    fn bar(&self, layout: &Layout) {
        self.bar_seats(layout);
        for tier in &self.standing {
            self.resize(tier, quantity_of(layout, tier.tier));
        }
        self.changed();
    }
}

fn quantity_of(layout: &Layout, tier: TierId) -> u32 {
    layout.standing.iter().find(|(laid, _)| *laid == tier).map_or(0, |(_, quantity)| *quantity)
}

impl Inner {
    /// Takes over what of a layout may change.
    pub(super) async fn lay_anew(&self, hall: &SharedHall, layout: &Layout) -> Result<(), Trouble> {
        let turn = hall.loading.lock().await;
        // Another may have laid it out anew meanwhile.
        let hall = self.known(hall.event).unwrap_or_else(|| Arc::clone(hall));
        let next = if hall.has_tiers_of(layout) {
            Arc::clone(&hall)
        } else {
            self.heard(hall.with(planned(&hall.standing, &layout.standing))).await
        };
        // Seats ask nobody: they are off sale also where the reading fails.
        hall.bar_seats(layout);
        // What others took of places that go now has to be known: nobody takes any of them afterwards.
        let shrinks = |tier: &&Standing| quantity_of(layout, tier.tier) < tier.quantity();
        let shrinking: Vec<usize> = next.standing.iter().filter(shrinks).flat_map(|tier| tier.blocks.clone()).collect();
        let mut due: Vec<usize> = shrinking.iter().copied().chain(new_blocks(&hall, &next)).collect();
        due.sort_unstable();
        due.dedup();
        self.read_blocks(&next, due).await?;
        for block in shrinking {
            next.blocks[block].to_look_at.store(true, Ordering::Relaxed);
        }
        next.bar(layout);
        if !Arc::ptr_eq(&hall, &next) {
            self.replace(Arc::clone(&next));
        }
        drop(turn);
        // What was under way then is waited for and seen: by the next grant it counts. Whoever lays out next looks where a
        // look failed.
        let blocks = next.standing.iter().flat_map(|tier| tier.blocks.clone());
        let due: Vec<usize> = blocks.filter(|block| next.blocks[*block].to_look_at.load(Ordering::Relaxed)).collect();
        let look = async |block: usize| {
            let places = (0..next.blocks[block].seats.len() as u32).collect();
            must(&self.engine, &next, block, Wish::Look { places }, Millis(0)).await?;
            next.blocks[block].to_look_at.store(false, Ordering::Relaxed);
            Ok(())
        };
        let looks = stream::iter(due).map(look).buffer_unordered(self.engine.tuning.reads);
        looks.try_collect().await
    }

    /// The event, with every block in which the hold has places: one of a tier that was larger before this process
    /// opened the event is not known yet. `None` where the event is not open here.
    pub(super) async fn hall_of(&self, kept: &Kept) -> Result<Option<SharedHall>, Trouble> {
        let Some(hall) = self.hall(kept.hold.event) else { return Ok(None) };
        let event = hall.event;
        if kept.rows.iter().all(|(key, _)| key.of == event.0 || hall.block_of(*key).is_some()) {
            return Ok(Some(hall));
        }
        let loading = Arc::clone(&hall.loading);
        let _turn = loading.lock().await;
        let mut hall = self.known(event).unwrap_or(hall);
        for (key, _) in kept.rows.iter().filter(|(key, _)| key.of != event.0) {
            hall = self.wider(hall, TierId(key.of), usize::try_from(key.block).map_or(0, |block| block + 1)).await?;
        }
        self.replace(Arc::clone(&hall));
        Ok(Some(hall))
    }

    /// The event as it has just been read, with those blocks of its tiers that are beyond their quantities and have rows:
    /// of a tier that was made smaller there may be places that are held or sold. Behind [`UNUSED`] blocks without rows it
    /// looks no further: what is beyond is met with the hold that has it.
    pub(super) async fn reached(&self, mut hall: SharedHall) -> Result<SharedHall, Trouble> {
        for at in 0..hall.standing.len() {
            let (tier, known) = (hall.standing[at].tier, hall.standing[at].blocks.len());
            let (mut blocks, mut looked) = (known, known);
            while looked < MOST_BLOCKS.min(blocks + UNUSED) {
                let next = looked..MOST_BLOCKS.min(looked + UNUSED);
                looked = next.end;
                let asked = next.filter_map(|number| Some((number, i32::try_from(number).ok()?)));
                let asks = stream::iter(asked).map(|(number, block)| async move {
                    let is_used = exists(&self.engine, BlockKey { of: tier.0, block }).await?;
                    Ok::<_, Trouble>(if is_used { number + 1 } else { 0 })
                });
                let ends = asks.buffer_unordered(self.engine.tuning.reads);
                blocks = ends.try_fold(blocks, |most, end| async move { Ok(most.max(end)) }).await?;
            }
            hall = self.wider(hall, tier, blocks).await?;
        }
        Ok(hall)
    }

    /// The hall with so many blocks of the tier at least, those that are new read.
    async fn wider(&self, hall: SharedHall, tier: TierId, blocks: usize) -> Result<SharedHall, Trouble> {
        if blocks > MOST_BLOCKS || hall.tier(tier).map_or(0, |known| known.blocks.len()) >= blocks {
            return Ok(hall);
        }
        let next = self.heard(hall.with(widened(&hall.standing, tier, blocks))).await;
        self.read_blocks(&next, new_blocks(&hall, &next).collect()).await?;
        if let Some(tier) = next.tier(tier) {
            next.resize(tier, tier.quantity());
        }
        next.changed();
        Ok(next)
    }

    /// A hall that hears what other processes tell.
    async fn heard(&self, hall: Hall) -> SharedHall {
        let hall = Arc::new(hall);
        news::listen(&self.engine, &hall).await;
        hall
    }

    async fn read_blocks(&self, hall: &SharedHall, blocks: Vec<usize>) -> Result<(), Trouble> {
        let reads = stream::iter(blocks).map(|block| read(&self.engine, hall, block, &[], Reading::Plain));
        reads.buffer_unordered(self.engine.tuning.reads).try_for_each(|_| async { Ok(()) }).await
    }

    /// From now on this is the event's hall.
    fn replace(&self, hall: SharedHall) {
        lock(&self.halls).insert(hall.event, Arc::new(OnceCell::new_with(Some(hall))));
    }
}

/// Blocks that are not in the first hall.
fn new_blocks<'a>(known: &'a Hall, next: &'a Hall) -> impl Iterator<Item = usize> + use<'a> {
    (next.seated()..next.blocks.len()).filter(|at| known.block_of(next.blocks[*at].key).is_none())
}
