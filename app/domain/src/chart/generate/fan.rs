//! The one shape all tribunes are made of: a wedge between two angles around a centre, with rows along its arcs; and
//! the oval of four such arcs that surrounds a field.

use core::f64::consts::{FRAC_PI_2, PI};

use super::{PITCH, Point, point};

/// A wedge around `centre` from angle `from` to angle `to` (radians, clockwise on screen as y grows downwards).
/// Seats run from `from` to `to`, which may be the smaller one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fan {
    pub(super) centre: (f64, f64),
    pub(super) from: f64,
    pub(super) to: f64,
}

impl Fan {
    pub(super) fn at(&self, radius: f64, angle: f64) -> Point {
        point(self.centre.0 + radius * angle.cos(), self.centre.1 + radius * angle.sin())
    }

    pub(super) fn middle(&self) -> f64 {
        f64::midpoint(self.from, self.to)
    }

    /// Angles of as many seats as fit on the arc of `radius`, leaving `margin` units free at either side; centred.
    pub(super) fn slots(&self, radius: f64, margin: f64) -> impl ExactSizeIterator<Item = f64> + use<> {
        let span = self.to - self.from;
        let seats = ((radius * span.abs() - 2.0 * margin) / PITCH).floor().max(0.0) as usize;
        let step = span.signum() * PITCH / radius;
        let first = self.middle() - step * (seats as f64 - 1.0) / 2.0;
        (0..seats).map(move |seat| first + step * seat as f64)
    }

    /// The wedge's outline between two radii, its sides `margin` units inside of the angles, so that the aisle
    /// between two wedges has parallel sides.
    pub(super) fn outline(&self, inner: f64, outer: f64, margin: f64) -> Vec<Point> {
        let mut outline = self.arc(outer, margin, false);
        outline.extend(self.arc(inner, margin, true));
        outline
    }

    /// Points along an arc; enough of them that no chord is more than a unit off.
    fn arc(&self, radius: f64, margin: f64, back: bool) -> Vec<Point> {
        let inset = (self.to - self.from).signum() * margin / radius;
        let (mut from, mut to) = (self.from + inset, self.to - inset);
        if back {
            (from, to) = (to, from);
        }
        // The sagitta of a chord over an angle is about radius * angle^2 / 8.
        let steps = ((to - from).abs() / (8.0 / radius).sqrt()).ceil().max(1.0);
        (0..=steps as usize).map(|step| self.at(radius, from + (to - from) * step as f64 / steps)).collect()
    }
}

/// One arc of an oval: a fan and the radius of the oval's inner edge on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arc {
    pub(super) fan: Fan,
    pub(super) radius: f64,
    /// At an end of the long axis, rather than along a side.
    pub(super) end: bool,
}

/// The four-centre oval with half axes `long` and `short`, clockwise; rows outside of it stay arcs around the same
/// four centres. `upright` puts the long axis on the screen's vertical.
pub(super) fn oval(long: f64, short: f64, upright: bool) -> [Arc; 4] {
    // End arcs of radius r around (+-c, 0), side arcs of radius r + |cd| around (0, -+d), touching where both have the
    // same tangent. With r given, long = c + r and short = r + |cd| - d fix c and d.
    let r = 0.75 * short;
    let c = long - r;
    let e = short - r;
    let d = (c * c - e * e) / (2.0 * e);
    let side = r + c.hypot(d);
    let lean = d.atan2(c);
    let turn = if upright { FRAC_PI_2 } else { 0.0 };
    let arc = |x: f64, y: f64, towards: f64, half: f64, radius: f64, end: bool| {
        let centre = if upright { (-y, x) } else { (x, y) };
        let fan = Fan { centre, from: towards - half + turn, to: towards + half + turn };
        Arc { fan, radius, end }
    };
    [
        arc(0.0, d, -FRAC_PI_2, FRAC_PI_2 - lean, side, false),
        arc(c, 0.0, 0.0, lean, r, true),
        arc(0.0, -d, FRAC_PI_2, FRAC_PI_2 - lean, side, false),
        arc(-c, 0.0, PI, lean, r, true),
    ]
}

impl Arc {
    /// Cuts the arc into wedges of about `width` units at `offset` outside of the oval.
    pub(super) fn wedges(&self, offset: f64, width: f64) -> impl Iterator<Item = Fan> + use<> {
        let fan = self.fan;
        let span = fan.to - fan.from;
        let count = ((self.radius + offset) * span / width).round().max(1.0);
        (0..count as usize).map(move |index| Fan {
            from: fan.from + span * index as f64 / count,
            to: fan.from + span * (index + 1) as f64 / count,
            ..fan
        })
    }
}
