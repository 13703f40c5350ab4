//! Counters that are broken on purpose: each breaks a law, and the law must notice.

use super::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    NeverRefuses,
    ChargesRefusals,
    OneClient,
    CountsAgain,
    TrustsTheFuture,
    EachClockForItself,
    Races,
    WholeMinutes,
    KeepsAll,
    GivesBackAnyTime,
}

pub(super) struct Broken {
    fault: Fault,
    inner: MemoryRates,
    newest: std::sync::Mutex<Millis>,
    behind: std::sync::Mutex<i64>,
}

impl Broken {
    pub(super) fn by(fault: Fault) -> Self {
        let inner = MemoryRates::default();
        Self { fault, inner, newest: std::sync::Mutex::default(), behind: std::sync::Mutex::default() }
    }
}

#[async_trait::async_trait]
impl RateStore for Broken {
    async fn take(&self, rule: Rule, who: &str, question: Nonce, now: Millis) -> Result<Verdict, Trouble> {
        match self.fault {
            Fault::NeverRefuses => return Ok(Verdict::Granted { left: rule.burst }),
            Fault::OneClient => return Ok(self.inner.count(RULE, "everybody", question, now)),
            Fault::CountsAgain => return Ok(self.inner.count(rule, who, nonce(), now)),
            Fault::EachClockForItself => return Ok(self.inner.count(rule, &format!("{who} {}", now.0), question, now)),
            Fault::WholeMinutes if rule.per_hour > 3600 => return Ok(Verdict::Refused { retry_after: MINUTE }),
            Fault::TrustsTheFuture => {
                let mut newest = self.newest.lock().unwrap();
                let behind = newest.since(now);
                *newest = now.max(*newest);
                if behind > 0 {
                    return Ok(Verdict::Refused { retry_after: behind });
                }
            }
            Fault::Races => {
                let before = self.inner.count(Rule { name: "look", ..rule }, who, question, now);
                tokio::task::yield_now().await;
                return Ok(match before {
                    Verdict::Refused { .. } => Verdict::Granted { left: 0 },
                    granted => granted,
                });
            }
            _ => {}
        }
        let behind = *self.behind.lock().unwrap();
        let verdict = self.inner.count(rule, who, question, now.plus(-behind));
        if self.fault == Fault::ChargesRefusals && matches!(verdict, Verdict::Refused { .. }) {
            *self.behind.lock().unwrap() += MINUTE;
        }
        Ok(verdict)
    }

    async fn give_back(
        &self,
        rule: Rule,
        who: &str,
        question: Nonce,
        taken: Millis,
        now: Millis,
    ) -> Result<(), Trouble> {
        match self.fault {
            Fault::KeepsAll => {}
            Fault::GivesBackAnyTime => self.inner.uncount(rule, who, nonce(), now, now),
            _ => self.inner.uncount(rule, who, question, taken, now),
        }
        Ok(())
    }
}

macro_rules! noticed {
    ($($fault:ident breaks $law:ident),+ $(,)?) => {
        $(#[tokio::test]
        #[should_panic]
        async fn $law() {
            super::$law(Arc::new(Broken::by(Fault::$fault))).await;
        })+
    };
}

noticed! {
    NeverRefuses breaks after_the_burst_one_comes_an_interval,
    ChargesRefusals breaks a_refusal_costs_nothing,
    OneClient breaks clients_and_rules_count_apart,
    CountsAgain breaks the_same_question_counts_once,
    TrustsTheFuture breaks a_clock_that_jumps_back_locks_nobody_out,
    EachClockForItself breaks clocks_that_differ_a_little_are_no_way_around,
    Races breaks of_many_at_once_exactly_the_burst_is_granted,
    WholeMinutes breaks a_rule_of_one_an_hour_and_one_of_millions_both_work,
    KeepsAll breaks what_is_given_back_may_be_sent_again_at_once,
    GivesBackAnyTime breaks nothing_is_given_back_twice_or_late_or_without_being_taken,
}
