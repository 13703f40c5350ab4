//! Venues by parameters: theatre, arena, bowl. They feed the demo, the tests and the benchmarks, and look like the real
//! thing. The same parameters always give the same chart.
//!
//! Plan units: a seat has a radius of 10, its neighbour is 24 away, the next row 26 to 30; 48 units are about a metre.

mod arena;
mod bowl;
mod fan;
mod theatre;

pub use arena::{Arena, arena};
pub use bowl::{Bowl, bowl};
pub use theatre::{Theatre, theatre};

use super::{Point, Shape, ShapeKind};

/// Seat radius of all generated charts.
const RADIUS: f32 = 10.0;
/// From seat to seat along a row.
const PITCH: f64 = 24.0;

fn point(x: f64, y: f64) -> Point {
    Point { x: x as f32, y: y as f32 }
}

/// A closed rectangle around a centre.
fn rectangle(centre: (f64, f64), width: f64, height: f64) -> Vec<Point> {
    let (x, y, w, h) = (centre.0, centre.1, width / 2.0, height / 2.0);
    vec![point(x - w, y - h), point(x + w, y - h), point(x + w, y + h), point(x - w, y + h)]
}

fn shape(kind: ShapeKind, outline: Vec<Point>, text: Option<(&str, Point)>) -> Shape {
    Shape { floor: None, kind, outline, text: text.map(|(words, at)| (words.to_owned(), at)) }
}

/// Row names as theatres letter them: A to Z without I and O (they read like digits), then AA, BB.
fn letters(row: usize) -> String {
    const LETTERS: &[u8; 24] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
    let letter = char::from(LETTERS[row % LETTERS.len()]);
    core::iter::repeat_n(letter, row / LETTERS.len() + 1).collect()
}

#[cfg(test)]
mod tests;
