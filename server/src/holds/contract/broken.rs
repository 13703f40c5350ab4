//! Stores that are broken on purpose: each breaks a law, and the law must notice.

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;

use super::*;
use crate::holds::memory::{MemoryHolds, lock};
use crate::holds::store::Snapshot;
use crate::trouble::Trouble;

/// What a store does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::holds) enum Fault {
    TakesWhatItCan,
    GrantsTwice,
    GrantsBlocked,
    ForgetsIds,
    NeverExpires,
    ExtendsForEver,
    AnyHolder,
    ConstantFence,
    VerifiesByRecord,
    ReleasesFirst,
    NoLimit,
    SweepsAll,
    StaleSnapshot,
    OpensAtOnce,
    ReleasesSold,
    KeepsFreed,
    Oversells,
    KeepsStanding,
    CountsTwice,
    LoadsLast,
    ForgetsWhoWasCounted,
    FreesBlocked,
    KeepsItsLayout,
    KeepsItsTiers,
    LosesWhatWent,
    /// Nor this: it cannot say what a holder has.
    KnowsNoBaskets,
    /// Nor this: what was replaced stands in its records until it has been waited for.
    EndsLate,
    /// Nor this: what changes while it looks is in its snapshot already, under the number of before.
    CountsBehind,
    /// Not a breach: what a remote store does when the network fails after the write.
    LosesFirstAnswers,
}

/// A store that is as it should be but for this.
pub(in crate::holds) fn broken(fault: Fault) -> Store {
    Arc::new(Broken::new(fault))
}

/// A store that obeys every law, but whose first answer to each hold is lost on the way.
pub(in crate::holds) fn losing_answers() -> Store {
    broken(Fault::LosesFirstAnswers)
}

/// A store that obeys every law, where what was replaced is found until all of it has ended.
pub(in crate::holds) fn ending_late() -> Store {
    broken(Fault::EndsLate)
}

/// A store that obeys every law, where from a millisecond after [`NOW`] on something changes at every look.
pub(crate) fn changing_under_its_readers() -> Store {
    broken(Fault::CountsBehind)
}

/// A store that obeys every law and does not answer what a holder has.
pub(crate) fn without_baskets() -> Store {
    broken(Fault::KnowsNoBaskets)
}

struct Broken {
    fault: Fault,
    inner: MemoryHolds,
    holders: Mutex<HashMap<HoldId, HolderId>>,
    /// Replaced, and not waited for yet.
    ending: Mutex<Vec<Hold>>,
}

impl Broken {
    fn new(fault: Fault) -> Self {
        Self { fault, inner: MemoryHolds::default(), holders: Mutex::default(), ending: Mutex::default() }
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn true_holder(&self, hold: HoldId, asker: HolderId) -> HolderId {
        let known = lock(&self.holders).get(&hold).copied();
        if self.is(Fault::AnyHolder) { known.unwrap_or(asker) } else { asker }
    }
}

fn invented(grant: &Grant) -> Hold {
    Hold {
        id: grant.id,
        event: grant.event,
        holder: grant.holder,
        seats: grant.seats.clone(),
        standing: grant.standing.clone(),
        lines: Vec::new(),
        expires_at: grant.expires_at,
        extensions_left: grant.extensions,
        fence: Fence(i64::MAX),
    }
}

#[async_trait]
impl HoldStore for Broken {
    async fn open(&self, event: EventId, mut layout: Layout) -> Result<(), Trouble> {
        if self.is(Fault::FreesBlocked) {
            layout.blocked.clear();
        }
        let known = self.inner.version(event).await?.is_some();
        if known && self.is(Fault::KeepsItsLayout) {
            return Ok(());
        }
        if known && self.is(Fault::KeepsItsTiers) {
            layout.standing.truncate(1);
        }
        self.inner.open(event, layout).await?;
        if self.is(Fault::OpensAtOnce) {
            self.inner.load_sold(event, Sold::default()).await?;
        }
        Ok(())
    }

    async fn load_sold(&self, event: EventId, sold: Sold) -> Result<(), Trouble> {
        let mut loaded = sold.clone();
        if self.is(Fault::ForgetsWhoWasCounted) {
            loaded.counted.clear();
        }
        self.inner.load_sold(event, loaded).await?;
        if self.is(Fault::LoadsLast) {
            let all = Hold { seats: sold.seats, ..invented(&grant(99, &[])) };
            self.inner.mark_sold(&all).await?;
        }
        Ok(())
    }

    async fn is_open(&self, event: EventId) -> Result<bool, Trouble> {
        self.inner.is_open(event).await
    }

    async fn place(&self, grant: &Grant, now: Millis) -> Outcome<Hold> {
        let first = lock(&self.holders).insert(grant.id, grant.holder).is_none();
        let mut wish = grant.clone();
        if self.is(Fault::NoLimit) {
            wish.max_holds = usize::MAX;
        }
        if self.is(Fault::ForgetsIds) && self.inner.get(grant.id, grant.holder, now).await.is_ok_and(|h| h.is_some()) {
            wish.id = id(200);
        }
        if let (Fault::ReleasesFirst, Some(old)) = (self.fault, grant.replaces) {
            self.inner.release(old, grant.holder, now).await;
        }
        if let (Fault::EndsLate, Some(old)) = (self.fault, grant.replaces)
            && let Ok(Some(old)) = self.inner.get(old, grant.holder, now).await
        {
            lock(&self.ending).push(old);
        }
        let now = if self.is(Fault::NeverExpires) { NOW.min(now) } else { now };
        let outcome = self.inner.place(&wish, now).await;
        match (outcome, self.fault) {
            (_, Fault::LosesFirstAnswers) if first => {
                Outcome::Unknown(Trouble::Unconfirmed { what: "hold store", detail: "timeout".to_owned() })
            }
            (Outcome::Applied(hold), Fault::ConstantFence) => Outcome::Applied(Hold { fence: Fence(1 << 62), ..hold }),
            (Outcome::Lost(_), Fault::GrantsTwice) => Outcome::Applied(invented(grant)),
            (Outcome::Lost(_), Fault::GrantsBlocked) if grant.seats.contains(&BLOCKED) => {
                Outcome::Applied(invented(grant))
            }
            (Outcome::Lost(_), Fault::Oversells) if !grant.standing.is_empty() => Outcome::Applied(invented(grant)),
            (Outcome::Lost(Loss::Taken { seats, standing }), Fault::TakesWhatItCan) => {
                wish.seats.retain(|seat| !seats.contains(seat));
                self.inner.place(&wish, now).await;
                Outcome::Lost(Loss::Taken { seats, standing })
            }
            (outcome, _) => outcome,
        }
    }

    async fn settled(&self, hold: HoldId) {
        lock(&self.ending).retain(|ending| ending.id != hold);
    }

    async fn get(&self, hold: HoldId, holder: HolderId, now: Millis) -> Result<Option<Hold>, Trouble> {
        if let Some(ending) = lock(&self.ending).iter().find(|ending| ending.id == hold) {
            return Ok(Some(ending.clone()));
        }
        self.inner.get(hold, self.true_holder(hold, holder), now).await
    }

    async fn by_holder(&self, holder: HolderId, now: Millis) -> Result<Vec<Hold>, Trouble> {
        if self.is(Fault::KnowsNoBaskets) {
            return Err(Trouble::Unavailable { what: "hold store", detail: "no answer".to_owned() });
        }
        self.inner.by_holder(holder, now).await
    }

    async fn verify(&self, hold: HoldId, holder: HolderId, now: Millis) -> Result<Option<Hold>, Trouble> {
        match self.fault {
            Fault::VerifiesByRecord => self.inner.get(hold, holder, now).await,
            _ => self.inner.verify(hold, self.true_holder(hold, holder), now).await,
        }
    }

    async fn extend(&self, hold: HoldId, holder: HolderId, by: i64, now: Millis) -> Outcome<Hold> {
        let standing =
            self.inner.get(hold, holder, now).await.is_ok_and(|hold| hold.is_some_and(|h| h.seats.is_empty()));
        if standing && self.is(Fault::LosesWhatWent) {
            return Outcome::Lost(Loss::Gone);
        }
        let outcome = self.inner.extend(hold, holder, by, now).await;
        match (outcome, self.inner.get(hold, holder, now).await) {
            (Outcome::Lost(Loss::NoExtensionLeft), Ok(Some(hold))) if self.is(Fault::ExtendsForEver) => {
                Outcome::Applied(hold)
            }
            (outcome, _) => outcome,
        }
    }

    async fn release(&self, hold: HoldId, holder: HolderId, now: Millis) -> Outcome<bool> {
        let holder = self.true_holder(hold, holder);
        if self.is(Fault::KeepsStanding) {
            return Outcome::Applied(true);
        }
        let known = self.inner.get(hold, holder, now).await;
        if let (Fault::ReleasesSold, Ok(Some(known))) = (self.fault, known) {
            let places = Sold { seats: known.seats, ..Sold::default() };
            let _ = self.inner.mark_free(known.event, hold, &places).await;
        }
        self.inner.release(hold, holder, now).await
    }

    async fn mark_sold(&self, hold: &Hold) -> Result<(), Trouble> {
        self.inner.mark_sold(hold).await?;
        if self.is(Fault::CountsTwice) {
            self.inner.mark_sold(&Hold { id: id(201), ..hold.clone() }).await?;
        }
        Ok(())
    }

    async fn mark_free(&self, event: EventId, hold: HoldId, places: &Sold) -> Result<(), Trouble> {
        if self.is(Fault::KeepsFreed) {
            return Ok(());
        }
        self.inner.mark_free(event, hold, places).await
    }

    async fn sweep(&self, now: Millis) -> Result<u32, Trouble> {
        self.inner.sweep(if self.is(Fault::SweepsAll) { Millis(i64::MAX) } else { now }).await
    }

    async fn snapshot(&self, event: EventId, now: Millis) -> Result<Option<Snapshot>, Trouble> {
        let mut seen = self.inner.snapshot(event, if self.is(Fault::StaleSnapshot) { NOW } else { now }).await?;
        if let Some(seen) = seen.as_mut().filter(|_| self.is(Fault::CountsBehind) && now > NOW) {
            seen.version -= 1;
        }
        Ok(seen)
    }

    async fn version(&self, event: EventId) -> Result<Option<u64>, Trouble> {
        self.inner.version(event).await
    }
}

/// One test a broken store: the law named must fail on it.
macro_rules! noticed {
    ($($fault:ident breaks $law:ident),+ $(,)?) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        #[should_panic]
        async fn $law() {
            super::$law(broken(Fault::$fault)).await;
        })+
    };
}

noticed! {
    TakesWhatItCan breaks all_or_none,
    GrantsTwice breaks a_seat_has_one_holder,
    GrantsBlocked breaks nothing_but_free_seats_is_granted,
    ForgetsIds breaks the_same_id_is_the_same_hold,
    NeverExpires breaks a_hold_ends_at_its_time_swept_or_not,
    ExtendsForEver breaks an_extension_keeps_the_seats_and_comes_once,
    AnyHolder breaks only_its_holder_touches_a_hold,
    ConstantFence breaks fences_only_grow,
    VerifiesByRecord breaks whoever_was_overtaken_cannot_verify,
    ReleasesFirst breaks a_replacement_takes_over_or_changes_nothing,
    NoLimit breaks holds_per_holder_are_limited,
    SweepsAll breaks a_sweep_frees_what_ran_out,
    StaleSnapshot breaks a_snapshot_tells_the_truth,
    OpensAtOnce breaks nothing_is_held_before_the_event_opens,
    ReleasesSold breaks sold_is_sold_whoever_held_it,
    KeepsFreed breaks freed_places_can_be_held_again,
    Oversells breaks standing_never_exceeds_its_quantity,
    KeepsStanding breaks standing_comes_back,
    CountsTwice breaks saying_it_twice_counts_once,
    LoadsLast breaks what_was_said_while_loading_wins,
    ForgetsWhoWasCounted breaks an_order_in_the_books_counts_once,
    ForgetsWhoWasCounted breaks what_was_said_while_loading_counts_once,
    FreesBlocked breaks a_blocked_seat_is_blocked_again,
    KeepsItsLayout breaks another_layout_is_taken_over,
    KeepsItsTiers breaks standing_tiers_come_and_grow,
    KeepsItsLayout breaks a_smaller_tier_offers_what_is_left,
    LosesWhatWent breaks places_that_go_stay_their_holders,
}
