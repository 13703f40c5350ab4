//! The camera: where the plan lies on the canvas, in CSS pixels; the device's pixels come in at the end.

use raster::Place;

/// Space along the canvas' borders that something else covers (chips, a bottom sheet): CSS pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Insets {
    /// Above.
    pub top: f64,
    /// To the right.
    pub right: f64,
    /// Below.
    pub bottom: f64,
    /// To the left.
    pub left: f64,
}

/// A seat is never drawn with a larger radius than this, in CSS pixels.
pub const MAX_RADIUS: f64 = 21.0;

/// Scale and translation: `css = plan * scale + (x, y)`, with plan coordinates from 0 to `plan`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Camera {
    /// CSS pixels a plan unit.
    pub scale: f64,
    /// Translation to the right.
    pub x: f64,
    /// Translation downwards.
    pub y: f64,
    plan: (f64, f64),
    seat_radius: f64,
    view: (f64, f64),
    insets: Insets,
}

/// `value` between two bounds. Unlike `clamp` it cannot panic, and brings no code that writes floats into a message.
fn within(value: f64, low: f64, high: f64) -> f64 {
    value.min(high).max(low)
}

impl Camera {
    /// A camera on a plan of `plan` units with seats of `seat_radius` units, the whole house in a view of `view` CSS
    /// pixels.
    #[must_use]
    pub fn new(plan: (f64, f64), seat_radius: f64, view: (f64, f64), insets: Insets) -> Self {
        let plan = (plan.0.max(1.0), plan.1.max(1.0));
        let mut camera = Self { scale: 1.0, x: 0.0, y: 0.0, plan, seat_radius: seat_radius.max(1e-3), view, insets };
        camera.fit();
        camera
    }

    /// The free part of the view: left, top, width, height, in CSS pixels.
    #[must_use]
    pub fn room(&self) -> (f64, f64, f64, f64) {
        let i = self.insets;
        let (w, h) = (self.view.0 - i.left - i.right, self.view.1 - i.top - i.bottom);
        // Insets that leave nothing are not followed.
        if w < 40.0 || h < 40.0 {
            (0.0, 0.0, self.view.0.max(1.0), self.view.1.max(1.0))
        } else {
            (i.left, i.top, w, h)
        }
    }

    /// The scale that shows the whole house.
    #[must_use]
    pub fn fit_scale(&self) -> f64 {
        let (_, _, w, h) = self.room();
        let margin = (w.min(h) * 0.03).clamp(6.0, 28.0);
        let fit = ((w - 2.0 * margin) / self.plan.0).min((h - 2.0 * margin) / self.plan.1);
        within(fit, 1e-6, self.max_scale())
    }

    /// The scale at which seats are largest.
    #[must_use]
    pub fn max_scale(&self) -> f64 {
        MAX_RADIUS / self.seat_radius
    }

    /// Shows the whole house.
    pub fn fit(&mut self) {
        let (left, top, w, h) = self.room();
        self.scale = self.fit_scale();
        self.x = left + (w - self.plan.0 * self.scale) / 2.0;
        self.y = top + (h - self.plan.1 * self.scale) / 2.0;
    }

    /// Takes another size of the view; the middle stays, and a whole house stays whole.
    pub fn resize(&mut self, view: (f64, f64), insets: Insets) {
        let whole = self.is_whole();
        let (left, top, w, h) = self.room();
        let middle = self.plan_at(left + w / 2.0, top + h / 2.0);
        (self.view, self.insets) = (view, insets);
        if whole {
            self.fit();
            return;
        }
        let (left, top, w, h) = self.room();
        self.scale = within(self.scale, self.fit_scale(), self.max_scale());
        self.x = left + w / 2.0 - middle.0 * self.scale;
        self.y = top + h / 2.0 - middle.1 * self.scale;
        self.keep_in_view();
    }

    /// Whether the whole house is shown.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.scale <= self.fit_scale() * 1.001
    }

    /// The plan's point at a point of the view.
    #[must_use]
    pub fn plan_at(&self, x: f64, y: f64) -> (f64, f64) {
        ((x - self.x) / self.scale, (y - self.y) / self.scale)
    }

    /// The view's point of a point of the plan.
    #[must_use]
    pub fn view_at(&self, x: f64, y: f64) -> (f64, f64) {
        (x * self.scale + self.x, y * self.scale + self.y)
    }

    /// A seat's radius on the screen.
    #[must_use]
    pub fn radius(&self) -> f64 {
        self.seat_radius * self.scale
    }

    /// Zooms by a factor about a point of the view, which stays where it is.
    pub fn zoom(&mut self, factor: f64, x: f64, y: f64) {
        let at = self.plan_at(x, y);
        let scale = self.scale * factor;
        self.scale = if scale.is_finite() { within(scale, self.fit_scale(), self.max_scale()) } else { self.scale };
        self.x = x - at.0 * self.scale;
        self.y = y - at.1 * self.scale;
        self.keep_in_view();
    }

    /// Moves the picture.
    pub fn pan(&mut self, dx: f64, dy: f64) {
        self.x += dx;
        self.y += dy;
        self.keep_in_view();
    }

    /// Looks at a box of the plan (left, top, right, bottom): its middle in the middle, at the scale that shows it
    /// whole, but not nearer than a seat radius of `radius` CSS pixels.
    pub fn look_at(&mut self, left: f64, top: f64, right: f64, bottom: f64, radius: f64) {
        let (room_x, room_y, w, h) = self.room();
        let whole = (w * 0.86 / (right - left).max(1e-6)).min(h * 0.86 / (bottom - top).max(1e-6));
        let near = radius / self.seat_radius;
        self.scale = within(whole.min(near), self.fit_scale(), self.max_scale());
        self.x = room_x + w / 2.0 - (left + right) / 2.0 * self.scale;
        self.y = room_y + h / 2.0 - (top + bottom) / 2.0 * self.scale;
        self.keep_in_view();
    }

    /// Keeps the house in reach: along an axis on which it fits it stays in the middle's reach, otherwise no border of
    /// it passes the middle of the view.
    fn keep_in_view(&mut self) {
        let (left, top, w, h) = self.room();
        let one = |t: f64, size: f64, from: f64, room: f64| {
            let middle = from + room / 2.0;
            if size <= room {
                let slack = (room - size) / 2.0;
                let centred = middle - size / 2.0;
                within(t, centred - slack, centred + slack)
            } else {
                within(t, middle - size, middle)
            }
        };
        self.x = one(self.x, self.plan.0 * self.scale, left, w);
        self.y = one(self.y, self.plan.1 * self.scale, top, h);
    }

    /// Where the raster puts the plan at `ratio` device pixels a CSS pixel.
    #[must_use]
    pub fn place(&self, ratio: f64) -> Place {
        // Rounded to 256ths, so that a pan by whole device pixels leaves the fraction as it is.
        let split = |t: f64| {
            let fine = (t * ratio * 256.0).round() as i64;
            ((fine >> 8) as i32, (fine & 255) as f32 / 256.0)
        };
        let ((ix, fx), (iy, fy)) = (split(self.x), split(self.y));
        Place { scale: (self.scale * ratio) as f32, fraction: (fx, fy), whole: (ix, iy) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn camera() -> Camera {
        Camera::new((1000.0, 600.0), 4.0, (1280.0, 800.0), Insets { bottom: 100.0, ..Insets::default() })
    }

    #[test]
    fn the_whole_house_fits_into_the_free_part() {
        let c = camera();
        let (x0, y0) = c.view_at(0.0, 0.0);
        let (x1, y1) = c.view_at(1000.0, 600.0);
        assert!(x0 >= 0.0 && y0 >= 0.0 && x1 <= 1280.0 && y1 <= 700.0);
        assert!(c.is_whole());
    }

    #[test]
    fn a_view_of_no_size_is_survived() {
        let mut c = Camera::new((0.0, 0.0), 0.0, (0.0, 0.0), Insets::default());
        c.zoom(f64::NAN, 0.0, 0.0);
        c.zoom(3.0, 1.0, 1.0);
        c.resize((300.0, 200.0), Insets::default());
        assert!(c.scale.is_finite() && c.x.is_finite() && c.y.is_finite());
    }

    proptest! {
        #[test]
        fn a_zoom_keeps_the_point_under_the_finger(x in 300.0..900.0, y in 200.0..500.0, factor in 1.0..4.0_f64) {
            let mut c = camera();
            c.zoom(2.0, 640.0, 350.0);
            let before = c.plan_at(x, y);
            c.zoom(factor, x, y);
            let after = c.plan_at(x, y);
            prop_assert!((before.0 - after.0).abs() < 1e-6 && (before.1 - after.1).abs() < 1e-6);
        }

        #[test]
        fn the_house_never_leaves_the_view(moves in prop::collection::vec((-900.0..900.0, -900.0..900.0, 0.3..3.0_f64), 1..20)) {
            let mut c = camera();
            for (dx, dy, factor) in moves {
                c.pan(dx, dy);
                c.zoom(factor, 640.0 + dx / 2.0, 400.0 + dy / 3.0);
                prop_assert!(c.scale >= c.fit_scale() && c.scale <= c.max_scale());
                let (x0, y0) = c.view_at(0.0, 0.0);
                let (x1, y1) = c.view_at(1000.0, 600.0);
                prop_assert!(x0 <= 641.0 && x1 >= 639.0 && y0 <= 351.0 && y1 >= 349.0);
            }
        }

        #[test]
        fn a_pan_by_whole_pixels_changes_whole_pixels_alone(n in -400_i32..400, m in -300_i32..300, ratio in prop::sample::select(vec![1.0, 1.25, 2.0, 2.625, 3.0])) {
            let mut c = camera();
            c.zoom(3.0, 641.3, 352.7);
            let before = c.place(ratio);
            c.x += f64::from(n) / ratio;
            c.y += f64::from(m) / ratio;
            let after = c.place(ratio);
            prop_assert_eq!(before.fraction, after.fraction);
            prop_assert_eq!((after.whole.0 - before.whole.0, after.whole.1 - before.whole.1), (n, m));
        }
    }
}
