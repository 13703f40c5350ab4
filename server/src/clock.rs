//! The one place that reads the system's clock and random generator.

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

/// A clock that tests move by hand; randomness from a seeded counter (SplitMix64).
#[derive(Debug)]
pub struct ManualClock {
    now: std::sync::atomic::AtomicI64,
    seed: std::sync::atomic::AtomicU64,
}

impl ManualClock {
    /// Starts at `now`.
    #[must_use]
    pub fn at(now: Millis) -> Self {
        Self { now: now.0.into(), seed: 1.into() }
    }

    /// Moves on by `ms` milliseconds.
    pub fn advance(&self, ms: i64) {
        self.now.fetch_add(ms, std::sync::atomic::Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Millis {
        Millis(self.now.load(std::sync::atomic::Ordering::SeqCst))
    }

    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mut z = self.seed.fetch_add(0x9E37_79B9_7F4A_7C15, std::sync::atomic::Ordering::SeqCst);
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^= z >> 31;
            chunk.copy_from_slice(&z.to_le_bytes()[..chunk.len()]);
        }
    }
}
