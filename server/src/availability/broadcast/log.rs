//! What a topic's sockets are sent: its last frames, and what they lead to.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::Instant;

use super::Topic;
use crate::availability::Wants;
use crate::availability::frame::Frame;
use crate::availability::seen::Seen;

/// Frames that wait for slow readers of a topic. Whoever is further behind gets the whole state instead.
const WAITING: usize = 64;

/// The last frames of a topic.
pub(super) struct Log {
    pub(super) topic: Topic,
    pub(super) first: u64,
    pub(super) frames: VecDeque<Frame>,
    /// What the last frame leads to.
    pub(super) seen: Arc<Seen>,
    pub(super) listeners: Vec<u32>,
    /// When the first of the frames was published that came since the listeners were last served.
    pub(super) unserved: Option<Instant>,
    pub(super) quiet_since: u32,
}

impl Log {
    /// Without frames: what is `seen` was told to its first listener, at this beat.
    pub(super) fn new(topic: Topic, seen: Arc<Seen>, beat: u32) -> Self {
        let (frames, listeners) = (VecDeque::new(), Vec::new());
        Self { topic, first: 0, frames, seen, listeners, unserved: None, quiet_since: beat }
    }

    /// The number of the frame that comes next.
    pub(super) fn end(&self) -> u64 {
        self.first + self.frames.len() as u64
    }

    /// Adds a frame that leads to `seen`, and lets the oldest go where too many wait.
    pub(super) fn push(&mut self, frame: Frame, seen: Arc<Seen>, at: Instant) {
        self.frames.push_back(frame);
        self.seen = seen;
        self.unserved.get_or_insert(at);
        // Counts are whole each time: whoever is behind wants the last ones alone.
        let keep = if self.topic.wants == Wants::Counts { 1 } else { WAITING };
        while self.frames.len() > keep {
            self.frames.pop_front();
            self.first += 1;
        }
    }
}
