//! From zones to floors and sections, so that every label is unique: overlapping zones become floors, zones whose rows
//! clash are cut into the blocks one sees, and what still clashes gets a number.

use std::collections::{HashMap, HashSet};

use super::areas::Drawn;
use super::gather::{Gathered, Row, Zone};
use super::grid::{Grid, aside};
use super::{Oddity, Report, lay};
use crate::chart::Point;

/// Most floors; what overlaps beyond that stays on the last one.
const FLOORS: usize = 16;
/// Most sections one zone is cut into.
const CUTS: usize = 400;

pub(super) struct Section {
    pub(super) name: String,
    pub(super) floor: u8,
    pub(super) rows: Vec<Row>,
}

/// The plan, ready to be built.
pub(super) struct House {
    pub(super) name: String,
    pub(super) radius: f32,
    pub(super) floors: Vec<String>,
    pub(super) categories: Vec<String>,
    pub(super) sections: Vec<Section>,
    pub(super) areas: Vec<(Option<u8>, Drawn)>,
    pub(super) seats: usize,
}

impl House {
    pub(super) fn places(&self) -> impl Iterator<Item = Point> {
        self.sections.iter().flat_map(|section| &section.rows).flat_map(|row| &row.seats).map(|seat| seat.at)
    }
}

pub(super) fn group(mut plan: Gathered, report: &mut Report) -> House {
    let (floor_of, grids) = floors(&plan, report);
    let floors = name_floors(&plan, &floor_of, grids);
    for floor in 0..grids {
        let zones = plan.zones.iter_mut().zip(&floor_of).filter(|(_, of)| **of == floor).map(|(zone, _)| zone);
        aside(zones, plan.radius, report);
    }
    let mut house = House {
        name: plan.name,
        radius: plan.radius,
        floors,
        categories: plan.categories,
        sections: Vec::new(),
        areas: Vec::new(),
        seats: 0,
    };
    let mut names = Unique::default();
    for (mut zone, floor) in plan.zones.into_iter().zip(floor_of) {
        let floor = floor as u8;
        let shown = (grids > 1).then_some(floor);
        house.areas.extend(zone.areas.drain(..).map(|area| (shown, area)));
        let parts = cut(&mut zone, house.radius, report);
        let several = parts.len() > 1;
        for (index, mut rows) in parts.into_iter().enumerate() {
            if rows.is_empty() {
                continue;
            }
            house.seats += rows.iter().map(|row| row.seats.len()).sum::<usize>();
            let wanted = if several { format!("{} {}", zone.name, index + 1) } else { zone.name.clone() };
            let name =
                names.make(wanted, || report.note(Oddity::ZoneRepeats, || format!("$.zones[{}].name", zone.index)));
            rows = join(rows, house.radius, report);
            label(&mut rows, report);
            house.sections.push(Section { name, floor, rows });
        }
    }
    house
}

/// The floor of each zone, and how many floors there are: a zone of which a tenth lies on others goes one floor up.
fn floors(plan: &Gathered, report: &mut Report) -> (Vec<usize>, usize) {
    let mut grids: Vec<Grid> = vec![Grid::new(2.0 * plan.radius)];
    let mut floor_of = Vec::with_capacity(plan.zones.len());
    for zone in &plan.zones {
        let places: Vec<Point> = zone.rows.iter().flat_map(|row| &row.seats).map(|seat| seat.at).collect();
        let overlaps = |grid: &Grid| {
            let on_top = places.iter().filter(|at| grid.near(**at, plan.radius)).count();
            on_top > 0 && on_top * 10 >= places.len()
        };
        let fitting = grids.iter().position(|grid| !overlaps(grid));
        if fitting != Some(0) {
            report.note(Oddity::ZoneOnTop, || format!("$.zones[{}]", zone.index));
        }
        let floor = fitting.unwrap_or_else(|| {
            if grids.len() < FLOORS {
                grids.push(Grid::new(2.0 * plan.radius));
            }
            grids.len() - 1
        });
        places.into_iter().for_each(|at| grids[floor].add(at));
        floor_of.push(floor);
    }
    (floor_of, grids.len())
}

fn name_floors(plan: &Gathered, floor_of: &[usize], count: usize) -> Vec<String> {
    let mut names = Unique::default();
    let floors = 0..count;
    floors
        .map(|floor| {
            let mut zones = plan.zones.iter().zip(floor_of).filter(|(_, of)| **of == floor).map(|(zone, _)| zone);
            let wanted = match (zones.next(), zones.next()) {
                (Some(zone), None) => zone.name.clone(),
                _ if count == 1 => plan.name.clone(),
                _ => format!("Level {}", floor + 1),
            };
            names.make(wanted, || {})
        })
        .collect()
}

/// Whether two rows share a name and a number.
fn clash<'a>(rows: impl Iterator<Item = &'a Row>) -> bool {
    let mut seen: HashMap<(&str, &str), usize> = HashMap::new();
    rows.enumerate().any(|(index, row)| {
        row.seats.iter().any(|seat| *seen.entry((&row.name, &seat.number)).or_insert(index) != index)
    })
}

/// The zone's rows, cut into the fewest blocks of neighbouring rows within which no label clashes.
fn cut(zone: &mut Zone, radius: f32, report: &mut Report) -> Vec<Vec<Row>> {
    let rows = core::mem::take(&mut zone.rows);
    if !clash(rows.iter()) {
        return vec![rows];
    }
    for reach in [6.0, 5.0, 4.0, 3.4, 3.0] {
        let (part_of, parts) = blocks(&rows, reach * radius);
        let fits = (2..=CUTS).contains(&parts)
            && (0..parts)
                .all(|part| !clash(rows.iter().zip(&part_of).filter(|(_, of)| **of == part).map(|(row, _)| row)));
        if fits {
            report.note(Oddity::ZoneSplit, || format!("$.zones[{}]", zone.index));
            let mut cut: Vec<Vec<Row>> = Vec::new();
            cut.resize_with(parts, Vec::new);
            rows.into_iter().zip(part_of).for_each(|(row, part)| cut[part].push(row));
            return cut;
        }
    }
    vec![rows]
}

/// Which rows belong together: those with seats within `reach` of one another. Parts are numbered as first seen.
fn blocks(rows: &[Row], reach: f32) -> (Vec<usize>, usize) {
    let mut parent: Vec<usize> = (0..rows.len()).collect();
    fn root(parent: &mut [usize], mut at: usize) -> usize {
        while parent[at] != at {
            parent[at] = parent[parent[at]];
            at = parent[at];
        }
        at
    }
    // A few seats a cell are enough: whoever is left out shares the cell with them.
    let mut cells: HashMap<(i32, i32), Vec<(usize, Point)>> = HashMap::new();
    let cell = |at: Point| ((at.x / reach).floor() as i32, (at.y / reach).floor() as i32);
    for (index, row) in rows.iter().enumerate() {
        for seat in &row.seats {
            let (cx, cy) = cell(seat.at);
            for key in (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (cx.saturating_add(dx), cy.saturating_add(dy)))) {
                for &(other, at) in cells.get(&key).into_iter().flatten() {
                    if lay::apart(seat.at, at) < reach {
                        let (a, b) = (root(&mut parent, index), root(&mut parent, other));
                        parent[a.max(b)] = a.min(b);
                    }
                }
            }
            let cell = cells.entry((cx, cy)).or_default();
            if cell.len() < 24 {
                cell.push((index, seat.at));
            }
        }
    }
    let mut numbers: HashMap<usize, usize> = HashMap::new();
    let mut part_of = Vec::with_capacity(rows.len());
    for index in 0..rows.len() {
        let root = root(&mut parent, index);
        let next = numbers.len();
        part_of.push(*numbers.entry(root).or_insert(next));
    }
    (part_of, numbers.len())
}

/// Joins rows of one name where no number is in both, as a row that an aisle parts.
fn join(rows: Vec<Row>, radius: f32, report: &mut Report) -> Vec<Row> {
    let mut joined: Vec<Row> = Vec::with_capacity(rows.len());
    let mut by_name: HashMap<String, usize> = HashMap::new();
    let mut touched: HashSet<usize> = HashSet::new();
    let clash = clash(rows.iter());
    for row in rows {
        match by_name.get(&row.name) {
            Some(&first) if !clash => {
                report.note(Oddity::RowsJoined, || row.path());
                joined[first].seats.extend(row.seats);
                touched.insert(first);
            }
            _ => {
                by_name.insert(row.name.clone(), joined.len());
                joined.push(row);
            }
        }
    }
    for index in touched {
        lay::sort(&mut joined[index]);
        lay::gaps(&mut joined[index], 2.5 * radius);
    }
    joined
}

/// Numbers rows and seats whose labels still clash.
fn label(rows: &mut [Row], report: &mut Report) {
    let mut names = Unique::default();
    for row in &mut *rows {
        let wanted = core::mem::take(&mut row.name);
        row.name = names.make(wanted, || report.note(Oddity::RowRepeats, || row.path()));
        let mut numbers = Unique::default();
        for seat in &mut row.seats {
            let wanted = core::mem::take(&mut seat.number);
            seat.number =
                numbers.make(wanted, || report.note(Oddity::SeatRepeats, || format!("{}.seat_number", seat.path())));
        }
    }
    words(rows, report);
}

/// Makes the words for rows and seats say as much as their names: whoever reads a ticket has nothing else.
fn words(rows: &mut [Row], report: &mut Report) {
    let mut said: HashSet<String> = rows.iter().map(|row| format!("row {}", row.name).to_lowercase()).collect();
    for row in rows {
        row.label = row.label.replace("%s", &row.name);
        if !row.label.is_empty() && !said.insert(row.label.to_lowercase()) {
            report.note(Oddity::LabelRepeats, || format!("{}.row_label", row.path()));
            row.label = format!("{} ({})", row.label, row.name);
            if !said.insert(row.label.to_lowercase()) {
                row.label.clear();
            }
        }
        if row.seats.len() > 1 && !row.seat_label.is_empty() && !row.seat_label.contains("%s") {
            row.seat_label.push_str(" %s");
        }
    }
}

/// Makes names unique by adding "(2)", "(3)" and so on.
#[derive(Default)]
struct Unique {
    seen: HashMap<String, u32>,
}

impl Unique {
    fn make(&mut self, wanted: String, repeats: impl FnOnce()) -> String {
        if !self.seen.contains_key(&wanted) {
            self.seen.insert(wanted.clone(), 1);
            return wanted;
        }
        repeats();
        let mut count = self.seen.get(&wanted).copied().unwrap_or(1);
        loop {
            count += 1;
            let name = format!("{wanted} ({count})");
            if !self.seen.contains_key(&name) {
                self.seen.insert(wanted, count);
                self.seen.insert(name.clone(), 1);
                return name;
            }
        }
    }
}
