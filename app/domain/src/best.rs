//! Best available: together in a row, none left alone, nearest to the focal point; then relaxed step by step, and said.
//!
//! Side by side takes one walk over the free runs; who must be split takes one more (see [`split`]).

mod said;
mod split;

use core::ops::Range;

use serde::{Deserialize, Serialize};

use crate::hall::{Block, Hall, middle, square};
use crate::hold::MAX_PLACES;
use crate::ids::TierId;
use crate::rules::{Tier, has_mercy};
use crate::seat::{Features, SeatId};
use crate::time::Millis;
pub use said::relaxed;
use split::Pieces;

/// What is wished for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// How many, 1 to [`MAX_PLACES`].
    pub quantity: u32,
    /// Of this tier only.
    pub tier: Option<TierId>,
    /// In this section only: index into [`crate::chart::Chart::sections`].
    pub section: Option<u16>,
    /// At least this total price a seat, minor units.
    pub min_total: Option<i64>,
    /// At most this one.
    pub max_total: Option<i64>,
    /// One accessible place, the others beside it. Without it, accessible and companion places are left to those who
    /// need them.
    pub accessible: bool,
    /// Only side by side.
    pub together: bool,
}

impl Wish {
    /// Whether seats of this tier are what is wished for, by name and price.
    fn wants(&self, tier: &Tier) -> bool {
        let total = tier.price.total.amount;
        self.tier.is_none_or(|id| id == tier.id)
            && self.min_total.is_none_or(|least| total >= least)
            && self.max_total.is_none_or(|most| total <= most)
    }
}

/// What had to be relaxed, in the order in which it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relaxed {
    /// The others sit beside the accessible place, but not all on companion places.
    Companions,
    /// A seat is left alone.
    Orphan,
    /// Part of the stage cannot be seen.
    RestrictedView,
    /// Two rows, one behind the other.
    TwoRows,
    /// Several places of the hall.
    Apart,
}

impl Relaxed {
    /// What a person reads.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Companions => "The seats beside the accessible place are ordinary ones.",
            Self::Orphan => "One seat beside these stays alone.",
            Self::RestrictedView => "Part of the stage cannot be seen from here.",
            Self::TwoRows => "There were not that many side by side: these are in two rows, one behind the other.",
            Self::Apart => "There were not that many side by side: these are in different places.",
        }
    }
}

/// The seats chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    /// Ascending.
    pub seats: Vec<SeatId>,
    /// What was relaxed; empty when the wish was met.
    pub relaxed: Vec<Relaxed>,
}

struct Search<'h, 'a> {
    hall: &'h Hall<'a>,
    wish: Wish,
    spread: Option<u64>,
    rows: Range<u32>,
    /// By tier: whether it fits the wish and is on sale.
    fits: Vec<bool>,
}

/// The best seats for a wish; `None` where there are not that many. With a `spread` seed the choice falls on one of the
/// many nearly best, so that thousands who ask in the same second do not all run after the same seats. The same
/// arguments always give the same answer.
#[must_use]
pub fn best(hall: &Hall<'_>, wish: Wish, now: Millis, spread: Option<u64>) -> Option<Pick> {
    if wish.quantity == 0 || wish.quantity as usize > MAX_PLACES {
        return None;
    }
    let rows = match wish.section {
        Some(section) => hall.chart.sections.get(usize::from(section))?.rows.clone(),
        None => hall.all_rows(),
    };
    let fits =
        |tier: &Tier| tier.sale.is_open(now) && (tier.min..=tier.max).contains(&wish.quantity) && wish.wants(tier);
    let fits = hall.tiers.iter().map(fits).collect();
    let search = Search { hall, wish, spread, rows, fits };
    if wish.accessible { search.accessible() } else { search.ordinary() }
}

/// As many seats as fit where those of `wish` do not: fewer than it names; `None` where not even one does.
#[must_use]
pub fn fewer(hall: &Hall<'_>, wish: Wish, now: Millis) -> Option<Pick> {
    // Where hardly anything that is wished for is free, hardly anything is looked for.
    let free = |seat: &SeatId| hall.is_free(*seat) && hall.tier(*seat).is_some_and(|tier| wish.wants(tier));
    let free = (0..hall.states.len()).map(SeatId).filter(free).take(MAX_PLACES).count() as u32;
    let mut sizes = (1..wish.quantity).rev().filter(|quantity| *quantity <= free);
    sizes.find_map(|quantity| best(hall, Wish { quantity, ..wish }, now, None))
}

impl Search<'_, '_> {
    fn fits(&self, seat: u32) -> bool {
        self.hall.tier_index(SeatId(seat)).is_some_and(|tier| self.fits[tier])
    }

    fn plain(&self, seat: u32, restricted: bool) -> bool {
        let refused =
            Features::ACCESSIBLE.0 | Features::COMPANION.0 | if restricted { 0 } else { Features::RESTRICTED_VIEW.0 };
        self.hall.features(SeatId(seat)).0 & refused == 0 && self.fits(seat)
    }

    fn spread(&self, block: Block) -> f32 {
        spread(self.spread, block)
    }

    /// The nearest of the blocks that `accept` likes, without an orphan and with one: one walk finds both.
    fn nearest(
        &self,
        len: u32,
        eligible: impl Fn(u32) -> bool,
        accept: impl Fn(Block) -> bool,
    ) -> (Option<Block>, Option<Block>) {
        let mut found: [Option<(f32, Block)>; 2] = [None, None];
        self.hall.blocks(self.rows.clone(), len, self.hall.chart.focal, eligible, |block| {
            let slot = &mut found[usize::from(block.orphan)];
            let far = self.spread(block);
            if slot.is_none_or(|(best, _)| far < best) && accept(block) {
                *slot = Some((far, block));
            }
        });
        (found[0].map(|(_, block)| block), found[1].map(|(_, block)| block))
    }

    fn ordinary(&self) -> Option<Pick> {
        if let Some(pick) = self.side_by_side(false) {
            return Some(pick);
        }
        let n = self.wish.quantity;
        let pieces = Pieces::gather(self.hall, self.rows.clone(), |seat| self.plain(seat, true));
        if pieces.longest() >= n {
            return self.side_by_side(true);
        }
        if self.wish.together || n < 2 {
            return None;
        }
        self.two_rows(&pieces).or_else(|| self.apart(pieces, Vec::new(), n, vec![Relaxed::Apart]))
    }

    fn side_by_side(&self, restricted: bool) -> Option<Pick> {
        let (whole, orphan) = self.nearest(self.wish.quantity, |seat| self.plain(seat, restricted), |_| true);
        let mut relaxed = Vec::new();
        // Near sell-out nobody minds a single seat, so nothing was relaxed.
        if whole.is_none() && orphan.is_some() && !has_mercy(self.hall) {
            relaxed.push(Relaxed::Orphan);
        }
        if restricted {
            relaxed.push(Relaxed::RestrictedView);
        }
        Some(Pick { seats: whole.or(orphan)?.seats().collect(), relaxed })
    }

    fn said(&self, seats: &[SeatId], mut relaxed: Vec<Relaxed>) -> Vec<Relaxed> {
        if seats.iter().any(|seat| self.hall.features(*seat).has(Features::RESTRICTED_VIEW)) {
            relaxed.insert(0, Relaxed::RestrictedView);
        }
        relaxed
    }

    fn accessible(&self) -> Option<Pick> {
        let n = self.wish.quantity;
        let is = |seat: u32, feature| self.hall.features(SeatId(seat)).has(feature);
        let places = |block: Block| block.seats().filter(|seat| is(seat.0, Features::ACCESSIBLE)).count();
        let kept = |seat: u32| self.hall.is_kept(SeatId(seat)) && self.fits(seat);
        let (one, other) = self.nearest(n, kept, |block| places(block) == 1);
        if let Some(block) = closer(one, other) {
            return Some(Pick { seats: block.seats().collect(), relaxed: Vec::new() });
        }
        let (one, other) = self.nearest(n, |seat| self.fits(seat), |block| places(block) == 1);
        if let Some(block) = closer(one, other) {
            let seats: Vec<SeatId> = block.seats().collect();
            return Some(Pick { relaxed: self.said(&seats, vec![Relaxed::Companions]), seats });
        }
        if self.wish.together || n < 2 {
            return None;
        }
        let place = |seat: u32| is(seat, Features::ACCESSIBLE) && self.fits(seat);
        let (one, other) = self.nearest(1, place, |_| true);
        let first = closer(one, other)?;
        let others = |seat: u32| !is(seat, Features::ACCESSIBLE) && self.fits(seat);
        let pieces = Pieces::gather(self.hall, self.rows.clone(), others);
        self.apart(pieces, first.seats().collect(), n - 1, vec![Relaxed::Companions, Relaxed::Apart])
    }
}

/// Nearly best is as good: up to half as much again of the squared distance, by a hash of seed and seat.
pub(crate) fn spread(seed: Option<u64>, block: Block) -> f32 {
    let Some(seed) = seed else { return block.distance };
    let mut hash = (seed ^ u64::from(block.first)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    hash = (hash ^ (hash >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    block.distance * (1.0 + (hash >> 40) as f32 / (1_u32 << 25) as f32)
}

fn closer(one: Option<Block>, other: Option<Block>) -> Option<Block> {
    match (one, other) {
        (Some(a), Some(b)) if b.distance < a.distance => Some(b),
        (a, b) => a.or(b),
    }
}

/// How far a block's middle is from the focal point, squared: what "nearest" compares.
#[must_use]
pub fn distance(hall: &Hall<'_>, seats: &[SeatId]) -> f32 {
    match (seats.first(), seats.last()) {
        (Some(first), Some(last)) => square(middle(hall.at(first.0), hall.at(last.0)), hall.chart.focal),
        _ => f32::INFINITY,
    }
}
