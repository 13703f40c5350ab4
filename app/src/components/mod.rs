//! Small pieces that pages and islands share. They hold no data and fetch none.

pub mod clock;
#[cfg(feature = "ssr")]
pub mod field;
pub mod html;
mod icon;
pub mod notice;
mod price;
#[cfg(feature = "ssr")]
pub mod when;

pub use icon::Icon;
#[cfg(feature = "ssr")]
pub use icon::icon;
pub use price::price;
