//! What services know, as the API shows it.

use app::api::LineView;
use app::api::holds::{Healed, HoldView, StandingRequest};
use app::api::orders::{OrderView, PaymentView, TicketView};
use app::islands::picker::words::list;
use domain::chart::Chart;
use domain::hold::Hold;
use domain::ids::TierId;
use domain::money::{Currency, Money};
use domain::price::Line;
use domain::seat::SeatId;
use domain::time::Millis;

use crate::catalog::types::Event;
use crate::catalog::view::rfc3339;
use crate::purchase::types::{OrderLine, OrderRecord, PaymentRecord, TicketRecord};

/// What an answer to a fresh hold says beside the hold.
#[derive(Clone, Debug, Default)]
pub struct Extras {
    /// The secret, where the asker does not have it yet.
    pub token: Option<String>,
    /// Seats that were gone and what is held instead.
    pub healed: Vec<Healed>,
    /// What had to be relaxed.
    pub relaxed: Vec<String>,
    /// Seats of the basket that are no longer on sale.
    pub withdrawn: Vec<SeatId>,
}

/// `Block 212, row F, seat 15`.
#[must_use]
pub fn seat_label(chart: &Chart, seat: SeatId) -> String {
    chart.label(seat).map_or_else(|| format!("Seat {}", seat.0), |label| format!("{}, {label}", label.section))
}

/// Says which seats left a basket because nobody can buy them any more.
#[must_use]
pub fn withdrawn(chart: &Chart, seats: &[SeatId]) -> String {
    off_sale(chart, seats) + " The rest is still yours."
}

/// Says which seats nobody can buy any more.
#[must_use]
pub fn off_sale(chart: &Chart, seats: &[SeatId]) -> String {
    let names: Vec<String> = seats.iter().map(|seat| seat_label(chart, *seat)).collect();
    let are = if seats.len() == 1 { "is" } else { "are" };
    format!("{} {are} no longer on sale.", list(&names))
}

fn tier_name(event: &Event, tier: TierId) -> String {
    event.tiers.iter().find(|known| known.id == tier).map(|tier| tier.name.clone()).unwrap_or_default()
}

fn times(unit: Money, quantity: u32) -> Money {
    unit.times(quantity).unwrap_or(Money::new(i64::MAX, unit.currency))
}

fn sum(currency: Currency, parts: impl Iterator<Item = Money>) -> Money {
    parts.fold(Money::zero(currency), |sum, part| sum.plus(part).unwrap_or(sum))
}

/// A held line.
#[must_use]
pub fn line_view(event: &Event, chart: Option<&Chart>, line: &Line) -> LineView {
    let tier_name = tier_name(event, line.tier);
    let label = match (line.seat, chart) {
        (Some(seat), Some(chart)) => seat_label(chart, seat),
        _ => tier_name.clone(),
    };
    LineView {
        tier: line.tier,
        label,
        tier_name,
        seat: line.seat,
        quantity: line.quantity,
        unit: line.unit.total,
        total: times(line.unit.total, line.quantity),
    }
}

/// A hold as its holder sees it.
#[must_use]
pub fn hold_view(hold: &Hold, event: &Event, chart: Option<&Chart>, extras: Extras, now: Millis) -> HoldView {
    let lines: Vec<LineView> = hold.lines.iter().map(|line| line_view(event, chart, line)).collect();
    HoldView {
        id: hold.id,
        event: hold.event,
        token: extras.token,
        expires_at: rfc3339(hold.expires_at),
        remaining_ms: hold.expires_at.since(now).max(0),
        extensions_left: hold.extensions_left,
        seats: hold.seats.clone(),
        standing: hold.standing.iter().map(|&(tier, quantity)| StandingRequest { tier, quantity }).collect(),
        total: sum(event.currency, lines.iter().map(|line| line.total)),
        lines,
        healed: extras.healed,
        relaxed: extras.relaxed,
        withdrawn: extras.withdrawn,
    }
}

/// An order as its buyer sees it; `link` makes a ticket's address.
#[must_use]
pub fn order_view(order: &OrderRecord, token: Option<String>, link: impl Fn(&TicketRecord) -> String) -> OrderView {
    let currency = order.totals.total.currency;
    OrderView {
        id: order.id,
        token,
        status: order.status.public_word().into(),
        expires_at: rfc3339(order.expires_at),
        remaining_ms: order.expires_at.since(order.now).max(0),
        lines: order.lines.iter().map(order_line).collect(),
        subtotal: Money::new(order.totals.subtotal, currency),
        fees: Money::new(order.totals.fees, currency),
        tax: Money::new(order.totals.tax, currency),
        total: order.totals.total,
        payments: order.payments.iter().map(payment_view).collect(),
        tickets: order.tickets.iter().map(|ticket| ticket_view(ticket, link(ticket))).collect(),
    }
}

fn order_line(line: &OrderLine) -> LineView {
    LineView {
        tier: line.tier,
        tier_name: line.tier_name.clone(),
        seat: line.seat,
        label: line.label.clone(),
        quantity: line.quantity,
        unit: line.unit.total,
        total: times(line.unit.total, line.quantity),
    }
}

/// A payment attempt.
#[must_use]
pub fn payment_view(payment: &PaymentRecord) -> PaymentView {
    PaymentView {
        id: payment.id,
        status: payment.status.public_word().into(),
        action_url: payment.action_url.clone(),
        decline_code: payment.decline.map(|decline| decline.word().into()),
    }
}

/// A ticket.
#[must_use]
pub fn ticket_view(ticket: &TicketRecord, url: String) -> TicketView {
    TicketView {
        id: ticket.id,
        code: ticket.code.clone(),
        seat: ticket.seat,
        label: ticket.label.clone(),
        tier: ticket.tier_name.clone(),
        status: ticket.status.word().into(),
        url,
        token: ticket.token.clone(),
    }
}
