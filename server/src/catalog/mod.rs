//! The catalogue: what is on, where, for how much, on which chart. Reads are cached for a second at most, so that a
//! hot event costs Postgres one question a second, whoever asks.

pub mod cached;
pub mod charts;
#[cfg(test)]
mod contract;
pub mod memory;
pub mod postgres;
pub mod store;
#[cfg(test)]
pub(crate) mod tests;
pub mod types;
pub mod view;

use std::sync::Arc;
use std::time::Duration;

use domain::ids::EventId;
use domain::time::{Millis, SECOND};
use moka::future::Cache;
use thiserror::Error;
use tokio::time::{Instant, timeout};

use crate::trouble::Trouble;
pub use charts::{Charts, LoadedChart};
use store::{EventStore, Which};
use types::{Claims, Cursor, DEFAULT_ROWS, Event, MAX_ROWS, MAX_SEARCH, Query, Summary};

/// How old an answer may be.
const FRESH_FOR: Duration = Duration::from_secs(1);
/// How long the last one is good enough where nobody can be asked.
pub const GOOD_FOR: Duration = Duration::from_secs(30);
/// How long somebody waits for an answer where the last one is good enough.
pub const SOON: Duration = Duration::from_secs(1);
/// Bytes of an address part, at most; the schema says the same.
const MAX_NAME: usize = 100;
/// Answers kept at a time.
const ANSWERS: u64 = 2_000;

/// Why there is no list.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ListError {
    /// The search is too long.
    #[error("a search has at most {limit} characters")]
    SearchTooLong {
        /// The limit.
        limit: usize,
    },
    /// The page is too large.
    #[error("a page has at most {limit} rows")]
    PageTooLarge {
        /// The limit.
        limit: u32,
    },
    /// The store failed.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// A page of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The rows, by start.
    pub events: Vec<Summary>,
    /// Where the next page begins, where there is one.
    pub next: Option<Cursor>,
}

/// The service.
#[derive(Clone)]
pub struct Catalog {
    store: Arc<dyn EventStore>,
    charts: Charts,
    lists: Cache<(Query, i64), Arc<Listed>>,
    events: Cache<(Which, i64), Option<Arc<Event>>>,
    last: Cache<Which, (Millis, Arc<Event>)>,
}

impl Catalog {
    /// Events of `store`, on charts of `charts`.
    #[must_use]
    pub fn new(store: Arc<dyn EventStore>, charts: Charts) -> Self {
        Self {
            store,
            charts,
            lists: Cache::builder().max_capacity(ANSWERS).time_to_live(FRESH_FOR).build(),
            events: Cache::builder().max_capacity(ANSWERS).time_to_live(FRESH_FOR).build(),
            last: Cache::builder().max_capacity(ANSWERS).time_to_live(GOOD_FOR).build(),
        }
    }

    /// The charts.
    #[must_use]
    pub fn charts(&self) -> &Charts {
        &self.charts
    }

    /// The store itself, for whoever makes events.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn EventStore> {
        &self.store
    }

    /// A page of public events, by start; as of `now`, at most a second old.
    ///
    /// # Errors
    /// A limit that was exceeded, or trouble.
    pub async fn list(&self, query: &Query, now: Millis) -> Result<Arc<Listed>, ListError> {
        if query.words.as_ref().is_some_and(|words| words.chars().count() > MAX_SEARCH) {
            return Err(ListError::SearchTooLong { limit: MAX_SEARCH });
        }
        if query.limit > MAX_ROWS {
            return Err(ListError::PageTooLarge { limit: MAX_ROWS });
        }
        if query.category.as_deref().is_some_and(|category| !is_name(category)) {
            return Ok(Arc::default());
        }
        let mut query = query.clone();
        // Nothing is called by characters that cannot be seen, and PostgreSQL has no text with a NUL in it.
        let seen = |words: String| words.replace(char::is_control, " ").trim().to_owned();
        query.words = query.words.map(seen).filter(|words| !words.is_empty());
        query.limit = if query.limit == 0 { DEFAULT_ROWS } else { query.limit };
        // One row more than asked for tells whether there is a next page.
        let wider = Query { limit: query.limit + 1, ..query.clone() };
        let asked = self.lists.try_get_with((query.clone(), second(now)), async {
            let mut events = self.store.list(&wider, now).await?;
            let more = events.len() > query.limit as usize;
            events.truncate(query.limit as usize);
            let next = events.last().filter(|_| more).map(|last| Cursor { starts_at: last.starts_at, id: last.id });
            Ok(Arc::new(Listed { events, next }))
        });
        asked.await.map_err(|trouble: Arc<Trouble>| ListError::Trouble((*trouble).clone()))
    }

    /// A public event by its address part; as of `now`, at most a second old. Where nobody can be asked, the last answer
    /// is given for half a minute after it was said, whoever waited for another one included, unless the event has become
    /// another by itself since.
    ///
    /// # Errors
    /// Trouble.
    pub async fn by_slug(&self, slug: &str, now: Millis) -> Result<Option<Arc<Event>>, Trouble> {
        if !is_name(slug) {
            return Ok(None);
        }
        self.find(Which::Slug(slug.to_owned()), now).await
    }

    /// A public event by its id, as by its address part.
    ///
    /// # Errors
    /// Trouble.
    pub async fn by_id(&self, id: EventId, now: Millis) -> Result<Option<Arc<Event>>, Trouble> {
        self.find(Which::Id(id), now).await
    }

    async fn find(&self, which: Which, now: Millis) -> Result<Option<Arc<Event>>, Trouble> {
        let key = (which.clone(), second(now));
        if let Some(known) = self.events.get(&key).await {
            return Ok(known);
        }
        let began = Instant::now();
        // It must still be good when nobody waits any longer.
        let is_known = self.last_good(&which, later(now, SOON)).await.is_some();
        let (catalog, asked_for) = (self.clone(), key.clone());
        let asked = async move { catalog.ask(asked_for, now).await };
        let trouble = match soon(asked, is_known).await {
            Ok(found) => return Ok(found),
            Err(trouble) => trouble,
        };
        // Others may have heard something since.
        let last = self.last_good(&which, later(now, began.elapsed())).await.filter(|_| trouble.retryable());
        let Some((said_at, event)) = last else { return Err((*trouble).clone()) };
        // For this second and the next, so that whoever is in trouble is asked no oftener than others.
        for second in [key.1, key.1 + 1] {
            let (key, end) = ((which.clone(), second), Millis((second + 1) * SECOND - 1));
            if is_good(&event, said_at, end) && !self.events.contains_key(&key) {
                self.events.insert(key, Some(Arc::clone(&event))).await;
            }
        }
        Ok(Some(event))
    }

    /// Asks the store, for all who ask for the same at the same time.
    async fn ask(&self, key: (Which, i64), now: Millis) -> Result<Option<Arc<Event>>, Arc<Trouble>> {
        let which = key.0.clone();
        let asked = self.events.try_get_with(key, async {
            let found = self.store.find(&which, now).await?.map(Arc::new);
            match &found {
                Some(event) => self.last.insert(which, (now, Arc::clone(event))).await,
                // By neither of its names.
                None => {
                    if let Some((_, old)) = self.last.remove(&which).await {
                        self.last.invalidate(&Which::Id(old.summary.id)).await;
                        self.last.invalidate(&Which::Slug(old.summary.slug.clone())).await;
                    }
                }
            }
            Ok(found)
        });
        asked.await
    }

    /// The last answer, where it may be given again.
    async fn last_good(&self, which: &Which, now: Millis) -> Option<(Millis, Arc<Event>)> {
        self.last.get(which).await.filter(|(at, event)| is_good(event, *at, now))
    }

    /// The event's chart with its geometry; `None` where all stand.
    ///
    /// # Errors
    /// Trouble; a chart that is named and missing is [`Trouble::Corrupt`].
    pub async fn chart_of(&self, event: &Event) -> Result<Option<Arc<LoadedChart>>, Trouble> {
        let Some(chart) = &event.chart else { return Ok(None) };
        self.charts.load(chart.id).await?.map(Some).ok_or_else(|| Trouble::Corrupt {
            what: "the catalogue",
            detail: format!("event {} names chart {}, which is not there", event.summary.id, chart.id),
        })
    }

    /// What is claimed of the event, read afresh.
    ///
    /// # Errors
    /// Trouble.
    pub async fn claims(&self, event: EventId) -> Result<Claims, Trouble> {
        self.store.claims(event).await
    }
}

/// Whether events or categories can be called so: what cannot be is not looked for, and takes no room among the answers.
fn is_name(text: &str) -> bool {
    text.len() <= MAX_NAME && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// What was `asked`, or trouble where it takes long and an older answer will do: it is then heard later, if it comes
/// while that is good. Others wait for the same answer, and it may be lost with its connection.
///
/// # Errors
/// Trouble.
pub async fn soon<T: Send + 'static>(
    asked: impl Future<Output = Result<T, Arc<Trouble>>> + Send + 'static,
    older_will_do: bool,
) -> Result<T, Arc<Trouble>> {
    if !older_will_do {
        return asked.await;
    }
    let late = || Err(Arc::new(Trouble::Unavailable { what: "the catalogue", detail: "no answer soon".into() }));
    let heard_later = tokio::spawn(timeout(GOOD_FOR, asked));
    match timeout(SOON, heard_later).await {
        Ok(Ok(Ok(told))) => told,
        _ => late(),
    }
}

/// Whether what was said of the event then may be said again.
fn is_good(event: &Event, said_at: Millis, now: Millis) -> bool {
    let is_recent = i64::try_from(GOOD_FOR.as_millis()).is_ok_and(|good_for| now.since(said_at) <= good_for);
    is_recent && cached::next_change(event, said_at).is_none_or(|at| now < at)
}

/// The instant so long after `now`.
fn later(now: Millis, passed: Duration) -> Millis {
    now.plus(i64::try_from(passed.as_millis()).unwrap_or(i64::MAX))
}

/// Answers are kept by the second they were asked for: the instant decides about "past" and "on sale".
fn second(now: Millis) -> i64 {
    now.0.div_euclid(SECOND)
}
