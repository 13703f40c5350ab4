//! The browser's entry point: what the loader calls to wake an island, under the island's own name.
//!
//! Leptos draws the islands on the server. Here is none of it: an island that wakes finds its parts by their ids, so a
//! reactive runtime and a second copy of every view would only have to be fetched.
#![cfg(target_arch = "wasm32")]

use wasm_bindgen::prelude::wasm_bindgen;

/// Wakes the seat picker.
#[wasm_bindgen(js_name = SeatPicker)]
pub fn seat_picker() {
    app::islands::picker::wake();
}

/// Wakes the clock of the checkout.
#[wasm_bindgen(js_name = CheckoutClock)]
pub fn checkout_clock() {
    app::islands::checkout_clock::wake();
}
