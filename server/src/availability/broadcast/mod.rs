//! Bytes to many sockets: a few threads, each with a slab of sockets that nothing else touches.
//!
//! A listener costs its socket, its place in the stream and its place in the slab, and no task, no buffer and no timer. The
//! sockets were served by hyper until their request turned out to be for a stream ([`crate::availability::Ask`]).

mod log;
mod shard;
mod slab;
#[cfg(test)]
mod tests;

use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use bytes::Bytes;
use domain::ids::EventId;
use tokio::time::Instant;

use super::Wants;
use super::frame::Frame;
use super::seen::Seen;
use shard::{Command, Handle};

/// Threads, at most. One writes some hundred thousand times a second; what is shared costs more than it brings.
const MOST_THREADS: usize = 4;

/// What sockets listen to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Topic {
    /// The event.
    pub(super) event: EventId,
    /// All of it, or the counts.
    pub(super) wants: Wants,
}

/// Keeps whatever counts a listener alive until its socket is gone.
pub(super) type Guard = Box<dyn Send>;

/// A socket that joins.
pub(super) struct Joining {
    pub(super) topic: Topic,
    pub(super) socket: TcpStream,
    /// Written before all else: the answer's head and the first events.
    pub(super) first: Vec<Bytes>,
    /// What they lead to.
    pub(super) seen: Arc<Seen>,
    pub(super) guard: Guard,
}

/// The threads; none until the first socket joins.
#[derive(Debug, Default)]
pub(super) struct Broadcaster {
    shards: OnceLock<Vec<Shard>>,
    next: AtomicUsize,
}

#[derive(Debug)]
struct Shard {
    handle: Handle,
    thread: std::sync::Mutex<Option<JoinHandle<()>>>,
}

impl Broadcaster {
    fn start() -> Vec<Shard> {
        let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(MOST_THREADS));
        let start = |_| {
            let (handle, thread) = shard::start()?;
            Ok::<_, std::io::Error>(Shard { handle, thread: std::sync::Mutex::new(Some(thread)) })
        };
        let (shards, failed): (Vec<_>, Vec<_>) = (0..threads).map(start).partition(Result::is_ok);
        if let Some(Err(error)) = failed.first() {
            tracing::error!(%error, "a thread for live streams could not be started");
        }
        shards.into_iter().flatten().collect()
    }

    /// Hands a socket over.
    ///
    /// # Errors
    /// The socket, where no thread takes any. Whoever holds a lock that its guard takes drops it after that lock.
    pub(super) fn join(&self, mut joining: Joining) -> Result<(), Joining> {
        let shards = self.shards.get_or_init(Self::start);
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        for step in 0..shards.len() {
            match shards[turn.wrapping_add(step) % shards.len()].handle.join(joining) {
                Ok(()) => return Ok(()),
                Err(refused) => joining = refused,
            }
        }
        Err(joining)
    }

    /// Sends `frame`, which leads to `seen`, to every socket of the topic; whoever is too far behind gets the latter.
    pub(super) fn publish(&self, topic: Topic, frame: Frame, seen: &Arc<Seen>) {
        let at = Instant::now();
        self.all(|| Command::Publish { topic, frame: frame.clone(), seen: Arc::clone(seen), at });
    }

    /// A second has passed: heartbeats are due to some, and patience with slow readers shrinks.
    pub(super) fn beat(&self) {
        self.all(|| Command::Beat);
    }

    /// Ends every stream of the event: it is not shown any more.
    pub(super) fn end(&self, event: EventId) {
        self.all(|| Command::End(event));
    }

    fn all(&self, command: impl Fn() -> Command) {
        for shard in self.shards.get().into_iter().flatten() {
            shard.handle.send(command());
        }
    }

    /// Ends every stream properly and the threads with them.
    pub(super) fn stop(&self) {
        // Where none was started, none will be.
        self.shards.get_or_init(Vec::new);
        self.all(|| Command::Stop);
        for shard in self.shards.get().into_iter().flatten() {
            let thread = shard.thread.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
            if thread.is_some_and(|thread| thread.join().is_err()) {
                tracing::error!("a thread of live streams had panicked");
            }
        }
    }
}

impl Drop for Broadcaster {
    fn drop(&mut self) {
        // The last of its owners may be a guest of one of the threads, which cannot wait for itself.
        self.all(|| Command::Stop);
    }
}
