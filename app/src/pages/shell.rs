//! The HTML document around every page: head, header, footer, and the islands' loader where a page asks for it.

use leptos::prelude::*;

use crate::components::{Icon, icon};

/// Addresses of the built files.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// The style sheet of every page.
    pub css: String,
    /// What pages without an island have beyond it.
    pub pages: String,
    /// The display face, which lies beside the style sheet.
    pub font: String,
    /// The icon.
    pub icon: String,
    /// The module that wakes the islands.
    pub js: String,
    /// The WASM it loads.
    pub wasm: String,
    /// The script that keeps counts fresh.
    pub live: String,
}

/// What one page says about itself.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// Title, without the product's name.
    pub title: String,
    /// One sentence for search engines and previews; empty: none, and the page is not indexed.
    pub description: String,
    /// Class of the body.
    pub class: &'static str,
    /// Loads the islands.
    pub islands: bool,
    /// Keeps the parts marked `data-live` fresh; where the stream at this address says so, or, empty, now and then.
    pub live: Option<String>,
    /// Waits: looks every so many seconds whether the address still answers with a page of this class, and loads it
    /// anew when it does not. Without a script the whole page is loaded each time.
    pub wait: Option<u32>,
    /// Binary files that the islands will ask for at once.
    pub preload: Vec<String>,
}

/// The scripts that stand in pages, word for word: the content policy names each by its hash, so that a page is the same
/// for everybody and may be kept.
pub const SCRIPTS: [&str; 2] = [LOADER, WAITER];

/// Wakes the islands. Where that fails (an old browser, a lost network) the page says `still` and shows its forms.
const LOADER: &str = "import(document.currentScript.dataset.js).catch(e=>{console.warn('Parterre runs without scripts here.',e);\
document.documentElement.classList.add('still')})";

/// Looks again without disturbing whoever reads: the page is only loaded anew when there is news. To be told to slow down
/// is none.
const WAITER: &str = "const{seconds,class:c}=document.currentScript.dataset;setInterval(async()=>{try{\
const r=await fetch(location.href),t=await r.text();if(r.status<500&&r.status!=429&&!t.includes('class=\"'+c+'\"'))location.reload()}\
catch{}},seconds*1e3)";

fn again(seconds: u32) -> impl IntoView {
    let content = seconds.to_string();
    view! { <noscript><meta http-equiv="refresh" content=content/></noscript> }
}

/// The document: `content` is everything in the body.
pub fn document<V: IntoView>(frame: &Frame, head: Head, content: V) -> impl IntoView + use<V> {
    let Head { title, description, class, islands, live, wait, preload } = head;
    let title = if title.is_empty() { "Parterre".to_owned() } else { format!("{title} · Parterre") };
    let (css, font, favicon) = (frame.css.clone(), frame.font.clone(), frame.icon.clone());
    let hints = islands.then(|| {
        let files = preload
            .into_iter()
            .map(|href| view! { <link rel="preload" r#as="fetch" crossorigin="anonymous" href=href/> })
            .collect_view();
        view! {
            <link rel="modulepreload" href=frame.js.clone()/>
            <link rel="preload" r#as="fetch" r#type="application/wasm" crossorigin="anonymous" href=frame.wasm.clone()/>
            {files}
        }
    });
    let loader = islands.then(|| {
        view! {
            <script data-js=frame.js.clone() inner_html=LOADER></script>
        }
    });
    let keeper = live.map(|stream| {
        let stream = (!stream.is_empty()).then_some(stream);
        view! { <script defer=true src=frame.live.clone() data-stream=stream></script> }
    });
    let waiter = wait.map(|seconds| {
        let seconds = seconds.to_string();
        view! {
            <script data-seconds=seconds data-class=class inner_html=WAITER></script>
        }
    });
    let about = if description.is_empty() {
        view! { <meta name="robots" content="noindex"/> }.into_any()
    } else {
        view! { <meta name="description" content=description/> }.into_any()
    };
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"/>
                <title>{title}</title>
                <link rel="preload" r#as="font" r#type="font/woff2" crossorigin="anonymous" href=font/>
                <link rel="stylesheet" href=css/>
                {(!islands).then(|| view! { <link rel="stylesheet" href=frame.pages.clone()/> })}
                <link rel="icon" r#type="image/svg+xml" href=favicon/>
                <meta name="theme-color" media="(prefers-color-scheme: light)" content="#FBF8F3"/>
                <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#14100F"/>
                {about}
                {wait.map(again)}
                {hints}
            </head>
            <body class=class>
                {content.into_any()}
                {loader}
                {waiter}
                {keeper}
            </body>
        </html>
    }
}

/// Header, `main` and footer of a page that reads from top to bottom.
pub fn reading<V: IntoView>(nav: Option<(String, &'static str)>, content: V) -> impl IntoView + use<V> {
    let nav = nav.map(|(href, words)| {
        view! {
            <nav aria-label="Back">
                <a href=href>{icon(Icon::BACK)}{words}</a>
            </nav>
        }
    });
    view! {
        <a class="skip" href="#main">"Skip to the content"</a>
        <header class="wrap">
            <div class="top">
                <a class="brand" href="/">{icon(Icon::BRAND)}"Parterre"</a>
                {nav}
            </div>
        </header>
        <main class="wrap" id="main">{content.into_any()}</main>
        <footer class="wrap">
            <div class="foot">
                <span>"Every price is the whole price: fees and tax are inside."</span>
                <span>"Parterre, open-source ticketing."</span>
            </div>
        </footer>
    }
}
