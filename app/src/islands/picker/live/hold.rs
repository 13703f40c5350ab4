//! Holding, changing, extending and letting go, each told in words whatever comes of it.

use std::future::poll_fn;
use std::task::Poll;

use domain::seat::SeatId;
use wasm_bindgen_futures::spawn_local;

use super::super::held::Held;
use super::super::words;
use super::map::Pass;
use super::state::{Picker, Wish, with};
use super::{house, list, map, shown, stream};
use crate::components::html::Html;
use crate::components::notice::Tone;
use crate::islands::browser::{self, Json, ask, key, now, say, window};

/// How often a request whose fate is unknown is sent, always with the same key.
const TRIES: usize = 3;
/// Longest pause between two tries that the server may ask for, in seconds.
const LONGEST: u32 = 10;
/// A hold that is gone with no more milliseconds left ran out: the server's clock is a little ahead of the page's.
const CLOSE: f64 = 2_000.0;

/// Why nothing is held now.
enum Failed {
    /// The server's refusal.
    Refused(Json),
    /// No answer, or none that tells anything.
    Unknown,
}

/// The request as JSON. Ids and numbers of our own need no escaping.
fn body(picker: &Picker, wish: &Wish) -> String {
    let mut text = Html::default();
    text.raw("{\"heal\":true,\"seats\":[");
    for (at, seat) in wish.seats.iter().enumerate() {
        text.raw(if at > 0 { "," } else { "" }).number(*seat);
    }
    text.raw("],\"standing\":[");
    for (at, (tier, quantity)) in wish.standing.iter().enumerate() {
        text.raw(if at > 0 { "," } else { "" }).raw("{\"tier\":\"").raw(tier).raw("\",\"quantity\":").number(*quantity);
        text.raw("}");
    }
    text.raw("]");
    if let Some(quantity) = wish.best {
        text.raw(",\"best\":{\"together\":true,\"quantity\":").number(quantity);
        for (id, name) in [("least", ",\"min_price\":"), ("upto", ",\"max_price\":")] {
            if let Some(price) = shown::typed(id) {
                text.raw(name).number(price);
            }
        }
        if picker.pass == Pass::Accessible || shown::ticked("easy") {
            text.raw(",\"accessible\":true");
        }
        if let Pass::Zone(zone) = picker.pass
            && let Some(at) = picker.tiers.iter().position(|tier| tier.category == Some(zone))
        {
            text.raw(",\"tier\":\"").raw(&picker.names[at]).raw("\"");
        }
        text.raw("}");
    }
    if let Some(hold) = &picker.hold {
        text.raw(",\"replaces\":\"").raw(&hold.id).raw("\"");
    }
    text.raw("}");
    text.done()
}

/// Asks for a hold in place of the one there is. With `go` the map flies to what is held.
pub(super) fn place(wish: Wish, go: bool) {
    if with(|p| core::mem::replace(&mut p.busy, true)) {
        return;
    }
    let (offered, best) = (with(|p| core::mem::take(&mut p.again)), wish.best.is_some());
    shown::busy(true);
    shown::notice(Tone::Calm, "");
    // Shown at once; put right by the answer.
    if wish.best.is_none() {
        map::mine(&wish.seats);
    }
    let (url, text) = with(|p| (["/api/v1/events/", &p.slug, "/holds"].concat(), body(p, &wish)));
    spawn_local(async move {
        let mut tries = 0;
        let answer = loop {
            let answer = send("POST", &url, Some(&text)).await;
            tries += 1;
            // A cookie that was lost came back with the refusal: whoever keeps cookies never hears of it. With a basket it is
            // theirs to decide: the lost cookie's basket stays held without them.
            let lost = matches!(&answer, Err(Failed::Refused(told)) if told.get("code").text() == "no_cookie")
                && with(|p| p.hold.is_none());
            if !lost || tries == 2 {
                break answer;
            }
        };
        match answer {
            Ok(hold) => granted(&hold, go),
            Err(failed) => {
                if best {
                    shown::wishes();
                }
                // Whoever is told to press again has something to press.
                with(|p| p.again = offered);
                told(failed, wish.standing);
            }
        }
        settled().await;
    });
}

/// After an answer: everything shows what is held now.
async fn settled() {
    with(|p| p.busy = false);
    shown::busy(false);
    show().await;
}

async fn show() {
    shown::basket();
    map::mine(&with(|p| p.seats()));
    map::point_again();
    if !stream::is_live() {
        house::refresh().await;
    }
    list::refresh();
}

/// Sends and reads a hold; asks again with the same key while the outcome is unknown, after the pause that is asked for.
async fn send(method: &str, url: &str, body: Option<&str>) -> Result<Json, Failed> {
    let wish = [url, body.unwrap_or_default()].concat();
    let key = with(|p| {
        if p.unsure.0 != wish {
            p.unsure = (wish, key());
        }
        p.unsure.1.clone()
    });
    let mut headers = vec![("idempotency-key", key.as_str())];
    if body.is_some() {
        headers.push(("content-type", "application/json"));
    }
    // What is told: a try whose fate is open outweighs another that did nothing.
    let (mut wait, mut failed, mut open) = (0, Failed::Unknown, false);
    // Up to a second more, so that not everybody comes back at once: the key is random enough for that.
    for jitter in key.bytes().take(TRIES) {
        if wait > 0 {
            pause(wait * 1000 + u32::from(jitter - b'a') * 64).await;
        }
        wait = 1;
        let (mut code, mut told) = (String::new(), None);
        let response = ask(method, url, &headers, body).await;
        if let Some(response) = &response {
            let asked = response.headers().get("retry-after").ok().flatten().and_then(|text| text.parse().ok());
            wait = asked.unwrap_or(1).clamp(1, LONGEST);
            told = Json::of(response).await.filter(|told| response.ok() || !told.get("detail").text().is_empty());
            code = told.as_ref().map(|told| told.get("code").text()).unwrap_or_default();
        }
        // Of a proxy that answers in the house's place nothing is known either.
        let (Some(response), Some(json)) = (response, told.filter(|_| code != "idempotency_key_in_progress")) else {
            (failed, open) = (Failed::Unknown, true);
            continue;
        };
        // 503 says that nothing is known or nothing was done: the same key makes a second try harmless.
        if matches!(response.status(), 429 | 503) {
            let unsure = code == "unconfirmed";
            if unsure || !open {
                failed = Failed::Refused(json);
            }
            open |= unsure;
            continue;
        }
        with(|p| p.unsure.0.clear());
        return if response.ok() { Ok(json) } else { Err(Failed::Refused(json)) };
    }
    Err(failed)
}

/// Waits so many milliseconds, and for the tick after them.
pub(super) async fn pause(ms: u32) {
    let until = now() + f64::from(ms);
    poll_fn(|context| {
        if now() >= until {
            return Poll::Ready(());
        }
        with(|p| p.waiting.push(context.waker().clone()));
        Poll::Pending
    })
    .await;
}

/// Says why; what the server offers instead goes with the standing places that were wished for.
fn told(failed: Failed, standing: Vec<(String, u32)>) {
    match failed {
        Failed::Refused(problem) if problem.get("code").text() == "hold_expired" => gone(),
        Failed::Refused(problem) => {
            let offer: Vec<u32> = problem.get("offer").items().iter().map(|seat| seat.whole() as u32).collect();
            if !matches!(problem.get("status").whole(), 429 | 503) {
                with(|p| p.offer(offer.clone(), standing));
            }
            shown::notice(Tone::Care, &problem.get("detail").text());
            map::suggest(&offer.iter().copied().map(SeatId).collect::<Vec<_>>());
            if !offer.is_empty() {
                map::go_to(&offer);
            }
        }
        Failed::Unknown => shown::notice(
            Tone::Bad,
            "We could not reach Parterre, so nothing has changed that you see here. Check your connection and press \
             again; nothing is done twice.",
        ),
    }
}

fn granted(hold: &Json, go: bool) {
    let moved: Vec<_> = hold
        .get("healed")
        .items()
        .iter()
        .filter_map(|h| Some((house::place(h.get("wanted").whole())?, house::place(h.get("got").whole())?)))
        .collect();
    let mut said = words::healed(&moved);
    for words in hold.get("relaxed").items() {
        said.push_str(&[" ", &words.text()].concat());
    }
    if !said.is_empty() {
        let tone = match (hold.get("withdrawn").items().is_empty(), moved.is_empty()) {
            (false, _) => Tone::Care,
            (true, true) => Tone::Calm,
            (true, false) => Tone::Good,
        };
        shown::notice(tone, said.trim_ascii());
    }
    let (seats, said) = with(|p| {
        p.keep(hold);
        let Some(held) = &p.hold else { return Default::default() };
        let standing = held.standing.iter().map(|(_, quantity)| quantity).sum();
        let mut said = [&words::count(held.seats.len(), standing), " held for you, ", &held.total].concat();
        for line in &held.lines {
            said.push_str(", ");
            said.push_str(&line.label);
        }
        (held.seats.clone(), said)
    });
    say("said", &said);
    let eye = (go || !moved.is_empty()) && !seats.is_empty();
    map::suggest(&if eye { seats.iter().copied().map(SeatId).collect() } else { Vec::new() });
    if eye {
        spawn_local(async move {
            // On a phone the basket takes its room from the map: the flight goes to where the map is then.
            browser::shown().await;
            map::go_to(&seats);
        });
    }
}

/// Nothing is held under this id. With time left it was paid for or changed in another tab: the server shows what is so.
fn gone() {
    if with(|p| p.ends > now() + CLOSE) {
        let _ = window().location().reload();
    } else {
        over();
    }
}

/// Time is up: the seats went back.
fn over() {
    with(|p| {
        if let Some(hold) = p.hold.take() {
            let Held { seats, standing, .. } = hold;
            (p.again, p.ran_out) = (Wish { seats, standing, best: None }, true);
        }
    });
    shown::notice(Tone::Care, "Your time ran out. Seats that were not paid for went back.");
    spawn_local(settled());
}

fn held() -> Option<String> {
    with(|p| p.hold.as_ref().map(|hold| ["/api/v1/holds/", &hold.id].concat()))
}

/// Looks whether the hold is still what it was; another tab may have changed it. A server that was started anew may have
/// forgotten it, and says so: then the same places are asked for once more, before somebody else does. What cannot be
/// asked now, or is not answered, is asked with a later tick.
pub(super) fn look() {
    let Some(url) = held() else { return };
    with(|p| p.doubt = true);
    if with(|p| p.busy || core::mem::replace(&mut p.looking, true)) {
        return;
    }
    spawn_local(async move {
        let response = ask("GET", &url, &[], None).await;
        let (status, ok) = response.as_ref().map_or((0, false), |response| (response.status(), response.ok()));
        let told = match &response {
            Some(response) => Json::of(response).await,
            None => None,
        };
        with(|p| p.looking = false);
        // A press since then knows better.
        if with(|p| p.busy) || held().as_ref() != Some(&url) {
            return;
        }
        if status == 410 {
            let forgotten = told.and_then(|told| told.get("forgotten").some()).is_some();
            let lost = with(|p| {
                p.doubt = false;
                let Held { seats, standing, .. } = p.hold.take_if(|_| forgotten && p.ends > now() + CLOSE)?;
                // Where that fails one press does it.
                (p.again, p.ran_out) = (Wish { seats, standing, best: None }, true);
                Some(p.again.clone())
            });
            match lost {
                Some(wish) => place(wish, false),
                None => gone(),
            }
        } else if let Some(hold) = told.filter(|_| ok) {
            with(|p| p.keep(&hold));
            show().await;
        } else if with(|p| p.ends) + CLOSE < now() {
            // Nobody says how it stands, and the time is up.
            over();
        }
    });
}

/// Ten more minutes, once.
pub(super) fn extend() {
    let Some(url) = held() else { return };
    spawn_local(async move {
        match send("POST", &[&url, "/extend"].concat(), None).await {
            Ok(hold) => {
                with(|p| p.keep(&hold));
                say("said", "You have ten more minutes.");
            }
            Err(failed) => told(failed, Vec::new()),
        }
        settled().await;
    });
}

/// Gives everything back. Letting go twice is letting go once, so that silence is no reason to stop asking.
pub(super) fn let_go() {
    let Some(url) = held() else { return };
    if with(|p| core::mem::replace(&mut p.busy, true)) {
        return;
    }
    shown::busy(true);
    spawn_local(async move {
        let mut answer = None;
        for tried in 0..TRIES {
            if tried > 0 {
                pause(1000).await;
            }
            answer = ask("DELETE", &url, &[], None).await.filter(|answer| !matches!(answer.status(), 429 | 503));
            if answer.is_some() {
                break;
            }
        }
        match answer {
            Some(response) if response.status() == 410 => gone(),
            Some(response) if response.ok() => {
                with(|p| {
                    p.hold = None;
                    p.again = Wish::default();
                });
                shown::notice(Tone::Calm, "");
                say("said", "Everything was given back.");
            }
            _ => told(Failed::Unknown, Vec::new()),
        }
        settled().await;
    });
}
