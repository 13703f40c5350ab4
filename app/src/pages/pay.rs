//! While a payment is on its way: the bank's question (test provider), and waiting for its answer.

use leptos::prelude::*;

use super::shell::{Frame, Head, document, reading};
use crate::components::{Icon, icon};

/// The test bank's 3-D Secure question.
#[derive(Clone, Debug, Default)]
pub struct ChallengePage {
    /// Where the answer is posted: `/pay/test/{intent}`.
    pub action: String,
    /// `€138.00`.
    pub amount: String,
    /// What is bought.
    pub title: String,
    /// How long the places are still kept, `about 8 more minutes, until 20:41, Hamburg time`; empty where that is over.
    pub kept_for: String,
}

/// How long the places are kept, in a sentence that ends what is said before it.
fn kept(kept_for: &str) -> String {
    if kept_for.is_empty() { String::new() } else { format!(" Your places are kept for {kept_for}.") }
}

/// Asks as a bank would.
pub fn challenge(frame: &Frame, data: ChallengePage) -> impl IntoView + use<> {
    let head = Head { title: "Confirm your payment".into(), ..Head::default() };
    let content = view! {
        <div class="narrow stack">
            <span class="seal wait">{icon(Icon::LOCK)}</span>
            <h1>"Is this you?"</h1>
            <p>"The test bank asks you to confirm a payment of "<b class="num">{data.amount.clone()}</b>" for "{data.title}"."</p>
            <p class="muted">"This stands in for 3-D Secure; no money moves."{kept(&data.kept_for)}</p>
            <form class="acts" method="post" action=data.action>
                <button class="btn big" name="answer" value="approve">"Yes, pay "<span class="num">{data.amount.clone()}</span></button>
                <button class="btn quiet big" name="answer" value="decline">"No, this is not me"</button>
            </form>
        </div>
    };
    document(frame, head, reading(None, content))
}

/// Waiting for the bank.
#[derive(Clone, Debug, Default)]
pub struct ProcessingPage {
    /// `€138.00`.
    pub amount: String,
    /// Where mail will go.
    pub email: String,
    /// Seconds waited so far: after a while the words change.
    pub waited: u32,
    /// How long the places are still kept, `about 8 more minutes, until 20:41, Hamburg time`; empty where that is over.
    pub kept_for: String,
    /// The page itself, for whoever does not want to wait for the next look.
    pub here: String,
}

/// Looks again every few seconds by itself, without a script.
pub fn processing(frame: &Frame, data: ProcessingPage) -> impl IntoView + use<> {
    let long = data.waited >= 20;
    let head = Head {
        title: "Waiting for your bank".into(),
        class: "page-waiting",
        wait: Some(if long { 10 } else { 2 }),
        ..Head::default()
    };
    let text = if long {
        let mail = data.email;
        let then = if data.kept_for.is_empty() {
            format!("What comes of it goes to {mail}.")
        } else {
            format!("If it says yes in time, your tickets go to {mail}.")
        };
        format!(
            "Your bank has not answered yet. You need not wait: we keep asking, and you are not charged twice. {then}{}",
            kept(&data.kept_for)
        )
    } else {
        format!(
            "Your bank is checking the payment. This takes a few seconds, and this page moves on by itself.{}",
            kept(&data.kept_for)
        )
    };
    let content = view! {
        <div class="narrow stack" role="status">
            <span class="seal wait">
                <svg class="icon spin" viewBox="0 0 24 24" aria-hidden="true"><path d="M12 3a9 9 0 1 1-9 9"></path></svg>
            </span>
            <h1>{if long { "Still with your bank" } else { "One moment" }}</h1>
            <p>{text}</p>
            <p class="muted">"Amount: "<span class="num">{data.amount}</span></p>
            <p><a class="btn quiet" href=data.here>"Look now"</a></p>
        </div>
    };
    document(frame, head, reading(None, content))
}
