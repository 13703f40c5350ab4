//! How an event's places lie in blocks, and how they are laid out anew while it is open.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex};

use domain::ids::{EventId, TierId};
use domain::seat::SeatId;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::cell::Cell;
use super::hall::{Block, Cells, Early, Hall, SharedHall, Standing};
use super::queue::Queue;
use super::rows::read;
use super::table::{BlockKey, Reading};
use super::{Inner, news};
use crate::holds::memory::lock;
use crate::holds::store::Layout;
use crate::trouble::Trouble;

/// Standing places in a block. A tier has whole blocks, those places blocked that are beyond its quantity.
const STANDING_BLOCK: u32 = 200;

fn block(key: BlockKey, seats: Vec<i32>) -> Arc<Block> {
    let cells = Cells {
        cells: vec![Cell::default(); seats.len()].into(),
        blocked: vec![false; seats.len()].into(),
        seen: vec![0; seats.len()].into(),
        heard: vec![0; seats.len()].into(),
    };
    Arc::new(Block { key, seats: seats.into(), cells: Mutex::new(cells), queue: Mutex::<Queue>::default() })
}

/// The tiers' blocks behind those of seats; `known` ones stay what they are.
fn with_tiers(
    mut blocks: Vec<Arc<Block>>,
    tiers: &[(TierId, u32)],
    known: impl Fn(BlockKey) -> Option<Arc<Block>>,
) -> (Vec<Arc<Block>>, Vec<Standing>) {
    let mut standing = Vec::new();
    for (tier, quantity) in tiers {
        let from = blocks.len();
        for (number, first) in (0_i32..).zip((0..*quantity).step_by(STANDING_BLOCK as usize)) {
            let key = BlockKey { of: tier.0, block: number };
            let places = || (first..first + STANDING_BLOCK).filter_map(|place| i32::try_from(place).ok()).collect();
            blocks.push(known(key).unwrap_or_else(|| block(key, places())));
        }
        standing.push(Standing { tier: *tier, blocks: from..blocks.len() });
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
        let (blocks, standing) = with_tiers(blocks, &layout.standing, |_| None);
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

    /// The same event with the layout's standing tiers.
    fn with_tiers_of(&self, layout: &Layout) -> Self {
        let known = |key| self.block_of(key).map(|at| Arc::clone(&self.blocks[at]));
        let seated = self.blocks[..self.seated()].to_vec();
        let (blocks, standing) = with_tiers(seated, &layout.standing, known);
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

    /// Whether these are the layout's standing tiers, each in as many blocks.
    fn has_tiers_of(&self, layout: &Layout) -> bool {
        let wanted = layout.standing.iter().map(|(tier, places)| (*tier, places.div_ceil(STANDING_BLOCK) as usize));
        self.standing.iter().map(|tier| (tier.tier, tier.blocks.len())).eq(wanted)
    }

    /// Blocks what the layout says is not for sale, and nothing else.
    fn bar(&self, layout: &Layout) {
        let blocked: HashSet<SeatId> = layout.blocked.iter().copied().collect();
        for block in &self.blocks[..self.seated()] {
            let mut cells = lock(&block.cells);
            for (barred, seat) in cells.blocked.iter_mut().zip(&block.seats) {
                *barred = blocked.contains(&SeatId(seat.unsigned_abs()));
            }
        }
        for (tier, (_, quantity)) in self.standing.iter().zip(&layout.standing) {
            for block in &self.blocks[tier.blocks.clone()] {
                let mut cells = lock(&block.cells);
                for (barred, place) in cells.blocked.iter_mut().zip(&block.seats) {
                    *barred = place.unsigned_abs() >= *quantity;
                }
            }
        }
        self.changed();
    }
}

impl Inner {
    /// Takes over what of a layout may change.
    pub(super) async fn lay_anew(&self, hall: &SharedHall, layout: &Layout) -> Result<(), Trouble> {
        let _turn = hall.loading.lock().await;
        // Another may have laid it out anew meanwhile.
        let mut hall = self.known(hall.event).unwrap_or_else(|| Arc::clone(hall));
        if !hall.has_tiers_of(layout) {
            let next = Arc::new(hall.with_tiers_of(layout));
            news::listen(&self.engine, &next).await;
            let is_new = |at: &usize| hall.block_of(next.blocks[*at].key).is_none();
            for at in (next.seated()..next.blocks.len()).filter(is_new) {
                read(&self.engine, &next, at, &[], Reading::Plain).await?;
            }
            lock(&self.halls).insert(hall.event, Arc::new(OnceCell::new_with(Some(Arc::clone(&next)))));
            hall = next;
        }
        hall.bar(layout);
        Ok(())
    }
}
