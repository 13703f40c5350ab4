//! Whether the parts of a chart fit together: what every chart from outside must pass before anything reads it.

use super::label::SEPARATOR;
use super::pack::{MAX_NAME, MAX_SEATS, MAX_SECTIONS};
use super::{Chart, Point, Row};

impl Chart {
    /// What does not fit together, in words; `None` for a chart that every function of this module can rely on.
    #[must_use]
    pub fn flaw(&self) -> Option<&'static str> {
        self.planes().or_else(|| self.ranges()).or_else(|| self.indices()).or_else(|| self.places())
    }

    fn planes(&self) -> Option<&'static str> {
        let seats = &self.seats;
        let lengths = [
            seats.y.len(),
            seats.row.len(),
            seats.category.len(),
            seats.features.len(),
            seats.number.len(),
            seats.gap_after.len(),
            seats.block.len(),
        ];
        if seats.len() > MAX_SEATS {
            Some("more than a million seats")
        } else if lengths.iter().any(|&length| length != seats.len()) {
            Some("the planes of the seats differ in length")
        } else {
            None
        }
    }

    /// Sections cover the rows, and rows the seats, in order and without a rest.
    fn ranges(&self) -> Option<&'static str> {
        if self.sections.len() > MAX_SECTIONS {
            return Some("too many sections");
        }
        let mut next = 0;
        for (index, section) in self.sections.iter().enumerate() {
            if section.rows.start != next || section.rows.end < next || section.rows.end as usize > self.rows.len() {
                return Some("sections do not follow one another");
            }
            next = section.rows.end;
            let rows = &self.rows[section.rows.start as usize..section.rows.end as usize];
            if rows.iter().any(|row| usize::from(row.section) != index) {
                return Some("a row is of another section");
            }
        }
        if next as usize != self.rows.len() {
            return Some("a row is of no section");
        }
        let mut next = 0;
        for (index, row) in self.rows.iter().enumerate() {
            if row.seats.start != next || row.seats.end <= next || row.seats.end as usize > self.seats.len() {
                return Some("rows do not follow one another");
            }
            next = row.seats.end;
            let seats = &self.seats.row[row.seats.start as usize..row.seats.end as usize];
            if seats.iter().any(|&row| row as usize != index) {
                return Some("a seat is of another row");
            }
        }
        (next as usize != self.seats.len()).then_some("a seat is of no row")
    }

    fn indices(&self) -> Option<&'static str> {
        let floors = self.floors.len();
        if self.sections.iter().any(|section| usize::from(section.floor) >= floors)
            || self.shapes.iter().filter_map(|shape| shape.floor).any(|floor| usize::from(floor) >= floors)
        {
            return Some("no such floor");
        }
        if floors > 256 || self.categories.len() > 256 {
            return Some("too many floors or categories");
        }
        let highest = self.seats.category.iter().max();
        if highest.is_some_and(|&category| usize::from(category) >= self.categories.len()) {
            return Some("no such category");
        }
        // Blocks are numbered from 0 without holes; a chart has no more of them than seats.
        let highest = self.seats.block.iter().max();
        if highest.is_some_and(|&block| block as usize >= self.seats.len()) {
            return Some("no such block");
        }
        let names = self.floors.iter().chain(&self.categories).chain([&self.name]);
        let names = names.chain(self.sections.iter().map(|section| &section.name));
        let words = |row: &Row| row.name.len() + row.label.len() + row.seat_label.len() + 2;
        if self.rows.iter().any(|row| words(row) > MAX_NAME) {
            return Some("a row's name is too long");
        }
        if self
            .rows
            .iter()
            .any(|row| [&row.name, &row.label, &row.seat_label].iter().any(|name| name.contains(SEPARATOR)))
        {
            return Some("a row's name has a control character");
        }
        let names = names.chain(self.shapes.iter().filter_map(|shape| shape.text.as_ref().map(|(words, _)| words)));
        let long = names.map(String::len).max().is_some_and(|length| length > MAX_NAME);
        (long || self.seats.number.longest() > MAX_NAME).then_some("a name is too long")
    }

    fn places(&self) -> Option<&'static str> {
        let sane = |point: &Point| point.x.is_finite() && point.y.is_finite();
        let corners = [self.min, self.max, self.focal];
        let outlines = self.sections.iter().flat_map(|section| section.outline.iter().chain([&section.label_at]));
        let shapes =
            self.shapes.iter().flat_map(|shape| shape.outline.iter().chain(shape.text.iter().map(|(_, at)| at)));
        let fine = self.seat_radius.is_finite()
            && self.seat_radius >= 0.0
            && corners.iter().chain(outlines).chain(shapes).all(sane)
            && self.seats.x.iter().chain(&self.seats.y).all(|value| value.is_finite());
        (!fine).then_some("a coordinate is no number")
    }
}
