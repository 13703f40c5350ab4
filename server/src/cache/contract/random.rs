//! Random commands find no difference between the stores.

use std::sync::atomic::{AtomicU32, Ordering};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use rstest::rstest;

use super::broken::{Broken, Fault};
use super::*;
use crate::test_support::to_its_end;

/// What a store may be asked. Keys are few, so that commands meet.
#[derive(Clone, Debug)]
enum Command {
    Get(u8),
    Keep(u8, Vec<u8>),
    Renew(u8),
    Forget(u8),
}

fn commands() -> impl Strategy<Value = Vec<Command>> {
    let key = || 0_u8..4;
    let command = prop_oneof![
        3 => key().prop_map(Command::Get),
        4 => (key(), prop::collection::vec(any::<u8>(), 0..40)).prop_map(|(key, value)| Command::Keep(key, value)),
        2 => key().prop_map(Command::Renew),
        1 => key().prop_map(Command::Forget),
    ];
    prop::collection::vec(command, 1..60)
}

/// What it answers, as text.
async fn answer(store: &dyn CacheStore, salt: u32, command: &Command) -> String {
    let name = |key: &u8| format!("event:{{{salt}-{key}}}");
    match command {
        Command::Get(key) => format!("{:?}", store.get(&name(key)).await),
        Command::Keep(key, value) => format!("{:?}", store.keep(&name(key), Bytes::from(value.clone()), LONG).await),
        Command::Renew(key) => format!("{:?}", store.renew(&name(key), LONG).await),
        Command::Forget(key) => format!("{:?}", store.forget(&name(key)).await),
    }
}

/// Where the answers of two stores first differ.
async fn difference(one: &dyn CacheStore, other: &dyn CacheStore, commands: &[Command]) -> Option<String> {
    static CASE: AtomicU32 = AtomicU32::new(0);
    let salt = CASE.fetch_add(1, Ordering::Relaxed);
    for (at, command) in commands.iter().enumerate() {
        let (here, there) = (answer(one, salt, command).await, answer(other, salt, command).await);
        if here != there {
            return Some(format!("command {at}, {command:?}: {here} and {there}"));
        }
    }
    None
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 100, ..ProptestConfig::default() })]
    #[test]
    fn random_commands_never_tell_memory_from_redis(commands in commands()) {
        let found = to_its_end(async { difference(&*memory().await, &*one_redis().await, &commands).await });
        prop_assert_eq!(found, None);
    }

    #[test]
    fn random_commands_never_tell_memory_from_a_redis_cluster(commands in commands()) {
        let found = to_its_end(async { difference(&*memory().await, &*redis_cluster().await, &commands).await });
        prop_assert_eq!(found, None);
    }
}

#[rstest]
fn random_commands_find_a_store_that_differs(
    #[values(Fault::OneKey, Fault::Overwrites, Fault::OnlyDeletes, Fault::SaysYes)] fault: Fault,
) {
    let found = TestRunner::deterministic().run(&commands(), |commands| {
        let found = to_its_end(async { difference(&*memory().await, &Broken::by(fault), &commands).await });
        prop_assert_eq!(found, None);
        Ok(())
    });
    assert!(found.is_err(), "{fault:?} is found");
}
