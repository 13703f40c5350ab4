//! An order on its way: paid, declined, at the bank, over. One address shows whichever it is.

use app::components::notice::{Notice, Tone};
use app::islands::checkout_clock::ClockProps;
use app::pages::checkout::{CheckoutPage, Typed};
use app::pages::order::{OrderPage, TicketStub};
use app::pages::pay::{ChallengePage, ProcessingPage};
use app::pages::wrong::WrongPage;
use app::pages::{self, render};
use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use domain::ids::{HolderId, OrderId};
use domain::money::{Currency, Money};
use domain::order::{OrderRefusal, OrderStatus};
use domain::payment::PaymentStatus;
use domain::time::SECOND;
use serde::Deserialize;

use super::{checkout, note, words, wrong};
use crate::http::form::{Fields, field};
use crate::http::html::private;
use crate::http::json::{Asked, Named};
use crate::http::problem::ApiError;
use crate::http::secret::Caller;
use crate::http::state::Shop;
use crate::http::when;
use crate::payments::Method;
use crate::purchase::types::EventFacts;
use crate::purchase::{OrderRecord, PaymentRecord, PurchaseError};

/// The provider behind the card fields.
const PROVIDER: &str = "test";

pub(super) async fn order(
    State(shop): State<Shop>,
    Named(id): Named<OrderId>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let order = shop.purchase.look(id, caller.holder()).await?;
    let notice = note::take(&headers);
    let told = notice.is_some();
    let mut response = show(&shop, &order, Typed::default(), notice, StatusCode::OK).await?;
    if told {
        note::forget(&mut response);
    }
    Ok(response)
}

/// Paying again is a form; whoever loads its address is shown the order.
pub(super) async fn again(Named(id): Named<OrderId>) -> Redirect {
    Redirect::to(&format!("/orders/{id}"))
}

pub(super) async fn submit(
    State(shop): State<Shop>,
    Named(id): Named<OrderId>,
    caller: Caller,
    Form(fields): Form<Fields>,
) -> Result<Response, ApiError> {
    let mut typed = Typed::default();
    let Some(number) = checkout::read_card(&fields, &mut typed, shop.now()) else {
        let order = shop.purchase.order(id, caller.holder()).await?;
        return show(&shop, &order, typed, None, StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    pay_and_go(&shop, id, caller.holder(), number).await
}

/// Pays, and leads to the order: its page says out of the books how that went. It can be loaded again and gone back to, and
/// no card is sent a second time by that.
pub(super) async fn pay_and_go(
    shop: &Shop,
    id: OrderId,
    holder: HolderId,
    number: String,
) -> Result<Response, ApiError> {
    let here = format!("/orders/{id}");
    match shop.purchase.pay(id, holder, PROVIDER, Method(number)).await {
        // A second press, or a second tab: the first one counts.
        Ok(_) | Err(PurchaseError::Refused(OrderRefusal::AlreadyPaid | OrderRefusal::PaymentInProgress)) => {
            Ok(note::redirect(&here, None))
        }
        // Nothing was tried, so that the books say nothing of it.
        Err(PurchaseError::Refused(refusal @ (OrderRefusal::InvalidMethod | OrderRefusal::TooManyAttempts { .. }))) => {
            let words = ApiError::from(refusal).problem.detail;
            Ok(note::redirect(&here, Some(&Notice::new(Tone::Bad, words))))
        }
        Err(error) => Err(error.into()),
    }
}

async fn show(
    shop: &Shop,
    order: &OrderRecord,
    typed: Typed,
    notice: Option<Notice>,
    status: StatusCode,
) -> Result<Response, ApiError> {
    let event = shop.purchase.event(order.event).await?.ok_or_else(|| ApiError::not_found("event"))?;
    match order.status {
        OrderStatus::Paid | OrderStatus::PartlyRefunded | OrderStatus::Refunded => {
            Ok(paid(shop, order, &event, notice))
        }
        OrderStatus::Cancelled | OrderStatus::Expired if order.was_refunded() => {
            Ok(wrong::show(shop, StatusCode::GONE, WrongPage::money_back(&event.slug)))
        }
        OrderStatus::Cancelled | OrderStatus::Expired => {
            let seats: Vec<u32> = order.seats().iter().map(|seat| seat.0).collect();
            let standing: Vec<(String, u32)> =
                order.standing().into_iter().map(|(tier, count)| (tier.to_string(), count)).collect();
            Ok(wrong::show(shop, StatusCode::GONE, WrongPage::expired(&event.slug, &seats, &standing)))
        }
        OrderStatus::Pending | OrderStatus::Closing => match order.live_payment() {
            Some(payment) if payment.status == PaymentStatus::RequiresAction => {
                Ok(payment.action_url.as_deref().map_or_else(
                    || processing(shop, order, &event, payment.age),
                    |url| Redirect::to(&format!("{url}?order={}", order.id)).into_response(),
                ))
            }
            Some(payment) => Ok(processing(shop, order, &event, payment.age)),
            None if order.status == OrderStatus::Closing
                || order.money_may_move()
                || order.totals.total.amount == 0 =>
            {
                Ok(processing(shop, order, &event, 0))
            }
            None => Ok(card_again(shop, order, &event, typed, notice, status)),
        },
    }
}

fn card_again(
    shop: &Shop,
    order: &OrderRecord,
    event: &EventFacts,
    typed: Typed,
    notice: Option<Notice>,
    status: StatusCode,
) -> Response {
    let decline = order.payments.last().and_then(|payment| payment.decline);
    let notice = notice.or_else(|| decline.map(|decline| Notice::new(Tone::Bad, decline.advice())));
    let data = CheckoutPage {
        slug: event.slug.clone(),
        basket: words::ordered_basket(event, order),
        action: format!("/orders/{}/pay", order.id),
        clock: ClockProps {
            hold: order.hold.to_string(),
            remaining_ms: order.expires_at.since(order.now).max(0),
            extensions_left: order.extensions_left,
            over: format!("/orders/{}", order.id),
            until: when::until(order.expires_at, &event.time_zone, &event.city),
        },
        typed,
        notice,
        only_card: true,
        test_cards: shop.test_provider.is_some(),
        accept_total: order.totals.total.amount,
    };
    let frame = shop.frame();
    let html = render(move || pages::checkout::page(&frame, data));
    private(status, html, true)
}

fn processing(shop: &Shop, order: &OrderRecord, event: &EventFacts, age: i64) -> Response {
    let data = ProcessingPage {
        amount: order.totals.total.to_string(),
        email: order.buyer.email().to_owned(),
        waited: u32::try_from(age / SECOND).unwrap_or(0),
        kept_for: words::kept_for(order, event),
        here: format!("/orders/{}", order.id),
    };
    let frame = shop.frame();
    let html = render(move || pages::pay::processing(&frame, data));
    private(StatusCode::OK, html, true)
}

fn paid(shop: &Shop, order: &OrderRecord, event: &EventFacts, notice: Option<Notice>) -> Response {
    let refunded = matches!(order.status, OrderStatus::Refunded | OrderStatus::PartlyRefunded)
        .then(|| Notice::new(Tone::Calm, "This order was refunded. The money is on its way back to your card."));
    let tickets = order.tickets.iter().map(|ticket| TicketStub {
        href: format!("/tickets/{}", shop.purchase.signer().link(ticket.id)),
        place: ticket.label.clone(),
        // A standing place has no better name than its tier.
        detail: if ticket.label == ticket.tier_name { String::new() } else { ticket.tier_name.clone() },
        code: ticket.code.clone(),
    });
    let data = OrderPage {
        number: short_number(order.id),
        email: order.buyer.email().to_owned(),
        basket: words::ordered_basket(event, order),
        tickets: tickets.collect(),
        calendar: Some(format!("/orders/{}/calendar.ics", order.id)),
        pdf: Some(format!("/orders/{}/tickets.pdf", order.id)),
        notice: refunded.or(notice),
    };
    let frame = shop.frame();
    private(StatusCode::OK, render(move || pages::order::page(&frame, data)), false)
}

/// The last eight letters of the order's id, as people read them over the telephone.
fn short_number(id: OrderId) -> String {
    let text = id.0.simple().to_string().to_uppercase();
    format!("{}-{}", &text[24..28], &text[28..32])
}

/// Which order the bank's question belongs to: its page leads back there.
#[derive(Debug, Deserialize)]
pub(super) struct Back {
    order: OrderId,
}

/// The question is one of this order's own payments: nobody answers for somebody else.
fn belongs(order: &OrderRecord, intent: &str) -> bool {
    let asked = |payment: &PaymentRecord| payment.action_url.as_deref().is_some_and(|url| url.ends_with(intent));
    !intent.is_empty() && order.payments.iter().any(asked)
}

pub(super) async fn challenge(
    State(shop): State<Shop>,
    Named(intent): Named<String>,
    Asked(back): Asked<Back>,
    caller: Caller,
) -> Result<Response, ApiError> {
    let provider = shop.test_provider.as_ref().ok_or_else(|| ApiError::not_found("payment"))?;
    let order = shop.purchase.order(back.order, caller.holder()).await?;
    let event = shop.purchase.event(order.event).await?.ok_or_else(|| ApiError::not_found("event"))?;
    let question = if belongs(&order, &intent) { provider.challenge(&intent).await? } else { None };
    let Some((amount, currency)) = question else {
        // Answered before, perhaps in another tab.
        return Ok(Redirect::to(&format!("/orders/{}", order.id)).into_response());
    };
    let data = ChallengePage {
        action: format!("/pay/test/{intent}?order={}", order.id),
        amount: Currency::new(&currency)
            .map_or(order.totals.total, |currency| Money::new(amount, currency))
            .to_string(),
        kept_for: words::kept_for(&order, &event),
        title: event.title,
    };
    let frame = shop.frame();
    Ok(private(StatusCode::OK, render(move || pages::pay::challenge(&frame, data)), false))
}

pub(super) async fn answer(
    State(shop): State<Shop>,
    Named(intent): Named<String>,
    Asked(back): Asked<Back>,
    caller: Caller,
    Form(fields): Form<Fields>,
) -> Result<Response, ApiError> {
    let provider = shop.test_provider.as_ref().ok_or_else(|| ApiError::not_found("payment"))?;
    let order = shop.purchase.order(back.order, caller.holder()).await?;
    let approve = field(&fields, "answer") == Some("approve");
    if belongs(&order, &intent) {
        provider.answer_challenge(&intent, approve).await?;
    }
    let order = shop.purchase.refresh(order.id, caller.holder()).await?;
    Ok(Redirect::to(&format!("/orders/{}", order.id)).into_response())
}
