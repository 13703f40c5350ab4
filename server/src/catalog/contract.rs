//! The laws of event and chart stores, one named test per law and implementation.

use std::sync::Arc;

use domain::chart::document::Document;
use domain::chart::generate::{Theatre, theatre};
use domain::ids::{ChartId, EventId, PromoterId, TierId, VenueId};
use domain::money::{Currency, Money};
use domain::price::Price;
use domain::rules::Window;
use domain::seat::SeatId;
use domain::time::MINUTE;

use super::cached::CachedEvents;
use super::charts::Charts;
use super::charts::store::ChartStore;
use super::store::{Added, EventStore, Which};
use super::types::{ChartRef, NewEvent, NewPromoter, NewVenue, Place, Query, Status, Tier};
use super::{Catalog, ListError};
use crate::cache::CacheStore;
use crate::cache::memory::MemoryCache;
use crate::cache::redis::RedisCache;
use crate::clock::ManualClock;
use crate::test_support::{NOW, TestDatabase};

const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The stores under test, and what must live as long as they do.
pub(super) struct Stores {
    pub(super) events: Arc<dyn EventStore>,
    charts: Arc<dyn ChartStore>,
    memory: Option<Arc<super::memory::MemoryEvents>>,
    _database: Option<TestDatabase>,
}

pub(super) async fn in_memory() -> Stores {
    let events = Arc::new(super::memory::MemoryEvents::default());
    let charts = Arc::new(super::charts::memory::MemoryCharts::default());
    Stores { events: events.clone(), charts, memory: Some(events), _database: None }
}

async fn in_postgres() -> Stores {
    let database = crate::test_support::database().await;
    Stores {
        events: Arc::new(super::postgres::PostgresEvents::new(database.pool.clone())),
        charts: Arc::new(super::charts::postgres::PostgresCharts::new(database.pool.clone())),
        memory: None,
        _database: Some(database),
    }
}

fn behind(stores: Stores, cache: Arc<dyn CacheStore>) -> Stores {
    let clock = Arc::new(ManualClock::at(NOW));
    Stores { events: Arc::new(CachedEvents::new(stores.events, Some(cache), 8, clock)), ..stores }
}

async fn in_memory_behind_a_cache() -> Stores {
    behind(in_memory().await, Arc::new(MemoryCache::default()))
}

async fn in_postgres_behind_redis() -> Stores {
    let redis = crate::test_support::redis::one().await;
    behind(in_postgres().await, Arc::new(RedisCache::new(redis)))
}

async fn in_postgres_behind_a_redis_cluster() -> Stores {
    let redis = crate::test_support::redis::cluster().await;
    behind(in_postgres().await, Arc::new(RedisCache::new(redis)))
}

pub(super) fn bytes(n: u8) -> [u8; 10] {
    [n; 10]
}

fn tier(n: u8, category: Option<u8>, total: i64, quantity: u32) -> Tier {
    Tier {
        id: TierId::mint(NOW, bytes(n)),
        name: format!("Tier {n}"),
        category,
        price: Price { net: total - 200, fee: 100, tax: 100, total: Money::new(total, Currency::EUR) },
        quantity,
        sold: 0,
        reserved: 0,
        min_purchase: 1,
        max_purchase: 8,
        sale: Window { opens_at: Some(NOW.plus(-DAY)), closes_at: Some(NOW.plus(10 * DAY)) },
    }
}

/// Event `n`, starting `n` days from now.
async fn event(stores: &Stores, n: u8) -> NewEvent {
    let promoter = NewPromoter { id: PromoterId::mint(NOW, bytes(n)), slug: "quay".into(), name: "Quay".into() };
    let place = Place {
        name: "Old Mill".into(),
        city: "Porto".into(),
        country: "PT".into(),
        time_zone: "Europe/Lisbon".into(),
    };
    let id = VenueId::mint(NOW, bytes(n));
    let venue = NewVenue { id, slug: "old-mill".into(), address: "Mill Lane 1".into(), place, capacity: 500 };
    NewEvent {
        id: EventId::mint(NOW, bytes(n)),
        promoter: stores.events.ensure_promoter(&promoter).await.unwrap(),
        venue: stores.events.ensure_venue(&venue).await.unwrap(),
        chart: None,
        slug: format!("night-{n}"),
        title: format!("Night {n}"),
        description: "Drums until dawn".into(),
        category: if n.is_multiple_of(2) { "concert" } else { "club_night" }.into(),
        currency: Currency::EUR,
        capacity: 300,
        doors_at: Some(NOW.plus(i64::from(n) * DAY - HOUR)),
        starts_at: NOW.plus(i64::from(n) * DAY),
        ends_at: Some(NOW.plus(i64::from(n) * DAY + 3 * HOUR)),
        details: serde_json::json!({"artist": "The Lanterns", "age": 16}),
        tiers: vec![tier(2 * n, None, 2500, 100), tier(2 * n + 1, Some(0), 4500, 40)],
        kills: vec![(SeatId(7), "mixing desk".into()), (SeatId(3), "pillar".into())],
        max_per_person: Some(6),
    }
}

pub(super) async fn with_events(stores: &Stores, numbers: impl IntoIterator<Item = u8>) {
    for n in numbers {
        assert_eq!(stores.events.add(&event(stores, n).await).await, Ok(Added::Made));
    }
}

async fn slugs(stores: &Stores, query: Query) -> Vec<String> {
    let query = Query { limit: 10, ..query };
    stores.events.list(&query, NOW).await.unwrap().into_iter().map(|row| row.slug).collect()
}

async fn an_event_comes_back_as_it_was_made(stores: Stores) {
    let made = event(&stores, 1).await;
    assert_eq!(stores.events.any().await, Ok(false));
    assert_eq!(stores.events.add(&made).await, Ok(Added::Made));
    assert_eq!(stores.events.any().await, Ok(true));
    let found = stores.events.find(&Which::Slug("night-1".into()), NOW).await.unwrap().unwrap();
    assert_eq!(stores.events.find(&Which::Id(made.id), NOW).await.unwrap().unwrap(), found);
    assert_eq!(found.tiers, made.tiers);
    assert_eq!((found.promoter.as_str(), found.address.as_str()), ("Quay", "Mill Lane 1"));
    assert_eq!((&found.details, found.doors_at), (&made.details, made.doors_at));
    assert_eq!(found.max_per_person, Some(6));
    assert_eq!(found.summary.status, Status::OnSale);
    assert_eq!(found.summary.from_price, Some(Money::new(2500, Currency::EUR)));
    assert_eq!(found.summary.available, 140);
    assert_eq!(stores.events.kills(made.id).await.unwrap(), [SeatId(3), SeatId(7)]);
    let claims = stores.events.claims(made.id).await.unwrap();
    assert_eq!((claims.seats, claims.standing, claims.fence), (vec![], vec![(made.tiers[0].id, 0)], 0));
}

async fn a_slug_belongs_to_one_event(stores: Stores) {
    with_events(&stores, [1]).await;
    let other = NewEvent { slug: "night-1".into(), ..event(&stores, 2).await };
    assert_eq!(stores.events.add(&other).await, Ok(Added::SlugTaken));
    assert_eq!(stores.events.find(&Which::Id(other.id), NOW).await, Ok(None));
}

async fn promoters_and_venues_are_made_once(stores: Stores) {
    let (one, other) = (event(&stores, 1).await, event(&stores, 2).await);
    assert_eq!((one.promoter, one.venue), (other.promoter, other.venue));
}

async fn the_list_goes_by_start_and_pages_by_cursor(stores: Stores) {
    with_events(&stores, [3, 1, 2]).await;
    let catalog = Catalog::new(stores.events.clone(), Charts::new(stores.charts.clone()));
    let mut query = Query { limit: 2, ..Query::default() };
    let first = catalog.list(&query, NOW).await.unwrap();
    assert_eq!(first.events.iter().map(|row| row.slug.as_str()).collect::<Vec<_>>(), ["night-1", "night-2"]);
    query.after = Some(first.next.unwrap().to_string().parse().unwrap());
    let second = catalog.list(&query, NOW).await.unwrap();
    assert_eq!(second.events.iter().map(|row| row.slug.as_str()).collect::<Vec<_>>(), ["night-3"]);
    assert_eq!(second.next, None);
}

async fn filters_narrow_the_list(stores: Stores) {
    with_events(&stores, [1, 2, 3]).await;
    let at = |days: i64| Some(NOW.plus(days * DAY));
    assert_eq!(slugs(&stores, Query { from: at(2), ..Query::default() }).await, ["night-2", "night-3"]);
    assert_eq!(slugs(&stores, Query { to: at(2), ..Query::default() }).await, ["night-1"]);
    assert_eq!(slugs(&stores, Query { category: Some("concert".into()), ..Query::default() }).await, ["night-2"]);
    for words in ["lanterns", "NIGHT por", "dawn", "old mill"] {
        assert_eq!(slugs(&stores, Query { words: Some(words.into()), ..Query::default() }).await.len(), 3, "{words}");
    }
    assert_eq!(slugs(&stores, Query { words: Some("night 2".into()), ..Query::default() }).await, ["night-2"]);
    for words in ["quartet", "'; drop table events; --", "&|!"] {
        assert!(slugs(&stores, Query { words: Some(words.into()), ..Query::default() }).await.is_empty(), "{words}");
    }
}

async fn what_is_over_shows_only_to_whoever_asks_for_the_past(stores: Stores) {
    with_events(&stores, [1]).await;
    let later = NOW.plus(2 * DAY);
    let query = Query { limit: 10, ..Query::default() };
    assert_eq!(stores.events.list(&query, later).await.unwrap(), []);
    let past = stores.events.list(&Query { from: Some(NOW), ..query }, later).await.unwrap();
    assert_eq!(past[0].status, Status::Past);
    let found = stores.events.find(&Which::Slug("night-1".into()), later).await.unwrap().unwrap();
    assert_eq!(found.summary.status, Status::Past);
}

async fn the_status_follows_the_sale_windows(stores: Stores) {
    with_events(&stores, [20]).await;
    for (days, status, price) in
        [(-2, Status::Announced, true), (0, Status::OnSale, true), (11, Status::SoldOut, false)]
    {
        let found = stores.events.find(&Which::Slug("night-20".into()), NOW.plus(days * DAY)).await.unwrap().unwrap();
        assert_eq!((found.summary.status, found.summary.from_price.is_some()), (status, price), "day {days}");
    }
    let before = NOW.plus(-2 * DAY);
    let rows = stores.events.list(&Query { limit: 10, ..Query::default() }, before).await.unwrap();
    assert_eq!((rows[0].status, rows[0].opens_at), (Status::Announced, Some(NOW.plus(-DAY))));
}

async fn limits_are_told(stores: Stores) {
    let catalog = Catalog::new(stores.events.clone(), Charts::new(stores.charts.clone()));
    let long = Query { words: Some("x".repeat(201)), ..Query::default() };
    assert_eq!(catalog.list(&long, NOW).await, Err(ListError::SearchTooLong { limit: 200 }));
    let large = Query { limit: 201, ..Query::default() };
    assert_eq!(catalog.list(&large, NOW).await, Err(ListError::PageTooLarge { limit: 200 }));
}

async fn a_chart_comes_back_as_it_was_saved_and_a_change_is_a_new_version(stores: Stores) {
    let mut made = event(&stores, 1).await;
    let charts = Charts::new(stores.charts.clone());
    let mut document = Document::of(theatre(&Theatre::default()));
    let id = ChartId::mint(NOW, bytes(1));
    let notes = serde_json::json!([]);
    assert_eq!(charts.load(id).await.unwrap().map(|_| ()), None);
    assert_eq!(charts.save(id, made.venue, document.clone(), notes.clone()).await.unwrap(), (id, 1));
    let again = charts.save(ChartId::mint(NOW, bytes(2)), made.venue, document.clone(), notes.clone()).await.unwrap();
    assert_eq!(again, (id, 1), "the same document is the same version");
    let loaded = charts.load(id).await.unwrap().unwrap();
    assert_eq!(*loaded.chart, document.chart);
    assert!(loaded.geometry_br.len() < loaded.geometry.len());
    let by_hash = charts.by_hash(&loaded.geometry_hash).await.unwrap().unwrap();
    assert_eq!((by_hash.id, by_hash.version), (id, 1));
    assert!(charts.by_hash("../../etc/passwd").await.unwrap().is_none());

    document.chart.categories[0] = "Very front".into();
    let next = charts.save(ChartId::mint(NOW, bytes(3)), made.venue, document.clone(), notes).await.unwrap();
    assert_eq!(next.1, 2);
    let (version, newest) = charts.newest(made.venue, &document.chart.name).await.unwrap().unwrap();
    assert_eq!((version, newest), (2, document));

    let seats = u32::try_from(loaded.chart.seats.len()).unwrap();
    let chart = ChartRef { id, version: 1, seats, geometry_hash: loaded.geometry_hash.clone() };
    if let Some(memory) = &stores.memory {
        memory.know_chart(chart.clone());
    }
    made.chart = Some(id);
    stores.events.add(&made).await.unwrap();
    let catalog = Catalog::new(stores.events.clone(), charts);
    let found = catalog.by_slug("night-1", NOW).await.unwrap().unwrap();
    assert_eq!(found.chart, Some(chart));
    assert_eq!(catalog.chart_of(&found).await.unwrap().unwrap().id, id);
}

macro_rules! laws {
    ($($law:ident),+ $(,)?) => {
        mod memory_store {
            $(#[tokio::test] async fn $law() { super::$law(super::in_memory().await).await; })+
        }
        mod postgres_store {
            $(#[tokio::test] async fn $law() { super::$law(super::in_postgres().await).await; })+
        }
        mod memory_store_behind_a_cache {
            $(#[tokio::test] async fn $law() { super::$law(super::in_memory_behind_a_cache().await).await; })+
        }
        mod postgres_store_behind_redis {
            $(#[tokio::test] async fn $law() { super::$law(super::in_postgres_behind_redis().await).await; })+
        }
        mod postgres_store_behind_a_redis_cluster {
            $(#[tokio::test] async fn $law() { super::$law(super::in_postgres_behind_a_redis_cluster().await).await; })+
        }
    };
}

laws!(
    an_event_comes_back_as_it_was_made,
    a_slug_belongs_to_one_event,
    promoters_and_venues_are_made_once,
    the_list_goes_by_start_and_pages_by_cursor,
    filters_narrow_the_list,
    what_is_over_shows_only_to_whoever_asks_for_the_past,
    the_status_follows_the_sale_windows,
    limits_are_told,
    a_chart_comes_back_as_it_was_saved_and_a_change_is_a_new_version,
);
