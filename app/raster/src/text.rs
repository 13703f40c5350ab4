//! Words: coverage made once by whoever can draw letters, then mixed in like any other shape.

use crate::buffer::{Buffer, Rect};
use crate::colour::Colour;
use crate::mask::Mask;
use crate::seats::stamp;

/// The coverage of a word, and of a soft edge around it that parts it from what lies beneath.
#[derive(Clone, Debug, Default)]
pub struct TextMask {
    /// Pixels across.
    pub width: i32,
    /// Pixels down.
    pub height: i32,
    word: Mask,
    edge: Option<Mask>,
}

impl TextMask {
    /// Of coverage, 0 to 255, row after row; `edge` pixels of soft edge around it.
    #[must_use]
    pub fn new(width: i32, height: i32, coverage: &[u8], edge: i32) -> Self {
        let word = Mask::centred(width, height, coverage);
        let edge = (edge > 0).then(|| {
            let (w, h) = (width + 2 * edge, height + 2 * edge);
            let at = |x: i32, y: i32| {
                let inside = (0..width).contains(&x) && (0..height).contains(&y);
                if inside { coverage.get((y * width + x) as usize).copied().unwrap_or(0) } else { 0 }
            };
            let grown: Vec<u8> = (0..w * h).map(|i| at(i % w - edge, i / w - edge)).collect();
            // Widened by most of the edge, then softened by the rest: both one axis after the other.
            let wide = (edge * 2 / 3).max(1);
            let soft = (edge - wide).max(1);
            let grown = along(&grown, w, h, wide, |run| run.iter().copied().max().unwrap_or(0));
            let mean = |run: &[u8]| (run.iter().map(|c| u32::from(*c)).sum::<u32>() / run.len().max(1) as u32) as u8;
            Mask::centred(w, h, &along(&grown, w, h, soft, mean))
        });
        Self { width, height, word, edge }
    }

    /// What it may touch, from the pixel of its middle.
    #[must_use]
    pub fn reach(&self) -> Rect {
        self.edge.iter().fold(self.word.reach(), |all, edge| all.around(edge.reach()))
    }

    /// Of a picture's bytes (red, green, blue, alpha): its alpha, cut to the columns that hold something, so that the
    /// middle of the mask is the middle of the word.
    #[must_use]
    pub fn from_alpha(width: i32, height: i32, rgba: &[u8], edge: i32) -> Self {
        let alpha = |x: i32, y: i32| rgba.get(((y * width + x) * 4 + 3) as usize).copied().unwrap_or(0);
        let used = |x: &i32| (0..height).any(|y| alpha(*x, y) > 0);
        let from = (0..width).find(used).unwrap_or(0);
        let to = (from..width).rev().find(used).map_or(from, |x| x + 1);
        let coverage: Vec<u8> = (0..height).flat_map(|y| (from..to).map(move |x| alpha(x, y))).collect();
        Self::new(to - from, height, &coverage, edge)
    }
}

/// A filter over `2 * reach + 1` neighbours, along the rows and then along the columns.
fn along(picture: &[u8], w: i32, h: i32, reach: i32, filter: impl Fn(&[u8]) -> u8) -> Vec<u8> {
    let pass = |from: &[u8], w: i32, h: i32| {
        // Turned by a quarter on the way, so that the same pass serves both axes.
        let mut out = vec![0; from.len()];
        for (y, row) in from.chunks_exact(w.max(1) as usize).enumerate() {
            for x in 0..w {
                let run = &row[(x - reach).max(0) as usize..(x + reach + 1).min(w) as usize];
                out[(x * h) as usize + y] = filter(run);
            }
        }
        out
    };
    pass(&pass(picture, w, h), h, w)
}

/// Mixes a word in with its middle at a whole pixel; `under`: the colour of its soft edge.
#[inline(never)]
pub fn paint_text(
    buffer: &mut Buffer,
    clip: Rect,
    middle: (i32, i32),
    text: &TextMask,
    colour: Colour,
    under: Option<Colour>,
) {
    let clip = clip.and(buffer.all());
    if let (Some(edge), Some(under)) = (&text.edge, under) {
        stamp(buffer, clip, middle.0, middle.1, edge, under);
    }
    stamp(buffer, clip, middle.0, middle.1, &text.word, colour);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_its_middle_at_the_middle_and_its_edge_around_it() {
        let text = TextMask::new(5, 3, &[255; 15], 3);
        let (white, black, red) = (Colour::hex(0x00FF_FFFF), Colour::hex(0), Colour::hex(0x00FF_0000));
        let mut buffer = Buffer::new(41, 41, white);
        let all = buffer.all();
        paint_text(&mut buffer, all, (20, 20), &text, black, Some(red));
        assert_eq!([buffer.at(18, 19), buffer.at(22, 21)], [black; 2]);
        assert_eq!(buffer.at(17, 20), red);
        assert_eq!([buffer.at(20, 14), buffer.at(12, 20)], [white; 2]);
    }

    #[test]
    fn a_word_without_ink_leaves_the_picture_as_it_is() {
        let white = Colour::hex(0x00FF_FFFF);
        let mut buffer = Buffer::new(20, 20, white);
        let (all, before) = (buffer.all(), buffer.clone());
        for text in
            [TextMask::default(), TextMask::from_alpha(6, 4, &[0; 96], 0), TextMask::from_alpha(6, 4, &[0; 96], 2)]
        {
            paint_text(&mut buffer, all, (10, 10), &text, Colour::hex(0), Some(Colour::hex(0x00FF_0000)));
        }
        assert_eq!(buffer, before);
    }
}
