//! Small pieces that pages and islands share. They hold no data and fetch none.

mod icon;
pub mod clock;
pub mod field;
pub mod notice;
pub mod when;

pub use icon::{Icon, icon};
