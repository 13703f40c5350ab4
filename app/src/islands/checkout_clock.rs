//! The clock beside the checkout: counts the server's time, warns, and is extended by one press.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::components::clock::{WARN_BELOW, minutes};
use crate::components::{Icon, icon};

/// What a clock counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockProps {
    /// The hold it belongs to; empty once an order keeps the seats.
    pub hold: String,
    /// Milliseconds left when the server answered.
    pub remaining_ms: i64,
    /// Extensions left.
    pub extensions_left: u8,
    /// Where to go when time is up.
    pub over: String,
}

/// Counts down. Without a script it shows what was left when the page was made.
#[island]
pub fn CheckoutClock(clock: ClockProps) -> impl IntoView {
    let left = RwSignal::new(clock.remaining_ms);
    let extensions = RwSignal::new(clock.extensions_left);
    let said = RwSignal::new(String::new());
    let extend = (!clock.hold.is_empty()).then(|| format!("/holds/{}/extend", clock.hold));
    #[cfg(all(feature = "hydrate", target_arch = "wasm32"))]
    let on_extend = {
        let hold = clock.hold.clone();
        super::browser::countdown::run(left, said, clock.over.clone());
        move |event: leptos::ev::SubmitEvent| {
            super::browser::countdown::extend(&event, hold.clone(), left, extensions, said)
        }
    };
    #[cfg(not(all(feature = "hydrate", target_arch = "wasm32")))]
    let on_extend = |_: leptos::ev::SubmitEvent| {};
    view! {
        <div class="clock" class:low=move || left.get() < WARN_BELOW>
            {icon(Icon::Clock)}
            <span>"Held for you"</span>
            <b class="num" role="timer" aria-live="off">{move || minutes(left.get())}</b>
            {extend.map(|action| view! {
                <form method="post" action=action on:submit=on_extend hidden=move || extensions.get() == 0>
                    <input type="hidden" name="back" value="checkout"/>
                    <button class="link">"Give me ten more minutes"</button>
                </form>
            })}
            <span class="off" role="status">{move || said.get()}</span>
        </div>
    }
}
