//! A seat chart: one immutable version of where the places of a venue are and what they are called.
//!
//! Seats lie in planes (a struct of arrays) in reading order: section after section, row after row, seat after seat
//! along the row. A [`SeatId`](crate::seat::SeatId) is the index into the planes and never changes within a version.

pub mod blocks;
mod build;
mod check;
pub mod document;
pub mod generate;
pub mod import;
mod label;
pub mod matching;
mod numbers;
pub mod pack;

pub use label::SeatLabel;
pub use numbers::{Numbers, SeatNumber};

use core::ops::Range;

use serde::{Deserialize, Serialize};

use crate::seat::Features;

/// A point in plan units; y grows downwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// To the right.
    pub x: f32,
    /// Downwards.
    pub y: f32,
}

/// One version of a chart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    /// What the plan calls itself.
    pub name: String,
    /// Upper left corner of everything drawn, in plan units.
    pub min: Point,
    /// Lower right corner of everything drawn.
    pub max: Point,
    /// Where the eyes go: the middle of the stage or field. Best available is nearest to it.
    pub focal: Point,
    /// Typical seat radius in plan units; a neighbour is about 2.4 radii away.
    pub seat_radius: f32,
    /// Floors, lowest first; at least one when there are seats.
    pub floors: Vec<String>,
    /// Price categories; an event gives each a tier. The index picks the zone colour.
    pub categories: Vec<String>,
    /// Sections in reading order.
    pub sections: Vec<Section>,
    /// Rows in reading order.
    pub rows: Vec<Row>,
    /// The seats' planes.
    pub seats: Seats,
    /// Stage, walls, standing areas, words: drawn beneath the seats, in order.
    pub shapes: Vec<Shape>,
}

/// A section (block) of a floor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// Its visible name, unique within the chart.
    pub name: String,
    /// Index into [`Chart::floors`].
    pub floor: u8,
    /// Its rows: a range of [`Chart::rows`].
    pub rows: Range<u32>,
    /// Outline for the overview, closed, in plan units; empty: the hull of its seats.
    pub outline: Vec<Point>,
    /// Where its name is written.
    pub label_at: Point,
}

/// A row of a section.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its visible name, unique within its section.
    pub name: String,
    /// Index into [`Chart::sections`].
    pub section: u16,
    /// Its seats: a range of seat ids, neighbours next to each other unless [`Seats::gap_after`] says otherwise.
    pub seats: Range<u32>,
    /// What the row is called in words where the plan says it, such as `Table 4`; unique within its section. Empty:
    /// `row`, and its name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// What its seats are called in words, `%s` for the number, such as `Chair %s`. Empty: `seat`, and the number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub seat_label: String,
}

/// The seats' planes; all of one length.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seats {
    /// Centres, to the right.
    pub x: Vec<f32>,
    /// Centres, downwards.
    pub y: Vec<f32>,
    /// Index into [`Chart::rows`].
    pub row: Vec<u32>,
    /// Index into [`Chart::categories`].
    pub category: Vec<u8>,
    /// What is special.
    pub features: Vec<Features>,
    /// Visible seat number, unique within its row.
    pub number: Numbers,
    /// True where an aisle or a gap separates the seat from the next one of its row: they are not neighbours.
    pub gap_after: Vec<bool>,
    /// Block of at most 200 neighbouring seats of one section: the unit of contention in the hold store.
    pub block: Vec<u32>,
}

impl Seats {
    /// How many seats.
    #[must_use]
    pub fn len(&self) -> usize {
        self.x.len()
    }

    /// No seat at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.x.is_empty()
    }
}

/// Something drawn beneath the seats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    /// Index into [`Chart::floors`]; `None`: on every floor.
    pub floor: Option<u8>,
    /// What it is, for colour and for the reader.
    pub kind: ShapeKind,
    /// Closed outline in plan units; empty for words alone.
    pub outline: Vec<Point>,
    /// Words on it, and where.
    pub text: Option<(String, Point)>,
}

/// What a shape stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShapeKind {
    /// Stage, field, screen.
    Stage,
    /// A standing area.
    Standing,
    /// A wall, a bar, a table: anything else.
    Other,
}
