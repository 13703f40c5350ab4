//! Records of holds, written together: a plain write costs a disk's answer, and one answer serves all who wait for it.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::ids::HoldId;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout_at};

use super::engine::{Engine, unavailable, unconfirmed};
use super::table::Note;
use crate::holds::memory::lock;
use crate::trouble::Trouble;

/// Lanes that write side by side; all about one hold goes through one lane, in its order.
const LANES: usize = 16;
/// Notes in one batch, and their bytes in all. Each is two rows in two partitions: above ten of them, and above 5 KiB,
/// Cassandra writes a line or two about each batch into its log.
const NOTES: usize = 5;
const BYTES: usize = 3 * 1024;
/// Pause before another try; notes are safe to repeat.
const PAUSE: Duration = Duration::from_millis(40);

type Waiting = (Vec<Note>, oneshot::Sender<Result<(), Trouble>>);

#[derive(Debug, Default)]
struct Lane {
    waiting: VecDeque<Waiting>,
    working: bool,
}

/// Writes notes.
#[derive(Debug)]
pub(super) struct Recorder {
    lanes: Arc<[Mutex<Lane>; LANES]>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self { lanes: Arc::new(std::array::from_fn(|_| Mutex::default())) }
    }
}

fn bytes(note: &Note) -> usize {
    match note {
        Note::Keep(record) => record.contents.len() + 160,
        Note::Forget(..) => 64,
    }
}

impl Recorder {
    /// Writes notes about a hold and returns when they are written; tries again until the time for it is over.
    ///
    /// # Errors
    /// [`Trouble::Unconfirmed`] where it is not known whether they are.
    pub(super) async fn write(
        &self,
        engine: &Arc<Engine>,
        about: HoldId,
        notes: Vec<Note>,
        deadline: Instant,
    ) -> Result<(), Trouble> {
        let tries = async {
            loop {
                match self.once(engine, about, notes.clone()).await {
                    Err(trouble) if trouble.retryable() => sleep(PAUSE).await,
                    written => return written,
                }
            }
        };
        let written = timeout_at(deadline, tries).await;
        written.unwrap_or_else(|_| Err(unconfirmed("the hold's record could not be written in time")))
    }

    async fn once(&self, engine: &Arc<Engine>, about: HoldId, notes: Vec<Note>) -> Result<(), Trouble> {
        let mut hasher = DefaultHasher::new();
        about.hash(&mut hasher);
        let number = hasher.finish() as usize % LANES;
        let (done, answer) = oneshot::channel();
        let starts = {
            let mut lane = lock(&self.lanes[number]);
            lane.waiting.retain(|(_, done)| !done.is_closed());
            if lane.waiting.len() >= engine.tuning.queue {
                return Err(unavailable("too many records wait to be written"));
            }
            lane.waiting.push_back((notes, done));
            !std::mem::replace(&mut lane.working, true)
        };
        if starts {
            tokio::spawn(work(Arc::clone(engine), Arc::clone(&self.lanes), number));
        }
        answer.await.unwrap_or_else(|_| Err(unavailable("the recorder ended")))
    }
}

/// Should the work ever panic, the next note starts it anew.
struct Shift(Arc<[Mutex<Lane>; LANES]>, usize);

impl Drop for Shift {
    fn drop(&mut self) {
        if std::thread::panicking() {
            lock(&self.0[self.1]).working = false;
        }
    }
}

async fn work(engine: Arc<Engine>, lanes: Arc<[Mutex<Lane>; LANES]>, number: usize) {
    let _shift = Shift(Arc::clone(&lanes), number);
    loop {
        let (mut notes, mut done, mut size): (Vec<Note>, Vec<_>, usize) = Default::default();
        {
            let mut lane = lock(&lanes[number]);
            let weight = |notes: &[Note]| notes.iter().map(bytes).sum::<usize>();
            loop {
                // A single large one is written alone.
                let fits =
                    |(more, _): &mut Waiting| notes.len() < NOTES && (notes.is_empty() || size + weight(more) <= BYTES);
                let Some((more, answer)) = lane.waiting.pop_front_if(fits) else { break };
                size += weight(&more);
                notes.extend(more);
                done.push(answer);
            }
            if done.is_empty() {
                lane.working = false;
                return;
            }
        }
        // Notes are safe to repeat.
        let written = engine.went(engine.ask_twice(|| engine.table.note(&notes)).await);
        for answer in done {
            // Whoever asked may have gone.
            let _ = answer.send(written.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::hold::Fence;
    use domain::ids::HolderId;
    use futures::future::join_all;

    use super::*;
    use crate::holds::cql::fake::{FakeTable, Faults};
    use crate::holds::cql::{CqlHolds, Tuning};
    use crate::test_support::NOW;

    #[tokio::test]
    async fn records_go_together_and_never_more_than_cassandra_takes_without_a_word() {
        let table = FakeTable::default();
        let store = CqlHolds::on(Arc::new(table.clone()), Tuning::default(), None);
        table.fail(Faults { takes: Duration::from_millis(5), ..Faults::default() });
        let deadline = Instant::now() + Duration::from_secs(60);
        let notes = (0..400_u16).map(|n| {
            let [a, b] = n.to_be_bytes();
            let id = [a, b, 0, 0, 0, 0, 0, 0, 0, 0];
            let (hold, holder) = (HoldId::mint(NOW, id), HolderId::mint(NOW, id));
            let (recorder, engine) = (&store.inner.recorder, &store.inner.engine);
            async move { recorder.write(engine, hold, vec![Note::Forget(hold, holder, Fence(1))], deadline).await }
        });
        assert!(join_all(notes).await.iter().all(Result::is_ok));
        let sent = table.notes_sent();
        assert_eq!(sent.iter().sum::<usize>(), 400);
        assert_eq!(sent.iter().max(), Some(&NOTES), "{sent:?}");
        const { assert!(2 * NOTES <= 10, "each is two partitions") };
    }
}
