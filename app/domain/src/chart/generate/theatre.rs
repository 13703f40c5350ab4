//! A theatre: stalls in three wedges before the stage, a circle behind and above them, boxes at the sides.

use core::f64::consts::FRAC_PI_2;

use super::fan::Fan;
use super::{PITCH, RADIUS, letters, point, shape};
use crate::chart::build::{Builder, Place};
use crate::chart::{Chart, SeatNumber, ShapeKind};
use crate::seat::Features;

/// How a theatre is built.
#[derive(Clone, Debug, PartialEq)]
pub struct Theatre {
    /// What the chart is called.
    pub name: String,
    /// Rows of the stalls, 4 to 26.
    pub stalls_rows: u32,
    /// Rows of the circle, 0 to 14.
    pub circle_rows: u32,
    /// Half the angle the stalls open to, in degrees, 15 to 50.
    pub opening: f64,
}

impl Default for Theatre {
    /// About 750 seats.
    fn default() -> Self {
        Self { name: "Theatre".to_owned(), stalls_rows: 15, circle_rows: 6, opening: 31.0 }
    }
}

const FIRST_ROW: f64 = 560.0;
const ROW_DEPTH: f64 = 29.0;
const AISLE: f64 = 26.0;
const PARTS: [&str; 3] = ["left", "centre", "right"];

/// Draws the theatre: stage on top, sections "Stalls left" to "Circle right" and "Box 1" to "Box 4"; a row's numbers run on
/// through the three parts of its floor.
#[must_use]
pub fn theatre(params: &Theatre) -> Chart {
    let stalls = params.stalls_rows.clamp(4, 26) as usize;
    let circle = params.circle_rows.min(14) as usize;
    let opening = params.opening.clamp(15.0, 50.0).to_radians();
    let mut builder = Builder::new(&params.name, RADIUS)
        .floors(if circle > 0 { vec!["Stalls", "Circle"] } else { vec!["Stalls"] })
        .categories(["Front stalls", "Stalls", "Rear stalls", "Circle", "Rear circle", "Boxes"]);
    stage(&mut builder);

    let rear = FIRST_ROW + (stalls as f64 - 1.0) * ROW_DEPTH;
    tribune(&mut builder, "Stalls", 0, opening, FIRST_ROW, stalls, |row, _| match row * 4 / stalls {
        0 => 0,
        1 | 2 => 1,
        _ => 2,
    });
    boxes(&mut builder, opening, stalls);
    if circle > 0 {
        let first = rear + 4.0 * ROW_DEPTH;
        tribune(&mut builder, "Circle", 1, opening + 0.1, first, circle, |row, _| if row * 2 < circle { 3 } else { 4 });
    }
    builder.finish(point(0.0, FIRST_ROW - 190.0))
}

fn stage(builder: &mut Builder) {
    let front = Fan { centre: (0.0, 0.0), from: FRAC_PI_2 + 0.52, to: FRAC_PI_2 - 0.52 };
    let mut outline = vec![point(-330.0, 170.0), point(330.0, 170.0)];
    outline.extend(
        front
            .outline(430.0, 470.0, 0.0)
            .into_iter()
            .take_while(|at| at.y > 400.0)
            .collect::<Vec<_>>()
            .into_iter()
            .rev(),
    );
    builder.shape(shape(ShapeKind::Stage, outline, Some(("Stage", point(0.0, 320.0)))));
}

/// Three wedges of curved rows. Wheelchair places lie at the aisles of the stalls' last row and of the centre's first;
/// the ends of the rows near the walls see less.
fn tribune(
    builder: &mut Builder,
    name: &str,
    floor: u8,
    opening: f64,
    first: f64,
    rows: usize,
    category: impl Fn(usize, usize) -> u8,
) {
    // Screen left is the larger angle; the centre takes two fifths of the width.
    let inner = 0.42 * opening;
    let cuts = [FRAC_PI_2 + opening, FRAC_PI_2 + inner, FRAC_PI_2 - inner, FRAC_PI_2 - opening];
    let wedge = |part: usize| Fan { centre: (0.0, 0.0), from: cuts[part], to: cuts[part + 1] };
    let radius = |row: usize| first + row as f64 * ROW_DEPTH;
    for (part, side) in PARTS.iter().enumerate() {
        let fan = wedge(part);
        let (near, far) = (radius(0) - 18.0, radius(rows - 1) + 18.0);
        let outline = fan.outline(near, far, AISLE / 2.0 - 8.0);
        builder.section(format!("{name} {side}"), floor, outline, fan.at(f64::midpoint(near, far), fan.middle()));
        for row in 0..rows {
            // Every second row stands half a seat aside, as everywhere one should see between two heads.
            let margin = AISLE / 2.0 + if row % 2 == 1 { PITCH / 4.0 } else { 0.0 };
            let before: usize = (0..part).map(|part| wedge(part).slots(radius(row), margin).len()).sum();
            let slots = fan.slots(radius(row), margin);
            let count = slots.len();
            let places = slots.enumerate().map(|(seat, angle)| {
                let wall = (part == 0 && seat < 2) || (part == 2 && seat + 2 >= count);
                let from_end = seat.min(count - 1 - seat);
                let last = floor == 0 && (row + 1 == rows || (row == 0 && part == 1));
                let features = match from_end {
                    0 if last => Features::ACCESSIBLE,
                    1 if last => Features::COMPANION,
                    _ if wall && (row < 3 || floor == 1) => Features::RESTRICTED_VIEW,
                    _ => Features::default(),
                };
                Place {
                    at: fan.at(radius(row), angle),
                    category: category(row, seat),
                    features,
                    number: SeatNumber::Count((before + seat + 1) as u32),
                    gap_after: false,
                }
            });
            builder.row(letters(row), places.collect::<Vec<_>>());
        }
    }
}

/// Two boxes of two rows of three at either wall, turned towards the stage.
fn boxes(builder: &mut Builder, opening: f64, stalls: usize) {
    let spots = [(1.0, 0.25), (1.0, 0.6), (-1.0, 0.25), (-1.0, 0.6)];
    for (index, (side, along)) in spots.into_iter().enumerate() {
        let distance = FIRST_ROW + along * stalls as f64 * ROW_DEPTH;
        let middle = FRAC_PI_2 + side * (opening + 78.0 / distance);
        let half = 50.0 / distance;
        // Rows of a box run along the wall: seats lie at growing distance, rows at growing angle.
        let fan = Fan { centre: (0.0, 0.0), from: middle - half * side, to: middle + half * side };
        let outline = fan.outline(distance - 48.0, distance + 48.0, 6.0);
        builder.section(format!("Box {}", index + 1), 0, outline, fan.at(distance, middle));
        for row in 0..2_u32 {
            let places = (0..3_u32).map(|seat| Place {
                at: fan.at(
                    distance - 28.0 + 28.0 * f64::from(seat),
                    middle + side * (f64::from(row) * 28.0 - 14.0) / distance,
                ),
                category: 5,
                features: if row == 1 { Features::RESTRICTED_VIEW } else { Features::default() },
                number: SeatNumber::Count(row * 3 + seat + 1),
                gap_after: false,
            });
            builder.row(letters(row as usize), places);
        }
    }
}
