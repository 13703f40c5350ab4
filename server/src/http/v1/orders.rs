//! Orders and payments.

use app::api::orders::{OrderRequest, OrderView, PaymentRequest, PaymentView};
use app::api::problem::Problem;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use domain::ids::{OrderId, PaymentId};

use super::holds::private;
use crate::clock::random;
use crate::http::json::{Body, Named};
use crate::http::problem::ApiError;
use crate::http::secret::{Caller, Source};
use crate::http::state::Shop;
use crate::http::views::{order_view, payment_view};
use crate::idempotency::Run;
use crate::payments::Method;
use crate::purchase::{Checkout, OrderRecord, PurchaseError};

impl From<PurchaseError> for ApiError {
    fn from(error: PurchaseError) -> Self {
        match error {
            PurchaseError::Refused(refusal) => refusal.into(),
            PurchaseError::Trouble(trouble) => trouble.into(),
        }
    }
}

/// Turn a hold into an order
///
/// From here the places are safe whatever happens to the hold; the order waits for its payment until `expires_at`.
#[utoipa::path(
    post, path = "/orders", tag = "orders", request_body = OrderRequest, security(("secret" = [])),
    params(("Idempotency-Key" = Option<String>, Header)),
    responses(
        (status = 201, body = OrderView, description = "Ordered; the same hold again gives the same order"),
        (status = 401, body = Problem, description = "No secret", content_type = "application/problem+json"),
        (status = 409, body = Problem, description = "`price_changed`, `seats_taken`, `seats_withdrawn`, `sold_out`, `limit_reached`", content_type = "application/problem+json"),
        (status = 410, body = Problem, description = "`hold_expired`", content_type = "application/problem+json"),
        (status = 422, body = Problem, description = "`invalid_buyer`, `not_on_sale`, `unpriceable`, `invalid_request`", content_type = "application/problem+json"),
    )
)]
pub async fn create(
    State(shop): State<Shop>,
    caller: Caller,
    Body(request): Body<OrderRequest>,
) -> Result<Response, ApiError> {
    let wish = Checkout {
        holder: caller.holder(),
        hold: request.hold_id,
        name: request.buyer.name,
        email: request.buyer.email,
        accept_total: request.accept_total,
    };
    let order = shop.purchase.checkout(wish).await?;
    let token = (caller.source == Source::Bearer).then(|| caller.secret.text());
    let mut response = (StatusCode::CREATED, Json(view(&shop, &order, token))).into_response();
    private(&mut response);
    Ok(response)
}

/// Look at an order
#[utoipa::path(
    get, path = "/orders/{id}", tag = "orders", params(("id" = String, Path)), security(("secret" = [])),
    responses(
        (status = 200, body = OrderView, description = "The order as it stands"),
        (status = 401, body = Problem, description = "No secret", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "No such order, or not the asker's", content_type = "application/problem+json"),
    )
)]
pub async fn read(State(shop): State<Shop>, Named(id): Named<OrderId>, caller: Caller) -> Result<Response, ApiError> {
    let order = shop.purchase.look(id, caller.holder()).await?;
    let mut response = Json(view(&shop, &order, None)).into_response();
    private(&mut response);
    Ok(response)
}

/// Give an unpaid order up
///
/// The provider confirms first that nothing can be charged any more, then the places go free.
#[utoipa::path(
    post, path = "/orders/{id}/cancel", tag = "orders", security(("secret" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses(
        (status = 200, body = OrderView, description = "Given up, or being given up"),
        (status = 401, body = Problem, description = "No secret", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "No such order, or not the asker's", content_type = "application/problem+json"),
        (status = 409, body = Problem, description = "`already_paid`", content_type = "application/problem+json"),
    )
)]
pub async fn cancel(State(shop): State<Shop>, Named(id): Named<OrderId>, caller: Caller) -> Result<Response, ApiError> {
    let order = shop.purchase.cancel(id, caller.holder()).await?;
    let mut response = Json(view(&shop, &order, None)).into_response();
    private(&mut response);
    Ok(response)
}

/// Pay for an order
///
/// A declined payment keeps the places; try again while the order lives.
#[utoipa::path(
    post, path = "/orders/{id}/payments", tag = "orders", request_body = PaymentRequest, security(("secret" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses(
        (status = 201, body = PaymentView, description = "Asked for; `status` says how it went"),
        (status = 401, body = Problem, description = "No secret", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "No such order, or not the asker's", content_type = "application/problem+json"),
        (status = 409, body = Problem, description = "`already_paid`, `payment_in_progress`", content_type = "application/problem+json"),
        (status = 410, body = Problem, description = "`order_over`", content_type = "application/problem+json"),
        (status = 422, body = Problem, description = "`invalid_method`, `invalid_request`", content_type = "application/problem+json"),
        (status = 429, body = Problem, description = "`too_many_attempts`", content_type = "application/problem+json"),
    )
)]
pub async fn pay(
    State(shop): State<Shop>,
    Named(id): Named<OrderId>,
    caller: Caller,
    run: Option<Extension<Run>>,
    Body(request): Body<PaymentRequest>,
) -> Result<Response, ApiError> {
    let method = Method(request.method.chars().filter(|c| !c.is_whitespace()).take(200).collect());
    let lot = run.map_or_else(|| random(&*shop.clock), |Extension(run)| run.draw("payment"));
    let [a, b, c, d, e, f, g, h, i, j, ..]: [u8; 32] = lot;
    let payment = PaymentId::mint(id.minted_at(), [a, b, c, d, e, f, g, h, i, j]);
    let order = shop.purchase.pay_as(payment, id, caller.holder(), &request.provider, method).await?;
    let payment = order.payments.iter().find(|made| made.id == payment).map(payment_view);
    let payment = payment.ok_or_else(|| ApiError::not_found("payment"))?;
    let mut response = (StatusCode::CREATED, Json(payment)).into_response();
    private(&mut response);
    Ok(response)
}

fn view(shop: &Shop, order: &OrderRecord, token: Option<String>) -> OrderView {
    order_view(order, token, |ticket| format!("{}/tickets/{}", shop.public_url, shop.purchase.signer().link(ticket.id)))
}
