//! What wakes up in the browser: the seat picker and the clocks. Everything else is plain HTML.

#[cfg(all(feature = "hydrate", target_arch = "wasm32"))]
mod browser;
pub mod checkout_clock;
pub mod picker;
