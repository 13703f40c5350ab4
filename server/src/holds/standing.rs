//! Counters of the standing tiers of one event; always behind one lock.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use domain::hold::Hold;
use domain::ids::{HoldId, TierId};
use domain::time::Millis;

use super::store::{Grant, Sold, StandingSold};

#[derive(Debug)]
struct Counter {
    tier: TierId,
    quantity: u32,
    sold: u32,
    held: u32,
}

/// All standing tiers. Sold and held together stay within each quantity, except where Postgres says otherwise.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// Those of the layout first, in its order; then those that were in an earlier one.
    counters: Vec<Counter>,
    /// How many are of the layout.
    laid: usize,
    /// Live holds by their end, so that what ran out is found without a sweep.
    live: BTreeMap<(Millis, HoldId), Vec<(TierId, u32)>>,
    ends: HashMap<HoldId, Millis>,
    /// Whose places are in `sold`, and which: what is said of a hold changes the counters only where it is news. Freed
    /// places leave it, so it is never larger than the tiers.
    counted: HashMap<HoldId, Vec<(TierId, u32)>>,
    /// What was last said of a hold before the sold places were loaded; `None` from then on.
    early: Option<HashMap<HoldId, Said>>,
}

/// A hold's places, and whether they are sold or freed.
#[derive(Debug)]
struct Said {
    sold: bool,
    places: Vec<(TierId, u32)>,
}

impl Standing {
    pub(super) fn new(tiers: &[(TierId, u32)]) -> Self {
        let mut standing = Self { early: Some(HashMap::new()), ..Self::default() };
        standing.lay(tiers);
        standing
    }

    /// From now on these are the tiers, with so many places each. A tier that is not among them has none, and what is
    /// held and sold of it stays counted, should it come back.
    pub(super) fn lay(&mut self, tiers: &[(TierId, u32)]) {
        let mut before = std::mem::take(&mut self.counters);
        for &(tier, quantity) in tiers {
            let at = before.iter().position(|counter| counter.tier == tier);
            let known = at.map_or(Counter { tier, quantity, sold: 0, held: 0 }, |at| before.remove(at));
            self.counters.push(Counter { quantity, ..known });
        }
        self.laid = self.counters.len();
        self.counters.extend(before.into_iter().map(|counter| Counter { quantity: 0, ..counter }));
    }

    fn counter(&mut self, tier: TierId) -> Option<&mut Counter> {
        self.counters.iter_mut().find(|counter| counter.tier == tier)
    }

    fn expire(&mut self, now: Millis) {
        while let Some((&(until, id), _)) = self.live.first_key_value() {
            if now < until {
                break;
            }
            self.drop_live(id);
        }
    }

    fn drop_live(&mut self, id: HoldId) -> bool {
        let Some(until) = self.ends.remove(&id) else { return false };
        for (tier, quantity) in self.live.remove(&(until, id)).unwrap_or_default() {
            if let Some(counter) = self.counter(tier) {
                counter.held = counter.held.saturating_sub(quantity);
            }
        }
        true
    }

    /// The tiers that have too few places left for the grant, the replaced hold's own counted as free.
    pub(super) fn short_of(&mut self, grant: &Grant, old: Option<&Hold>, now: Millis) -> Vec<TierId> {
        self.expire(now);
        let own = old.filter(|hold| self.ends.contains_key(&hold.id));
        let short = grant.standing.iter().filter(|(tier, wanted)| {
            let mine = own.and_then(|hold| hold.standing.iter().find(|(t, _)| t == tier)).map_or(0, |(_, n)| *n);
            let counter = self.counters.iter().find(|counter| counter.tier == *tier);
            counter
                .is_none_or(|c| c.quantity.saturating_sub(c.sold).saturating_sub(c.held.saturating_sub(mine)) < *wanted)
        });
        short.map(|(tier, _)| *tier).collect()
    }

    pub(super) fn take(&mut self, id: HoldId, places: &[(TierId, u32)], until: Millis) {
        if places.is_empty() {
            return;
        }
        for (tier, quantity) in places {
            if let Some(counter) = self.counter(*tier) {
                counter.held = counter.held.saturating_add(*quantity);
            }
        }
        self.live.insert((until, id), places.to_vec());
        self.ends.insert(id, until);
    }

    pub(super) fn has(&self, hold: &Hold) -> bool {
        self.ends.contains_key(&hold.id)
    }

    pub(super) fn give_back(&mut self, hold: &Hold) {
        self.drop_live(hold.id);
    }

    pub(super) fn sell(&mut self, id: HoldId, places: &[(TierId, u32)]) {
        if let Some(early) = &mut self.early {
            early.insert(id, Said { sold: true, places: places.to_vec() });
        } else if let Entry::Vacant(unknown) = self.counted.entry(id) {
            unknown.insert(places.to_vec());
            self.count(places, u32::saturating_add);
        }
    }

    pub(super) fn unsell(&mut self, id: HoldId, places: &[(TierId, u32)]) {
        if let Some(early) = &mut self.early {
            early.insert(id, Said { sold: false, places: places.to_vec() });
        } else if self.counted.remove(&id).is_some() {
            self.count(places, u32::saturating_sub);
        }
    }

    fn count(&mut self, places: &[(TierId, u32)], with: fn(u32, u32) -> u32) {
        for &(tier, quantity) in places {
            if self.counter(tier).is_none() {
                // Of a layout that is not known here yet.
                self.counters.push(Counter { tier, quantity: 0, sold: 0, held: 0 });
            }
            if let Some(counter) = self.counter(tier) {
                counter.sold = with(counter.sold, quantity);
            }
        }
    }

    /// Counts what Postgres counts, then what was said meanwhile and is not in it. Once; later calls change nothing.
    pub(super) fn load(&mut self, sold: &Sold) {
        let Some(early) = self.early.take() else { return };
        self.count(&sold.standing, u32::saturating_add);
        for &(hold, tier, places) in &sold.counted {
            self.counted.entry(hold).or_default().push((tier, places));
        }
        for (id, said) in early {
            if said.sold {
                self.sell(id, &said.places);
            } else {
                self.unsell(id, &said.places);
            }
        }
    }

    /// Whose places count as sold, and which.
    pub(super) fn counted(&self) -> StandingSold {
        self.counted.iter().map(|(hold, places)| (*hold, places.clone())).collect()
    }

    pub(super) fn left(&mut self, now: Millis) -> Vec<(TierId, u32)> {
        self.expire(now);
        let left = |c: &Counter| c.quantity.saturating_sub(c.sold).saturating_sub(c.held);
        self.counters[..self.laid].iter().map(|counter| (counter.tier, left(counter))).collect()
    }

    pub(super) fn first_end(&self) -> Option<Millis> {
        self.live.first_key_value().map(|((until, _), _)| *until)
    }
}
