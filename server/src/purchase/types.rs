//! What the purchase reads and writes.

use domain::hold::{Fence, Hold};
use domain::ids::{EventId, HoldId, HolderId, OrderId, OrderItemId, PaymentId, TicketId, TierId};
use domain::money::Money;
use domain::order::{Buyer, OrderStatus, Totals};
use domain::payment::{Decline, PaymentStatus};
use domain::price::{Line, Price};
use domain::seat::SeatId;
use domain::ticket::TicketStatus;
use domain::time::Millis;

/// A buyer's wish to turn a hold into an order.
#[derive(Clone, Debug)]
pub struct Checkout {
    /// Whose hold.
    pub holder: HolderId,
    /// The hold.
    pub hold: HoldId,
    /// The buyer's name as typed.
    pub name: String,
    /// The buyer's mail address as typed.
    pub email: String,
    /// The total the buyer agreed to, minor units.
    pub accept_total: i64,
}

/// An order ready to be written.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// Its id; everything below carries its millisecond.
    pub id: OrderId,
    /// The hold it comes from.
    pub hold: Hold,
    /// Who buys.
    pub buyer: Buyer,
    /// Sums.
    pub totals: Totals,
    /// One id a line.
    pub items: Vec<OrderItemId>,
    /// What a person reads of each seat; `None` for standing lines, which read as their tier.
    pub labels: Vec<Option<String>>,
}

/// How an order ended without being paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseAs {
    /// Its buyer gave it up.
    Cancelled,
    /// Its time ran out.
    Expired,
}

impl CloseAs {
    /// The database's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }
}

/// A line of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLine {
    /// Its id.
    pub id: OrderItemId,
    /// The tier.
    pub tier: TierId,
    /// The tier's name when it was ordered.
    pub tier_name: String,
    /// The seat; `None` for standing places.
    pub seat: Option<SeatId>,
    /// Places.
    pub quantity: u32,
    /// What a person reads.
    pub label: String,
    /// Price of one place.
    pub unit: Price,
}

/// An attempt to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRecord {
    /// Its id.
    pub id: PaymentId,
    /// The provider's name.
    pub provider: String,
    /// Where it stands.
    pub status: PaymentStatus,
    /// How much.
    pub amount: Money,
    /// Minor units taken.
    pub captured: i64,
    /// Minor units given back.
    pub refunded: i64,
    /// Why it was declined.
    pub decline: Option<Decline>,
    /// Where the bank's question is answered.
    pub action_url: Option<String>,
    /// Milliseconds since it was written down.
    pub age: i64,
    /// Milliseconds since it came to where it stands.
    pub since: i64,
}

/// A ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketRecord {
    /// Its id.
    pub id: TicketId,
    /// Its order.
    pub order: OrderId,
    /// The event.
    pub event: EventId,
    /// The seat; `None` for a standing place.
    pub seat: Option<SeatId>,
    /// The tier's name.
    pub tier_name: String,
    /// What a person reads.
    pub label: String,
    /// Short code for people.
    pub code: String,
    /// The signed token.
    pub token: String,
    /// Where it stands.
    pub status: TicketStatus,
}

/// An order with all that hangs on it, as it stood at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRecord {
    /// Its id.
    pub id: OrderId,
    /// The event.
    pub event: EventId,
    /// Whose secret opens it.
    pub holder: HolderId,
    /// The hold it came from.
    pub hold: HoldId,
    /// Where it stands.
    pub status: OrderStatus,
    /// How it will end, while it is closing.
    pub close_as: Option<CloseAs>,
    /// Who buys.
    pub buyer: Buyer,
    /// Sums.
    pub totals: Totals,
    /// An unpaid order gives its places back then.
    pub expires_at: Millis,
    /// Extensions left of the hold it came from.
    pub extensions_left: u8,
    /// The database's clock when this was read.
    pub now: Millis,
    /// Lines in the hold's order.
    pub lines: Vec<OrderLine>,
    /// Attempts to pay, oldest first.
    pub payments: Vec<PaymentRecord>,
    /// Tickets, once paid.
    pub tickets: Vec<TicketRecord>,
}

impl OrderRecord {
    /// The attempt that may still take money.
    #[must_use]
    pub fn live_payment(&self) -> Option<&PaymentRecord> {
        self.payments.iter().find(|payment| payment.status.is_live())
    }

    /// Whether a payment may take money or has taken some that is neither tickets nor back yet: nobody may be told
    /// that nothing was charged (invariant D6).
    #[must_use]
    pub fn money_may_move(&self) -> bool {
        use PaymentStatus as P;
        self.payments.iter().any(|p| p.status.is_live() || matches!(p.status, P::Captured | P::Refunding))
    }

    /// Whether money was taken for an order that came to nothing, and has gone back or is on its way.
    #[must_use]
    pub fn was_refunded(&self) -> bool {
        use PaymentStatus as P;
        matches!(self.status, OrderStatus::Cancelled | OrderStatus::Expired)
            && self.payments.iter().any(|p| matches!(p.status, P::Captured | P::Refunding | P::Refunded))
    }

    /// The order as it stood, with a payment that was written down and of which no more is known.
    #[must_use]
    pub fn with_unknown_payment(mut self, id: PaymentId, provider: &str) -> Self {
        self.payments.push(PaymentRecord {
            id,
            provider: provider.to_owned(),
            status: PaymentStatus::Processing,
            amount: self.totals.total,
            captured: 0,
            refunded: 0,
            decline: None,
            action_url: None,
            age: 0,
            since: 0,
        });
        self
    }

    /// The seats, ascending.
    #[must_use]
    pub fn seats(&self) -> Vec<SeatId> {
        let mut seats: Vec<_> = self.lines.iter().filter_map(|line| line.seat).collect();
        seats.sort_unstable();
        seats
    }

    /// Standing places by tier.
    #[must_use]
    pub fn standing(&self) -> Vec<(TierId, u32)> {
        self.lines.iter().filter(|line| line.seat.is_none()).map(|line| (line.tier, line.quantity)).collect()
    }

    /// The hold it came from, as far as its places matter; its fence is with the claims.
    #[must_use]
    pub fn as_hold(&self) -> Hold {
        let line = |l: &OrderLine| Line { tier: l.tier, seat: l.seat, quantity: l.quantity, unit: l.unit };
        Hold {
            id: self.hold,
            event: self.event,
            holder: self.holder,
            seats: self.seats(),
            standing: self.standing(),
            lines: self.lines.iter().map(line).collect(),
            expires_at: self.expires_at,
            extensions_left: self.extensions_left,
            fence: Fence(0),
        }
    }
}

/// A ticket ready to be written.
#[derive(Clone, Debug)]
pub struct NewTicket {
    /// Its id.
    pub id: TicketId,
    /// The line.
    pub item: OrderItemId,
    /// Which of the line's places, from 0.
    pub ordinal: u32,
    /// The tier.
    pub tier: TierId,
    /// The seat.
    pub seat: Option<SeatId>,
    /// The tier's name.
    pub tier_name: String,
    /// What a person reads.
    pub label: String,
    /// Short code.
    pub code: String,
    /// The signed token.
    pub token: String,
}

/// What a ticket prints of its event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFacts {
    /// The event.
    pub id: EventId,
    /// The address part.
    pub slug: String,
    /// Title.
    pub title: String,
    /// The venue's name.
    pub venue: String,
    /// Street and number.
    pub address: String,
    /// City.
    pub city: String,
    /// IANA zone of the venue.
    pub time_zone: String,
    /// Doors.
    pub doors_at: Option<Millis>,
    /// Start.
    pub starts_at: Millis,
    /// End.
    pub ends_at: Option<Millis>,
}
