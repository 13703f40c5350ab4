//! Hands on the map: mouse, pen and fingers, the wheel, and the keyboard.

use domain::seat::SeatId;
use js_sys::Math::exp;
use wasm_bindgen::JsCast;
use web_sys::{Event, KeyboardEvent, MouseEvent, PointerEvent, WheelEvent};

use super::super::keyboard::{self, Arrow};
use super::super::{By, MapEvent};
use super::state::State;

/// A pointer that moved less than this, in CSS pixels, was a tap.
const TAP: f64 = 7.0;
/// Seats smaller than this, in CSS pixels of radius, are not chosen by a tap: it brings their section nearer.
const CHOOSE_FROM: f64 = 3.6;
/// Two taps within so many milliseconds are a double tap.
const DOUBLE: f64 = 320.0;

/// A pointer that is down.
#[derive(Clone, Copy, Debug)]
struct Finger {
    id: i32,
    x: f64,
    y: f64,
}

/// What the hands do.
#[derive(Debug, Default)]
pub(super) struct Hands {
    fingers: Vec<Finger>,
    /// How far the only finger has gone; a second finger makes it far.
    travelled: f64,
    /// Motion not yet a whole device pixel.
    carry: (f64, f64),
    /// CSS pixels a millisecond, while a finger drags and after it lets go.
    speed: (f64, f64),
    last_move: f64,
    gliding: bool,
    /// Logarithm of the zoom that the wheel asked for and has not got yet, and where.
    wheel: (f64, f64, f64),
    last_tap: Option<(f64, f64, f64)>,
    /// Where the mouse is, while it hovers.
    mouse: Option<(f64, f64)>,
    /// The seat that had the focus ring when the canvas lost the focus.
    left: Option<SeatId>,
}

impl Hands {
    /// Ends every motion of its own.
    pub(super) fn rest(&mut self) {
        self.gliding = false;
        self.speed = (0.0, 0.0);
        self.wheel.0 = 0.0;
    }
}

impl State {
    /// Takes an event of the canvas, the window, the colour scheme, or the message channel.
    pub(super) fn event(&mut self, event: &Event) {
        let kind = event.type_();
        if kind == "message" {
            self.frame_done();
            return;
        }
        self.wake();
        match kind.as_str() {
            "change" => self.read_theme(),
            "resize" => self.measure(),
            "contextrestored" => self.scene.redraw(),
            "focus" => {
                if let Some(seat) = self.hands.left.take() {
                    self.focus_on(seat);
                }
            }
            "blur" => {
                self.hands.left = self.scene.focus();
                self.scene.set_focus(None);
                self.told.push(MapEvent::Leave);
            }
            "keydown" => {
                if let Some(key) = event.dyn_ref::<KeyboardEvent>()
                    && self.key(key)
                {
                    event.prevent_default();
                }
            }
            "wheel" => {
                if let Some(wheel) = event.dyn_ref::<WheelEvent>() {
                    event.prevent_default();
                    self.wheel(wheel);
                }
            }
            kind => {
                if let Some(pointer) = event.dyn_ref::<PointerEvent>() {
                    self.pointer(kind, pointer);
                }
            }
        }
    }

    fn pointer(&mut self, kind: &str, event: &PointerEvent) {
        let (x, y) = position(event);
        let touch = event.pointer_type() == "touch";
        let at = self.hands.fingers.iter().position(|f| f.id == event.pointer_id());
        match (kind, at) {
            ("pointerdown", None) if event.button() == 0 && self.hands.fingers.len() < 2 => {
                let _ = self.canvas.set_pointer_capture(event.pointer_id());
                self.flight = None;
                let several = !self.hands.fingers.is_empty();
                self.hands.rest();
                self.hands.fingers.push(Finger { id: event.pointer_id(), x, y });
                self.hands.travelled = if several { f64::INFINITY } else { 0.0 };
                self.hands.carry = (0.0, 0.0);
                self.hands.mouse = None;
            }
            ("pointermove", Some(at)) => self.drag(at, x, y, event.time_stamp()),
            ("pointermove", None) if !touch => {
                self.hands.mouse = Some((x, y));
                self.hover_at(x, y);
            }
            ("pointerup" | "pointercancel", Some(at)) => {
                self.hands.fingers.remove(at);
                let tapped = kind == "pointerup" && self.hands.travelled < TAP;
                if tapped {
                    self.tap(x, y, touch, event.time_stamp());
                } else if self.hands.fingers.is_empty() {
                    let (vx, vy) = self.hands.speed;
                    let fresh = event.time_stamp() - self.hands.last_move < 60.0;
                    self.hands.gliding = fresh && vx.hypot(vy) > 0.15 && !self.is_still();
                }
                self.cursor();
            }
            ("pointerleave", None) => {
                self.hands.mouse = None;
                if self.scene.hover().is_some() {
                    self.scene.set_hover(None);
                    self.told.push(MapEvent::Leave);
                }
            }
            _ => {}
        }
    }

    /// One finger pans; two pinch.
    fn drag(&mut self, at: usize, x: f64, y: f64, now: f64) {
        let finger = self.hands.fingers[at];
        let (dx, dy) = (x - finger.x, y - finger.y);
        self.hands.fingers[at] = Finger { x, y, ..finger };
        self.hands.travelled += dx.hypot(dy);
        if let [a, b] = self.hands.fingers[..] {
            let other = if at == 0 { b } else { a };
            let (before, after) = ((finger.x - other.x).hypot(finger.y - other.y), (x - other.x).hypot(y - other.y));
            if before > 1.0 && after > 1.0 {
                // The fingers' old middle goes to the new one, and the plan grows about it.
                self.scene.camera.pan(dx / 2.0, dy / 2.0);
                self.scene.camera.zoom(after / before, (x + other.x) / 2.0, (y + other.y) / 2.0);
            }
            return;
        }
        if self.hands.travelled < TAP {
            return;
        }
        let passed = (now - self.hands.last_move).clamp(1.0, 100.0);
        self.hands.last_move = now;
        let keep = exp(-passed / 30.0);
        let speed = &mut self.hands.speed;
        *speed = (speed.0 * keep + dx / passed * (1.0 - keep), speed.1 * keep + dy / passed * (1.0 - keep));
        self.pan_whole(dx, dy);
        if self.scene.hover().is_some() {
            self.scene.set_hover(None);
            self.told.push(MapEvent::Leave);
        }
        self.cursor();
    }

    /// Pans by whole device pixels, which moves memory instead of drawing; the rest is kept for the next time.
    fn pan_whole(&mut self, dx: f64, dy: f64) {
        let ratio = self.scene.ratio();
        let carry = &mut self.hands.carry;
        let whole = |c: f64| (c * ratio).round() / ratio;
        let (x, y) = (carry.0 + dx, carry.1 + dy);
        *carry = (x - whole(x), y - whole(y));
        self.scene.camera.pan(whole(x), whole(y));
    }

    /// Goes on with what a finger or the wheel set in motion; says whether there is more to come.
    pub(super) fn glide(&mut self, passed: f64) -> bool {
        let (left, x, y) = self.hands.wheel;
        if left != 0.0 {
            let now = if self.is_still() || left.abs() < 0.01 { left } else { left * (1.0 - exp(-passed / 45.0)) };
            self.hands.wheel.0 = left - now;
            self.scene.camera.zoom(exp(now), x, y);
        }
        if self.hands.gliding {
            let (vx, vy) = self.hands.speed;
            self.pan_whole(vx * passed, vy * passed);
            let keep = exp(-passed / 180.0);
            self.hands.speed = (vx * keep, vy * keep);
            self.hands.gliding = vx.hypot(vy) > 0.02;
        }
        self.hands.gliding || self.hands.wheel.0 != 0.0
    }

    fn wheel(&mut self, event: &WheelEvent) {
        let (x, y) = position(event);
        // Lines and pages in pixels; a pinch on a touchpad comes as a wheel with the control key and small steps.
        let unit = [1.0, 16.0, 300.0][event.delta_mode().min(2) as usize];
        let speed = if event.ctrl_key() { 0.01 } else { 0.0022 };
        let wish = (-event.delta_y() * unit * speed).clamp(-0.7, 0.7);
        self.flight = None;
        self.hands.gliding = false;
        self.hands.wheel = ((self.hands.wheel.0 + wish).clamp(-2.5, 2.5), x, y);
    }

    /// How far from its centre a seat answers, in plan units: a finger gets a target of 24 pixels at least.
    fn hit(&self, x: f64, y: f64, touch: bool) -> Option<SeatId> {
        let camera = &self.scene.camera;
        let reach = (camera.radius() * 1.25).max(if touch { 13.0 } else { 5.0 }) / camera.scale;
        let (px, py) = camera.plan_at(x, y);
        self.scene.model.hit((px as f32, py as f32), reach as f32)
    }

    /// The plan moved beneath a resting mouse.
    pub(super) fn hover_again(&mut self) {
        if let (Some((x, y)), true) = (self.hands.mouse, self.hands.fingers.is_empty()) {
            self.hover_at(x, y);
        }
    }

    fn hover_at(&mut self, x: f64, y: f64) {
        let seat = if self.scene.camera.radius() >= 2.0 { self.hit(x, y, false) } else { None };
        if seat != self.scene.hover() {
            self.scene.set_hover(seat);
            match seat {
                Some(seat) => self.point(seat, By::Pointer),
                None => self.told.push(MapEvent::Leave),
            }
            self.cursor();
        }
    }

    fn cursor(&mut self) {
        let dragging = !self.hands.fingers.is_empty() && self.hands.travelled >= TAP;
        let shape = match self.scene.hover() {
            _ if dragging => "grabbing",
            Some(_) => "pointer",
            None => "grab",
        };
        let _ = self.canvas.style().set_property("cursor", shape);
    }

    fn tap(&mut self, x: f64, y: f64, touch: bool, now: f64) {
        let near = |(at, tx, ty): (f64, f64, f64)| now - at < DOUBLE && (tx - x).hypot(ty - y) < 30.0;
        let twice = self.hands.last_tap.take().is_some_and(near);
        let radius = self.scene.camera.radius();
        let seat = self.hit(x, y, touch);
        if radius < CHOOSE_FROM {
            let seat = seat.or_else(|| self.nearest_far(x, y));
            let section = seat.and_then(|s| self.scene.model.section_of(s));
            if let Some(plate) = section.and_then(|s| self.scene.model.plates.get(s)) {
                let around = plate.bounds;
                // A small section is shown whole; of a large one the part that was meant.
                let room = 2.6 / self.scene.camera.radius().max(0.1);
                let fits =
                    f64::from((around[2] - around[0]).max(around[3] - around[1])) * self.scene.camera.scale * room;
                let mut whole = self.scene.camera;
                let [x0, y0, x1, y1] = around.map(f64::from);
                whole.look_at(x0, y0, x1, y1, 9.0);
                // What is whole already comes nearer by the next tap, where the finger is.
                if fits < 420.0 && whole.scale > self.scene.camera.scale * 1.2 {
                    self.fly_to(around, 9.0);
                } else {
                    let factor = (8.5 / radius).max(1.5);
                    self.fly(|camera| camera.zoom(factor, x, y));
                }
                return;
            }
        }
        match seat {
            Some(seat) if radius >= CHOOSE_FROM => {
                self.point(seat, if touch { By::Touch } else { By::Pointer });
                self.told.push(MapEvent::Pick(seat));
            }
            _ if twice => self.fly(|camera| camera.zoom(2.2, x, y)),
            _ => {
                self.hands.last_tap = Some((now, x, y));
                self.told.push(MapEvent::Leave);
            }
        }
    }

    /// A seat within a finger's width where seats are tiny.
    fn nearest_far(&self, x: f64, y: f64) -> Option<SeatId> {
        let camera = &self.scene.camera;
        let (px, py) = camera.plan_at(x, y);
        self.scene.model.hit((px as f32, py as f32), (24.0 / camera.scale) as f32)
    }

    /// Takes a key; says whether it meant the map.
    fn key(&mut self, event: &KeyboardEvent) -> bool {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return false;
        }
        let arrow = match event.key().as_str() {
            "ArrowLeft" => Arrow::Left,
            "ArrowRight" => Arrow::Right,
            "ArrowUp" => Arrow::Up,
            "ArrowDown" => Arrow::Down,
            other => return self.other_key(other),
        };
        let next = match self.scene.focus() {
            Some(seat) => keyboard::step(&self.scene.model, seat, arrow),
            None => self.entry(),
        };
        if let Some(next) = next {
            self.focus_on(next);
        }
        true
    }

    fn entry(&mut self) -> Option<SeatId> {
        if let Some(seat) = self.hands.left.take() {
            return Some(seat);
        }
        let all = self.scene.buffer().all();
        let ratio = self.scene.ratio() * 2.0;
        let (x, y) = self.scene.camera.plan_at(f64::from(all.x1) / ratio, f64::from(all.y1) / ratio);
        keyboard::entry(&self.scene.model, (x as f32, y as f32))
    }

    fn other_key(&mut self, key: &str) -> bool {
        match key {
            "+" | "=" => self.zoom_step(1.8),
            "-" | "_" => self.zoom_step(1.0 / 1.8),
            "Home" | "0" => self.fit(),
            "Enter" | " " => match self.scene.focus() {
                Some(seat) => self.told.push(MapEvent::Pick(seat)),
                None => {
                    if let Some(seat) = self.entry() {
                        self.focus_on(seat);
                    }
                }
            },
            "PageDown" | "PageUp" => {
                let focus = self.scene.focus().or_else(|| self.entry());
                let next = focus.and_then(|seat| keyboard::section(&self.scene.model, seat, key == "PageDown"));
                if let Some(seat) = next.or(focus) {
                    self.focus_on(seat);
                }
            }
            "Escape" if self.scene.focus().is_some() => {
                self.scene.set_focus(None);
                self.told.push(MapEvent::Leave);
            }
            _ => return false,
        }
        true
    }

    /// Puts the focus ring on a seat, and the seat into view, near enough to be read.
    pub(super) fn focus_on(&mut self, seat: SeatId) {
        let Some((x, y)) = self.scene.model.at(seat).filter(|_| self.scene.model.is_shown(seat)) else { return };
        self.hands.mouse = None;
        self.scene.set_hover(None);
        self.scene.set_focus(Some(seat));
        let target = self.flight.map_or(self.scene.camera, |f| f.to);
        let (vx, vy) = target.view_at(f64::from(x), f64::from(y));
        let all = self.scene.buffer().all();
        let (w, h) = (f64::from(all.x1) / self.scene.ratio(), f64::from(all.y1) / self.scene.ratio());
        let i = self.insets;
        let margin = 56.0_f64.min(w / 4.0).min(h / 4.0);
        let out = |v: f64, low: f64, high: f64| (low + margin - v).max(0.0) + (high - margin - v).min(0.0);
        if target.radius() < 6.0 {
            self.fly_to([x, y, x, y], 10.0);
        } else {
            let (dx, dy) = (out(vx, i.left, w - i.right), out(vy, i.top, h - i.bottom));
            if (dx, dy) != (0.0, 0.0) {
                self.fly(|camera| camera.pan(dx.round(), dy.round()));
            }
        }
        self.point(seat, By::Keyboard);
    }
}

/// Where a pointer is, CSS pixels from the canvas' corner.
fn position(event: &MouseEvent) -> (f64, f64) {
    (f64::from(event.offset_x()), f64::from(event.offset_y()))
}
