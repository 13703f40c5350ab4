//! Questions of many, asked together: what gathers while others are away makes the next journey with one command.
//!
//! Nothing waits for company: a question that comes alone goes at once. Whoever stops waiting is left out of what was
//! not asked yet, and disturbs nobody else. Time is kept for a journey, and not for each who waits: so many
//! timers would cost as much as taking the answers apart.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout};

use crate::stores::running::Running;

/// Keys in one question, at most.
const TOGETHER: usize = 128;
/// Questions under way at a time: while the store answers the one, the other is taken apart or put together.
const JOURNEYS: usize = 2;
/// Keys that are not worth two questions. More are shared by those that could go: who are answered together come back
/// together, and would all go with one question again, so that the store and the shop wait for each other in turns.
const FEW: usize = 16;
/// Keys that wait, at most; more are refused.
const WAITING: usize = 20_000;

/// Somebody who waits for the answer to a key.
struct Wanted<V, E> {
    key: String,
    since: Instant,
    answer: oneshot::Sender<Result<V, E>>,
}

/// What goes together, and for whom.
struct Journey<V, E> {
    keys: Vec<String>,
    /// As many, in the same places.
    who: Vec<oneshot::Sender<Result<V, E>>>,
    /// Since when the first of them waits.
    since: Instant,
}

/// Those whose turn has not come.
struct Queue<V, E> {
    waiting: Mutex<VecDeque<Wanted<V, E>>>,
    /// Questions that are not under way.
    idle: AtomicUsize,
    rings: Notify,
}

impl<V, E> Queue<V, E> {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Wanted<V, E>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first who still wait, as many as one question's share; `None` where nobody does.
    fn take(&self) -> Option<(Journey<V, E>, Away<'_>)> {
        let mut waiting = self.lock();
        let most = share(waiting.len(), self.idle.load(Ordering::Relaxed));
        let mut journey: Option<Journey<V, E>> = None;
        while journey.as_ref().is_none_or(|journey| journey.keys.len() < most)
            && let Some(Wanted { key, since, answer }) = waiting.pop_front()
        {
            if !answer.is_closed() {
                let journey = journey.get_or_insert_with(|| Journey {
                    keys: Vec::with_capacity(most),
                    who: Vec::with_capacity(most),
                    since,
                });
                journey.keys.push(key);
                journey.who.push(answer);
            }
        }
        if !waiting.is_empty() {
            self.rings.notify_one();
        }
        journey.map(|journey| (journey, Away::of(&self.idle)))
    }
}

/// How many of those who wait go with one question while so many could be asked.
fn share(waiting: usize, idle: usize) -> usize {
    waiting.div_ceil(idle.max(1)).max(FEW).min(waiting).min(TOGETHER)
}

/// A question that is under way, until dropped.
struct Away<'a>(&'a AtomicUsize);

impl<'a> Away<'a> {
    fn of(idle: &'a AtomicUsize) -> Self {
        idle.fetch_sub(1, Ordering::Relaxed);
        Self(idle)
    }
}

impl Drop for Away<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Asks together what is wanted at the same time. Dropping it ends its tasks.
pub(super) struct Together<V, E> {
    queue: Arc<Queue<V, E>>,
    _running: Vec<Running>,
}

impl<V, E> std::fmt::Debug for Together<V, E> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Together").finish_non_exhaustive()
    }
}

impl<V: Send + 'static, E: Clone + Send + 'static> Together<V, E> {
    /// Asks by `ask`, which answers each key in its place, has to end in time for whoever waits longest (it is told since
    /// when), and may be dropped: one that takes longer than `within`, or panics, is given up, and its askers are told so.
    pub(super) fn new<F>(
        within: Duration,
        ask: impl Fn(Vec<String>, Instant) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Vec<V>, E>> + Send + 'static,
    {
        let queue =
            Arc::new(Queue { waiting: Mutex::default(), idle: AtomicUsize::new(JOURNEYS), rings: Notify::new() });
        let journeys = (0..JOURNEYS).map(|_| Running::start(journeys(Arc::clone(&queue), within, ask.clone())));
        let _running = journeys.collect();
        Self { queue, _running }
    }

    /// The answer to `key`; `None` where too many wait, where the answers were not as many as the keys, or where the question
    /// was given up.
    pub(super) async fn get(&self, key: String) -> Option<Result<V, E>> {
        let (answer, told) = oneshot::channel();
        {
            let mut waiting = self.queue.lock();
            if waiting.len() >= WAITING {
                return None;
            }
            waiting.push_back(Wanted { key, since: Instant::now(), answer });
        }
        self.queue.rings.notify_one();
        told.await.ok()
    }
}

async fn journeys<V, E: Clone, F>(queue: Arc<Queue<V, E>>, within: Duration, ask: impl Fn(Vec<String>, Instant) -> F)
where
    F: Future<Output = Result<Vec<V>, E>>,
{
    loop {
        let Some((Journey { keys, who, since }, _away)) = queue.take() else {
            queue.rings.notified().await;
            continue;
        };
        // Those who wait now and later are not to wait for ever, whatever becomes of this one.
        let asked = AssertUnwindSafe(async { ask(keys, since).await }).catch_unwind();
        let Ok(Ok(told)) = timeout(within, asked).await else { continue };
        match told {
            // Nobody must get what is another's.
            Ok(answers) if answers.len() != who.len() => {}
            Ok(answers) => who.into_iter().zip(answers).for_each(|(one, answer)| drop(one.send(Ok(answer)))),
            Err(error) => who.into_iter().for_each(|one| drop(one.send(Err(error.clone())))),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::Semaphore;
    use tokio::task::{JoinHandle, yield_now};

    use super::*;

    /// Far longer than any of it takes.
    const LONG: Duration = Duration::from_secs(60);

    /// A store whose answers come when they are let, and the questions that it was asked.
    struct Store {
        asked: Arc<Mutex<Vec<Vec<String>>>>,
        lets: Arc<Semaphore>,
        together: Arc<Together<String, &'static str>>,
    }

    fn store(answer: impl Fn(&[String]) -> Result<Vec<String>, &'static str> + Clone + Send + Sync + 'static) -> Store {
        let (asked, lets) = (Arc::new(Mutex::default()), Arc::new(Semaphore::new(0)));
        let (noted, waits): (Arc<Mutex<Vec<_>>>, _) = (Arc::clone(&asked), Arc::clone(&lets));
        let together = Together::new(LONG, move |keys: Vec<String>, _| {
            noted.lock().unwrap().push(keys.clone());
            let (waits, answer) = (Arc::clone(&waits), answer.clone());
            async move {
                waits.acquire().await.unwrap().forget();
                answer(&keys)
            }
        });
        Store { asked, lets, together: Arc::new(together) }
    }

    /// What was told, in far longer than it takes.
    async fn told<T>(wanted: JoinHandle<T>) -> T {
        tokio::time::timeout(Duration::from_secs(10), wanted).await.expect("it is told").expect("nobody panics")
    }

    fn each(keys: &[String]) -> Result<Vec<String>, &'static str> {
        Ok(keys.iter().map(|key| format!("of {key}")).collect())
    }

    impl Store {
        fn want(&self, key: impl ToString) -> JoinHandle<Option<Result<String, &'static str>>> {
            let (together, key) = (Arc::clone(&self.together), key.to_string());
            tokio::spawn(async move { together.get(key).await })
        }

        /// Waits until so many questions are under way, or were.
        async fn journeys(&self, count: usize) {
            while self.asked.lock().unwrap().len() < count {
                yield_now().await;
            }
        }

        /// Every journey is under way, with one key.
        async fn busy(&self) {
            for number in 0..JOURNEYS {
                drop(self.want(format!("early {number}")));
                self.journeys(number + 1).await;
            }
        }

        async fn settled() {
            for _ in 0..10 {
                yield_now().await;
            }
        }
    }

    #[tokio::test]
    async fn a_question_alone_goes_at_once_and_what_comes_meanwhile_goes_together() {
        let store = store(each);
        store.busy().await;
        let wanted: Vec<_> = (0..TOGETHER + 3).map(|number| store.want(number)).collect();
        Store::settled().await;
        assert_eq!(store.asked.lock().unwrap().len(), JOURNEYS, "they wait for a journey");
        store.lets.add_permits(JOURNEYS + 2);
        for (number, wanted) in wanted.into_iter().enumerate() {
            assert_eq!(told(wanted).await, Some(Ok(format!("of {number}"))));
        }
        let sizes: Vec<usize> = store.asked.lock().unwrap().iter().map(Vec::len).collect();
        assert_eq!(sizes, [1, 1, TOGETHER, 3]);
    }

    #[tokio::test]
    async fn of_many_who_come_at_once_each_question_takes_its_share_and_few_go_together() {
        for (count, sizes) in [(FEW, vec![FEW]), (4 * FEW, vec![4 * FEW / JOURNEYS; JOURNEYS])] {
            let store = store(each);
            let wanted: Vec<_> = (0..count).map(|number| store.want(number)).collect();
            Store::settled().await;
            let asked: Vec<usize> = store.asked.lock().unwrap().iter().map(Vec::len).collect();
            assert_eq!(asked, sizes);
            store.lets.add_permits(JOURNEYS);
            for (number, wanted) in wanted.into_iter().enumerate() {
                assert_eq!(told(wanted).await, Some(Ok(format!("of {number}"))));
            }
        }
    }

    #[tokio::test]
    async fn whoever_goes_away_is_not_asked_for_and_the_others_are_answered() {
        let store = store(each);
        store.busy().await;
        let wanted: Vec<_> = (0..9).map(|number| store.want(number)).collect();
        Store::settled().await;
        wanted.iter().step_by(2).for_each(JoinHandle::abort);
        Store::settled().await;
        store.lets.add_permits(JOURNEYS + 1);
        for (number, wanted) in wanted.into_iter().enumerate().filter(|(number, _)| number % 2 == 1) {
            assert_eq!(told(wanted).await, Some(Ok(format!("of {number}"))));
        }
        assert_eq!(store.asked.lock().unwrap()[JOURNEYS], ["1", "3", "5", "7"]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn on_four_threads_everybody_is_told_what_they_asked_for_while_others_go_away() {
        let store = store(each);
        store.lets.add_permits(1_000_000);
        let askers = (0..32).map(|asker| {
            let together = Arc::clone(&store.together);
            tokio::spawn(async move {
                for number in 0..100 {
                    let key = format!("{asker} {number}");
                    drop(timeout(Duration::ZERO, together.get(format!("{key} of whoever goes away"))).await);
                    assert_eq!(together.get(key.clone()).await, Some(Ok(format!("of {key}"))));
                }
            })
        });
        for asker in askers.collect::<Vec<_>>() {
            timeout(LONG, asker).await.expect("it is told").expect("it is what was asked for");
        }
    }

    #[tokio::test]
    async fn a_failure_is_told_to_all_and_what_cannot_be_told_apart_to_nobody() {
        let store = store(|keys| match keys {
            [_, _] => Ok(vec!["of one of them".to_owned()]),
            [_, _, _] => Err("away"),
            _ => each(keys),
        });
        for (count, all_told) in [(2, None), (3, Some(Err("away"))), (1, Some(Ok("of 0".to_owned())))] {
            store.asked.lock().unwrap().clear();
            store.busy().await;
            let wanted: Vec<_> = (0..count).map(|number| store.want(number)).collect();
            Store::settled().await;
            store.lets.add_permits(JOURNEYS + 1);
            for wanted in wanted {
                assert_eq!(told(wanted).await, all_told);
            }
        }
    }

    #[tokio::test]
    async fn no_more_than_so_many_wait() {
        let store = store(each);
        store.busy().await;
        let wanted: Vec<_> = (0..WAITING).map(|number| store.want(number)).collect();
        Store::settled().await;
        assert_eq!(told(store.want("one more")).await, None);
        store.lets.add_permits(JOURNEYS + WAITING);
        for wanted in wanted {
            assert!(told(wanted).await.is_some());
        }
        assert_eq!(told(store.want("later")).await, Some(Ok("of later".to_owned())));
    }

    #[tokio::test]
    async fn a_question_that_breaks_off_or_is_never_answered_keeps_nobody_waiting() {
        let ask = |keys: Vec<String>, _| async move {
            match keys[0].as_str() {
                "breaks" => panic!("it breaks off"),
                "hangs" => std::future::pending().await,
                _ => each(&keys),
            }
        };
        let together: Together<String, &str> = Together::new(Duration::from_millis(50), ask);
        // More often than there are journeys: each goes on to the next.
        for key in ["breaks", "hangs"].repeat(JOURNEYS + 1) {
            let told = timeout(LONG, together.get(key.to_owned())).await;
            assert_eq!(told.expect("it is told"), None, "{key}");
        }
        assert_eq!(together.get("sound".to_owned()).await, Some(Ok("of sound".to_owned())));
    }
}
