//! The picker's state: signals that the views read and the browser's part writes.

use domain::seat::SeatId;
use leptos::prelude::*;

use super::PickerData;
use crate::api::holds::HoldView;
use crate::components::notice::Notice;

/// A filter chip that is pressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Pass {
    /// Everything.
    #[default]
    All,
    /// One price zone.
    Zone(u8),
    /// Accessible places and companions.
    Accessible,
}

/// A button of the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zoom {
    In,
    Out,
    Whole,
}

/// A card beside a seat.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Peek {
    pub(super) title: String,
    pub(super) price: String,
    pub(super) detail: String,
    pub(super) x: f64,
    pub(super) y: f64,
}

/// A section in the live list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ListSection {
    pub(super) index: u16,
    pub(super) name: String,
    pub(super) free: u32,
    pub(super) from: String,
}

/// A row in the live list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ListRow {
    pub(super) name: String,
    pub(super) seats: Vec<ListSeat>,
}

/// A seat in the live list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ListSeat {
    pub(super) id: u32,
    pub(super) number: String,
    pub(super) says: String,
    pub(super) class: &'static str,
    pub(super) free: bool,
    pub(super) mine: bool,
    pub(super) gap: bool,
}

/// Copies freely; the signals live as long as the island.
#[derive(Clone, Copy)]
pub(super) struct Picker {
    pub(super) data: StoredValue<PickerData>,
    pub(super) hold: RwSignal<Option<HoldView>>,
    pub(super) notice: RwSignal<Option<Notice>>,
    /// Seats to take again by one press, after they were lost.
    pub(super) again: RwSignal<Vec<SeatId>>,
    pub(super) quantity: RwSignal<u32>,
    pub(super) left: RwSignal<i64>,
    pub(super) busy: RwSignal<bool>,
    /// The list is shown, not the map.
    pub(super) list: RwSignal<bool>,
    /// Chart and availability are here: the live list replaces the server's.
    pub(super) ready: RwSignal<bool>,
    pub(super) pass: RwSignal<Pass>,
    pub(super) floors: RwSignal<Vec<String>>,
    pub(super) floor: RwSignal<Option<u8>>,
    pub(super) peek: RwSignal<Option<Peek>>,
    pub(super) sections: RwSignal<Vec<ListSection>>,
    pub(super) open: RwSignal<Option<u16>>,
    pub(super) rows: RwSignal<Vec<ListRow>>,
    /// Read aloud, politely.
    pub(super) said: RwSignal<String>,
    pub(super) canvas: NodeRef<leptos::html::Canvas>,
}

impl Picker {
    pub(super) fn new(data: PickerData) -> Self {
        Self {
            hold: RwSignal::new(data.hold.clone()),
            notice: RwSignal::new(data.notice.clone()),
            again: RwSignal::new(Vec::new()),
            quantity: RwSignal::new(data.quantity.clamp(1, data.most.max(1))),
            left: RwSignal::new(data.hold.as_ref().map_or(0, |hold| hold.remaining_ms)),
            busy: RwSignal::new(false),
            list: RwSignal::new(data.chart.is_none()),
            ready: RwSignal::new(false),
            pass: RwSignal::default(),
            floors: RwSignal::default(),
            floor: RwSignal::new(None),
            peek: RwSignal::new(None),
            sections: RwSignal::default(),
            open: RwSignal::new(None),
            rows: RwSignal::default(),
            said: RwSignal::default(),
            canvas: NodeRef::new(),
            data: StoredValue::new(data),
        }
    }
}
