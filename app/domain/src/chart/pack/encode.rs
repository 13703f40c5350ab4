//! Packing: on the server and in tests only.

use super::arc::{Arc, Steps, pieces};
use super::bytes::Writer;
use super::planes::Foresight;
use super::{Grid, MAGIC, MAX_LIST, MAX_STEPS, PackError, VERSION, hash};
use crate::chart::numbers::Numbers;
use crate::chart::{Chart, Point, SeatNumber, ShapeKind, blocks, build, label};

/// Packs a chart. Coordinates are rounded to the grid; all else is kept as it is.
///
/// # Errors
/// A chart whose parts do not fit together (see [`Chart::flaw`]) or whose coordinates are out of range.
pub fn pack(chart: &Chart) -> Result<Vec<u8>, PackError> {
    if let Some(flaw) = chart.flaw() {
        return Err(PackError::Inconsistent(flaw));
    }
    let grid = Grid::of(chart.seat_radius);
    let mut out = Writer::default();
    out.bytes.extend(MAGIC);
    out.bytes.push(VERSION);
    head(&mut out, grid, chart)?;
    sections(&mut out, grid, chart)?;
    rows(&mut out, chart);
    places(&mut out, grid, chart)?;
    shapes(&mut out, grid, chart)?;
    let hash = hash(&out.bytes);
    out.bytes.extend(hash.to_le_bytes());
    Ok(out.bytes)
}

fn steps(grid: Grid, point: Point) -> Result<Steps, PackError> {
    let (x, y) = (grid.steps(point.x), grid.steps(point.y));
    if x == i32::MAX || y == i32::MAX {
        return Err(PackError::Inconsistent("a coordinate is out of range"));
    }
    debug_assert!(x.abs() <= MAX_STEPS && y.abs() <= MAX_STEPS, "steps are limited by the grid");
    Ok((x, y))
}

fn head(out: &mut Writer, grid: Grid, chart: &Chart) -> Result<(), PackError> {
    out.bytes.extend(chart.seat_radius.to_le_bytes());
    for point in [chart.min, chart.max, chart.focal] {
        let (x, y) = steps(grid, point)?;
        out.signed(x);
        out.signed(y);
    }
    for count in [chart.floors.len(), chart.categories.len(), chart.sections.len(), chart.rows.len(), chart.seats.len()]
    {
        out.number(count as u32);
    }
    out.text(&chart.name);
    chart.floors.iter().chain(&chart.categories).for_each(|name| out.text(name));
    Ok(())
}

fn sections(out: &mut Writer, grid: Grid, chart: &Chart) -> Result<(), PackError> {
    names(out, &chart.sections.iter().map(|section| &section.name).collect());
    out.runs(chart.sections.iter().map(|section| u32::from(section.floor)));
    chart.sections.iter().for_each(|section| out.number(section.rows.end - section.rows.start));
    let mut before = (0, 0);
    let labels = chart.sections.iter().map(|section| steps(grid, section.label_at)).collect::<Result<Vec<_>, _>>()?;
    for &(x, y) in &labels {
        out.signed(x - before.0);
        out.signed(y - before.1);
        before = (x, y);
    }
    for (section, label) in chart.sections.iter().zip(labels) {
        outline(out, grid, &section.outline, label)?;
    }
    Ok(())
}

/// Points by second differences: along an arc they hardly change.
fn outline(out: &mut Writer, grid: Grid, points: &[Point], start: Steps) -> Result<(), PackError> {
    if points.len() > MAX_LIST {
        return Err(PackError::Inconsistent("an outline has too many points"));
    }
    out.number(points.len() as u32);
    let (mut before, mut advance) = (start, (0, 0));
    for point in points {
        let (x, y) = steps(grid, *point)?;
        out.signed(x - before.0 - advance.0);
        out.signed(y - before.1 - advance.1);
        advance = (x - before.0, y - before.1);
        before = (x, y);
    }
    Ok(())
}

/// Labels as runs: lengths (each by its difference from the last), starts, steps; 0 for a step means text.
fn names(out: &mut Writer, names: &Numbers) {
    let runs = names.runs();
    out.number(runs.len() as u32);
    let mut before = 0;
    for (_, length) in &runs {
        out.signed(*length as i32 - before);
        before = *length as i32;
    }
    runs.iter().for_each(|(run, _)| out.signed(if run.text { 0 } else { run.step }));
    runs.iter().filter(|(run, _)| !run.text).for_each(|(run, _)| out.number(run.start));
    for name in names.iter() {
        if let SeatNumber::Text(text) = name {
            out.text(text);
        }
    }
}

fn rows(out: &mut Writer, chart: &Chart) {
    let mut before = 0;
    for row in &chart.rows {
        let length = (row.seats.end - row.seats.start) as i32;
        out.signed(length - before);
        before = length;
    }
    let numbering: Numbers = chart.rows.iter().map(label::join).collect();
    names(out, &numbering);
    let seats = &chart.seats;
    let mut before = 0;
    let gaps: Vec<u32> = (0..seats.len() as u32).filter(|&seat| seats.gap_after[seat as usize]).collect();
    out.number(gaps.len() as u32);
    for gap in gaps {
        out.number(gap - before);
        before = gap;
    }
    names(out, &seats.number);
    out.runs(seats.category.iter().map(|&category| u32::from(category)));
    let aisles = build::aisles(&chart.rows, &seats.gap_after);
    out.runs(seats.features.iter().zip(aisles).map(|(features, aisle)| u32::from(features.0 ^ aisle.0)));
    // The hold store's blocks nearly always follow from the rows.
    let derived = blocks::assign(&chart.sections, &chart.rows, seats.len()) == seats.block;
    out.bytes.push(u8::from(derived));
    if !derived {
        out.runs(seats.block.iter().copied());
    }
}

fn places(out: &mut Writer, grid: Grid, chart: &Chart) -> Result<(), PackError> {
    let mut planes: [Writer; 6] = Default::default();
    let mut strays: Vec<(usize, Steps)> = Vec::new();
    let mut foresight = Foresight::default();
    let mut section = 0;
    let mut places: Vec<Steps> = Vec::new();
    for (row, piece) in pieces(&chart.rows, &chart.seats.gap_after) {
        if chart.rows[row].section != section {
            section = chart.rows[row].section;
            foresight.section();
        }
        places.clear();
        for seat in piece.clone() {
            places.push(steps(grid, Point { x: chart.seats.x[seat], y: chart.seats.y[seat] })?);
        }
        let arc = Arc::fit(&places);
        let (chord, bulge) = foresight.chord_and_bulge(places.len());
        let first = foresight.first(row, arc.chord);
        let surprise = [(arc.first, first, 1), (arc.chord, chord, 2), (arc.bulge, bulge, 3)];
        for (plane, (told, foreseen, seats)) in surprise.into_iter().enumerate() {
            if places.len() >= seats {
                planes[2 * plane].signed(told.0 - foreseen.0);
                planes[2 * plane + 1].signed(told.1 - foreseen.1);
            }
        }
        for ((seat, place), drawn) in piece.zip(&places).zip(arc.drawn(places.len())) {
            if *place != drawn {
                strays.push((seat, (place.0 - drawn.0, place.1 - drawn.1)));
            }
        }
        foresight.learn(row, places.len(), arc);
    }
    planes.into_iter().for_each(|plane| out.bytes.extend(plane.bytes));
    out.number(strays.len() as u32);
    let mut before = 0;
    for (seat, _) in &strays {
        out.number((seat - before) as u32);
        before = *seat;
    }
    strays.iter().for_each(|(_, (x, _))| out.signed(*x));
    strays.iter().for_each(|(_, (_, y))| out.signed(*y));
    Ok(())
}

fn shapes(out: &mut Writer, grid: Grid, chart: &Chart) -> Result<(), PackError> {
    out.number(chart.shapes.len() as u32);
    for shape in &chart.shapes {
        let kind = match shape.kind {
            ShapeKind::Stage => 0,
            ShapeKind::Standing => 1,
            ShapeKind::Other => 2,
        };
        out.bytes.push(kind | if shape.text.is_some() { 4 } else { 0 });
        out.number(shape.floor.map_or(0, |floor| u32::from(floor) + 1));
        if let Some((text, at)) = &shape.text {
            out.text(text);
            let (x, y) = steps(grid, *at)?;
            out.signed(x);
            out.signed(y);
        }
        outline(out, grid, &shape.outline, (0, 0))?;
    }
    Ok(())
}
