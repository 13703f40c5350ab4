//! The opaque pixel buffer: fills, blends, and panning by moving memory.

use crate::colour::Colour;
use crate::lanes::{Lanes, four, lanes, paint_over};
use crate::mask::TINY_ROWS;

/// Whole pixels from (`x0`, `y0`) up to but without (`x1`, `y1`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rect {
    /// Left.
    pub x0: i32,
    /// Top.
    pub y0: i32,
    /// Right, exclusive.
    pub x1: i32,
    /// Bottom, exclusive.
    pub y1: i32,
}

impl Rect {
    /// Of its corners.
    #[must_use]
    pub fn new(x0: i32, y0: i32, x1: i32, y1: i32) -> Self {
        Self { x0, y0, x1, y1 }
    }

    /// No pixel at all.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.x0 >= self.x1 || self.y0 >= self.y1
    }

    /// The pixels in both.
    #[must_use]
    pub fn and(self, o: Self) -> Self {
        Self::new(self.x0.max(o.x0), self.y0.max(o.y0), self.x1.min(o.x1), self.y1.min(o.y1))
    }

    /// The smallest rectangle around both; an empty one does not count.
    #[must_use]
    pub fn around(self, o: Self) -> Self {
        if self.is_empty() {
            return o;
        }
        if o.is_empty() {
            return self;
        }
        Self::new(self.x0.min(o.x0), self.y0.min(o.y0), self.x1.max(o.x1), self.y1.max(o.y1))
    }

    /// The same pixels farther to the right and down.
    #[must_use]
    pub fn moved(self, (dx, dy): (i32, i32)) -> Self {
        let add = i32::saturating_add;
        Self::new(add(self.x0, dx), add(self.y0, dy), add(self.x1, dx), add(self.y1, dy))
    }

    /// With so many more pixels on every side; an empty one stays empty.
    #[must_use]
    pub fn grown(self, by: i32) -> Self {
        if self.is_empty() { self } else { Self::new(self.x0 - by, self.y0 - by, self.x1 + by, self.y1 + by) }
    }

    /// How many pixels.
    #[must_use]
    pub fn area(self) -> i64 {
        if self.is_empty() { 0 } else { i64::from(self.x1 - self.x0) * i64::from(self.y1 - self.y0) }
    }
}

/// Opaque pixels, row after row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Buffer {
    width: usize,
    height: usize,
    pixels: Vec<u32>,
}

impl Buffer {
    /// A buffer of one colour.
    #[must_use]
    pub fn new(width: usize, height: usize, colour: Colour) -> Self {
        Self { width, height, pixels: vec![colour.word(); width * height] }
    }

    /// Pixels across.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Pixels down.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// Every pixel.
    #[must_use]
    pub fn all(&self) -> Rect {
        Rect::new(0, 0, self.width as i32, self.height as i32)
    }

    /// The bytes as `ImageData` takes them: red, green, blue, 255.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        bytemuck::cast_slice(&self.pixels)
    }

    /// One pixel's colour.
    #[must_use]
    pub fn at(&self, x: usize, y: usize) -> Colour {
        Colour(self.pixels[y * self.width + x].to_ne_bytes())
    }

    /// One run of pixels: row `y`, from `x0` up to but without `x1`, all inside.
    pub(crate) fn run(&mut self, y: i32, x0: i32, x1: i32) -> &mut [u32] {
        let row = y as usize * self.width;
        &mut self.pixels[row + x0 as usize..row + x1 as usize]
    }

    /// Mixes a colour into a run of pixels inside, by a coverage for each: a whole number of lanes.
    #[inline]
    pub(crate) fn blend(&mut self, at: usize, coverage: &[Lanes], colour: Lanes) {
        let run = self.pixels.get_mut(at..at + coverage.len() * 4).unwrap_or_default();
        for (run, part) in run.as_chunks_mut::<4>().0.iter_mut().zip(coverage) {
            *run = four(*run, colour, part);
        }
    }

    /// The same for one group of four in each row, from a pixel on downwards: the smallest masks are the many.
    #[inline]
    pub(crate) fn blend_column(&mut self, x: i32, y: i32, coverage: &[Lanes], colour: Colour) {
        let (width, colour) = (self.width, lanes(colour.word()));
        let mut at = y as usize * width + x as usize;
        for part in coverage {
            if let Some(run) = self.pixels.get_mut(at..).and_then(|p| p.first_chunk_mut::<4>()) {
                *run = four(*run, colour, part);
            }
            at += width;
        }
    }

    /// The same for the first rows of some, from a pixel by its index: as many each time, so that nothing has to be guessed.
    #[inline(always)]
    pub(crate) fn blend_rows<const ROWS: usize>(&mut self, at: usize, rows: &[Lanes; TINY_ROWS], colour: Colour) {
        let (width, colour) = (self.width, lanes(colour.word()));
        let Some(mut rest) = self.pixels.get_mut(at..) else { return };
        for part in rows.iter().take(ROWS) {
            if let Some(run) = rest.first_chunk_mut::<4>() {
                *run = four(*run, colour, part);
            }
            let Some(below) = rest.get_mut(width..) else { return };
            rest = below;
        }
    }

    /// The same for two groups of four in each row, from a pixel on downwards.
    #[inline]
    pub(crate) fn blend_pairs(&mut self, x: i32, y: i32, coverage: &[[Lanes; 2]], colour: Colour) {
        let (width, colour) = (self.width, lanes(colour.word()));
        let mut at = y as usize * width + x as usize;
        for [left, right] in coverage {
            if let Some(run) = self.pixels.get_mut(at..).and_then(|p| p.first_chunk_mut::<8>()) {
                let [a, b, c, d, e, f, g, h] = *run;
                let ([a, b, c, d], [e, f, g, h]) =
                    (four([a, b, c, d], colour, left), four([e, f, g, h], colour, right));
                *run = [a, b, c, d, e, f, g, h];
            }
            at += width;
        }
    }

    /// Paints `pixels` of a row over from an index on.
    #[inline]
    pub(crate) fn paint_over(&mut self, at: usize, pixels: usize, word: u32) {
        paint_over(self.pixels.get_mut(at..at + pixels).unwrap_or_default(), word);
    }

    /// Paints a run of a row over: all inside.
    #[inline(never)]
    pub(crate) fn run_fill(&mut self, y: i32, x0: i32, x1: i32, word: u32) {
        paint_over(self.run(y, x0, x1), word);
    }

    /// Mixes `part` of 256 of a colour into one pixel inside.
    pub(crate) fn mix(&mut self, x: i32, y: i32, colour: Colour, part: u32) {
        self.mix_at(y as usize * self.width + x as usize, colour, part);
    }

    /// The same for a pixel by its index.
    #[inline(always)]
    pub(crate) fn mix_at(&mut self, at: usize, colour: Colour, part: u32) {
        if let Some(at) = self.pixels.get_mut(at) {
            *at = mixed(*at, colour.word(), part);
        }
    }

    /// Fills a rectangle.
    pub fn clear(&mut self, rect: Rect, colour: Colour) {
        let r = rect.and(self.all());
        if r.is_empty() {
            return;
        }
        // The first row by itself, the others from it: memory is moved faster than it is written word by word.
        self.run_fill(r.y0, r.x0, r.x1, colour.word());
        let (first, across) = (r.y0 as usize * self.width + r.x0 as usize, (r.x1 - r.x0) as usize);
        for y in 1..(r.y1 - r.y0) as usize {
            self.pixels.copy_within(first..first + across, first + y * self.width);
        }
    }

    /// Takes a part of another buffer over, its upper left corner at (`x`, `y`). All of it must lie inside both.
    pub fn take(&mut self, from: &Self, part: Rect, (x, y): (i32, i32)) {
        let across = (part.x1 - part.x0).max(0) as usize;
        for (i, row) in (part.y0..part.y1).enumerate() {
            let (a, b) = (row as usize * from.width + part.x0 as usize, (y as usize + i) * self.width + x as usize);
            copy_run(&mut self.pixels[b..b + across], &from.pixels[a..a + across]);
        }
    }

    /// Reads one pixel of each row of a rectangle inside.
    #[inline(always)]
    pub(crate) fn see(&self, rect: Rect) -> u32 {
        let rows = (rect.y0..rect.y1).map(|y| self.pixels.get(y as usize * self.width + rect.x0 as usize));
        rows.flatten().fold(0, |seen, pixel| seen ^ pixel)
    }

    /// Moves the picture by whole pixels. What came in from outside is undefined until drawn: at most two strips, which
    /// are returned (empty where there is none). `None`: nothing of the old picture is left, draw it all.
    pub fn shift(&mut self, dx: i32, dy: i32) -> Option<[Rect; 2]> {
        let (w, h) = (self.width as i32, self.height as i32);
        if dx.abs() >= w || dy.abs() >= h {
            return None;
        }
        let offset = dy as isize * self.width as isize + dx as isize;
        let len = self.pixels.len();
        if offset > 0 {
            self.pixels.copy_within(..len - offset as usize, offset as usize);
        } else {
            self.pixels.copy_within(offset.unsigned_abs().., 0);
        }
        let across = if dy > 0 { Rect::new(0, 0, w, dy) } else { Rect::new(0, h + dy, w, h) };
        let (top, bottom) = (dy.max(0), h + dy.min(0));
        let down = if dx > 0 { Rect::new(0, top, dx, bottom) } else { Rect::new(w + dx, top, w, bottom) };
        Some([across, down])
    }
}

/// Copies a run of pixels to one of its length. The few pixels of a single seat are moved one by one: a call that moves
/// memory costs more than they do, and of a loop the compiler would make that call.
#[inline(always)]
fn copy_run(to: &mut [u32], from: &[u32]) {
    if to.len() >= 8 || to.len() != from.len() {
        to.copy_from_slice(from);
        return;
    }
    let (to, from) = copy_first::<4>(to, from);
    let (to, from) = copy_first::<2>(to, from);
    copy_first::<1>(to, from);
}

/// Copies the first `N` pixels, where there are so many; gives the rest.
#[inline(always)]
fn copy_first<'a, const N: usize>(to: &'a mut [u32], from: &'a [u32]) -> (&'a mut [u32], &'a [u32]) {
    match from.split_first_chunk::<N>() {
        Some((first, left)) if to.len() >= N => {
            let (into, rest) = to.split_at_mut(N);
            if let Ok(into) = <&mut [u32; N]>::try_from(into) {
                *into = *first;
            }
            (rest, left)
        }
        _ => (to, from),
    }
}

/// Two of a pixel's four channels, each with room above it.
const EVEN: u32 = 0x00FF_00FF;
/// One half in each of the two channels, for rounding.
const HALF: u32 = 0x0080_0080;

/// A pixel with `part` of 256 of another mixed in, two channels at a time: `old * 256 + (new - old) * part` wraps on the
/// way, but its true value fits. The same to the last bit as [`Colour::mix`].
#[inline]
fn mixed(old: u32, new: u32, part: u32) -> u32 {
    let two = |old: u32, new: u32| (old << 8).wrapping_add(new.wrapping_sub(old).wrapping_mul(part)).wrapping_add(HALF);
    let even = two(old & EVEN, new & EVEN) >> 8 & EVEN;
    let odd = two(old >> 8 & EVEN, new >> 8 & EVEN) & !EVEN;
    even | odd
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blending_nothing_changes_nothing_and_blending_all_gives_the_colour() {
        let colour = Colour::rgb(9, 8, 7);
        let mut buffer = Buffer::new(8, 8, Colour::hex(0));
        for (i, p) in (0..64).zip(&mut buffer.pixels) {
            *p = Colour::rgb(i, i * 3, 255 - i).word();
        }
        let before = buffer.clone();
        buffer.blend(0, &[[0; 8]; 16], lanes(colour.word()));
        assert_eq!(buffer, before);
        buffer.blend(0, &[[256; 8]; 16], lanes(colour.word()));
        assert!(buffer.pixels.iter().all(|p| *p == colour.word()));
    }

    #[test]
    fn blending_two_channels_at_once_equals_mixing_each() {
        for part in 0..=256 {
            for (old, new) in [(0, 255), (255, 0), (17, 200), (200, 17), (128, 127), (255, 255)] {
                let (a, b) = (Colour::rgb(old, new, old), Colour::rgb(new, old, 77));
                assert_eq!(mixed(a.word(), b.word(), part), a.mix(b, part).word());
                let parts = [part, 256 - part, part / 2, 0];
                let each = parts.map(|p| a.mix(b, p).word());
                let pairs: Lanes = bytemuck::cast(parts.map(|p| p * 0x0001_0001));
                assert_eq!(four([a.word(); 4], lanes(b.word()), &pairs), each);
            }
        }
    }

    #[test]
    fn a_shift_keeps_what_stays_in_view() {
        for (dx, dy) in [(3, 0), (-3, 0), (0, 2), (0, -2), (2, 3), (-2, -3), (4, -1), (0, 0)] {
            let mut b = Buffer::new(13, 9, Colour::hex(0));
            for (i, p) in b.pixels.iter_mut().enumerate() {
                *p = i as u32;
            }
            let old = b.clone();
            let strips = b.shift(dx, dy).expect("small shift");
            for y in 0..9_i32 {
                for x in 0..13_i32 {
                    let (ox, oy) = (x - dx, y - dy);
                    let kept = (0..13).contains(&ox) && (0..9).contains(&oy);
                    let drawn_anew = strips.iter().any(|r| (r.x0..r.x1).contains(&x) && (r.y0..r.y1).contains(&y));
                    assert_eq!(kept, !drawn_anew, "({x}, {y}) by ({dx}, {dy})");
                    if kept {
                        assert_eq!(b.at(x as usize, y as usize), old.at(ox as usize, oy as usize));
                    }
                }
            }
        }
    }
}
