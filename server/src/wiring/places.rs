//! The hold service as the purchase sees it.

use std::sync::Arc;

use async_trait::async_trait;
use domain::hold::{Hold, HoldRefusal};
use domain::ids::{EventId, HoldId, HolderId, TierId};
use domain::seat::SeatId;

use super::neighbours::Neighbours;
use crate::catalog::cached::{Changed, Lanes};
use crate::clock::Clock;
use crate::holds::{HoldError, Holds, Sold};
use crate::purchase::places::Places;
use crate::trouble::Trouble;

/// Places out of the hold service.
#[derive(Clone)]
pub(super) struct FromHolds {
    pub(super) holds: Holds,
    pub(super) clock: Arc<dyn Clock>,
    /// Who is told of claims, where the hold store is this process's alone.
    pub(super) neighbours: Option<Neighbours>,
    pub(super) events: Lanes,
}

impl FromHolds {
    /// The event has more or fewer places left. Nobody who buys waits for the cache to hear of it.
    fn changed(&self, event: EventId) {
        let events = self.events.clone();
        tokio::spawn(async move { events.changed(event, Changed::Places).await });
    }
}

fn trouble(error: HoldError) -> Trouble {
    match error {
        HoldError::Trouble(trouble) => trouble,
        other => Trouble::Corrupt { what: "the hold store", detail: other.to_string() },
    }
}

#[async_trait]
impl Places for FromHolds {
    async fn verify(&self, hold: HoldId, holder: HolderId) -> Result<Option<Hold>, Trouble> {
        match self.holds.verify(hold, holder, self.clock.now()).await {
            Ok(hold) => Ok(Some(hold)),
            Err(HoldError::Refused(HoldRefusal::Expired)) => Ok(None),
            Err(error) => Err(trouble(error)),
        }
    }

    async fn claimed(&self, hold: &Hold) -> Result<(), Trouble> {
        self.changed(hold.event);
        self.holds.mark_sold(hold).await.map_err(trouble)?;
        if let Some(neighbours) = &self.neighbours {
            neighbours.tell(hold.event, hold.id, true, hold.seats.clone(), hold.standing.clone());
        }
        Ok(())
    }

    async fn freed(
        &self,
        event: EventId,
        hold: HoldId,
        seats: Vec<SeatId>,
        standing: Vec<(TierId, u32)>,
    ) -> Result<(), Trouble> {
        self.changed(event);
        // An event that nobody has touched since the start has nothing to be told: it will read the claims itself.
        let places = Sold { seats, standing, ..Sold::default() };
        self.holds.mark_free(event, hold, &places).await.map_err(trouble)?;
        if let Some(neighbours) = &self.neighbours {
            neighbours.tell(event, hold, false, places.seats, places.standing);
        }
        Ok(())
    }
}
