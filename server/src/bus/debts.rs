//! Channels whose message did not get out: whoever listens to them elsewhere is owed a word, for the listener's own
//! connection was never broken and shows no gap.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::trouble::Trouble;

/// Channels that are remembered. There are no more than the shop has events.
const MOST: usize = 100_000;

/// Who is owed.
#[derive(Debug, Default)]
pub(super) struct Debts(Mutex<BTreeSet<String>>);

impl Debts {
    /// Passes on how a message to `channel` went, and remembers where it did not get out.
    pub(super) fn noted(&self, channel: &str, said: Result<(), Trouble>) -> Result<(), Trouble> {
        if said.is_err() {
            self.owe(channel.to_owned());
        }
        said
    }

    /// Remembers a channel.
    pub(super) fn owe(&self, channel: String) {
        let mut owed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if owed.len() < MOST {
            owed.insert(channel);
        }
    }

    /// One that is owed a [`Frame::LookAgain`](super::frame::Frame::LookAgain), forgotten with this call.
    pub(super) fn next(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_first()
    }
}
