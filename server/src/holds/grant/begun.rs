//! What an earlier try under the same id took, maybe at another process, and told nobody of: taken before anything else.

use domain::availability::Packed;
use domain::best::{Pick, Wish, best, relaxed};
use domain::hall::Hall;
use domain::seat::{SeatId, SeatState};

use super::{Attempt, Call, Look, moved};
use crate::holds::{Granted, HoldError};

impl Call<'_> {
    /// The hall as if nothing were free but what an earlier try has taken; `None` where there was none, or it took nothing.
    fn only_begun(&self, look: &Look) -> Option<Packed> {
        let (mut states, mut free) = (look.snapshot.states.clone(), look.begun.iter().copied().peekable());
        free.peek()?;
        for seat in (0..states.len()).map(SeatId) {
            let is_begun =
                free.next_if_eq(&seat).is_some() && matches!(states.get(seat), SeatState::Free | SeatState::Held);
            states.set(seat, if is_begun { SeatState::Free } else { SeatState::Blocked });
        }
        Some(states)
    }

    /// What an earlier try took is taken first, also where it moved: whatever is better by now, nobody has two holds by
    /// one id.
    pub(super) async fn begun_before(&self, look: &Look, wanted: &[SeatId]) -> Result<Option<Granted>, HoldError> {
        let Some(states) = self.only_begun(look) else { return Ok(None) };
        let hall = Hall::new(&self.inventory.chart, &self.inventory.tiers, &states, &[]);
        let Some((found, priced)) = self.healed(&hall, wanted) else { return Ok(None) };
        match self.place(&found.seats, priced).await? {
            Attempt::Granted(hold) => Ok(Some(moved(hold, &found))),
            Attempt::Taken { .. } => Ok(None),
        }
    }

    /// As in [`Call::begun_before`].
    pub(super) fn best_begun(&self, look: &Look, wish: Wish) -> Option<Pick> {
        let states = self.only_begun(look)?;
        let only = Hall::new(&self.inventory.chart, &self.inventory.tiers, &states, &[]);
        let seats = best(&only, wish, self.now, None)?.seats;
        Some(Pick { relaxed: relaxed(&self.hall(look), wish.accessible, &seats), seats })
    }
}
