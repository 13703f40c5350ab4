//! Sample data of the seats page: tiers, a hold, the list.

use app::api::LineView;
use app::api::events::{ChartView, TierView};
use app::api::holds::{HoldView, StandingRequest};
use app::components::notice::{Notice, Tone};
use app::islands::picker::PickerData;
use app::pages::seat_list;
use domain::ids::{EventId, HoldId, TierId};
use domain::money::{Currency, Money};
use domain::seat::SeatId;
use domain::time::Millis;

pub(crate) fn tier(n: u8) -> TierId {
    TierId::mint(Millis(1_790_000_000_000), [n; 10])
}

pub(crate) fn euro(cents: i64) -> Money {
    Money::new(cents, Currency::EUR)
}

pub(crate) fn tiers() -> Vec<TierView> {
    let seated = |n: u8, name: &str, cents| TierView {
        id: tier(n),
        name: name.into(),
        kind: "seated".into(),
        category: Some(n),
        price: euro(cents),
        available: 120,
        min_purchase: 1,
        max_purchase: 8,
        sale_starts_at: None,
        sale_ends_at: None,
    };
    let mut tiers = vec![seated(0, "Upper tier", 4850), seated(1, "Middle tier", 6900), seated(2, "Front", 9200)];
    let floor = TierView {
        id: tier(9),
        name: "Standing floor".into(),
        kind: "standing".into(),
        category: None,
        ..seated(3, "", 5500)
    };
    tiers.push(floor);
    tiers
}

pub(crate) fn hold() -> HoldView {
    let line = |seat: u32, number: &str| LineView {
        tier: tier(1),
        tier_name: "Middle tier".into(),
        seat: Some(SeatId(seat)),
        label: format!("Block 212, row F, seat {number}"),
        quantity: 1,
        unit: euro(6900),
        total: euro(6900),
    };
    HoldView {
        id: HoldId::mint(Millis(1_790_000_000_000), [7; 10]),
        event: EventId::mint(Millis(1_790_000_000_000), [8; 10]),
        token: None,
        expires_at: "2026-11-27T19:00:00Z".into(),
        remaining_ms: 581_000,
        extensions_left: 1,
        seats: vec![SeatId(15), SeatId(16)],
        standing: Vec::new(),
        lines: vec![line(15, "15"), line(16, "16")],
        total: euro(13800),
        healed: Vec::new(),
        relaxed: Vec::new(),
        withdrawn: Vec::new(),
    }
}

pub(crate) fn picker(held: bool, chart: bool) -> PickerData {
    let mut tiers = tiers();
    tiers.retain(|tier| chart || tier.category.is_none());
    let mut held_now = hold();
    if !chart {
        held_now.seats.clear();
        held_now.standing = vec![StandingRequest { tier: tier(9), quantity: 2 }];
        held_now.lines.truncate(1);
        held_now.lines[0] = LineView {
            tier: tier(9),
            tier_name: "Standing floor".into(),
            seat: None,
            label: "Standing floor".into(),
            quantity: 2,
            unit: euro(5500),
            total: euro(11000),
        };
        held_now.total = euro(11000);
    }
    PickerData {
        slug: "night-trains".into(),
        tiers,
        chart: chart.then(|| ChartView { version: 1, seats: 738, geometry_url: "/charts/abc".into() }),
        availability_url: "/api/v1/events/night-trains/availability".into(),
        stream_url: "/api/v1/events/night-trains/availability/stream".into(),
        hold: held.then_some(held_now),
        quantity: 2,
        most: 10,
        kept: "ten minutes".into(),
        until: "20:41, Hamburg time".into(),
        notice: (held && chart).then(|| {
            Notice::new(
                Tone::Good,
                "Seat 14 was just taken. We are holding seats 15 and 16 for you instead: same row, same price.",
            )
        }),
    }
}

pub(crate) fn seat_list() -> seat_list::SeatList {
    let link = |name: &str, floor: &str, free, from: &str| seat_list::SectionLink {
        name: name.into(),
        floor: floor.into(),
        href: format!("/events/night-trains/seats?section={name}#rows"),
        free,
        from: from.into(),
    };
    let rows = ["A", "B", "C", "F"].map(|row| seat_list::RowView {
        name: row.into(),
        seats: (1..=16)
            .map(|n| seat_list::SeatCell {
                id: n + u32::from(row.as_bytes()[0]) * 100,
                number: n.to_string(),
                price: if row == "A" && n <= 4 { "€92.00".into() } else { "€69.00".into() },
                zone: if row == "A" && n <= 4 { 2 } else { 1 },
                free: n % 5 != 2,
                step_free: row == "A" && n == 1,
                note: match (row, n) {
                    ("A", 1) => "step-free".into(),
                    (_, 8 | 9) => "aisle".into(),
                    _ => String::new(),
                },
                gap: n == 8,
            })
            .collect(),
    });
    seat_list::SeatList {
        slug: "night-trains".into(),
        sections: vec![
            link("Block 110", "Ground floor", 34, "€92.00"),
            link("Block 111", "Ground floor", 1, "€92.00"),
            link("Block 112", "Ground floor", 0, ""),
            link("Block 211", "First floor", 71, "€69.00"),
            link("Block 212", "First floor", 52, "€69.00"),
            link("Block 314", "Second floor", 98, "€48.50"),
        ],
        open: Some(seat_list::OpenSection { name: "Block 212".into(), rows: rows.into() }),
        kept: "ten minutes".into(),
    }
}
