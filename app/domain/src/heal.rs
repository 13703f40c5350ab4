//! Healing: the nearest equal block for seats that were just lost to somebody else.
//!
//! The same row first, then the same section at the same price, then anywhere at an equal or lower price. Never
//! dearer, never with a worse view, never from a companion's side.

use core::ops::Range;

use crate::hall::{Block, Hall, middle};
use crate::hold::HoldRefusal;
use crate::rules::orphans;
use crate::seat::{Features, SeatId};
use crate::time::Millis;

/// A lost seat and its replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swap {
    /// The seat asked for.
    pub wanted: SeatId,
    /// The seat instead.
    pub got: SeatId,
}

/// A choice made whole again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Healing {
    /// All seats to take, ascending.
    pub seats: Vec<SeatId>,
    /// Which of the wanted seats moved where.
    pub swaps: Vec<Swap>,
}

/// Replaces what is not free of `wanted` (ascending, on the chart, priced); neighbours stay neighbours where a whole
/// block can be had, else only the lost seats move. `None` where nothing equal is left.
#[must_use]
pub fn heal(hall: &Hall<'_>, wanted: &[SeatId], now: Millis) -> Option<Healing> {
    let mut used: Vec<SeatId> = wanted.iter().copied().filter(|seat| hall.is_free(*seat)).collect();
    let mut seats = Vec::with_capacity(wanted.len());
    let mut swaps = Vec::new();
    for group in hall.groups(wanted) {
        if group.iter().all(|seat| hall.is_free(*seat)) {
            seats.extend(group);
            continue;
        }
        used.retain(|seat| !group.contains(seat));
        let got = match block(hall, group, &used, false, now) {
            Some(block) => block.seats().collect(),
            None => singly(hall, group, &used, now)?,
        };
        used.extend(&got);
        let stays = |seat: &SeatId| got.contains(seat);
        let lost = group.iter().copied().filter(|seat| !stays(seat));
        let new = got.iter().copied().filter(|seat| !group.contains(seat));
        swaps.extend(lost.zip(new).map(|(wanted, got)| Swap { wanted, got }));
        seats.extend(got);
    }
    seats.sort_unstable();
    Some(Healing { seats, swaps })
}

/// The orphan rule for `chosen` (free, ascending), with seats that would do instead.
///
/// # Errors
/// [`HoldRefusal::OrphanSeat`].
pub fn nobody_alone(hall: &Hall<'_>, chosen: &[SeatId], now: Millis) -> Result<(), HoldRefusal> {
    let orphans = orphans(hall, chosen);
    if orphans.is_empty() {
        return Ok(());
    }
    Err(HoldRefusal::OrphanSeat { orphans, offer: without_orphans(hall, chosen, now) })
}

/// As many free seats as `chosen` (free, ascending), moved a little so that none is left alone; empty where there are
/// none.
#[must_use]
pub fn without_orphans(hall: &Hall<'_>, chosen: &[SeatId], now: Millis) -> Vec<SeatId> {
    let mut seats: Vec<SeatId> = Vec::with_capacity(chosen.len());
    for group in hall.groups(chosen) {
        if orphans(hall, group).is_empty() {
            seats.extend(group);
            continue;
        }
        let mut used = seats.clone();
        used.extend(chosen.iter().filter(|seat| !group.contains(seat)));
        match block(hall, group, &used, true, now) {
            Some(block) => seats.extend(block.seats()),
            None => return Vec::new(),
        }
    }
    seats.sort_unstable();
    if orphans(hall, &seats).is_empty() { seats } else { Vec::new() }
}

/// What a replacement must be like.
struct Like<'h, 'a> {
    hall: &'h Hall<'a>,
    /// The dearest total of the seats it replaces.
    price: i64,
    features: u8,
    now: Millis,
}

impl Like<'_, '_> {
    fn of<'h, 'a>(hall: &'h Hall<'a>, group: &[SeatId], now: Millis) -> Option<Like<'h, 'a>> {
        let price = group.iter().filter_map(|seat| hall.tier(*seat)).map(|tier| tier.price.total.amount).min()?;
        let features = group.iter().fold(0, |all, seat| all | hall.features(*seat).0);
        Some(Like { hall, price, features, now })
    }

    /// On sale, not dearer (or of exactly that price), and of the same kind: ordinary for ordinary, accessible for
    /// accessible, a restricted view only where there was one.
    fn fits(&self, seat: u32, same_price: bool) -> bool {
        const KIND: u8 = Features::ACCESSIBLE.0 | Features::COMPANION.0;
        let features = self.hall.features(SeatId(seat)).0;
        let worse = features & !self.features & Features::RESTRICTED_VIEW.0 != 0;
        let Some(tier) = self.hall.tier(SeatId(seat)) else { return false };
        let price = tier.price.total.amount;
        let priced = if same_price { price == self.price } else { price <= self.price };
        priced && !worse && features & KIND == self.features & KIND && tier.sale.is_open(self.now)
    }
}

/// Where to look, narrow first: the rows, and whether the price must be the same.
fn circles(hall: &Hall<'_>, seat: SeatId) -> Option<[(Range<u32>, bool); 3]> {
    let row = *hall.chart.seats.row.get(seat.index())?;
    let section = hall.chart.sections.get(usize::from(hall.chart.rows.get(row as usize)?.section))?;
    Some([(row..row + 1, false), (section.rows.clone(), true), (hall.all_rows(), false)])
}

/// The nearest block of the group's size: in the narrowest circle that has one, there rather without an orphan.
fn block(hall: &Hall<'_>, group: &[SeatId], used: &[SeatId], strict: bool, now: Millis) -> Option<Block> {
    let like = Like::of(hall, group, now)?;
    let (first, last) = (*group.first()?, *group.last()?);
    let kinds = group.iter().map(|seat| hall.is_kept(*seat));
    // A party around an accessible place is not a uniform block: it is replaced seat by seat.
    if group.len() > 1 && kinds.clone().any(|kept| kept) {
        return None;
    }
    let near = middle(hall.at(first.0), hall.at(last.0));
    circles(hall, first)?.into_iter().find_map(|(rows, same_price)| {
        let mut found: Option<Block> = None;
        let fits = |seat: u32| like.fits(seat, same_price) && !used.contains(&SeatId(seat));
        hall.blocks(rows, group.len() as u32, near, fits, |block| {
            let nearer = |best: Block| (block.orphan, block.distance) < (best.orphan, best.distance);
            if !(strict && block.orphan) && found.is_none_or(nearer) {
                found = Some(block);
            }
        });
        found
    })
}

/// Keeps what is free of the group and replaces each lost seat by its nearest equal.
fn singly(hall: &Hall<'_>, group: &[SeatId], used: &[SeatId], now: Millis) -> Option<Vec<SeatId>> {
    let mut used = used.to_vec();
    used.extend(group.iter().filter(|seat| hall.is_free(**seat)));
    let mut got = Vec::with_capacity(group.len());
    for seat in group {
        if hall.is_free(*seat) {
            got.push(*seat);
            continue;
        }
        let found = block(hall, &[*seat], &used, false, now)?;
        used.push(SeatId(found.first));
        got.push(SeatId(found.first));
    }
    Some(got)
}
