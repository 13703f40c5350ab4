//! The catalogue beside a store that is slow, or away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::ids::{EventId, PromoterId, VenueId};
use domain::seat::SeatId;
use domain::time::Millis;

use super::charts::memory::MemoryCharts;
use super::contract::{bytes, in_memory, with_events};
use super::store::{Added, EventStore, Which};
use super::types::{Claims, Event, NewEvent, NewPromoter, NewVenue, Query, Summary};
use super::{Catalog, Charts};
use crate::test_support::NOW;
use crate::trouble::Trouble;

/// A store of the event `night-1`, which counts how often it is asked for events, and answers after a while.
pub(crate) struct Counting {
    events: Arc<dyn EventStore>,
    asked: AtomicU32,
    /// Milliseconds until it answers.
    pub(crate) takes: AtomicU64,
    /// Nothing is found any more.
    gone: AtomicBool,
    /// It answers that it cannot say.
    pub(crate) away: AtomicBool,
}

#[async_trait]
impl EventStore for Counting {
    async fn list(&self, query: &Query, now: Millis) -> Result<Vec<Summary>, Trouble> {
        self.events.list(query, now).await
    }
    async fn find(&self, which: &Which, now: Millis) -> Result<Option<Event>, Trouble> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let gone = self.gone.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(self.takes.load(Ordering::SeqCst))).await;
        if self.away.load(Ordering::SeqCst) {
            return Err(Trouble::Unavailable { what: "a test", detail: "it is away".into() });
        }
        if gone { Ok(None) } else { self.events.find(which, now).await }
    }
    async fn kills(&self, event: EventId) -> Result<Vec<SeatId>, Trouble> {
        self.events.kills(event).await
    }
    async fn claims(&self, event: EventId) -> Result<Claims, Trouble> {
        self.events.claims(event).await
    }
    async fn ensure_promoter(&self, promoter: &NewPromoter) -> Result<PromoterId, Trouble> {
        self.events.ensure_promoter(promoter).await
    }
    async fn ensure_venue(&self, venue: &NewVenue) -> Result<VenueId, Trouble> {
        self.events.ensure_venue(venue).await
    }
    async fn add(&self, event: &NewEvent) -> Result<Added, Trouble> {
        self.events.add(event).await
    }
    async fn any(&self) -> Result<bool, Trouble> {
        self.events.any().await
    }
}

pub(crate) async fn counting() -> (Arc<Counting>, Catalog) {
    let stores = in_memory().await;
    with_events(&stores, [1]).await;
    let store = Arc::new(Counting {
        events: stores.events,
        asked: AtomicU32::default(),
        takes: AtomicU64::default(),
        gone: AtomicBool::default(),
        away: AtomicBool::default(),
    });
    (store.clone(), Catalog::new(store, Charts::new(Arc::new(MemoryCharts::default()))))
}

/// The event of the store.
pub(crate) fn night() -> EventId {
    EventId::mint(NOW, bytes(1))
}

#[tokio::test]
async fn a_hot_event_asks_the_store_once_a_second() {
    let (store, catalog) = counting().await;
    let asked = (0..200).map(|_| {
        let catalog = catalog.clone();
        tokio::spawn(async move { catalog.by_slug("night-2", NOW).await.unwrap() })
    });
    for answer in asked.collect::<Vec<_>>() {
        assert_eq!(answer.await.unwrap(), None);
    }
    assert_eq!(store.asked.load(Ordering::SeqCst), 1);
    catalog.by_slug("night-2", NOW.plus(1000)).await.unwrap();
    assert_eq!(store.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_is_heard_later_and_what_went_is_known_by_neither_name() {
    let (store, catalog) = counting().await;
    let by_slug = async |now| catalog.by_slug("night-1", now).await.unwrap();
    let by_id = async |now| catalog.by_id(night(), now).await.unwrap();
    assert!(by_slug(NOW).await.is_some() && by_id(NOW).await.is_some());
    store.takes.store(1_300, Ordering::SeqCst);
    store.gone.store(true, Ordering::SeqCst);
    let now = NOW.plus(1_000);
    assert!(by_slug(now).await.is_some(), "nobody waits longer than a second");
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(by_slug(now).await.is_none(), "but what was asked is heard");
    assert!(by_id(now).await.is_none(), "of the event, by whichever name");
}

/// Whether the event is told again so many milliseconds after it was said, where the store is away and says so after a while.
async fn is_told(after: u32, takes: u64) -> bool {
    let (store, catalog) = counting().await;
    catalog.by_id(night(), NOW).await.unwrap().unwrap();
    store.takes.store(takes, Ordering::SeqCst);
    store.away.store(true, Ordering::SeqCst);
    catalog.by_id(night(), NOW.plus(after.into())).await.is_ok()
}

#[tokio::test(start_paused = true)]
async fn what_was_said_last_is_no_older_than_half_a_minute_when_it_is_told_again() {
    let told = futures::join!(is_told(28_500, 1_500), is_told(29_900, 0), is_told(30_001, 0));
    assert_eq!(told, (true, true, false));
    // Whoever waits sees it grow older.
    assert_eq!(futures::join!(is_told(29_500, 800), is_told(29_500, 1_500)), (false, false));
}
