//! Words: coverage made once by whoever can draw letters, then mixed in like any other shape.

use crate::buffer::{Buffer, Rect};
use crate::colour::Colour;

/// The coverage of a word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextMask {
    /// Pixels across.
    pub width: i32,
    /// Pixels down.
    pub height: i32,
    /// 0 to 255, row after row.
    pub coverage: Vec<u8>,
}

impl TextMask {
    /// Of a picture's bytes (red, green, blue, alpha): its alpha, cut to the rows and columns that hold something
    /// across, so that the middle of the mask is the middle of the word.
    #[must_use]
    pub fn from_alpha(width: i32, height: i32, rgba: &[u8]) -> Self {
        let alpha = |x: i32, y: i32| rgba.get(((y * width + x) * 4 + 3) as usize).copied().unwrap_or(0);
        let used = |x: &i32| (0..height).any(|y| alpha(*x, y) > 0);
        let from = (0..width).find(used).unwrap_or(0);
        let to = (from..width).rev().find(used).map_or(from, |x| x + 1);
        let coverage = (0..height).flat_map(|y| (from..to).map(move |x| alpha(x, y))).collect();
        Self { width: to - from, height, coverage }
    }
}

/// Mixes a word in with its middle at a whole pixel.
pub fn paint_text(buffer: &mut Buffer, clip: Rect, middle: (i32, i32), text: &TextMask, colour: Colour) {
    let (x, y) = (middle.0 - text.width / 2, middle.1 - text.height / 2);
    let inside = Rect::new(x, y, x + text.width, y + text.height).and(clip).and(buffer.all());
    for at_y in inside.y0..inside.y1 {
        for at_x in inside.x0..inside.x1 {
            let c = u32::from(text.coverage[((at_y - y) * text.width + at_x - x) as usize]);
            if c > 0 {
                buffer.mix(at_x, at_y, colour, c + (c >> 7));
            }
        }
    }
}
