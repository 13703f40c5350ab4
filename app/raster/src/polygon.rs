//! Anti-aliased polygons: four sub-scanlines a row, exact coverage across, solid runs filled at once.

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
}

/// Sub-scanlines a pixel row.
const SUB: i32 = 4;
/// 256ths of a pixel a sub-scanline.
const STEP: i32 = 256 / SUB;

/// The edges of a closed outline, sorted by their upper ends: what [`fill`] takes. Level edges are left out, and so
/// are points that are no numbers.
#[must_use]
pub fn prepare(outline: &[(f32, f32)]) -> Vec<Edge> {
    let next = outline.iter().cycle().skip(1);
    let edges: Vec<Edge> = outline
        .iter()
        .zip(next)
        .filter(|(a, b)| a.1 != b.1 && [a.0, a.1, b.0, b.1].iter().all(|v| v.is_finite()))
        .map(|(a, b)| if a.1 < b.1 { Edge { from: *a, to: *b } } else { Edge { from: *b, to: *a } })
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

/// Sorts the few crossings of a scanline.
fn insert_sorted(values: &mut [i32]) {
    for i in 1..values.len() {
        let mut at = i;
        while at > 0 && values[at - 1] > values[at] {
            values.swap(at - 1, at);
            at -= 1;
        }
    }
}

/// An edge on its way down the picture, in 256ths of a pixel.
#[derive(Clone, Copy)]
struct Live {
    x: i32,
    y: i32,
    end: i32,
    slope: f32,
}

/// Fills a polygon by the even-odd rule inside the clip.
pub fn fill(buffer: &mut Buffer, clip: Rect, place: &Place, edges: &[Edge], colour: Colour) {
    let clip = clip.and(buffer.all());
    if clip.is_empty() {
        return;
    }
    let mut rest = edges.iter().map(|e| {
        let (from, to) = (place.fine(e.from.0, e.from.1), place.fine(e.to.0, e.to.1));
        Live { x: from.0, y: from.1, end: to.1, slope: (to.0 - from.0) as f32 / (to.1 - from.1).max(1) as f32 }
    });
    let mut waiting = rest.next();
    let mut live: Vec<Live> = Vec::with_capacity(8);
    let mut crossings: Vec<i32> = Vec::with_capacity(8);
    let mut row = Row::new(clip);
    let first = waiting.map_or(clip.y1, |e| (e.y >> 8).max(clip.y0));
    for y in first..clip.y1 {
        for sub in 0..SUB {
            let at = y * 256 + sub * STEP + STEP / 2;
            while let Some(edge) = waiting.filter(|e| e.y <= at) {
                live.push(edge);
                waiting = rest.next();
            }
            live.retain(|e| e.end > at);
            crossings.clear();
            crossings.extend(live.iter().map(|e| e.x + ((at - e.y) as f32 * e.slope) as i32));
            insert_sorted(&mut crossings);
            for pair in crossings.as_chunks::<2>().0 {
                row.span(pair[0], pair[1]);
            }
        }
        row.paint(buffer, y, colour);
        if live.is_empty() && waiting.is_none() {
            break;
        }
    }
}

/// Coverage of one pixel row while its sub-scanlines are gathered.
struct Row {
    clip: Rect,
    /// Change of coverage from a pixel to the next, in 1024ths of full.
    change: Vec<i32>,
    from: i32,
    to: i32,
    spans: u32,
    /// Pixels fully covered by every span so far.
    solid: (i32, i32),
}

impl Row {
    fn new(clip: Rect) -> Self {
        let width = (clip.x1 - clip.x0) as usize;
        Self { clip, change: vec![0; width + 2], from: i32::MAX, to: i32::MIN, spans: 0, solid: (i32::MIN, i32::MAX) }
    }

    /// Adds a span of one sub-scanline, ends in 256ths of a pixel.
    fn span(&mut self, left: i32, right: i32) {
        let l = left.max(self.clip.x0 * 256) - self.clip.x0 * 256;
        let r = right.min(self.clip.x1 * 256) - self.clip.x0 * 256;
        if l >= r {
            return;
        }
        self.edge(l, 1);
        self.edge(r, -1);
        self.spans += 1;
        self.from = self.from.min(l >> 8);
        self.to = self.to.max((r + 255) >> 8);
        self.solid = (self.solid.0.max((l + 255) >> 8), self.solid.1.min(r >> 8));
    }

    /// Coverage rises (or falls) at `x`: the pixel's share right of it, the rest in the next pixel.
    fn edge(&mut self, x: i32, sign: i32) {
        let (pixel, part) = ((x >> 8) as usize, x & 255);
        self.change[pixel] += sign * (256 - part);
        self.change[pixel + 1] += sign * part;
    }

    fn paint(&mut self, buffer: &mut Buffer, y: i32, colour: Colour) {
        if self.spans == 0 {
            return;
        }
        // One span a sub-scanline: between their inner ends every pixel is full.
        let solid = if self.spans == SUB as u32 && self.solid.1 - self.solid.0 > 4 { self.solid } else { (0, 0) };
        let mut sum = 0;
        let mut x = self.from;
        while x < self.to {
            if x == solid.0 && solid.1 > solid.0 {
                buffer.run_fill(y, self.clip.x0 + solid.0, self.clip.x0 + solid.1, colour.word());
                // What changes within the run is the rest of the left edge: take it along.
                for change in &mut self.change[x as usize..solid.1 as usize] {
                    if *change == 0 {
                        break;
                    }
                    sum += core::mem::take(change);
                }
                x = solid.1;
                continue;
            }
            sum += core::mem::take(&mut self.change[x as usize]);
            if sum > 0 && x < self.clip.x1 - self.clip.x0 {
                buffer.mix(self.clip.x0 + x, y, colour, (sum as u32 * 256 + 512) / (256 * SUB as u32));
            }
            x += 1;
        }
        let last = (self.to as usize + 1).min(self.change.len() - 1);
        self.change[self.to as usize..=last].fill(0);
        (self.from, self.to, self.spans, self.solid) = (i32::MAX, i32::MIN, 0, (i32::MIN, i32::MAX));
    }
}
