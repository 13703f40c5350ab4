//! Holds: limits, outcomes, refusals.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::best::Relaxed;
use crate::ids::{EventId, HoldId, HolderId, TierId};
use crate::price::Line;
use crate::seat::SeatId;
use crate::time::{MINUTE, Millis};

/// How long a hold lasts.
pub const HOLD_FOR: i64 = 10 * MINUTE;
/// How much one extension adds.
pub const EXTEND_BY: i64 = 10 * MINUTE;
/// How often a hold may be extended.
pub const EXTENSIONS: u8 = 1;
/// Places in one hold: seats and standing together.
pub const MAX_PLACES: usize = 10;
/// Live holds one holder may have at a time.
pub const MAX_HOLDS_PER_HOLDER: usize = 4;

/// Grows with every grant of the store that issued it: a purchase refuses a holder whose fence is older than the
/// seat's last known one (Kleppmann's fencing token).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fence(pub i64);

/// Seats and standing places that one holder keeps for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Its id.
    pub id: HoldId,
    /// The event.
    pub event: EventId,
    /// Whose it is.
    pub holder: HolderId,
    /// The seats, ascending.
    pub seats: Vec<SeatId>,
    /// Standing places by tier.
    pub standing: Vec<(TierId, u32)>,
    /// The lines with the prices shown when it was made.
    pub lines: Vec<Line>,
    /// Runs out then, unless extended.
    pub expires_at: Millis,
    /// Extensions left.
    pub extensions_left: u8,
    /// The fencing token.
    pub fence: Fence,
}

/// Why a hold was refused. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum HoldRefusal {
    /// Somebody else has some of the seats.
    #[error("some of these seats were just taken")]
    SeatsTaken {
        /// The seats that are gone, ascending.
        taken: Vec<SeatId>,
        /// The nearest equal block, if there is one.
        offer: Vec<SeatId>,
    },
    /// Of the basket that is to be changed nothing would be left: these seats of it are no longer for sale.
    #[error("these seats are no longer on sale")]
    Withdrawn {
        /// The seats, ascending.
        seats: Vec<SeatId>,
    },
    /// Nothing fits the wish any more.
    #[error("there are not enough places left")]
    SoldOut,
    /// Fewer are left than are wished for.
    #[error("there are only {left} places left that fit")]
    Fewer {
        /// The standing tier; `None`: seats.
        tier: Option<TierId>,
        /// Standing places of the tier; or seats that fit the wish, side by side where it is for seats together.
        left: u32,
        /// Whether those seats are side by side.
        together: bool,
        /// Those seats.
        offer: Vec<SeatId>,
        /// What is less than was wished for about them, besides their number.
        relaxed: Vec<Relaxed>,
    },
    /// The choice would leave single seats that nobody wants.
    #[error("this choice would leave a single seat")]
    OrphanSeat {
        /// The seats that would be left alone.
        orphans: Vec<SeatId>,
        /// As many seats nearby that leave none alone; empty where there are none.
        offer: Vec<SeatId>,
    },
    /// So many places are left, but not side by side.
    #[error("there are not that many places side by side")]
    NotTogether {
        /// As many seats, split as little as possible.
        offer: Vec<SeatId>,
        /// What is less than was wished for about them.
        relaxed: Vec<Relaxed>,
    },
    /// A seat or a tier was named twice, or best available together with chosen seats.
    #[error("the choice contradicts itself")]
    Contradiction,
    /// More places than one hold takes.
    #[error("at most {limit} places at a time")]
    TooMany {
        /// The limit.
        limit: u32,
    },
    /// The holder has as many holds as one may have.
    #[error("at most {limit} open baskets at a time")]
    TooManyHolds {
        /// The limit.
        limit: u32,
    },
    /// Outside the sale window, or the event is not on sale.
    #[error("not on sale")]
    NotOnSale {
        /// When the sale starts, where it is still to come.
        opens_at: Option<Millis>,
    },
    /// The tier's own minimum or maximum is not met.
    #[error("between {min} and {max} places of this tier")]
    TierLimits {
        /// The tier.
        tier: TierId,
        /// At least.
        min: u32,
        /// At most.
        max: u32,
    },
    /// No such seat on the chart, or in no tier.
    #[error("no such seat")]
    UnknownSeat {
        /// The seats concerned.
        seats: Vec<SeatId>,
    },
    /// No such standing tier, or no such tier at all.
    #[error("no such tier")]
    UnknownTier {
        /// The tier asked for.
        tier: TierId,
    },
    /// No section of that name on the chart.
    #[error("no such section")]
    UnknownSection,
    /// Neither seats nor standing places were asked for.
    #[error("nothing was chosen")]
    Nothing,
    /// It ran out, was let go, or never was the asker's.
    #[error("this hold has run out")]
    Expired,
    /// It was extended before.
    #[error("no extension is left")]
    NoExtensionLeft,
}
