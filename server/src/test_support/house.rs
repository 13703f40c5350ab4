//! For tests: a whole house on a database of its own, with one event on sale.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use clap::Parser;
use domain::chart::Chart;
use domain::chart::document::Document;
use domain::chart::generate::{Theatre, theatre};
use domain::ids::{ChartId, EventId, PromoterId, TierId, VenueId};
use domain::money::{Currency, Money};
use domain::price::Price;
use domain::rules::Window;
use domain::time::{MINUTE, Millis};
use tokio_util::sync::CancellationToken;

use super::{TestDatabase, database};
use crate::catalog::Catalog;
use crate::catalog::types::{NewEvent, NewPromoter, NewVenue, Place, Tier};
use crate::cli::{Cli, Command};
use crate::clock::{Clock, SystemClock, random};
use crate::config::Config;
use crate::holds::{HoldStore, MemoryHolds};
use crate::http::assets::Manifest;
use crate::http::state::Shop;
use crate::tickets::KEY_FILE;
use crate::wiring;

/// The event's address part.
pub const SLUG: &str = "the-cherry-orchard";

/// A house with its jobs running.
pub struct TestHouse {
    /// Everything that the server answers.
    pub router: Router,
    /// The services.
    pub shop: Shop,
    /// The event on sale: a theatre, and a standing tier of 50 places.
    pub event: EventId,
    /// The standing tier.
    pub standing: TierId,
    /// The database under it, shared with the houses [`TestHouse::beside`] it.
    pub database: Arc<TestDatabase>,
    /// The data folder.
    pub data: PathBuf,
    stop: CancellationToken,
}

impl Drop for TestHouse {
    fn drop(&mut self) {
        self.stop.cancel();
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

impl TestHouse {
    /// Another process's worth on the same books: its own hold store, which knows nothing of this one's holds.
    ///
    /// # Panics
    /// Where it cannot open.
    pub async fn beside(&self) -> Self {
        self.beside_with(config()).await
    }

    /// As [`TestHouse::beside`], with these settings.
    ///
    /// # Panics
    /// Where it cannot open.
    pub async fn beside_with(&self, config: Config) -> Self {
        self.another(config, Some(Arc::new(MemoryHolds::default()))).await
    }

    /// As [`TestHouse::beside_with`], over the hold store that the settings name.
    ///
    /// # Panics
    /// Where it cannot open.
    pub async fn beside_as_set(&self, config: Config) -> Self {
        self.another(config, None).await
    }

    /// As [`TestHouse::beside`], over a hold store that the test brings.
    ///
    /// # Panics
    /// Where it cannot open.
    pub async fn beside_over(&self, holds: Arc<dyn HoldStore>) -> Self {
        self.another(config(), Some(holds)).await
    }

    async fn another(&self, config: Config, holds: Option<Arc<dyn HoldStore>>) -> Self {
        // Servers of one shop share the key that signs.
        std::fs::copy(self.data.join(KEY_FILE), config.data.join(KEY_FILE)).expect("the key can be copied");
        let (shop, data, stop) = open(&self.database, config, holds).await;
        let database = Arc::clone(&self.database);
        Self { router: shop.router(), shop, event: self.event, standing: self.standing, database, data, stop }
    }
}

/// Settings of a test's house: mail and keys in a folder of its own, no limit to writes.
///
/// # Panics
/// Where the folder cannot be made.
#[must_use]
pub fn config() -> Config {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("parterre-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let data = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&data).expect("the temporary folder can be written");
    let Command::Config(mut config) = Cli::parse_from(["parterre", "config", "--dev-pages"]).command else {
        unreachable!("the command asked for is the one parsed")
    };
    config.data = data;
    config.writes_per_second = 1_000_000;
    config.holds_per_address = 1_000_000;
    config.searches_per_hour = 1_000_000;
    // Few enough for a test to fill.
    config.streams = 3;
    config.streams_per_address = 2;
    *config
}

/// A house as it is served.
///
/// # Panics
/// Where there is no database: the test cannot run.
pub async fn house() -> TestHouse {
    with_holds(Arc::new(MemoryHolds::default())).await
}

/// A house over the hold store that the test brings.
///
/// # Panics
/// Where there is no database: the test cannot run.
pub async fn with_holds(holds: Arc<dyn HoldStore>) -> TestHouse {
    with(config(), holds).await
}

/// A house with these settings, over the hold store that the test brings.
///
/// # Panics
/// Where there is no database: the test cannot run.
pub async fn with(config: Config, holds: Arc<dyn HoldStore>) -> TestHouse {
    with_chart(config, holds, theatre(&Theatre::default())).await
}

/// As [`with`], in a hall of one's own.
///
/// # Panics
/// Where there is no database: the test cannot run.
pub async fn with_chart(config: Config, holds: Arc<dyn HoldStore>, chart: Chart) -> TestHouse {
    let database = Arc::new(database().await);
    // The event first: a house that opens finds it.
    let (event, standing) = put_chart_on_sale(&wiring::catalog(&database.pool), &SystemClock, chart).await;
    let (shop, data, stop) = open(&database, config, Some(holds)).await;
    TestHouse { router: shop.router(), shop, event, standing, database, data, stop }
}

async fn open(
    database: &TestDatabase,
    config: Config,
    holds: Option<Arc<dyn HoldStore>>,
) -> (Shop, PathBuf, CancellationToken) {
    let data = config.data.clone();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let url = "http://127.0.0.1".to_owned();
    let house = wiring::build(config, database.pool.clone(), Manifest::default(), url, clock, holds)
        .await
        .expect("the house opens");
    let shop = house.shop.clone();
    let stop = CancellationToken::new();
    drop(house.start(&stop));
    (shop, data, stop)
}

/// Puts the house's event on sale: a theatre, and a standing tier of 50 places, which is answered too.
///
/// # Panics
/// Where the database refuses.
pub async fn put_on_sale(catalog: &Catalog, clock: &dyn Clock) -> (EventId, TierId) {
    put_chart_on_sale(catalog, clock, theatre(&Theatre::default())).await
}

async fn put_chart_on_sale(catalog: &Catalog, clock: &dyn Clock, chart: Chart) -> (EventId, TierId) {
    let now = clock.now();
    let store = catalog.store();
    let promoter = NewPromoter {
        id: PromoterId::mint(now, random(clock)),
        slug: "court-theatre".into(),
        name: "Court Theatre".into(),
    };
    let promoter = store.ensure_promoter(&promoter).await.expect("the promoter is kept");
    let seats = u32::try_from(chart.seats.category.len()).expect("a hall of people");
    let place = Place {
        name: "Court Theatre".into(),
        city: "Weimar".into(),
        country: "DE".into(),
        time_zone: "Europe/Berlin".into(),
    };
    let venue = NewVenue {
        id: VenueId::mint(now, random(clock)),
        slug: "court-theatre".into(),
        address: "Am Markt 1".into(),
        place,
        capacity: seats.max(2_000),
    };
    let venue = store.ensure_venue(&venue).await.expect("the venue is kept");
    let categories: Vec<u8> = (0..u8::try_from(chart.categories.len()).expect("few categories")).collect();
    let counts: Vec<u32> = categories
        .iter()
        .map(|category| chart.seats.category.iter().filter(|known| *known == category).count() as u32)
        .collect();
    let chart_id = ChartId::mint(now, random(clock));
    let (chart_id, _) = catalog
        .charts()
        .save(chart_id, venue, Document::of(chart), serde_json::json!({}))
        .await
        .expect("the chart is kept");
    let standing = TierId::mint(now, random(clock));
    let mut tiers: Vec<Tier> = categories
        .iter()
        .map(|category| {
            let net = 4_000 - 500 * i64::from(*category);
            tier(
                TierId::mint(now, random(clock)),
                &format!("Category {category}"),
                Some(*category),
                net,
                counts[usize::from(*category)],
            )
        })
        .collect();
    tiers.push(tier(standing, "Standing", None, 1_500, 50));
    let event = EventId::mint(now, random(clock));
    let added = store
        .add(&NewEvent {
            id: event,
            promoter,
            venue,
            chart: Some(chart_id),
            slug: SLUG.into(),
            title: "The Cherry Orchard".into(),
            description: "A comedy in four acts.".into(),
            category: "theatre".into(),
            currency: Currency::EUR,
            capacity: counts.iter().sum::<u32>() + 50,
            doors_at: Some(now.plus(30 * 24 * 60 * MINUTE)),
            starts_at: now.plus(30 * 24 * 60 * MINUTE + 30 * MINUTE),
            ends_at: Some(now.plus(30 * 24 * 60 * MINUTE + 180 * MINUTE)),
            details: serde_json::json!({ "age": 12 }),
            tiers,
            kills: vec![],
            max_per_person: None,
        })
        .await
        .expect("the event is kept");
    assert_eq!(added, crate::catalog::store::Added::Made);
    (event, standing)
}

fn tier(id: TierId, name: &str, category: Option<u8>, net: i64, quantity: u32) -> Tier {
    let (fee, tax) = (net / 10, net / 20);
    Tier {
        id,
        name: name.into(),
        category,
        price: Price { net, fee, tax, total: Money::new(net + fee + tax, Currency::EUR) },
        quantity,
        sold: 0,
        reserved: 0,
        min_purchase: 1,
        max_purchase: 10,
        sale: Window { opens_at: None::<Millis>, closes_at: None },
    }
}
