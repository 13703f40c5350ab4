//! The catalogue as the hold service and the purchase see it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::chart::Chart;
use domain::hold::Fence;
use domain::ids::EventId;
use domain::rules::Tier;
use domain::seat::SeatId;
use moka::future::Cache;
use tokio::time::Instant;

use crate::catalog::cached::CachedEvents;
use crate::catalog::types::{Event, Status};
use crate::catalog::{Catalog, GOOD_FOR, SOON, soon};
use crate::clock::Clock;
use crate::holds::{Inventories, Inventory, Sold};
use crate::http::views::seat_label;
use crate::purchase::places::Labels;
use crate::trouble::Trouble;

/// How old an inventory may be: every hold asks, and so do those who look while the event is open. It comes from the books
/// past every cache, with Redis as without.
const FRESH_FOR: Duration = Duration::from_secs(1);
/// Inventories kept at a time.
const KEPT: u64 = 2_000;

/// Inventories and labels out of the catalogue.
#[derive(Clone)]
pub(super) struct FromCatalog {
    catalog: Catalog,
    books: Arc<CachedEvents>,
    clock: Arc<dyn Clock>,
    inventories: Cache<EventId, Option<Arc<Inventory>>>,
    /// The last ones, and when they were asked for.
    last: Cache<EventId, (Instant, Arc<Inventory>)>,
    fences: Cache<EventId, Fence>,
    /// How long the last one is good enough.
    good_for: Duration,
}

impl FromCatalog {
    /// Labels and claims out of `catalog`; what is for sale out of `books`, past what they keep.
    pub(super) fn new(catalog: Catalog, books: Arc<CachedEvents>, clock: Arc<dyn Clock>) -> Self {
        let inventories = Cache::builder().max_capacity(KEPT).time_to_live(FRESH_FOR).build();
        let last = Cache::builder().max_capacity(KEPT).time_to_live(GOOD_FOR).build();
        Self { catalog, books, clock, inventories, last, fences: Cache::new(KEPT), good_for: GOOD_FOR }
    }

    /// The highest fence that Postgres knew when this process first met the event; later ones are this process's own.
    async fn fence(&self, event: EventId) -> Result<Fence, Trouble> {
        let asked = self
            .fences
            .try_get_with(event, async { self.catalog.claims(event).await.map(|claims| Fence(claims.fence)) });
        asked.await.map_err(|trouble: Arc<Trouble>| (*trouble).clone())
    }

    async fn load(&self, id: EventId) -> Result<Option<Arc<Inventory>>, Trouble> {
        let began = Instant::now();
        let Some((event, blocked)) = self.books.in_the_books(id, self.clock.now()).await? else { return Ok(None) };
        let chart = self.chart(&event).await?;
        let tiers = event.tiers.iter().map(|tier| Tier {
            id: tier.id,
            category: tier.category,
            price: tier.price,
            min: tier.min_purchase,
            max: tier.max_purchase,
            sale: tier.sale,
        });
        let standing = event.tiers.iter().filter(|tier| tier.category.is_none());
        let inventory = Arc::new(Inventory {
            event: id,
            tiers: tiers.collect(),
            standing: standing.map(|tier| (tier.id, tier.quantity)).collect(),
            blocked,
            // Whether a tier's sale has opened is the tiers' own business; "sold out" is the stores'.
            on_sale: !matches!(
                event.summary.status,
                Status::Paused | Status::Postponed | Status::Cancelled | Status::Past
            ),
            sale: domain::rules::Window::default(),
            fence_floor: self.fence(id).await?,
            chart,
        });
        self.last.insert(id, (began, Arc::clone(&inventory))).await;
        Ok(Some(inventory))
    }

    /// The last one, where it is good for so long from now.
    async fn last_good(&self, id: EventId, more: Duration) -> Option<Arc<Inventory>> {
        let (began, last) = self.last.get(&id).await?;
        (began.elapsed() + more <= self.good_for).then_some(last)
    }

    async fn chart(&self, event: &Event) -> Result<Arc<Chart>, Trouble> {
        Ok(self.catalog.chart_of(event).await?.map(|loaded| Arc::clone(&loaded.chart)).unwrap_or_default())
    }
}

#[async_trait]
impl Inventories for FromCatalog {
    async fn inventory(&self, id: EventId) -> Result<Option<Arc<Inventory>>, Trouble> {
        if let Some(known) = self.inventories.get(&id).await {
            return Ok(known);
        }
        let this = self.clone();
        let asked = async move { this.inventories.try_get_with(id, this.load(id)).await };
        let trouble = match soon(asked, self.last_good(id, SOON).await.is_some()).await {
            Ok(found) => return Ok(found),
            Err(trouble) => trouble,
        };
        let last = self.last_good(id, Duration::ZERO).await.filter(|_| trouble.retryable());
        let Some(last) = last else { return Err((*trouble).clone()) };
        // For as long as a fresh one, so that books in trouble are asked no oftener than others; but not for longer than it
        // is good.
        if self.last_good(id, FRESH_FOR).await.is_some() && !self.inventories.contains_key(&id) {
            self.inventories.insert(id, Some(Arc::clone(&last))).await;
        }
        Ok(Some(last))
    }

    async fn sold(&self, event: EventId) -> Result<Sold, Trouble> {
        let claims = self.catalog.claims(event).await?;
        Ok(Sold { seats: claims.seats, standing: claims.standing, counted: claims.holds })
    }
}

#[async_trait]
impl Labels for FromCatalog {
    async fn labels(&self, event: EventId, seats: &[SeatId]) -> Result<Vec<String>, Trouble> {
        let event = self.catalog.by_id(event, self.clock.now()).await?;
        let chart = match &event {
            Some(event) => self.chart(event).await?,
            None => Arc::default(),
        };
        Ok(seats.iter().map(|seat| seat_label(&chart, *seat)).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::catalog::tests::{counting, night};
    use crate::clock::ManualClock;
    use crate::test_support::NOW;
    use crate::test_support::steady::steady;

    const GOOD_HERE: Duration = Duration::from_millis(3_500);

    /// Looks often, for longer than it is good, with books that went away in the beginning and say so after a while. Whoever is
    /// late themselves finds it older than it was when they asked.
    async fn oldest(takes: u64) -> Duration {
        let (store, catalog) = counting().await;
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(NOW));
        let books = Arc::new(CachedEvents::new(store.clone(), None, 64, Arc::clone(&clock)));
        let facts = FromCatalog { good_for: GOOD_HERE, ..FromCatalog::new(catalog, books, clock) };
        let asked = Instant::now();
        facts.inventory(night()).await.unwrap().unwrap();
        let had = Instant::now();
        store.takes.store(takes, Ordering::SeqCst);
        store.away.store(true, Ordering::SeqCst);
        let mut oldest = Duration::ZERO;
        while asked.elapsed() < Duration::from_secs(5) {
            let age = had.elapsed();
            if facts.inventory(night()).await.is_ok() {
                assert!(age <= GOOD_HERE + Duration::from_millis(100), "what is {age:?} old is told");
                oldest = asked.elapsed();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        oldest
    }

    #[tokio::test(start_paused = true)]
    async fn books_that_never_answered_one_question_are_asked_anew() {
        let (store, catalog) = counting().await;
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(NOW));
        let books = Arc::new(CachedEvents::new(store.clone(), None, 1, Arc::clone(&clock)));
        let facts = FromCatalog::new(catalog, books, clock);
        let asked = async || {
            // As if what is fresh for a second were not any more.
            facts.inventories.invalidate(&night()).await;
            let asked = tokio::time::timeout(GOOD_FOR, facts.inventory(night())).await;
            asked.expect("nobody waits for what others asked before").unwrap().is_some()
        };
        assert!(asked().await);
        store.takes.store(3_600_000, Ordering::SeqCst);
        assert!(asked().await, "the last one will do");
        store.takes.store(0, Ordering::SeqCst);
        tokio::time::sleep(GOOD_FOR).await;
        assert!(asked().await);
    }

    #[tokio::test]
    async fn what_may_be_held_is_no_older_than_half_a_minute_when_it_is_told_again() {
        steady(async || {
            let oldest = futures::join!(oldest(0), oldest(400), oldest(1_300));
            for oldest in [oldest.0, oldest.1, oldest.2] {
                assert!((Duration::from_millis(2_300)..Duration::from_millis(3_600)).contains(&oldest), "{oldest:?}");
            }
        })
        .await;
    }
}
