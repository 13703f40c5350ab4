//! Further baskets of one client: how many it may have at a time, and how many in an hour.

use domain::hold::HoldRefusal;
use domain::time::Millis;

use super::client::Client;
use super::hourly;
use super::state::Shop;
use crate::holds::{Counts, HoldError};
use crate::limits::Lent;

/// A basket that a client wants to have, counted where it is a further one. It goes with the work that grants it, so that
/// whoever hangs up is counted, and whoever gets nothing is not.
pub(super) struct Further {
    shop: Shop,
    client: Client,
    taken: Option<(Millis, Vec<Lent>)>,
}

impl Further {
    pub(super) fn new(shop: &Shop, client: Client) -> Self {
        Self { shop: shop.clone(), client, taken: None }
    }
}

impl Counts for Further {
    async fn take(&mut self, ends: Millis) -> Result<(), HoldError> {
        let Self { shop, client, .. } = self;
        let limit = shop.config.holds_per_address;
        if !shop.crowd.enter(*client, limit, ends, shop.now()) {
            return Err(HoldRefusal::TooManyHolds { limit }.into());
        }
        match hourly::basket(shop, *client).await {
            Ok(lent) => {
                self.taken = Some((ends, lent));
                Ok(())
            }
            Err(retry_after) => {
                shop.crowd.leave(*client, ends);
                Err(HoldError::TooOften { retry_after })
            }
        }
    }

    fn give_back(self) {
        let Self { shop, client, taken } = self;
        let Some((ends, lent)) = taken else { return };
        shop.crowd.leave(client, ends);
        hourly::give_back(&shop.limits, lent, shop.now());
    }
}
