//! HTTP: the pages, the plain forms and the API, thin over the same services.

pub mod assets;
mod baskets;
#[cfg(test)]
mod baskets_tests;
pub mod client;
mod cookies;
pub mod crowd;
pub mod files;
#[cfg(test)]
mod forgotten_tests;
pub mod form;
pub mod handover;
pub mod health;
#[cfg(test)]
mod health_tests;
pub mod hourly;
pub mod html;
pub mod json;
pub mod layers;
mod line;
#[cfg(test)]
mod log_tests;
pub mod looks;
mod loopback;
pub mod once;
pub mod pages;
pub mod peers;
pub mod problem;
pub mod refusals;
pub mod secret;
pub mod security;
pub mod serve;
#[cfg(test)]
mod silence_tests;
pub mod state;
pub mod v1;
pub mod views;
pub mod when;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

use state::Shop;

impl Shop {
    /// Everything that the server answers.
    pub fn router(&self) -> Router {
        let router = Router::new()
            .merge(pages::router(self))
            .merge(v1::router(self))
            .merge(files::router(self))
            .merge(health::router())
            .fallback(pages::wrong::nowhere)
            .with_state(self.clone());
        self.dressed(router)
    }

    /// Puts around `router` what stands around every handler of the shop.
    pub fn dressed(&self, router: Router) -> Router {
        // What the limits refuse is shown like what the handlers refuse: as a problem to the API, as a page to a person.
        let limited = layers::limits(router, self);
        let shown = limited.layer(from_fn_with_state(self.clone(), pages::wrong::as_page));
        let at_home = loopback::applies(&self.config, &self.public_url);
        layers::around(if at_home { shown.layer(from_fn(loopback::twins)) } else { shown })
    }
}
