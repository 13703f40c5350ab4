//! The one set of icons: a 24 grid, strokes of 1.75, coloured by the text around them.

#[cfg(feature = "ssr")]
use leptos::prelude::*;

/// An icon: its path on the grid. Each is a constant, so that the browser's client holds those alone that it draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Icon(&'static str);

#[allow(missing_docs)]
impl Icon {
    pub const ARROW: Self = Self("M5 12h14M13 6l6 6-6 6");
    pub const BACK: Self = Self("M19 12H5M11 6l-6 6 6 6");
    pub const BRAND: Self = Self("M3 19c4-5.5 14-5.5 18 0M5.5 13.5c3.5-4 9.5-4 13 0M8.5 8.5c2-2 5-2 7 0");
    pub const CALENDAR: Self =
        Self("M4 8a2 2 0 0 1 2-2h12a2 2 0 0 1 2 2v11a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2zM4 11h16M8 3v4M16 3v4");
    pub const CHECK: Self = Self("M5 12.5l4.5 4.5L19 7.5");
    pub const CLOCK: Self = Self("M4 13a8 8 0 1 0 16 0 8 8 0 1 0-16 0M12 9v4l2.5 2M9.5 2.5h5");
    pub const CLOSE: Self = Self("M6 6l12 12M18 6L6 18");
    pub const DOOR: Self = Self("M5 21h14M7 21V4.5A1.5 1.5 0 0 1 8.5 3h7A1.5 1.5 0 0 1 17 4.5V21M13.5 12v1");
    pub const DOWNLOAD: Self = Self("M12 4v11M7 10.5l5 5 5-5M5 20h14");
    pub const INFO: Self = Self("M3 12a9 9 0 1 0 18 0 9 9 0 1 0-18 0M12 11v5.5M12 7.6v.1");
    pub const LOCK: Self =
        Self("M6 11h12a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1v-8a1 1 0 0 1 1-1zM8 11V7.5a4 4 0 0 1 8 0V11");
    pub const MAIL: Self =
        Self("M5 5h14a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2zM3.5 7.5L12 13l8.5-5.5");
    pub const MINUS: Self = Self("M6 12h12");
    pub const PIN: Self = Self(
        "M12 21.5c4.5-4.6 7-8.2 7-11.5a7 7 0 0 0-14 0c0 3.3 2.5 6.9 7 11.5zM9.5 10a2.5 2.5 0 1 0 5 0 2.5 2.5 0 1 0-5 0",
    );
    pub const PLUS: Self = Self("M12 6v12M6 12h12");
    pub const TICKET: Self = Self(
        "M3 8a2 2 0 0 1 2-2h14a2 2 0 0 1 2 2v2a2 2 0 0 0 0 4v2a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-2a2 2 0 0 0 0-4zM14 6.5v2M14 11v2M14 15.5v2",
    );
    pub const WARNING: Self = Self("M12 4L2.8 20h18.4zM12 10v4.5M12 17.2v.1");
    pub const WHEEL: Self = Self("M10.5 4.5v7h5.5l3 6.5M10.5 8.5h4.5M8.5 11.2a5 5 0 1 0 6.3 6.3M10 4a.7.7 0 1 0 1 0");
    pub const WHOLE: Self = Self("M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5");

    /// Its path on the grid.
    #[must_use]
    pub fn outline(self) -> &'static str {
        self.0
    }
}

/// Draws an icon. It is silent to screen readers: the words beside it, or the button's label, speak.
#[cfg(feature = "ssr")]
pub fn icon(which: Icon) -> AnyView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path d=which.outline()></path>
        </svg>
    }
    .into_any()
}
