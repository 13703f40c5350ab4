//! Small pieces that pages and islands share. They hold no data and fetch none.

pub mod clock;
pub mod field;
pub mod html;
mod icon;
pub mod notice;
pub mod when;

pub use icon::{Icon, icon};
