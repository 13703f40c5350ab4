//! The rules, best available and healing over small halls: by example, by property, and against brute force.

mod best;
mod heal;
mod rules;

use proptest::prelude::*;

use crate::availability::Packed;
use crate::chart::{Chart, Point, Row, SeatNumber, Section};
use crate::hall::Hall;
use crate::ids::TierId;
use crate::money::{Currency, Money};
use crate::price::Price;
use crate::rules::{Tier, Window};
use crate::seat::{Features, SeatId, SeatState};
use crate::time::Millis;

const NOW: Millis = Millis(1_800_000_000_000);

fn tier_id(n: u8) -> TierId {
    TierId::mint(NOW, [n; 10])
}

fn price(total: i64) -> Price {
    let (fee, tax) = (total / 10, total / 5);
    Price { net: total - fee - tax, fee, tax, total: Money::new(total, Currency::EUR) }
}

fn tier(n: u8, category: Option<u8>, total: i64) -> Tier {
    Tier { id: tier_id(n), category, price: price(total), min: 1, max: 10, sale: Window::default() }
}

/// Categories 0 and 1 at 50 and 30 euros, category 2 in no tier; standing at 20.
fn tiers() -> Vec<Tier> {
    vec![tier(1, Some(0), 5000), tier(2, Some(1), 3000), tier(3, None, 2000)]
}

/// A small hall drawn in letters: one line a row, a blank line between sections, a space for an aisle.
///
/// `.` free, `h` held, `s` sold, `x` blocked; `a` accessible and `c` companion and `r` restricted view, all free;
/// `2` free in category 1, `-` free in category 2. The focal point is in front of the middle of the first row.
#[derive(Clone, Debug, Default)]
struct Plan {
    chart: Chart,
    states: Packed,
    tiers: Vec<Tier>,
}

impl Plan {
    fn draw(lines: &[&str]) -> Self {
        let mut chart = Chart { seat_radius: 10.0, floors: vec!["Floor".into()], ..Chart::default() };
        chart.categories = ["Front", "Back", "Kept"].map(str::to_owned).to_vec();
        chart.focal = Point { x: 12.0 * (lines[0].len().max(1) - 1) as f32, y: -100.0 };
        let mut states = Vec::new();
        for (y, line) in lines.iter().enumerate() {
            if line.is_empty() || chart.sections.is_empty() {
                let (name, rows) = (format!("S{}", chart.sections.len()), chart.rows.len() as u32);
                let label_at = Point::default();
                chart.sections.push(Section { name, floor: 0, rows: rows..rows, outline: Vec::new(), label_at });
            }
            if line.is_empty() {
                continue;
            }
            let (section, row, start) = (chart.sections.len() - 1, chart.rows.len() as u32, chart.seats.len() as u32);
            for (x, letter) in line.bytes().enumerate() {
                if letter == b' ' {
                    if let Some(gap) = chart.seats.gap_after.last_mut() {
                        *gap = true;
                    }
                    continue;
                }
                let seats = &mut chart.seats;
                seats.x.push(24.0 * x as f32);
                seats.y.push(28.0 * y as f32);
                seats.row.push(row);
                seats.category.push(u8::from(letter == b'2') + 2 * u8::from(letter == b'-'));
                seats.features.push(match letter {
                    b'a' => Features::ACCESSIBLE,
                    b'c' => Features::COMPANION,
                    b'r' => Features::RESTRICTED_VIEW,
                    _ => Features::default(),
                });
                seats.number.push(SeatNumber::Count(x as u32 + 1));
                seats.gap_after.push(false);
                seats.block.push(0);
                states.push(match letter {
                    b'h' => SeatState::Held,
                    b's' => SeatState::Sold,
                    b'x' => SeatState::Blocked,
                    _ => SeatState::Free,
                });
            }
            let seats = start..chart.seats.len() as u32;
            chart.rows.push(Row { name: format!("{}", row + 1), section: section as u16, seats, ..Row::default() });
            chart.sections[section].rows.end = row + 1;
        }
        let mut packed = Packed::free(states.len() as u32);
        for (seat, state) in (0..).zip(states) {
            packed.set(SeatId(seat), state);
        }
        Self { chart, states: packed, tiers: tiers() }
    }

    fn hall(&self) -> Hall<'_> {
        Hall::new(&self.chart, &self.tiers, &self.states, &[])
    }
}

fn seats(numbers: &[u32]) -> Vec<SeatId> {
    numbers.iter().copied().map(SeatId).collect()
}

/// Any small hall: up to five rows in up to three sections.
fn plans() -> impl Strategy<Value = Plan> {
    let letters = prop::sample::select(b"........hsx222ac r-".to_vec());
    let row = prop::collection::vec(letters, 1..14).prop_map(|row| String::from_utf8(row).unwrap_or_default());
    let line = prop_oneof![5 => row, 1 => Just(String::new())];
    prop::collection::vec(line, 1..6).prop_map(|mut lines| {
        lines.insert(0, ".".into());
        Plan::draw(&lines.iter().map(String::as_str).collect::<Vec<_>>())
    })
}

/// A free seat with no free neighbour, told the slow way.
fn is_alone(plan: &Plan, seat: u32, took: &[SeatId]) -> bool {
    let free = |seat: u32| plan.states.get(SeatId(seat)) == SeatState::Free && !took.contains(&SeatId(seat));
    let chart = &plan.chart;
    let joined = |a: u32, b: u32| {
        b < chart.seats.len() as u32
            && chart.seats.row[a as usize] == chart.seats.row[b as usize]
            && !chart.seats.gap_after[a as usize]
    };
    let left = seat > 0 && joined(seat - 1, seat) && free(seat - 1);
    let right = joined(seat, seat + 1) && free(seat + 1);
    free(seat) && !left && !right
}

/// The orphan rule without its mercy, told the slow way: who is alone now that was not before and minds it.
fn left_alone(plan: &Plan, took: &[SeatId]) -> Vec<SeatId> {
    let all = 0..plan.chart.seats.len() as u32;
    let kept = |seat: u32| plan.chart.seats.features[seat as usize].0 & 3 != 0;
    all.filter(|seat| is_alone(plan, *seat, took) && !is_alone(plan, *seat, &[]) && !kept(*seat)).map(SeatId).collect()
}
