//! Puts a chart together section after section, and derives what follows from the seats: extent, aisles, blocks.

use super::numbers::SeatNumber;
use super::pack::Grid;
use super::pack::arc::settle;
use super::{Chart, Point, Row, Section, Shape, blocks};
use crate::seat::Features;

/// One seat on its way into a chart.
#[derive(Clone, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) at: Point,
    pub(crate) category: u8,
    pub(crate) features: Features,
    pub(crate) number: SeatNumber<'a>,
    pub(crate) gap_after: bool,
}

/// A chart under construction.
pub(crate) struct Builder {
    chart: Chart,
}

impl Builder {
    pub(crate) fn new(name: &str, seat_radius: f32) -> Self {
        Self { chart: Chart { name: name.to_owned(), seat_radius, ..Chart::default() } }
    }

    pub(crate) fn floors<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.chart.floors = names.into_iter().map(Into::into).collect();
        self
    }

    pub(crate) fn categories<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.chart.categories = names.into_iter().map(Into::into).collect();
        self
    }

    pub(crate) fn shape(&mut self, shape: Shape) {
        self.chart.shapes.push(shape);
    }

    pub(crate) fn section(&mut self, name: String, floor: u8, outline: Vec<Point>, label_at: Point) {
        let at = self.chart.rows.len() as u32;
        self.chart.sections.push(Section { name, floor, rows: at..at, outline, label_at });
    }

    /// Adds a row to the last section; a row without seats is left out.
    pub(crate) fn row<'a>(&mut self, name: String, places: impl IntoIterator<Item = Place<'a>>) {
        self.named_row(Row { name, ..Row::default() }, places);
    }

    /// Adds a row with its words; where it is follows from what was added before.
    pub(crate) fn named_row<'a>(&mut self, words: Row, places: impl IntoIterator<Item = Place<'a>>) {
        let row = self.chart.rows.len() as u32;
        let seats = &mut self.chart.seats;
        let first = seats.len() as u32;
        for place in places {
            seats.x.push(place.at.x);
            seats.y.push(place.at.y);
            seats.row.push(row);
            seats.category.push(place.category);
            seats.features.push(place.features);
            seats.number.push(place.number);
            seats.gap_after.push(place.gap_after);
        }
        let end = seats.len() as u32;
        let Some(section) = self.chart.sections.last_mut().filter(|_| end > first) else { return };
        section.rows.end = row + 1;
        let section = (self.chart.sections.len() - 1) as u16;
        self.chart.rows.push(Row { section, seats: first..end, ..words });
    }

    /// How many seats so far.
    pub(crate) fn seats(&self) -> usize {
        self.chart.seats.len()
    }

    /// Derives extent, aisle seats and blocks, and puts every coordinate on the grid it is shipped on.
    pub(crate) fn finish(self, focal: Point) -> Chart {
        let mut chart = self.chart;
        chart.focal = focal;
        let aisles = aisles(&chart.rows, &chart.seats.gap_after);
        chart.seats.features.iter_mut().zip(aisles).for_each(|(features, aisle)| *features = features.with(aisle));
        chart.seats.block = blocks::assign(&chart.sections, &chart.rows, chart.seats.len());
        (chart.min, chart.max) = extent(&chart);
        let grid = Grid::of(chart.seat_radius);
        settle(grid, &chart.rows, &mut chart.seats);
        let outlines =
            chart.sections.iter_mut().flat_map(|section| section.outline.iter_mut().chain([&mut section.label_at]));
        let shapes = chart.shapes.iter_mut();
        let shapes = shapes.flat_map(|shape| shape.outline.iter_mut().chain(shape.text.iter_mut().map(|(_, at)| at)));
        for at in outlines.chain(shapes).chain([&mut chart.min, &mut chart.max, &mut chart.focal]) {
            *at = Point { x: grid.snap(at.x), y: grid.snap(at.y) };
        }
        chart
    }
}

/// Which seats are next to an aisle: those at either end of a row, or beside a gap in it.
pub(crate) fn aisles(rows: &[Row], gap_after: &[bool]) -> Vec<Features> {
    let mut aisles = vec![Features::default(); gap_after.len()];
    for row in rows {
        let mut before = true;
        for seat in row.seats.start as usize..row.seats.end as usize {
            let after = gap_after[seat] || seat + 1 == row.seats.end as usize;
            if before || after {
                aisles[seat] = Features::AISLE;
            }
            before = after;
        }
    }
    aisles
}

/// The box around all that is drawn, with a margin of two seat radii.
fn extent(chart: &Chart) -> (Point, Point) {
    let mut min = Point { x: f32::INFINITY, y: f32::INFINITY };
    let mut max = Point { x: f32::NEG_INFINITY, y: f32::NEG_INFINITY };
    let seats = chart.seats.x.iter().zip(&chart.seats.y).map(|(&x, &y)| Point { x, y });
    let outlines = chart.sections.iter().flat_map(|section| section.outline.iter().copied());
    let shapes =
        chart.shapes.iter().flat_map(|shape| shape.outline.iter().copied().chain(shape.text.iter().map(|(_, at)| *at)));
    for point in seats.chain(outlines).chain(shapes) {
        min = Point { x: min.x.min(point.x), y: min.y.min(point.y) };
        max = Point { x: max.x.max(point.x), y: max.y.max(point.y) };
    }
    if min.x > max.x {
        return (Point::default(), Point::default());
    }
    let margin = 2.0 * chart.seat_radius;
    (Point { x: min.x - margin, y: min.y - margin }, Point { x: max.x + margin, y: max.y + margin })
}
