//! What the purchase needs of the hold store and of the chart.

use std::sync::Arc;

use async_trait::async_trait;
use domain::chart::SeatLabel;
use domain::hold::Hold;
use domain::ids::{EventId, HoldId, HolderId, TierId};
use domain::seat::SeatId;

use crate::clock::Clock;
use crate::holds::{HoldError, Holds, Sold};
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

/// The hold service, and the charts that it knows.
pub struct HoldsPlaces {
    /// The service.
    pub holds: Holds,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

fn told(error: HoldError) -> Trouble {
    match error {
        HoldError::Trouble(trouble) => trouble,
        other => Trouble::Unavailable { what: "the hold store", detail: other.to_string() },
    }
}

#[async_trait]
impl Places for HoldsPlaces {
    async fn verify(&self, hold: HoldId, holder: HolderId) -> Result<Option<Hold>, Trouble> {
        match self.holds.verify(hold, holder, self.clock.now()).await {
            Ok(hold) => Ok(Some(hold)),
            Err(HoldError::Trouble(trouble)) => Err(trouble),
            Err(HoldError::Refused(_) | HoldError::NoSuchEvent) => Ok(None),
        }
    }

    async fn claimed(&self, hold: &Hold) -> Result<(), Trouble> {
        self.holds.mark_sold(hold).await.map_err(told)
    }

    async fn freed(
        &self,
        event: EventId,
        hold: HoldId,
        seats: Vec<SeatId>,
        standing: Vec<(TierId, u32)>,
    ) -> Result<(), Trouble> {
        self.holds.mark_free(event, hold, &Sold { seats, standing }).await.map_err(told)
    }
}

#[async_trait]
impl Labels for HoldsPlaces {
    async fn labels(&self, event: EventId, seats: &[SeatId]) -> Result<Vec<String>, Trouble> {
        let inventory = self.holds.ready(event).await.map_err(told)?;
        let label = |seat: &SeatId| inventory.chart.label(*seat).map(|label| words(&label));
        let missing = || Trouble::Corrupt { what: "the chart", detail: "a held seat is not on it".into() };
        seats.iter().map(|seat| label(seat).ok_or_else(missing)).collect()
    }
}

/// `Block 212, row F, seat 15`: a section that does not say what it is gets the word.
fn words(label: &SeatLabel<'_>) -> String {
    let section = label.section.trim();
    let named = section.contains(' ') || !section.chars().any(|c| c.is_ascii_digit());
    let section = if named { section.to_owned() } else { format!("Section {section}") };
    let row = if label.row.is_empty() { String::new() } else { format!(", row {}", label.row) };
    format!("{section}{row}, seat {}", label.number)
}
