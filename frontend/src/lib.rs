//! The browser entry point: brings the islands of `app` into the bundle and readies the runtime that wakes them.
#![cfg(target_arch = "wasm32")]

// Every island is an exported function of `app`; naming the crate keeps them in the bundle.
use app as _;
use wasm_bindgen::prelude::wasm_bindgen;

/// Readies the reactive runtime. The loader calls it once, before it wakes the first island.
#[wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
