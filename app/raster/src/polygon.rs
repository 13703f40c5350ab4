//! Anti-aliased polygons: the exact area that each edge cuts off a pixel, solid runs filled at once.

use crate::buffer::{Buffer, Rect};
use crate::colour::Colour;
use crate::seats::Place;

/// One edge of a polygon in plan units, upper end first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// Upper end.
    pub from: (f32, f32),
    /// Lower end.
    pub to: (f32, f32),
    /// Whether the outline runs upwards along it.
    pub up: bool,
}

/// The edges of a closed outline, sorted by their upper ends: what [`fill`] takes. Level edges are left out, and so
/// are points that are no numbers.
#[must_use]
pub fn prepare(outline: &[(f32, f32)]) -> Vec<Edge> {
    let next = outline.iter().cycle().skip(1);
    let edges: Vec<Edge> = outline
        .iter()
        .zip(next)
        .filter(|(a, b)| a.1 != b.1 && [a.0, a.1, b.0, b.1].iter().all(|v| v.is_finite()))
        .map(|(a, b)| {
            let up = a.1 > b.1;
            let (from, to) = if up { (*b, *a) } else { (*a, *b) };
            Edge { from, to, up }
        })
        .collect();
    // Sorted as whole numbers, for every kind of sorting costs the bundle bytes.
    let mut order: Vec<u64> = edges.iter().zip(0..).map(|(e, i)| u64::from(in_order(e.from.1)) << 32 | i).collect();
    order.sort_unstable();
    order.into_iter().map(|i| edges[(i & 0xFFFF_FFFF) as usize]).collect()
}

/// A whole number that is ordered as the given one is.
#[must_use]
pub fn in_order(x: f32) -> u32 {
    let bits = x.to_bits();
    if bits >> 31 == 0 { bits | 1 << 31 } else { !bits }
}

/// An edge on its way down the picture, in 256ths of a pixel.
#[derive(Clone, Copy)]
struct Live {
    x: i32,
    y: i32,
    end: i32,
    slope: f32,
    turn: i32,
    /// Where it is at the upper border of the row that comes next.
    now: i32,
}

impl Live {
    /// Where it is at a height: from its own end alone, so that no clip changes it.
    fn at(&self, y: i32) -> i32 {
        self.x.saturating_add((y.saturating_sub(self.y) as f32 * self.slope) as i32)
    }
}

/// The edges that touch the clip, and the part of it that they enclose at most.
fn touching(clip: Rect, place: &Place, edges: &[Edge]) -> (Rect, Vec<Live>) {
    let mut clip = clip;
    let (mut left, mut right, mut lowest) = (i32::MAX, i32::MIN, i32::MIN);
    let mut live = Vec::with_capacity(edges.len());
    for e in edges {
        let ((x, y), (to, end)) = (place.fine(e.from.0, e.from.1), place.fine(e.to.0, e.to.1));
        (left, right, lowest) = (left.min(x).min(to), right.max(x).max(to), lowest.max(end));
        if y < end && end > clip.y0 * 256 && y < clip.y1 * 256 {
            let slope = to.saturating_sub(x) as f32 / end.saturating_sub(y) as f32;
            live.push(Live { x, y, end, slope, turn: if e.up { -1 } else { 1 }, now: 0 });
        }
    }
    clip.x0 = clip.x0.max(left >> 8);
    clip.x1 = clip.x1.min((right >> 8).saturating_add(1));
    clip.y0 = clip.y0.max(live.first().map_or(clip.y1, |e| e.y >> 8));
    clip.y1 = clip.y1.min((lowest >> 8).saturating_add(1));
    (clip, live)
}

/// Fills a polygon by the even-odd rule inside the clip.
#[inline(never)]
pub fn fill(buffer: &mut Buffer, clip: Rect, place: &Place, edges: &[Edge], colour: Colour) {
    let (clip, waiting) = touching(clip.and(buffer.all()), place, edges);
    if clip.is_empty() {
        return;
    }
    let mut waiting = waiting.into_iter().peekable();
    let mut live: Vec<Live> = Vec::with_capacity(8);
    let mut row = Row::new(clip);
    for y in clip.y0..clip.y1 {
        let (top, bottom) = (y * 256, y * 256 + 256);
        while let Some(mut edge) = waiting.next_if(|e| e.y < bottom) {
            edge.now = edge.at(edge.y.max(top));
            live.push(edge);
        }
        for edge in &mut live {
            let (from, to) = (edge.y.max(top), edge.end.min(bottom));
            let next = edge.at(to);
            row.edge(edge.now, next, (to - from) * edge.turn);
            edge.now = next;
        }
        row.paint(buffer, y, colour);
        live.retain(|e| e.end > bottom);
    }
}

/// Fills the pixels whose middles lie in a polygon: for one whose outline is drawn over it, which hides the steps and
/// costs a fraction of the time.
#[inline(never)]
pub fn fill_under(buffer: &mut Buffer, clip: Rect, place: &Place, edges: &[Edge], colour: Colour) {
    let (clip, waiting) = touching(clip.and(buffer.all()), place, edges);
    if clip.is_empty() {
        return;
    }
    let (mut next, mut y) = (0, clip.y0);
    let mut sides: Vec<Side> = Vec::with_capacity(8);
    let mut crossings: Vec<i32> = Vec::with_capacity(8);
    while y < clip.y1 {
        while let Some(edge) = waiting.get(next).filter(|e| row_after(e.y) <= y) {
            sides.push(Side::of(edge, y));
            next += 1;
        }
        sides.retain(|side| side.end > y);
        // Until then no edge begins and none ends.
        let begins = waiting.get(next).map_or(clip.y1, |e| row_after(e.y));
        let until = sides.iter().fold(begins.min(clip.y1), |until, side| until.min(side.end));
        let mut span = |y: i32, from: i32, to: i32| {
            let (from, to) = (clip.x0.max(from), clip.x1.min(to));
            if from < to {
                buffer.run_fill(y, from, to, colour.word());
            }
        };
        if let [a, b] = sides.as_mut_slice() {
            for y in y..until {
                let (a, b) = (a.next(), b.next());
                span(y, a.min(b), a.max(b));
            }
        } else {
            for y in y..until {
                crossings.clear();
                for side in &mut sides {
                    let x = side.next();
                    let at = crossings.iter().position(|c| *c > x).unwrap_or(crossings.len());
                    crossings.insert(at, x);
                }
                for [from, to] in crossings.as_chunks::<2>().0 {
                    span(y, *from, *to);
                }
            }
        }
        y = until;
    }
}

/// The first row whose middle is not above a height of 256ths.
fn row_after(y: i32) -> i32 {
    y.saturating_add(127) >> 8
}

/// An edge on its way down the middles of rows, in whole numbers: it is at the same place wherever the clip begins.
struct Side {
    /// In 2^32nds of a pixel, half a pixel farther.
    x: i64,
    /// From a row to the next.
    step: i64,
    /// The first row that it does not cross.
    end: i32,
}

impl Side {
    fn of(edge: &Live, row: i32) -> Self {
        let step = (edge.slope * 16_777_216.0) as i64;
        let down = i64::from(row) * 256 + 128 - i64::from(edge.y);
        let x = ((i64::from(edge.x) + 127) << 24).wrapping_add(down.wrapping_mul(step));
        Self { x, step: step.wrapping_mul(256), end: row_after(edge.end) }
    }

    /// The first pixel whose middle lies to the right of it, in one row after the other.
    #[inline(always)]
    fn next(&mut self) -> i32 {
        let x = (self.x >> 32) as i32;
        self.x = self.x.wrapping_add(self.step);
        x
    }
}

/// Twice the square of a pixel's 256 parts: a pixel covered whole.
const FULL: i32 = 1 << 17;

/// Coverage of one pixel row while its edges are gathered.
struct Row {
    clip: Rect,
    /// Coverage where the row begins.
    before: i32,
    /// Change of coverage from a pixel to the next.
    change: Vec<i32>,
    /// Where coverage changes, from pixel to pixel (exclusive).
    parts: Vec<(i32, i32)>,
}

impl Row {
    fn new(clip: Rect) -> Self {
        let width = (clip.x1 - clip.x0) as usize;
        Self { clip, before: 0, change: vec![0; width + 2], parts: Vec::with_capacity(8) }
    }

    /// Adds an edge between two places (256ths of a pixel) that goes down by `down` 256ths, upwards below zero: what
    /// lies to the right of it is covered that much more.
    fn edge(&mut self, a: i32, b: i32, down: i32) {
        let origin = self.clip.x0 * 256;
        let (from, to) = (a.min(b).saturating_sub(origin), a.max(b).saturating_sub(origin));
        let width = self.clip.x1 - self.clip.x0;
        if from >= width * 256 {
            return;
        }
        if to < 0 {
            self.before += down * 512;
            return;
        }
        let (first, last) = (from >> 8, (to >> 8).min(width));
        let mut add = |pixel: i32, left: i32, right: i32, down: i32| {
            let aside = left + right - pixel * 512;
            self.change[pixel as usize] += (512 - aside) * down;
            self.change[pixel as usize + 1] += aside * down;
        };
        if first == last {
            add(first, from, to, down);
        } else {
            // How far down it is at a pixel's border, rounded there: the same wherever the clip begins.
            let upto = |x: i32| {
                if x >= to {
                    down
                } else {
                    (i64::from(down) * (i64::from(x) - i64::from(from)) / (i64::from(to) - i64::from(from))) as i32
                }
            };
            let mut done = if first < 0 { upto(0) } else { 0 };
            self.before += done * 512;
            for pixel in first.max(0)..=last {
                let (left, right) = (from.max(pixel * 256), to.min(pixel * 256 + 256));
                let now = upto(right);
                add(pixel, left, right, now - done);
                done = now;
            }
        }
        let part = (first.max(0), last + 2);
        let at = self.parts.iter().position(|p| p.0 > part.0).unwrap_or(self.parts.len());
        self.parts.insert(at, part);
    }

    fn paint(&mut self, buffer: &mut Buffer, y: i32, colour: Colour) {
        let (x0, width) = (self.clip.x0, self.clip.x1 - self.clip.x0);
        let mut sum = core::mem::take(&mut self.before);
        let mut x = 0;
        for (from, to) in self.parts.drain(..) {
            run(buffer, y, x0 + x, x0 + from.min(width), sum, colour);
            for pixel in x.max(from)..to {
                sum += core::mem::take(&mut self.change[pixel as usize]);
                if pixel < width {
                    buffer.mix(x0 + pixel, y, colour, part(sum));
                }
            }
            x = x.max(to);
        }
        run(buffer, y, x0 + x, x0 + width, sum, colour);
    }
}

/// A run of one coverage.
fn run(buffer: &mut Buffer, y: i32, from: i32, to: i32, sum: i32, colour: Colour) {
    if from >= to {
        return;
    }
    match part(sum) {
        0 => {}
        256 => buffer.run_fill(y, from, to, colour.word()),
        part => (from..to).for_each(|x| buffer.mix(x, y, colour, part)),
    }
}

/// The coverage of 256 that a sum means: what is enclosed twice lies outside.
fn part(sum: i32) -> u32 {
    let sum = sum.abs() & (2 * FULL - 1);
    let sum = if sum > FULL { 2 * FULL - sum } else { sum };
    ((sum + 256) >> 9) as u32
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WHITE: Colour = Colour::hex(0x00FF_FFFF);
    const BLACK: Colour = Colour::hex(0);

    fn drawn(outline: &[(f32, f32)], clips: &[Rect]) -> Buffer {
        drawn_by(fill, outline, clips)
    }

    fn drawn_by(
        fill: fn(&mut Buffer, Rect, &Place, &[Edge], Colour),
        outline: &[(f32, f32)],
        clips: &[Rect],
    ) -> Buffer {
        let mut buffer = Buffer::new(40, 30, WHITE);
        let place = Place { scale: 1.0, ..Place::default() };
        for clip in clips {
            fill(&mut buffer, *clip, &place, &prepare(outline), BLACK);
        }
        buffer
    }

    /// Whether a point lies inside by the even-odd rule; `None` where an outline is so near that either may be.
    fn encloses(outline: &[(f32, f32)], x: f32, y: f32) -> Option<bool> {
        let mut inside = false;
        for (a, b) in outline.iter().zip(outline.iter().cycle().skip(1)) {
            if (a.1 - y).abs() < 0.01 || (b.1 - y).abs() < 0.01 {
                return None;
            }
            if (a.1 < y) != (b.1 < y) {
                let at = a.0 + (y - a.1) * (b.0 - a.0) / (b.1 - a.1);
                // Ends are rounded to 256ths of a pixel, and a nearly level edge is elsewhere by much more.
                let near = 0.02 * (1.0 + ((b.0 - a.0) / (b.1 - a.1)).abs());
                if (at - x).abs() < near {
                    return None;
                }
                inside ^= at < x;
            }
        }
        Some(inside)
    }

    fn ink(buffer: &Buffer) -> f32 {
        (0..1200).map(|i| (255.0 - f32::from(buffer.at(i % 40, i / 40).0[0])) / 255.0).sum()
    }

    #[test]
    fn what_is_enclosed_twice_lies_outside() {
        let twice =
            [(5.0, 5.0), (25.0, 5.0), (25.0, 25.0), (5.0, 25.0), (5.0, 10.0), (15.0, 10.0), (15.0, 20.0), (5.0, 20.0)];
        let buffer = drawn(&twice, &[Rect::new(0, 0, 40, 30)]);
        assert_eq!((buffer.at(10, 15), buffer.at(20, 15)), (WHITE, BLACK));
        let again: Vec<_> = [(5.0, 5.0), (25.0, 5.0), (25.0, 25.0), (5.0, 25.0)].repeat(2);
        assert!(ink(&drawn(&again, &[Rect::new(0, 0, 40, 30)])) < 0.01);
    }

    proptest! {
        #[test]
        fn a_triangle_covers_its_area(p in prop::collection::vec((0.0..40.0_f32, 0.0..30.0_f32), 3)) {
            let p: Vec<_> = p.iter().map(|(x, y)| ((x * 256.0).round() / 256.0, (y * 256.0).round() / 256.0)).collect();
            let area = ((p[1].0 - p[0].0) * (p[2].1 - p[0].1) - (p[2].0 - p[0].0) * (p[1].1 - p[0].1)).abs() / 2.0;
            let drawn = ink(&drawn(&p, &[Rect::new(0, 0, 40, 30)]));
            prop_assert!((drawn - area).abs() < 0.5 + area * 0.01, "{drawn} for {area}");
        }

        #[test]
        fn parts_of_a_polygon_make_it_whole(
            outline in prop::collection::vec((-60.0..100.0_f32, -40.0..70.0_f32), 3..9),
            x in 1..39_i32,
            y in 1..29_i32,
        ) {
            let parts = [Rect::new(0, 0, x, y), Rect::new(x, 0, 40, y), Rect::new(0, y, x, 30), Rect::new(x, y, 40, 30)];
            let whole = [Rect::new(0, 0, 40, 30)];
            prop_assert!(drawn(&outline, &parts) == drawn(&outline, &whole));
            prop_assert!(drawn_by(fill_under, &outline, &parts) == drawn_by(fill_under, &outline, &whole));
        }

        #[test]
        fn a_ground_has_the_pixels_whose_middles_its_outline_encloses(
            outline in prop::collection::vec((-60.0..100.0_f32, -40.0..70.0_f32), 3..9),
        ) {
            let buffer = drawn_by(fill_under, &outline, &[Rect::new(0, 0, 40, 30)]);
            for (x, y) in (0..30).flat_map(|y| (0..40).map(move |x| (x, y))) {
                if let Some(inside) = encloses(&outline, x as f32 + 0.5, y as f32 + 0.5) {
                    prop_assert_eq!(buffer.at(x, y) == BLACK, inside, "({}, {})", x, y);
                }
            }
        }
    }
}
