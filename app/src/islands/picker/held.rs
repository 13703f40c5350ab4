//! What is held, as the basket shows it: words and numbers only.

#[cfg(feature = "ssr")]
use crate::api::events::TierView;
#[cfg(feature = "ssr")]
use crate::api::holds::HoldView;
#[cfg(feature = "ssr")]
use crate::components::price;

/// A hold in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) id: String,
    pub(super) remaining_ms: i64,
    pub(super) extendable: bool,
    /// Ascending.
    pub(super) seats: Vec<u32>,
    /// Standing places: the tier's id and how many.
    pub(super) standing: Vec<(String, u32)>,
    pub(super) lines: Vec<HeldLine>,
    pub(super) total: String,
    /// The end on the venue's clock: `20:41, Hamburg time`.
    #[cfg(feature = "ssr")]
    pub(super) until: String,
}

/// A line of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct HeldLine {
    pub(super) seat: Option<u32>,
    pub(super) tier: String,
    pub(super) tier_name: String,
    /// Index of the price zone's colour.
    pub(super) zone: Option<u8>,
    /// `Block 212, row F, seat 15`, or the tier's name.
    pub(super) label: String,
    pub(super) quantity: u32,
    pub(super) unit: String,
    pub(super) total: String,
}

impl Held {
    #[cfg(feature = "ssr")]
    /// From the wire, with the colours of `tiers` and its end in words.
    pub(super) fn of(hold: &HoldView, tiers: &[TierView], until: &str) -> Self {
        let lines = hold.lines.iter().map(|line| HeldLine {
            seat: line.seat.map(|seat| seat.0),
            tier: line.tier.to_string(),
            tier_name: line.tier_name.clone(),
            zone: tiers.iter().find(|tier| tier.id == line.tier).and_then(|tier| tier.category),
            label: line.label.clone(),
            quantity: line.quantity,
            unit: price(line.unit),
            total: price(line.total),
        });
        Self {
            id: hold.id.to_string(),
            remaining_ms: hold.remaining_ms,
            extendable: hold.extensions_left > 0,
            seats: hold.seats.iter().map(|seat| seat.0).collect(),
            standing: hold.standing.iter().map(|s| (s.tier.to_string(), s.quantity)).collect(),
            lines: lines.collect(),
            total: price(hold.total),
            until: until.to_owned(),
        }
    }
}
