//! The projection's work behind the scenes: messages to follow, and the comparison that comes round.

use std::time::Duration;

use async_trait::async_trait;
use axum_prometheus::metrics::counter;
use domain::ids::{OrderId, TicketId};
use tokio::sync::Mutex;

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

/// Pause between two lots.
const EVERY: Duration = Duration::from_secs(5);
/// Rounds that are left out once all tickets were compared: a minute.
const REST: u32 = 12;

/// Compares one lot a round, over and over.
pub struct Compare {
    doors: Doors,
    /// The last ticket of the last lot, and how many rounds are to be left out.
    place: Mutex<(Option<TicketId>, u32)>,
}

impl Compare {
    /// Compares what `doors` show with the books.
    #[must_use]
    pub fn new(doors: Doors) -> Self {
        Self { doors, place: Mutex::default() }
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
        let mut place = self.place.lock().await;
        if place.1 > 0 {
            place.1 -= 1;
            return Ok(());
        }
        match self.doors.compare(place.0).await {
            Ok((next, wrong)) => {
                *place = (next, if next.is_none() { REST } else { 0 });
                counter!("parterre_tickets_drift_total").increment(wrong);
                if wrong > 0 {
                    tracing::warn!(tickets = wrong, "doors were told otherwise of tickets than PostgreSQL says");
                }
                Ok(())
            }
            Err(trouble) => {
                // The driver may wait without end on a connection whose first answer was lost.
                if trouble.retryable() && trouble.what() == CQL {
                    // Should that fail too, the next round tries again.
                    let _ = self.doors.store.renew().await;
                }
                Err(trouble)
            }
        }
    }
}
