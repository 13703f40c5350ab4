//! Choosing places: the list drawn by the server, and what the island starts with.

use app::components::clock::how_long;
use app::islands::picker::PickerData;
use app::islands::picker::words::{easy, notes};
use app::pages::home::Offer;
use app::pages::seat_list::{OpenSection, RowView, SeatCell, SeatList, SectionLink};
use app::pages::seats::SeatsPage;
use app::pages::wrong::WrongPage;
use app::pages::{self, render};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use domain::availability::Packed;
use domain::chart::{Chart, Section};
use domain::hold::MAX_PLACES;
use domain::money::Money;
use domain::seat::{SeatId, SeatState};
use serde::Deserialize;

use super::{begun, note, words, wrong};
use crate::catalog::types::{Event, Status};
use crate::catalog::view;
use crate::holds::{Back, Patience};
use crate::http::html::private;
use crate::http::json::{Asked, Named};
use crate::http::problem::ApiError;
use crate::http::secret::{Caller, Secret};
use crate::http::state::{OnStage, Shop, looked};
use crate::http::views::{Extras, hold_view};
use crate::http::when;

/// How many seats are looked for, until somebody says otherwise.
const QUANTITY: u32 = 2;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SeatsQuery {
    section: String,
}

pub(super) async fn page(
    State(shop): State<Shop>,
    Named(slug): Named<String>,
    Asked(asked): Asked<SeatsQuery>,
    caller: Option<Caller>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let now = shop.now();
    let stage = shop.on_stage(&slug).await?;
    let OnStage { event, chart } = &stage;
    // Without the hold store there is no basket to show, and everything else is shown all the same.
    let (held, basket_unknown) = match caller {
        Some(caller) => match looked(Patience::new(Back::Looks), shop.holds.by_holder(caller.holder(), now)).await {
            Ok(held) => (held, false),
            Err(problem) if problem.status() == StatusCode::SERVICE_UNAVAILABLE => (vec![], true),
            Err(problem) => return Err(problem),
        },
        None => (vec![], false),
    };
    let begun = match caller {
        Some(caller) => begun::of(&shop, &headers, caller.holder(), &event.summary, &held).await,
        None => None,
    };
    let held = held.into_iter().rfind(|hold| hold.event == event.summary.id);
    let until = held.as_ref().map(|hold| words::until(hold.expires_at, &event.summary)).unwrap_or_default();
    let hold = held.map(|hold| hold_view(&hold, event, chart.as_deref(), Extras::default(), now));
    // Whoever holds something, or has not paid for it yet, sees it, whatever became of the sale.
    let has_none = hold.is_none() && begun.as_ref().is_none_or(|begun| begun.is_paid);
    if has_none && !matches!(event.summary.status, Status::OnSale | Status::SoldOut) {
        let opens = event.tiers.iter().filter_map(|tier| tier.sale.opens_at).filter(|opens| now < *opens).min();
        let opens = opens.map(|opens| when::short(opens, &event.summary.venue.time_zone));
        return Ok(wrong::show(&shop, StatusCode::OK, WrongPage::not_on_sale(&slug, opens.as_deref())));
    }
    let kept = how_long(shop.config.hold_ms());
    let seen = shop.availability.get(event.summary.id, now).await;
    let tiers = event.tiers.iter().map(|tier| {
        let available = words::left(seen.as_deref().ok(), tier);
        app::api::events::TierView { available, ..view::tier(tier) }
    });
    let tiers = tiers.collect();
    let offer = words::offer(&event.summary, &event.tiers, seen.as_deref().ok());
    let list = match chart {
        Some(chart) => {
            let seen = seen?;
            let key = (event.summary.id, seen.message.sequence, price_list(event));
            let sections = async { Arc::from(sections(event, chart, &seen.message.states)) };
            let sections = shop.sections.get_with(key, sections).await;
            Some(list(event, chart, &seen.message.states, &sections, &asked.section, &kept))
        }
        None => None,
    };
    let notice = note::take(&headers);
    let told = notice.is_some();
    let is_selling = event.tiers.iter().any(|tier| tier.sale.is_open(now));
    let sold_out = match offer {
        Offer::SoldOut { may_come_back } if hold.is_none() && is_selling => Some(words::sold_out(may_come_back)),
        _ => None,
    };
    let notice = notice.or_else(|| basket_unknown.then(words::basket_unknown)).or(sold_out);
    let picker = PickerData {
        slug: slug.clone(),
        tiers,
        chart: event.chart.as_ref().map(|chart| app::api::events::ChartView {
            version: chart.version,
            seats: chart.seats,
            geometry_url: view::geometry_url(chart),
        }),
        availability_url: format!("/api/v1/events/{slug}/availability"),
        stream_url: format!("/api/v1/events/{slug}/availability/stream"),
        hold,
        quantity: QUANTITY,
        most: u32::try_from(MAX_PLACES).unwrap_or(10),
        kept: kept.clone(),
        until,
        notice,
    };
    let data = SeatsPage {
        title: event.summary.title.clone(),
        starts: words::starts(&event.summary),
        place: words::place(&event.summary),
        begun,
        picker,
        list,
    };
    let frame = shop.frame();
    let html = render(move || pages::seats::page(&frame, data));
    let mut response = private(StatusCode::OK, html, true);
    if told {
        note::forget(&mut response);
    }
    if caller.is_none() {
        // A first hold whose answer is lost on the way can then be asked for again.
        response.headers_mut().append(header::SET_COOKIE, Secret::fresh(&*shop.clock).cookie());
    }
    Ok(response)
}

/// Every section with what is free in it: a look at every seat, so it is kept until something changes.
fn sections(event: &Event, chart: &Chart, states: &Packed) -> Vec<SectionLink> {
    let prices = prices(event);
    let many_floors = chart.floors.len() > 1;
    let link = |section: &Section| {
        let free = seats_of(chart, section).filter(|seat| states.get(*seat) == SeatState::Free);
        let (mut count, mut cheapest) = (0, None::<Money>);
        for seat in free {
            count += 1;
            let price = prices[usize::from(chart.seats.category[seat.index()])];
            cheapest = match (cheapest, price) {
                (Some(known), Some(price)) if known.amount <= price.amount => Some(known),
                (known, price) => price.or(known),
            };
        }
        SectionLink {
            name: section.name.clone(),
            floor: if many_floors { chart.floors[usize::from(section.floor)].clone() } else { String::new() },
            href: format!("/events/{}/seats?section={}#rows", event.summary.slug, encoded(&section.name)),
            free: count,
            from: cheapest.map(|price| price.to_string()).unwrap_or_default(),
        }
    };
    chart.sections.iter().map(link).collect()
}

/// The seats as a list, `open` being the section whose rows are shown.
fn list(event: &Event, chart: &Chart, states: &Packed, sections: &[SectionLink], open: &str, kept: &str) -> SeatList {
    let prices = prices(event);
    let opened = chart.sections.iter().find(|section| section.name == open);
    SeatList {
        slug: event.summary.slug.clone(),
        sections: sections.to_vec(),
        open: opened
            .map(|section| OpenSection { name: section.name.clone(), rows: rows(chart, section, states, &prices) }),
        kept: kept.to_owned(),
    }
}

fn prices(event: &Event) -> [Option<Money>; 256] {
    let mut prices = [None; 256];
    for tier in &event.tiers {
        if let Some(category) = tier.category {
            prices[usize::from(category)] = Some(tier.price.total);
        }
    }
    prices
}

fn seats_of<'a>(chart: &'a Chart, section: &Section) -> impl Iterator<Item = SeatId> + use<'a> {
    chart.rows[section.rows.start as usize..section.rows.end as usize]
        .iter()
        .flat_map(|row| row.seats.clone())
        .map(SeatId)
}

fn rows(chart: &Chart, section: &Section, states: &Packed, prices: &[Option<Money>; 256]) -> Vec<RowView> {
    chart.rows[section.rows.start as usize..section.rows.end as usize]
        .iter()
        .map(|row| RowView {
            name: row.title(),
            seats: row.seats.clone().map(|seat| cell(chart, SeatId(seat), states, prices)).collect(),
        })
        .collect()
}

fn cell(chart: &Chart, seat: SeatId, states: &Packed, prices: &[Option<Money>; 256]) -> SeatCell {
    let index = seat.index();
    let zone = chart.seats.category[index];
    let price = prices[usize::from(zone)];
    let features = chart.seats.features[index];
    SeatCell {
        id: seat.0,
        number: chart.label(seat).map(|label| label.number.to_string()).unwrap_or_default(),
        price: price.map(|price| price.to_string()).unwrap_or_default(),
        zone,
        free: price.is_some() && states.get(seat) == SeatState::Free,
        step_free: easy(features),
        note: notes(features, ", ").trim_start_matches(", ").to_owned(),
        gap: chart.seats.gap_after[index],
    }
}

/// A query value with everything but letters and digits escaped (RFC 3986).
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])));
        }
        out
    })
}

/// Stands for what places cost: other prices make another list.
fn price_list(event: &Event) -> u64 {
    let mut digest = DefaultHasher::new();
    for tier in &event.tiers {
        (tier.id, tier.category, tier.price.total.amount).hash(&mut digest);
    }
    digest.finish()
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn any_section_s_name_fits_into_an_address() {
        assert_eq!(encoded("212"), "212");
        assert_eq!(encoded("Loge 1&2"), "Loge%201%262");
        assert_eq!(encoded("池座"), "%E6%B1%A0%E5%BA%A7");
    }
}
