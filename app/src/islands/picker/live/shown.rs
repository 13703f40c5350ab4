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
    // Whoever hears of no change knows only what there was when the page was made.
    if super::stream::is_live() {
        standing();
    }
    if let Some(root) = by_id("pick") {
        let _ = root.class_list().toggle_with_force("held", held);
    }
}

/// Of each standing price as many can be chosen as are left, one's own included. What was chosen stays where it can be had.
pub(super) fn standing() {
    let changed = with(|p| {
        let (own, mut changed) = (p.standing(), Vec::new());
        for ((name, tier), (left, shown)) in p.names.iter().zip(p.tiers.iter()).zip(&mut p.stock) {
            let own = own.iter().find(|(tier, _)| tier == name).map_or(0, |(_, quantity)| *quantity);
            let most = tier.max.min(left.saturating_add(own));
            if tier.category.is_none() && shown.replace(most) != Some(most) {
                changed.push((["standing_", name].concat(), tier.min.max(1), most, own));
            }
        }
        changed
    });
    for (id, least, most, own) in changed {
        put(&id, &markup::options(least, most, typed(&id).filter(|chosen| *chosen <= most).unwrap_or(own)));
        let Some(select) = by_id(&id) else { continue };
        let _ = select.toggle_attribute_with_force("disabled", most == 0);
        if let Ok(Some(line)) = select.closest(".line") {
            let _ = line.class_list().toggle_with_force("out", most == 0);
        }
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
