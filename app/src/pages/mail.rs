//! The development page that shows mail which was written to the data folder instead of being sent.

use leptos::prelude::*;

use super::shell::{Frame, Head, document, reading};
use crate::components::{Icon, icon};

/// A letter in the list.
#[derive(Clone, Debug, Default)]
pub struct LetterRow {
    /// Its page.
    pub href: String,
    /// Subject.
    pub subject: String,
    /// To whom.
    pub to: String,
    /// `Sat 21 Nov, 14:03`.
    pub at: String,
}

/// The list.
pub fn list(frame: &Frame, letters: Vec<LetterRow>) -> impl IntoView + use<> {
    let head = Head { title: "Mail".into(), ..Head::default() };
    let none = letters.is_empty();
    let rows = letters
        .into_iter()
        .map(|letter| {
            view! {
                <li>
                    <a href=letter.href><b>{letter.subject}</b><small>{letter.at}</small><small>{letter.to}</small></a>
                </li>
            }
        })
        .collect_view();
    let content = view! {
        <div class="narrow">
            <h1>"Mail"</h1>
            <p class="muted">"No mail server is set, so letters stay here. Set SMTP_URL to send them."</p>
            {if none {
                view! { <p class="empty">"No letter yet. Buy a ticket and look again."</p> }.into_any()
            } else {
                view! { <ul class="letters">{rows}</ul> }.into_any()
            }}
        </div>
    };
    document(frame, head, reading(Some(("/".into(), "All events")), content))
}

/// One letter.
#[derive(Clone, Debug, Default)]
pub struct LetterPage {
    /// Subject.
    pub subject: String,
    /// To whom.
    pub to: String,
    /// `Sat 21 Nov, 14:03`.
    pub at: String,
    /// The plain text.
    pub text: String,
    /// Name and address of each attachment.
    pub attachments: Vec<(String, String)>,
}

/// Shows a letter.
pub fn letter(frame: &Frame, data: LetterPage) -> impl IntoView + use<> {
    let head = Head { title: data.subject.clone(), ..Head::default() };
    let files = data
        .attachments
        .into_iter()
        .map(|(name, href)| view! { <a class="btn quiet slim" href=href>{icon(Icon::DOWNLOAD)}{name}</a> })
        .collect_view();
    let content = view! {
        <article class="narrow">
            <p class="eyebrow">{format!("To {} · {}", data.to, data.at)}</p>
            <h1>{data.subject}</h1>
            <pre class="letter">{data.text}</pre>
            <p class="acts about">{files}</p>
        </article>
    };
    document(frame, head, reading(Some(("/dev/mail".into(), "All mail")), content))
}
