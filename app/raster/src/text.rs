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

/// Mixes a rounded rectangle in, `part` of 256 at its middle: the ground of a word over seats.
pub fn paint_plate(buffer: &mut Buffer, clip: Rect, rect: Rect, corner: f32, colour: Colour, part: u32) {
    let inside = rect.and(clip).and(buffer.all());
    let half = ((rect.x1 - rect.x0) as f32 / 2.0, (rect.y1 - rect.y0) as f32 / 2.0);
    let corner = corner.min(half.0).min(half.1);
    for y in inside.y0..inside.y1 {
        let dy = (((y - rect.y0) as f32 + 0.5 - half.1).abs() - (half.1 - corner)).max(0.0);
        for x in inside.x0..inside.x1 {
            let dx = (((x - rect.x0) as f32 + 0.5 - half.0).abs() - (half.0 - corner)).max(0.0);
            let cover = (corner + 0.5 - dx.hypot(dy)).clamp(0.0, 1.0);
            buffer.mix(x, y, colour, (cover * part as f32) as u32);
        }
    }
}
