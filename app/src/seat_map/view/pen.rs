//! The browser's letters and colours: a hidden canvas that draws words and understands every way to write a colour.

use js_sys::{Object, Reflect};
use raster::TextMask;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, Window};

use super::super::Theme;
use super::super::letters::{Letters, Style};
use super::super::theme::parse;

/// Draws words on a hidden canvas and reads them back.
pub(super) struct Pen {
    canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
    family: String,
}

impl Pen {
    pub(super) fn new(window: &Window) -> Option<Self> {
        let canvas: HtmlCanvasElement = window.document()?.create_element("canvas").ok()?.dyn_into().ok()?;
        let settings = Object::new();
        Reflect::set(&settings, &"willReadFrequently".into(), &JsValue::TRUE).ok()?;
        let context = canvas.get_context_with_context_options("2d", &settings).ok()??.dyn_into().ok()?;
        Some(Self { canvas, context, family: String::new() })
    }

    /// Reads the font and the colours as the style sheet gives them to the map's canvas. What is missing or cannot be
    /// read stays as it is.
    pub(super) fn read(&mut self, window: &Window, canvas: &HtmlCanvasElement, theme: &mut Theme) {
        let Ok(Some(style)) = window.get_computed_style(canvas) else { return };
        self.family = style.get_property_value("font-family").unwrap_or_default();
        for (name, slot) in Theme::PROPERTIES.iter().zip(theme.slots()) {
            let Ok(css) = style.get_property_value(name) else { continue };
            if css.is_empty() {
                continue;
            }
            self.context.set_fill_style_str(css.trim_ascii());
            let read = Reflect::get(&self.context, &"fillStyle".into()).ok().and_then(|v| v.as_string());
            if let Some(colour) = read.and_then(|css| parse(&css)) {
                *slot = colour;
            }
        }
    }
}

impl Letters for Pen {
    fn draw(&mut self, words: &[&str], style: Style) -> Vec<TextMask> {
        let size = u32::from(style.size);
        let family = if self.family.is_empty() { "sans-serif" } else { &self.family };
        let weight = if style.bold { "600 " } else { "500 " };
        let font = [weight, &size.to_string(), "px ", family].concat();
        self.context.set_font(&font);
        let wide = |word: &&str| self.context.measure_text(word).map_or(0.0, |m| m.width()).ceil() as u32;
        // One beneath the other.
        let (width, each) = ((words.iter().map(wide).max().unwrap_or(0) + 4).min(2000), size * 3 / 2);
        let height = each * words.len() as u32;
        if self.canvas.width() < width || self.canvas.height() < height {
            self.canvas.set_width(width.max(self.canvas.width()));
            self.canvas.set_height(height.max(self.canvas.height()));
            self.context.set_font(&font);
        }
        self.context.set_fill_style_str("#000");
        self.context.clear_rect(0.0, 0.0, f64::from(width), f64::from(height));
        // Capitals and digits are some 0.72 em high: their middle goes to the middle.
        let baseline = (f64::from(each) / 2.0 + f64::from(size) * 0.36).round();
        for (word, line) in words.iter().zip(0_u32..) {
            let _ = self.context.fill_text(word, 2.0, baseline + f64::from(line * each));
        }
        let Ok(picture) = self.context.get_image_data(0.0, 0.0, f64::from(width), f64::from(height)) else {
            return Vec::new();
        };
        let (picture, bytes) = (picture.data(), (width * each * 4) as usize);
        let lines = picture.chunks(bytes.max(1)).take(words.len());
        lines.map(|line| TextMask::from_alpha(width as i32, each as i32, line, i32::from(style.edge))).collect()
    }
}
