//! The independent auditor: reads the books by plain SQL, shares no code with the purchase, and lists every breach of
//! an invariant of `docs/ARCHITECTURE.md`. The storms and the crash tests end with it; an operator may run it any time.

mod postgres;

pub use postgres::check;

/// A broken invariant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Breach {
    /// Which, such as `I1`.
    pub invariant: String,
    /// What is wrong, and with what.
    pub detail: String,
}

impl core::fmt::Display for Breach {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}: {}", self.invariant, self.detail)
    }
}
