//! The seat map's inner loops: an opaque pixel buffer, coverage masks, polygons and text, in safe Rust.
//!
//! A crate of its own for one reason: the browser's bundle is compiled for size, and these loops must be compiled for
//! speed (`opt-level = 3`, so that they vectorise with `simd128`). Nothing here knows what a seat is for.
//!
//! What is called from outside is never inlined there: it would be compiled for size after all.
//!
//! Three rules make a shifted picture equal to a fresh one, pixel by pixel: positions are rounded to a quarter of a
//! pixel before the whole-pixel part of the translation is added; every pixel's value depends only on what covers it
//! and in which order, never on the clip; and the buffer stays opaque.
#![warn(missing_docs)]

mod buffer;
mod colour;
mod grid;
mod lanes;
mod line;
mod mask;
mod near;
mod polygon;
mod seats;
mod shape;
mod text;
mod window;

pub use buffer::{Buffer, Rect};
pub use colour::Colour;
pub use grid::Grid;
pub use line::hairline;
pub use mask::{Mask, Masks};
pub use near::{Spots, paint_some, seats_near};
pub use polygon::{Edge, fill, fill_under, in_order, prepare};
pub use seats::{Paint, Place, Planes, paint_one, paint_seats};
pub use shape::{SHAPES, Shape};
pub use text::{TextMask, paint_text};
