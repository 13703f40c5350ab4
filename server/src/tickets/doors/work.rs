//! The projection's work behind the scenes: messages to follow, and the comparison that comes round.

use std::time::Duration;

use async_trait::async_trait;
use domain::ids::OrderId;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::postgres::turns::Next;
use super::{Doors, TOPIC};
use crate::jobs::{Handler, Message, Task};
use crate::stores::cql::WHAT as CQL;
use crate::trouble::Trouble;

/// Follows the changes of tickets. Where there is no store for doors a message is done as soon as it is there.
pub struct Follower(pub Option<Doors>);

#[async_trait]
impl Handler for Follower {
    fn topic(&self) -> &'static str {
        TOPIC
    }

    fn side_by_side(&self) -> u32 {
        4
    }

    async fn handle(&self, message: &Message) -> Result<(), Trouble> {
        match &self.0 {
            Some(doors) => doors.follow(OrderId(message.subject)).await,
            None => Ok(()),
        }
    }
}

/// How often it is looked whether a lot is due; the shortest pause between two lots, too.
const EVERY: Duration = Duration::from_millis(500);
/// A lot is followed by a pause of so many times what it took: a store that is busy is left alone for longer.
const LEFT_ALONE: u32 = 9;
/// The longest pause: after a lot that took very long, after the last of a round, and while another process has its turn.
const REST: Duration = Duration::from_secs(60);
/// The pause after trouble.
const AFTER_TROUBLE: Duration = Duration::from_secs(5);

/// The pause after a lot that took so long.
fn pause_after(took: Duration) -> Duration {
    (took * LEFT_ALONE).clamp(EVERY, REST)
}

/// Compares one lot after another, over and over, in turns with the other processes of the shop.
pub struct Compare {
    doors: Doors,
    /// What the processes call the store: those that ask another one have a round of their own.
    store: String,
    /// Until then nothing is due.
    not_before: Mutex<Option<Instant>>,
}

impl Compare {
    /// Compares what `doors` show by the store of this name with the books.
    #[must_use]
    pub fn new(doors: Doors, store: impl Into<String>) -> Self {
        Self { doors, store: store.into(), not_before: Mutex::default() }
    }

    /// Compares the next lot, if it is due; answers after how long to look again.
    pub(super) async fn lot(&self) -> Result<Duration, Trouble> {
        let Self { doors, store, .. } = self;
        let turn = match doors.books.take_turn(store).await? {
            Next::Mine(turn) => turn,
            Next::After(pause) => return Ok(pause),
        };
        let begun = Instant::now();
        match doors.compare(turn.behind).await {
            Ok((next, _)) => {
                let pause = if next.is_some() { pause_after(begun.elapsed()) } else { REST };
                doors.books.end_turn(store, turn, next, pause).await?;
                Ok(pause)
            }
            Err(trouble) => {
                // The driver may wait without end on a connection whose first answer was lost.
                if trouble.retryable() && trouble.what() == CQL {
                    // Should that fail too, the next round tries again.
                    let _ = doors.store.renew().await;
                }
                // Where this is not heard the turn ends by itself.
                let _ = doors.books.end_turn(store, turn, turn.behind, AFTER_TROUBLE).await;
                Err(trouble)
            }
        }
    }
}

#[async_trait]
impl Task for Compare {
    fn name(&self) -> &'static str {
        "tickets at doors"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    async fn round(&self) -> Result<(), Trouble> {
        let mut not_before = self.not_before.lock().await;
        if not_before.is_some_and(|due| Instant::now() < due) {
            return Ok(());
        }
        let told = self.lot().await;
        let pause = told.as_ref().map_or(AFTER_TROUBLE, |pause| (*pause).min(REST));
        *not_before = Some(Instant::now() + pause);
        told.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lot_takes_a_tenth_of_the_time_and_a_slow_store_is_left_alone() {
        let after = |milliseconds| pause_after(Duration::from_millis(milliseconds)).as_millis();
        assert_eq!([0, 20, 100, 1_000, 6_000, 40_000].map(after), [500, 500, 900, 9_000, 54_000, 60_000]);
    }
}
