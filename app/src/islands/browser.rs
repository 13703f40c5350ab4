//! What only the browser can do: fetch, timers, and the clock that never jumps.

use leptos::task::spawn_local;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Request, RequestInit, Response};

/// Milliseconds since the page was asked for; never jumps when the machine's clock is set.
pub(super) fn now() -> f64 {
    leptos::prelude::window().performance().map_or(0.0, |performance| performance.now())
}

/// Whether somebody can see the page.
pub(super) fn visible() -> bool {
    leptos::prelude::document().visibility_state() == web_sys::VisibilityState::Visible
}

/// Calls `again` every `ms` milliseconds, for as long as the page lives.
pub(super) fn every(ms: u64, again: impl Fn() + 'static) {
    let _ = leptos::prelude::set_interval_with_handle(again, core::time::Duration::from_millis(ms));
}

/// A key that no other request of this page has.
pub(super) fn key() -> String {
    let part = || ((js_sys::Math::random() * f64::from(u32::MAX)) as u32).to_string();
    [part(), part(), part()].join("-")
}

/// A request to our own server. `None` where no answer came.
pub(super) async fn ask(method: &str, url: &str, headers: &[(&str, &str)], body: Option<&str>) -> Option<Response> {
    let init = RequestInit::new();
    init.set_method(method);
    if let Some(body) = body {
        init.set_body(&JsValue::from_str(body));
    }
    let request = Request::new_with_str_and_init(url, &init).ok()?;
    for (name, value) in headers {
        request.headers().set(name, value).ok()?;
    }
    JsFuture::from(leptos::prelude::window().fetch_with_request(&request)).await.ok()?.dyn_into().ok()
}

/// The answer's text.
pub(super) async fn text(response: &Response) -> Option<String> {
    JsFuture::from(response.text().ok()?).await.ok()?.as_string()
}

/// The answer's bytes.
pub(super) async fn bytes(response: &Response) -> Option<Vec<u8>> {
    let buffer = JsFuture::from(response.array_buffer().ok()?).await.ok()?;
    Some(js_sys::Uint8Array::new(&buffer).to_vec())
}

/// The clock of the checkout.
pub(super) mod countdown {
    use leptos::ev::SubmitEvent;
    use leptos::prelude::*;

    use super::{ask, every, now, spawn_local, text};
    use crate::api::holds::HoldView;
    use crate::components::clock::WARN_BELOW;

    /// What is read aloud when little time is left.
    pub(crate) const WARNING: &str =
        "Two minutes left. After that the seats go back. You can take ten more minutes by one press.";

    /// Counts `left` down, warns once, and goes to `over` when nothing is left.
    pub(crate) fn run(left: RwSignal<i64>, said: RwSignal<String>, over: String) {
        // The server's answer is as old as the page.
        let ends = StoredValue::new(left.get_untracked() as f64);
        let known = StoredValue::new(left.get_untracked());
        every(500, move || {
            let shown = left.get_untracked();
            if shown != known.get_value() {
                // Somebody extended it.
                ends.set_value(now() + shown as f64);
            }
            let rest = (ends.get_value() - now()) as i64;
            if shown >= WARN_BELOW && rest < WARN_BELOW {
                said.set(WARNING.to_owned());
            }
            left.set(rest.max(0));
            known.set_value(rest.max(0));
            if rest <= 0 && shown > 0 && !over.is_empty() {
                let _ = window().location().assign(&over);
            }
        });
    }

    /// Asks for more time.
    pub(crate) fn extend(
        event: &SubmitEvent,
        hold: String,
        left: RwSignal<i64>,
        extensions: RwSignal<u8>,
        said: RwSignal<String>,
    ) {
        event.prevent_default();
        spawn_local(async move {
            let url = ["/api/v1/holds/", &hold, "/extend"].concat();
            let answer = match ask("POST", &url, &[], None).await {
                Some(response) if response.ok() => text(&response).await,
                _ => None,
            };
            match answer.and_then(|text| serde_json::from_str::<HoldView>(&text).ok()) {
                Some(hold) => {
                    left.set(hold.remaining_ms);
                    extensions.set(hold.extensions_left);
                    said.set("You have ten more minutes.".to_owned());
                }
                None => {
                    extensions.set(0);
                    said.set("More time could not be given. Please finish now; your seats are still yours.".to_owned());
                }
            }
        });
    }
}
