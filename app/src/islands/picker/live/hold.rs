//! Holding, changing, extending and letting go, each told in words whatever comes of it.

use domain::seat::SeatId;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::Deserialize;

use super::super::state::Picker;
use super::super::words;
use super::{ENDS, house, map, notify};
use crate::api::holds::{HoldRequest, HoldView, StandingRequest};
use crate::components::notice::Tone;
use crate::islands::browser::{ask, key, now, text};

/// What is needed of a problem.
#[derive(Deserialize)]
struct Refused {
    detail: String,
    code: String,
    #[serde(default)]
    offer: Vec<SeatId>,
}

/// How often a request whose fate is unknown is sent again, with the same key.
const TRIES: u32 = 3;

/// The seats held, ascending.
pub(super) fn seats(picker: Picker) -> Vec<SeatId> {
    picker.hold.with_untracked(|hold| hold.as_ref().map(|hold| hold.seats.clone()).unwrap_or_default())
}

/// The standing places held.
pub(super) fn standing(picker: Picker) -> Vec<StandingRequest> {
    picker.hold.with_untracked(|hold| hold.as_ref().map(|hold| hold.standing.clone()).unwrap_or_default())
}

/// Asks for a hold in place of the one there is. Where the seats fly to the eye, `go` is true.
pub(super) fn place(picker: Picker, mut request: HoldRequest, go: bool) {
    if picker.busy.get_untracked() {
        return;
    }
    picker.busy.set(true);
    picker.notice.set(None);
    picker.again.set(Vec::new());
    request.replaces = picker.hold.with_untracked(|hold| hold.as_ref().map(|hold| hold.id));
    // Shown at once; put right by the answer.
    if request.best.is_none() {
        map::mine(&request.seats);
    }
    spawn_local(async move {
        let url = picker.data.with_value(|data| ["/api/v1/events/", &data.slug, "/holds"].concat());
        let body = serde_json::to_string(&request).unwrap_or_default();
        match send("POST", &url, Some(&body)).await {
            Ok(hold) => granted(picker, hold, go),
            Err(Some(refused)) => {
                if refused.code == "hold_expired" {
                    over(picker);
                } else {
                    notify(picker, Tone::Care, refused.detail);
                    map::suggest(&refused.offer);
                    if !refused.offer.is_empty() {
                        map::go_to(&refused.offer);
                    }
                }
            }
            Err(None) => unreachable(picker),
        }
        map::mine(&seats(picker));
        picker.busy.set(false);
        house::refresh(picker).await;
        super::list::refresh(picker);
    });
}

/// Sends and reads a hold; asks again with the same key while the outcome is unknown.
async fn send(method: &str, url: &str, body: Option<&str>) -> Result<HoldView, Option<Refused>> {
    let key = key();
    let mut headers = vec![("idempotency-key", key.as_str())];
    if body.is_some() {
        headers.push(("content-type", "application/json"));
    }
    for _ in 0..TRIES {
        let Some(response) = ask(method, url, &headers, body).await else { continue };
        let Some(text) = text(&response).await else { continue };
        if response.ok() {
            if let Ok(hold) = serde_json::from_str(&text) {
                return Ok(hold);
            }
            continue;
        }
        // 503 says that nothing is known or nothing was done: the same key makes a second try harmless.
        if response.status() != 503 {
            return Err(serde_json::from_str(&text).ok());
        }
    }
    Err(None)
}

fn keep(picker: Picker, hold: HoldView) {
    ENDS.with(|ends| *ends.borrow_mut() = now() + hold.remaining_ms as f64);
    picker.left.set(hold.remaining_ms);
    picker.hold.set(Some(hold));
}

fn granted(picker: Picker, hold: HoldView, go: bool) {
    let healed: Vec<_> = house::with(|house| {
        hold.healed.iter().filter_map(|h| Some((house::place(house, h.wanted)?, house::place(house, h.got)?))).collect()
    })
    .unwrap_or_default();
    let standing = hold.standing.iter().map(|s| s.quantity).sum();
    let mut said = [&words::count(hold.seats.len(), standing), " held for you, ", &hold.total.to_string()].concat();
    for line in &hold.lines {
        said.push_str(", ");
        said.push_str(&line.label);
    }
    let moved = !healed.is_empty();
    if moved {
        let mut text = words::healed(&healed);
        text.push_str(" Keep them, or choose others.");
        notify(picker, Tone::Good, text);
    } else if !hold.relaxed.is_empty() {
        notify(picker, Tone::Calm, hold.relaxed.join(" "));
    }
    let seats = hold.seats.clone();
    keep(picker, hold);
    picker.said.set(said);
    if (go || moved) && !seats.is_empty() {
        map::go_to(&seats);
        map::suggest(&seats);
    } else {
        map::suggest(&[]);
    }
}

fn unreachable(picker: Picker) {
    notify(
        picker,
        Tone::Bad,
        "We could not reach Parterre, so nothing has changed that you see here. Check your connection and press again; \
         nothing is done twice.",
    );
}

/// Time is up: the seats went back.
pub(super) fn over(picker: Picker) {
    picker.again.set(seats(picker));
    picker.hold.set(None);
    picker.left.set(0);
    map::mine(&[]);
    notify(picker, Tone::Care, "Your time ran out and the seats went back. Nothing was charged.");
    spawn_local(house::refresh(picker));
}

/// Looks whether the hold is still what it was; another tab may have changed it.
pub(super) fn look(picker: Picker) {
    let Some(id) = picker.hold.with_untracked(|hold| hold.as_ref().map(|hold| hold.id)) else { return };
    spawn_local(async move {
        let url = ["/api/v1/holds/", &id.to_string()].concat();
        let Some(response) = ask("GET", &url, &[], None).await else { return };
        if response.status() == 410 {
            over(picker);
        } else if let Some(hold) = text(&response).await.and_then(|text| serde_json::from_str(&text).ok()) {
            keep(picker, hold);
        }
        map::mine(&seats(picker));
    });
}

/// Ten more minutes, once.
pub(super) fn extend(picker: Picker) {
    let Some(id) = picker.hold.with_untracked(|hold| hold.as_ref().map(|hold| hold.id)) else { return };
    spawn_local(async move {
        let url = ["/api/v1/holds/", &id.to_string(), "/extend"].concat();
        match send("POST", &url, None).await {
            Ok(hold) => {
                keep(picker, hold);
                picker.said.set("You have ten more minutes.".to_owned());
            }
            Err(Some(refused)) if refused.code == "hold_expired" => over(picker),
            Err(Some(refused)) => notify(picker, Tone::Care, refused.detail),
            Err(None) => unreachable(picker),
        }
    });
}

/// Gives everything back.
pub(super) fn let_go(picker: Picker) {
    let Some(id) = picker.hold.with_untracked(|hold| hold.as_ref().map(|hold| hold.id)) else { return };
    spawn_local(async move {
        let url = ["/api/v1/holds/", &id.to_string()].concat();
        match ask("DELETE", &url, &[], None).await {
            Some(response) if response.ok() || response.status() == 410 => {
                picker.hold.set(None);
                picker.notice.set(None);
                map::mine(&[]);
                picker.said.set("Everything was given back.".to_owned());
                house::refresh(picker).await;
            }
            _ => unreachable(picker),
        }
    });
}
