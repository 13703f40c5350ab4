//! Named steps at which the crash tests abort the process. Does nothing in a process that was not told to.

/// The step to stop at.
#[derive(Clone, Debug, Default)]
pub struct StopAt(Option<String>);

impl StopAt {
    /// Every step that may be named, in the order of a purchase.
    pub const STEPS: [&str; 7] =
        ["hold_taken", "claimed", "payment_written", "payment_asked", "capture_written", "paid", "tickets_written"];

    /// Stops at that step; `None` never stops.
    #[must_use]
    pub fn new(step: Option<String>) -> Self {
        Self(step)
    }

    /// Reached `step`: ends the process at once, as `kill -9` would, if it is the one.
    pub fn reached(&self, step: &'static str) {
        if self.0.as_deref() == Some(step) {
            std::process::abort();
        }
    }
}
