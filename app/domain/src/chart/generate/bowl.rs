//! A bowl: tiers all around a field, cut into wedges by aisles, with vomitories, places for wheelchairs and their
//! companions, and posts that hide part of the field.

use super::fan::{Arc, Fan, oval};
use super::{PITCH, RADIUS, point, rectangle, shape};
use crate::chart::build::{Builder, Place};
use crate::chart::{Chart, SeatNumber, ShapeKind};
use crate::seat::Features;

/// How a bowl is built.
#[derive(Clone, Debug, PartialEq)]
pub struct Bowl {
    /// What the chart is called.
    pub name: String,
    /// Exactly so many seats, 100 to 1,000,000. Field and tiers grow with them.
    pub seats: u32,
}

impl Default for Bowl {
    /// 80,000 seats.
    fn default() -> Self {
        Self::with_seats(80_000)
    }
}

impl Bowl {
    /// A bowl of exactly so many seats.
    #[must_use]
    pub fn with_seats(seats: u32) -> Self {
        Self { name: "Stadium".to_owned(), seats }
    }
}

pub(super) const ROW_DEPTH: f64 = 27.0;
pub(super) const AISLE: f64 = 34.0;
/// Between two tiers: room for the section's name.
const RING: f64 = 96.0;
/// About so many seats in the front row of a section.
const SECTION_SEATS: f64 = 22.0;

/// Draws the bowl: sections "101" on clockwise in the lowest tier, "201" on above it; rows and seats by number.
#[must_use]
pub fn bowl(params: &Bowl) -> Chart {
    let wanted = params.seats.clamp(100, 1_000_000) as usize;
    let scale = (wanted as f64 / 80_000.0).sqrt();
    let tiers: &[(&str, f64)] = match wanted {
        0..4_000 => &[("Level 1", 0.0)],
        4_000..40_000 => &[("Level 1", 24.0), ("Level 2", 0.0)],
        _ => &[("Level 1", 28.0), ("Level 2", 18.0), ("Level 3", 0.0)],
    };
    let mut builder = Builder::new(&params.name, RADIUS).floors(tiers.iter().map(|(name, _)| *name)).categories([
        "Category 1",
        "Category 2",
        "Category 3",
        "Category 4",
        "Category 5",
    ]);
    field(&mut builder, scale);

    let arcs = oval(3_560.0 * scale, 2_840.0 * scale, false);
    let mut offset = 0.0;
    for (tier, (_, rows)) in tiers.iter().enumerate() {
        let last = tier + 1 == tiers.len();
        let mut sections = plan(&arcs, tier, offset);
        if last {
            fill(&mut sections, wanted - builder.seats());
        } else {
            for row in 0..(rows * scale).round().max(3.0) as usize {
                sections.iter_mut().for_each(|section| section.add_row(row));
            }
        }
        offset += sections.iter().map(|section| section.rows.len()).max().unwrap_or(0) as f64 * ROW_DEPTH + RING;
        draw(&mut builder, tier as u8, sections);
    }
    builder.finish(point(0.0, 0.0))
}

fn field(builder: &mut Builder, scale: f64) {
    let grass = rectangle((0.0, 0.0), 5_040.0 * scale, 3_264.0 * scale);
    builder.shape(shape(ShapeKind::Stage, grass, Some(("Pitch", point(0.0, 0.0)))));
}

/// A wedge of the bowl with what its rows need to know.
pub(super) struct Wedge {
    pub(super) fan: Fan,
    /// Radius of the first row.
    pub(super) first: f64,
    pub(super) tier: usize,
    pub(super) category: u8,
    pub(super) index: usize,
    /// First rows, then seats; `None` where the mouth of a vomitory is.
    pub(super) rows: Vec<Vec<Option<f64>>>,
}

impl Wedge {
    pub(super) fn radius(&self, row: usize) -> f64 {
        self.first + row as f64 * ROW_DEPTH
    }

    pub(super) fn add_row(&mut self, row: usize) {
        let margin = AISLE / 2.0;
        let slots = self.fan.slots(self.radius(row), margin);
        let count = slots.len();
        let mouth = self.mouth().filter(|mouth| mouth.contains(&row) && count > 16);
        let hole = (count / 2).saturating_sub(3)..count.div_ceil(2) + 3;
        self.rows.push(
            slots
                .enumerate()
                // A platform repeats: wheelchair, companion, and room to turn.
                .map(|(seat, angle)| {
                    let alone = seat % 3 == 0 && seat + 1 == count;
                    let taken =
                        (mouth.is_some() && hole.contains(&seat)) || (self.platform(row) && (seat % 3 == 2 || alone));
                    (!taken).then_some(angle)
                })
                .collect(),
        );
    }

    /// The front row of every third section of the lowest tier is a platform for wheelchairs.
    fn platform(&self, row: usize) -> bool {
        row == 0 && self.tier == 0 && self.index % 3 == 1
    }

    /// The rows a vomitory cuts out: every second section.
    fn mouth(&self) -> Option<core::ops::Range<usize>> {
        (self.index % 2 == 1).then_some(if self.tier == 0 { 5..9 } else { 3..7 })
    }
}

/// The wedges of a tier that starts `offset` outside of the oval.
fn plan(arcs: &[Arc; 4], tier: usize, offset: f64) -> Vec<Wedge> {
    let width = SECTION_SEATS * PITCH + AISLE;
    let mut wedges: Vec<Wedge> = Vec::new();
    for arc in arcs {
        let cut: Vec<Fan> = arc.wedges(offset, width).collect();
        let count = cut.len();
        for (at, fan) in cut.into_iter().enumerate() {
            // Nearest to the halfway line is dearest, behind the goals cheapest.
            let central = !arc.end && (at as f64 + 0.5 - count as f64 / 2.0).abs() < count as f64 * 0.3;
            let category = (tier + usize::from(arc.end) + usize::from(!central)) as u8;
            let index = wedges.len();
            wedges.push(Wedge {
                fan,
                first: arc.radius + offset,
                tier,
                category: category.min(4),
                index,
                rows: Vec::new(),
            });
        }
    }
    wedges
}

/// Adds rows until exactly `wanted` seats are there: the last row gives up what is too much, evenly.
pub(super) fn fill(sections: &mut [Wedge], wanted: usize) {
    let seats = |sections: &[Wedge]| -> usize {
        sections.iter().flat_map(|section| &section.rows).map(|row| row.iter().flatten().count()).sum()
    };
    let mut row = 0;
    while seats(sections) < wanted {
        sections.iter_mut().for_each(|section| section.add_row(row));
        row += 1;
    }
    let mut surplus = seats(sections) - wanted;
    let mut at = 0;
    let count = sections.len();
    while surplus > 0 {
        if let Some(row) = sections[at % count].rows.last_mut().filter(|row| !row.is_empty()) {
            // By turns from either end, so that the row stays in the middle of its section.
            let gone = if (at / count).is_multiple_of(2) { row.pop().flatten() } else { row.remove(0) };
            surplus -= usize::from(gone.is_some());
        }
        at += 1;
    }
}

/// Sections, vomitories and rows of one tier on `floor`.
pub(super) fn draw(builder: &mut Builder, floor: u8, sections: Vec<Wedge>) {
    let hundred = if sections.len() < 100 { 100 } else { 1_000 };
    for (index, section) in sections.into_iter().enumerate() {
        let rows = section.rows.len();
        let (near, far) = (section.first - 20.0, section.radius(rows.saturating_sub(1)) + 20.0);
        let outline = section.fan.outline(near, far, AISLE / 2.0 - 10.0);
        let middle = section.fan.at(f64::midpoint(near, far), section.fan.middle());
        builder.section(((section.tier + 1) * hundred + index + 1).to_string(), floor, outline, middle);
        if let Some(mouth) = section.mouth() {
            // As far as the rows make room for it: where they end before it does, it is open at the back.
            let cut = mouth.clone().take_while(|row| section.rows.get(*row).is_some_and(|row| row.contains(&None)));
            let deep = cut.count();
            if deep > 0 {
                vomitory(builder, floor, &section, mouth.start..mouth.start + deep);
            }
        }
        for row in 0..rows {
            builder.row((row + 1).to_string(), places(&section, row));
        }
    }
}

/// The dark mouth through which people come up.
fn vomitory(builder: &mut Builder, floor: u8, section: &Wedge, rows: core::ops::Range<usize>) {
    let (near, far) = (section.radius(rows.start) - 8.0, section.radius(rows.end - 1) + 10.0);
    let half = 2.0 * PITCH;
    let (a, b) = (half / near, half / far);
    let middle = section.fan.middle();
    let corners = [(far, middle - b), (far, middle + b), (near, middle + a), (near, middle - a)];
    let outline = corners.into_iter().map(|(radius, angle)| section.fan.at(radius, angle)).collect();
    let mut mouth = shape(ShapeKind::Other, outline, None);
    mouth.floor = Some(floor);
    builder.shape(mouth);
}

/// The seats of a row. At the back of every second section there are posts beside the aisles.
fn places(section: &Wedge, row: usize) -> Vec<Place<'static>> {
    let slots = &section.rows[row];
    let platform = section.platform(row);
    let posts = row + 3 > section.rows.len() && section.index.is_multiple_of(2);
    let count = slots.len();
    let mut places: Vec<Place<'static>> = Vec::with_capacity(count);
    for (slot, angle) in slots.iter().enumerate() {
        let Some(angle) = *angle else {
            if let Some(before) = places.last_mut() {
                before.gap_after = true;
            }
            continue;
        };
        let features = match slot % 3 {
            0 if platform => Features::ACCESSIBLE,
            1 if platform => Features::COMPANION,
            _ if posts && (slot < 2 || slot + 2 >= count) => Features::RESTRICTED_VIEW,
            _ => Features::default(),
        };
        places.push(Place {
            at: section.fan.at(section.radius(row), angle),
            category: section.category,
            features,
            number: SeatNumber::Count(places.len() as u32 + 1),
            gap_after: false,
        });
    }
    if let Some(last) = places.last_mut() {
        last.gap_after = false;
    }
    places
}
