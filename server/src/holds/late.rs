//! Nobody waits long for an answer: the work goes on without them, and its answer is there for whoever asks again.
//!
//! An answer that came too late for whoever asked is kept for a minute, under the name it was asked for by, where it may
//! be asked for again. What nobody can ever hear of is undone instead.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::ids::{HoldId, HolderId};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::HoldError;
use super::memory::lock;
use crate::trouble::Trouble;

#[cfg(test)]
mod tests;

/// An answer comes within two seconds; a little of them is left for its way to whoever asked.
pub const TOLD_WITHIN: Duration = Duration::from_millis(1_900);
/// How long an answer is kept that nobody has heard.
const KEPT_FOR: Duration = Duration::from_secs(60);
/// Works under way, at most; and as many answers are kept.
const MOST: usize = 50_000;

/// How somebody who has stopped waiting hears of what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Back {
    /// Never: nobody else knows of it.
    Never,
    /// They look at what they hold.
    Looks,
    /// They ask again under the same id.
    Asks,
}

/// How long somebody waits for an answer, and how they come back for it.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Until then.
    pub until: Instant,
    /// And afterwards.
    pub back: Back,
}

impl Patience {
    /// From now on, for [`TOLD_WITHIN`].
    #[must_use]
    pub fn new(back: Back) -> Self {
        Self { until: Instant::now() + TOLD_WITHIN, back }
    }
}

/// Whose, and which hold: an answer is for its holder alone.
pub(super) type Name = (HolderId, HoldId);

type Answer<T> = Result<T, HoldError>;
type Undo = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Work under way, or its answer until somebody hears it.
struct Work<T> {
    /// Tells it from others that had, or will have, its name.
    number: u64,
    answer: Option<Answer<T>>,
    waiting: u32,
    /// Somebody has read the answer.
    heard: bool,
    /// Nobody waited for the answer, and it stays for whoever asks again.
    kept: bool,
    back: Back,
    /// Cancelled when there is an answer, or never will be.
    over: CancellationToken,
    /// What undoes it; taken at most once.
    undo: Option<Undo>,
}

/// Work by name.
struct Works<T> {
    by_name: BTreeMap<Name, Work<T>>,
    begun: u64,
    kept: usize,
}

impl<T> Works<T> {
    /// The work of that name, where it is still this one.
    fn get(&mut self, name: Name, number: u64) -> Option<&mut Work<T>> {
        self.by_name.get_mut(&name).filter(|work| work.number == number)
    }

    /// As [`Works::get`], and it is forgotten.
    fn remove(&mut self, name: Name, number: u64) -> Option<Work<T>> {
        self.get(name, number)?;
        let work = self.by_name.remove(&name)?;
        self.kept -= usize::from(work.kept);
        Some(work)
    }
}

/// Whether something may be there that this tells of.
fn stands<T>(answer: &Answer<T>) -> bool {
    matches!(answer, Ok(_) | Err(HoldError::Trouble(Trouble::Unconfirmed { .. })))
}

/// Undoes in a task of its own, for whoever cannot wait.
fn begin(undo: Option<Undo>) {
    if let Some(undo) = undo
        && let Ok(runtime) = Handle::try_current()
    {
        runtime.spawn(undo);
    }
}

/// Works and late answers of one kind.
pub(super) struct Late<T> {
    works: Mutex<Works<T>>,
    kept_for: Duration,
}

impl<T> std::fmt::Debug for Late<T> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Late").finish_non_exhaustive()
    }
}

impl<T> Default for Late<T> {
    fn default() -> Self {
        Self::keeping(KEPT_FOR)
    }
}

/// Somebody who waits. Dropped, they have heard it or have gone.
struct Waiting<'a, T> {
    late: &'a Late<T>,
    name: Name,
    number: u64,
    over: CancellationToken,
}

impl<T: Clone> Waiting<'_, T> {
    fn hears(&self) -> Option<Answer<T>> {
        let mut works = lock(&self.late.works);
        let work = works.get(self.name, self.number)?;
        work.heard |= work.answer.is_some();
        work.answer.clone()
    }
}

impl<T> Drop for Waiting<'_, T> {
    fn drop(&mut self) {
        let mut works = lock(&self.late.works);
        let Some(work) = works.get(self.name, self.number) else { return };
        work.waiting -= 1;
        let Some(answer) = &work.answer else { return };
        if work.waiting > 0 || (work.kept && !work.heard) {
            return;
        }
        let is_left = stands(answer) && !work.heard && work.back == Back::Never;
        let work = works.remove(self.name, self.number);
        drop(works);
        begin(work.filter(|_| is_left).and_then(|work| work.undo));
    }
}

/// Work that has not ended. Dropped so, it never will.
struct Running<T> {
    late: Arc<Late<T>>,
    name: Name,
    number: u64,
    over: CancellationToken,
    ended: bool,
}

/// What is left to be done when work has ended.
enum Fate {
    /// Nothing: somebody hears its answer, or it is nothing to be kept.
    Over,
    /// Its answer waits for whoever asks again.
    Kept,
    /// Nobody will ever know of it.
    Undone(Undo),
}

impl<T> Running<T> {
    fn ends(mut self, answer: Answer<T>) -> Fate {
        self.ended = true;
        let mut works = lock(&self.late.works);
        let has_room = works.kept < MOST;
        let Some(work) = works.get(self.name, self.number) else { return Fate::Over };
        let is_unknown = stands(&answer) && answer.is_err();
        let hears = work.waiting > 0;
        let is_left = work.back == Back::Never && stands(&answer) && (is_unknown || !hears);
        let undo = work.undo.take_if(|_| is_left);
        // Whoever comes back after trouble finds out what is so by then.
        let keeps = work.back == Back::Asks && has_room && !matches!(answer, Err(HoldError::Trouble(_)));
        if hears {
            work.answer = Some(answer);
        } else if keeps {
            (work.answer, work.kept) = (Some(answer), true);
            works.kept += 1;
            return Fate::Kept;
        } else {
            works.remove(self.name, self.number);
        }
        undo.map_or(Fate::Over, Fate::Undone)
    }
}

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        if !self.ended {
            let work = lock(&self.late.works).remove(self.name, self.number);
            begin(work.filter(|work| work.back == Back::Never).and_then(|work| work.undo));
        }
        self.over.cancel();
    }
}

impl<T> Late<T> {
    /// Keeps answers that nobody has heard for so long.
    fn keeping(kept_for: Duration) -> Self {
        Self { works: Mutex::new(Works { by_name: BTreeMap::new(), begun: 0, kept: 0 }), kept_for }
    }

    /// Waits until no work of this holder is under way; false where patience is over first.
    pub(super) async fn settled(&self, holder: HolderId, patience: Patience) -> bool {
        let all = (holder, HoldId(Uuid::nil()))..=(holder, HoldId(Uuid::max()));
        let under_way = || {
            let works = lock(&self.works);
            let mut theirs = works.by_name.range(all.clone()).map(|(_, work)| work);
            theirs.find(|work| work.answer.is_none()).map(|work| work.over.clone())
        };
        while let Some(over) = under_way() {
            if timeout_at(patience.until, over.cancelled()).await.is_err() {
                return false;
            }
        }
        true
    }
}

impl<T: Clone + Send + 'static> Late<T> {
    /// Forgets an answer of this name that is kept.
    pub(super) fn forget(&self, name: Name) {
        let mut works = lock(&self.works);
        let kept = works.by_name.get(&name).filter(|work| work.kept && work.waiting == 0).map(|work| work.number);
        if let Some(number) = kept {
            works.remove(name, number);
        }
    }

    /// Whether work runs under this name, or has an answer that nobody has heard.
    #[cfg(test)]
    pub(super) fn knows(&self, name: Name) -> bool {
        lock(&self.works).by_name.contains_key(&name)
    }

    /// The answer of what runs under this name or has run unheard, else of `work`, which begins now. Where something may
    /// have been done that nobody can ever hear of, `undo` runs.
    ///
    /// # Errors
    /// As `work` says; [`Trouble::Unconfirmed`] where its answer does not come in time: it goes on. [`Trouble::Unavailable`]
    /// where too much goes on already.
    pub(super) async fn ask(
        self: &Arc<Self>,
        name: Name,
        patience: Patience,
        work: impl Future<Output = Answer<T>> + Send + 'static,
        undo: impl Future<Output = ()> + Send + 'static,
    ) -> Answer<T> {
        let waiting = {
            let mut works = lock(&self.works);
            if works.by_name.len() - works.kept >= MOST && !works.by_name.contains_key(&name) {
                return Err(too_many().into());
            }
            let Works { by_name, begun, .. } = &mut *works;
            let known = by_name.entry(name).or_insert_with(|| {
                *begun += 1;
                let (number, over) = (*begun, CancellationToken::new());
                let running = Running { late: Arc::clone(self), name, number, over: over.clone(), ended: false };
                tokio::spawn(run(running, work));
                let (answer, undo) = (None, Some(Box::pin(undo) as Undo));
                Work { number, answer, waiting: 0, heard: false, kept: false, back: patience.back, over, undo }
            });
            known.waiting += 1;
            known.back = known.back.max(patience.back);
            Waiting { late: self, name, number: known.number, over: known.over.clone() }
        };
        // Also where time is over by now: the answer may have come in this very moment.
        let _ = timeout_at(patience.until, waiting.over.cancelled()).await;
        waiting.hears().unwrap_or_else(|| Err(unheard().into()))
    }
}

async fn run<T>(running: Running<T>, work: impl Future<Output = Answer<T>> + Send) {
    let (late, name, number) = (Arc::clone(&running.late), running.name, running.number);
    match running.ends(work.await) {
        Fate::Over => {}
        Fate::Undone(undo) => undo.await,
        Fate::Kept => {
            sleep(late.kept_for).await;
            let mut works = lock(&late.works);
            // Whoever waits for it hears it in this moment.
            if works.get(name, number).is_some_and(|work| work.waiting == 0) {
                works.remove(name, number);
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
