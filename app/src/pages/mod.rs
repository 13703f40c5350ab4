//! The pages: one file a route, each a pure view over a plain struct. They fetch nothing and know no clock.
//!
//! A handler fills the struct, calls the page inside [`render`], and sends the text.

pub mod checkout;
pub mod event;
pub mod home;
pub mod mail;
pub mod order;
pub mod pay;
pub mod seat_list;
pub mod seats;
pub mod shell;
pub mod ticket;
pub mod wrong;

use std::sync::Arc;

use hydration_context::SsrSharedContext;
use leptos::prelude::*;

pub use shell::Frame;

/// Renders a whole page to HTML. `page` is called inside a reactive owner that marks islands for the browser.
pub fn render<V: IntoView>(page: impl FnOnce() -> V) -> String {
    let owner = Owner::new_root(Some(Arc::new(SsrSharedContext::new_islands())));
    let html = owner.with(|| page().into_view().to_html());
    owner.cleanup();
    html
}
