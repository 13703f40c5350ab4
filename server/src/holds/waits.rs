//! What changes holds, for somebody who waits only so long: the work goes to its end without them.

use std::time::Duration;

use app::api::holds::HoldRequest;
use domain::hold::{EXTEND_BY, Hold, HoldRefusal};
use domain::ids::{EventId, HoldId, HolderId};
use domain::time::Millis;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::grant::crowded;
use super::late::unheard;
use super::store::{Loss, Outcome};
use super::{Back, Granted, HoldError, Holds, Patience};
use crate::trouble::Trouble;

/// How long a change of a basket waits for another change of the same holder's to end.
const TURN_WITHIN: Duration = Duration::from_millis(1_800);
/// How long it is looked for what came of a change while its holder's next one waits.
const FOUND_OUT_WITHIN: Duration = Duration::from_secs(5);
/// Between two tries to undo, at first and at last.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(2)];

/// Whoever counts further baskets: those that replace none of their holder's. Dropped, what was taken stays counted.
pub trait Counts: Send + 'static {
    /// Counts one that ends at `ends`, before it is granted.
    ///
    /// # Errors
    /// A refusal: nothing was counted.
    fn take(&mut self, ends: Millis) -> impl Future<Output = Result<(), HoldError>> + Send;

    /// None came of it, whether one was counted or not.
    fn give_back(self);
}

/// Nobody counts.
#[derive(Clone, Copy, Debug)]
pub struct Uncounted;

impl Counts for Uncounted {
    async fn take(&mut self, _: Millis) -> Result<(), HoldError> {
        Ok(())
    }

    fn give_back(self) {}
}

impl Holds {
    /// Holds what `request` asks for, all or none. `id` is minted by the caller: a retry after
    /// [`Trouble::Unconfirmed`] brings the same one and finds what was granted.
    ///
    /// # Errors
    /// A refusal with its facts, or trouble.
    pub async fn hold(
        &self,
        event: EventId,
        holder: HolderId,
        id: HoldId,
        request: &HoldRequest,
        now: Millis,
    ) -> Result<Granted, HoldError> {
        self.hold_by(Patience::new(Back::Asks), (event, holder, id), request, now, Uncounted).await
    }

    /// As [`Holds::hold`] for somebody of this patience. Where a shared store takes longer the work goes on, and its answer
    /// waits for whoever brings the same id; a hold that nobody can ever hear of is let go. One that replaces no basket is
    /// counted by `counts` before it is granted, whoever has stopped waiting for it.
    ///
    /// # Errors
    /// As above, and as `counts` says; [`Trouble::Unconfirmed`] where patience is over.
    pub async fn hold_by(
        &self,
        patience: Patience,
        (event, holder, id): (EventId, HolderId, HoldId),
        request: &HoldRequest,
        now: Millis,
        counts: impl Counts,
    ) -> Result<Granted, HoldError> {
        let asked = Instant::now();
        if !self.store.is_shared() {
            return self.to_its_end((event, holder, id), request, (now, asked), counts).await;
        }
        let (holds, request) = (self.clone(), request.clone());
        let work = async move { holds.to_its_end((event, holder, id), &request, (now, asked), counts).await };
        self.granting.ask((holder, id), patience, work, self.clone().undo(holder, id, now)).await
    }

    /// Grants, counts, and finds out what came of it.
    async fn to_its_end(
        &self,
        (event, holder, id): (EventId, HolderId, HoldId),
        request: &HoldRequest,
        (now, asked): (Millis, Instant),
        mut counts: impl Counts,
    ) -> Result<Granted, HoldError> {
        let _turn = match request.replaces {
            Some(_) => {
                // Of two who replace one basket at the same time the second has a further one, and has to see that.
                let turn = self.changing.turn(holder, Instant::now() + TURN_WITHIN).await;
                Some(turn.ok_or_else(crowded)?)
            }
            None => None,
        };
        let told = self.grant((event, holder, id), request, (now, asked), &mut counts).await;
        let unknown = matches!(told, Err(HoldError::Trouble(Trouble::Unconfirmed { .. })));
        let found = if unknown && self.store.is_shared() { self.found_out(holder, id, now).await } else { None };
        let came_to_nothing = matches!(found, Some(None));
        let told = match found.flatten() {
            Some(hold) => Ok(self.told_late(hold, request, now).await),
            None => told,
        };
        match &told {
            // What may be there is counted.
            Ok(Granted { found: false, .. }) => {}
            Err(HoldError::Trouble(Trouble::Unconfirmed { .. } | Trouble::Corrupt { .. })) if !came_to_nothing => {}
            _ => counts.give_back(),
        }
        told
    }

    /// What nobody knows yet is looked for once the store has done what it goes on doing: the hold, that there is none, or
    /// nothing where that takes too long.
    async fn found_out(&self, holder: HolderId, id: HoldId, now: Millis) -> Option<Option<Hold>> {
        timeout(FOUND_OUT_WITHIN, self.store.settled(id)).await.ok()?;
        self.store.get(id, holder, now).await.ok()
    }

    /// Lets a hold go that nobody can hear of, however long the store takes; at last it has run out by itself.
    async fn undo(self, holder: HolderId, id: HoldId, now: Millis) {
        let ends = Instant::now() + Duration::from_millis(self.lasts.max(0).unsigned_abs());
        let mut pause = PAUSES[0];
        loop {
            self.store.settled(id).await;
            match self.store.release(id, holder, now).await {
                Outcome::Unknown(_) if Instant::now() < ends => sleep(pause).await,
                _ => return,
            }
            pause = (pause * 2).min(PAUSES[1]);
        }
    }

    /// Waits until nothing is under way of what this holder asked to hold: then it shows in what they hold.
    ///
    /// # Errors
    /// [`Trouble::Unconfirmed`] where patience is over first.
    pub async fn settled(&self, holder: HolderId, patience: Patience) -> Result<(), HoldError> {
        if self.granting.settled(holder, patience).await { Ok(()) } else { Err(unheard().into()) }
    }

    /// Whether an earlier try under this id is under way, or has an answer that nobody has heard.
    #[cfg(test)]
    pub(crate) fn is_under_way(&self, id: HoldId, holder: HolderId) -> bool {
        self.granting.knows((holder, id))
    }

    /// Extends the hold by [`EXTEND_BY`], then says so to `then`. Where that takes longer than anybody of this patience
    /// waits, it goes on, and whoever asks again hears of it.
    ///
    /// # Errors
    /// [`HoldRefusal::NoExtensionLeft`], [`HoldRefusal::Expired`], or trouble, also of `then`.
    pub async fn extend_by<F: Future<Output = Result<(), Trouble>> + Send>(
        &self,
        patience: Patience,
        (id, holder): (HoldId, HolderId),
        now: Millis,
        then: impl FnOnce(Hold) -> F + Send + 'static,
    ) -> Result<Hold, HoldError> {
        let holds = self.clone();
        let work = async move {
            let hold = holds.prolong(id, holder, now).await?;
            then(hold.clone()).await?;
            Ok(hold)
        };
        if !self.store.is_shared() {
            return work.await;
        }
        self.extending.ask((holder, id), patience, work, async {}).await
    }

    /// As [`Holds::extend_by`], where nobody else has to hear of it.
    ///
    /// # Errors
    /// As above.
    pub async fn extend(&self, id: HoldId, holder: HolderId, now: Millis) -> Result<Hold, HoldError> {
        self.extend_by(Patience::new(Back::Asks), (id, holder), now, async |_| Ok(())).await
    }

    async fn prolong(&self, id: HoldId, holder: HolderId, now: Millis) -> Result<Hold, HoldError> {
        self.reach(id, holder).await?;
        match self.store.extend(id, holder, EXTEND_BY, now).await {
            Outcome::Applied(hold) => Ok(hold),
            Outcome::Lost(Loss::NoExtensionLeft) => Err(HoldRefusal::NoExtensionLeft.into()),
            Outcome::Lost(Loss::Busy) => Err(crowded().into()),
            Outcome::Lost(_) => Err(HoldRefusal::Expired.into()),
            Outcome::Unknown(trouble) => Err(trouble.into()),
        }
    }

    /// Lets the hold go; true if it was live. Letting go of what is gone is no error. Once begun it goes on, also where it
    /// takes longer than anybody of this patience waits.
    ///
    /// # Errors
    /// Trouble.
    pub async fn release_by(
        &self,
        patience: Patience,
        (id, holder): (HoldId, HolderId),
        now: Millis,
    ) -> Result<bool, HoldError> {
        let holds = self.clone();
        // An extension that nobody has heard of is no news of a hold that is let go.
        self.extending.forget((holder, id));
        let done = async move {
            holds.reach(id, holder).await?;
            match holds.store.release(id, holder, now).await {
                Outcome::Applied(was_live) => Ok(was_live),
                Outcome::Lost(_) => Ok(false),
                Outcome::Unknown(trouble) => Err(trouble.into()),
            }
        };
        if !self.store.is_shared() {
            return done.await;
        }
        match timeout_at(patience.until, tokio::spawn(done)).await {
            Ok(Ok(told)) => told,
            _ => Err(unheard().into()),
        }
    }

    /// As [`Holds::release_by`], told within [`super::TOLD_WITHIN`] of now.
    ///
    /// # Errors
    /// As above.
    pub async fn release(&self, id: HoldId, holder: HolderId, now: Millis) -> Result<bool, HoldError> {
        self.release_by(Patience::new(Back::Looks), (id, holder), now).await
    }
}
