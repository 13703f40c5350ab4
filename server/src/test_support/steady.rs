//! For tests that are about time: a machine whose processors others have for seconds makes anybody late. What failed
//! while it stood still proves nothing, and is tried again; what fails while it runs has failed.

use std::fs;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use futures::FutureExt;
use tokio::time::Instant;

/// How often a story is told, at most.
const TRIES: u32 = 4;
/// How often it is looked whether the machine runs...
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// ...and over how long it is added up what its processors were taken away, and for how long somebody waited for one.
const WINDOW: Duration = Duration::from_millis(500);
/// A machine that wakes somebody so much later than asked, or loses so much in a window, stands still...
const MUCH: Duration = Duration::from_millis(150);
/// ...and so does for somebody, a store perhaps, one on which somebody waits so much of a window.
const CROWDED: Duration = Duration::from_millis(450);

/// Tells a story that is about time, and tells it again where it panicked while the machine stood still. What must never
/// be, however late anybody is, is better answered by the story, and judged by whoever asked for it.
///
/// # Panics
/// As the story does.
pub async fn steady<T>(story: impl AsyncFn() -> T) -> T {
    match tries(async || AssertUnwindSafe(story()).catch_unwind().await).await {
        Ok(told) => told,
        Err(why) => resume_unwind(why),
    }
}

/// As [`steady`], where the story answers what came too late, and panics over everything else.
///
/// # Panics
/// As the story does, and where something came too late.
pub async fn in_time<T>(story: impl AsyncFn() -> Result<T, String>) -> T {
    tries(story).await.unwrap_or_else(|late| panic!("{late}"))
}

async fn tries<T, E>(story: impl AsyncFn() -> Result<T, E>) -> Result<T, E> {
    let mut left = TRIES;
    loop {
        left -= 1;
        let watch = Watch::begin();
        let told = story().await;
        let stood = watch.ends();
        if told.is_ok() || left == 0 || stood < MUCH {
            return told;
        }
        eprintln!("this machine stood still for {stood:?} meanwhile: once more");
    }
}

/// Sees in a thread of its own for how long the machine stands still at a time.
struct Watch {
    is_over: Arc<AtomicBool>,
    longest: JoinHandle<Duration>,
}

impl Watch {
    fn begin() -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&is_over);
        Self { is_over, longest: thread::spawn(move || longest(&ends)) }
    }

    fn ends(self) -> Duration {
        self.is_over.store(true, Ordering::Release);
        self.longest.join().unwrap_or_default()
    }
}

fn longest(ends: &AtomicBool) -> Duration {
    let mut longest = Duration::ZERO;
    let (mut looked, mut added_up) = (Instant::now(), Instant::now());
    let (mut taken_before, mut waited_before) = (taken_away(), waited());
    loop {
        thread::sleep(LOOK_EVERY);
        let is_over = ends.load(Ordering::Acquire);
        longest = longest.max(looked.elapsed().saturating_sub(LOOK_EVERY));
        looked = Instant::now();
        if is_over || added_up.elapsed() >= WINDOW {
            let (taken, waited) = (taken_away(), waited());
            longest = longest.max(taken.saturating_sub(taken_before));
            let lost = waited.saturating_sub(waited_before);
            if lost >= CROWDED {
                longest = longest.max(lost);
            }
            (added_up, taken_before, waited_before) = (looked, taken, waited);
        }
        if is_over {
            return longest;
        }
    }
}

/// What all processors together were taken away since the machine began, where it says so (Linux, "steal").
fn taken_away() -> Duration {
    let told = fs::read_to_string("/proc/stat").unwrap_or_default();
    let steal = told.lines().next().and_then(|all| all.split_whitespace().nth(8)?.parse::<u64>().ok());
    // In hundredths of a second.
    Duration::from_millis(steal.unwrap_or_default() * 10)
}

/// For how long anybody on the machine has waited for a processor, where it says so (Linux, "pressure").
fn waited() -> Duration {
    let told = fs::read_to_string("/proc/pressure/cpu").unwrap_or_default();
    let total = told.lines().next().and_then(|some| some.rsplit_once("total=")?.1.trim().parse::<u64>().ok());
    Duration::from_micros(total.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    #[tokio::test]
    async fn what_is_in_time_is_told_once_and_its_answer_is_had() {
        let told = AtomicU32::new(0);
        assert_eq!(steady(async || told.fetch_add(1, Ordering::SeqCst)).await, 0);
        assert_eq!(in_time(async || Ok(told.fetch_add(1, Ordering::SeqCst))).await, 1);
    }

    #[tokio::test]
    #[should_panic(expected = "too late")]
    async fn what_is_too_late_each_time_is_told() {
        in_time(async || Err::<(), _>("too late".to_owned())).await;
    }

    #[tokio::test]
    #[should_panic(expected = "wrong")]
    async fn what_is_wrong_each_time_panics() {
        let told = AtomicU32::new(0);
        steady(async || assert_eq!(told.load(Ordering::SeqCst), 1, "wrong")).await;
    }
}
