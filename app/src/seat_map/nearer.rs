//! What a step of the zoom buttons goes about: many a house has nothing in its midst, and nobody comes to see an empty pitch.

use domain::seat::SeatId;

use super::camera::Camera;
use super::model::Model;

/// The point of the view, in CSS pixels, that a step by `factor` leaves where it is: the focused seat where it is in view; the
/// middle, where seats will lie within a quarter of the view around it; or else the seat in view nearest to the middle.
#[must_use]
pub fn about(model: &Model, camera: &Camera, focus: Option<SeatId>, factor: f64) -> (f64, f64) {
    let (left, top, width, height) = camera.room();
    let middle = (left + width / 2.0, top + height / 2.0);
    let in_view = |seat: SeatId| {
        let (x, y) = model.at(seat)?;
        let (x, y) = camera.view_at(f64::from(x), f64::from(y));
        let inside = x >= left && x <= left + width && y >= top && y <= top + height;
        inside.then_some((x, y))
    };
    if let Some(at) = focus.and_then(in_view) {
        return at;
    }
    let (x, y) = camera.plan_at(middle.0, middle.1);
    let within = |pixels: f64| model.hit((x as f32, y as f32), (pixels / camera.scale) as f32);
    if within(width.min(height) / 4.0 / factor.max(1.0)).is_some() {
        return middle;
    }
    within(width.hypot(height) / 2.0).and_then(in_view).unwrap_or(middle)
}
