//! Unpacking: small, fast, and safe on any bytes. Memory is bounded by [`MAX_SEATS`] and by the length of the input.

use super::arc::{Arc, Steps};
use super::bytes::Reader;
use super::planes::Foresight;
use super::{Grid, MAGIC, MAX_LIST, MAX_SEATS, MAX_SECTIONS, MAX_STEPS, PackError, VERSION, hash};
use crate::chart::numbers::Numbers;
use crate::chart::{Chart, Point, Row, Section, Shape, ShapeKind, blocks, label};
use crate::seat::Features;

/// An unbroken piece of a row: the row, its first seat, and the seat after its last.
type Piece = (usize, usize, usize);

/// Unpacks a chart. What comes out has no [flaw](Chart::flaw), whatever went in.
///
/// # Errors
/// Anything but the whole of what [`pack`](super::pack) wrote.
pub fn unpack(bytes: &[u8]) -> Result<Chart, PackError> {
    let (body, sum) = bytes.split_last_chunk::<4>().ok_or(PackError::Truncated)?;
    let mut input = Reader::new(body);
    if input.take(3) != MAGIC {
        return Err(PackError::NotAChart);
    }
    let version = input.byte();
    if version != VERSION {
        return Err(PackError::Version(version));
    }
    if hash(body) != u32::from_le_bytes(*sum) {
        return Err(PackError::Damaged);
    }
    let chart = read(&mut input);
    input.end()?;
    Ok(chart)
}

fn read(input: &mut Reader<'_>) -> Chart {
    let seat_radius = input.take(4).try_into().map_or(0.0, f32::from_le_bytes);
    input.check(seat_radius.is_finite() && seat_radius >= 0.0, "seats have no size");
    let grid = Grid::of(seat_radius);
    let [min, max, focal] = [(); 3].map(|()| {
        let steps = (input.signed(), input.signed());
        on_grid(input, grid, steps)
    });
    let floors = input.listed(256);
    let categories = input.listed(256);
    let sections = input.listed(MAX_SECTIONS);
    let rows = input.listed(MAX_SEATS);
    let seats = input.count(MAX_SEATS);
    let name = input.text();
    let floors = (0..floors).map(|_| input.text()).collect();
    let categories = (0..categories).map(|_| input.text()).collect();
    let mut chart = Chart { name, min, max, focal, seat_radius, floors, categories, ..Chart::default() };
    read_sections(input, grid, &mut chart, sections, rows);
    let gaps = read_rows(input, &mut chart, rows, seats);
    let pieces = pieces(&chart.rows, &gaps);
    read_seats(input, &mut chart, &pieces, seats);
    read_places(input, grid, &mut chart, &pieces, seats);
    read_shapes(input, grid, &mut chart);
    chart
}

fn on_grid(input: &mut Reader<'_>, grid: Grid, (x, y): Steps) -> Point {
    let range = -MAX_STEPS..=MAX_STEPS;
    input.check(range.contains(&x) && range.contains(&y), "a coordinate is out of range");
    Point { x: grid.value(x), y: grid.value(y) }
}

/// Both at most four times the range: a chord may lead from one end of the plan to the other.
fn add(input: &mut Reader<'_>, a: Steps, b: Steps) -> Steps {
    let sum = (a.0.saturating_add(b.0), a.1.saturating_add(b.1));
    let range = -4 * MAX_STEPS..=4 * MAX_STEPS;
    if range.contains(&sum.0) && range.contains(&sum.1) {
        return sum;
    }
    input.check(false, "a coordinate is out of range");
    (0, 0)
}

fn names(input: &mut Reader<'_>, length: usize) -> Numbers {
    let runs = input.listed(length);
    let lengths = input.signeds(runs);
    let steps = input.signeds(runs);
    let starts = input.numbers(steps.iter().filter(|step| **step != 0).count());
    let mut starts = starts.into_iter();
    let mut names = Numbers::default();
    let mut times = 0_i32;
    for (told, step) in lengths.into_iter().zip(steps) {
        times = times.saturating_add(told);
        let left = length - names.len();
        if times <= 0 || times as usize > left {
            input.check(false, "labels do not cover what they name");
            break;
        }
        if step == 0 {
            for _ in 0..times {
                names.push_text(&input.text());
                if input.failed() {
                    return Numbers::default();
                }
            }
        } else {
            let fits = names.push_run(starts.next().unwrap_or_default(), step, times as u32);
            input.check(fits, "a label is out of range");
        }
    }
    input.check(names.len() == length, "labels do not cover what they name");
    names
}

fn read_sections(input: &mut Reader<'_>, grid: Grid, chart: &mut Chart, count: usize, rows: usize) {
    let names = names(input, count);
    let floors = input.runs(count, chart.floors.len(), |floor| floor as u8);
    let lengths = input.numbers(count);
    let mut at = (0, 0);
    let mut labels: Vec<Steps> = Vec::with_capacity(lengths.len());
    for _ in &lengths {
        let told = (input.signed(), input.signed());
        at = add(input, at, told);
        labels.push(at);
    }
    let mut first = 0_u32;
    for (((name, floor), length), at) in names.iter().zip(floors).zip(lengths).zip(labels) {
        let end = first.saturating_add(length);
        let label_at = on_grid(input, grid, at);
        let outline = outline(input, grid, at);
        chart.sections.push(Section { name: name.to_string(), floor, rows: first..end, outline, label_at });
        first = end;
    }
    input.check(first as usize == rows, "sections do not cover the rows");
}

fn outline(input: &mut Reader<'_>, grid: Grid, start: Steps) -> Vec<Point> {
    let count = input.listed(MAX_LIST);
    let (mut before, mut advance) = (start, (0, 0));
    let mut points = Vec::with_capacity(count);
    for _ in 0..count {
        let told = (input.signed(), input.signed());
        let foreseen = add(input, before, advance);
        let here = add(input, foreseen, told);
        points.push(on_grid(input, grid, here));
        advance = (here.0 - before.0, here.1 - before.1);
        before = here;
    }
    points
}

/// Rows, the seats' rows and gaps; the seats before gaps, ascending.
fn read_rows(input: &mut Reader<'_>, chart: &mut Chart, rows: usize, count: usize) -> Vec<usize> {
    let lengths = input.signeds(rows);
    let names = names(input, rows);
    let (mut length, mut first) = (0_i32, 0_u32);
    let mut section = 0_usize;
    if !input.failed() {
        chart.seats.row.reserve_exact(count);
    }
    for (row, (told, name)) in lengths.into_iter().zip(names.iter()).enumerate() {
        length = length.saturating_add(told);
        let end = first.saturating_add_signed(length);
        if length <= 0 || end as usize > count {
            input.check(false, "rows do not cover the seats");
            break;
        }
        while chart.sections.get(section).is_some_and(|section| section.rows.end as usize <= row) {
            section += 1;
        }
        chart.seats.row.resize(end as usize, row as u32);
        let joined = name.to_string();
        let (name, label, seat_label) = label::split(&joined);
        input.check(!seat_label.contains(label::SEPARATOR), "a row has too many words");
        let [name, label, seat_label] = [name, label, seat_label].map(str::to_owned);
        chart.rows.push(Row { name, section: section as u16, seats: first..end, label, seat_label });
        first = end;
    }
    input.check(first as usize == count, "rows do not cover the seats");
    let mut gaps: Vec<usize> = Vec::new();
    let told = input.listed(count);
    let told = input.numbers(told);
    if input.failed() {
        return gaps;
    }
    chart.seats.gap_after.resize(count, false);
    let mut gap = 0_usize;
    for told in told {
        gap = gap.saturating_add(told as usize);
        match chart.seats.gap_after.get_mut(gap) {
            Some(after) => *after = true,
            None => input.check(false, "a gap after no seat"),
        }
        gaps.push(gap);
    }
    gaps
}

fn pieces(rows: &[Row], gaps: &[usize]) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(rows.len() + gaps.len());
    let mut gaps = gaps.iter().copied().peekable();
    for (index, row) in rows.iter().enumerate() {
        let (mut at, end) = (row.seats.start as usize, row.seats.end as usize);
        while at < end {
            while gaps.next_if(|gap| *gap < at).is_some() {}
            let stop = gaps.peek().map_or(end, |gap| end.min(gap + 1));
            pieces.push((index, at, stop));
            at = stop;
        }
    }
    pieces
}

fn read_seats(input: &mut Reader<'_>, chart: &mut Chart, pieces: &[Piece], count: usize) {
    let seats = &mut chart.seats;
    seats.number = names(input, count);
    seats.category = input.runs(count, chart.categories.len(), |category| category as u8);
    seats.features = input.runs(count, 256, |features| Features(features as u8));
    for &(_, start, end) in pieces {
        // Told is only where being next to an aisle does not follow from the rows.
        for seat in [start, end - 1].into_iter().take(end - start) {
            if let Some(features) = seats.features.get_mut(seat) {
                features.0 ^= Features::AISLE.0;
            }
        }
    }
    seats.block = match input.byte() {
        1 => blocks::assign(&chart.sections, &chart.rows, count),
        _ => input.runs(count, count, |block| block),
    };
}

fn read_places(input: &mut Reader<'_>, grid: Grid, chart: &mut Chart, pieces: &[Piece], count: usize) {
    // A piece tells where it begins, from two seats on its chord, from three on its bulge.
    let told = [1, 1, 2, 2, 3, 3].map(|least| {
        let count = pieces.iter().filter(|(_, start, end)| end - start >= least).count();
        input.signeds(count)
    });
    if input.failed() {
        return;
    }
    let mut told = told.map(Vec::into_iter);
    let (mut xs, mut ys) = (vec![0.0_f32; count], vec![0.0_f32; count]);
    let mut foresight = Foresight::default();
    let mut section = 0;
    for &(row, start, end) in pieces {
        if chart.rows[row].section != section {
            section = chart.rows[row].section;
            foresight.section();
        }
        let seats = end - start;
        let (chord, bulge) = foresight.chord_and_bulge(seats);
        let mut next = |plane: usize, foreseen: Steps| {
            if seats <= plane {
                return (0, 0);
            }
            let x = told[2 * plane].next().unwrap_or_default();
            let y = told[2 * plane + 1].next().unwrap_or_default();
            add(input, foreseen, (x, y))
        };
        let chord = next(1, chord);
        let bulge = next(2, bulge);
        let first = next(0, foresight.first(row, chord));
        let arc = Arc { first, chord, bulge };
        let (x, y) = (&mut xs[start..end], &mut ys[start..end]);
        arc.places(seats, |seat, to_x, to_y| (x[seat], y[seat]) = (to_x as f32, to_y as f32));
        foresight.learn(row, seats, arc);
    }
    let strays = input.listed(count);
    let (at, x, y) = (input.numbers(strays), input.signeds(strays), input.signeds(strays));
    let mut seat = 0_usize;
    for ((at, x), y) in at.into_iter().zip(x).zip(y) {
        seat = seat.saturating_add(at as usize);
        if let (Some(to_x), Some(to_y)) = (xs.get_mut(seat), ys.get_mut(seat)) {
            // Whole numbers in range are exact, and so is their sum.
            (*to_x, *to_y) = (*to_x + x as f32, *to_y + y as f32);
        }
    }
    let (mut far, step) = (0.0_f32, grid.value(1));
    for value in xs.iter_mut().chain(&mut ys) {
        far = far.max(value.abs());
        *value *= step;
    }
    input.check(far <= MAX_STEPS as f32, "a coordinate is out of range");
    (chart.seats.x, chart.seats.y) = (xs, ys);
}

fn read_shapes(input: &mut Reader<'_>, grid: Grid, chart: &mut Chart) {
    for _ in 0..input.listed(MAX_LIST) {
        let tag = input.byte();
        let kind = match tag & 3 {
            0 => ShapeKind::Stage,
            1 => ShapeKind::Standing,
            _ => ShapeKind::Other,
        };
        let floor = input.count(chart.floors.len()).checked_sub(1).map(|floor| floor as u8);
        let text = (tag & 4 != 0).then(|| {
            let words = input.text();
            let at = (input.signed(), input.signed());
            (words, on_grid(input, grid, at))
        });
        let outline = outline(input, grid, (0, 0));
        if input.failed() {
            return;
        }
        chart.shapes.push(Shape { floor, kind, outline, text });
    }
}
