//! So many questions at a time, and not one more.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::trouble::Trouble;

/// How long a question may wait for its turn.
const TURN_WITHIN: Duration = Duration::from_millis(500);
/// Questions that may wait, for each that may be asked.
const WAITING_EACH: usize = 8;

/// Bounds how many questions are asked of a store at the same time, and how many wait.
#[derive(Debug)]
pub struct Bulkhead {
    what: &'static str,
    turns: Semaphore,
    waiting: AtomicUsize,
    may_wait: usize,
}

/// One of those who wait, until dropped.
struct Waits<'a>(&'a AtomicUsize);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Bulkhead {
    /// At most `at_once` questions; `what` names whom they are asked.
    #[must_use]
    pub fn new(what: &'static str, at_once: usize) -> Self {
        let at_once = at_once.max(1);
        Self {
            what,
            turns: Semaphore::new(at_once),
            waiting: AtomicUsize::new(0),
            may_wait: at_once.saturating_mul(WAITING_EACH),
        }
    }

    /// Waits for a turn, which lasts until the answer is dropped.
    ///
    /// # Errors
    /// [`Trouble::Unavailable`] where too many wait already, or for too long: the visitor is told to come back.
    pub async fn turn(&self) -> Result<SemaphorePermit<'_>, Trouble> {
        if let Ok(turn) = self.turns.try_acquire() {
            return Ok(turn);
        }
        let _waits = Waits(&self.waiting);
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.may_wait {
            return Err(self.busy());
        }
        match tokio::time::timeout(TURN_WITHIN, self.turns.acquire()).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(self.busy()),
        }
    }

    fn busy(&self) -> Trouble {
        Trouble::Unavailable { what: self.what, detail: "too many questions at once".into() }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn beyond_the_bound_one_is_told_so_and_at_once() {
        let bulkhead = Arc::new(Bulkhead::new("a test", 1));
        let turn = bulkhead.turn().await.unwrap();
        let waiting: Vec<_> = (0..WAITING_EACH)
            .map(|_| {
                let bulkhead = Arc::clone(&bulkhead);
                tokio::spawn(async move { bulkhead.turn().await.map(drop) })
            })
            .collect();
        while bulkhead.waiting.load(Ordering::Relaxed) < WAITING_EACH {
            tokio::task::yield_now().await;
        }
        assert!(matches!(bulkhead.turn().await, Err(Trouble::Unavailable { .. })), "nobody more may wait");
        drop(turn);
        for waited in waiting {
            waited.await.unwrap().expect("whoever could wait has a turn");
        }
        assert_eq!(bulkhead.waiting.load(Ordering::Relaxed), 0);
        assert!(bulkhead.turn().await.is_ok(), "and all is as before");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn on_four_threads_no_more_ask_than_may_and_every_turn_comes_back() {
        let (bulkhead, inside) = (Arc::new(Bulkhead::new("a test", 4)), Arc::new(AtomicUsize::new(0)));
        // As many as may wait: nobody is told that they are too many.
        let askers = (0..4 * WAITING_EACH).map(|_| {
            let (bulkhead, inside) = (Arc::clone(&bulkhead), Arc::clone(&inside));
            tokio::spawn(async move {
                let (mut turns, mut most) = (0, 0);
                for _ in 0..50 {
                    // One that takes too long to come, on a machine that stands still, is none.
                    let Ok(_turn) = bulkhead.turn().await else { continue };
                    most = most.max(inside.fetch_add(1, Ordering::SeqCst) + 1);
                    tokio::task::yield_now().await;
                    inside.fetch_sub(1, Ordering::SeqCst);
                    turns += 1;
                }
                (turns, most)
            })
        });
        for asker in askers.collect::<Vec<_>>() {
            let (turns, most) = asker.await.unwrap();
            assert!(turns > 0 && most <= 4, "{turns} turns, {most} at a time");
        }
        assert_eq!((bulkhead.waiting.load(Ordering::SeqCst), bulkhead.turns.available_permits()), (0, 4));
    }
}
