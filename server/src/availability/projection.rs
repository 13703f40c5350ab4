//! One event's places as everybody sees them: the newest state, the last few changes, and who listens.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum_prometheus::metrics::counter;
use domain::availability::Message;
use domain::availability::delta::{self, Position};
use domain::ids::EventId;
use domain::rules::Tier;
use domain::time::Millis;
use tokio::sync::watch;

use super::Wants;
use super::broadcast::{Broadcaster, Topic};
use super::frame::{self, Frame};
use super::seen::{Seen, left};
use crate::holds::Inventory;
use crate::holds::store::Snapshot;

/// Changes kept for those who come back: some seconds of a hot sale, hours of a quiet one.
const RECENT: usize = 256;
/// Bytes of them that are worth it for any hall: less than one packet.
const PACKET: usize = 1024;

/// The projection of one event.
#[derive(Debug)]
pub(super) struct Projection {
    pub(super) event: EventId,
    /// When somebody looked at it last, in milliseconds.
    touched: AtomicI64,
    state: Mutex<State>,
    moved: watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    inventory: Arc<Inventory>,
    snapshot: Arc<Snapshot>,
    seen: Arc<Seen>,
    /// The last deltas, without counts; the newest leads to `seen`.
    recent: VecDeque<Frame>,
    recent_bytes: usize,
    listeners: usize,
    ticking: bool,
    /// The event is not shown any more.
    ended: bool,
}

impl State {
    fn position(&self) -> Position {
        self.seen.message.position()
    }

    /// The deltas after `known`; `None` where they do not reach back so far.
    fn since(&self, known: Position) -> Option<impl Iterator<Item = &Frame>> {
        let now = self.position();
        let behind = usize::try_from(now.sequence.checked_sub(known.sequence)?).ok()?;
        let reaches = known.epoch == now.epoch && behind <= self.recent.len();
        reaches.then(|| self.recent.range(self.recent.len() - behind..))
    }

    fn remember(&mut self, frame: Frame) {
        self.recent_bytes += frame.chunk().len();
        self.recent.push_back(frame);
        // Much more would cost those who come back more than the state itself, which needs no deltas to be laid over.
        let most = PACKET.max(self.seen.message.states.bytes().len() / 4);
        while self.recent.len() > RECENT || self.recent_bytes > most {
            self.recent_bytes -= self.recent.pop_front().map_or(self.recent_bytes, |old| old.chunk().len());
        }
    }
}

/// Whether the same places are of the same tiers in both; prices and sale windows are read elsewhere.
fn counts_alike(one: &Arc<Inventory>, other: &Arc<Inventory>) -> bool {
    let place = |tier: &Tier| (tier.id, tier.category);
    let tiers = || one.tiers.iter().map(place).eq(other.tiers.iter().map(place));
    Arc::ptr_eq(one, other) || Arc::ptr_eq(&one.chart, &other.chart) && tiers()
}

impl Projection {
    /// As it is first seen, at position `at`.
    pub(super) fn new(event: EventId, at: Position, inventory: Arc<Inventory>, snapshot: Arc<Snapshot>) -> Self {
        let Position { epoch, sequence } = at;
        let message = Message { epoch, sequence, states: snapshot.states.clone() };
        let seen = Arc::new(Seen::new(message, left(&inventory, &snapshot)));
        let state = State {
            inventory,
            snapshot,
            seen,
            recent: VecDeque::new(),
            recent_bytes: 0,
            listeners: 0,
            ticking: false,
            ended: false,
        };
        Self { event, touched: AtomicI64::new(i64::MIN), state: Mutex::new(state), moved: watch::Sender::new(sequence) }
    }

    /// Somebody looks at it.
    pub(super) fn touch(&self, now: Millis) {
        self.touched.fetch_max(now.0, Ordering::Relaxed);
    }

    /// When somebody did last.
    pub(super) fn touched(&self) -> Millis {
        Millis(self.touched.load(Ordering::Relaxed))
    }

    /// The newest change's number.
    pub(super) fn sequence(&self) -> u64 {
        self.lock().position().sequence
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a look at the store over: a look that is older than the last one changes nothing, one that differs is told
    /// to whoever listens.
    pub(super) fn fold(
        &self,
        inventory: Option<Arc<Inventory>>,
        snapshot: Arc<Snapshot>,
        out: &Broadcaster,
    ) -> Arc<Seen> {
        let mut state = self.lock();
        let moved = inventory.is_some_and(|inventory| {
            let before = core::mem::replace(&mut state.inventory, inventory);
            !counts_alike(&before, &state.inventory)
        });
        let older = snapshot.version < state.snapshot.version || Arc::ptr_eq(&state.snapshot, &snapshot);
        if moved || !older {
            let snapshot = if older { Arc::clone(&state.snapshot) } else { snapshot };
            self.take(&mut state, snapshot, moved, out);
        }
        Arc::clone(&state.seen)
    }

    /// Takes over what was read past every shortcut, while the places were `still` or not; answers how many seats and
    /// standing tiers were shown wrongly.
    pub(super) fn correct(&self, snapshot: Arc<Snapshot>, still: bool, out: &Broadcaster, now: Millis) -> usize {
        let mut state = self.lock();
        if snapshot.version < state.snapshot.version {
            return 0;
        }
        let ran_out = state.snapshot.stale_at.is_some_and(|end| now >= end);
        if snapshot.version > state.snapshot.version || ran_out || !still {
            // Something changed since, or while it was read, and what was wrong besides cannot be told from it; this puts
            // both right.
            self.take(&mut state, snapshot, false, out);
            return 0;
        }
        let seats = snapshot.states.changes(&state.seen.message.states).count();
        let tiers = snapshot.standing.iter().filter(|tier| !state.snapshot.standing.contains(tier)).count();
        self.take(&mut state, snapshot, false, out);
        seats + tiers
    }

    /// Counts anew and tells of it where the places changed, or the tiers that they belong to `moved` and the counts with
    /// them.
    fn take(&self, state: &mut State, snapshot: Arc<Snapshot>, moved: bool, out: &Broadcaster) {
        let old = Arc::clone(&state.seen);
        let same = old.message.states == snapshot.states && state.snapshot.standing == snapshot.standing;
        state.snapshot = snapshot;
        if same && !moved {
            return;
        }
        let counts = left(&state.inventory, &state.snapshot);
        if same && counts == old.left {
            return;
        }
        let position = Position { sequence: old.message.sequence + 1, ..old.message.position() };
        let states = state.snapshot.states.clone();
        let delta = frame::delta(position, &delta::encode(&old.message.states, &states));
        let message = Message { epoch: position.epoch, sequence: position.sequence, states };
        let seen = Arc::new(Seen::new(message, counts));
        let frame = Frame::of(&delta);
        let mut told = frame.clone();
        if seen.left != old.left {
            out.publish(Topic { event: self.event, wants: Wants::Counts }, seen.counts().clone(), &seen);
            told = Frame::of(&(delta + &frame::left(&seen)));
        }
        out.publish(Topic { event: self.event, wants: Wants::Seats }, told, &seen);
        state.remember(frame);
        state.seen = seen;
        self.moved.send_replace(position.sequence);
        counter!("parterre_live_deltas_total").increment(1);
    }

    /// What happened after `known`, counts included; everything where the deltas do not reach back so far.
    fn news_of(state: &State, wants: Wants, known: Option<Position>) -> Vec<Frame> {
        let counts = state.seen.counts().clone();
        match known.and_then(|known| state.since(known)) {
            _ if wants == Wants::Counts => vec![counts],
            Some(deltas) => deltas.cloned().chain([counts]).collect(),
            None => vec![state.seen.whole().clone()],
        }
    }

    /// The first events for somebody who knows `after`, and the position they lead to.
    pub(super) fn greet(&self, wants: Wants, after: Option<Position>) -> (Vec<Frame>, Position) {
        let state = self.lock();
        (Self::news_of(&state, wants, after), state.position())
    }

    /// What happened after `known`, nothing where nothing did, and the position it leads to.
    pub(super) fn news(&self, wants: Wants, known: Position) -> (Vec<Frame>, Position) {
        let state = self.lock();
        let now = state.position();
        (if known == now { Vec::new() } else { Self::news_of(&state, wants, Some(known)) }, now)
    }

    /// Calls `add` with the first events while nothing can be published: who is added then misses nothing and hears
    /// nothing twice. What `add` answers comes out of the lock; nothing that listens may be dropped within. Nobody is
    /// added where the event is not shown any more.
    pub(super) fn while_still<T>(
        &self,
        wants: Wants,
        after: Option<Position>,
        add: impl FnOnce(Vec<Frame>, Arc<Seen>) -> Option<T>,
    ) -> Option<T> {
        let state = self.lock();
        if state.ended { None } else { add(Self::news_of(&state, wants, after), Arc::clone(&state.seen)) }
    }

    /// The event is not shown any more: whoever listens is told by the stream's end.
    pub(super) fn end(&self, out: &Broadcaster) {
        self.lock().ended = true;
        out.end(self.event);
        self.moved.send_modify(|_| {});
    }

    /// Whether it is not shown any more.
    pub(super) fn has_ended(&self) -> bool {
        self.lock().ended
    }

    /// Rings with every change.
    pub(super) fn moves(&self) -> watch::Receiver<u64> {
        self.moved.subscribe()
    }

    /// Whether a ticker is to be started: there is a listener, and none ticks.
    pub(super) fn needs_ticker(&self) -> bool {
        let mut state = self.lock();
        let needed = state.listeners > 0 && !state.ticking;
        state.ticking |= needed;
        needed
    }

    /// The ticker is gone, whatever ended it.
    pub(super) fn has_no_ticker(&self) {
        self.lock().ticking = false;
    }

    /// Whether the ticker may go; it must then, for a new listener will start another.
    pub(super) fn may_rest(&self) -> bool {
        let mut state = self.lock();
        state.ticking = state.listeners > 0;
        !state.ticking
    }

    /// Shows a seat wrongly, as no code does that is right.
    #[cfg(test)]
    pub(super) fn break_on_purpose(&self, seat: domain::seat::SeatId, to: domain::seat::SeatState) {
        let mut state = self.lock();
        let mut message = state.seen.message.clone();
        message.states.set(seat, to);
        let left = state.seen.left.clone();
        state.seen = Arc::new(Seen::new(message, left));
    }
}

/// Somebody listens to an event, until this is dropped.
#[derive(Debug)]
pub(super) struct Listening(Arc<Projection>);

impl Listening {
    pub(super) fn to(projection: &Arc<Projection>) -> Self {
        projection.lock().listeners += 1;
        Self(Arc::clone(projection))
    }
}

impl core::ops::Deref for Listening {
    type Target = Arc<Projection>;
    fn deref(&self) -> &Arc<Projection> {
        &self.0
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.lock().listeners -= 1;
    }
}
