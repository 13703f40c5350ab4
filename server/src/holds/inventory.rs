//! What the hold service must know of an event, and where it gets it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use async_trait::async_trait;
use domain::chart::Chart;
use domain::hold::Fence;
use domain::ids::{EventId, TierId};
use domain::rules::{Tier, Window};
use domain::seat::SeatId;

use super::store::{Layout, Sold};
use crate::trouble::Trouble;

/// What of an event is not decided by who buys: read from the books anew about once a second, while anybody asks.
#[derive(Clone, Debug)]
pub struct Inventory {
    /// The event.
    pub event: EventId,
    /// Its seat chart; an empty one where all stand.
    pub chart: Arc<Chart>,
    /// Price tiers, seated and standing; at most one a category.
    pub tiers: Vec<Tier>,
    /// Places in all of each standing tier.
    pub standing: Vec<(TierId, u32)>,
    /// Seats that are not for sale: killed or kept back. Seats of a category without a tier need not be listed.
    pub blocked: Vec<SeatId>,
    /// False while the event is announced, postponed, cancelled or past.
    pub on_sale: bool,
    /// When the event's sale opens and closes; each tier may narrow it.
    pub sale: Window,
    /// The highest fence that a claim of this event carries.
    pub fence_floor: Fence,
}

impl Inventory {
    /// What the hold store is told: blocked seats are the listed ones and those without a tier.
    #[must_use]
    pub fn layout(&self) -> Layout {
        let mut priced = [false; 256];
        for category in self.tiers.iter().filter_map(|tier| tier.category) {
            priced[usize::from(category)] = true;
        }
        let mut blocked: Vec<SeatId> =
            self.blocked.iter().copied().filter(|seat| seat.index() < self.chart.seats.len()).collect();
        for (seat, category) in (0_u32..).zip(&self.chart.seats.category) {
            if !priced[usize::from(*category)] {
                blocked.push(SeatId(seat));
            }
        }
        blocked.sort_unstable();
        blocked.dedup();
        Layout {
            blocks: Arc::from(self.chart.seats.block.as_slice()),
            blocked,
            standing: self.standing.clone(),
            fence_floor: self.fence_floor,
        }
    }
}

impl Inventory {
    /// The same for equal layouts, and hardly ever for others.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut categories: Vec<u8> = self.tiers.iter().filter_map(|tier| tier.category).collect();
        categories.sort_unstable();
        let mut hasher = DefaultHasher::new();
        (categories, &self.blocked, &self.standing).hash(&mut hasher);
        hasher.finish()
    }
}

/// Where inventories come from: the catalogue over Postgres, or a table in tests.
#[async_trait]
pub trait Inventories: Send + Sync + 'static {
    /// The event's inventory, shared and cached; `None` where there is no such event.
    async fn inventory(&self, event: EventId) -> Result<Option<Arc<Inventory>>, Trouble>;

    /// The live claims of the event, read from the primary (never a replica) after the hold store knows the event.
    async fn sold(&self, event: EventId) -> Result<Sold, Trouble>;
}

/// Inventories by hand: for tests and benchmarks, which need no catalogue.
#[derive(Clone, Debug, Default)]
pub struct InventoryTable {
    /// What is on sale.
    pub events: Vec<Arc<Inventory>>,
    /// What is sold of each of them when it is first touched.
    pub sold: Sold,
}

#[async_trait]
impl Inventories for InventoryTable {
    async fn inventory(&self, event: EventId) -> Result<Option<Arc<Inventory>>, Trouble> {
        Ok(self.events.iter().find(|inventory| inventory.event == event).cloned())
    }

    async fn sold(&self, _: EventId) -> Result<Sold, Trouble> {
        Ok(self.sold.clone())
    }
}
