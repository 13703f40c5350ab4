//! The seat map: a pure model, camera, hit test and painter, and the canvas that shows them in the browser.
//!
//! Everything but [`view`] is pure and tested on the host; `view` exists in the browser alone. The pixels themselves are
//! drawn by the crate `raster`.

pub mod camera;
pub mod events;
pub mod keyboard;
mod labels;
mod layout;
pub mod letters;
pub mod look;
pub mod model;
mod names;
mod naming;
pub mod nearer;
pub mod outline;
mod paint;
pub mod scene;
mod spots;
pub mod theme;
#[cfg(all(feature = "hydrate", target_arch = "wasm32"))]
pub mod view;

#[cfg(test)]
mod tests;

pub use camera::{Camera, Insets};
pub use events::{By, CategoryWords, Filter, MapEvent, MapWords, Spot};
pub use theme::Theme;
#[cfg(all(feature = "hydrate", target_arch = "wasm32"))]
pub use view::{MapOptions, SeatMapView};
