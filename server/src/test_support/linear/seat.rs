//! One seat as the hold store promises it: nobody's or somebody's, until an instant that the caller's clock decides.

use domain::time::Millis;

use super::Model;

/// A refusal may rest on a hold that ended so long ago, in milliseconds, as the clocks of processes differ.
const GRACE: i64 = crate::holds::cql::GRACE;

/// The model.
#[derive(Debug)]
pub struct Seat;

/// Who has the seat, and until when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Held(Option<(u64, Millis)>);

impl Held {
    fn at(self, now: Millis) -> Option<u64> {
        self.0.filter(|(_, until)| now < *until).map(|(hold, _)| hold)
    }
}

/// A call as far as this seat is concerned. Holds are told apart by numbers, each used for one grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// The caller's clock.
    pub now: Millis,
    /// The hold it is about.
    pub hold: u64,
    /// What was asked and answered.
    pub what: What,
}

/// What was asked, and what was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Placed until then, or asked for and no answer came.
    Placed(Millis),
    /// Refused, because somebody else has the seat.
    Refused,
    /// Asked whether the hold stands, and it did or did not.
    Stands(bool),
    /// Made longer until then.
    Extended(Millis),
    /// Given back, or asked for and no answer came. Giving back what one does not have changes nothing.
    Released,
}

impl Model for Seat {
    type State = Held;
    type Call = Call;

    fn start() -> Held {
        Held::default()
    }

    fn step(state: &Held, call: &Call) -> Option<Held> {
        let has = state.at(call.now);
        let own = has == Some(call.hold);
        match call.what {
            What::Placed(until) => has.is_none().then_some(Held(Some((call.hold, until)))),
            What::Refused => {
                let lately = state.at(call.now.plus(-GRACE));
                lately.is_some_and(|hold| hold != call.hold).then_some(*state)
            }
            What::Stands(stood) => (own == stood).then_some(*state),
            What::Extended(until) => own.then_some(Held(Some((call.hold, until)))),
            What::Released => Some(if own { Held(None) } else { *state }),
        }
    }

    fn only_looks(call: &Call) -> bool {
        matches!(call.what, What::Refused | What::Stands(_))
    }
}
