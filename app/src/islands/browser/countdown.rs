//! The clock of the checkout.

use std::cell::Cell;
use std::rc::Rc;

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;

use super::{Json, ask, by_id, key, listen, mark, now, say, typed, visible, window};
use crate::components::clock::{OVER, WARN_BELOW, minutes};

/// What is read aloud when little time is left and more can be had.
pub(in crate::islands) const WARNING: &str =
    "Less than two minutes left. After that the seats go back. You can take ten more minutes by one press.";
/// What is read aloud when no more can be had.
pub(in crate::islands) const LAST_WARNING: &str = "Less than two minutes left. After that the seats go back.";

/// Until somebody is asked again who did not answer, in milliseconds.
const AGAIN: i64 = 3_000;

/// Shows what is left on the clock of this page.
pub(in crate::islands) fn show(left: i64) {
    if let Some(clock) = by_id("clock") {
        let _ = clock.class_list().toggle_with_force("low", left < WARN_BELOW);
        say("left", &minutes(left));
    }
}

fn number(element: &web_sys::Element, name: &str) -> f64 {
    element.get_attribute(name).and_then(|text| text.parse::<i64>().ok()).unwrap_or(0) as f64
}

/// Counts the clock down, warns once, and leaves the page when nothing is left. Where it leads back is decided there:
/// another window may have paid, or taken more time.
pub(in crate::islands) fn start() {
    let Some(clock) = by_id("clock") else { return };
    // The server's answer is as old as the page. What `data-left` says counts from `data-from` on.
    let (warned, goes) = (Cell::new(false), Rc::new(Cell::new(OVER)));
    let seen = clock.clone();
    let hold = clock.get_attribute("data-hold").unwrap_or_default();
    typed::give_back(&hold);
    let hear = listen(&clock, &["submit"], 500, move |value: JsValue| {
        typed::keep(&hold);
        if let Some(event) = value.dyn_ref::<web_sys::Event>().filter(|event| event.type_() == "submit") {
            event.prevent_default();
            extend(seen.clone());
            return;
        }
        let left = (number(&seen, "data-from") + number(&seen, "data-left") - now()) as i64;
        show(left);
        // Nobody hears what is said while they are elsewhere: it waits for them.
        if (0..WARN_BELOW).contains(&left) && !warned.get() && visible() {
            warned.set(true);
            say("said", if by_id("extend").is_some() { WARNING } else { LAST_WARNING });
        }
        if left >= WARN_BELOW {
            warned.set(false);
        }
        let over = seen.get_attribute("data-over").unwrap_or_default();
        if left < goes.get() && !over.is_empty() {
            goes.set(left - AGAIN);
            let goes = Rc::clone(&goes);
            spawn_local(async move {
                // Where nobody answers it would lead to the browser's own page.
                if ask("GET", "/healthz", &[], None).await.is_some() {
                    goes.set(i64::MIN);
                    let _ = window().location().assign(&over);
                }
            });
        }
    });
    // What was typed last is kept too.
    let _ = window().add_event_listener_with_callback("pagehide", &hear);
}

fn extend(clock: web_sys::HtmlElement) {
    spawn_local(async move {
        let hold = clock.get_attribute("data-hold").unwrap_or_default();
        // One key a page: pressed again after silence, it is the same wish.
        let key = clock.get_attribute("data-key").unwrap_or_else(key);
        mark(&clock, "data-key", &key);
        let url = ["/api/v1/holds/", &hold, "/extend"].concat();
        let response = ask("POST", &url, &[("idempotency-key", &key)], None).await;
        let told = match &response {
            Some(response) => Json::of(response).await,
            None => None,
        };
        let busy = response.is_some_and(|response| matches!(response.status(), 429 | 503));
        let told = match told {
            Some(told) if !busy && told.get("code").text() != "idempotency_key_in_progress" => told,
            told => {
                // In the house's own words, where it has any.
                let words = told.map(|told| told.get("detail").text()).filter(|words| !words.is_empty());
                let silent = "We could not reach Parterre. Check your connection and press again.";
                say("said", words.as_deref().unwrap_or(silent));
                return;
            }
        };
        let answer = told.get("remaining_ms").some();
        if let Some(form) = by_id("extend") {
            form.remove();
        }
        match answer {
            Some(left) => {
                mark(&clock, "data-from", &(now() as i64).to_string());
                mark(&clock, "data-left", &left.whole().to_string());
                say("said", "You have ten more minutes.");
            }
            None => say("said", "More time could not be given. Please finish now."),
        }
    });
}
