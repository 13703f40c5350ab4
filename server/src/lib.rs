//! Parterre's server: features behind traits, wired together in one place.

pub mod clock;
pub mod trouble;
