//! The one place that reads the system's clock and random generator; and patience with what takes long.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use domain::time::Millis;

/// Time and randomness, so that tests can bring their own.
pub trait Clock: Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> Millis;
    /// Fills `bytes` from a cryptographic generator (or a seeded one in tests).
    fn fill(&self, bytes: &mut [u8]);
}

/// `N` random bytes.
pub fn random<const N: usize>(clock: &dyn Clock) -> [u8; N] {
    let mut bytes = [0; N];
    clock.fill(&mut bytes);
    bytes
}

/// The machine's clock and generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)]
    fn now(&self) -> Millis {
        Millis(jiff::Timestamp::now().as_millisecond())
    }

    fn fill(&self, bytes: &mut [u8]) {
        // A machine without entropy cannot run a ticket shop at all.
        getrandom::fill(bytes).expect("the system has a random generator");
    }
}

/// The clock that a house goes by: it begins with the machine's, goes on whatever becomes of that, and is set to
/// PostgreSQL's, which every server of a shop asks. A machine whose clock is wrong or jumps then tells nobody a wrong end
/// of a hold, and takes none from anybody.
pub struct HouseClock {
    machine: Arc<dyn Clock>,
    started: Instant,
    /// Milliseconds since 1970 when it was started.
    anchor: AtomicI64,
}

impl HouseClock {
    /// Begins with the time of `machine`.
    #[must_use]
    #[allow(clippy::disallowed_methods)]
    pub fn over(machine: Arc<dyn Clock>) -> Self {
        let anchor = machine.now().0.into();
        Self { machine, started: Instant::now(), anchor }
    }

    /// Sets it, which is `off` milliseconds ahead (below zero: behind); a little more or less is left alone.
    pub fn set(&self, off: i64) {
        if off.saturating_abs() > BORNE {
            self.anchor.fetch_sub(off, Ordering::SeqCst);
        }
    }

    /// By how many milliseconds the machine's own clock is ahead of this one.
    #[must_use]
    pub fn machine_is_ahead(&self) -> i64 {
        self.machine.now().since(self.now())
    }
}

/// Milliseconds that a clock may be off without being set: less than anybody waits for.
const BORNE: i64 = 100;

impl Clock for HouseClock {
    fn now(&self) -> Millis {
        let gone = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        Millis(self.anchor.load(Ordering::SeqCst)).plus(gone)
    }

    fn fill(&self, bytes: &mut [u8]) {
        self.machine.fill(bytes);
    }
}

/// A clock that tests move by hand; randomness from a seeded counter (SplitMix64).
#[derive(Debug)]
pub struct ManualClock {
    now: AtomicI64,
    seed: AtomicU64,
}

impl ManualClock {
    /// Starts at `now`.
    #[must_use]
    pub fn at(now: Millis) -> Self {
        Self { now: now.0.into(), seed: 1.into() }
    }

    /// Moves on by `ms` milliseconds.
    pub fn advance(&self, ms: i64) {
        self.now.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Millis {
        Millis(self.now.load(Ordering::SeqCst))
    }

    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mut z = self.seed.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst);
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^= z >> 31;
            chunk.copy_from_slice(&z.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// How long a step may take before whoever waits for it is told.
const SHORT: Duration = Duration::from_secs(2);

/// Goes through `step`; where it takes longer than two seconds, `say` hears the `words` for it.
pub(crate) async fn told_if_long<T>(
    words: &str,
    say: &(dyn Fn(&str) + Send + Sync),
    step: impl Future<Output = T>,
) -> T {
    let mut step = pin!(step);
    if let Ok(done) = tokio::time::timeout(SHORT, &mut step).await {
        return done;
    }
    say(words);
    step.await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machines_jump_is_no_jump_of_the_house() {
        let machine = Arc::new(ManualClock::at(Millis(1_800_000_000_000)));
        let house = HouseClock::over(Arc::clone(&machine) as Arc<dyn Clock>);
        let began = house.now();
        for jump in [3_600_000, -7_200_000] {
            machine.advance(jump);
            assert!((0..60_000).contains(&house.now().since(began)));
        }
        assert!(house.machine_is_ahead() <= -3_600_000, "which is told");
        house.set(3_600_000);
        assert!((-3_600_000..-3_540_000).contains(&house.now().since(began)), "it was an hour ahead");
        house.set(-50);
        assert!(house.now().since(began) < -3_540_000);
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_long_is_told_once_and_what_does_not_is_not() {
        let heard = std::sync::Mutex::new(Vec::new());
        let say = |words: &str| heard.lock().unwrap().push(words.to_owned());
        for (words, seconds) in [("at once", 0), ("soon", 1), ("late", 3), ("very late", 60)] {
            let step = async {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                seconds
            };
            assert_eq!(told_if_long(words, &say, step).await, seconds);
        }
        assert_eq!(*heard.lock().unwrap(), ["late", "very late"]);
    }
}
