//! One thread with its sockets: waits for the kernel and for commands, writes, and never blocks on a reader.

use std::collections::HashMap;
use std::io::{self, ErrorKind, IoSlice, Write};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use axum_prometheus::metrics::{counter, histogram};
use bytes::{Buf, Bytes};
use domain::ids::EventId;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token, Waker};
use tokio::time::Instant;

use super::log::Log;
use super::slab::Slab;
use super::{Guard, Joining, Topic};
use crate::availability::Wants;
use crate::availability::frame::{END, Frame, HEARTBEAT};
use crate::availability::seen::Seen;

/// Frames that are written at once, at most.
const AT_ONCE: usize = 8;
/// Beats (seconds) between the turns of a stream, at each of which it gets a heartbeat where its topic has been silent for
/// a whole second: no stream is silent for more than one beat longer.
const QUIET: u32 = 15;
/// Beats during which a socket may take nothing of what waits for it.
const PATIENCE: u8 = 30;
const WAKE: Token = Token(usize::MAX);

/// What a shard is told.
pub(super) enum Command {
    Join(Joining),
    Publish { topic: Topic, frame: Frame, seen: Arc<Seen>, at: Instant },
    Beat,
    End(EventId),
    Stop,
}

/// The way to a shard.
#[derive(Debug)]
pub(super) struct Handle {
    commands: mpsc::Sender<Command>,
    waker: Arc<Waker>,
}

impl Handle {
    /// Tells the shard; nobody where it has stopped and its sockets are closed.
    pub(super) fn send(&self, command: Command) {
        if self.commands.send(command).is_ok() {
            let _ = self.waker.wake();
        }
    }

    /// Hands a socket over; gives it back where the shard has stopped.
    pub(super) fn join(&self, joining: Joining) -> Result<(), Joining> {
        match self.commands.send(Command::Join(joining)) {
            Err(mpsc::SendError(Command::Join(refused))) => return Err(refused),
            Err(_) => {}
            Ok(()) => drop(self.waker.wake()),
        }
        Ok(())
    }
}

/// Starts a shard.
pub(super) fn start() -> io::Result<(Handle, JoinHandle<()>)> {
    let poll = Poll::new()?;
    let waker = Arc::new(Waker::new(poll.registry(), WAKE)?);
    let (commands, inbox) = mpsc::channel();
    let shard =
        Shard { poll, inbox, sockets: Slab::default(), topics: Slab::default(), by_topic: HashMap::new(), beats: 0 };
    let thread = std::thread::Builder::new().name("live".into()).spawn(move || shard.run())?;
    Ok((Handle { commands, waker }, thread))
}

struct Shard {
    poll: Poll,
    inbox: mpsc::Receiver<Command>,
    sockets: Slab<Listener>,
    topics: Slab<Log>,
    by_topic: HashMap<Topic, u32>,
    beats: u32,
}

/// A socket and how far it has read.
struct Listener {
    socket: TcpStream,
    log: u32,
    /// Its place among the log's listeners.
    place: u32,
    /// The next frame for it.
    next: u64,
    /// What of an earlier one it has not taken yet.
    rest: Bytes,
    /// Beats without progress while something waits.
    stuck: u8,
    _guard: Guard,
}

/// Writes as much of `parts` as the socket takes, and answers the rest; `None` where it takes nothing any more.
fn begin(mut socket: &TcpStream, parts: &[Bytes]) -> Option<Bytes> {
    let slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
    let mut taken = match socket.write_vectored(&slices) {
        Ok(taken) => taken,
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => 0,
        Err(_) => return None,
    };
    let mut rest = Vec::new();
    for part in parts {
        let written = taken.min(part.len());
        taken -= written;
        rest.extend_from_slice(&part[written..]);
    }
    Some(Bytes::from(rest))
}

/// The socket is to be closed.
struct Gone;

impl Listener {
    /// Writes what waits, as far as the socket takes it; answers how many frames were begun.
    fn serve(&mut self, log: &Log) -> Result<u64, Gone> {
        let mut begun = 0;
        loop {
            if self.next < log.first {
                if log.topic.wants == Wants::Counts {
                    self.next = log.first;
                } else if self.rest.is_empty() {
                    counter!("parterre_live_behind_total").increment(1);
                    self.rest = log.seen.whole().chunk().clone();
                    self.next = log.end();
                }
            }
            let waiting = usize::try_from(self.next.saturating_sub(log.first)).unwrap_or(usize::MAX);
            let behind = self.next < log.first;
            let mut slices = [IoSlice::new(&[]); AT_ONCE];
            let mut used = 0;
            if !self.rest.is_empty() {
                slices[0] = IoSlice::new(&self.rest);
                used = 1;
            }
            if !behind {
                for frame in log.frames.iter().skip(waiting).take(AT_ONCE - used) {
                    slices[used] = IoSlice::new(frame.chunk());
                    used += 1;
                }
            }
            let written = match &slices[..used] {
                [] => return Ok(begun),
                [one] => (&self.socket).write(one),
                many => (&self.socket).write_vectored(many),
            };
            match written {
                Ok(0) => return Err(Gone),
                Ok(bytes) => begun += self.wrote(bytes, log),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(begun),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(Gone),
            }
        }
    }

    /// Moves on by so many bytes.
    fn wrote(&mut self, mut bytes: usize, log: &Log) -> u64 {
        self.stuck = 0;
        let old = bytes.min(self.rest.len());
        self.rest.advance(old);
        bytes -= old;
        if self.rest.is_empty() {
            // Lets the memory go.
            self.rest = Bytes::new();
        }
        let mut begun = 0;
        while bytes > 0 {
            let Some(frame) = log.frames.get((self.next - log.first) as usize) else { break };
            self.next += 1;
            begun += 1;
            if bytes < frame.chunk().len() {
                self.rest = frame.chunk().slice(bytes..);
                break;
            }
            bytes -= frame.chunk().len();
        }
        begun
    }

    /// Looks at what the peer sent: nothing is expected but its end.
    fn is_gone(&self) -> bool {
        match self.socket.peek(&mut [0]) {
            Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted),
            // The end, or a request where none may be.
            Ok(_) => true,
        }
    }

    /// Ends the body, so that clients know it for whole, where all of it was taken.
    fn end(&mut self) {
        if self.rest.is_empty() {
            let _ = (&self.socket).write(END);
        }
    }

    fn waits(&self, log: &Log) -> bool {
        !self.rest.is_empty() || self.next < log.end()
    }
}

impl Shard {
    fn run(mut self) {
        let mut events = Events::with_capacity(1024);
        loop {
            if let Err(error) = self.poll.poll(&mut events, None)
                && error.kind() != ErrorKind::Interrupted
            {
                tracing::error!(%error, "live streams stop");
                return;
            }
            let stopping = loop {
                match self.inbox.try_recv() {
                    Ok(Command::Join(joining)) => self.join(joining),
                    Ok(Command::Publish { topic, frame, seen, at }) => self.publish(topic, frame, seen, at),
                    Ok(Command::Beat) => self.beat(),
                    Ok(Command::End(event)) => self.end(event),
                    Err(mpsc::TryRecvError::Empty) => break false,
                    Ok(Command::Stop) | Err(mpsc::TryRecvError::Disconnected) => break true,
                }
            };
            // Frames that came together go out together.
            for log in 0..self.topics.end() {
                if let Some(since) = self.topics.get_mut(log).and_then(|log| log.unserved.take()) {
                    self.serve_all(log);
                    histogram!("parterre_live_written_seconds").record(since.elapsed());
                }
            }
            if stopping {
                return self.stop();
            }
            for event in &events {
                if event.token() != WAKE {
                    self.ready(
                        event.token().0 as u32,
                        event.is_readable() || event.is_read_closed() || event.is_error(),
                    );
                }
            }
        }
    }

    fn join(&mut self, joining: Joining) {
        let Joining { topic, socket, first, seen, guard } = joining;
        let mut socket = TcpStream::from_std(socket);
        let interest = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) = self.poll.registry().register(&mut socket, Token(self.sockets.next() as usize), interest) {
            tracing::warn!(%error, "a live stream could not be taken over");
            return;
        }
        let Some(rest) = begin(&socket, &first) else { return };
        let log = *self.by_topic.entry(topic).or_insert_with(|| self.topics.insert(Log::new(topic, seen, self.beats)));
        let Some(known) = self.topics.get_mut(log) else { return };
        let place = known.listeners.len() as u32;
        let listener = Listener { socket, log, place, next: known.end(), rest, stuck: 0, _guard: guard };
        let key = self.sockets.insert(listener);
        known.listeners.push(key);
        self.ready(key, false);
    }

    fn publish(&mut self, topic: Topic, frame: Frame, seen: Arc<Seen>, at: Instant) {
        if let Some(log) = self.by_topic.get(&topic)
            && let Some(log) = self.topics.get_mut(*log)
        {
            log.push(frame, seen, at);
            log.quiet_since = self.beats;
        }
    }

    fn serve_all(&mut self, key: u32) {
        let Some(log) = self.topics.get_mut(key) else { return };
        let (mut gone, mut begun) = (Vec::new(), 0);
        for &listener in &log.listeners {
            match self.sockets.get_mut(listener).map(|listener| listener.serve(log)) {
                Some(Ok(frames)) => begun += frames,
                _ => gone.push(listener),
            }
        }
        counter!("parterre_live_deliveries_total").increment(begun);
        for listener in gone {
            self.leave(listener);
        }
    }

    /// A socket can be written again, or (`heard`) its peer did something.
    fn ready(&mut self, key: u32, heard: bool) {
        let Some(listener) = self.sockets.get_mut(key) else { return };
        let Some(log) = self.topics.get_mut(listener.log) else { return };
        if (heard && listener.is_gone()) || listener.serve(log).is_err() {
            self.leave(key);
        }
    }

    fn leave(&mut self, key: u32) {
        let Some(listener) = self.sockets.remove(key) else { return };
        let Some(log) = self.topics.get_mut(listener.log) else { return };
        log.listeners.swap_remove(listener.place as usize);
        if let Some(moved) = log.listeners.get(listener.place as usize)
            && let Some(moved) = self.sockets.get_mut(*moved)
        {
            moved.place = listener.place;
        }
        if log.listeners.is_empty() {
            self.by_topic.remove(&log.topic);
            self.topics.remove(listener.log);
        }
    }

    /// One in [`QUIET`] of the sockets is looked at with each beat, so that heartbeats come spread over time.
    fn beat(&mut self) {
        self.beats = self.beats.wrapping_add(1);
        let heartbeat = Frame::of(HEARTBEAT);
        let mut gone = Vec::new();
        for key in 0..self.sockets.end() {
            let Some(listener) = self.sockets.get_mut(key) else { continue };
            let Some(log) = self.topics.get_mut(listener.log) else { continue };
            if listener.waits(log) {
                listener.stuck += 1;
                if listener.stuck > PATIENCE {
                    gone.push(key);
                }
            } else if key % QUIET == self.beats % QUIET && self.beats.wrapping_sub(log.quiet_since) > 1 {
                listener.rest = heartbeat.chunk().clone();
                if listener.serve(log).is_err() {
                    gone.push(key);
                }
            }
        }
        counter!("parterre_live_slow_total").increment(gone.len() as u64);
        for key in gone {
            self.leave(key);
        }
    }

    /// Ends the event's streams.
    fn end(&mut self, event: EventId) {
        for wants in [Wants::Seats, Wants::Counts] {
            let log = self.by_topic.get(&Topic { event, wants }).and_then(|log| self.topics.get_mut(*log));
            for key in log.map(|log| log.listeners.clone()).unwrap_or_default() {
                if let Some(listener) = self.sockets.get_mut(key) {
                    listener.end();
                }
                self.leave(key);
            }
        }
    }

    /// Ends all streams and lets all go.
    fn stop(&mut self) {
        for key in 0..self.sockets.end() {
            if let Some(mut listener) = self.sockets.remove(key) {
                listener.end();
            }
        }
        debug_assert!(self.sockets.is_empty());
    }
}
