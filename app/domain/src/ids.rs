//! Identities: UUIDv7 newtypes, minted from a millisecond and random bytes that the caller brings.

use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

use crate::time::Millis;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Mints an id whose time is `at`; `random` should come from the system's generator.
            #[must_use]
            pub fn mint(at: Millis, random: [u8; 10]) -> Self {
                Self(mint(at, random))
            }

            /// The millisecond the id was minted in.
            #[must_use]
            pub fn minted_at(self) -> Millis {
                minted_at(self.0)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl core::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

ids! {
    /// A promoter: the tenant that sells.
    PromoterId,
    /// A venue.
    VenueId,
    /// One version of a seat chart.
    ChartId,
    /// An event: one performance on one evening.
    EventId,
    /// One run of a trip: a coach or a train on one day.
    TripId,
    /// A ticket tier of an event: a price zone of seats, or a standing tier.
    TierId,
    /// A hold on seats and standing places.
    HoldId,
    /// Whoever holds: derived from the secret that the browser or the API client keeps.
    HolderId,
    /// An order.
    OrderId,
    /// A line of an order; carries its order's millisecond.
    OrderItemId,
    /// A payment attempt; carries its order's millisecond.
    PaymentId,
    /// A ticket; carries its order's millisecond.
    TicketId,
}

/// A UUIDv7 of the given millisecond (RFC 9562, section 5.7).
#[must_use]
pub fn mint(at: Millis, random: [u8; 10]) -> Uuid {
    Builder::from_unix_timestamp_millis(u64::try_from(at.0).unwrap_or(0), &random).into_uuid()
}

/// The millisecond in the first 48 bits of a UUIDv7.
#[must_use]
pub fn minted_at(id: Uuid) -> Millis {
    let high = (id.as_u128() >> 80) as u64;
    Millis(i64::try_from(high).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_remembers_its_millisecond_and_sorts_by_it() {
        let early = OrderId::mint(Millis(1_700_000_000_000), [0xff; 10]);
        let late = OrderId::mint(Millis(1_700_000_000_001), [0; 10]);
        assert_eq!(early.minted_at(), Millis(1_700_000_000_000));
        assert!(early < late);
        assert_eq!(early.0.get_version_num(), 7);
    }
}
