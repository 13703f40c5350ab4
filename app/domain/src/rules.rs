//! The rules of a choice: what is on sale, at what price, how many, and the orphan rule with its mercy.
//!
//! The browser asks them for instant answers, the server asks them again before it holds anything: the same functions
//! over the same values.

use serde::{Deserialize, Serialize};

use crate::hall::Hall;
use crate::hold::{HoldRefusal, MAX_PLACES};
use crate::ids::TierId;
use crate::price::{Line, Price};
use crate::seat::{Features, SeatId, SeatState};
use crate::time::Millis;

/// When something is sold: from `opens_at` until just before `closes_at`; `None` is no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// First instant of the sale.
    pub opens_at: Option<Millis>,
    /// First instant after the sale.
    pub closes_at: Option<Millis>,
}

impl Window {
    /// Whether `now` lies in it.
    #[must_use]
    pub fn is_open(self, now: Millis) -> bool {
        self.opens_at.is_none_or(|opens| now >= opens) && self.closes_at.is_none_or(|closes| now < closes)
    }
}

/// A price tier as the rules see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    /// Its id.
    pub id: TierId,
    /// The chart category it prices; `None`: a standing tier.
    pub category: Option<u8>,
    /// The price of one place.
    pub price: Price,
    /// At least so many in one hold, if any.
    pub min: u32,
    /// At most so many in one hold.
    pub max: u32,
    /// When it is sold.
    pub sale: Window,
}

/// Below this share of the sellable seats still free, in percent, a single seat may be left alone: nobody is refused
/// the last seats of an evening for the sake of a neat row.
pub const MERCY_PERCENT: u64 = 10;

/// Chosen places.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choice<'a> {
    /// Seats, ascending.
    pub seats: &'a [SeatId],
    /// Standing places by tier.
    pub standing: &'a [(TierId, u32)],
}

/// Asks every rule about a choice. States may be a moment old: the hold store decides.
///
/// # Errors
/// The first rule that is against it, with its facts. `offer` stays empty here: [`crate::heal`] knows what to offer.
pub fn check(hall: &Hall<'_>, choice: Choice<'_>, now: Millis) -> Result<(), HoldRefusal> {
    limits(hall, choice, now)?;
    let taken = taken(hall, choice.seats);
    if !taken.is_empty() {
        return Err(HoldRefusal::SeatsTaken { taken, offer: Vec::new() });
    }
    let orphans = orphans(hall, choice.seats);
    if !orphans.is_empty() {
        return Err(HoldRefusal::OrphanSeat { orphans, offer: Vec::new() });
    }
    Ok(())
}

/// Asks the rules that do not depend on who has which seat: numbers, tiers, sale windows.
///
/// # Errors
/// The first rule that is against it.
pub fn limits(hall: &Hall<'_>, choice: Choice<'_>, now: Millis) -> Result<(), HoldRefusal> {
    let Choice { seats, standing } = choice;
    let asked = standing.iter().fold(seats.len() as u64, |sum, (_, n)| sum + u64::from(*n));
    if asked == 0 {
        return Err(HoldRefusal::Nothing);
    }
    if asked > MAX_PLACES as u64 {
        return Err(HoldRefusal::TooMany { limit: MAX_PLACES as u32 });
    }
    if !seats.is_sorted_by(|a, b| a < b) {
        return Err(HoldRefusal::Contradiction);
    }
    let unknown: Vec<SeatId> = seats.iter().copied().filter(|seat| hall.tier(*seat).is_none()).collect();
    if !unknown.is_empty() {
        return Err(HoldRefusal::UnknownSeat { seats: unknown });
    }
    for (at, (id, quantity)) in standing.iter().enumerate() {
        if !hall.tiers.iter().any(|tier| tier.id == *id && tier.category.is_none()) {
            return Err(HoldRefusal::UnknownTier { tier: *id });
        }
        if *quantity == 0 || standing[..at].iter().any(|(known, _)| known == id) {
            return Err(HoldRefusal::Contradiction);
        }
    }
    for tier in hall.tiers {
        let seated = seats.iter().filter(|seat| hall.tier(**seat).is_some_and(|known| known.id == tier.id)).count();
        let count = standing.iter().filter(|(id, _)| *id == tier.id).fold(seated as u32, |sum, (_, n)| sum + n);
        if count == 0 {
            continue;
        }
        if !tier.sale.is_open(now) {
            return Err(HoldRefusal::NotOnSale { opens_at: tier.sale.opens_at.filter(|opens| now < *opens) });
        }
        if count < tier.min || count > tier.max {
            return Err(HoldRefusal::TierLimits { tier: tier.id, min: tier.min, max: tier.max });
        }
    }
    Ok(())
}

/// Prices a choice that keeps within [`limits`].
///
/// # Errors
/// As [`limits`] says.
pub fn lines(hall: &Hall<'_>, choice: Choice<'_>, now: Millis) -> Result<Vec<Line>, HoldRefusal> {
    limits(hall, choice, now)?;
    let seated = choice.seats.iter().filter_map(|seat| {
        hall.tier(*seat).map(|tier| Line { tier: tier.id, seat: Some(*seat), quantity: 1, unit: tier.price })
    });
    let standing = choice.standing.iter().filter_map(|(id, quantity)| {
        let tier = hall.tiers.iter().find(|tier| tier.id == *id)?;
        Some(Line { tier: *id, seat: None, quantity: *quantity, unit: tier.price })
    });
    Ok(seated.chain(standing).collect())
}

/// Which of the seats the asker cannot have, in the order given.
#[must_use]
pub fn taken(hall: &Hall<'_>, seats: &[SeatId]) -> Vec<SeatId> {
    seats.iter().copied().filter(|seat| !hall.is_free(*seat)).collect()
}

/// The orphan rule: the seats that would be left alone between others, and need not be. `seats` are ascending and free.
///
/// Leaving one alone is forgiven where it cannot be avoided (all but one of a run are taken), where an accessible
/// place is among the chosen of the run, where the one left is itself an accessible or companion place, and near
/// sell-out ([`MERCY_PERCENT`]).
#[must_use]
pub fn orphans(hall: &Hall<'_>, seats: &[SeatId]) -> Vec<SeatId> {
    let mut found = Vec::new();
    let mut rest = seats;
    while let Some(seat) = rest.first() {
        let run = hall.run(*seat);
        let (inside, after) = rest.split_at(rest.partition_point(|seat| seat.0 < run.end));
        rest = after;
        let unavoidable = (run.end - run.start) as usize == inside.len() + 1;
        let needed = inside.iter().any(|seat| hall.features(*seat).has(Features::ACCESSIBLE));
        if unavoidable || needed {
            continue;
        }
        let mut previous = run.start;
        for edge in inside.iter().map(|seat| seat.0).chain([run.end]) {
            if edge == previous + 1 && hall.minds_being_alone(previous) {
                found.push(SeatId(previous));
            }
            previous = edge + 1;
        }
    }
    if !found.is_empty() && has_mercy(hall) { Vec::new() } else { found }
}

/// Whether so few seats are left that single ones may stay behind.
#[must_use]
pub fn has_mercy(hall: &Hall<'_>) -> bool {
    let (mut free, mut sellable) = (0_u64, 0_u64);
    for seat in (0..hall.states.len()).map(SeatId) {
        let state = hall.states.get(seat);
        sellable += u64::from(state != SeatState::Blocked);
        free += u64::from(state == SeatState::Free);
    }
    free * 100 <= sellable * MERCY_PERCENT
}
