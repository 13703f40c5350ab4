//! Unpacking: small, fast, and safe on any bytes. Memory is bounded by [`MAX_SEATS`] and by the length of the input.

use core::ops::Range;

use super::arc::{Arc, Steps, pieces};
use super::bytes::Reader;
use super::planes::Foresight;
use super::{Grid, MAGIC, MAX_LIST, MAX_SEATS, MAX_SECTIONS, MAX_STEPS, PackError, VERSION, hash};
use crate::chart::numbers::Numbers;
use crate::chart::{Chart, Point, Row, Section, Shape, ShapeKind, blocks, build};
use crate::seat::Features;

type Result<T> = core::result::Result<T, PackError>;

const OUT_OF_RANGE: PackError = PackError::Inconsistent("a coordinate is out of range");

/// Unpacks a chart.
///
/// # Errors
/// Anything but the whole of what [`pack`](super::pack) wrote.
pub fn unpack(bytes: &[u8]) -> Result<Chart> {
    let (body, sum) = bytes.split_last_chunk::<4>().ok_or(PackError::Truncated)?;
    let mut input = Reader::new(body);
    if input.take(3)? != MAGIC {
        return Err(PackError::NotAChart);
    }
    let version = input.byte()?;
    if version != VERSION {
        return Err(PackError::Version(version));
    }
    if hash(body) != u32::from_le_bytes(*sum) {
        return Err(PackError::Damaged);
    }
    let chart = read(&mut input)?;
    if !input.is_empty() {
        return Err(PackError::Inconsistent("something follows the chart"));
    }
    match chart.flaw() {
        None => Ok(chart),
        Some(flaw) => Err(PackError::Inconsistent(flaw)),
    }
}

fn read(input: &mut Reader<'_>) -> Result<Chart> {
    // Always four bytes.
    let seat_radius = input.take(4)?.try_into().map_or(0.0, f32::from_le_bytes);
    let grid = Grid::of(seat_radius);
    let mut chart = Chart {
        seat_radius,
        min: point(input, grid)?,
        max: point(input, grid)?,
        focal: point(input, grid)?,
        ..Chart::default()
    };
    let floors = input.listed(usize::from(u8::MAX) + 1)?;
    let categories = input.listed(usize::from(u8::MAX) + 1)?;
    let sections = input.listed(MAX_SECTIONS)?;
    let rows = input.listed(MAX_SEATS)?;
    let seats = input.count(MAX_SEATS)?;
    chart.name = input.text()?;
    chart.floors = (0..floors).map(|_| input.text()).collect::<Result<_>>()?;
    chart.categories = (0..categories).map(|_| input.text()).collect::<Result<_>>()?;
    read_sections(input, grid, &mut chart, sections)?;
    read_rows(input, &mut chart, rows, seats)?;
    read_places(input, grid, &mut chart)?;
    chart.shapes = read_shapes(input, grid)?;
    Ok(chart)
}

fn point(input: &mut Reader<'_>, grid: Grid) -> Result<Point> {
    let x = input.signed()?;
    let y = input.signed()?;
    on_grid(grid, x, y)
}

fn on_grid(grid: Grid, x: i32, y: i32) -> Result<Point> {
    if within(x) && within(y) { Ok(Point { x: grid.value(x), y: grid.value(y) }) } else { Err(OUT_OF_RANGE) }
}

fn within(steps: i32) -> bool {
    (-MAX_STEPS..=MAX_STEPS).contains(&steps)
}

/// Twice the range on the way there: a chord may lead from one end of the plan to the other.
fn add(steps: i32, told: i32) -> Result<i32> {
    steps.checked_add(told).filter(|sum| (-4 * MAX_STEPS..=4 * MAX_STEPS).contains(sum)).ok_or(OUT_OF_RANGE)
}

fn add2(steps: Steps, told: Steps) -> Result<Steps> {
    Ok((add(steps.0, told.0)?, add(steps.1, told.1)?))
}

fn names(input: &mut Reader<'_>, length: usize) -> Result<Numbers> {
    let runs = input.listed(length)?;
    let mut before = 0_i32;
    let mut lengths = input.signeds(runs)?;
    for length in &mut lengths {
        before = before.checked_add(*length).filter(|&sum| sum > 0).ok_or(PackError::Inconsistent("an empty run"))?;
        *length = before;
    }
    if lengths.iter().map(|&length| i64::from(length)).sum::<i64>() != length as i64 {
        return Err(PackError::Inconsistent("labels do not cover what they name"));
    }
    let steps = input.signeds(runs)?;
    let starts = input.numbers(steps.iter().filter(|step| **step != 0).count())?;
    let mut starts = starts.into_iter();
    let mut names = Numbers::default();
    for (length, step) in lengths.into_iter().zip(steps) {
        if step == 0 {
            for _ in 0..length {
                let text = input.text()?;
                names.push_text(&text);
            }
        } else if !names.push_run(starts.next().unwrap_or_default(), step, length as u32) {
            return Err(PackError::Inconsistent("a label is out of range"));
        }
    }
    Ok(names)
}

fn read_sections(input: &mut Reader<'_>, grid: Grid, chart: &mut Chart, count: usize) -> Result<()> {
    let names = names(input, count)?;
    let floors = input.runs(count)?;
    let mut floors = floors.into_iter().flat_map(|(floor, times)| core::iter::repeat_n(floor, times));
    let rows = input.numbers(count)?;
    let mut first = 0_u32;
    let mut labels: Vec<Steps> = Vec::with_capacity(count);
    let mut at = (0, 0);
    for _ in 0..count {
        at = add2(at, (input.signed()?, input.signed()?))?;
        labels.push(at);
    }
    for ((name, rows), at) in names.iter().zip(rows).zip(labels) {
        let end = first.checked_add(rows).ok_or(PackError::Inconsistent("too many rows"))?;
        let floor = floors.next().and_then(|floor| u8::try_from(floor).ok());
        chart.sections.push(Section {
            name: name.to_string(),
            floor: floor.ok_or(PackError::Inconsistent("no such floor"))?,
            rows: first..end,
            label_at: on_grid(grid, at.0, at.1)?,
            outline: outline(input, grid, at)?,
        });
        first = end;
    }
    Ok(())
}

fn outline(input: &mut Reader<'_>, grid: Grid, start: Steps) -> Result<Vec<Point>> {
    let count = input.listed(MAX_LIST)?;
    let (mut before, mut advance) = (start, (0, 0));
    let mut points = Vec::with_capacity(count);
    for _ in 0..count {
        let here = add2(add2(before, advance)?, (input.signed()?, input.signed()?))?;
        points.push(on_grid(grid, here.0, here.1)?);
        advance = (here.0 - before.0, here.1 - before.1);
        before = here;
    }
    Ok(points)
}

fn read_rows(input: &mut Reader<'_>, chart: &mut Chart, rows: usize, count: usize) -> Result<()> {
    let lengths = input.signeds(rows)?;
    let names_of_rows = names(input, rows)?;
    let seats = &mut chart.seats;
    seats.row.reserve_exact(count);
    let (mut length, mut first) = (0_i32, 0_u32);
    let mut section = 0_usize;
    for (row, (told, name)) in lengths.into_iter().zip(names_of_rows.iter()).enumerate() {
        length =
            length.checked_add(told).filter(|&length| length > 0).ok_or(PackError::Inconsistent("an empty row"))?;
        let end = first.saturating_add(length as u32);
        if end as usize > count {
            return Err(PackError::Inconsistent("rows have more seats than the chart"));
        }
        while chart.sections.get(section).is_some_and(|section| section.rows.end as usize <= row) {
            section += 1;
        }
        seats.row.resize(end as usize, row as u32);
        chart.rows.push(Row { name: name.to_string(), section: section as u16, seats: first..end });
        first = end;
    }
    if first as usize != count {
        return Err(PackError::Inconsistent("rows have fewer seats than the chart"));
    }
    seats.gap_after = vec![false; count];
    let mut gap = 0_usize;
    for told in {
        let gaps = input.listed(count)?;
        input.numbers(gaps)?
    } {
        gap = gap.saturating_add(told as usize);
        *seats.gap_after.get_mut(gap).ok_or(PackError::Inconsistent("a gap after no seat"))? = true;
    }
    seats.number = names(input, count)?;
    seats.category = bytes_of(input, count)?;
    let aisles = build::aisles(&chart.rows, &seats.gap_after);
    let features = bytes_of(input, count)?;
    seats.features = features.into_iter().zip(aisles).map(|(told, aisle)| Features(told ^ aisle.0)).collect();
    seats.block = match input.byte()? {
        1 => blocks::assign(&chart.sections, &chart.rows, count),
        _ => {
            let runs = input.runs(count)?;
            runs.into_iter().flat_map(|(block, times)| core::iter::repeat_n(block, times)).collect()
        }
    };
    Ok(())
}

fn bytes_of(input: &mut Reader<'_>, count: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(count);
    for (value, times) in input.runs(count)? {
        let value = u8::try_from(value).map_err(|_| PackError::Inconsistent("a value is no byte"))?;
        bytes.resize(bytes.len() + times, value);
    }
    Ok(bytes)
}

fn read_places(input: &mut Reader<'_>, grid: Grid, chart: &mut Chart) -> Result<()> {
    let found: Vec<(usize, Range<usize>)> = pieces(&chart.rows, &chart.seats.gap_after).collect();
    // A piece tells where it begins, from two seats on its chord, from three on its bulge.
    let mut planes: [std::vec::IntoIter<i32>; 6] = Default::default();
    for (plane, values) in planes.iter_mut().enumerate() {
        let least = plane / 2 + 1;
        let count = found.iter().filter(|(_, piece)| piece.len() >= least).count();
        *values = input.signeds(count)?.into_iter();
    }
    let mut told = |plane: usize, foreseen: Steps| {
        let x = planes[2 * plane].next().unwrap_or_default();
        let y = planes[2 * plane + 1].next().unwrap_or_default();
        add2(foreseen, (x, y))
    };
    let count = chart.seats.row.len();
    let mut places: Vec<Steps> = Vec::with_capacity(count);
    let mut foresight = Foresight::default();
    let mut section = 0;
    for (row, piece) in found {
        if chart.rows[row].section != section {
            section = chart.rows[row].section;
            foresight.section();
        }
        let seats = piece.len();
        let (chord, bulge) = foresight.chord_and_bulge(seats);
        let chord = if seats >= 2 { told(1, chord)? } else { (0, 0) };
        let bulge = if seats >= 3 { told(2, bulge)? } else { (0, 0) };
        let first = told(0, foresight.first(row, chord))?;
        let arc = Arc { first, chord, bulge };
        places.extend(arc.places(seats));
        foresight.learn(row, seats, arc);
    }
    let strays = input.listed(count)?;
    let (at, x, y) = (input.numbers(strays)?, input.signeds(strays)?, input.signeds(strays)?);
    let mut seat = 0_usize;
    for ((at, x), y) in at.into_iter().zip(x).zip(y) {
        seat = seat.saturating_add(at as usize);
        let place = places.get_mut(seat).ok_or(PackError::Inconsistent("no such seat"))?;
        *place = (place.0.saturating_add(x), place.1.saturating_add(y));
    }
    if !places.iter().all(|&(x, y)| within(x) && within(y)) {
        return Err(OUT_OF_RANGE);
    }
    chart.seats.x = places.iter().map(|&(x, _)| grid.value(x)).collect();
    chart.seats.y = places.iter().map(|&(_, y)| grid.value(y)).collect();
    Ok(())
}

fn read_shapes(input: &mut Reader<'_>, grid: Grid) -> Result<Vec<Shape>> {
    let count = input.listed(MAX_LIST)?;
    let mut shapes = Vec::with_capacity(count.min(1_024));
    for _ in 0..count {
        let tag = input.byte()?;
        let kind = match tag & 3 {
            0 => ShapeKind::Stage,
            1 => ShapeKind::Standing,
            _ => ShapeKind::Other,
        };
        let floor = match input.number()? {
            0 => None,
            floor => Some(u8::try_from(floor - 1).map_err(|_| PackError::Inconsistent("no such floor"))?),
        };
        let text = if tag & 4 != 0 { Some((input.text()?, point(input, grid)?)) } else { None };
        shapes.push(Shape { floor, kind, outline: outline(input, grid, (0, 0))?, text });
    }
    Ok(shapes)
}
