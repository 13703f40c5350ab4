//! Random commands on memory and on the CQL store, through one process or several: no difference. Stores that are wrong in
//! one thing are found by the same commands.

use std::sync::Arc;

use domain::hold::{Fence, Hold};
use domain::ids::HoldId;
use domain::seat::SeatId;
use domain::time::Millis;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rstest::rstest;

use super::{Evening, NOW, SEATS, cluster_process, exact, plain, process};
use crate::holds::MemoryHolds;
use crate::holds::contract::broken::{Fault, broken};
use crate::holds::cql::Tuning;
use crate::holds::cql::fake::FakeTable;
use crate::holds::store::{Grant, HoldStore, Layout, Loss, Outcome, Sold};
use crate::test_support::to_its_end;

/// One call. Numbers choose among what there is at that moment.
#[derive(Clone, Debug)]
enum Command {
    Place {
        holder: u16,
        seats: Vec<u32>,
        standing: u32,
        minutes: i64,
    },
    Replace {
        which: usize,
        seats: Vec<u32>,
        standing: u32,
    },
    PlaceAgain {
        which: usize,
    },
    Get {
        which: usize,
    },
    Verify {
        which: usize,
    },
    Extend {
        which: usize,
        thief: bool,
    },
    Release {
        which: usize,
        thief: bool,
    },
    Sell {
        which: usize,
    },
    Free {
        which: usize,
    },
    Wait {
        seconds: i64,
    },
    Sweep,
    ByHolder {
        holder: u16,
    },
    Look,
    /// Other seats are blocked, and the standing tier has another size, or is gone.
    Lay {
        blocked: Vec<u32>,
        standing: Option<u32>,
    },
}

fn commands() -> impl Strategy<Value = Vec<Command>> {
    let seats =
        || prop::collection::btree_set(0..SEATS + 1, 0..5).prop_map(|seats| seats.into_iter().collect::<Vec<_>>());
    let which = || 0_usize..12;
    // Within one block, and in several: of those, hardly more than are asked for.
    let standing =
        || prop_oneof![6 => (0_u32..14).prop_map(Some), 1 => Just(Some(203)), 2 => Just(Some(405)), 1 => Just(None)];
    let one = prop_oneof![
        8 => (0_u16..5, seats(), 0_u32..4, 1_i64..12).prop_map(|(holder, seats, standing, minutes)| Command::Place {
            holder,
            seats,
            standing,
            minutes
        }),
        3 => (which(), seats(), 0_u32..4).prop_map(|(which, seats, standing)| Command::Replace { which, seats, standing }),
        1 => which().prop_map(|which| Command::PlaceAgain { which }),
        1 => which().prop_map(|which| Command::Get { which }),
        2 => which().prop_map(|which| Command::Verify { which }),
        2 => (which(), prop::bool::weighted(0.1)).prop_map(|(which, thief)| Command::Extend { which, thief }),
        2 => (which(), prop::bool::weighted(0.1)).prop_map(|(which, thief)| Command::Release { which, thief }),
        2 => which().prop_map(|which| Command::Sell { which }),
        2 => which().prop_map(|which| Command::Free { which }),
        2 => (1_i64..200).prop_map(|seconds| Command::Wait { seconds }),
        1 => Just(Command::Sweep),
        1 => (0_u16..5).prop_map(|holder| Command::ByHolder { holder }),
        2 => Just(Command::Look),
        2 => (seats(), standing()).prop_map(|(blocked, standing)| Command::Lay { blocked, standing }),
    ];
    prop::collection::vec(one, 1..60)
}

fn told(outcome: Outcome<Hold>) -> Outcome<Hold> {
    match outcome {
        Outcome::Applied(hold) => Outcome::Applied(plain(hold)),
        other => other,
    }
}

/// Runs the commands on both; `turns` says which process has which turn.
async fn compare(processes: &[Arc<dyn HoldStore>], commands: &[Command], turns: &[usize], max_holds: usize) {
    let evening = Evening::new();
    let memory = MemoryHolds::default();
    evening.open(&memory, Sold::default()).await;
    for one in processes {
        evening.open(&**one, Sold::default()).await;
    }
    let (mut now, mut granted, mut fences): (Millis, Vec<Grant>, Vec<(SeatId, Fence)>) = (NOW, Vec::new(), Vec::new());
    let several = processes.len() > 1;
    for (turn, command) in commands.iter().enumerate() {
        let store = &processes[turns.get(turn).copied().unwrap_or(turn) % processes.len()];
        let known = |which: usize| (!granted.is_empty()).then(|| granted[which % granted.len()].clone());
        let thief = evening.holder(99);
        let words = format!("{command:?} at {turn}");
        match command {
            Command::Place { .. } | Command::Replace { .. } => {
                let number = turn as u16 + 1;
                let grant = match command {
                    Command::Place { holder, seats, standing, minutes } => Grant {
                        holder: evening.holder(*holder),
                        expires_at: now.plus(minutes * 60_000),
                        max_holds,
                        ..evening.grant(number, seats, *standing)
                    },
                    Command::Replace { which, seats, standing } => {
                        let Some(old) = known(*which) else { continue };
                        Grant {
                            holder: old.holder,
                            expires_at: now.plus(300_000),
                            replaces: Some(old.id),
                            max_holds,
                            ..evening.grant(number, seats, *standing)
                        }
                    }
                    _ => continue,
                };
                if grant.seats.is_empty() && grant.standing.is_empty() {
                    continue;
                }
                let (expected, got) = (memory.place(&grant, now).await, store.place(&grant, now).await);
                if let Outcome::Applied(hold) = &got {
                    for seat in &hold.seats {
                        let before = fences.iter().filter(|(known, _)| known == seat).map(|(_, fence)| *fence).max();
                        assert!(
                            before.is_none_or(|before| before < hold.fence),
                            "{words}: the fence of {seat:?} grows"
                        );
                        fences.push((*seat, hold.fence));
                    }
                    granted.push(grant);
                }
                let taken = |outcome: &Outcome<Hold>| matches!(outcome, Outcome::Lost(Loss::Taken { .. }));
                // Which places are gone is told as far as a process knows of the others.
                if !(several && taken(&got) && taken(&expected)) {
                    assert_eq!(told(got), told(expected), "{words}");
                }
            }
            Command::PlaceAgain { which } => {
                let Some(grant) = known(*which) else { continue };
                // An id is not used again after its hold is over: what then becomes of it is nobody's promise.
                if memory.verify(grant.id, grant.holder, now).await.unwrap().is_some() {
                    let (expected, got) = (memory.place(&grant, now).await, store.place(&grant, now).await);
                    assert_eq!(told(got), told(expected), "{words}");
                }
            }
            Command::Get { which } => {
                let Some(grant) = known(*which) else { continue };
                let whole = memory.verify(grant.id, grant.holder, now).await.unwrap();
                // What may lag may lag behind another process; and a hold that was overtaken is nobody's business.
                if !several && whole.is_some() {
                    let got = store.get(grant.id, grant.holder, now).await.unwrap();
                    assert_eq!(got.map(plain), whole.map(plain), "{words}");
                }
            }
            Command::Verify { which } => {
                let Some(grant) = known(*which) else { continue };
                let expected = memory.verify(grant.id, grant.holder, now).await.unwrap();
                let got = store.verify(grant.id, grant.holder, now).await.unwrap();
                assert_eq!(got.map(plain), expected.map(plain), "{words}");
            }
            Command::Extend { which, thief: steals } => {
                let Some(grant) = known(*which) else { continue };
                let holder = if *steals { thief } else { grant.holder };
                let expected = memory.extend(grant.id, holder, 60_000, now).await;
                let got = store.extend(grant.id, holder, 60_000, now).await;
                assert_eq!(told(got), told(expected), "{words}");
            }
            Command::Release { which, thief: steals } => {
                let Some(grant) = known(*which) else { continue };
                let holder = if *steals { thief } else { grant.holder };
                let expected = memory.release(grant.id, holder, now).await;
                let got = store.release(grant.id, holder, now).await;
                assert_eq!(got, expected, "{words}");
            }
            Command::Sell { which } => {
                let Some(grant) = known(*which) else { continue };
                // Orders are made of holds that were whole.
                if let Some(hold) = memory.verify(grant.id, grant.holder, now).await.unwrap() {
                    memory.mark_sold(&hold).await.unwrap();
                    store.mark_sold(&hold).await.unwrap();
                }
            }
            Command::Free { which } => {
                let Some(grant) = known(*which) else { continue };
                let places = Sold { seats: grant.seats.clone(), standing: grant.standing.clone(), counted: vec![] };
                memory.mark_free(evening.event(), grant.id, &places).await.unwrap();
                store.mark_free(evening.event(), grant.id, &places).await.unwrap();
            }
            Command::Wait { seconds } => now = now.plus(seconds * 1_000),
            Command::Sweep => {
                let (expected, got) = (memory.sweep(now).await.unwrap(), store.sweep(now).await.unwrap());
                assert!(several || got == expected, "{words}: {got} and not {expected}");
            }
            Command::ByHolder { holder } => {
                let list = |holds: Vec<Hold>| {
                    let mut ids: Vec<HoldId> = holds.into_iter().map(|hold| hold.id).collect();
                    ids.sort_unstable();
                    ids
                };
                let expected = list(memory.by_holder(evening.holder(*holder), now).await.unwrap());
                let got = list(store.by_holder(evening.holder(*holder), now).await.unwrap());
                assert_eq!(got, expected, "{words}");
            }
            Command::Lay { blocked, standing } => {
                let layout = Layout { standing: evening.sized(*standing).standing, ..evening.layout(blocked) };
                memory.open(evening.event(), layout.clone()).await.unwrap();
                for one in processes {
                    one.open(evening.event(), layout.clone()).await.unwrap();
                }
            }
            Command::Look => {
                if several {
                    // Without a bus, a process finds out what the others did by reading.
                    store.marks(evening.event()).await.unwrap();
                }
                let expected = memory.snapshot(evening.event(), now).await.unwrap().unwrap();
                let got = store.snapshot(evening.event(), now).await.unwrap().unwrap();
                assert_eq!((got.states, got.standing), (expected.states, expected.standing), "{words}");
            }
        }
    }
}

/// What another process did is believed at once only where nothing known is.
fn distrust() -> Tuning {
    Tuning { trust: std::time::Duration::ZERO, ..exact() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, max_shrink_iters: 2_000, ..ProptestConfig::default() })]
    #[test]
    fn one_process_tells_what_memory_tells(commands in commands()) {
        to_its_end(async { compare(&[Arc::new(process(&FakeTable::default(), exact(), None))], &commands, &[0], 3).await });
    }

    #[test]
    fn several_processes_tell_what_memory_tells(
        commands in commands(),
        turns in prop::collection::vec(0_usize..3, 60),
    ) {
        to_its_end(async {
            let table = FakeTable::default();
            let process = |_| Arc::new(process(&table, distrust(), None)) as Arc<dyn HoldStore>;
            let processes: Vec<_> = (0..3).map(process).collect();
            compare(&processes, &commands, &turns, 1_000).await;
        });
    }
}

/// Each case costs a cluster a second or two: few by default, many where the environment asks for long tests.
fn cases_on_a_cluster() -> u32 {
    #[allow(clippy::disallowed_methods, reason = "tests have no Config")]
    let long = std::env::var("PARTERRE_LONG_TESTS").is_ok();
    if long { 200 } else { 10 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases_on_a_cluster(), max_shrink_iters: 40, ..ProptestConfig::default() })]
    #[test]
    fn processes_on_a_cluster_tell_what_memory_tells(
        commands in commands(),
        among in 1_usize..=3,
        turns in prop::collection::vec(0_usize..6, 60),
    ) {
        to_its_end(async {
            let mut processes: Vec<Arc<dyn HoldStore>> = Vec::new();
            for _ in 0..among {
                processes.push(Arc::new(cluster_process(distrust(), None).await));
            }
            let turns: Vec<usize> = turns.iter().map(|turn| turn % among).collect();
            compare(&processes, &commands, &turns, 1_000).await;
        });
    }
}

#[rstest]
fn random_commands_find_a_hold_store_that_differs(
    #[values(
        Fault::TakesWhatItCan,
        Fault::NeverExpires,
        Fault::ExtendsForEver,
        Fault::AnyHolder,
        Fault::KeepsFreed,
        Fault::Oversells,
        Fault::StaleSnapshot
    )]
    fault: Fault,
) {
    // As many commands as the stores themselves get, the same ones each time; the first difference is enough.
    let config = Config { cases: 160, max_shrink_iters: 0, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let found = runner.run(&commands(), |commands| {
        to_its_end(async { compare(&[broken(fault)], &commands, &[0], 3).await });
        Ok(())
    });
    assert!(found.is_err(), "{fault:?} is found");
}
