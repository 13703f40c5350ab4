//! The queue before a block: one conditional write at a time from this process, made for as many who wait as fit.
//!
//! A conditional write costs rounds of Paxos, and those of one partition take turns. So wishes for a block wait for
//! each other here. One task works while there is work and ends with it: it decides every wish on the mirrored cells,
//! answers whoever lost to what is known, writes all that is to be written in one batch, and answers the rest. Where
//! the batch does not go through, or nobody knows, it reads what stands there and decides each wish again: a wish that
//! went through finds its own hold's id in the cells.
//!
//! A write of unknown outcome may arrive late. Until it is known to have happened or fenced off (`unknown`), nobody
//! who has to do with it is answered, and the task does not end.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use domain::time::Millis;
use tokio::sync::{SemaphorePermit, oneshot};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::cell::Cell;
use super::decide::{Decision, Verdict, View, Wish, decide};
use super::engine::{Engine, count, unavailable, unconfirmed};
use super::hall::{Seen, SharedHall};
use super::rows::{read, seats_of, write};
use super::table::{Reading, Written};
use super::unknown::Unknown;
use crate::holds::memory::lock;
use crate::trouble::Trouble;

/// Pause before a store that failed is asked again.
const PAUSE: Duration = Duration::from_millis(40);
/// The same where only a write of unknown outcome is left to be found out.
const LONG_PAUSE: Duration = Duration::from_millis(500);

/// How often the first write lets others come first.
const LINGERS: usize = 4;

const WAITING: u8 = 0;
const BEGUN: u8 = 1;
const WITHDRAWN: u8 = 2;

/// Why a wish has no verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Too many wait already; nothing was done.
    Busy,
    /// The store failed.
    Trouble(Trouble),
}

type Answer = Result<Verdict, Failure>;

/// Who waits for a block.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<Op>,
    working: bool,
}

/// A wish on its way.
#[derive(Debug)]
struct Op {
    wish: Wish,
    now: Millis,
    /// What refuses it must have been seen at this tick or later.
    fresh_after: u64,
    /// Whether others' news count as seeing.
    patient: bool,
    deadline: Instant,
    state: Arc<AtomicU8>,
    /// Whether a write that carried it is one of those of which nobody knew what became of them.
    in_doubt: bool,
    reply: oneshot::Sender<Answer>,
}

impl Op {
    fn is(&self, state: u8) -> bool {
        self.state.load(Ordering::Acquire) == state
    }

    fn begins(&self) -> bool {
        self.is(BEGUN) || self.state.compare_exchange(WAITING, BEGUN, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    fn answer(self, verdict: Verdict) {
        // Whoever asked may have gone: what was done is done.
        let _ = self.reply.send(Ok(verdict));
    }

    fn fail(self, trouble: Trouble) {
        let _ = self.reply.send(Err(Failure::Trouble(trouble)));
    }
}

/// By when a wish is dealt with.
#[derive(Clone, Copy, Debug)]
pub(super) struct By {
    /// By then a write has to begin for it, where less time is left for that than the tuning gives.
    pub(super) begins: Option<Instant>,
    /// By then whoever asked is told.
    pub(super) told: Instant,
}

impl From<Instant> for By {
    fn from(told: Instant) -> Self {
        Self { begins: None, told }
    }
}

/// Puts a wish before the block and waits for its verdict. `patient` knowledge may be as old as the tuning allows;
/// otherwise a refusal rests on what was read after the call began.
pub(super) async fn ask(
    engine: &Arc<Engine>,
    hall: &SharedHall,
    block: usize,
    wish: Wish,
    now: Millis,
    patient: bool,
) -> Answer {
    let deadline = Instant::now() + engine.tuning.resolve_within;
    ask_by(engine, hall, block, wish, now, patient, deadline).await
}

/// As [`ask`], by an instant of the caller's.
pub(super) async fn ask_by(
    engine: &Arc<Engine>,
    hall: &SharedHall,
    block: usize,
    wish: Wish,
    now: Millis,
    patient: bool,
    by: impl Into<By>,
) -> Answer {
    let By { begins, told: deadline } = by.into();
    let within = Instant::now() + engine.tuning.begin_within;
    let begins_by = begins.unwrap_or(within).min(within).min(deadline);
    let (reply, mut answer) = oneshot::channel();
    let state = Arc::new(AtomicU8::new(WAITING));
    let fresh_after = if patient { engine.trusted_since() } else { engine.tick() };
    // A look that refuses comes before each take, in as great a crowd.
    let bounded = matches!(wish, Wish::Take(_) | Wish::Look { .. });
    let op = Op { wish, now, fresh_after, patient, deadline, state: Arc::clone(&state), in_doubt: false, reply };
    {
        let mut queue = lock(&hall.blocks[block].queue);
        if bounded && queue.waiting.len() >= engine.tuning.queue {
            count(&engine.counters.busy);
            return Err(Failure::Busy);
        }
        queue.waiting.push_back(op);
        if !queue.working {
            queue.working = true;
            tokio::spawn(work(Arc::clone(engine), Arc::clone(hall), block));
        }
    }
    let lost = || Err(Failure::Trouble(unconfirmed("the work on the block ended without an answer")));
    if let Ok(answer) = timeout_at(begins_by, &mut answer).await {
        return answer.unwrap_or_else(|_| lost());
    }
    if state.compare_exchange(WAITING, WITHDRAWN, Ordering::AcqRel, Ordering::Acquire).is_ok() {
        return Err(Failure::Trouble(unavailable("no write could begin in time")));
    }
    match timeout_at(deadline, answer).await {
        Ok(answer) => answer.unwrap_or_else(|_| lost()),
        Err(_) => Err(Failure::Trouble(unconfirmed("no certain answer in time"))),
    }
}

/// What is to be done for a round of wishes.
#[derive(Debug, Default)]
struct Plan {
    changes: BTreeMap<u32, Cell>,
    /// By place that changes: the version that it must have.
    was: BTreeMap<u32, i64>,
    /// By wish: its decision, and whether it changes anything. Shorter than the round where the batch was full.
    decisions: Vec<(Decision, bool)>,
    /// Places that refuse somebody, or are left as they are, and were last seen too long ago.
    doubts: Vec<u32>,
}

fn plan(engine: &Engine, hall: &SharedHall, block: usize, round: &[Op], unknown: &Unknown) -> Plan {
    let known = lock(&hall.blocks[block].cells);
    let (mut plan, stamp) = (Plan::default(), engine.stamp());
    let blocked = &known.blocked;
    for op in round {
        if plan.changes.len() >= engine.tuning.batch {
            break;
        }
        let first = plan.changes.is_empty();
        let mut view = View { cells: &known.cells, blocked, stamp, changes: &mut plan.changes, undo: Vec::new() };
        let decision = decide(&mut view, &op.wish, engine.moment(op.now));
        let wrote = !view.undo.is_empty();
        if !first && view.changes.len() > engine.tuning.batch {
            view.take_back();
            break;
        }
        let old = |place: &u32| {
            let seen = known.seen_at(*place as usize, op.patient).unwrap_or(u64::MAX);
            seen < op.fresh_after && !plan.changes.contains_key(place)
        };
        plan.doubts.extend(decision.rests_on.iter().copied().filter(old));
        plan.decisions.push((decision, wrote));
    }
    let places = unknown.to_touch(&plan.changes);
    let mut view = View { cells: &known.cells, blocked, stamp, changes: &mut plan.changes, undo: Vec::new() };
    decide(&mut view, &Wish::Touch { places }, engine.moment(unknown.now));
    let version = |place: &u32| known.cells.get(*place as usize).map_or(0, |cell| cell.version);
    plan.was = plan.changes.keys().map(|place| (*place, version(place))).collect();
    plan
}

/// Should the work ever panic, the next wish starts it anew.
struct Shift(SharedHall, usize);

impl Drop for Shift {
    fn drop(&mut self) {
        if std::thread::panicking() {
            lock(&self.0.blocks[self.1].queue).working = false;
        }
    }
}

/// Works while anybody waits, and for as long as a write of unknown outcome might still happen.
async fn work(engine: Arc<Engine>, hall: SharedHall, block: usize) {
    let _shift = Shift(Arc::clone(&hall), block);
    let (mut round, mut unknown): (Vec<Op>, Unknown) = Default::default();
    let (mut pause, mut room) = (Duration::ZERO, None);
    // Whoever comes in the same moment is in the first write: while more come, it waits for them, and never for long.
    let waiting = || lock(&hall.blocks[block].queue).waiting.len();
    for _ in 0..LINGERS {
        let before = waiting();
        yield_now().await;
        if waiting() == before {
            break;
        }
    }
    loop {
        if !pause.is_zero() {
            sleep(pause).await;
        }
        {
            let mut queue = lock(&hall.blocks[block].queue);
            let mut cost: usize = round.iter().map(|op| op.wish.cost()).sum();
            while cost < engine.tuning.wishes
                && let Some(op) = queue.waiting.pop_front()
            {
                cost += op.wish.cost();
                round.push(op);
            }
            if round.is_empty() && unknown.is_empty() {
                queue.working = false;
                return;
            }
        }
        dismiss(&mut round);
        let doubts = unknown.told;
        pause = match turn(&engine, &hall, block, &mut round, &mut unknown, &mut room).await {
            // Of unknown outcome twice and oftener: a store that refuses each write at once is not to be asked as fast.
            Ok(()) if unknown.told > doubts.max(1) => (pause * 2).clamp(PAUSE, LONG_PAUSE),
            Ok(()) => Duration::ZERO,
            Err(trouble) => {
                fail(&mut round, &trouble);
                // With nobody waiting there is no hurry.
                if round.is_empty() { (pause * 2).clamp(PAUSE, LONG_PAUSE) } else { PAUSE }
            }
        };
    }
}

/// One round: at most one write. An error is the store's, and nothing new was written. `room` to write that had to be
/// waited for is kept for the next round, so that whoever came meanwhile is in the same write.
async fn turn<'a>(
    engine: &'a Engine,
    hall: &SharedHall,
    block: usize,
    round: &mut Vec<Op>,
    unknown: &mut Unknown,
    room: &mut Option<SemaphorePermit<'a>>,
) -> Result<(), Trouble> {
    let kept = room.take();
    if unknown.is_unread {
        let seats = seats_of(hall, block, unknown.places().iter());
        read(engine, hall, block, &seats, Reading::Deciding).await?;
        unknown.is_unread = false;
    }
    unknown.settle(&lock(&hall.blocks[block].cells).cells);
    if unknown.is_full() {
        fail(round, &unavailable("too many writes are of unknown outcome"));
    }
    unknown.now = round.iter().map(|op| op.now).max().map_or(unknown.now, |now| now.max(unknown.now));
    let mut made = plan(engine, hall, block, round, unknown);
    if !made.doubts.is_empty() {
        let seats: Vec<i32> = seats_of(hall, block, made.doubts.iter());
        read(engine, hall, block, &seats, Reading::Plain).await?;
        made = plan(engine, hall, block, round, unknown);
    }
    let decisions = answer_apart(engine, round, &mut made, unknown);
    if made.changes.is_empty() {
        return Ok(());
    }
    // Before anything begins: whoever waits for room to write can still go, and is surely not written for then.
    let Some(_room) = kept.or_else(|| engine.slots.try_acquire().ok()) else {
        let slot = timeout(engine.tuning.begin_within, engine.slots.acquire()).await;
        let Ok(Ok(slot)) = slot else { return Err(unavailable("too many writes are under way")) };
        *room = Some(slot);
        return Ok(());
    };
    let writers = || round.iter().zip(&decisions).filter(|(_, made)| made.as_ref().is_some_and(|(_, wrote)| *wrote));
    if !writers().all(|(op, _)| op.begins()) {
        // One of them has just been withdrawn: plan without it.
        return Ok(());
    }
    let tick = engine.tick();
    match write(engine, hall, block, &made.changes, &made.was).await {
        Written::Applied => {
            let mut planned = decisions.into_iter();
            let mut deferred = Vec::new();
            for op in round.drain(..) {
                match planned.next().flatten() {
                    Some((decision, _)) => op.answer(decision.verdict),
                    None => deferred.push(op),
                }
            }
            *round = deferred;
            Ok(())
        }
        Written::Lost(rows) => {
            count(&engine.counters.conflicts);
            let seats = seats_of(hall, block, made.changes.keys());
            if seats.iter().all(|seat| rows.iter().any(|(row, _)| row == seat)) {
                hall.merge(block, &rows, Seen::Decided(tick));
                return Ok(());
            }
            read(engine, hall, block, &seats, Reading::Deciding).await.map(drop)
        }
        Written::Unknown(trouble) => {
            count(&engine.counters.unknown);
            tracing::warn!(%trouble, "a write of unknown outcome");
            for (op, made) in round.iter_mut().zip(decisions) {
                op.in_doubt |= made.is_some_and(|(_, wrote)| wrote);
            }
            unknown.add(made.was);
            Ok(())
        }
        Written::NotDone(trouble) => Err(trouble),
    }
}

/// Drops whoever has gone and tells whoever waited too long.
fn dismiss(round: &mut Vec<Op>) {
    round.retain(|op| !op.is(WITHDRAWN));
    let now = Instant::now();
    for op in round.extract_if(.., |op| now >= op.deadline).collect::<Vec<Op>>() {
        let trouble = if op.in_doubt { unconfirmed("no certain answer in time") } else { unavailable("too late") };
        op.fail(trouble);
    }
}

/// Answers who loses to what the store says, and not to somebody of this round: they need not wait for the write. While
/// a write may still happen, that is only those who have nothing to do with it. What is planned for the others comes
/// back, in their order; none for those who found no room in the batch.
fn answer_apart(
    engine: &Engine,
    round: &mut Vec<Op>,
    made: &mut Plan,
    unknown: &Unknown,
) -> Vec<Option<(Decision, bool)>> {
    let mut planned = std::mem::take(&mut made.decisions).into_iter();
    let unsure = unknown.places();
    let mut rest = Vec::new();
    for op in std::mem::take(round) {
        let apart = unsure.is_empty() || (matches!(op.wish, Wish::Take(_)) && !op.in_doubt);
        let waits = |place: &u32| made.changes.contains_key(place) || unsure.contains(place);
        match planned.next() {
            Some((decision, false)) if apart && !decision.rests_on.iter().any(waits) => {
                count(&engine.counters.spared);
                op.answer(decision.verdict);
            }
            waits => {
                round.push(op);
                rest.push(waits);
            }
        }
    }
    rest
}

/// Whoever has no write of unknown outcome is told at once; the others' is still to be found out.
fn fail(round: &mut Vec<Op>, trouble: &Trouble) {
    for op in round.extract_if(.., |op| !op.in_doubt) {
        op.fail(match trouble {
            Trouble::Unconfirmed { what, detail } => Trouble::Unavailable { what, detail: detail.clone() },
            other => other.clone(),
        });
    }
}
