//! What the purchase needs of the hold store and of the chart.

use async_trait::async_trait;
use domain::hold::Hold;
use domain::ids::{EventId, HoldId, HolderId, TierId};
use domain::seat::SeatId;

use crate::trouble::Trouble;

/// The hold store as the purchase sees it. Its word is never trusted for "sold": the books check again.
#[async_trait]
pub trait Places: Send + Sync + 'static {
    /// The hold, if at this moment it is live and the holder's.
    async fn verify(&self, hold: HoldId, holder: HolderId) -> Result<Option<Hold>, Trouble>;

    /// The hold's places are claimed in the books.
    async fn claimed(&self, hold: &Hold) -> Result<(), Trouble>;

    /// The claims were given up in the books.
    async fn freed(
        &self,
        event: EventId,
        hold: HoldId,
        seats: Vec<SeatId>,
        standing: Vec<(TierId, u32)>,
    ) -> Result<(), Trouble>;
}

/// What a person reads of seats.
#[async_trait]
pub trait Labels: Send + Sync + 'static {
    /// One label a seat, in their order.
    async fn labels(&self, event: EventId, seats: &[SeatId]) -> Result<Vec<String>, Trouble>;
}

/// Seats by their number alone, where there is no chart at hand.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainLabels;

#[async_trait]
impl Labels for PlainLabels {
    async fn labels(&self, _event: EventId, seats: &[SeatId]) -> Result<Vec<String>, Trouble> {
        Ok(seats.iter().map(|seat| format!("Seat {}", seat.0 + 1)).collect())
    }
}
