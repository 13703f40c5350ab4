//! The queue before a block: one conditional write at a time from this process, made for as many who wait as fit.
//!
//! A conditional write costs rounds of Paxos, and those of one partition take turns. So wishes for a block wait for
//! each other here. One task works while there is work and ends with it: it decides every wish on the mirrored cells,
//! answers whoever lost to what is known, writes all that is to be written in one batch, and answers the rest. Where
//! the batch does not go through, or nobody knows, it reads what stands there and decides each wish again: a wish that
//! went through finds its own hold's id in the cells.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use domain::time::Millis;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

use super::cell::Cell;
use super::decide::{Decision, Verdict, View, Wish, decide};
use super::engine::{Engine, count, unavailable, unconfirmed};
use super::hall::SharedHall;
use super::table::{Change, Reading, Written};
use crate::holds::memory::lock;
use crate::trouble::Trouble;

/// Pause before a store that failed is asked again.
const PAUSE: Duration = Duration::from_millis(40);

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
    deadline: Instant,
    state: Arc<AtomicU8>,
    /// What a write of unknown outcome displaced.
    displaced: Vec<(u32, Cell)>,
    reply: oneshot::Sender<Answer>,
}

impl Op {
    fn is(&self, state: u8) -> bool {
        self.state.load(Ordering::Acquire) == state
    }

    fn answer(self, verdict: Verdict) {
        let verdict = match verdict {
            Verdict::Taken { places, displaced, until, extensions, fence } if displaced.is_empty() => {
                Verdict::Taken { places, displaced: self.displaced, until, extensions, fence }
            }
            other => other,
        };
        // Whoever asked may have gone: what was done is done.
        let _ = self.reply.send(Ok(verdict));
    }

    fn fail(self, trouble: Trouble) {
        let _ = self.reply.send(Err(Failure::Trouble(trouble)));
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
    let (reply, mut answer) = oneshot::channel();
    let state = Arc::new(AtomicU8::new(WAITING));
    let fresh_after = if patient { engine.trusted_since() } else { engine.tick() };
    let bounded = matches!(wish, Wish::Take(_));
    let op = Op {
        wish,
        now,
        fresh_after,
        deadline: Instant::now() + engine.tuning.resolve_within,
        state: Arc::clone(&state),
        displaced: Vec::new(),
        reply,
    };
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
    if let Ok(answer) = timeout(engine.tuning.begin_within, &mut answer).await {
        return answer.unwrap_or_else(|_| lost());
    }
    if state.compare_exchange(WAITING, WITHDRAWN, Ordering::AcqRel, Ordering::Acquire).is_ok() {
        return Err(Failure::Trouble(unavailable("no write could begin in time")));
    }
    let rest = engine.tuning.resolve_within.saturating_sub(engine.tuning.begin_within);
    match timeout(rest, answer).await {
        Ok(answer) => answer.unwrap_or_else(|_| lost()),
        Err(_) => Err(Failure::Trouble(unconfirmed("no certain answer in time"))),
    }
}

/// What is to be done for a round of wishes.
#[derive(Debug, Default)]
struct Plan {
    changes: BTreeMap<u32, Cell>,
    /// By wish: its decision, and whether it changes anything. Shorter than the round where the batch was full.
    decisions: Vec<(Decision, bool)>,
    /// Places that refuse somebody, or are left as they are, and were last seen too long ago.
    doubts: Vec<u32>,
}

fn plan(engine: &Engine, hall: &SharedHall, block: usize, round: &[Op]) -> Plan {
    let known = lock(&hall.blocks[block].cells);
    let mut plan = Plan::default();
    for op in round {
        if plan.changes.len() >= engine.tuning.batch {
            break;
        }
        let first = plan.changes.is_empty();
        let blocked = &hall.blocks[block].blocked;
        let mut view = View { cells: &known.cells, blocked, changes: &mut plan.changes, undo: Vec::new() };
        let decision = decide(&mut view, &op.wish, op.now);
        let wrote = !view.undo.is_empty();
        if !first && view.changes.len() > engine.tuning.batch {
            view.take_back();
            break;
        }
        let old = |place: &u32| {
            let seen = known.seen.get(*place as usize).copied().unwrap_or(u64::MAX);
            seen < op.fresh_after && !plan.changes.contains_key(place)
        };
        plan.doubts.extend(decision.rests_on.iter().copied().filter(old));
        plan.decisions.push((decision, wrote));
    }
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

async fn work(engine: Arc<Engine>, hall: SharedHall, block: usize) {
    let _shift = Shift(Arc::clone(&hall), block);
    let mut round: Vec<Op> = Vec::new();
    let mut pause = false;
    loop {
        {
            let mut queue = lock(&hall.blocks[block].queue);
            while round.len() < engine.tuning.wishes
                && let Some(op) = queue.waiting.pop_front()
            {
                round.push(op);
            }
            if round.is_empty() {
                queue.working = false;
                return;
            }
        }
        if std::mem::take(&mut pause) {
            sleep(PAUSE).await;
        }
        dismiss(&mut round);
        let mut made = plan(&engine, &hall, block, &round);
        if !made.doubts.is_empty() {
            let seats: Vec<i32> = seats_of(&hall, block, made.doubts.iter());
            if let Err(trouble) = read(&engine, &hall, block, &seats, Reading::Plain).await {
                pause = fail(&mut round, trouble);
                continue;
            }
            made = plan(&engine, &hall, block, &round);
        }
        let decisions = answer_apart(&engine, &mut round, &mut made);
        if made.changes.is_empty() {
            continue;
        }
        let begins = |op: &Op| {
            op.is(BEGUN) || op.state.compare_exchange(WAITING, BEGUN, Ordering::AcqRel, Ordering::Acquire).is_ok()
        };
        let writers =
            || round.iter().zip(&decisions).filter(|(_, made)| made.as_ref().is_some_and(|(_, wrote)| *wrote));
        if !writers().all(|(op, _)| begins(op)) {
            // One of them has just been withdrawn: plan without it.
            continue;
        }
        match write(&engine, &hall, block, &made.changes).await {
            Written::Applied => {
                let mut planned = decisions.into_iter();
                let mut deferred = Vec::new();
                for op in round.drain(..) {
                    match planned.next().flatten() {
                        Some((decision, _)) => op.answer(decision.verdict),
                        None => deferred.push(op),
                    }
                }
                round = deferred;
            }
            Written::Lost(rows) => {
                count(&engine.counters.conflicts);
                let seats = seats_of(&hall, block, made.changes.keys());
                if seats.iter().all(|seat| rows.iter().any(|(row, _)| row == seat)) {
                    hall.merge(block, &rows, engine.tick(), true);
                } else if let Err(trouble) = read(&engine, &hall, block, &seats, Reading::Deciding).await {
                    pause = fail(&mut round, trouble);
                }
            }
            Written::Unknown(trouble) => {
                count(&engine.counters.unknown);
                tracing::warn!(%trouble, "a write of unknown outcome");
                for (op, made) in round.iter_mut().zip(decisions) {
                    if let Some((Decision { verdict: Verdict::Taken { displaced, .. }, .. }, true)) = made
                        && !displaced.is_empty()
                    {
                        op.displaced = displaced;
                    }
                }
                let seats = seats_of(&hall, block, made.changes.keys());
                find_out(&engine, &hall, block, &seats, &round).await;
            }
            Written::NotDone(trouble) => pause = fail(&mut round, trouble),
        }
    }
}

/// Drops whoever has gone and tells whoever waited too long.
fn dismiss(round: &mut Vec<Op>) {
    round.retain(|op| !op.is(WITHDRAWN));
    let now = Instant::now();
    for op in round.extract_if(.., |op| now >= op.deadline).collect::<Vec<Op>>() {
        let trouble = if op.is(BEGUN) { unconfirmed("no certain answer in time") } else { unavailable("too late") };
        op.fail(trouble);
    }
}

/// Answers who loses to what the store says, and not to somebody of this round: they need not wait for the write. What
/// is planned for the others comes back, in their order; none for those who found no room in the batch.
fn answer_apart(engine: &Engine, round: &mut Vec<Op>, made: &mut Plan) -> Vec<Option<(Decision, bool)>> {
    let mut planned = std::mem::take(&mut made.decisions).into_iter();
    let mut rest = Vec::new();
    for op in std::mem::take(round) {
        match planned.next() {
            Some((decision, false)) if !decision.rests_on.iter().any(|place| made.changes.contains_key(place)) => {
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

/// Reads until it is known what stands in the rows, as long as anybody waits for it.
async fn find_out(engine: &Engine, hall: &SharedHall, block: usize, seats: &[i32], round: &[Op]) {
    let last = round.iter().filter(|op| op.is(BEGUN)).map(|op| op.deadline).max();
    while last.is_some_and(|last| Instant::now() < last) {
        if read(engine, hall, block, seats, Reading::Deciding).await.is_ok() {
            return;
        }
        sleep(PAUSE).await;
    }
}

/// Whoever has no write under way is told; the others' outcome is still to be found out. Answers whether there are any.
fn fail(round: &mut Vec<Op>, trouble: Trouble) -> bool {
    for op in round.extract_if(.., |op| !op.is(BEGUN)) {
        op.fail(match &trouble {
            Trouble::Unconfirmed { what, detail } => Trouble::Unavailable { what, detail: detail.clone() },
            other => other.clone(),
        });
    }
    !round.is_empty()
}

fn seats_of<'a>(hall: &SharedHall, block: usize, places: impl Iterator<Item = &'a u32>) -> Vec<i32> {
    let mut seats: Vec<i32> =
        places.filter_map(|place| hall.blocks[block].seats.get(*place as usize).copied()).collect();
    seats.sort_unstable();
    seats.dedup();
    seats
}

/// Reads rows of a block into the mirror; all of them where `seats` is empty.
pub(super) async fn read(
    engine: &Engine,
    hall: &SharedHall,
    block: usize,
    seats: &[i32],
    how: Reading,
) -> Result<u32, Trouble> {
    count(&engine.counters.reads);
    let tick = engine.tick();
    let asked = timeout(engine.tuning.answer_within, engine.table.read(hall.blocks[block].key, seats, how)).await;
    let rows = engine.went(asked.unwrap_or_else(|_| Err(unavailable("no answer in time"))))?;
    Ok(hall.merge_read(block, seats, &rows, tick, how == Reading::Deciding))
}

async fn write(engine: &Engine, hall: &SharedHall, block: usize, changes: &BTreeMap<u32, Cell>) -> Written {
    let here = &hall.blocks[block];
    let batch: Vec<Change> = changes
        .iter()
        .filter_map(|(place, cell)| {
            let seat = here.seats.get(*place as usize)?;
            Some(Change { seat: *seat, was: cell.version - 1, cell: *cell })
        })
        .collect();
    let Ok(_slot) = engine.slots.acquire().await else { return Written::NotDone(unavailable("it is closing")) };
    count(&engine.counters.writes);
    let tick = engine.tick();
    let asked = timeout(engine.tuning.answer_within, engine.table.write(here.key, &batch)).await;
    let written = asked.unwrap_or_else(|_| Written::Unknown(unconfirmed("no answer in time")));
    match &written {
        Written::Applied | Written::Lost(_) => drop(engine.went(Ok(()))),
        Written::Unknown(trouble) | Written::NotDone(trouble) => drop(engine.went::<()>(Err(trouble.clone()))),
    }
    if written == Written::Applied {
        let rows: Vec<(i32, Cell)> = batch.iter().map(|change| (change.seat, change.cell)).collect();
        hall.merge(block, &rows, tick, false);
        engine.outbox.tell(hall.event, here.key, &rows);
    }
    written
}
