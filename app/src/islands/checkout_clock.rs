//! The clock beside the checkout: counts the server's time, warns, and is extended by one press.

#[cfg(feature = "ssr")]
use leptos::prelude::*;

#[cfg(feature = "ssr")]
use crate::components::clock::{WARN_BELOW, minutes};
#[cfg(feature = "ssr")]
use crate::components::{Icon, icon};

/// What a clock counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClockProps {
    /// The hold it belongs to, or that became the order.
    pub hold: String,
    /// Milliseconds left when the server answered.
    pub remaining_ms: i64,
    /// Extensions left.
    pub extensions_left: u8,
    /// Where to go when time is up.
    pub over: String,
    /// When that is, on the venue's clock: `20:41, Hamburg time`.
    pub until: String,
}

/// Around the clock drawn by [`face`]: what the loader wakes by this name.
#[cfg(feature = "ssr")]
#[island]
pub fn CheckoutClock(children: Children) -> impl IntoView {
    children()
}

/// Starts the clock of this page.
#[cfg(all(feature = "hydrate", target_arch = "wasm32"))]
pub fn wake() {
    super::browser::countdown::start();
}

/// The clock as the server draws it. Without a script it shows what was left when the page was made, and until when.
#[cfg(feature = "ssr")]
pub fn face(clock: ClockProps) -> impl IntoView {
    let low = clock.remaining_ms < WARN_BELOW;
    let extend = (!clock.hold.is_empty() && clock.extensions_left > 0).then(|| {
        view! {
            <form id="extend" method="post" action=format!("/holds/{}/extend", clock.hold)>
                <input type="hidden" name="back" value="checkout"/>
                <button class="link">"Give me ten more minutes"</button>
            </form>
        }
    });
    let until = format!(" until {}", clock.until);
    view! {
        <div class="clock" class:low=low id="clock" data-hold=clock.hold data-left=clock.remaining_ms.to_string() data-over=clock.over>
            {icon(Icon::CLOCK)}
            <span>"Held for you"<small class="noscript">{until}</small></span>
            <b class="num" id="left" role="timer" aria-live="off">{minutes(clock.remaining_ms)}</b>
            {extend}
            <span id="said" role="status"></span>
        </div>
    }
}
