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

use crate::catalog::cached::CachedEvents;
use crate::catalog::types::{Event, Status};
use crate::catalog::{Catalog, GOOD_FOR, soon};
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
    last: Cache<EventId, Arc<Inventory>>,
    fences: Cache<EventId, Fence>,
}

impl FromCatalog {
    /// Labels and claims out of `catalog`; what is for sale out of `books`, past what they keep.
    pub(super) fn new(catalog: Catalog, books: Arc<CachedEvents>, clock: Arc<dyn Clock>) -> Self {
        let inventories = Cache::builder().max_capacity(KEPT).time_to_live(FRESH_FOR).build();
        let last = Cache::builder().max_capacity(KEPT).time_to_live(GOOD_FOR).build();
        Self { catalog, books, clock, inventories, last, fences: Cache::new(KEPT) }
    }

    /// The highest fence that Postgres knew when this process first met the event; later ones are this process's own.
    async fn fence(&self, event: EventId) -> Result<Fence, Trouble> {
        let asked = self
            .fences
            .try_get_with(event, async { self.catalog.claims(event).await.map(|claims| Fence(claims.fence)) });
        asked.await.map_err(|trouble: Arc<Trouble>| (*trouble).clone())
    }

    async fn load(&self, id: EventId) -> Result<Option<Arc<Inventory>>, Trouble> {
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
        self.last.insert(id, Arc::clone(&inventory)).await;
        Ok(Some(inventory))
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
        let trouble = match soon(asked, self.last.contains_key(&id)).await {
            Ok(found) => return Ok(found),
            Err(trouble) => trouble,
        };
        let last = self.last.get(&id).await.filter(|_| trouble.retryable());
        let Some(last) = last else { return Err((*trouble).clone()) };
        // For as long as a fresh one, so that books in trouble are asked no oftener than others.
        if !self.inventories.contains_key(&id) {
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
