//! What a mounted map holds, and its dealings with the page: listening, size, theme, flights.

use std::rc::Rc;

use domain::chart::Chart;
use domain::seat::SeatId;
use js_sys::{Function, Object, Reflect};
use raster::Rect;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    AddEventListenerOptions, CanvasRenderingContext2d, HtmlCanvasElement, MediaQueryList, MessageChannel,
    ResizeObserver, Window,
};

use super::super::model::Model;
use super::super::nearer;
use super::super::scene::Scene;
use super::super::{Camera, Insets, MapEvent, Spot, Theme};
use super::input::Hands;
use super::pen::Pen;
use super::{MapOptions, ON_CANVAS};

/// A flight of the camera.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    pub(super) from: Camera,
    pub(super) to: Camera,
    pub(super) start: Option<f64>,
}

/// Everything behind a mounted map.
pub(super) struct State {
    pub(super) scene: Scene,
    pub(super) canvas: HtmlCanvasElement,
    pub(super) context: CanvasRenderingContext2d,
    pub(super) window: Window,
    pub(super) pen: Pen,
    /// Of the canvas, in CSS pixels, when it was last measured.
    size: (f64, f64),
    pub(super) insets: Insets,
    covered: Option<fn() -> Insets>,
    pub(super) hands: Hands,
    pub(super) flight: Option<Flight>,
    /// When the suggestion's pulse began; `None` inside: in the next frame.
    pub(super) pulse: Option<Option<f64>>,
    /// Events to tell once nothing is borrowed.
    pub(super) told: Vec<MapEvent>,
    pub(super) ready: bool,
    /// What the zoom buttons were last told.
    pub(super) buttons: Option<(bool, bool, bool)>,
    pub(super) quality: super::frame::Quality,
    pub(super) channel: Option<MessageChannel>,
    pub(super) asked: Option<i32>,
    pub(super) last_frame: f64,
    /// The camera of the last frame.
    pub(super) seen: Camera,
    pub(super) callback: Option<Function>,
    observer: Option<ResizeObserver>,
    dark: Option<MediaQueryList>,
    pub(super) still: Option<MediaQueryList>,
}

impl State {
    pub(super) fn new(canvas: HtmlCanvasElement, chart: Rc<Chart>, options: MapOptions) -> Option<Self> {
        let window = web_sys::window()?;
        let settings = Object::new();
        Reflect::set(&settings, &"alpha".into(), &JsValue::FALSE).ok()?;
        let context = canvas.get_context_with_context_options("2d", &settings).ok()??.dyn_into().ok()?;
        let pen = Pen::new(&window)?;
        let model = Model::new(chart);
        let plan = (f64::from(model.size.0), f64::from(model.size.1));
        let camera = Camera::new(plan, f64::from(model.radius), (1.0, 1.0), Insets::default());
        let mut scene = Scene::new(model, camera, Theme::light(), 1, 1, 1.0);
        scene.set_words(options.prices, options.words);
        let media = |query| window.match_media(query).ok().flatten();
        let (dark, still) = (media("(prefers-color-scheme: dark)"), media("(prefers-reduced-motion: reduce)"));
        let mut state = Self {
            scene,
            canvas,
            context,
            pen,
            size: (1.0, 1.0),
            insets: Insets::default(),
            covered: options.insets,
            hands: Hands::default(),
            flight: None,
            pulse: None,
            told: Vec::new(),
            ready: false,
            buttons: None,
            quality: super::frame::Quality::new(options.sharp),
            channel: MessageChannel::new().ok(),
            asked: None,
            last_frame: 0.0,
            seen: camera,
            callback: None,
            observer: None,
            dark,
            still,
            window,
        };
        state.read_theme();
        state.measure();
        Some(state)
    }

    /// Begins to listen.
    pub(super) fn listen(&mut self, callback: &Function) {
        let active = AddEventListenerOptions::new();
        active.set_passive(false);
        for name in ON_CANVAS {
            let _ =
                self.canvas.add_event_listener_with_callback_and_add_event_listener_options(name, callback, &active);
        }
        let _ = self.window.add_event_listener_with_callback("resize", callback);
        if let Some(dark) = &self.dark {
            let _ = dark.add_event_listener_with_callback("change", callback);
        }
        if let Some(channel) = &self.channel {
            channel.port1().set_onmessage(Some(callback));
        }
        if let Ok(observer) = ResizeObserver::new(callback) {
            observer.observe(&self.canvas);
            self.observer = Some(observer);
        }
        let _ = self.canvas.style().set_property("touch-action", "none");
        self.callback = Some(callback.clone());
        self.wake();
    }

    /// Stops listening.
    pub(super) fn unlisten(&mut self, callback: &Function) {
        for name in ON_CANVAS {
            let _ = self.canvas.remove_event_listener_with_callback(name, callback);
        }
        let _ = self.window.remove_event_listener_with_callback("resize", callback);
        if let Some(dark) = &self.dark {
            let _ = dark.remove_event_listener_with_callback("change", callback);
        }
        if let Some(channel) = self.channel.take() {
            channel.port1().close();
        }
        if let Some(observer) = self.observer.take() {
            observer.disconnect();
        }
        if let Some(asked) = self.asked.take() {
            let _ = self.window.cancel_animation_frame(asked);
        }
        self.callback = None;
    }

    /// Asks for an animation frame unless one is coming.
    pub(super) fn wake(&mut self) {
        if self.asked.is_none()
            && let Some(callback) = &self.callback
        {
            self.asked = self.window.request_animation_frame(callback).ok();
        }
    }

    /// Takes over the canvas' size, what covers it at this size, and the screen's pixel ratio.
    pub(super) fn measure(&mut self) {
        let around = self.canvas.get_bounding_client_rect();
        self.size = (around.width().max(1.0), around.height().max(1.0));
        self.insets = self.covered.map_or_else(Insets::default, |covered| covered());
        self.scene.camera.resize(self.size, self.insets);
        self.resize();
    }

    /// Gives the canvas as many pixels as its size, the screen's ratio and the quality ask for. Nothing of the page is looked
    /// at: it would have to be laid out, in the midst of a motion.
    pub(super) fn resize(&mut self) {
        let (w, h) = self.size;
        let ratio = self.window.device_pixel_ratio().clamp(0.5, 4.0) * self.quality.cut;
        let (width, height) = ((w * ratio).round().max(1.0), (h * ratio).round().max(1.0));
        if (self.canvas.width(), self.canvas.height()) != (width as u32, height as u32) {
            self.canvas.set_width(width as u32);
            self.canvas.set_height(height as u32);
            self.scene.redraw();
        }
        self.scene.set_size(width as usize, height as usize, ratio);
    }

    /// Reads the colours and the font anew.
    pub(super) fn read_theme(&mut self) {
        let dark = self.dark.as_ref().is_some_and(MediaQueryList::matches);
        let mut theme = if dark { Theme::dark() } else { Theme::light() };
        self.pen.read(&self.window, &self.canvas, &mut theme);
        self.scene.set_theme(theme);
    }

    /// Whether the reader wants no motion.
    pub(super) fn is_still(&self) -> bool {
        self.still.as_ref().is_some_and(MediaQueryList::matches)
    }

    /// Where a seat is on the screen; `None` when it is out of view.
    pub(super) fn spot(&self, seat: SeatId) -> Option<Spot> {
        let at = self.scene.model.at(seat).filter(|_| self.scene.model.is_shown(seat))?;
        let camera = &self.scene.camera;
        let (x, y) = camera.view_at(f64::from(at.0), f64::from(at.1));
        let view = self.scene.buffer().all();
        let all = Rect::new(
            0,
            0,
            (f64::from(view.x1) / self.scene.ratio()) as i32,
            (f64::from(view.y1) / self.scene.ratio()) as i32,
        );
        let inside = x >= 0.0 && y >= 0.0 && x <= f64::from(all.x1) && y <= f64::from(all.y1);
        inside.then(|| Spot { x, y, radius: camera.radius() })
    }

    /// Flies to where a change takes the camera; at once when there is to be no motion.
    pub(super) fn fly(&mut self, change: impl FnOnce(&mut Camera)) {
        // From where the last flight would have ended, so that two quick presses count twice.
        let mut to = self.flight.map_or(self.scene.camera, |f| f.to);
        change(&mut to);
        self.hands.rest();
        if self.is_still() || !self.ready {
            self.scene.camera = to;
            self.flight = None;
        } else if to != self.scene.camera {
            self.flight = Some(Flight { from: self.scene.camera, to, start: None });
        }
    }

    /// One step of the zoom buttons, from where the last one will have led.
    pub(super) fn zoom_step(&mut self, factor: f64) {
        let from = self.flight.map_or(self.scene.camera, |flight| flight.to);
        let (x, y) = nearer::about(&self.scene.model, &from, self.scene.focus(), factor);
        self.fly(|camera| camera.zoom(factor, x, y));
    }

    /// The whole house.
    pub(super) fn fit(&mut self) {
        self.fly(Camera::fit);
    }

    /// Looks at a box of the plan, seats at most `radius` CSS pixels large.
    pub(super) fn fly_to(&mut self, around: [f32; 4], radius: f64) {
        let [x0, y0, x1, y1] = around.map(f64::from);
        self.fly(|camera| camera.look_at(x0, y0, x1, y1, radius));
    }

    /// Looks at a point at once.
    pub(super) fn look(&mut self, scale: f64, x: f64, y: f64) {
        self.flight = None;
        self.hands.rest();
        let camera = &mut self.scene.camera;
        let factor = scale / camera.scale;
        let at = camera.view_at(x, y);
        let ratio = self.scene.ratio;
        let all = self.scene.buffer.all();
        let (w, h) = (f64::from(all.x1) / ratio, f64::from(all.y1) / ratio);
        if (factor - 1.0).abs() > 1e-9 {
            camera.zoom(factor, at.0, at.1);
        }
        let at = camera.view_at(x, y);
        let whole = |d: f64| (d * ratio).round() / ratio;
        camera.pan(whole(w / 2.0 - at.0), whole(h / 2.0 - at.1));
    }

    /// Suggested seats, which pulse once.
    pub(super) fn suggest(&mut self, seats: &[SeatId]) {
        self.pulse = (!seats.is_empty()).then_some(None);
        self.scene.set_suggestion(seats, 0);
    }
}
