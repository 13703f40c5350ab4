//! The places of one event in memory: cells in blocks, counters for standing tiers.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use domain::availability::Packed;
use domain::hold::{Fence, Hold};
use domain::ids::HoldId;
use domain::seat::{SeatId, SeatState};
use domain::time::Millis;

use super::memory::lock;
use super::standing::Standing;
use super::store::{Grant, Layout, Loss, Snapshot, Sold, StandingSold};

/// The truth about one seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Free,
    Held { hold: HoldId, until: Millis },
    Sold,
}

/// Seats that are locked together.
#[derive(Debug)]
struct Block {
    cells: Box<[Cell]>,
    /// Which of them nobody may take, whatever is in their cells.
    blocked: Box<[bool]>,
}

/// One event.
#[derive(Debug)]
pub(super) struct EventCells {
    /// By seat id: its block, and its place within it.
    slots: Box<[(u32, u32)]>,
    blocks: Box<[Mutex<Block>]>,
    standing: Mutex<Standing>,
    /// Seats freed while the sold ones were being loaded: what was read from Postgres may be older.
    freed_early: Mutex<HashSet<SeatId>>,
    open: AtomicBool,
    version: AtomicU64,
    fence_floor: Fence,
}

/// Some blocks, locked.
pub(super) struct Locked<'a> {
    slots: &'a [(u32, u32)],
    guards: Vec<(u32, MutexGuard<'a, Block>)>,
    seats: &'a [SeatId],
}

impl Locked<'_> {
    fn slot(&mut self, seat: SeatId) -> Option<(&mut Cell, &mut bool)> {
        let (block, at) = *self.slots.get(seat.index())?;
        let (_, guard) = self.guards.iter_mut().find(|(locked, _)| *locked == block)?;
        let Block { cells, blocked } = &mut **guard;
        cells.get_mut(at as usize).zip(blocked.get_mut(at as usize))
    }

    fn cell(&mut self, seat: SeatId) -> Option<&mut Cell> {
        self.slot(seat).map(|(cell, _)| cell)
    }

    /// Whether every one of the seats is the hold's.
    pub(super) fn all_of(&mut self, id: HoldId) -> bool {
        let seats = self.seats;
        seats.iter().all(|seat| matches!(self.cell(*seat), Some(Cell::Held { hold, .. }) if *hold == id))
    }
}

impl EventCells {
    pub(super) fn new(layout: &Layout) -> Self {
        // Block numbers are the chart's business: whatever they are, they become 0, 1, 2 here.
        let mut numbers: Vec<u32> = layout.blocks.to_vec();
        numbers.sort_unstable();
        numbers.dedup();
        let mut sizes = vec![0_u32; numbers.len()];
        let slots: Box<[(u32, u32)]> = layout
            .blocks
            .iter()
            .map(|number| {
                let block = numbers.partition_point(|known| known < number);
                sizes[block] += 1;
                (block as u32, sizes[block] - 1)
            })
            .collect();
        let free = |size: &u32| Block {
            cells: vec![Cell::Free; *size as usize].into(),
            blocked: vec![false; *size as usize].into(),
        };
        let cells = Self {
            slots,
            blocks: sizes.iter().map(free).map(Mutex::new).collect(),
            standing: Mutex::new(Standing::new(&layout.standing)),
            freed_early: Mutex::default(),
            open: AtomicBool::new(false),
            version: AtomicU64::new(1),
            fence_floor: layout.fence_floor,
        };
        cells.lay(layout);
        cells
    }

    /// Takes over what of a layout may change while the event is open: which seats are blocked, and how many stand where.
    /// Whoever holds a seat that is blocked by now keeps it until the hold ends.
    pub(super) fn lay(&self, layout: &Layout) {
        // Made without a lock and taken over block by block: nobody else waits for the whole house.
        let size = |block: &Mutex<Block>| lock(block).cells.len();
        let mut barred: Vec<Box<[bool]>> = self.blocks.iter().map(|block| vec![false; size(block)].into()).collect();
        for (block, at) in layout.blocked.iter().filter_map(|seat| self.slots.get(seat.index())) {
            barred[*block as usize][*at as usize] = true;
        }
        for (block, barred) in self.blocks.iter().zip(barred) {
            lock(block).blocked = barred;
        }
        lock(&self.standing).lay(&layout.standing);
        self.changed();
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    pub(super) fn fence_floor(&self) -> Fence {
        self.fence_floor
    }

    /// Called after the change and before its locks go: whoever reads the version first never misses the change.
    fn changed(&self) {
        self.version.fetch_add(1, Ordering::AcqRel);
    }

    /// Locks the blocks of `seats` in ascending order.
    pub(super) fn lock<'a>(&'a self, seats: &'a [SeatId]) -> Locked<'a> {
        self.lock_with(seats, &[])
    }

    fn lock_with<'a>(&'a self, seats: &'a [SeatId], more: &[SeatId]) -> Locked<'a> {
        let block = |seat: &SeatId| self.slots.get(seat.index()).map(|slot| slot.0);
        let mut blocks: Vec<u32> = seats.iter().chain(more).filter_map(block).collect();
        blocks.sort_unstable();
        blocks.dedup();
        let guards = blocks.into_iter().map(|block| (block, lock(&self.blocks[block as usize]))).collect();
        Locked { slots: &self.slots, guards, seats }
    }

    /// Takes all places of `grant`, or none; places of `old` count as free and are given back when all could be taken.
    pub(super) fn take(&self, grant: &Grant, old: Option<&Hold>, now: Millis) -> Result<(), Loss> {
        let old_seats = old.map(|hold| hold.seats.as_slice()).unwrap_or_default();
        let mut locked = self.lock_with(&grant.seats, old_seats);
        let old_id = old.map(|hold| hold.id);
        let mut taken = Vec::new();
        for seat in &grant.seats {
            let free = match locked.slot(*seat) {
                Some((_, true)) => false,
                Some((Cell::Free, _)) => true,
                Some((Cell::Held { hold, until }, _)) => now >= *until || Some(*hold) == old_id,
                _ => false,
            };
            if !free {
                taken.push(*seat);
            }
        }
        let needs_standing = !grant.standing.is_empty() || old.is_some_and(|hold| !hold.standing.is_empty());
        let mut standing = needs_standing.then(|| lock(&self.standing));
        let short = standing.as_mut().map(|counters| counters.short_of(grant, old, now)).unwrap_or_default();
        if !taken.is_empty() || !short.is_empty() {
            return Err(Loss::Taken { seats: taken, standing: short });
        }
        for seat in old_seats {
            if let Some(cell) = locked.cell(*seat)
                && matches!(cell, Cell::Held { hold, .. } if Some(*hold) == old_id)
            {
                *cell = Cell::Free;
            }
        }
        for seat in &grant.seats {
            if let Some(cell) = locked.cell(*seat) {
                *cell = Cell::Held { hold: grant.id, until: grant.expires_at };
            }
        }
        if let Some(counters) = standing.as_mut() {
            if let Some(hold) = old {
                counters.give_back(hold);
            }
            counters.take(grant.id, &grant.standing, grant.expires_at);
        }
        self.changed();
        Ok(())
    }

    /// Whether every place of the hold is still its own.
    pub(super) fn is_whole(&self, hold: &Hold) -> bool {
        self.lock(&hold.seats).all_of(hold.id) && (hold.standing.is_empty() || lock(&self.standing).has(hold))
    }

    /// Moves the end of a hold; false (and nothing done) unless every place is still its own.
    pub(super) fn prolong(&self, hold: &Hold, until: Millis) -> bool {
        let mut locked = self.lock(&hold.seats);
        let mut standing = (!hold.standing.is_empty()).then(|| lock(&self.standing));
        if !locked.all_of(hold.id) || standing.as_ref().is_some_and(|counters| !counters.has(hold)) {
            return false;
        }
        for seat in &hold.seats {
            if let Some(cell) = locked.cell(*seat) {
                *cell = Cell::Held { hold: hold.id, until };
            }
        }
        if let Some(counters) = standing.as_mut() {
            counters.give_back(hold);
            counters.take(hold.id, &hold.standing, until);
        }
        self.changed();
        true
    }

    /// Frees what is still the hold's.
    pub(super) fn give_back(&self, hold: &Hold) {
        let mut locked = self.lock(&hold.seats);
        for seat in &hold.seats {
            if let Some(cell) = locked.cell(*seat)
                && matches!(cell, Cell::Held { hold: id, .. } if *id == hold.id)
            {
                *cell = Cell::Free;
            }
        }
        if !hold.standing.is_empty() {
            lock(&self.standing).give_back(hold);
        }
        self.changed();
    }

    pub(super) fn sell(&self, hold: &Hold) {
        let mut locked = self.lock(&hold.seats);
        for seat in &hold.seats {
            if let Some(cell) = locked.cell(*seat) {
                *cell = Cell::Sold;
            }
        }
        if !self.is_open() {
            let mut freed = lock(&self.freed_early);
            for seat in &hold.seats {
                freed.remove(seat);
            }
        }
        if !hold.standing.is_empty() {
            let mut counters = lock(&self.standing);
            counters.give_back(hold);
            counters.sell(hold.id, &hold.standing);
        }
        self.changed();
    }

    pub(super) fn unsell(&self, hold: HoldId, places: &Sold) {
        let mut locked = self.lock(&places.seats);
        for seat in &places.seats {
            if let Some(cell) = locked.cell(*seat)
                && *cell == Cell::Sold
            {
                *cell = Cell::Free;
            }
        }
        if !self.is_open() {
            lock(&self.freed_early).extend(&places.seats);
        }
        if !places.standing.is_empty() {
            lock(&self.standing).unsell(hold, &places.standing);
        }
        self.changed();
    }

    pub(super) fn standing_sold(&self) -> StandingSold {
        lock(&self.standing).counted()
    }

    /// Marks what Postgres said, except what was freed since, and opens.
    pub(super) fn load(&self, sold: &Sold) {
        let mut locked = self.lock(&sold.seats);
        let mut freed = lock(&self.freed_early);
        if self.is_open() {
            return;
        }
        for seat in &sold.seats {
            if let Some(cell) = locked.cell(*seat)
                && !freed.contains(seat)
            {
                *cell = Cell::Sold;
            }
        }
        lock(&self.standing).load(sold);
        freed.clear();
        self.open.store(true, Ordering::Release);
        self.changed();
    }

    pub(super) fn snapshot(&self, now: Millis) -> Snapshot {
        let version = self.version();
        let mut states = Packed::free(self.slots.len() as u32);
        let mut stale_at: Option<Millis> = None;
        let mut locked: Option<(u32, MutexGuard<'_, Block>)> = None;
        for (seat, (block, at)) in (0_u32..).zip(&self.slots) {
            if locked.as_ref().is_none_or(|(number, _)| number != block) {
                drop(locked.take());
                locked = Some((*block, lock(&self.blocks[*block as usize])));
            }
            let Some((_, here)) = &locked else { continue };
            let state = match here.cells[*at as usize] {
                Cell::Sold => SeatState::Sold,
                _ if here.blocked[*at as usize] => SeatState::Blocked,
                Cell::Held { until, .. } if now < until => {
                    stale_at = Some(stale_at.map_or(until, |first| first.min(until)));
                    SeatState::Held
                }
                Cell::Free | Cell::Held { .. } => continue,
            };
            states.set(SeatId(seat), state);
        }
        drop(locked);
        let mut counters = lock(&self.standing);
        let standing = counters.left(now);
        stale_at = stale_at.into_iter().chain(counters.first_end()).min();
        Snapshot { states, standing, stale_at, version }
    }
}
