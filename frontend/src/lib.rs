//! The browser entry point.
#![cfg(target_arch = "wasm32")]
