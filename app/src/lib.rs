//! Pages, islands and the seat map; the wire types that browser and server share.
// A page is one type as deep as its elements.
#![recursion_limit = "512"]
#[cfg(all(feature = "ssr", feature = "hydrate"))]
compile_error!("`ssr` and `hydrate` must never be united: build the frontend for wasm32 alone");

pub mod api;
pub mod components;
pub mod islands;
#[cfg(feature = "ssr")]
pub mod pages;
pub mod seat_map;
