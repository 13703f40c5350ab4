//! What wakes up in the browser: the seat picker and the clock of the checkout. Everything else is plain HTML.
//!
//! The islands are thin: the server draws them whole, with plain forms, as the island's children. In the browser they
//! listen at one place, and redraw the few parts that change from the same text that the server drew them with
//! ([`crate::components::html`]). Views that hydrate would weigh more than twice the budget, so the browser has no Leptos:
//! `frontend` exports a `wake` under each island's name, and its loader calls it.

#[cfg(all(feature = "hydrate", target_arch = "wasm32"))]
mod browser;
pub mod checkout_clock;
pub mod picker;
