//! Standing tiers of an event: which places they have, and how many of them are for sale.
//!
//! A tier keeps every block it ever had, so that whoever holds a place there has it until the hold ends. Its holds lie
//! anywhere in its blocks: where it was made smaller, as many free places below its quantity are barred as are taken
//! beyond it, the last ones. So the rows decide as they do elsewhere. Nothing beyond is taken any more, and what
//! processes know of the rest at most moves the bar down. A process offers what somebody has beyond a second time only
//! where it cannot know of it: while others still take places beyond, in the second in which each takes the smaller tier
//! over; where it was extended elsewhere and the news were lost, until the blocks are read again; where a process opens
//! the tier and it lies behind many blocks that were never used. PostgreSQL refuses that at the checkout.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use domain::ids::{HoldId, TierId};
use domain::time::Millis;

use super::cell::{Cell, Mark, Moment};
use super::hall::{Cells, Hall};
use crate::holds::memory::lock;

/// Standing places in a block. A tier has whole blocks, those places barred that are beyond its quantity.
pub(super) const STANDING_BLOCK: usize = 200;

/// A standing tier.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    pub(super) tier: TierId,
    /// Its blocks in the hall; in a plan, as many from 0.
    pub(super) blocks: Range<usize>,
    /// Whether the layout names it. One that it names no more has no places.
    pub(super) is_laid: bool,
    size: Arc<Size>,
}

/// What halls of one event agree on, however many of its blocks they know.
#[derive(Debug, Default)]
struct Size {
    quantity: AtomicU32,
    /// Whether places below the quantity are barred.
    is_rationed: Mutex<bool>,
}

impl Standing {
    pub(super) fn quantity(&self) -> u32 {
        self.size.quantity.load(Ordering::Acquire)
    }

    /// Whether its blocks are enough for so many places.
    pub(super) fn has_room_for(&self, quantity: u32) -> bool {
        self.blocks.len() >= blocks_of(quantity)
    }
}

fn blocks_of(quantity: u32) -> usize {
    (quantity as usize).div_ceil(STANDING_BLOCK)
}

/// Whether somebody has it: a place that a tool keeps from sale is nobody's.
fn is_taken(cell: &Cell, at: Moment) -> bool {
    cell.mark != Mark::Blocked && !cell.is_open(at)
}

/// The tiers of a layout in its order, each with all blocks that were known of it, and behind them those that it does
/// not name any more. What is new has no places before [`Hall::resize`].
pub(super) fn planned(known: &[Standing], tiers: &[(TierId, u32)]) -> Vec<Standing> {
    let laid = tiers.iter().map(|(tier, quantity)| {
        let old = known.iter().find(|old| old.tier == *tier);
        let blocks = old.map_or(0, |old| old.blocks.len()).max(blocks_of(*quantity));
        let size = old.map(|old| Arc::clone(&old.size)).unwrap_or_default();
        Standing { tier: *tier, blocks: 0..blocks, is_laid: true, size }
    });
    let gone = known.iter().filter(|old| tiers.iter().all(|(tier, _)| *tier != old.tier));
    laid.chain(gone.map(|old| Standing { is_laid: false, blocks: 0..old.blocks.len(), ..old.clone() })).collect()
}

/// The same tiers, this one in so many blocks at least.
pub(super) fn widened(known: &[Standing], tier: TierId, blocks: usize) -> Vec<Standing> {
    let mut plan: Vec<Standing> =
        known.iter().map(|old| Standing { blocks: 0..old.blocks.len(), ..old.clone() }).collect();
    match plan.iter_mut().find(|known| known.tier == tier) {
        Some(known) => known.blocks.end = known.blocks.end.max(blocks),
        None => plan.push(Standing { tier, blocks: 0..blocks, is_laid: false, size: Arc::default() }),
    }
    plan
}

impl Hall {
    /// From now on the tier has so many places. Until it is rationed at a moment, whoever holds places counts, run out
    /// or not.
    pub(super) fn resize(&self, tier: &Standing, quantity: u32) {
        tier.size.quantity.store(quantity, Ordering::Release);
        *lock(&tier.size.is_rationed) = true;
        self.ration(tier, Moment::exactly(Millis(i64::MIN)));
    }

    /// Bars what is beyond the tier's quantity, and of the free places below it as many as are taken beyond; answers
    /// whether there are any.
    pub(super) fn ration(&self, tier: &Standing, at: Moment) -> bool {
        let mut is_rationed = lock(&tier.size.is_rationed);
        let quantity = tier.quantity();
        let whole = quantity as usize / STANDING_BLOCK;
        let taken_beyond = |block: &usize| {
            let block = &self.blocks[*block];
            let cells = lock(&block.cells);
            let beyond = block.seats.iter().zip(&cells.cells).filter(|(place, _)| place.unsigned_abs() >= quantity);
            beyond.filter(|(_, cell)| is_taken(cell, at)).count()
        };
        let beyond: usize = tier.blocks.clone().skip(whole).map(|block| taken_beyond(&block)).sum();
        if beyond == 0 && !*is_rationed {
            return false;
        }
        let mut due = beyond;
        for block in self.blocks[tier.blocks.clone()].iter().rev() {
            let mut cells = lock(&block.cells);
            let Cells { cells, blocked, .. } = &mut *cells;
            for ((place, cell), barred) in block.seats.iter().zip(cells.iter()).zip(blocked.iter_mut()).rev() {
                let is_beyond = place.unsigned_abs() >= quantity;
                let stands_in = !is_beyond && due > 0 && cell.is_open(at);
                due -= usize::from(stands_in);
                *barred = is_beyond || stands_in;
            }
        }
        *is_rationed = beyond > 0;
        beyond > 0
    }

    /// Places of the tier that `own` may have in the stead of `replaced`: the quantity without what others have.
    pub(super) fn left_for(&self, tier: &Standing, own: HoldId, replaced: Option<HoldId>, at: Moment) -> u32 {
        let is_theirs = |cell: &&Cell| {
            is_taken(cell, at) && !cell.is_held_by(own) && replaced.is_none_or(|hold| !cell.is_held_by(hold))
        };
        let theirs = |block: usize| lock(&self.blocks[block].cells).cells.iter().filter(is_theirs).count() as u32;
        tier.quantity().saturating_sub(tier.blocks.clone().map(theirs).sum())
    }
}
