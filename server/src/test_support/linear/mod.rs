//! A linearizability checker: whether what many clients saw can be told as one story, in which each call took effect
//! at a single moment between its beginning and its end.
//!
//! The search is the one of Wing and Gong (Testing and verifying concurrent objects, 1993) with the memory of Lowe
//! (Testing for linearizability, 2017): a state reached twice with the same calls behind it is searched once.

pub mod seat;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::hash::Hash;

/// What a single client would see.
pub trait Model {
    /// What is remembered between calls.
    type State: Clone + Eq + Hash;
    /// A call with its answer; one without an answer says so itself.
    type Call;

    /// Before the first call.
    fn start() -> Self::State;

    /// The state after the call, where it could have been answered so; `None` where it could not. A call without an
    /// answer may take effect, and may also never do.
    fn step(state: &Self::State, call: &Self::Call) -> Option<Self::State>;

    /// Whether such a call changes nothing in any state. Where it may come next, it does, and no other order is tried:
    /// a story in which it comes later is as good with it here.
    fn only_looks(call: &Self::Call) -> bool;
}

/// A call with its time, in any unit that grows.
#[derive(Clone, Debug)]
pub struct Timed<C> {
    /// When it was made.
    pub from: u64,
    /// When its answer came; `None` where none came, so that it may take effect at any time after `from`, or never.
    pub to: Option<u64>,
    /// The call.
    pub call: C,
    /// For one without an answer: the place in the history of the call that it can only have come before.
    pub before: Option<usize>,
}

/// There is no such story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// How many calls the longest beginning of a story takes in.
    pub told: usize,
    /// What could not come next in it, as places in the history.
    pub next: Vec<usize>,
}

/// Checks a history.
///
/// # Errors
/// [`Stuck`] where no order of the calls explains the answers.
pub fn check<M: Model>(history: &[Timed<M::Call>]) -> Result<(), Stuck> {
    let mut order: Vec<usize> = (0..history.len()).collect();
    order.sort_by_key(|at| history[*at].from);
    let search = Search::<M> { history, order };
    search.run()
}

struct Search<'a, M: Model> {
    history: &'a [Timed<M::Call>],
    /// Places in the history, by when the calls began.
    order: Vec<usize>,
}

/// A point of the search: the state, what may come next, and which call led here.
struct Point<S> {
    state: S,
    next: Vec<usize>,
    tried: usize,
    by: Option<usize>,
}

impl<M: Model> Search<'_, M> {
    fn run(&self) -> Result<(), Stuck> {
        let mut told = Told::of(self.history.len());
        let mut open = self.history.iter().filter(|timed| timed.to.is_some()).count();
        let mut seen = HashSet::new();
        let mut longest = Stuck { told: 0, next: self.candidates(&told, &M::start()) };
        let mut path = vec![Point { state: M::start(), next: longest.next.clone(), tried: 0, by: None }];
        while let Some(point) = path.last_mut() {
            if open == 0 {
                return Ok(());
            }
            let Some(&at) = point.next.get(point.tried) else {
                // Nothing leads on from here: take back the call that led here.
                if let Some(by) = path.pop().and_then(|point| point.by) {
                    told.set(by, false);
                    open += usize::from(self.history[by].to.is_some());
                }
                continue;
            };
            point.tried += 1;
            let Some(state) = M::step(&point.state, &self.history[at].call) else { continue };
            told.set(at, true);
            if !seen.insert((told.clone(), state.clone())) {
                told.set(at, false);
                continue;
            }
            open -= usize::from(self.history[at].to.is_some());
            let next = self.candidates(&told, &state);
            if path.len() > longest.told {
                longest = Stuck { told: path.len(), next: next.clone() };
            }
            path.push(Point { state, next, tried: 0, by: Some(at) });
        }
        Err(longest)
    }

    /// What may be told next: every call that began before the first of the untold ones ended.
    fn candidates(&self, told: &Told, state: &M::State) -> Vec<usize> {
        let mut first_end = u64::MAX;
        let mut found = Vec::new();
        for at in self.order.iter().copied().filter(|at| !told.has(*at)) {
            let timed = &self.history[at];
            if timed.from > first_end {
                break;
            }
            if timed.before.is_some_and(|other| told.has(other)) {
                continue;
            }
            if timed.to.is_some() && M::only_looks(&timed.call) && M::step(state, &timed.call).is_some() {
                return vec![at];
            }
            first_end = first_end.min(timed.to.unwrap_or(u64::MAX));
            found.push(at);
        }
        // Those whose end comes first are the likeliest; what never ended comes last.
        found.sort_by_key(|at| self.history[*at].to.unwrap_or(u64::MAX));
        found
    }
}

/// Which calls are part of the story so far.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Told(Box<[u64]>);

impl Told {
    fn of(calls: usize) -> Self {
        Self(vec![0; calls.div_ceil(64)].into())
    }

    fn has(&self, at: usize) -> bool {
        self.0[at / 64] >> (at % 64) & 1 == 1
    }

    fn set(&mut self, at: usize, told: bool) {
        let bit = 1 << (at % 64);
        if told {
            self.0[at / 64] |= bit;
        } else {
            self.0[at / 64] &= !bit;
        }
    }
}
