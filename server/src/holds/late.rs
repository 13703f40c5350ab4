//! Nobody waits long for an answer: the work goes on without them, and its answer is there for whoever asks again.
//!
//! An answer that came too late for whoever asked is kept for a minute, under the name it was asked for by. What nobody
//! can ask for again is undone instead.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::ids::{HoldId, HolderId};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use super::HoldError;
use super::memory::lock;
use crate::trouble::Trouble;

/// An answer comes within two seconds; a little of them is left for its way to whoever asked.
pub const TOLD_WITHIN: Duration = Duration::from_millis(1_900);
/// How long an answer is kept that nobody has heard.
const KEPT: Duration = Duration::from_secs(60);
/// Works under way and answers kept, at most.
const MOST: usize = 50_000;

/// How long somebody waits for an answer, and whether they can come back for it.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Until then.
    pub until: Instant,
    /// They can ask again under the same id, or look at what they hold.
    pub comes_back: bool,
}

impl Patience {
    /// From now on, for [`TOLD_WITHIN`].
    #[must_use]
    pub fn new(comes_back: bool) -> Self {
        Self { until: Instant::now() + TOLD_WITHIN, comes_back }
    }
}

/// Which hold, and whose: an answer is for its holder alone.
pub(super) type Name = (HoldId, HolderId);

type Answer<T> = Result<T, HoldError>;

/// Work under way, or its answer until somebody hears it.
#[derive(Debug)]
struct Work<T> {
    answer: Option<Answer<T>>,
    waiting: u32,
    comes_back: bool,
    /// Cancelled when there is an answer, or never will be.
    over: CancellationToken,
}

/// Work by name.
#[derive(Debug)]
pub(super) struct Late<T>(Mutex<HashMap<Name, Work<T>>>);

impl<T> Default for Late<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// Somebody who waits. Dropped, they have heard it or have gone.
struct Waiting<'a, T> {
    late: &'a Late<T>,
    name: Name,
    over: CancellationToken,
}

impl<T> Drop for Waiting<'_, T> {
    fn drop(&mut self) {
        if let Entry::Occupied(mut work) = lock(&self.late.0).entry(self.name) {
            work.get_mut().waiting -= 1;
            if work.get().waiting == 0 && work.get().answer.is_some() {
                work.remove();
            }
        }
    }
}

/// Work that has not ended. Dropped so, it never will.
struct Running<T> {
    late: Arc<Late<T>>,
    name: Name,
    over: CancellationToken,
    ended: bool,
}

/// What becomes of an answer.
enum Fate<T> {
    /// Somebody hears it, or it is nothing to be kept.
    Told,
    /// It waits for whoever comes back.
    Kept,
    /// Nobody will ever know of it.
    Unheard(T),
}

impl<T> Running<T> {
    fn ends(mut self, answer: Answer<T>) -> Fate<T> {
        self.ended = true;
        let mut all = lock(&self.late.0);
        let Entry::Occupied(mut work) = all.entry(self.name) else { return Fate::Told };
        let (heard, comes_back) = (work.get().waiting > 0, work.get().comes_back);
        match answer {
            // Whoever comes back finds out what is so by then.
            Err(HoldError::Trouble(_)) if !heard => {
                work.remove();
                return Fate::Told;
            }
            Ok(done) if !heard && !comes_back => {
                work.remove();
                return Fate::Unheard(done);
            }
            answer => work.get_mut().answer = Some(answer),
        }
        if heard { Fate::Told } else { Fate::Kept }
    }
}

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        if !self.ended {
            lock(&self.late.0).remove(&self.name);
        }
        self.over.cancel();
    }
}

impl<T: Clone + Send + 'static> Late<T> {
    /// Whether work runs under this name, or has an answer that nobody has heard.
    pub(super) fn knows(&self, name: Name) -> bool {
        lock(&self.0).contains_key(&name)
    }

    /// The answer of what runs under this name or has run unheard, else of `work`, which begins now. What is done and
    /// nobody can ever hear of is handed to `undo`.
    ///
    /// # Errors
    /// As `work` says; [`Trouble::Unconfirmed`] where its answer does not come in time: it goes on. [`Trouble::Unavailable`]
    /// where too much goes on already.
    pub(super) async fn ask<F: Future<Output = ()> + Send + 'static>(
        self: &Arc<Self>,
        name: Name,
        patience: Patience,
        work: impl Future<Output = Answer<T>> + Send + 'static,
        undo: impl FnOnce(T) -> F + Send + 'static,
    ) -> Answer<T> {
        let waiting = {
            let mut all = lock(&self.0);
            if all.len() >= MOST && !all.contains_key(&name) {
                return Err(too_many().into());
            }
            let known = all.entry(name).or_insert_with(|| {
                let over = CancellationToken::new();
                let running = Running { late: Arc::clone(self), name, over: over.clone(), ended: false };
                tokio::spawn(run(running, work, undo));
                Work { answer: None, waiting: 0, comes_back: false, over }
            });
            known.waiting += 1;
            known.comes_back |= patience.comes_back;
            Waiting { late: self, name, over: known.over.clone() }
        };
        // Also where time is over by now: the answer may have come in this very moment.
        let _ = timeout_at(patience.until, waiting.over.cancelled()).await;
        let answer = lock(&self.0).get(&name).and_then(|work| work.answer.clone());
        answer.unwrap_or_else(|| Err(unheard().into()))
    }
}

async fn run<T, F: Future<Output = ()> + Send>(
    running: Running<T>,
    work: impl Future<Output = Answer<T>> + Send,
    undo: impl FnOnce(T) -> F + Send,
) {
    let (late, name) = (Arc::clone(&running.late), running.name);
    let answer = work.await;
    match running.ends(answer) {
        Fate::Told => {}
        Fate::Unheard(done) => undo(done).await,
        Fate::Kept => {
            sleep(KEPT).await;
            if let Entry::Occupied(work) = lock(&late.0).entry(name)
                && work.get().waiting == 0
                && work.get().answer.is_some()
            {
                work.remove();
            }
        }
    }
}

fn too_many() -> Trouble {
    Trouble::Unavailable { what: "hold store", detail: "too much is still being found out".to_owned() }
}

/// It takes longer than anybody waits.
pub(super) fn unheard() -> Trouble {
    Trouble::Unconfirmed { what: "hold store", detail: "no answer in time; the work goes on".to_owned() }
}
