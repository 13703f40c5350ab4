//! A few words that something happened: what, what it means, what to do.

#[cfg(feature = "ssr")]
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::Icon;
#[cfg(feature = "ssr")]
use super::icon;

/// How a notice feels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tone {
    /// By the way.
    #[default]
    Calm,
    /// Went well, or was made good.
    Good,
    /// Needs a look.
    Care,
    /// Did not work.
    Bad,
}

impl Tone {
    /// Its class.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Calm => "notice",
            Self::Good => "notice good",
            Self::Care => "notice care",
            Self::Bad => "notice bad",
        }
    }

    /// Its icon.
    #[must_use]
    pub fn icon(self) -> Icon {
        match self {
            Self::Calm => Icon::INFO,
            Self::Good => Icon::CHECK,
            Self::Care | Self::Bad => Icon::WARNING,
        }
    }
}

/// A notice's words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// How it feels.
    pub tone: Tone,
    /// What happened, in a sentence or two.
    pub text: String,
    /// Seats that are offered instead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offer: Vec<u32>,
    /// Standing places that go with them: the tier's id and how many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub standing: Vec<(String, u32)>,
}

impl Notice {
    /// A notice of the given tone.
    pub fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { tone, text: text.into(), offer: Vec::new(), standing: Vec::new() }
    }
}

/// What the loader shows whoever goes on while there is no connection.
#[cfg(feature = "ssr")]
pub fn offline() -> impl IntoView {
    view! {
        <div class=Tone::Bad.class() id="offline" role="alert" hidden>
            {icon(Tone::Bad.icon())}
            <p>
                "You are offline: nothing was sent and nothing was paid. What you hold stays yours until the clock runs out. Press \
                 again once you are back."
            </p>
        </div>
    }
}

/// Shows a notice. `role="status"`: read aloud without interrupting.
#[cfg(feature = "ssr")]
pub fn notice(data: Notice) -> impl IntoView {
    view! {
        <div class=data.tone.class() role="status">
            {icon(data.tone.icon())}
            <p>{data.text}</p>
        </div>
    }
}
