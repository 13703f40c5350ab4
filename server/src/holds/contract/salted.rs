//! Lets a law run on a store that others use at the same time: every id is another one there.

use async_trait::async_trait;
use uuid::Uuid;

use super::*;
use crate::clock::{SystemClock, random};
use crate::holds::store::Snapshot;
use crate::trouble::Trouble;

/// A store behind changed ids. Their order and their time stay.
pub(in crate::holds) struct Salted<S> {
    inner: S,
    salt: u128,
}

impl<S: HoldStore> Salted<S> {
    pub(in crate::holds) fn new(inner: S) -> Self {
        // The last six bytes: the laws' ids differ before them.
        let salt = u64::from_le_bytes(random(&SystemClock)) & 0xFFFF_FFFF_FFFF;
        Self { inner, salt: u128::from(salt) }
    }

    fn mix(&self, id: Uuid) -> Uuid {
        Uuid::from_u128(id.as_u128() ^ self.salt)
    }

    fn event(&self, id: EventId) -> EventId {
        EventId(self.mix(id.0))
    }

    fn id(&self, id: HoldId) -> HoldId {
        HoldId(self.mix(id.0))
    }

    fn holder(&self, id: HolderId) -> HolderId {
        HolderId(self.mix(id.0))
    }

    fn tiers(&self, tiers: &[(TierId, u32)]) -> Vec<(TierId, u32)> {
        tiers.iter().map(|(tier, count)| (TierId(self.mix(tier.0)), *count)).collect()
    }

    fn hold(&self, hold: Hold) -> Hold {
        Hold {
            id: self.id(hold.id),
            event: self.event(hold.event),
            holder: self.holder(hold.holder),
            standing: self.tiers(&hold.standing),
            ..hold
        }
    }

    fn sold(&self, sold: &Sold) -> Sold {
        let counted = sold.counted.iter().map(|(hold, tier, n)| (self.id(*hold), TierId(self.mix(tier.0)), *n));
        Sold { seats: sold.seats.clone(), standing: self.tiers(&sold.standing), counted: counted.collect() }
    }

    fn outcome<T>(&self, outcome: Outcome<T>, back: impl Fn(T) -> T) -> Outcome<T> {
        match outcome {
            Outcome::Applied(value) => Outcome::Applied(back(value)),
            Outcome::Lost(Loss::Taken { seats, standing }) => {
                let standing = standing.into_iter().map(|tier| TierId(self.mix(tier.0))).collect();
                Outcome::Lost(Loss::Taken { seats, standing })
            }
            other => other,
        }
    }
}

#[async_trait]
impl<S: HoldStore> HoldStore for Salted<S> {
    fn grace(&self) -> i64 {
        self.inner.grace()
    }

    async fn open(&self, event: EventId, layout: Layout) -> Result<(), Trouble> {
        let standing = self.tiers(&layout.standing);
        self.inner.open(self.event(event), Layout { standing, ..layout }).await
    }

    async fn load_sold(&self, event: EventId, sold: Sold) -> Result<(), Trouble> {
        self.inner.load_sold(self.event(event), self.sold(&sold)).await
    }

    async fn is_open(&self, event: EventId) -> Result<bool, Trouble> {
        self.inner.is_open(self.event(event)).await
    }

    async fn place(&self, grant: &Grant, now: Millis) -> Outcome<Hold> {
        let grant = Grant {
            id: self.id(grant.id),
            event: self.event(grant.event),
            holder: self.holder(grant.holder),
            standing: self.tiers(&grant.standing),
            replaces: grant.replaces.map(|old| self.id(old)),
            ..grant.clone()
        };
        self.outcome(self.inner.place(&grant, now).await, |hold| self.hold(hold))
    }

    async fn get(&self, hold: HoldId, holder: HolderId, now: Millis) -> Result<Option<Hold>, Trouble> {
        Ok(self.inner.get(self.id(hold), self.holder(holder), now).await?.map(|hold| self.hold(hold)))
    }

    async fn by_holder(&self, holder: HolderId, now: Millis) -> Result<Vec<Hold>, Trouble> {
        let holds = self.inner.by_holder(self.holder(holder), now).await?;
        Ok(holds.into_iter().map(|hold| self.hold(hold)).collect())
    }

    async fn verify(&self, hold: HoldId, holder: HolderId, now: Millis) -> Result<Option<Hold>, Trouble> {
        Ok(self.inner.verify(self.id(hold), self.holder(holder), now).await?.map(|hold| self.hold(hold)))
    }

    async fn extend(&self, hold: HoldId, holder: HolderId, by: i64, now: Millis) -> Outcome<Hold> {
        let extended = self.inner.extend(self.id(hold), self.holder(holder), by, now).await;
        self.outcome(extended, |hold| self.hold(hold))
    }

    async fn release(&self, hold: HoldId, holder: HolderId, now: Millis) -> Outcome<bool> {
        self.inner.release(self.id(hold), self.holder(holder), now).await
    }

    async fn mark_sold(&self, hold: &Hold) -> Result<(), Trouble> {
        self.inner.mark_sold(&self.hold(hold.clone())).await
    }

    async fn mark_free(&self, event: EventId, hold: HoldId, places: &Sold) -> Result<(), Trouble> {
        self.inner.mark_free(self.event(event), self.id(hold), &self.sold(places)).await
    }

    async fn sweep(&self, now: Millis) -> Result<u32, Trouble> {
        self.inner.sweep(now).await
    }

    async fn snapshot(&self, event: EventId, now: Millis) -> Result<Option<Snapshot>, Trouble> {
        let seen = self.inner.snapshot(self.event(event), now).await?;
        Ok(seen.map(|seen| Snapshot { standing: self.tiers(&seen.standing), ..seen }))
    }

    async fn version(&self, event: EventId) -> Result<Option<u64>, Trouble> {
        self.inner.version(self.event(event)).await
    }
}
