//! What a hold has otherwise than it was wished, read off the hold: for whoever hears of it late.

use app::api::holds::{Healed, HoldRequest};
use domain::best::relaxed;
use domain::hall::Hall;
use domain::hold::Hold;
use domain::seat::SeatId;
use domain::time::Millis;

use super::inventory::Inventory;
use super::{Granted, Holds};

/// How old the look may be by which seats are called single, in milliseconds.
const A_SECOND: i64 = 1_000;

impl Holds {
    /// The hold that this request came to, with what of it is not as wished. Where that cannot be known, it is told alone.
    pub(super) async fn told_late(&self, hold: Hold, request: &HoldRequest, now: Millis) -> Granted {
        let Ok(Some(inventory)) = self.inventories.inventory(hold.event).await else { return Granted::plain(hold) };
        let Some(best) = &request.best else { return moved(hold, request, &inventory) };
        let Ok(Some(snapshot)) = self.views.get(hold.event, A_SECOND, now).await else { return Granted::plain(hold) };
        let hall = Hall::new(&inventory.chart, &inventory.tiers, &snapshot.states, &hold.seats);
        let relaxed = relaxed(&hall, best.accessible, &hold.seats).iter().map(|said| said.words().to_owned()).collect();
        Granted { relaxed, ..Granted::plain(hold) }
    }
}

/// Which chosen seats it has not, and which it has instead. Fewer than were chosen: so many are no longer for sale.
fn moved(hold: Hold, request: &HoldRequest, inventory: &Inventory) -> Granted {
    let mut wanted: Vec<SeatId> = request.seats.clone();
    wanted.sort_unstable();
    let got: Vec<SeatId> = hold.seats.iter().copied().filter(|seat| wanted.binary_search(seat).is_err()).collect();
    wanted.retain(|seat| hold.seats.binary_search(seat).is_err());
    let mut fewer = wanted.len().saturating_sub(got.len());
    let mut withdrawn = Vec::new();
    if fewer > 0 {
        let layout = inventory.layout();
        wanted.retain(|seat| {
            let is_withdrawn =
                fewer > 0 && (request.withdrawn.contains(seat) || layout.blocked.binary_search(seat).is_ok());
            fewer -= usize::from(is_withdrawn);
            withdrawn.extend(is_withdrawn.then_some(*seat));
            !is_withdrawn
        });
    }
    let healed = wanted.into_iter().zip(got).map(|(wanted, got)| Healed { wanted, got }).collect();
    Granted { healed, withdrawn, ..Granted::plain(hold) }
}
