//! From a wish to a granted hold: rules first, then the store, then healing or another pick where others were faster.

mod begun;

use std::sync::Arc;
use std::time::Duration;

use app::api::holds::{BestRequest, Healed, HoldRequest};
use domain::best::{Relaxed, Wish, best, fewer};
use domain::hall::Hall;
use domain::heal::{Healing, heal, nobody_alone};
use domain::hold::{EXTENSIONS, Hold, HoldRefusal, MAX_HOLDS_PER_HOLDER, MAX_PLACES};
use domain::ids::{EventId, HoldId, HolderId, TierId};
use domain::price::Line;
use domain::rules::{Choice, Window, lines, taken};
use domain::seat::{SeatId, SeatState};
use domain::time::Millis;
use tokio::time::{Instant, timeout};

use super::store::{Grant, Loss, Outcome, Snapshot, later};
use super::{Counts, Granted, HoldError, Holds, Inventory};
use crate::trouble::Trouble;

/// How often healing and best available try anew when others are faster.
const ATTEMPTS: u64 = 8;
/// Up to so many seats every look is exact; above, the first may be a moment old (the store decides anyway).
const EXACT_UP_TO: usize = 4_000;
/// That moment, in milliseconds.
const A_MOMENT: i64 = 20;

/// How long a change of a basket waits for what is still to be done for the basket as it was.
const SETTLES_WITHIN: Duration = Duration::from_millis(1_500);

/// One call of [`Holds::hold`]: what stays the same through all its attempts.
struct Call<'a> {
    holds: &'a Holds,
    inventory: &'a Inventory,
    holder: HolderId,
    id: HoldId,
    replaces: Option<Hold>,
    standing: Vec<(TierId, u32)>,
    /// Seats that nobody can buy, whatever is known of them here.
    withdrawn: &'a [SeatId],
    /// When it was asked for: what is for sale, and for how long, goes by that.
    now: Millis,
    /// The same moment: the store may be asked much later.
    asked: Instant,
}

/// An event's places at one moment, as the asker may take them.
struct Look {
    snapshot: Arc<Snapshot>,
    /// What an earlier try under the same id has taken, and nobody was told of.
    begun: Vec<SeatId>,
    /// That, and what is given back for this: free for the asker, ascending.
    own: Vec<SeatId>,
}

/// What one attempt came to.
enum Attempt {
    Granted(Hold),
    Taken { seats: Vec<SeatId>, standing: Vec<TierId> },
}

impl Holds {
    /// Grants what `request` asks for, or finds what an earlier try was granted; `counts` is asked before.
    pub(super) async fn grant(
        &self,
        (event, holder, id): (EventId, HolderId, HoldId),
        request: &HoldRequest,
        (now, asked): (Millis, Instant),
        counts: &mut impl Counts,
    ) -> Result<Granted, HoldError> {
        let inventory = self.ready(event).await?;
        if let Some(hold) = self.store.earlier(id, holder, later(now, asked)).await? {
            return Ok(Granted { found: true, ..self.told_late(hold, request, now).await });
        }
        if !inventory.on_sale {
            return Err(HoldRefusal::NotOnSale { opens_at: None }.into());
        }
        open(inventory.sale, now)?;
        // Before anything is sorted or searched: what is asked for is bounded.
        if request.seats.len() > MAX_PLACES || request.standing.len() > MAX_PLACES {
            return Err(too_many());
        }
        let replaces = match request.replaces {
            Some(old) => {
                // Of one that is ending, because it was replaced before, there may still be a record.
                let settled = timeout(SETTLES_WITHIN, self.store.settled(old)).await;
                settled.map_err(|_| crowded())?;
                self.store.get(old, holder, now).await?.filter(|hold| hold.event == event)
            }
            None => None,
        };
        // A changed basket is no further one; a name for a basket is none yet.
        if replaces.is_none() {
            counts.take(now.plus(self.lasts)).await?;
        }
        let standing = request.standing.iter().map(|wish| (wish.tier, wish.quantity)).collect();
        let withdrawn = request.withdrawn.as_slice();
        let inventory = &inventory;
        let call = Call { holds: self, inventory, holder, id, replaces, standing, withdrawn, now, asked };
        match &request.best {
            Some(_) if !request.seats.is_empty() => Err(HoldRefusal::Contradiction.into()),
            Some(wish) => call.best(wish).await,
            None => {
                let mut seats = request.seats.clone();
                seats.sort_unstable();
                call.changed(&seats, request.heal).await
            }
        }
    }
}

fn too_many() -> HoldError {
    HoldRefusal::TooMany { limit: MAX_PLACES as u32 }.into()
}

fn open(sale: Window, now: Millis) -> Result<(), HoldError> {
    if sale.is_open(now) {
        return Ok(());
    }
    Err(HoldRefusal::NotOnSale { opens_at: sale.opens_at.filter(|opens| now < *opens) }.into())
}

impl Call<'_> {
    /// What is given back for this.
    fn replaced(&self) -> &[SeatId] {
        self.replaces.as_ref().map(|hold| hold.seats.as_slice()).unwrap_or_default()
    }

    fn hall<'s>(&'s self, look: &'s Look) -> Hall<'s> {
        Hall::new(&self.inventory.chart, &self.inventory.tiers, &look.snapshot.states, &look.own)
    }

    async fn look(&self, wanted: &[SeatId], exact: bool) -> Result<Look, HoldError> {
        let exact = exact || self.inventory.chart.seats.len() <= EXACT_UP_TO;
        let max_age = if exact { 0 } else { A_MOMENT };
        let snapshot = self.holds.views.get(self.inventory.event, max_age, self.now).await?;
        let mut snapshot = snapshot.ok_or_else(closed)?;
        if !self.withdrawn.is_empty() {
            let seats = Arc::make_mut(&mut snapshot);
            self.withdrawn.iter().for_each(|seat| seats.states.set(*seat, SeatState::Blocked));
        }
        // After the places: what is the asker's by then was free for them, or theirs, before.
        let (event, now) = (self.inventory.event, later(self.now, self.asked));
        let begun = self.holds.store.begun(event, (self.id, self.holder), wanted, now).await?;
        let mut own = [self.replaced(), &begun].concat();
        own.sort_unstable();
        own.dedup();
        Ok(Look { snapshot, begun, own })
    }

    async fn place(&self, seats: &[SeatId], lines: Vec<Line>) -> Result<Attempt, HoldError> {
        let grant = Grant {
            id: self.id,
            event: self.inventory.event,
            holder: self.holder,
            seats: seats.to_vec(),
            standing: self.standing.clone(),
            lines,
            // A changed basket keeps its clock: nobody holds seats for ever by swapping them.
            expires_at: self.replaces.as_ref().map_or(self.now.plus(self.holds.lasts), |hold| hold.expires_at),
            extensions: self.replaces.as_ref().map_or(EXTENSIONS, |hold| hold.extensions_left),
            replaces: self.replaces.as_ref().map(|hold| hold.id),
            max_holds: MAX_HOLDS_PER_HOLDER,
        };
        match self.holds.store.place(&grant, later(self.now, self.asked)).await {
            Outcome::Applied(hold) => Ok(Attempt::Granted(hold)),
            Outcome::Lost(Loss::Taken { seats, standing }) => Ok(Attempt::Taken { seats, standing }),
            Outcome::Lost(Loss::TooManyHolds) => {
                Err(HoldRefusal::TooManyHolds { limit: MAX_HOLDS_PER_HOLDER as u32 }.into())
            }
            Outcome::Lost(Loss::IdReused) => Err(HoldRefusal::Contradiction.into()),
            Outcome::Lost(Loss::Gone | Loss::NoExtensionLeft) => Err(HoldRefusal::Expired.into()),
            Outcome::Lost(Loss::NotOpen) => Err(closed().into()),
            Outcome::Lost(Loss::Busy) => Err(crowded().into()),
            Outcome::Unknown(trouble) => Err(trouble.into()),
        }
    }

    /// As [`Call::chosen`], without the seats of the replaced hold that are no longer for sale: they leave the basket, and
    /// what is left of it does not suffer for them.
    async fn changed(&self, wanted: &[SeatId], healing: bool) -> Result<Granted, HoldError> {
        if self.replaced().is_empty() {
            return self.chosen(wanted, healing).await;
        }
        let Look { snapshot, .. } = self.look(&[], false).await?;
        let is_replaced = |seat: &SeatId| self.replaced().binary_search(seat).is_ok();
        let stays = |seat: &SeatId| !is_replaced(seat) || snapshot.states.get(*seat) != SeatState::Blocked;
        let (kept, withdrawn): (Vec<SeatId>, Vec<SeatId>) = wanted.iter().partition(|seat| stays(seat));
        if !withdrawn.is_empty() && kept.is_empty() && self.standing.is_empty() {
            return Err(HoldRefusal::Withdrawn { seats: withdrawn }.into());
        }
        Ok(Granted { withdrawn, ..self.chosen(&kept, healing).await? })
    }

    /// Chosen seats, standing places, or both.
    async fn chosen(&self, wanted: &[SeatId], healing: bool) -> Result<Granted, HoldError> {
        let mut look = self.look(wanted, false).await?;
        let priced = lines(&self.hall(&look), Choice { seats: wanted, standing: &self.standing }, self.now)?;
        if healing && let Some(granted) = self.begun_before(&look, wanted).await? {
            return Ok(granted);
        }
        if !taken(&self.hall(&look), wanted).is_empty() {
            look = self.look(wanted, true).await?;
        }
        let mut lost = taken(&self.hall(&look), wanted);
        if lost.is_empty() {
            self.leaves_nobody_alone(&look, wanted)?;
            match self.place(wanted, priced).await? {
                Attempt::Granted(hold) => return Ok(Granted::plain(hold)),
                Attempt::Taken { seats, standing } if !standing.is_empty() || seats.is_empty() => {
                    return Err(self.too_few_stand(&standing).await);
                }
                Attempt::Taken { seats, .. } => lost = seats,
            }
        }
        for _ in 0..ATTEMPTS {
            let look = self.look(wanted, true).await?;
            let Some((found, priced)) = self.healed(&self.hall(&look), wanted) else { break };
            if !healing {
                return Err(HoldRefusal::SeatsTaken { taken: lost, offer: found.seats }.into());
            }
            match self.place(&found.seats, priced).await? {
                Attempt::Granted(hold) => return Ok(moved(hold, &found)),
                Attempt::Taken { standing, .. } if !standing.is_empty() => {
                    return Err(self.too_few_stand(&standing).await);
                }
                Attempt::Taken { .. } => {}
            }
        }
        Err(HoldRefusal::SeatsTaken { taken: lost, offer: Vec::new() }.into())
    }

    fn healed(&self, hall: &Hall<'_>, wanted: &[SeatId]) -> Option<(Healing, Vec<Line>)> {
        let healing = heal(hall, wanted, self.now)?;
        let choice = Choice { seats: &healing.seats, standing: &self.standing };
        let lines = lines(hall, choice, self.now).ok()?;
        Some((healing, lines))
    }

    fn leaves_nobody_alone(&self, look: &Look, seats: &[SeatId]) -> Result<(), HoldError> {
        Ok(nobody_alone(&self.hall(look), seats, self.now)?)
    }

    async fn best(&self, request: &BestRequest) -> Result<Granted, HoldError> {
        let wish = self.wish(request)?;
        for attempt in 0..ATTEMPTS {
            let look = self.look(&[], attempt > 0).await?;
            let hall = self.hall(&look);
            // The very best while nobody else is after it; then every caller looks in its own corner of nearly best.
            let spread = (attempt > 0).then(|| self.id.0.as_u64_pair().1.wrapping_add(attempt));
            let begun = self.best_begun(&look, wish);
            let Some(pick) = begun.or_else(|| best(&hall, wish, self.now, spread)) else {
                return Err(self.nothing_fits(&hall, wish));
            };
            let choice = Choice { seats: &pick.seats, standing: &self.standing };
            match self.place(&pick.seats, lines(&hall, choice, self.now)?).await? {
                Attempt::Granted(hold) => {
                    let words = pick.relaxed.iter().map(|relaxed: &Relaxed| relaxed.words());
                    let relaxed = words.map(str::to_owned).collect();
                    return Ok(Granted { relaxed, ..Granted::plain(hold) });
                }
                Attempt::Taken { standing, .. } if !standing.is_empty() => {
                    return Err(self.too_few_stand(&standing).await);
                }
                Attempt::Taken { .. } => {}
            }
        }
        // So many are after the same few that none of the attempts was fast enough: there is hardly anything left.
        Err(HoldRefusal::SoldOut.into())
    }

    fn wish(&self, request: &BestRequest) -> Result<Wish, HoldError> {
        let inventory = self.inventory;
        let standing = self.standing.iter().fold(0_u64, |sum, (_, quantity)| sum + u64::from(*quantity));
        if request.quantity == 0 {
            return Err(HoldRefusal::Nothing.into());
        }
        if u64::from(request.quantity) + standing > MAX_PLACES as u64 {
            return Err(too_many());
        }
        let section = match &request.section {
            Some(name) => {
                let at = inventory.chart.sections.iter().position(|section| section.name == *name);
                Some(at.and_then(|at| u16::try_from(at).ok()).ok_or(HoldRefusal::UnknownSection)?)
            }
            None => None,
        };
        let seated = || inventory.tiers.iter().filter(|tier| tier.category.is_some());
        match request.tier {
            Some(id) => {
                let tier = seated().find(|tier| tier.id == id).ok_or(HoldRefusal::UnknownTier { tier: id })?;
                open(tier.sale, self.now)?;
                if !(tier.min..=tier.max).contains(&request.quantity) {
                    return Err(HoldRefusal::TierLimits { tier: id, min: tier.min, max: tier.max }.into());
                }
            }
            None if !seated().any(|tier| tier.sale.is_open(self.now)) => {
                let opens_at = seated().filter_map(|tier| tier.sale.opens_at).filter(|opens| self.now < *opens).min();
                return Err(HoldRefusal::NotOnSale { opens_at }.into());
            }
            None => {
                // Where no tier is sold in such numbers, nothing is sold out.
                let mut on_sale = seated().filter(|tier| tier.sale.is_open(self.now)).peekable();
                if let Some(first) = on_sale.peek().copied()
                    && !on_sale.any(|tier| (tier.min..=tier.max).contains(&request.quantity))
                {
                    return Err(HoldRefusal::TierLimits { tier: first.id, min: first.min, max: first.max }.into());
                }
            }
        }
        Ok(Wish {
            quantity: request.quantity,
            tier: request.tier,
            section,
            min_total: request.min_price,
            max_total: request.max_price,
            accessible: request.accessible,
            together: request.together,
        })
    }

    fn nothing_fits(&self, hall: &Hall<'_>, wish: Wish) -> HoldError {
        let apart = if wish.together { best(hall, Wish { together: false, ..wish }, self.now, None) } else { None };
        if let Some(pick) = apart {
            return HoldRefusal::NotTogether { offer: pick.seats, relaxed: pick.relaxed }.into();
        }
        let Some(pick) = fewer(hall, wish, self.now) else { return HoldRefusal::SoldOut.into() };
        let (left, together) = (pick.seats.len() as u32, wish.together);
        HoldRefusal::Fewer { tier: None, left, together, offer: pick.seats, relaxed: pick.relaxed }.into()
    }

    /// Says how many standing places are left of the first of `tiers`, which have too few.
    async fn too_few_stand(&self, tiers: &[TierId]) -> HoldError {
        let snapshot = match self.look(&[], true).await {
            Ok(look) => look.snapshot,
            Err(trouble) => return trouble,
        };
        let tier = tiers.first().and_then(|id| self.inventory.tiers.iter().find(|tier| tier.id == *id));
        let Some(tier) = tier else { return HoldRefusal::SoldOut.into() };
        let count = |places: &[(TierId, u32)]| places.iter().find(|(id, _)| *id == tier.id).map_or(0, |(_, n)| *n);
        // One's own are given back in the same step.
        let own = self.replaces.as_ref().map_or(0, |hold| count(&hold.standing));
        let left = count(&snapshot.standing).saturating_add(own);
        // What came back meanwhile is had by asking again.
        if (tier.min.max(1)..count(&self.standing)).contains(&left) {
            let (offer, relaxed) = (Vec::new(), Vec::new());
            HoldRefusal::Fewer { tier: Some(tier.id), left, together: false, offer, relaxed }.into()
        } else {
            HoldRefusal::SoldOut.into()
        }
    }
}

/// Granted with what moved.
fn moved(hold: Hold, found: &Healing) -> Granted {
    let healed = found.swaps.iter().map(|swap| Healed { wanted: swap.wanted, got: swap.got }).collect();
    Granted { healed, ..Granted::plain(hold) }
}

fn closed() -> Trouble {
    Trouble::Unavailable { what: "hold store", detail: "the event is being opened".to_owned() }
}

pub(super) fn crowded() -> Trouble {
    Trouble::Unavailable { what: "hold store", detail: "too many wait for these seats".to_owned() }
}
