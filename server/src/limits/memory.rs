//! Counts of this process.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use domain::time::Millis;

use super::store::GIVEN_BACK_WITHIN;
use super::{APART, Nonce, RateStore, Rule, Verdict};
use crate::trouble::Trouble;

/// What is said of a request that was given back.
const GIVEN_BACK: Verdict = Verdict::Refused { retry_after: 1 };
/// Clients counted before the first tidying.
const TIDY_ABOVE: usize = 10_000;

/// Counts in a map. Whoever has rested long enough is not in it.
#[derive(Debug, Default)]
pub struct MemoryRates {
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    clients: HashMap<(&'static str, String), State>,
    tidy_above: usize,
}

#[derive(Debug)]
struct State {
    /// When the client will have rested, in microseconds.
    due: i64,
    last: Option<(Nonce, Verdict)>,
}

impl MemoryRates {
    /// As [`RateStore::take`]. Of a client's requests the last is known by its nonce: nobody repeats an older one here.
    pub(super) fn count(&self, rule: Rule, who: &str, nonce: Nonce, now: Millis) -> Verdict {
        let now = now.0.saturating_mul(1000);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.clients.len() > counts.tidy_above.max(TIDY_ABOVE) {
            counts.clients.retain(|_, state| state.due > now);
            // What cannot be forgotten yet is not looked through for every request.
            counts.tidy_above = counts.clients.len() * 2;
        }
        let state = counts.clients.entry((rule.name, who.to_owned())).or_insert(State { due: now, last: None });
        if let Some((_, verdict)) = state.last.filter(|(last, _)| *last == nonce) {
            return verdict;
        }
        // Kept so on a refusal as well: a clock that was set back must not be waited for.
        let most = now.saturating_add(rule.tolerance());
        state.due = if state.due > most.saturating_add(APART) { most } else { state.due.max(now) };
        let due = state.due.saturating_add(rule.interval());
        let early = due.saturating_sub(rule.tolerance()).saturating_sub(now);
        let verdict = if early > 0 {
            Verdict::of(-early)
        } else {
            state.due = due;
            Verdict::of(-early / rule.interval())
        };
        state.last = Some((nonce, verdict));
        verdict
    }

    /// As [`RateStore::give_back`]; once where the request was the client's last.
    pub(super) fn uncount(&self, rule: Rule, who: &str, nonce: Nonce, taken: Millis, now: Millis) {
        let passed = now.since(taken).max(0);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(state) = counts.clients.get_mut(&(rule.name, who.to_owned())) else { return };
        match &mut state.last {
            Some((last, Verdict::Refused { .. })) if *last == nonce => return,
            Some((last, verdict)) if *last == nonce => *verdict = GIVEN_BACK,
            _ => {}
        }
        if passed <= GIVEN_BACK_WITHIN {
            let share = rule.interval().saturating_sub(passed.saturating_mul(1000)).max(0);
            let due = state.due.saturating_sub(share);
            // Whoever has rested is forgotten.
            state.due = if due > now.0.saturating_mul(1000) { due } else { i64::MIN };
        }
    }
}

#[async_trait]
impl RateStore for MemoryRates {
    async fn take(&self, rule: Rule, who: &str, nonce: Nonce, now: Millis) -> Result<Verdict, Trouble> {
        Ok(self.count(rule, who, nonce, now))
    }

    async fn give_back(&self, rule: Rule, who: &str, nonce: Nonce, taken: Millis, now: Millis) -> Result<(), Trouble> {
        self.uncount(rule, who, nonce, taken, now);
        Ok(())
    }
}
