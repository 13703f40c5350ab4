//! One animation frame: motion, pixels to the canvas, what to tell; and the resolution a slow machine gets.

use domain::seat::SeatId;
use wasm_bindgen::{Clamped, JsValue};
use web_sys::ImageData;

use super::super::scene::Painted;
use super::super::{By, MapEvent};
use super::state::State;

/// Milliseconds a flight of the camera takes.
const FLIGHT: f64 = 190.0;
/// Milliseconds of a suggestion's pulse.
const PULSE: f64 = 1100.0;
/// A frame in motion should not take longer, in milliseconds, from its start until the browser is done with it.
const SLOW: f64 = 10.0;
/// A picture at rest for so long is drawn sharply again, in milliseconds.
const REST: f64 = 160.0;
/// Fewer device pixels a CSS pixel than this are never used.
const COARSEST: f64 = 0.5;

/// How many of the screen's pixels are drawn while the picture moves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quality {
    /// Share of the screen's pixel ratio in use now.
    pub(super) cut: f64,
    /// Share that motion was found to need.
    learned: f64,
    /// Frames in a row that were too slow (or, below zero, quick).
    slow: i32,
    started: f64,
    measured: bool,
    moved: f64,
    /// Nothing is learned.
    fixed: bool,
}

impl Quality {
    /// The screen's own; `fixed`: for good.
    pub(super) fn new(fixed: bool) -> Self {
        Self { cut: 1.0, learned: 1.0, slow: 0, started: 0.0, measured: false, moved: f64::MIN, fixed }
    }
}

impl State {
    fn now(&self) -> f64 {
        self.window.performance().map_or(0.0, |p| p.now())
    }

    /// Draws one frame. `now` is the frame's time.
    pub(super) fn frame(&mut self, now: f64) {
        self.asked = None;
        self.quality.started = self.now();
        let passed = (now - self.last_frame).clamp(0.0, 50.0);
        self.last_frame = now;
        let flying = self.fly_on(now);
        let gliding = self.glide(passed);
        let pulsing = self.pulse_on(now);
        // Against the last picture, for fingers move the camera between frames.
        let moved = core::mem::replace(&mut self.seen, self.scene.camera) != self.scene.camera;
        if moved {
            self.hover_again();
            self.quality.moved = now;
            self.set_cut(self.quality.learned);
        } else if self.quality.cut < 1.0 && now - self.quality.moved > REST {
            self.set_cut(1.0);
        }
        if self.draw() == Painted::Nothing {
            // Nobody waits: what the first pointer and the first changes look seats up in is made.
            let _ = self.scene.model.grid();
        }
        if moved && let Some(channel) = &self.channel {
            // The message arrives once the browser has painted and committed: the frame's real price.
            self.quality.measured = true;
            let _ = channel.port2().post_message(&JsValue::NULL);
        }
        if flying || gliding || pulsing || self.quality.cut < 1.0 {
            self.wake();
        }
    }

    /// The posted message came back: the frame is done.
    pub(super) fn frame_done(&mut self) {
        if !core::mem::take(&mut self.quality.measured) || self.quality.fixed {
            return;
        }
        let total = self.now() - self.quality.started;
        let quality = &mut self.quality;
        quality.slow = if total > SLOW { quality.slow.max(0) + 1 } else { quality.slow.min(0) - 1 };
        let ratio = self.window.device_pixel_ratio();
        if quality.slow >= 3 && ratio * quality.learned * 0.8 >= COARSEST {
            (quality.learned, quality.slow) = (quality.learned * 0.8, 0);
        } else if quality.slow <= -90 && total < SLOW / 2.0 && quality.learned < 1.0 {
            (quality.learned, quality.slow) = ((quality.learned / 0.8).min(1.0), 0);
        }
    }

    fn set_cut(&mut self, cut: f64) {
        if cut != self.quality.cut {
            self.quality.cut = cut;
            self.resize();
        }
    }

    /// Brings the canvas up to date and tells what follows from it; says what was painted.
    pub(super) fn draw(&mut self) -> Painted {
        let painted = self.scene.frame(&mut self.pen);
        let buffer = self.scene.buffer();
        let (width, height) = (buffer.width() as u32, buffer.height() as u32);
        if painted != Painted::Nothing {
            // A new one each time: growing memory detaches the old one, and it is but a view.
            let picture = ImageData::new_with_u8_clamped_array_and_sh(Clamped(buffer.bytes()), width, height);
            let Ok(picture) = picture else { return painted };
            let fresh = [self.scene.fresh()];
            let parts = if let Painted::Parts(parts) = &painted { parts.as_slice() } else { &fresh };
            for r in parts {
                let _ = self.context.put_image_data_with_dirty_x_and_dirty_y_and_dirty_width_and_dirty_height(
                    &picture,
                    0.0,
                    0.0,
                    f64::from(r.x0),
                    f64::from(r.y0),
                    f64::from(r.x1 - r.x0),
                    f64::from(r.y1 - r.y0),
                );
            }
        }
        if painted == Painted::All {
            self.tell_where();
        }
        if !self.ready && width > 1 && height > 1 {
            self.ready = true;
            self.told.push(MapEvent::Ready);
            // A frame with nothing to paint comes after it.
            self.wake();
        }
        painted
    }

    /// After a move: where the pointed seat is now, and what the zoom buttons may do.
    fn tell_where(&mut self) {
        let camera = &self.scene.camera;
        let whole = camera.is_whole();
        let can_zoom_in = camera.scale < camera.max_scale() * 0.999;
        if self.buttons != Some((can_zoom_in, !whole, whole)) {
            self.buttons = Some((can_zoom_in, !whole, whole));
            self.told.push(MapEvent::View { can_zoom_in, can_zoom_out: !whole, whole });
        }
        if let Some(seat) = self.scene.focus() {
            self.point(seat, By::Keyboard);
        } else if let Some(seat) = self.scene.hover() {
            self.point(seat, By::Pointer);
        }
    }

    /// Tells where a pointed seat is, or that it is out of view.
    pub(super) fn point(&mut self, seat: SeatId, by: By) {
        let event = self.spot(seat).map_or(MapEvent::Leave, |spot| MapEvent::Point(seat, spot, by));
        self.told.push(event);
    }

    /// Goes on with a flight; says whether it is under way.
    fn fly_on(&mut self, now: f64) -> bool {
        let Some(flight) = &mut self.flight else { return false };
        let start = *flight.start.get_or_insert(now);
        let part = ((now - start) / FLIGHT).clamp(0.0, 1.0);
        let eased = 1.0 - (1.0 - part) * (1.0 - part) * (1.0 - part);
        let (from, to) = (flight.from, flight.to);
        let camera = &mut self.scene.camera;
        if part >= 1.0 {
            *camera = to;
            self.flight = None;
            return false;
        }
        // What is in view grows or shrinks evenly.
        camera.scale = 1.0 / ((1.0 - eased) / from.scale + eased / to.scale);
        // A zoom about a fixed point moves in step with the scale.
        let along = if (to.scale - from.scale).abs() > from.scale * 0.01 {
            (camera.scale - from.scale) / (to.scale - from.scale)
        } else {
            eased
        };
        camera.x = from.x + (to.x - from.x) * along;
        camera.y = from.y + (to.y - from.y) * along;
        true
    }

    /// Goes on with the suggestion's pulse: up quickly, down slowly; still when there is to be no motion.
    fn pulse_on(&mut self, now: f64) -> bool {
        if self.pulse.is_none() {
            return false;
        }
        let still = self.is_still();
        let Some(start) = &mut self.pulse else { return false };
        let start = *start.get_or_insert(now);
        let part = (now - start) / PULSE;
        let strength = if still {
            256.0
        } else if part < 0.2 {
            part * 5.0 * 256.0
        } else {
            (1.0 - (part - 0.2) / 0.8).max(0.0) * 256.0
        };
        let seats = self.scene.suggestion().to_vec();
        self.scene.set_suggestion(&seats, strength as u32);
        if still || part >= 1.0 {
            self.pulse = None;
        }
        self.pulse.is_some()
    }
}
