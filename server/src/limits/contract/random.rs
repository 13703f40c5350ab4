//! Random commands find no difference between the stores.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::time::SECOND;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use rstest::rstest;

use super::broken::{Broken, Fault};
use super::*;
use crate::test_support::to_its_end;

const RULES: [Rule; 2] = [RULE, Rule { name: "writes", per_hour: 200, burst: 2 }];

/// What a client does after so many milliseconds; below zero the clock jumps back first.
#[derive(Clone, Copy, Debug)]
enum Act {
    Asks,
    /// Its last question once more, as after an answer that was lost.
    AsksAgain,
    /// Nothing came of its last question.
    HasItBack,
}

#[derive(Clone, Copy, Debug)]
struct Command {
    who: u8,
    rule: usize,
    after: i64,
    act: Act,
}

fn commands() -> impl Strategy<Value = Vec<Command>> {
    let act = prop_oneof![4 => Just(Act::Asks), 1 => Just(Act::AsksAgain), 2 => Just(Act::HasItBack)];
    let after = prop_oneof![
        4 => 0..2 * SECOND,
        2 => 0..90 * SECOND,
        1 => -3_600 * SECOND..0,
        // As the clocks of two processes differ.
        1 => -300..0_i64,
    ];
    let command =
        (0_u8..2, 0..RULES.len(), after, act).prop_map(|(who, rule, after, act)| Command { who, rule, after, act });
    prop::collection::vec(command, 1..60)
}

/// Where the answers of two stores first differ.
async fn difference(one: &dyn RateStore, other: &dyn RateStore, commands: &[Command]) -> Option<String> {
    static CASE: AtomicU32 = AtomicU32::new(0);
    let salt = CASE.fetch_add(1, Ordering::Relaxed);
    let (mut now, mut last) = (NOW, HashMap::new());
    for (at, command) in commands.iter().enumerate() {
        now = now.plus(command.after);
        let (rule, who) = (RULES[command.rule], format!("{salt}-{}", command.who));
        let client = (command.rule, command.who);
        let (question, taken) = match (command.act, last.get(&client)) {
            (Act::Asks, _) | (_, None) => (nonce(), now),
            (_, Some(known)) => *known,
        };
        let (here, there) = if matches!(command.act, Act::HasItBack) && last.contains_key(&client) {
            let back =
                async |store: &dyn RateStore| format!("{:?}", store.give_back(rule, &who, question, taken, now).await);
            (back(one).await, back(other).await)
        } else {
            let take = async |store: &dyn RateStore| format!("{:?}", store.take(rule, &who, question, now).await);
            (take(one).await, take(other).await)
        };
        last.insert(client, (question, taken));
        if here != there {
            return Some(format!("command {at}, {command:?} at {now:?}: {here} and {there}"));
        }
    }
    None
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 100, ..ProptestConfig::default() })]
    #[test]
    fn random_questions_never_tell_memory_from_redis(commands in commands()) {
        let found = to_its_end(async { difference(&*memory().await, &*one_redis().await, &commands).await });
        prop_assert_eq!(found, None);
    }

    #[test]
    fn random_questions_never_tell_memory_from_a_redis_cluster(commands in commands()) {
        let found = to_its_end(async { difference(&*memory().await, &*redis_cluster().await, &commands).await });
        prop_assert_eq!(found, None);
    }
}

#[rstest]
fn random_questions_find_a_counter_that_differs(
    #[values(
        Fault::NeverRefuses,
        Fault::ChargesRefusals,
        Fault::OneClient,
        Fault::CountsAgain,
        Fault::TrustsTheFuture,
        Fault::KeepsAll,
        Fault::GivesBackAnyTime
    )]
    fault: Fault,
) {
    let found = TestRunner::deterministic().run(&commands(), |commands| {
        let found = to_its_end(async { difference(&*memory().await, &Broken::by(fault), &commands).await });
        prop_assert_eq!(found, None);
        Ok(())
    });
    assert!(found.is_err(), "{fault:?} is found");
}
