//! A labelled field with its hint and its error beside it.

use leptos::prelude::*;

use super::{Icon, icon};

/// A field of a form, and what was typed into it.
#[derive(Clone, Debug, Default)]
pub struct Field {
    /// Name in the form; also the element's id.
    pub name: &'static str,
    /// What it is.
    pub label: &'static str,
    /// `text`, `email`, ...
    pub kind: &'static str,
    /// The browser's autofill token.
    pub autocomplete: &'static str,
    /// Keyboard on phones; empty: by kind.
    pub inputmode: &'static str,
    /// An example.
    pub placeholder: &'static str,
    /// A line beneath; empty: none.
    pub hint: &'static str,
    /// Longest value in characters.
    pub max: u16,
    /// What was typed.
    pub value: String,
    /// What is wrong with it, and how to put it right.
    pub error: Option<String>,
    /// Takes the cursor when the page opens: the first field with an error.
    pub focus: bool,
}

/// Draws a field.
pub fn field(data: Field) -> impl IntoView {
    let Field { name, label, kind, autocomplete, inputmode, placeholder, hint, max, value, error, focus } = data;
    let wrong = error.is_some();
    let described = match (wrong, hint.is_empty()) {
        (true, _) => Some(format!("{name}-error")),
        (false, false) => Some(format!("{name}-hint")),
        (false, true) => None,
    };
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <input
                class="input"
                id=name
                name=name
                type=kind
                autocomplete=autocomplete
                inputmode=(!inputmode.is_empty()).then_some(inputmode)
                placeholder=(!placeholder.is_empty()).then_some(placeholder)
                maxlength=max.to_string()
                value=value
                required
                autofocus=focus
                aria-invalid=wrong.then_some("true")
                aria-describedby=described
            />
            {match error {
                Some(text) => {
                    view! { <p class="err" id=format!("{name}-error")>{icon(Icon::WARNING)}<span>{text}</span></p> }.into_any()
                }
                None if hint.is_empty() => ().into_any(),
                None => view! { <p class="hint" id=format!("{name}-hint")>{hint}</p> }.into_any(),
            }}
        </div>
    }
}
