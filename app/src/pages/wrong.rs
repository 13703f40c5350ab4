//! Wrong turns, each with a way on: what happened, what it means for seats and money, what to do.

use leptos::prelude::*;

use super::home::search;
use super::shell::{Frame, Head, document, reading};
use crate::components::{Icon, icon};

/// A page that is not what was hoped for.
#[derive(Clone, Debug, Default)]
pub struct WrongPage {
    /// A few words.
    pub title: String,
    /// What happened and what it means.
    pub text: String,
    /// What to do, the likeliest first.
    pub ways: Vec<Way>,
    /// Offers the search.
    pub search: bool,
    /// Something is broken on our side, or money is in question.
    pub grave: bool,
    /// For whoever asks for help; empty: none.
    pub report: String,
}

/// A way on.
#[derive(Clone, Debug)]
pub enum Way {
    /// A page.
    Go {
        /// The button's words.
        words: String,
        /// Where.
        href: String,
    },
    /// A form, such as taking the same seats again.
    Send {
        /// The button's words.
        words: String,
        /// Where.
        action: String,
        /// Hidden fields.
        fields: Vec<(String, String)>,
    },
}

impl Way {
    fn go(words: &str, href: impl Into<String>) -> Self {
        Self::Go { words: words.to_owned(), href: href.into() }
    }
}

impl WrongPage {
    /// 404.
    #[must_use]
    pub fn not_found() -> Self {
        Self {
            title: "Nothing at this address".into(),
            text: "The page may have moved, or the link lost a letter on its way. Look for the event instead:".into(),
            search: true,
            ways: vec![Way::go("See everything", "/")],
            ..Self::default()
        }
    }

    /// Every place is gone.
    #[must_use]
    pub fn sold_out(slug: &str) -> Self {
        Self {
            title: "Sold out".into(),
            text: "Nothing that fits is left at this moment, and nothing was charged.".into(),
            ways: vec![Way::go("Look again", format!("/events/{slug}/seats")), Way::go("Other events", "/")],
            ..Self::default()
        }
    }

    /// The hold ran out. Its `seats`, and so many standing places of each tier, are tried again by one press.
    #[must_use]
    pub fn expired(slug: &str, seats: &[u32], standing: &[(String, u32)]) -> Self {
        let (one, all) = match (seats.len(), standing.is_empty()) {
            (1, true) => ("seat", "seats"),
            (_, true) => ("seats", "seats"),
            _ => ("places", "places"),
        };
        let places = standing.iter().map(|(tier, count)| (format!("standing_{tier}"), count.to_string()));
        let again = Way::Send {
            words: format!("Take the same {one} again"),
            action: format!("/events/{slug}/hold"),
            fields: seats
                .iter()
                .map(|seat| ("seat".to_owned(), seat.to_string()))
                .chain(places)
                .chain([("heal".to_owned(), "1".to_owned())])
                .collect(),
        };
        let choose = Way::go("Choose others", format!("/events/{slug}/seats"));
        Self {
            title: "Your time ran out".into(),
            text: format!(
                "We had to give your {all} back, and nothing was charged. If they are still free, one press brings them \
                 back."
            ),
            ways: if seats.is_empty() && standing.is_empty() { vec![choose] } else { vec![again, choose] },
            ..Self::default()
        }
    }

    /// Money was taken and the places could not be given: it goes back by itself.
    #[must_use]
    pub fn money_back(slug: &str) -> Self {
        Self {
            title: "Your money is on its way back".into(),
            text: "We could not give you these places and have sent your money back in full. Your bank may take a few days \
                   to show it."
                .into(),
            ways: vec![Way::go("Choose other places", format!("/events/{slug}/seats"))],
            grave: true,
            ..Self::default()
        }
    }

    /// The hold is somebody else's, or never was.
    #[must_use]
    pub fn not_yours() -> Self {
        Self {
            title: "This basket is not open here".into(),
            text:
                "It belongs to another browser, or it was emptied. Open it where you chose the seats, or choose anew."
                    .into(),
            ways: vec![Way::go("See what is on", "/")],
            search: true,
            ..Self::default()
        }
    }

    /// Not on sale yet, or no longer. `opens` is such as `Mon 30 Nov, 10:00`.
    #[must_use]
    pub fn not_on_sale(slug: &str, opens: Option<&str>) -> Self {
        let text = opens.map_or_else(
            || "Tickets for this event are not on sale at the moment. Nothing was charged.".to_owned(),
            |opens| format!("Tickets go on sale {opens}, in the venue's time. Come back then; nothing is lost."),
        );
        let ways = vec![Way::go("About the event", format!("/events/{slug}")), Way::go("Other events", "/")];
        Self { title: "Not on sale".into(), text, ways, ..Self::default() }
    }

    /// A choice was refused; `text` says why and `slug` leads back.
    #[must_use]
    pub fn refused(title: &str, text: &str, slug: &str) -> Self {
        let ways = vec![Way::go("Back to the seats", format!("/events/{slug}/seats"))];
        Self { title: title.into(), text: text.into(), ways, ..Self::default() }
    }

    /// Something failed. `paid` is the page that tells how things stand, where money may be in question.
    #[must_use]
    pub fn trouble(report: &str, paid: Option<&str>) -> Self {
        let (text, way) = match paid {
            Some(here) => (
                "We could not finish this, and it is written down for us. Look how things stand before you pay again.",
                Way::go("Look how things stand", here),
            ),
            None => (
                "We could not finish this, and it is written down for us. Nothing was charged. Please try again in a \
                 moment.",
                Way::go("Start again", "/"),
            ),
        };
        Self {
            title: "Something is wrong on our side".into(),
            text: text.into(),
            ways: vec![way],
            grave: true,
            report: report.into(),
            ..Self::default()
        }
    }

    /// Something failed while money was in question: neither success nor failure may be told.
    #[must_use]
    pub fn checking(here: &str) -> Self {
        Self {
            title: "We are checking".into(),
            text: "This took longer than it should, and we do not know yet whether it went through. Please do not pay again: \
                   your places stay yours while we look, and if you paid, the tickets come by mail."
                .into(),
            ways: vec![Way::go("Look again", here)],
            grave: true,
            ..Self::default()
        }
    }
}

impl WrongPage {
    /// A change of a basket may or may not have gone through.
    #[must_use]
    pub fn unsure(slug: &str) -> Self {
        let seats = || Way::go("Look at the seats", format!("/events/{slug}/seats"));
        Self {
            title: "We are not sure yet".into(),
            text: "This took longer than it should, and we do not know whether it went through. Nothing was charged. \
                   Look what you hold before you choose again."
                .into(),
            ways: vec![if slug.is_empty() { Way::go("See what is on", "/") } else { seats() }],
            grave: true,
            ..Self::default()
        }
    }
}

/// The page.
pub fn page(frame: &Frame, data: WrongPage) -> impl IntoView + use<> {
    let head = Head { title: data.title.clone(), ..Head::default() };
    let seal = if data.grave { "seal bad" } else { "seal care" };
    let ways = data.ways.into_iter().enumerate().map(|(at, way)| shown(way, at == 0 && !data.search)).collect_view();
    let content = view! {
        <div class="narrow stack">
            <span class=seal>{icon(Icon::WARNING)}</span>
            <h1>{data.title}</h1>
            <p>{data.text}</p>
            {data.search.then(|| search(""))}
            <div class="acts">{ways}</div>
            {(!data.report.is_empty()).then(|| view! { <p class="eyebrow">"Report "<code>{data.report}</code></p> })}
        </div>
    };
    document(frame, head, reading(None, content))
}

fn shown(way: Way, first: bool) -> impl IntoView {
    let class = if first { "btn" } else { "btn quiet" };
    match way {
        Way::Go { words, href } => view! { <a class=class href=href>{words}</a> }.into_any(),
        Way::Send { words, action, fields } => {
            let fields = fields
                .into_iter()
                .map(|(name, value)| view! { <input type="hidden" name=name value=value/> })
                .collect_view();
            view! { <form method="post" action=action>{fields}<button class=class>{words}</button></form> }.into_any()
        }
    }
}
