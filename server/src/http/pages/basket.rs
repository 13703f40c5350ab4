//! The plain forms around a basket: hold, extend, let go, take one out. Each answers with a redirect and a notice.

use app::api::holds::HoldRequest;
use app::components::notice::{Notice, Tone};
use app::islands::picker::words::{Place, healed, list};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use domain::chart::Chart;
use domain::ids::{EventId, HoldId, HolderId};
use domain::seat::SeatId;
use serde::Deserialize;

use super::note::redirect;
use crate::catalog::types::Event;
use crate::holds::{Back, Granted, Patience};
use crate::http::client::Client;
use crate::http::form::{Fields, field, hold_request};
use crate::http::json::{Asked, Named};
use crate::http::problem::ApiError;
use crate::http::secret::{Caller, Secret, from_a_page};
use crate::http::state::{Shop, looked};
use crate::http::views::{seat_label, withdrawn};

/// What the address of a form says beside the event.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Sent {
    /// There where the browser was given a cookie just before.
    again: Option<String>,
}

/// Gives the browser a cookie and lets it send its form once more, before anything is held: only one that keeps the cookie
/// can be known again. An event's page, the same for everybody, gives none.
fn send_again(shop: &Shop, slug: &str) -> Response {
    let mut response = Redirect::temporary(&format!("/events/{slug}/hold?again=1")).into_response();
    response.headers_mut().append(header::SET_COOKIE, Secret::fresh(&*shop.clock).cookie());
    response
}

/// Holds what was ticked, or the best available. What the browser holds of the event already is given back in the same
/// step, its seats taken along when seats were ticked.
pub(super) async fn hold(
    State(shop): State<Shop>,
    Named(slug): Named<String>,
    caller: Option<Caller>,
    Extension(client): Extension<Client>,
    Asked(Sent { again }): Asked<Sent>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Result<Response, ApiError> {
    let known = caller.map(|caller| caller.secret);
    let patience = Patience::new(if known.is_some() { Back::Looks } else { Back::Never });
    // First of all the event: from here on the address part is one that exists.
    let stage = shop.at_the_desk(&slug).await?;
    if known.is_none() && from_a_page(&headers) {
        return if again.is_some() { Err(ApiError::no_cookie()) } else { Ok(send_again(&shop, &slug)) };
    }
    let back = format!("/events/{slug}/seats");
    let mut request = match hold_request(&fields) {
        Ok(request) => request,
        Err(sentence) => return Ok(redirect(&back, Some(&Notice::new(Tone::Care, sentence)))),
    };
    let secret = known.unwrap_or_else(|| Secret::fresh(&*shop.clock));
    let instead = field(&fields, "instead").is_some();
    let whose = (secret.holder(), patience);
    if known.is_some() {
        add_to_basket(&shop, stage.event.summary.id, whose, &mut request, instead).await?;
    }
    match shop.hold(stage.event.summary.id, client, whose, &request, None).await {
        Ok(granted) => {
            let notice = told(&stage.event, stage.chart.as_deref(), &granted);
            let mut response = redirect(&back, notice.as_ref());
            response.headers_mut().append(header::SET_COOKIE, secret.cookie());
            Ok(response)
        }
        Err(problem) if problem.status().is_client_error() && problem.problem.code != "not_found" => {
            let offer = problem.problem.facts.get("offer").cloned().unwrap_or_default();
            let offer: Vec<u32> = serde_json::from_value(offer).unwrap_or_default();
            // What is offered is taken together with the standing places that were asked for.
            let wished = request.standing.iter().filter(|_| !offer.is_empty());
            let standing = wished.map(|wish| (wish.tier.to_string(), wish.quantity)).collect();
            Ok(redirect(&back, Some(&Notice { offer, standing, ..Notice::new(Tone::Care, problem.problem.detail) })))
        }
        Err(problem) => Err(problem),
    }
}

/// A form adds to the basket: what is held of the event already stays in it, unless its seats come `instead`.
async fn add_to_basket(
    shop: &Shop,
    event: EventId,
    (holder, patience): (HolderId, Patience),
    request: &mut HoldRequest,
    instead: bool,
) -> Result<(), ApiError> {
    // A form brings no key: pressed again while its first press is under way, it would hold a second basket.
    shop.holds.settled(holder, patience).await?;
    let held = looked(patience, shop.holds.by_holder(holder, shop.now())).await?;
    let Some(hold) = held.into_iter().rfind(|hold| hold.event == event) else { return Ok(()) };
    request.replaces = Some(hold.id);
    if request.best.is_none() && !instead {
        request.seats.extend(hold.seats.iter().copied());
        request.seats.sort_unstable();
        request.seats.dedup();
    }
    if request.standing.is_empty() {
        request.standing =
            hold.standing.iter().map(|&(tier, quantity)| app::api::holds::StandingRequest { tier, quantity }).collect();
    }
    Ok(())
}

fn told(event: &Event, chart: Option<&Chart>, granted: &Granted) -> Option<Notice> {
    if !granted.relaxed.is_empty() {
        return Some(Notice::new(Tone::Calm, granted.relaxed.join(" ")));
    }
    let chart = chart?;
    let gone = (!granted.withdrawn.is_empty()).then(|| withdrawn(chart, &granted.withdrawn));
    let place = |seat: SeatId| {
        let label = chart.label(seat)?;
        let category = chart.seats.category[seat.index()];
        let tier = event.tiers.iter().find(|tier| tier.category == Some(category));
        Some(Place {
            section: label.section.to_string(),
            row: label.row.to_string(),
            number: label.number.to_string(),
            price: tier.map_or(0, |tier| tier.price.total.amount),
        })
    };
    let moved = granted.healed.iter().filter(|pair| pair.wanted != pair.got);
    let pairs: Vec<_> = moved.filter_map(|pair| Some((place(pair.wanted)?, place(pair.got)?))).collect();
    let moved = (!pairs.is_empty()).then(|| healed(&pairs));
    let tone = if gone.is_some() { Tone::Care } else { Tone::Good };
    let said: Vec<String> = gone.into_iter().chain(moved).collect();
    (!said.is_empty()).then(|| Notice::new(tone, said.join(" ")))
}

/// Where a form about a hold leads back to.
async fn back_of(
    shop: &Shop,
    patience: Patience,
    hold: HoldId,
    caller: &Caller,
    fields: &Fields,
) -> Result<String, ApiError> {
    if field(fields, "back") == Some("checkout") {
        return Ok(format!("/checkout/{hold}"));
    }
    let held = looked(patience, shop.holds.get(hold, caller.holder(), shop.now())).await?;
    let stage = shop.on_stage_by_id(held.event).await?;
    Ok(format!("/events/{}/seats", stage.event.summary.slug))
}

pub(super) async fn extend(
    State(shop): State<Shop>,
    Named(id): Named<HoldId>,
    caller: Caller,
    Form(fields): Form<Fields>,
) -> Result<Response, ApiError> {
    let patience = Patience::new(Back::Asks);
    let back = back_of(&shop, patience, id, &caller, &fields).await?;
    let notice = match shop.extend(patience, id, caller.holder(), false).await {
        Ok(_) => Notice::new(Tone::Good, "You have ten more minutes."),
        Err(problem) if problem.status().is_client_error() => Notice::new(Tone::Care, problem.problem.detail),
        Err(problem) => return Err(problem),
    };
    Ok(redirect(&back, Some(&notice)))
}

pub(super) async fn release(
    State(shop): State<Shop>,
    Named(id): Named<HoldId>,
    caller: Caller,
    Form(fields): Form<Fields>,
) -> Result<Response, ApiError> {
    let patience = Patience::new(Back::Looks);
    shop.holds.settled(caller.holder(), patience).await?;
    let back = back_of(&shop, patience, id, &caller, &fields).await?;
    let notice = match shop.holds.release_by(patience, (id, caller.holder()), shop.now()).await? {
        true => Notice::new(Tone::Calm, "Your places are free for others again."),
        false => Notice::new(Tone::Calm, "This basket was changed or let go before. What you hold now stands here."),
    };
    Ok(redirect(&back, Some(&notice)))
}

/// Takes one seat out of the basket, or a standing tier.
pub(super) async fn remove(
    State(shop): State<Shop>,
    Named(id): Named<HoldId>,
    caller: Caller,
    Extension(client): Extension<Client>,
    Form(fields): Form<Fields>,
) -> Result<Response, ApiError> {
    let (now, patience) = (shop.now(), Patience::new(Back::Looks));
    shop.holds.settled(caller.holder(), patience).await?;
    let held = looked(patience, shop.holds.get(id, caller.holder(), now)).await?;
    let stage = shop.on_stage_by_id(held.event).await?;
    let slug = &stage.event.summary.slug;
    let back = format!("/events/{slug}/seats");
    let seat = field(&fields, "seat").and_then(|text| text.parse().ok()).map(SeatId);
    let tier = field(&fields, "tier").and_then(|text| text.parse().ok());
    let standing = held.standing.iter().filter(|(known, _)| Some(*known) != tier);
    let request = HoldRequest {
        seats: held.seats.iter().copied().filter(|known| Some(*known) != seat).collect(),
        standing: standing.map(|&(tier, quantity)| app::api::holds::StandingRequest { tier, quantity }).collect(),
        replaces: Some(id),
        ..HoldRequest::default()
    };
    if request.seats.is_empty() && request.standing.is_empty() {
        shop.holds.release_by(patience, (id, caller.holder()), now).await?;
        return Ok(redirect(&back, None));
    }
    let notice = match shop.hold(held.event, client, (caller.holder(), patience), &request, None).await {
        Ok(granted) => told(&stage.event, stage.chart.as_deref(), &granted),
        Err(problem) if problem.status().is_client_error() => {
            let alone = stage.chart.as_deref().and_then(|chart| left_alone(chart, &problem));
            Some(Notice::new(Tone::Care, alone.unwrap_or(problem.problem.detail)))
        }
        Err(problem) => return Err(problem),
    };
    Ok(redirect(&back, notice.as_ref()))
}

/// Who lets a seat go is not told to take one: which seat would be left alone, and what to let go of.
fn left_alone(chart: &Chart, problem: &ApiError) -> Option<String> {
    let orphans = problem.problem.facts.get("orphans").cloned()?;
    let orphans: Vec<u32> = serde_json::from_value(orphans).ok()?;
    let names: Vec<String> = orphans.into_iter().map(|seat| seat_label(chart, SeatId(seat))).collect();
    Some(format!(
        "If you let that go, {} would be left alone between others, and hardly anybody buys a single seat. Let go of \
         another one instead, or of all of them.",
        list(&names)
    ))
}
