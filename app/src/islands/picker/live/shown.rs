//! Writing what is known into the page.

use wasm_bindgen::JsValue;

use super::super::markup;
use super::state::with;
use crate::components::notice::Tone;
use crate::islands::browser::{by_id, mark, put, say};

/// The basket, and everything that depends on whether something is held.
pub(super) fn basket() {
    let (html, held) = with(|p| {
        if let Some(hold) = &mut p.hold {
            hold.remaining_ms = p.left;
        }
        (markup::basket(p.hold.as_ref(), &p.kept), p.hold.is_some())
    });
    put("basket", &html);
    if let Some(root) = by_id("pick") {
        let _ = root.class_list().toggle_with_force("held", held);
    }
}

/// A notice; empty words take it away.
pub(super) fn notice(tone: Tone, text: &str) {
    let html = with(|p| {
        let (seats, standing) = (p.again.seats.as_slice(), p.again.standing.as_slice());
        markup::notice(tone, text, &markup::Offer { slug: &p.slug, seats, standing, again: p.ran_out })
    });
    put("notice", &html);
}

/// While a request is on its way.
pub(super) fn busy(busy: bool) {
    if let Some(root) = by_id("pick") {
        mark(&root, "aria-busy", if busy { "true" } else { "false" });
    }
}

fn property(id: &str, name: &str) -> Option<JsValue> {
    let field = by_id(id)?;
    js_sys::Reflect::get(&field, &JsValue::from_str(name)).ok()
}

/// The whole number in a field.
pub(super) fn typed(id: &str) -> Option<u32> {
    property(id, "value")?.as_string()?.parse().ok()
}

/// Whether a box is ticked.
pub(super) fn ticked(id: &str) -> bool {
    property(id, "checked").is_some_and(|ticked| ticked.is_truthy())
}

/// Opens the wishes that were asked for with the best seats: nobody should be refused for what they do not see.
pub(super) fn wishes() {
    if let Some(more) =
        by_id("wishes").filter(|_| typed("least").is_some() || typed("upto").is_some() || ticked("easy"))
    {
        mark(&more, "open", "");
    }
}

/// How many seats are looked for.
pub(super) fn quantity(quantity: u32) {
    let text = quantity.to_string();
    if let Some(field) = by_id("quantity") {
        let _ = js_sys::Reflect::set(&field, &JsValue::from_str("value"), &JsValue::from_str(&text));
    }
    say("best", &if quantity == 1 { "Best seat".to_owned() } else { ["Best ", &text, " together"].concat() });
}

/// Which tab is chosen.
pub(super) fn tab(list: bool) {
    if let Some(root) = by_id("pick") {
        mark(&root, "data-view", if list { "list" } else { "map" });
    }
    for (id, chosen) in [("tab-list", list), ("tab-map", !list)] {
        if let Some(tab) = by_id(id) {
            mark(&tab, "aria-selected", if chosen { "true" } else { "false" });
            mark(&tab, "tabindex", if chosen { "0" } else { "-1" });
        }
    }
}
