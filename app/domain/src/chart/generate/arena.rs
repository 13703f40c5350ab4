//! An arena: a stage at one end, blocks of chairs on the floor, two tiers in an oval around them.

use super::bowl::{AISLE, ROW_DEPTH, Wedge, draw, fill};
use super::fan::oval;
use super::{PITCH, RADIUS, letters, point, rectangle, shape};
use crate::chart::build::{Builder, Place};
use crate::chart::{Chart, SeatNumber, ShapeKind};
use crate::seat::Features;

/// How an arena is built.
#[derive(Clone, Debug, PartialEq)]
pub struct Arena {
    /// What the chart is called.
    pub name: String,
    /// Exactly so many seats, 6,000 to 14,000: what floor and lower tier do not take, the upper tier does.
    pub seats: u32,
}

impl Default for Arena {
    /// 8,000 seats.
    fn default() -> Self {
        Self { name: "Arena".to_owned(), seats: 8_000 }
    }
}

const LONG: f64 = 1_720.0;
const SHORT: f64 = 1_080.0;
const LOWER_ROWS: usize = 11;
const STAGE_Y: f64 = -1_130.0;

/// Draws the arena, stage on top: floor blocks "A1" to "C4", sections "101" on and "201" on clockwise from the stage.
#[must_use]
pub fn arena(params: &Arena) -> Chart {
    let wanted = params.seats.clamp(6_000, 14_000) as usize;
    let mut builder = Builder::new(&params.name, RADIUS).floors(["Floor", "Lower tier", "Upper tier"]).categories([
        "Front floor",
        "Floor",
        "Lower tier",
        "Lower tier side",
        "Upper tier",
        "Upper tier side",
    ]);
    let stage = vec![
        point(-430.0, STAGE_Y - 330.0),
        point(430.0, STAGE_Y - 330.0),
        point(430.0, STAGE_Y),
        point(90.0, STAGE_Y),
        point(90.0, STAGE_Y + 190.0),
        point(-90.0, STAGE_Y + 190.0),
        point(-90.0, STAGE_Y),
        point(-430.0, STAGE_Y),
    ];
    builder.shape(shape(ShapeKind::Stage, stage, Some(("Stage", point(0.0, STAGE_Y - 150.0)))));
    builder.shape(shape(
        ShapeKind::Other,
        rectangle((0.0, 1_290.0), 420.0, 110.0),
        Some(("Sound", point(0.0, 1_290.0))),
    ));
    floor_blocks(&mut builder);

    let mut lower = tier(0, 0.0);
    for row in 0..LOWER_ROWS {
        lower.iter_mut().for_each(|section| section.add_row(row));
    }
    draw(&mut builder, 1, lower);
    let mut upper = tier(1, LOWER_ROWS as f64 * ROW_DEPTH + 96.0);
    fill(&mut upper, wanted.saturating_sub(builder.seats()));
    draw(&mut builder, 2, upper);
    builder.finish(point(0.0, STAGE_Y + 95.0))
}

/// Three by four blocks of chairs with aisles between them; the two front blocks at the sides look past the catwalk.
fn floor_blocks(builder: &mut Builder) {
    const CHAIRS: usize = 16;
    const ROWS: usize = 14;
    const DEPTH: f64 = 29.0;
    let (width, depth) = (CHAIRS as f64 * PITCH, ROWS as f64 * DEPTH);
    let (across, along) = (width + 74.0, depth + 80.0);
    for block in 0..4_usize {
        for column in 0..3_usize {
            let x = (column as f64 - 1.0) * across;
            let y = STAGE_Y + 290.0 + depth / 2.0 + block as f64 * along;
            let outline = rectangle((x, y), width + 18.0, depth + 12.0);
            let name = format!("{}{}", ["A", "B", "C"][column], block + 1);
            builder.section(name, 0, outline, point(x, y));
            for row in 0..ROWS {
                // The last block's back row keeps its ends for wheelchairs.
                let last = block == 3 && row + 1 == ROWS;
                let places = (0..CHAIRS).map(|seat| Place {
                    at: point(
                        x + (seat as f64 - (CHAIRS as f64 - 1.0) / 2.0) * PITCH,
                        y + (row as f64 - (ROWS as f64 - 1.0) / 2.0) * DEPTH,
                    ),
                    category: u8::from(block > 0),
                    features: match seat.min(CHAIRS - 1 - seat) {
                        0 if last => Features::ACCESSIBLE,
                        1 if last => Features::COMPANION,
                        _ => Features::default(),
                    },
                    number: SeatNumber::Count(seat as u32 + 1),
                    gap_after: false,
                });
                builder.row(letters(row), places);
            }
        }
    }
}

/// The wedges of a tier but for those behind the stage, clockwise from the stage.
fn tier(tier: usize, offset: f64) -> Vec<Wedge> {
    let width = 20.0 * PITCH + AISLE;
    let mut wedges: Vec<Wedge> = Vec::new();
    for arc in oval(LONG, SHORT, true) {
        for fan in arc.wedges(offset, width) {
            let first = arc.radius + offset;
            let at = fan.at(first, fan.middle());
            if f64::from(at.y) < STAGE_Y - 60.0 {
                continue;
            }
            let side = f64::from(at.y) < STAGE_Y + 420.0;
            let category = (2 * tier + 2 + usize::from(side)) as u8;
            wedges.push(Wedge { fan, first, tier, category, index: 0, rows: Vec::new() });
        }
    }
    // The top arc is the last of four and was cut in its middle: its rest after the stage comes last, clockwise.
    for (index, wedge) in wedges.iter_mut().enumerate() {
        wedge.index = index;
    }
    wedges
}
