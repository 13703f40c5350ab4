//! Named steps at which a process stands still, so that a crash test can kill it there from outside. Does nothing in
//! a process that was not told to.

use rustix::process::{Signal, getpid, kill_process};

/// The step to stand still at.
#[derive(Clone, Debug, Default)]
pub struct StopAt(Option<String>);

impl StopAt {
    /// Every step that may be named: the way to the tickets, then the way back. The steps in `-ing` lie inside a
    /// transaction, with everything written and nothing committed.
    pub const STEPS: [&str; 16] = [
        "hold_taken",
        "claiming",
        "claimed",
        "payment_written",
        "payment_asked",
        "authorised",
        "capture_written",
        "paid",
        "captured",
        "fulfilling",
        "tickets_written",
        "closed",
        "cancel_written",
        "cancelled",
        "releasing",
        "released",
    ];

    /// Stands still at that step; `None` never does.
    #[must_use]
    pub fn new(step: Option<String>) -> Self {
        Self(step)
    }

    /// Reached `step`: if it is the one, says so and stops every thread of the process at once (`SIGSTOP`). There is no
    /// way on from here.
    pub fn reached(&self, step: &'static str) {
        if self.0.as_deref() == Some(step) {
            println!("Standing still at {step}");
            let _ = kill_process(getpid(), Signal::STOP);
            // The signal may reach another thread first: this one must not take a single step more.
            loop {
                std::thread::park();
            }
        }
    }
}
