//! Anti-aliased hairlines: walked along their longer side, covered exactly across it.

use crate::buffer::{Buffer, Rect};
use crate::colour::Colour;
use crate::seats::Place;

/// Draws a closed line around an outline in plan units, `width` pixels wide.
#[inline(never)]
pub fn hairline(buffer: &mut Buffer, clip: Rect, place: &Place, outline: &[(f32, f32)], colour: Colour, width: f32) {
    let clip = clip.and(buffer.all());
    if clip.is_empty() {
        return;
    }
    for (a, b) in outline.iter().zip(outline.iter().cycle().skip(1)) {
        let (a, b) = (place.fine(a.0, a.1), place.fine(b.0, b.1));
        let steep = (b.1 - a.1).abs() > (b.0 - a.0).abs();
        let turn = |p: (i32, i32)| if steep { (p.1, p.0) } else { p };
        let (mut from, mut to) = (turn(a), turn(b));
        if from.0 > to.0 {
            (from, to) = (to, from);
        }
        let bounds = if steep { (clip.y0, clip.y1, clip.x0, clip.x1) } else { (clip.x0, clip.x1, clip.y0, clip.y1) };
        one(buffer, from, to, bounds, steep, width, colour);
    }
}

/// One line of slope at most one; `bounds`: first and last along, first and last across, the last ones exclusive.
fn one(
    buffer: &mut Buffer,
    from: (i32, i32),
    to: (i32, i32),
    bounds: (i32, i32, i32, i32),
    steep: bool,
    width: f32,
    colour: Colour,
) {
    let run = to.0 - from.0;
    if run == 0 {
        return;
    }
    let slope = (to.1 - from.1) as f32 / run as f32;
    let half = (width * 128.0 * (1.0 + slope * slope).sqrt()) as i32;
    // Beside the picture altogether.
    if from.1.max(to.1).saturating_add(half) < bounds.2 * 256 || from.1.min(to.1).saturating_sub(half) > bounds.3 * 256
    {
        return;
    }
    // A pixel belongs to the line whose ends enclose its middle, so that the lines of an outline share no pixel.
    let first = ((from.0 + 127) >> 8).max(bounds.0);
    let last = ((to.0 + 127) >> 8).min(bounds.1);
    let down = buffer.width();
    let (step_along, step_across) = if steep { (down, 1) } else { (1, down) };
    // In whole numbers, so that it is the same wherever the clip begins.
    let step = (i64::from(to.1) - i64::from(from.1)) * (1 << 24) / i64::from(run) * 256;
    let mut middle = (i64::from(from.1) << 24) + (i64::from(first) * 256 + 128 - i64::from(from.0)) * (step / 256);
    for along in first..last {
        let (low, high) = ((middle >> 24) as i32 - half, (middle >> 24) as i32 + half);
        middle += step;
        let across = (low >> 8).max(bounds.2);
        let mut at = along as usize * step_along + across as usize * step_across;
        for across in across..((high + 255) >> 8).min(bounds.3) {
            let part = high.min(across * 256 + 256) - low.max(across * 256);
            buffer.mix_at(at, colour, part as u32);
            at += step_across;
        }
    }
}
