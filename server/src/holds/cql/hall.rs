//! The mirror of one event's cells: what this process last knew of every place, by block.
//!
//! It answers snapshots and chooses what to try. Nothing is granted because of it: a write says which versions it rests
//! on, and the store refuses it where they are others.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use domain::availability::Packed;
use domain::hold::Fence;
use domain::ids::{EventId, HoldId, HolderId, TierId};
use domain::seat::{SeatId, SeatState};
use domain::time::Millis;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::cell::{Cell, Mark, Moment};
use super::door::Door;
use super::holders::Holders;
use super::queue::Queue;
use super::table::BlockKey;
use super::tiers::Standing;
use crate::holds::memory::lock;
use crate::holds::store::Snapshot;

/// One block: its rows' names, its cells, and who waits for it.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) key: BlockKey,
    /// The rows' `seat_id`s, ascending; a place within the block is an index here.
    pub(super) seats: Box<[i32]>,
    pub(super) cells: Mutex<Cells>,
    pub(super) queue: Mutex<Queue>,
    pub(super) door: Door,
    /// Its tier was made smaller, and what was under way then has not been seen yet.
    pub(super) to_look_at: AtomicBool,
}

/// Cells with the moment each was last confirmed by the store, in ticks of the process.
#[derive(Debug)]
pub(super) struct Cells {
    pub(super) cells: Box<[Cell]>,
    /// Not for sale, whatever is in their cells.
    pub(super) blocked: Box<[bool]>,
    pub(super) seen: Box<[u64]>,
    /// When another process last told of it: as good for whoever is patient.
    pub(super) heard: Box<[u64]>,
}

impl Cells {
    /// The moment that a place was last seen; by others, too, for whoever is patient.
    pub(super) fn seen_at(&self, at: usize, patient: bool) -> Option<u64> {
        let seen = *self.seen.get(at)?;
        Some(if patient { seen.max(self.heard[at]) } else { seen })
    }
}

/// How rows came to be known, and the tick before they were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Another process told of them; the tick is when.
    Heard(u64),
    /// Written, or read plainly.
    Read(u64),
    /// By a read that decides: what stands there is so, whatever was known before.
    Decided(u64),
}

/// What was said between opening and loading: it is newer than what is loaded.
#[derive(Debug, Default)]
pub(super) struct Early {
    /// Seats that went free.
    pub(super) freed: HashSet<SeatId>,
    /// Holds of which anything was said.
    pub(super) said: HashSet<HoldId>,
    /// By block, the versions that were read: what another process has written since is newer, too.
    versions: Vec<Box<[i64]>>,
}

impl Early {
    /// The event as it has just been read.
    pub(super) fn of(hall: &Hall) -> Self {
        let versions = |block: &Arc<Block>| lock(&block.cells).cells.iter().map(|cell| cell.version).collect();
        Self { versions: hall.blocks.iter().map(versions).collect(), ..Self::default() }
    }

    /// Whether something was said of the place that what is being loaded may not know.
    pub(super) fn is_news(&self, hall: &Hall, block: usize, place: u32, cells: &Cells) -> bool {
        let at = place as usize;
        let read = self.versions.get(block).and_then(|versions| versions.get(at)).copied();
        let seat = SeatId(hall.blocks[block].seats[at].unsigned_abs());
        self.freed.contains(&seat) || read != Some(cells.cells[at].version)
    }
}

/// What came of taking rows over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Merged {
    /// Cells that were others than known.
    pub(super) news: u32,
    /// Whether a row stood below what had been seen before it was asked for: as after the loss of a keyspace.
    pub(super) fell: bool,
}

/// One event. Where it is laid out anew with other standing tiers, or with more blocks of them, a second hall shares
/// everything with the first that is in both, so that nothing differs for whoever still works for the first.
#[derive(Debug)]
pub(super) struct Hall {
    pub(super) event: EventId,
    pub(super) blocks: Vec<Arc<Block>>,
    /// By seat id: its block, and its place within it.
    pub(super) slots: Arc<[(u32, u32)]>,
    pub(super) by_key: HashMap<BlockKey, u32>,
    /// Those of the layout first, in its order; then those that were in an earlier one.
    pub(super) standing: Vec<Standing>,
    pub(super) fence_floor: Fence,
    pub(super) early: Arc<Mutex<Option<Early>>>,
    /// Held by whoever loads what is sold, or lays the event out anew.
    pub(super) loading: Arc<tokio::sync::Mutex<()>>,
    pub(super) holders: Arc<Mutex<Holders>>,
    pub(super) open: Arc<AtomicBool>,
    pub(super) version: Arc<AtomicU64>,
    /// When anybody last asked for the event, in ticks.
    pub(super) used: Arc<AtomicU64>,
    /// Tells whoever works for the hall that nobody has it any more.
    pub(super) gone: DropGuard,
}

impl Hall {
    /// Is cancelled when the hall goes.
    pub(super) fn gone(&self) -> CancellationToken {
        self.gone.token().clone()
    }

    /// Somebody asks for the event.
    pub(super) fn is_used(&self, tick: u64) {
        self.used.fetch_max(tick, Ordering::Relaxed);
    }

    /// When somebody last asked for it.
    pub(super) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    pub(super) fn set_open(&self) {
        self.open.store(true, Ordering::Release);
        self.changed();
    }

    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Called after the change and before its lock goes: whoever reads the version first never misses the change.
    pub(super) fn changed(&self) {
        self.version.fetch_add(1, Ordering::AcqRel);
    }

    /// How many seats there are.
    pub(super) fn seats(&self) -> usize {
        self.slots.len()
    }

    /// Blocks of seats; those of standing tiers come behind them.
    pub(super) fn seated(&self) -> usize {
        self.standing.first().map_or(self.blocks.len(), |first| first.blocks.start)
    }

    /// A seat's block and its place there.
    pub(super) fn slot(&self, seat: SeatId) -> Option<(usize, u32)> {
        self.slots.get(seat.index()).map(|(block, place)| (*block as usize, *place))
    }

    /// The block of a partition.
    pub(super) fn block_of(&self, key: BlockKey) -> Option<usize> {
        self.by_key.get(&key).map(|at| *at as usize)
    }

    /// The standing tier.
    pub(super) fn tier(&self, tier: TierId) -> Option<&Standing> {
        self.standing.iter().find(|known| known.tier == tier)
    }

    /// The seats' places by block, blocks ascending.
    pub(super) fn by_block(&self, seats: &[SeatId]) -> Vec<(usize, Vec<u32>)> {
        let mut found: Vec<(usize, u32)> = seats.iter().filter_map(|seat| self.slot(*seat)).collect();
        found.sort_unstable();
        let mut blocks: Vec<(usize, Vec<u32>)> = Vec::new();
        for (block, place) in found {
            match blocks.last_mut() {
                Some((last, places)) if *last == block => places.push(place),
                _ => blocks.push((block, vec![place])),
            }
        }
        blocks
    }

    /// Takes rows over: each where its version is greater than the one known, or every one where the reading decided
    /// and nothing is known that was asked for later.
    pub(super) fn merge(&self, block: usize, rows: &[(i32, Cell)], how: Seen) -> Merged {
        let known = &self.blocks[block];
        let mut cells = lock(&known.cells);
        let (mut news, mut fell) = (0, false);
        for (seat, cell) in rows {
            let Ok(at) = known.seats.binary_search(seat) else { continue };
            let old = cells.cells[at];
            let decided = matches!(how, Seen::Decided(tick) if tick >= cells.seen[at]);
            if cell.version > old.version || (decided && *cell != old) {
                lock(&self.holders).replace(&old, cell);
                cells.cells[at] = *cell;
                news += 1;
            }
            if cell.version >= old.version || decided {
                match how {
                    Seen::Heard(tick) => cells.heard[at] = cells.heard[at].max(tick),
                    Seen::Read(tick) | Seen::Decided(tick) => cells.seen[at] = cells.seen[at].max(tick),
                }
            } else if let Seen::Read(tick) = how {
                fell |= cells.seen_at(at, true) < Some(tick);
            }
        }
        if news > 0 {
            self.changed();
        }
        Merged { news, fell }
    }

    /// All that was read of a block: rows that are not among them do not exist.
    pub(super) fn merge_read(&self, block: usize, asked: &[i32], rows: &[(i32, Cell)], how: Seen) -> Merged {
        let known = &self.blocks[block];
        let asked = if asked.is_empty() { &known.seats[..] } else { asked };
        let read: HashMap<i32, Cell> = rows.iter().copied().collect();
        let whole: Vec<(i32, Cell)> =
            asked.iter().map(|seat| (*seat, read.get(seat).copied().unwrap_or_default())).collect();
        self.merge(block, &whole, how)
    }

    /// Places of the block that a hold keeps, as last known.
    pub(super) fn kept_by(&self, block: usize, hold: HoldId) -> u32 {
        lock(&self.blocks[block].cells).cells.iter().filter(|cell| cell.is_held_by(hold)).count() as u32
    }

    /// Places of these blocks that are sold by the hold, as last known.
    pub(super) fn sold_in(&self, blocks: Range<usize>, hold: Option<HoldId>) -> u32 {
        let sold = |block: &Arc<Block>| lock(&block.cells).cells.iter().filter(|cell| cell.is_sold_by(hold)).count();
        self.blocks[blocks].iter().map(sold).sum::<usize>() as u32
    }

    /// Places of a tier's block that this holder may take, as last known; those of `replaced` count as free.
    pub(super) fn free_in(
        &self,
        block: usize,
        own: HoldId,
        holder: HolderId,
        replaced: Option<HoldId>,
        at: Moment,
    ) -> u32 {
        let cells = lock(&self.blocks[block].cells);
        let open = |(cell, blocked): &(&Cell, &bool)| {
            let is_replaced = replaced.is_some_and(|hold| cell.is_held_by(hold));
            cell.is_held_by(own)
                || (!**blocked && (is_replaced || cell.is_open_to(holder, at)))
                || (is_replaced && !cell.is_open(at))
        };
        cells.cells.iter().zip(&cells.blocked).filter(open).count() as u32
    }

    /// Whether there is something to sweep in the block.
    pub(super) fn has_run_out(&self, block: usize, at: Moment) -> bool {
        lock(&self.blocks[block].cells).cells.iter().any(|cell| cell.has_run_out(at))
    }

    /// All places at one moment.
    pub(super) fn snapshot(&self, at: Moment) -> Snapshot {
        let version = self.version();
        let mut states = Packed::free(self.slots.len() as u32);
        let mut stale_at: Option<Millis> = None;
        let seated = self.seated();
        // Shown as held for as long as nobody else can have it.
        let mut live = |cell: &Cell| {
            let is_live = cell.mark == Mark::Held && !cell.is_open(at);
            if is_live {
                let end = at.end_of(cell.until);
                stale_at = Some(stale_at.map_or(end, |first| first.min(end)));
            }
            is_live
        };
        for block in &self.blocks[..seated] {
            let cells = lock(&block.cells);
            for ((seat, cell), blocked) in block.seats.iter().zip(&cells.cells).zip(&cells.blocked) {
                let state = match cell.mark {
                    Mark::Sold => SeatState::Sold,
                    Mark::Blocked => SeatState::Blocked,
                    _ if *blocked => SeatState::Blocked,
                    Mark::Held if live(cell) => SeatState::Held,
                    _ => continue,
                };
                states.set(SeatId(seat.unsigned_abs()), state);
            }
        }
        let mut left = |tier: &Standing| {
            self.ration(tier, at);
            let mut free = 0;
            for block in &self.blocks[tier.blocks.clone()] {
                let cells = lock(&block.cells);
                let left = |(cell, blocked): &(&Cell, &bool)| {
                    let is_live = live(cell);
                    matches!(cell.mark, Mark::Free | Mark::Held) && !is_live && !**blocked
                };
                free += cells.cells.iter().zip(&cells.blocked).filter(left).count() as u32;
            }
            (tier.tier, free)
        };
        let standing = self.standing.iter().filter(|tier| tier.is_laid).map(&mut left).collect();
        Snapshot { states, standing, stale_at, version }
    }
}

/// Shared by everybody who works on the event.
pub(super) type SharedHall = Arc<Hall>;
