//! The checker itself: stories it must accept, stories it must refuse, and agreement with trying every order.

use domain::time::Millis;
use proptest::prelude::*;

use super::seat::{Call, Seat, What};
use super::{Model, Timed, check};

const UNTIL: Millis = Millis(1_000);

fn call(hold: u64, what: What) -> Call {
    Call { now: Millis(0), hold, what }
}

fn done(from: u64, to: u64, hold: u64, what: What) -> Timed<Call> {
    Timed { from, to: Some(to), call: call(hold, what), before: None }
}

fn lost(from: u64, hold: u64, what: What) -> Timed<Call> {
    Timed { from, to: None, call: call(hold, what), before: None }
}

#[test]
fn what_one_after_the_other_sees_is_a_story() {
    let history = [
        done(0, 1, 1, What::Placed(UNTIL)),
        done(2, 3, 2, What::Refused),
        done(4, 5, 1, What::Stands(true)),
        done(6, 7, 1, What::Released),
        done(8, 9, 2, What::Placed(UNTIL)),
        done(10, 11, 1, What::Stands(false)),
    ];
    assert_eq!(check::<Seat>(&history), Ok(()));
}

#[test]
fn of_two_at_the_same_time_either_may_be_first() {
    let history =
        [done(0, 10, 1, What::Placed(UNTIL)), done(1, 9, 1, What::Released), done(2, 8, 2, What::Placed(UNTIL))];
    assert_eq!(check::<Seat>(&history), Ok(()));
}

#[test]
fn a_seat_granted_twice_is_found() {
    let history = [done(0, 1, 1, What::Placed(UNTIL)), done(2, 3, 2, What::Placed(UNTIL))];
    let stuck = check::<Seat>(&history).unwrap_err();
    assert_eq!((stuck.told, stuck.next), (1, vec![1]));
    let at_once = [done(0, 9, 1, What::Placed(UNTIL)), done(0, 9, 2, What::Placed(UNTIL))];
    assert!(check::<Seat>(&at_once).is_err(), "at the same time it is as wrong");
}

#[test]
fn a_refusal_of_a_seat_that_nobody_has_is_found() {
    assert!(check::<Seat>(&[done(0, 1, 1, What::Refused)]).is_err());
    let given_back = [done(0, 1, 1, What::Placed(UNTIL)), done(2, 3, 1, What::Released), done(4, 5, 2, What::Refused)];
    assert!(check::<Seat>(&given_back).is_err());
}

#[test]
fn a_hold_that_vanished_is_found() {
    let history = [done(0, 1, 1, What::Placed(UNTIL)), done(2, 3, 1, What::Stands(false))];
    assert!(check::<Seat>(&history).is_err());
}

#[test]
fn a_read_from_the_past_is_found() {
    let history = [
        done(0, 1, 1, What::Placed(UNTIL)),
        done(2, 3, 1, What::Released),
        done(4, 5, 2, What::Placed(UNTIL)),
        done(6, 7, 1, What::Stands(true)),
    ];
    assert!(check::<Seat>(&history).is_err());
}

#[test]
fn what_got_no_answer_may_have_happened_or_not_but_not_both() {
    let unknown = lost(0, 1, What::Placed(UNTIL));
    let happened = [unknown.clone(), done(5, 6, 2, What::Refused)];
    assert_eq!(check::<Seat>(&happened), Ok(()));
    let did_not = [unknown.clone(), done(5, 6, 2, What::Placed(UNTIL)), done(7, 8, 2, What::Stands(true))];
    assert_eq!(check::<Seat>(&did_not), Ok(()));
    let both = [unknown, done(5, 6, 2, What::Placed(UNTIL)), done(7, 8, 1, What::Stands(true))];
    assert!(check::<Seat>(&both).is_err());
}

#[test]
fn what_got_no_answer_does_not_happen_before_it_was_asked() {
    let history = [done(0, 1, 2, What::Refused), lost(2, 1, What::Placed(UNTIL))];
    assert!(check::<Seat>(&history).is_err());
}

#[test]
fn what_was_taken_for_a_moment_and_given_back_explains_a_refusal_in_between_alone() {
    let moment = |refused| {
        let taken = Timed { before: Some(1), ..lost(0, 1, What::Placed(UNTIL)) };
        [taken, done(0, 10, 1, What::Released), done(refused, refused + 1, 2, What::Refused)]
    };
    assert_eq!(check::<Seat>(&moment(5)), Ok(()));
    assert!(check::<Seat>(&moment(11)).is_err(), "what was given back stands in nobody's way");
}

#[test]
fn a_hold_ends_by_the_clock_of_whoever_asks() {
    let at = |now, call: Call| Call { now: Millis(now), ..call };
    let mut history = vec![
        done(0, 1, 1, What::Placed(UNTIL)),
        Timed { from: 2, to: Some(3), call: at(1_000, call(2, What::Placed(Millis(2_000)))), before: None },
    ];
    assert_eq!(check::<Seat>(&history), Ok(()));
    history[1].call.now = Millis(999);
    assert!(check::<Seat>(&history).is_err(), "a moment too early");
}

#[test]
fn a_long_history_of_a_crowd_is_checked_in_no_time() {
    // Each hold is placed, refuses thirty others at the same time, and is given back.
    let mut history = Vec::new();
    for round in 0..200_u64 {
        let at = round * 100;
        history.push(done(at, at + 10, round, What::Placed(UNTIL)));
        history.extend((0..30).map(|other| done(at + 11, at + 40 + other, 10_000 + other, What::Refused)));
        history.push(done(at + 50, at + 99, round, What::Released));
    }
    assert_eq!(check::<Seat>(&history), Ok(()));
    history[3_000].call.what = What::Stands(true);
    assert!(check::<Seat>(&history).is_err());
}

/// Every order of the calls, the slow way.
fn by_trying(history: &[Timed<Call>]) -> bool {
    fn go(state: &<Seat as Model>::State, left: &[Timed<Call>]) -> bool {
        if left.iter().all(|timed| timed.to.is_none()) {
            return true;
        }
        (0..left.len()).any(|at| {
            let first = left.iter().all(|other| other.to.is_none_or(|to| left[at].from <= to));
            let rest = [&left[..at], &left[at + 1..]].concat();
            first && Seat::step(state, &left[at].call).is_some_and(|next| go(&next, &rest))
        })
    }
    go(&Seat::start(), history)
}

fn histories() -> impl Strategy<Value = Vec<Timed<Call>>> {
    let what = prop_oneof![
        3 => Just(What::Placed(UNTIL)), 2 => Just(What::Refused), 2 => any::<bool>().prop_map(What::Stands),
        2 => Just(What::Released), 1 => Just(What::Extended(Millis(2_000))),
    ];
    let one = (0..12_u64, 0..8_u64, 0..3_u64, what, prop::bool::weighted(0.2), prop::bool::weighted(0.2)).prop_map(
        |(from, long, hold, what, unanswered, late)| Timed {
            from,
            to: (!unanswered).then_some(from + long),
            call: Call { now: Millis(if late { 1_500 } else { 0 }), hold, what },
            before: None,
        },
    );
    prop::collection::vec(one, 0..7)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn the_checker_agrees_with_trying_every_order(history in histories()) {
        prop_assert_eq!(check::<Seat>(&history).is_ok(), by_trying(&history));
    }
}
