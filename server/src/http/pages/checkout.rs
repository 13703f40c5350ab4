//! Checkout: who buys, with which card. What was typed stays until it is right; of a card that was tried nothing is kept.

use app::api::holds::{HoldRequest, StandingRequest};
use app::components::notice::{Notice, Tone};
use app::islands::checkout_clock::ClockProps;
use app::pages::checkout::{CheckoutPage, Typed};
use app::pages::wrong::WrongPage;
use app::pages::{self, render};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use domain::card;
use domain::hold::{Hold, HoldRefusal, MAX_PLACES};
use domain::ids::{HoldId, HolderId};
use domain::order::{BuyerField, OrderRefusal};
use domain::seat::SeatId;
use domain::time::{MINUTE, Millis};

use super::pay::pay_and_go;
use super::{begun, note, words, wrong};
use crate::holds::{Back, HoldError, Patience};
use crate::http::client::Client;
use crate::http::form::{Fields, field, hold_request};
use crate::http::html::private;
use crate::http::json::{Asked, Named};
use crate::http::problem::ApiError;
use crate::http::secret::Caller;
use crate::http::state::{Shop, looked};
use crate::http::views::{Extras, hold_view, off_sale, withdrawn};
use crate::http::when;
use crate::purchase::{Checkout, PurchaseError};

pub(super) async fn page(
    State(shop): State<Shop>,
    Named(id): Named<HoldId>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    // Whoever comes back after ordering goes on with the order.
    if let Some(order) = ordered(&shop, id, caller.holder()).await? {
        return Ok(order);
    }
    let hold = looked(Patience::new(Back::Looks), shop.holds.get(id, caller.holder(), shop.now())).await?;
    let notice = note::take(&headers);
    let told = notice.is_some();
    let mut response = show(&shop, &hold, Typed::default(), notice, StatusCode::OK).await?;
    if told {
        note::forget(&mut response);
    }
    Ok(response)
}

/// The way to the order that was made of a hold, where one was.
async fn ordered(shop: &Shop, id: HoldId, holder: HolderId) -> Result<Option<Response>, ApiError> {
    let order = shop.purchase.of_hold(id, holder).await?;
    Ok(order.map(|order| Redirect::to(&format!("/orders/{order}")).into_response()))
}

async fn show(
    shop: &Shop,
    hold: &Hold,
    typed: Typed,
    notice: Option<Notice>,
    status: StatusCode,
) -> Result<Response, ApiError> {
    let stage = shop.on_stage_by_id(hold.event).await?;
    let view = hold_view(hold, &stage.event, stage.chart.as_deref(), Extras::default(), shop.now());
    let slug = stage.event.summary.slug.clone();
    let data = CheckoutPage {
        action: format!("/checkout/{}", hold.id),
        clock: ClockProps {
            hold: hold.id.to_string(),
            remaining_ms: view.remaining_ms,
            extensions_left: view.extensions_left,
            over: over(&slug, hold),
            until: words::until(hold.expires_at, &stage.event.summary),
        },
        basket: words::held_basket(&stage.event, &view, &hold.lines),
        typed,
        notice,
        only_card: false,
        test_cards: shop.test_provider.is_some(),
        accept_total: view.total.amount,
        slug,
    };
    let frame = shop.frame();
    let html = render(move || pages::checkout::page(&frame, data));
    let mut response = private(status, html, true);
    begun::remember(&mut response, hold.event, hold.id);
    Ok(response)
}

/// Where the clock leads when time is up: a page that offers the same places again, unless they were bought or are held
/// longer by now.
fn over(slug: &str, hold: &Hold) -> String {
    let seats = hold.seats.iter().map(|seat| format!("&seat={}", seat.0));
    let standing = hold.standing.iter().map(|(tier, count)| format!("&standing_{tier}={count}"));
    format!("/events/{slug}/over?hold={}{}", hold.id, seats.chain(standing).collect::<String>())
}

/// Time is up. The address says which places they were; whoever has them now, nobody is told more than that. A clock knows
/// of its own window alone: what was bought or held longer in another leads on there.
pub(super) async fn run_out(
    State(shop): State<Shop>,
    Named(slug): Named<String>,
    caller: Option<Caller>,
    Asked(fields): Asked<Fields>,
) -> Result<Response, ApiError> {
    if let (Some(caller), Some(id)) = (caller, field(&fields, "hold").and_then(|id| id.parse().ok())) {
        if let Some(order) = ordered(&shop, id, caller.holder()).await? {
            return Ok(order);
        }
        match looked(Patience::new(Back::Looks), shop.holds.get(id, caller.holder(), shop.now())).await {
            Ok(_) => return Ok(Redirect::to(&format!("/checkout/{id}")).into_response()),
            Err(error) if error.status().is_client_error() => {}
            Err(error) => return Err(error),
        }
    }
    let stage = shop.on_stage(&slug).await?;
    // What no page of ours said brings nothing back.
    let wish = hold_request(&fields).unwrap_or_default();
    let seats: Vec<u32> = wish.seats.iter().map(|seat| seat.0).take(MAX_PLACES).collect();
    let standing = wish.standing.iter().map(|wish| (wish.tier.to_string(), wish.quantity)).take(MAX_PLACES);
    let standing: Vec<(String, u32)> = standing.collect();
    Ok(wrong::show(&shop, StatusCode::OK, WrongPage::expired(&stage.event.summary.slug, &seats, &standing)))
}

/// What was typed about the card, with what is wrong with it.
pub(super) fn read_card(fields: &Fields, typed: &mut Typed, now: Millis) -> Option<String> {
    let text = |name: &str, max: usize| field(fields, name).unwrap_or_default().chars().take(max).collect::<String>();
    typed.card = text("card", 23);
    typed.expiry = text("expiry", 9);
    let digits = card::number(&typed.card);
    if digits.is_none() {
        typed.card_error = Some("This number has a slip in it. Please compare it with your card.".into());
    }
    match card::expiry(&typed.expiry) {
        None => typed.expiry_error = Some("Month and year as on the card, such as 04 / 29.".into()),
        // Somewhere it may still be yesterday.
        Some(until) if until < when::month(now.plus(-24 * 60 * MINUTE)) => {
            typed.expiry_error = Some("This card's date has passed. Please compare it, or use another card.".into());
        }
        Some(_) => {}
    }
    let code = text("code", 4);
    if !card::is_code(&code) {
        typed.code_error = Some("Three or four digits from the back of the card.".into());
    }
    let fine = typed.card_error.is_none() && typed.expiry_error.is_none() && typed.code_error.is_none();
    digits.filter(|_| fine)
}

pub(super) async fn submit(
    State(shop): State<Shop>,
    Named(id): Named<HoldId>,
    caller: Caller,
    Extension(client): Extension<Client>,
    Form(fields): Form<Fields>,
) -> Result<Response, ApiError> {
    let holder = caller.holder();
    let text = |name: &str, max: usize| field(&fields, name).unwrap_or_default().chars().take(max).collect::<String>();
    let mut typed = Typed { name: text("name", 200), email: text("email", 254), ..Typed::default() };
    let accept_total = field(&fields, "accept_total").and_then(|text| text.parse().ok()).unwrap_or(-1);
    // Whoever agreed to pay nothing was asked for no card; that it costs nothing is checked with the order.
    let number = if accept_total == 0 { Some(String::new()) } else { read_card(&fields, &mut typed, shop.now()) };
    let buyer = domain::order::Buyer::new(&typed.name, &typed.email);
    if let Err(problems) = &buyer {
        for problem in problems {
            let error = Some(problem.advice.clone());
            match problem.field {
                BuyerField::Name => typed.name_error = error,
                BuyerField::Email => typed.email_error = error,
            }
        }
    }
    let (Some(number), Ok(_)) = (number, buyer) else {
        // An old form, sent again after an order was made of it: the order goes on.
        if let Some(order) = ordered(&shop, id, holder).await? {
            return Ok(order);
        }
        return match shop.holds.get(id, holder, shop.now()).await {
            Ok(hold) => show(&shop, &hold, typed, None, StatusCode::UNPROCESSABLE_ENTITY).await,
            Err(HoldError::Refused(HoldRefusal::Expired)) => no_longer_held(&shop, holder, &fields, typed).await,
            Err(error) => Err(error.into()),
        };
    };
    let wish = Checkout { holder, hold: id, name: typed.name.clone(), email: typed.email.clone(), accept_total };
    match shop.purchase.checkout(wish).await {
        Ok(order) if order.totals.total.amount == 0 => {
            Ok(Redirect::to(&format!("/orders/{}", order.id)).into_response())
        }
        Ok(order) => pay_and_go(&shop, order.id, holder, number).await,
        Err(PurchaseError::Refused(OrderRefusal::PriceChanged { now })) => {
            let hold = shop.holds.get(id, holder, shop.now()).await?;
            let words =
                format!("It costs {now} in all. Please look at it and press the button again; nothing was charged.");
            show(&shop, &hold, typed, Some(Notice::new(Tone::Care, words)), StatusCode::CONFLICT).await
        }
        Err(PurchaseError::Refused(OrderRefusal::SeatsWithdrawn { seats })) => {
            keep_the_rest(&shop, client, (id, holder), seats, typed).await
        }
        Err(PurchaseError::Refused(OrderRefusal::HoldExpired)) => no_longer_held(&shop, holder, &fields, typed).await,
        Err(error) => Err(error.into()),
    }
}

/// The basket of this form is gone. One that took its place in another window is shown with what was typed; else the page
/// that its clock leads to offers the same places again.
async fn no_longer_held(shop: &Shop, holder: HolderId, fields: &Fields, typed: Typed) -> Result<Response, ApiError> {
    let over = field(fields, "over").filter(|over| over.len() <= 2_000 && over.bytes().all(|b| b.is_ascii_graphic()));
    let slug = over.and_then(|over| over.strip_prefix("/events/")?.split_once("/over?"));
    let (Some(over), Some((slug, _))) = (over, slug) else { return Err(OrderRefusal::HoldExpired.into()) };
    let event = shop.on_stage(slug).await?.event.summary.id;
    let held = looked(Patience::new(Back::Looks), shop.holds.by_holder(holder, shop.now())).await?;
    match held.into_iter().rfind(|hold| hold.event == event) {
        Some(hold) => {
            let words = "Your basket was changed in another window. Please look at the new total and press the button again; \
                         nothing was charged.";
            show(shop, &hold, typed, Some(Notice::new(Tone::Care, words)), StatusCode::CONFLICT).await
        }
        None => Ok(Redirect::to(over).into_response()),
    }
}

/// Nobody can buy these seats any more. The others are held on as they are, and what they cost is to be looked at. Where
/// nothing is left, or the rest may not be held without them, the basket goes, and others are chosen on the event's page.
async fn keep_the_rest(
    shop: &Shop,
    client: Client,
    (id, holder): (HoldId, HolderId),
    gone: Vec<SeatId>,
    typed: Typed,
) -> Result<Response, ApiError> {
    let patience = Patience::new(Back::Looks);
    let hold = looked(patience, shop.holds.get(id, holder, shop.now())).await?;
    let stage = shop.on_stage_by_id(hold.event).await?;
    let standing = hold.standing.iter().map(|&(tier, quantity)| StandingRequest { tier, quantity }).collect();
    let (seats, replaces) = (hold.seats, Some(id));
    let request = HoldRequest { seats, standing, replaces, withdrawn: gone.clone(), ..HoldRequest::default() };
    let granted = match shop.hold(hold.event, client, (holder, patience), &request, None).await {
        Ok(granted) => granted,
        Err(refusal) if refusal.status().is_client_error() => {
            shop.holds.release(id, holder, shop.now()).await?;
            let which = stage.chart.as_deref().map(|chart| off_sale(chart, &gone)).unwrap_or_default();
            let words = format!("{which} Your basket is empty now and nothing was charged: please choose again.");
            let seats = format!("/events/{}/seats", stage.event.summary.slug);
            return Ok(note::redirect(&seats, Some(&Notice::new(Tone::Care, words))));
        }
        Err(trouble) => return Err(trouble),
    };
    let mut words = stage.chart.as_deref().map(|chart| withdrawn(chart, &gone)).unwrap_or_default();
    words.push_str(" Please look at the new total and press the button again; nothing was charged.");
    show(shop, &granted.hold, typed, Some(Notice::new(Tone::Care, words)), StatusCode::CONFLICT).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_in_the_number_is_seen_before_the_bank_is_asked() {
        let form = |number: &str| {
            vec![("card".into(), number.into()), ("expiry".into(), "04 / 29".into()), ("code".into(), "123".into())]
        };
        let mut typed = Typed::default();
        let now = Millis(1_795_000_000_000);
        assert_eq!(read_card(&form("4242 4242 4242 4242"), &mut typed, now).as_deref(), Some("4242424242424242"));
        for bad in ["4242 4242 4242 4241", "4242", "", "4242x4242 4242 4242"] {
            let mut typed = Typed::default();
            assert_eq!(read_card(&form(bad), &mut typed, now), None, "{bad}");
            assert!(typed.card_error.is_some());
        }
    }

    #[test]
    fn a_card_pays_until_its_month_is_over_everywhere() {
        let read = |expiry: &str, now: &str| {
            let form = [("card", "4242 4242 4242 4242"), ("expiry", expiry), ("code", "123")];
            let form = form.map(|(name, value)| (name.into(), value.into())).to_vec();
            let mut typed = Typed::default();
            let read = read_card(&form, &mut typed, when::parse(now).expect("an instant"));
            assert_eq!(read.is_none(), typed.expiry_error.is_some());
            read.is_some()
        };
        assert!(read("11 / 26", "2026-11-30T23:59:59Z") && read("1126", "2026-12-01T11:59:59Z"));
        assert!(!read("11 / 26", "2026-12-02T00:00:00Z") && !read("01 / 20", "2026-11-22T12:00:00Z"));
        assert!(read("12 / 26", "2026-12-02T00:00:00Z") && read("01 / 2027", "2026-12-02T00:00:00Z"));
    }
}
