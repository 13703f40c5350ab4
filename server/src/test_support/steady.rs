//! For tests that are about time: a machine whose processors others have for seconds makes anybody late. What failed
//! while it stood still proves nothing, and is told again; what fails while it runs has failed, and so has what must never
//! be ([`always`]), whenever it is seen.

use std::any::Any;
use std::fmt::{Debug, Display};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
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
/// How words begin that tell of what must never be.
const NEVER: &str = "this must never be: ";
/// Names the file in which `./test` finds the names of the stories that were told again.
const NOTED_IN: &str = "PARTERRE_TOLD_AGAIN";

/// What is so however late anybody is. A story in which it is not has failed: it is not told again.
///
/// # Panics
/// Where it is not so.
#[track_caller]
pub fn always(is_so: bool, words: impl Display) {
    assert!(is_so, "{NEVER}{words}");
}

/// As [`always`]: that these are the same.
///
/// # Panics
/// Where they are not.
#[track_caller]
pub fn always_same<S: Debug + PartialEq<E>, E: Debug>(seen: S, expected: E, words: impl Display) {
    assert!(seen == expected, "{NEVER}{words}: {seen:?} instead of {expected:?}");
}

/// What came too late in a story, told when everything else in it has been judged.
#[derive(Debug, Default)]
pub struct Late(Mutex<Vec<String>>);

impl Late {
    /// Notes what took longer than it may.
    pub fn note(&self, what: impl Display, took: Duration, most: Duration) {
        if took > most {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{what} took {took:?}"));
        }
    }

    /// # Panics
    /// Where something came too late.
    #[track_caller]
    pub fn is_nothing(&self) {
        let late = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(late.is_empty(), "too late: {late:?}");
    }
}

/// Tells a story that is about time, and tells it again where it panicked while the machine stood still; but not where it
/// panicked over what must never be, however late anybody is ([`always`]).
///
/// # Panics
/// As the story does.
pub async fn steady<T>(story: impl AsyncFn() -> T) -> T {
    let story = async || AssertUnwindSafe(story()).catch_unwind().await;
    match tries(story, |why: &Box<dyn Any + Send>| is_for_good(&**why), &MACHINE).await {
        Ok(told) => told,
        Err(why) => resume_unwind(why),
    }
}

/// As [`steady`], where the story answers what came too late, and panics over everything else: that is for good.
///
/// # Panics
/// As the story does, and where something came too late.
pub async fn in_time<T>(story: impl AsyncFn() -> Result<T, String>) -> T {
    tries(story, |_: &String| false, &MACHINE).await.unwrap_or_else(|late| panic!("{late}"))
}

/// Whether somebody panicked over what must never be. Of a task that did, whoever waited for it tells the words.
fn is_for_good(why: &(dyn Any + Send)) -> bool {
    let words = why.downcast_ref::<String>().map(String::as_str).or_else(|| why.downcast_ref::<&str>().copied());
    words.is_some_and(|words| words.contains(NEVER))
}

/// Who says for how long the machine stood still, and who hears that a story is told again.
struct Witness {
    stood: fn(Watch) -> Duration,
    hears: fn(Duration),
}

const MACHINE: Witness = Witness { stood: Watch::ends, hears: note };

async fn tries<T, E>(
    story: impl AsyncFn() -> Result<T, E>,
    is_for_good: impl Fn(&E) -> bool,
    witness: &Witness,
) -> Result<T, E> {
    let mut left = TRIES;
    loop {
        left -= 1;
        let watch = Watch::begin();
        let told = story().await;
        let stood = (witness.stood)(watch);
        let Err(why) = &told else { return told };
        if left == 0 || stood < MUCH || is_for_good(why) {
            return told;
        }
        (witness.hears)(stood);
    }
}

/// Says that a story is told again, here and, where somebody gathers that, in one line for all of them.
fn note(stood: Duration) {
    let this = thread::current();
    let name = this.name().unwrap_or("a story");
    eprintln!("this machine stood still for {stood:?} meanwhile: {name} once more");
    #[allow(clippy::disallowed_methods, reason = "tests have no Config")]
    let Ok(file) = std::env::var(NOTED_IN) else { return };
    let noted = OpenOptions::new().create(true).append(true).open(&file);
    if let Err(trouble) = noted.and_then(|mut file| file.write_all(format!("{name}\n").as_bytes())) {
        eprintln!("{file}: {trouble}");
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

    /// A machine that stands still whenever anything is told.
    const STILL: Witness = Witness { stood: |watch| watch.ends().max(MUCH), hears: |_| () };

    /// How often a story is told on it that panics so until it has been told so often.
    async fn told(panics: u32, panic: impl AsyncFn()) -> (u32, bool) {
        let told = AtomicU32::new(0);
        let story = async || {
            if told.fetch_add(1, Ordering::SeqCst) < panics {
                panic().await;
            }
        };
        let story = async || AssertUnwindSafe(story()).catch_unwind().await;
        let end = tries(story, |why: &Box<dyn Any + Send>| is_for_good(&**why), &STILL).await;
        (told.load(Ordering::SeqCst), end.is_ok())
    }

    async fn late() {
        panic!("too late");
    }

    #[tokio::test]
    async fn what_is_in_time_is_told_once_and_its_answer_is_had() {
        let told = AtomicU32::new(0);
        assert_eq!(steady(async || told.fetch_add(1, Ordering::SeqCst)).await, 0);
        assert_eq!(in_time(async || Ok(told.fetch_add(1, Ordering::SeqCst))).await, 1);
    }

    #[tokio::test]
    async fn what_failed_while_the_machine_stood_still_is_told_again_a_few_times() {
        assert_eq!(told(1, late).await, (2, true));
        assert_eq!(told(TRIES, late).await, (TRIES, false));
    }

    #[tokio::test]
    async fn what_must_never_be_is_not_told_again_though_the_machine_stood_still() {
        assert_eq!(told(1, async || always(false, "a seat was granted twice")).await, (1, false));
        assert_eq!(told(1, async || always_same(2, 1, "owners of a seat")).await, (1, false));
        let in_a_task = async || tokio::spawn(async { always(false, "a seat was granted twice") }).await.unwrap();
        assert_eq!(told(1, in_a_task).await, (1, false));
    }

    #[tokio::test]
    #[should_panic(expected = "too late")]
    async fn what_is_too_late_each_time_is_told() {
        in_time(async || Err::<(), _>("too late".to_owned())).await;
    }

    #[tokio::test]
    #[should_panic(expected = "too late: [\"the second took 2s\"]")]
    async fn what_came_too_late_is_told_in_the_end() {
        let late = Late::default();
        for (what, took) in [("the first", 1), ("the second", 2)] {
            late.note(what, Duration::from_secs(took), Duration::from_secs(1));
        }
        late.is_nothing();
    }

    #[tokio::test]
    #[should_panic(expected = "wrong")]
    async fn what_is_wrong_each_time_panics() {
        let told = AtomicU32::new(0);
        steady(async || assert_eq!(told.load(Ordering::SeqCst), 1, "wrong")).await;
    }
}
