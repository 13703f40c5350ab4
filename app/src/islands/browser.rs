//! What only the browser can do: fetch, elements by id, JSON by the browser's own parser, and a clock that never jumps.
//!
//! Small on purpose: one kind of closure, no reflection over our own types, no second JSON parser.

pub(super) mod countdown;
mod typed;

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Document, Element, FocusOptions, HtmlElement, Request, RequestInit, Response, Window};

/// The window; there is always one where this runs.
pub(super) fn window() -> Window {
    js_sys::global().unchecked_into()
}

fn document() -> Document {
    // A window without a document runs no islands.
    window().document().unwrap_or_else(|| JsValue::NULL.unchecked_into())
}

/// An element by its id.
pub(super) fn by_id(id: &str) -> Option<HtmlElement> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

/// Whether somebody can see the page.
pub(super) fn visible() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Visible
}

/// Puts the cursor on an element.
pub(super) fn focus(id: &str) {
    if let Some(element) = by_id(id) {
        let _ = element.focus();
    }
}

/// Sets an element's text, where it differs: what is set is read aloud.
pub(super) fn say(id: &str, text: &str) {
    if let Some(element) = by_id(id).filter(|element| element.text_content().as_deref() != Some(text)) {
        element.set_text_content(Some(text));
    }
}

/// Replaces what an element holds; the cursor stays on the element of the same id, or goes to the element itself. Nothing
/// scrolls.
pub(super) fn put(id: &str, html: &str) {
    let Some(element) = by_id(id) else { return };
    let active = document().active_element().filter(|active| element.contains(Some(active)));
    element.set_inner_html(html);
    if let Some(active) = active {
        let still = FocusOptions::new();
        still.set_prevent_scroll(true);
        let _ = by_id(&active.id()).unwrap_or(element).focus_with_options(&still);
    }
}

/// Sets an attribute.
pub(super) fn mark(element: &Element, name: &str, value: &str) {
    let _ = element.set_attribute(name, value);
}

/// Milliseconds since the page was asked for; never jumps when the machine's clock is set.
pub(super) fn now() -> f64 {
    window().performance().map_or(0.0, |performance| performance.now())
}

#[wasm_bindgen]
extern "C" {
    // In the loader: a closure made here would cost half a kilobyte.
    #[wasm_bindgen(js_name = afterPaint)]
    fn after_paint() -> Promise;
}

/// Ends once the browser has shown what was changed until now: work that takes long waits for it.
pub(super) async fn shown() {
    let _ = JsFuture::from(after_paint()).await;
}

/// Calls `hear` for every event of `names` that reaches `at`, and with something else every `ms` milliseconds, for as
/// long as the page lives. An event may come while another is heard: moving the cursor does that. Answers what hears, so
/// that it may listen elsewhere too.
pub(super) fn listen(at: &Element, names: &[&str], ms: i32, hear: impl Fn(JsValue) + 'static) -> Function {
    let closure = Closure::<dyn Fn(JsValue)>::new(hear);
    let function: Function = closure.as_ref().unchecked_ref::<Function>().clone();
    for name in names {
        let _ = at.add_event_listener_with_callback(name, &function);
    }
    let _ = window().set_interval_with_callback_and_timeout_and_arguments_0(&function, ms);
    // Lives as long as the page.
    closure.forget();
    function
}

/// The id of what has the cursor.
pub(super) fn active() -> String {
    document().active_element().map(|element| element.id()).unwrap_or_default()
}

#[wasm_bindgen]
extern "C" {
    // Unlike `randomUUID` it is there without TLS too.
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn random(bytes: &mut [u8]);
}

/// A key that nobody else has or guesses: 32 letters of four random bits each.
pub(super) fn key() -> String {
    let mut bytes = [0; 32];
    random(&mut bytes);
    bytes.iter().map(|byte| char::from(b'a' + byte % 16)).collect()
}

/// How long an answer is waited for, in milliseconds: a look, which comes round again, and all else, for which the server
/// takes 20 seconds at most. The plan of a large house has to come over a bad line.
const LOOK_FOR: u32 = 8_000;
const PATIENCE: u32 = 25_000;

#[wasm_bindgen]
extern "C" {
    // Missing in browsers of before 2022, which then wait as long as they like.
    #[wasm_bindgen(catch, js_namespace = AbortSignal, js_name = timeout)]
    fn end_after(ms: u32) -> Result<JsValue, JsValue>;
}

/// A request to our own server. `None` where no answer came, or not in time.
pub(super) async fn ask(method: &str, url: &str, headers: &[(&str, &str)], body: Option<&str>) -> Option<Response> {
    let init = RequestInit::new();
    init.set_method(method);
    if let Ok(end) = end_after(if method == "GET" && !url.starts_with("/charts/") { LOOK_FOR } else { PATIENCE }) {
        let _ = Reflect::set(&init, &JsValue::from_str("signal"), &end);
    }
    if let Some(body) = body {
        init.set_body(&JsValue::from_str(body));
    }
    let request = Request::new_with_str_and_init(url, &init).ok()?;
    for (name, value) in headers {
        request.headers().set(name, value).ok()?;
    }
    JsFuture::from(window().fetch_with_request(&request)).await.ok()?.dyn_into().ok()
}

/// The answer's bytes.
pub(super) async fn bytes(response: &Response) -> Option<Vec<u8>> {
    let buffer = JsFuture::from(response.array_buffer().ok()?).await.ok()?;
    Some(js_sys::Uint8Array::new(&buffer).to_vec())
}

/// A JSON value as the browser holds it. What is missing reads as nothing, zero, or an empty list.
#[derive(Clone, Debug)]
pub(super) struct Json(JsValue);

impl From<&web_sys::Event> for Json {
    fn from(event: &web_sys::Event) -> Self {
        Self(event.into())
    }
}

impl Json {
    /// Reads text.
    pub(super) fn parse(text: &str) -> Option<Self> {
        js_sys::JSON::parse(text).ok().map(Self)
    }

    /// Reads an answer.
    pub(super) async fn of(response: &Response) -> Option<Self> {
        JsFuture::from(response.json().ok()?).await.ok().map(Self)
    }

    /// A member.
    pub(super) fn get(&self, name: &str) -> Self {
        Self(Reflect::get(&self.0, &JsValue::from_str(name)).unwrap_or(JsValue::NULL))
    }

    /// The items of a list.
    pub(super) fn items(&self) -> Vec<Self> {
        self.0.dyn_ref::<js_sys::Array>().map_or_else(Vec::new, |list| list.iter().map(Self).collect())
    }

    /// Itself, unless it is null or missing.
    pub(super) fn some(self) -> Option<Self> {
        (!self.0.is_null() && !self.0.is_undefined()).then_some(self)
    }

    /// A text.
    pub(super) fn text(&self) -> String {
        self.0.as_string().unwrap_or_default()
    }

    /// A whole number.
    pub(super) fn whole(&self) -> i64 {
        // JSON's numbers are doubles in a browser.
        self.0.as_f64().unwrap_or(0.0) as i64
    }
}
