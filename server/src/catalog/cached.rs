//! Events through the cache: details are kept for five minutes, lists for one, and a change makes them forgotten.
//!
//! Answers depend on the instant asked about ("announced" becomes "on sale"), so each is kept no longer than until the
//! next instant at which its event changes by itself. Searches for words are never kept, as there are too many; but all
//! questions together are bounded. What may be held is asked past all of it ([`CachedEvents::in_the_books`]).
//!
//! Those who look and those who buy ask apart ([`Lanes`]): a crowd that searches takes neither the turns nor the
//! connections of a buyer, and no buyer waits for an answer that a looker was refused.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use domain::ids::{EventId, PromoterId, VenueId};
use domain::seat::SeatId;
use domain::time::{Millis, SECOND};
use sha2::{Digest, Sha256};

use super::store::{Added, EventStore, Which};
use super::types::{Claims, Event, NewEvent, NewPromoter, NewVenue, Query, Status, Summary};
use crate::cache::{AVAILABILITY_FOR, Answer, Bulkhead, CacheStore, EVENT_FOR, Kind, NOTHING_FOR, Shelf};
use crate::clock::{Clock, random};
use crate::trouble::Trouble;

/// How long a list is kept that has an event whose sale is still to come: it may open at any moment.
const ANNOUNCED_FOR: i64 = 5 * SECOND;
/// The name of the number that all lists carry: forgetting it forgets them all.
const LISTS: &str = "{lists}";

const NAMES: Kind = Kind { prefix: "event:name:", version: 1, time: EVENT_FOR };
const EVENTS: Kind = Kind { prefix: "event:", version: 1, time: EVENT_FOR };
const NUMBER: Kind = Kind { prefix: "event:", version: 1, time: EVENT_FOR };
const PAGES: Kind = Kind { prefix: "event:list:", version: 1, time: AVAILABILITY_FOR };

/// A store of events behind a cache.
pub struct CachedEvents {
    inner: Arc<dyn EventStore>,
    clock: Arc<dyn Clock>,
    bulkhead: Arc<Bulkhead>,
    names: Shelf<Option<EventId>>,
    events: Shelf<Option<Event>>,
    number: Shelf<u64>,
    pages: Shelf<Vec<Summary>>,
}

impl CachedEvents {
    /// Events of `inner`, kept in `store` where there is one, with at most `at_once` questions to `inner`.
    #[must_use]
    pub fn new(
        inner: Arc<dyn EventStore>,
        store: Option<Arc<dyn CacheStore>>,
        at_once: usize,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let bulkhead = Arc::new(Bulkhead::new("the catalogue", at_once));
        let with = || (store.clone(), Arc::clone(&bulkhead), Arc::clone(&clock));
        macro_rules! shelf {
            ($kind:expr) => {{
                let (store, bulkhead, clock) = with();
                Shelf::new($kind, store, bulkhead, clock)
            }};
        }
        Self {
            names: shelf!(NAMES),
            events: shelf!(EVENTS),
            number: shelf!(NUMBER),
            pages: shelf!(PAGES),
            inner,
            clock,
            bulkhead,
        }
    }

    /// The event and its kills past the cache, in one turn: what may be held follows the books, not what pages show.
    ///
    /// # Errors
    /// Trouble of the books, or too many questions at once.
    pub async fn in_the_books(&self, id: EventId, now: Millis) -> Result<Option<(Event, Vec<SeatId>)>, Trouble> {
        let _turn = self.bulkhead.turn().await?;
        let Some(event) = self.inner.find(&Which::Id(id), now).await? else { return Ok(None) };
        Ok(Some((event, self.inner.kills(id).await?)))
    }

    /// Forgets what is kept of `what`, as it has changed.
    ///
    /// # Errors
    /// Trouble of the cache, which goes on telling others what was.
    async fn forget(&self, event: EventId, what: Changed) -> Result<(), Trouble> {
        let forgotten = self.events.forget(&tag(event)).await;
        // Whatever became of that: one that takes no mark may still let go.
        let lists = match what {
            Changed::Places => Ok(()),
            Changed::Sale => self.number.forget(LISTS).await,
        };
        forgotten.and(lists)
    }

    async fn by_id(&self, id: EventId, now: Millis) -> Result<Option<Event>, Trouble> {
        let ask = async {
            let event = self.inner.find(&Which::Id(id), now).await?;
            let until = event.as_ref().map_or(Some(nothing(now)), |event| next_change(event, now));
            Ok(Answer { value: event, until })
        };
        Ok(self.events.get(&tag(id), now, ask).await?.as_ref().clone())
    }
}

/// The same events for two kinds of visitors, with one cache.
#[derive(Clone)]
pub struct Lanes {
    /// For whoever looks, in any number.
    pub looking: Arc<CachedEvents>,
    /// For whoever buys, and for what the house itself asks.
    pub buying: Arc<CachedEvents>,
    owed: Arc<Mutex<BTreeMap<EventId, Changed>>>,
}

/// What of an event is another now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Changed {
    /// What is left of it, which lists may tell a minute later.
    Places,
    /// Whether it can be bought at all.
    Sale,
}

impl Lanes {
    /// The two.
    #[must_use]
    pub fn new(looking: Arc<CachedEvents>, buying: Arc<CachedEvents>) -> Self {
        Self { looking, buying, owed: Arc::default() }
    }

    /// Forgets what is kept of an event, as `what` of it has changed. Where the cache does not hear it, it is told again
    /// by [`Lanes::again`]. False where that is so.
    pub async fn changed(&self, event: EventId, what: Changed) -> bool {
        self.buying.events.leave(&tag(event));
        let forgotten = self.looking.forget(event, what).await;
        if let Err(trouble) = &forgotten {
            tracing::debug!(%trouble, "what has changed stays kept until it can be forgotten");
            let mut owed = self.owed();
            let most = owed.get(&event).copied().unwrap_or(what).max(what);
            owed.insert(event, most);
        }
        forgotten.is_ok()
    }

    /// Tells the cache again what it did not hear.
    pub async fn again(&self) {
        let owed = std::mem::take(&mut *self.owed());
        for (event, what) in owed {
            self.changed(event, what).await;
        }
    }

    fn owed(&self) -> MutexGuard<'_, BTreeMap<EventId, Changed>> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl EventStore for CachedEvents {
    async fn list(&self, query: &Query, now: Millis) -> Result<Vec<Summary>, Trouble> {
        if query.words.is_some() {
            let _turn = self.bulkhead.turn().await?;
            return self.inner.list(query, now).await;
        }
        let number = self.number.get(LISTS, now, async { Ok(u64::from_le_bytes(random(&*self.clock))) }).await?;
        let ask = async {
            let rows = self.inner.list(query, now).await?;
            let until = rows.iter().flat_map(|row| row_changes(row, now)).min();
            Ok(Answer { value: rows, until })
        };
        Ok(self.pages.get(&page(*number, query), now, ask).await?.as_ref().clone())
    }

    async fn find(&self, which: &Which, now: Millis) -> Result<Option<Event>, Trouble> {
        let slug = match which {
            Which::Id(id) => return self.by_id(*id, now).await,
            Which::Slug(slug) => slug,
        };
        let ask = async {
            let id = self.inner.find(which, now).await?.map(|event| event.summary.id);
            let until = id.is_none().then(|| nothing(now));
            Ok(Answer { value: id, until })
        };
        match *self.names.get(&format!("{{{slug}}}"), now, ask).await? {
            Some(id) => self.by_id(id, now).await,
            None => Ok(None),
        }
    }

    async fn kills(&self, event: EventId) -> Result<Vec<SeatId>, Trouble> {
        self.inner.kills(event).await
    }

    async fn claims(&self, event: EventId) -> Result<Claims, Trouble> {
        self.inner.claims(event).await
    }

    async fn ensure_promoter(&self, promoter: &NewPromoter) -> Result<PromoterId, Trouble> {
        self.inner.ensure_promoter(promoter).await
    }

    async fn ensure_venue(&self, venue: &NewVenue) -> Result<VenueId, Trouble> {
        self.inner.ensure_venue(venue).await
    }

    async fn add(&self, event: &NewEvent) -> Result<Added, Trouble> {
        let added = self.inner.add(event).await;
        // Whether or not the answer came: it may have been made.
        let forgotten =
            [self.names.forget(&format!("{{{}}}", event.slug)).await, self.forget(event.id, Changed::Sale).await];
        for trouble in forgotten.into_iter().filter_map(Result::err) {
            tracing::debug!(%trouble, "that there was no such event stays kept until its time is over");
        }
        added
    }

    async fn any(&self) -> Result<bool, Trouble> {
        self.inner.any().await
    }
}

fn tag(event: EventId) -> String {
    format!("{{{event}}}")
}

fn nothing(now: Millis) -> Millis {
    now.plus(i64::try_from(NOTHING_FOR.as_millis()).unwrap_or(i64::MAX))
}

/// The name of a page of the list. Every part of the query is in it, each with its length.
fn page(number: u64, query: &Query) -> String {
    let mut digest = Sha256::new();
    for part in [
        format!("{:?}", query.from),
        format!("{:?}", query.to),
        format!("{:?}", query.category),
        format!("{:?}", query.after),
        query.limit.to_string(),
    ] {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    let digest = digest.finalize();
    let hash: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{{{number:x}-{hash}}}")
}

/// The next instant at which the event is another by itself: sales open and close, and it ends.
pub(super) fn next_change(event: &Event, now: Millis) -> Option<Millis> {
    let windows = event.tiers.iter().flat_map(|tier| [tier.sale.opens_at, tier.sale.closes_at]);
    let ends = [Some(event.summary.starts_at), event.summary.ends_at];
    windows.chain(ends).flatten().filter(|at| *at > now).min()
}

/// The instants at which a row of the list may change by itself.
fn row_changes(row: &Summary, now: Millis) -> impl Iterator<Item = Millis> {
    let opens = (row.status == Status::Announced).then(|| now.plus(ANNOUNCED_FOR));
    [Some(row.starts_at), row.ends_at, opens].into_iter().flatten().filter(move |at| *at > now)
}
