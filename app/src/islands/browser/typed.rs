//! What was typed about the buyer stays while their places are held: a reload loses nothing, nor does a look back at the
//! seats. It lives in this window alone and comes back for the same hold alone; of a card nothing is kept.

use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, Storage};

use super::{by_id, window};

const KEY: &str = "typed";

fn storage() -> Option<Storage> {
    window().session_storage().ok()?
}

fn fields() -> Option<[HtmlInputElement; 2]> {
    let field = |id| by_id(id)?.dyn_into().ok();
    Some([field("name")?, field("email")?])
}

/// Keeps it as it is now.
pub(super) fn keep(hold: &str) {
    let (Some(storage), Some([name, email])) = (storage(), fields()) else { return };
    let _ = storage.set_item(KEY, &[hold, &name.value(), &email.value()].join("\n"));
}

/// Gives it back, where the page came without it.
pub(super) fn give_back(hold: &str) {
    let (Some(storage), Some(fields)) = (storage(), fields()) else { return };
    let kept = storage.get_item(KEY).ok().flatten().unwrap_or_default();
    let mut lines = kept.split('\n');
    if lines.next() == Some(hold) {
        for (field, text) in fields.iter().zip(lines).filter(|(field, _)| field.value().is_empty()) {
            field.set_value(text);
        }
    }
}
