//! What clients saw, kept seat by seat, and judged.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use domain::ids::HoldId;
use domain::seat::SeatId;
use domain::time::Millis;
use parterre::test_support::linear::seat::{Call, Seat, What};
use parterre::test_support::linear::{Timed, check};
use tokio::time::Instant;

/// The record of a story. Times are microseconds since its beginning.
pub(crate) struct Record {
    start: Instant,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    holds: HashMap<HoldId, u64>,
    seats: BTreeMap<SeatId, Vec<Timed<Call>>>,
}

impl Default for Record {
    fn default() -> Self {
        Self { start: Instant::now(), book: Mutex::default() }
    }
}

impl Record {
    /// The moment, in microseconds.
    pub(crate) fn moment(&self) -> u64 {
        self.start.elapsed().as_micros() as u64
    }

    /// The story's clock: what callers pass as `now`. A million seconds after 1970 and then as fast as the real one.
    pub(crate) fn now(&self) -> Millis {
        Millis(1_000_000_000 + self.start.elapsed().as_millis() as i64)
    }

    /// A call about `seat` between two moments; without an end it got no answer.
    pub(crate) fn add(&self, seat: SeatId, hold: HoldId, now: Millis, from: u64, to: Option<u64>, what: What) {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let next = book.holds.len() as u64;
        let hold = *book.holds.entry(hold).or_insert(next);
        book.seats.entry(seat).or_default().push(Timed { from, to, call: Call { now, hold, what }, before: None });
    }

    /// A try for several seats that came to nothing: it may have had `seat` for a moment and given it back before `to`.
    pub(crate) fn tried(&self, seat: SeatId, hold: HoldId, now: Millis, from: u64, to: u64, until: Millis) {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let next = book.holds.len() as u64;
        let hold = *book.holds.entry(hold).or_insert(next);
        let history = book.seats.entry(seat).or_default();
        let given_back = history.len() + 1;
        let call = |what| Call { now, hold, what };
        history.push(Timed { from, to: None, call: call(What::Placed(until)), before: Some(given_back) });
        history.push(Timed { from, to: Some(to), call: call(What::Released), before: None });
    }

    /// How many seats were granted so far.
    pub(crate) fn granted(&self) -> usize {
        let book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let granted = |timed: &&Timed<Call>| timed.to.is_some() && matches!(timed.call.what, What::Placed(_));
        book.seats.values().flatten().filter(granted).count()
    }

    /// How many calls are recorded.
    pub(crate) fn len(&self) -> usize {
        self.book.lock().unwrap_or_else(PoisonError::into_inner).seats.values().map(Vec::len).sum()
    }

    /// Fails where what was seen of any seat is no story; shows the calls around the break.
    pub(crate) fn judge(&self) {
        let book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        for (seat, history) in &book.seats {
            let Err(stuck) = check::<Seat>(history) else { continue };
            let mut order: Vec<&Timed<Call>> = history.iter().collect();
            order.sort_by_key(|timed| timed.from);
            let around = stuck.next.iter().map(|at| history[*at].from).min().unwrap_or(0);
            let from = order.partition_point(|timed| timed.from < around).saturating_sub(12);
            let shown: Vec<String> = order[from..].iter().take(30).map(|timed| format!("{timed:?}")).collect();
            panic!(
                "seat {seat:?}: what was seen is no story of one seat ({} of {} calls can be told, then none of {:?}):\n{}",
                stuck.told,
                history.len(),
                stuck.next.iter().map(|at| &history[*at].call).collect::<Vec<_>>(),
                shown.join("\n")
            );
        }
    }
}
