//! A kind of answers: looked up, asked for once where they are missing, and kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use domain::time::Millis;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout};

use super::{ANSWERED_WITHIN, Bulkhead, CacheStore, MAX_KEY, MAX_VALUE};
use crate::clock::{Clock, random};
use crate::trouble::Trouble;

/// What a shelf holds.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// How its keys begin: the service, with a colon.
    pub prefix: &'static str,
    /// Grows when the encoding changes: an older release's answers are then no answers.
    pub version: u8,
    /// How long an answer is kept, at most; up to a tenth less, so that not all end together.
    pub time: Duration,
}

/// What somebody knows, and until when it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<T> {
    /// The answer.
    pub value: T,
    /// When it stops being true by itself, where that is known.
    pub until: Option<Millis>,
}

impl<T> From<T> for Answer<T> {
    fn from(value: T) -> Self {
        Self { value, until: None }
    }
}

/// An answer as it lies in the store: true for whoever asks from `from` to before `until`.
#[derive(Debug, Serialize, Deserialize)]
struct Kept<T> {
    from: Millis,
    until: Millis,
    value: T,
}

type Flight<T> = OnceCell<Result<Arc<T>, Trouble>>;
type Flights<T> = Mutex<HashMap<String, Weak<Flight<T>>>>;

/// Answers of one kind. Without a store nothing is kept, and the rest is the same.
pub struct Shelf<T> {
    kind: Kind,
    store: Option<Arc<dyn CacheStore>>,
    bulkhead: Arc<Bulkhead>,
    clock: Arc<dyn Clock>,
    flights: Flights<T>,
}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Shelf<T> {
    /// Answers of `kind`, kept in `store`; questions pass `bulkhead`.
    #[must_use]
    pub fn new(kind: Kind, store: Option<Arc<dyn CacheStore>>, bulkhead: Arc<Bulkhead>, clock: Arc<dyn Clock>) -> Self {
        Self { kind, store, bulkhead, clock, flights: Mutex::default() }
    }

    /// The answer called `name` as of `now`: kept, or from `ask`. However many want it at the same time, one asks.
    ///
    /// # Errors
    /// Trouble of `ask`, which has [`ANSWERED_WITHIN`], or too many questions at once.
    pub async fn get<A>(
        &self,
        name: &str,
        now: Millis,
        ask: impl Future<Output = Result<A, Trouble>>,
    ) -> Result<Arc<T>, Trouble>
    where
        A: Into<Answer<T>>,
    {
        let boarded = self.board(name);
        boarded.flight.get_or_init(|| self.look_or_ask(name, now, ask)).await.clone()
    }

    /// Forgets the answer called `name`, as what it tells of has changed.
    ///
    /// # Errors
    /// Trouble of the store: others may go on finding the answer there until its time is over.
    pub async fn forget(&self, name: &str) -> Result<(), Trouble> {
        self.leave(name);
        match &self.store {
            Some(store) => store.forget(&self.key(name)).await,
            None => Ok(()),
        }
    }

    /// Whoever comes from now on asks anew, instead of waiting for a question that is under way.
    pub fn leave(&self, name: &str) {
        lock(&self.flights).remove(name);
    }

    async fn look_or_ask<A>(
        &self,
        name: &str,
        now: Millis,
        ask: impl Future<Output = Result<A, Trouble>>,
    ) -> Result<Arc<T>, Trouble>
    where
        A: Into<Answer<T>>,
    {
        let key = self.key(name);
        if let Some(kept) = self.look(&key, now).await {
            return Ok(Arc::new(kept));
        }
        let turn = self.bulkhead.turn().await?;
        let began = Instant::now();
        let answer: Answer<T> = timeout(ANSWERED_WITHIN, ask).await.unwrap_or_else(|_| Err(never_answered()))?.into();
        drop(turn);
        let milliseconds = i64::try_from(self.kind.time.as_millis()).unwrap_or(i64::MAX);
        let until = answer.until.unwrap_or(Millis(i64::MAX)).min(now.plus(self.less(milliseconds)));
        let kept = Kept { from: now, until, value: answer.value };
        // A process may have stood still with the answer in its hand, until the mark of a change had ended.
        if began.elapsed() < ANSWERED_WITHIN {
            self.keep(&key, &kept, now).await;
        }
        Ok(Arc::new(kept.value))
    }

    async fn look(&self, key: &str, now: Millis) -> Option<T> {
        let bytes = self.store.as_ref()?.get(key).await.ok()??;
        let (version, text) = bytes.split_first()?;
        if *version != self.kind.version {
            return None;
        }
        let kept: Kept<T> = serde_json::from_slice(text).ok()?;
        (kept.from <= now && now < kept.until).then_some(kept.value)
    }

    async fn keep(&self, key: &str, kept: &Kept<T>, now: Millis) {
        let Some(store) = &self.store else { return };
        let Some(time) = u64::try_from(kept.until.since(now)).ok().filter(|time| *time > 0) else { return };
        let mut bytes = vec![self.kind.version];
        if key.len() > MAX_KEY || serde_json::to_writer(&mut bytes, kept).is_err() || bytes.len() > MAX_VALUE {
            return;
        }
        // Not kept means asked again: nothing more.
        let _ = store.keep(key, Bytes::from(bytes), Duration::from_millis(time)).await;
    }

    /// Up to a tenth less than `time`.
    fn less(&self, time: i64) -> i64 {
        let dice = u64::from_le_bytes(random(&*self.clock));
        time - i64::try_from(dice % (u64::try_from(time).unwrap_or(0) / 10 + 1)).unwrap_or(0)
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.kind.prefix)
    }

    fn board<'a>(&'a self, name: &'a str) -> Boarded<'a, T> {
        let mut flights = lock(&self.flights);
        let flight = flights.get(name).and_then(Weak::upgrade).unwrap_or_else(|| {
            let flight = Arc::new(Flight::new());
            flights.insert(name.to_owned(), Arc::downgrade(&flight));
            flight
        });
        Boarded { flights: &self.flights, name, flight }
    }
}

/// Somebody who waits for an answer. If the one who asks goes away, the next one asks.
struct Boarded<'a, T> {
    flights: &'a Flights<T>,
    name: &'a str,
    flight: Arc<Flight<T>>,
}

impl<T> Drop for Boarded<'_, T> {
    fn drop(&mut self) {
        let mut flights = lock(self.flights);
        let mine = flights.get(self.name).is_some_and(|known| known.ptr_eq(&Arc::downgrade(&self.flight)));
        if mine && (self.flight.initialized() || Arc::strong_count(&self.flight) == 1) {
            flights.remove(self.name);
        }
    }
}

fn never_answered() -> Trouble {
    Trouble::Unavailable { what: "the books", detail: format!("no answer within {} s", ANSWERED_WITHIN.as_secs()) }
}

fn lock<T>(flights: &Flights<T>) -> MutexGuard<'_, HashMap<String, Weak<Flight<T>>>> {
    flights.lock().unwrap_or_else(PoisonError::into_inner)
}
