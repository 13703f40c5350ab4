//! Orders, payments and tickets on the wire.

use domain::ids::{HoldId, OrderId, PaymentId, TicketId};
use domain::money::Money;
use domain::seat::SeatId;
use serde::{Deserialize, Serialize};

use super::LineView;

/// Turns a hold into an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OrderRequest {
    /// The hold.
    #[cfg_attr(feature = "ssr", schema(value_type = String, format = Uuid))]
    pub hold_id: HoldId,
    /// Who buys.
    pub buyer: Buyer,
    /// The total the buyer agreed to, minor units.
    pub accept_total: i64,
}

/// Who buys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Buyer {
    /// Name, 1 to 200 characters.
    pub name: String,
    /// Mail address, at most 254 characters.
    pub email: String,
}

/// An order as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct OrderView {
    /// Id.
    #[cfg_attr(feature = "ssr", schema(value_type = String, format = Uuid))]
    pub id: OrderId,
    /// The secret for later calls; only in the answer that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// `pending`, `paid`, `cancelled`, `expired`, `refunded`, `partly_refunded`.
    pub status: String,
    /// RFC 3339, UTC: an unpaid order gives its seats back then.
    pub expires_at: String,
    /// Milliseconds left when the server answered.
    pub remaining_ms: i64,
    /// Lines.
    pub lines: Vec<LineView>,
    /// Before fees and tax.
    #[cfg_attr(feature = "ssr", schema(value_type = super::MoneySchema))]
    pub subtotal: Money,
    /// Fees.
    #[cfg_attr(feature = "ssr", schema(value_type = super::MoneySchema))]
    pub fees: Money,
    /// Tax.
    #[cfg_attr(feature = "ssr", schema(value_type = super::MoneySchema))]
    pub tax: Money,
    /// What is paid.
    #[cfg_attr(feature = "ssr", schema(value_type = super::MoneySchema))]
    pub total: Money,
    /// Attempts to pay, oldest first.
    pub payments: Vec<PaymentView>,
    /// Tickets, once paid.
    pub tickets: Vec<TicketView>,
}

/// Asks for a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PaymentRequest {
    /// `test`.
    pub provider: String,
    /// What the provider needs: the test provider takes a test card's number.
    pub method: String,
}

/// A payment attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct PaymentView {
    /// Id.
    #[cfg_attr(feature = "ssr", schema(value_type = String, format = Uuid))]
    pub id: PaymentId,
    /// `succeeded`, `requires_action`, `processing`, `declined`, `cancelled`.
    pub status: String,
    /// Where 3-D Secure is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_url: Option<String>,
    /// Why it was declined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decline_code: Option<String>,
}

/// A ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TicketView {
    /// Id.
    #[cfg_attr(feature = "ssr", schema(value_type = String, format = Uuid))]
    pub id: TicketId,
    /// Short code for people.
    pub code: String,
    /// The seat, unless it is a standing place.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<u32>))]
    pub seat: Option<SeatId>,
    /// What a person reads.
    pub label: String,
    /// The tier's name.
    pub tier: String,
    /// `valid`, `used`, `void`.
    pub status: String,
    /// The ticket's page.
    pub url: String,
    /// The signed token that the QR code carries.
    pub token: String,
}
