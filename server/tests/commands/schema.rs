//! `parterre migrate up|down|status`.

use parterre::test_support::empty_database;

use super::{Ended, parterre};

/// The lines that a command listed: number, state and name of each step.
fn steps(ended: &Ended) -> Vec<(u32, &str, &str)> {
    assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{ended:?}");
    let step = |line| {
        let words: Vec<&str> = str::splitn(line, 3, "  ").collect();
        let [number, state, name] = words[..] else { panic!("no step: {line}") };
        (number.parse().unwrap(), state, name)
    };
    ended.out.lines().map(step).collect()
}

#[tokio::test]
async fn the_schema_goes_up_and_down_and_says_where_it_is() {
    let database = empty_database().await;
    let migrate = |verb: &str| parterre(&["migrate", verb, "--database-url", &database.url]);
    let before = migrate("status");
    let all = steps(&before);
    assert!(all.len() > 30 && all.iter().all(|(_, state, _)| *state == "missing"), "{all:?}");
    assert!(all[0].2.starts_with("search"), "{all:?}");
    let count = all.len() as u32;
    assert!(all.iter().map(|(number, ..)| *number).eq(1..=count), "each step once, in order");

    let up = migrate("up");
    let applied: Vec<_> = all.iter().map(|(number, _, name)| (*number, "applied", *name)).collect();
    assert_eq!(steps(&up), applied, "what was done is listed");
    assert_eq!(migrate("up").out, "Nothing to do: the schema is up to date.\n");
    assert_eq!(steps(&migrate("status")), applied);

    let down = migrate("down");
    let newest = *all.last().unwrap();
    assert_eq!(steps(&down), [newest], "one step at a time, the newest first");
    let status = migrate("status");
    let (last, rest) = applied.split_last().unwrap();
    assert_eq!(steps(&status), [rest, &[newest]].concat());
    assert_eq!(steps(&migrate("up")), [*last]);
}

#[test]
fn a_database_that_cannot_be_reached_is_one_sentence_without_its_password() {
    for verb in ["up", "status"] {
        let told = parterre(&["migrate", verb, "--database-url", "postgres://u:hush@127.0.0.1:1/x"]);
        told.is_one_sentence(1, "The schema was not changed: PostgreSQL is unavailable");
        assert!(!told.err.contains("hush"), "{told:?}");
    }
}
