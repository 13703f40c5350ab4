//! HTTP: the pages, the plain forms and the API, thin over the same services.

pub mod assets;
pub mod html;
pub mod layers;
pub mod once;
pub mod problem;
pub mod secret;
pub mod security;
