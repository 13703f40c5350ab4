//! Records of holds, written together: a plain write costs a disk's answer, and one answer serves all who wait for it.
//! Each bucket has a lane, so that those of one request lie in one partition; all about one hold goes through its holder's
//! lane, in its order.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::ids::HolderId;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout_at};

use super::engine::{Engine, unavailable, unconfirmed};
use super::table::{BUCKETS, Load, Note, bucket};
use crate::holds::memory::lock;
use crate::trouble::Trouble;

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
    lanes: Arc<[Mutex<Lane>; BUCKETS]>,
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
    /// Writes notes about a holder's hold and returns when they are written; tries again until the time for it is over.
    ///
    /// # Errors
    /// [`Trouble::Unconfirmed`] where it is not known whether they are.
    pub(super) async fn write(
        &self,
        engine: &Arc<Engine>,
        holder: HolderId,
        notes: Vec<Note>,
        deadline: Instant,
    ) -> Result<(), Trouble> {
        let tries = async {
            loop {
                match self.once(engine, holder, notes.clone()).await {
                    Err(trouble) if trouble.retryable() => sleep(PAUSE).await,
                    written => return written,
                }
            }
        };
        let written = timeout_at(deadline, tries).await;
        written.unwrap_or_else(|_| Err(unconfirmed("the hold's record could not be written in time")))
    }

    async fn once(&self, engine: &Arc<Engine>, holder: HolderId, notes: Vec<Note>) -> Result<(), Trouble> {
        let number = bucket(holder) as usize;
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
struct Shift(Arc<[Mutex<Lane>; BUCKETS]>, usize);

impl Drop for Shift {
    fn drop(&mut self) {
        if std::thread::panicking() {
            lock(&self.0[self.1]).working = false;
        }
    }
}

async fn work(engine: Arc<Engine>, lanes: Arc<[Mutex<Lane>; BUCKETS]>, number: usize) {
    let _shift = Shift(Arc::clone(&lanes), number);
    let most: Load = engine.table.load();
    loop {
        let (mut notes, mut done, mut size): (Vec<Note>, Vec<_>, usize) = Default::default();
        {
            let mut lane = lock(&lanes[number]);
            let weight = |notes: &[Note]| notes.iter().map(bytes).sum::<usize>();
            loop {
                // A single large one is written alone.
                let fits = |(more, _): &mut Waiting| {
                    notes.len() < most.notes && (notes.is_empty() || size + weight(more) <= most.bytes)
                };
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
    use domain::ids::HoldId;
    use futures::future::join_all;

    use super::*;
    use crate::holds::cql::fake::{FakeTable, Faults, LOAD};
    use crate::holds::cql::table::Record;
    use crate::holds::cql::{CqlHolds, Tuning};
    use crate::test_support::NOW;

    /// How many notes went in each request, of so many that all waited for one bucket.
    async fn sent_together(notes: Vec<(HolderId, Note)>) -> Vec<usize> {
        let table = FakeTable::default();
        let store = CqlHolds::on(Arc::new(table.clone()), Tuning::default(), None);
        table.fail(Faults { takes: Duration::from_millis(5), ..Faults::default() });
        let deadline = Instant::now() + Duration::from_secs(60);
        let (recorder, engine) = (&store.inner.recorder, &store.inner.engine);
        let all = notes.into_iter().map(|(holder, note)| recorder.write(engine, holder, vec![note], deadline));
        assert!(join_all(all).await.iter().all(Result::is_ok));
        table.notes_sent()
    }

    fn ids(n: u16) -> (HoldId, HolderId) {
        let [a, b] = n.to_be_bytes();
        (HoldId::mint(NOW, [a, b, 0, 0, 0, 0, 0, 0, 0, 1]), HolderId::mint(NOW, [b, a, 0, 0, 0, 0, 0, 0, 0, 0]))
    }

    #[tokio::test]
    async fn records_of_one_bucket_go_together_and_never_more_than_a_request_carries() {
        let forget = |n| (ids(n).1, Note::Forget(ids(n).0, ids(n).1, Fence(1)));
        let here = bucket(ids(0).1);
        let one: Vec<_> = (0..2_000).map(forget).filter(|(holder, _)| bucket(*holder) == here).take(41).collect();
        assert_eq!(sent_together(one).await, [8, 8, 8, 8, 8, 1], "{LOAD:?}");
        let [near, far] = [true, false].map(|near| {
            (0..2_000).map(forget).filter(|(holder, _)| (bucket(*holder) == here) == near).take(1).collect::<Vec<_>>()
        });
        assert_eq!(sent_together([near, far].concat()).await, [1, 1], "those of two buckets never go together");
    }

    #[tokio::test]
    async fn a_large_record_is_written_alone() {
        let (hold, holder) = ids(0);
        let keep = |bytes| {
            let contents = vec![b'a'; bytes];
            let (event, until) = (hold.0, NOW);
            (holder, Note::Keep(Record { hold, holder, event, until, extensions: 0, fence: 1, contents }))
        };
        let sizes = [1, 2 * LOAD.bytes, 1, 1, LOAD.bytes / 2, LOAD.bytes / 2, 1];
        assert_eq!(sent_together(sizes.map(keep).to_vec()).await, [1, 1, 3, 2]);
    }

    #[test]
    fn holders_spread_over_all_buckets() {
        let mut counts = [0; BUCKETS];
        (0..1_600).for_each(|n| counts[bucket(ids(n).1) as usize] += 1);
        assert!(counts.iter().all(|count| (50..=200).contains(count)), "{counts:?}");
        // Where a record lies is written down in keyspaces: it may not change.
        assert_eq!([0, 1, 2, 3].map(|n| bucket(ids(n).1)), [8, 11, 15, 2]);
    }
}
