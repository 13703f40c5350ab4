//! Holds: make, look, extend, let go.

use app::api::holds::{HoldRequest, HoldView};
use app::api::problem::Problem;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use domain::ids::HoldId;

use crate::holds::{Back, Patience};
use crate::http::client::Client;
use crate::http::json::{Body, Named};
use crate::http::problem::ApiError;
use crate::http::secret::{Caller, Secret, Source, from_a_page};
use crate::http::state::{Shop, looked};
use crate::http::views::{Extras, hold_view, withdrawn};
use crate::idempotency::{Again, Run};

/// Hold seats or standing places
///
/// All or none, until `expires_at`: ten minutes, unless the house is set to another time. Seats and standing places may be combined; `best` lets the house choose. With `heal`
/// a seat that is gone is replaced by the nearest equal one in the same call. A basket that is changed keeps what it has;
/// a seat of it that is no longer on sale leaves it, and `relaxed` says so.
#[utoipa::path(
    post, path = "/events/{slug}/holds", tag = "holds", request_body = HoldRequest,
    params(("slug" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses(
        (status = 201, body = HoldView, description = "Held"),
        (status = 404, body = Problem, description = "No such event", content_type = "application/problem+json"),
        (status = 409, body = Problem, description = "`seats_taken`, `seats_withdrawn`, `not_together`, `sold_out`, `too_many_holds`", content_type = "application/problem+json"),
        (status = 422, body = Problem, description = "`orphan_seat`, `too_many`, `not_on_sale`, `unknown_seat`, `unknown_tier`, `unknown_section`, `tier_limits`, `nothing_chosen`, `contradiction`, `invalid_request`; `no_cookie` to a page alone", content_type = "application/problem+json"),
    )
)]
pub async fn create(
    State(shop): State<Shop>,
    Named(slug): Named<String>,
    caller: Option<Caller>,
    Extension(client): Extension<Client>,
    run: Option<Extension<Run>>,
    headers: HeaderMap,
    Body(request): Body<HoldRequest>,
) -> Result<Response, ApiError> {
    let known = caller.map(|caller| caller.secret);
    let run = run.map(|Extension(run)| run);
    let patience = Patience::new(match (&run, known) {
        (Some(_), _) => Back::Asks,
        (None, Some(_)) => Back::Looks,
        (None, None) => Back::Never,
    });
    let made = || run.as_ref().map_or_else(|| Secret::fresh(&*shop.clock), Secret::of_run);
    let secret = known.unwrap_or_else(made);
    // A page's own script never sees the secret: it goes into the cookie. Everybody else gets it in the answer.
    let page = from_a_page(&headers);
    if page && known.is_none() {
        // The page came with a cookie. One that was lost since then is there for the next try.
        let mut response = ApiError::no_cookie().into_response();
        response.headers_mut().insert(header::SET_COOKIE, Secret::fresh(&*shop.clock).cookie());
        return Ok(response);
    }
    // All that is needed to tell of the hold is at hand before there is one.
    let stage = shop.at_the_desk(&slug).await?;
    let whose = (secret.holder(), patience);
    let granted = shop.hold(stage.event.summary.id, client, whose, &request, run.as_ref()).await?;
    let token = known.is_none().then(|| secret.text());
    let mut relaxed = granted.relaxed;
    if let Some(chart) = stage.chart.as_deref().filter(|_| !granted.withdrawn.is_empty()) {
        relaxed.push(withdrawn(chart, &granted.withdrawn));
    }
    let extras = Extras { token, healed: granted.healed, relaxed, withdrawn: granted.withdrawn };
    let view = hold_view(&granted.hold, &stage.event, stage.chart.as_deref(), extras, shop.now());
    let mut response = (StatusCode::CREATED, Json(view)).into_response();
    private(&mut response);
    if page && caller.is_some_and(|caller| caller.source == Source::Cookie) {
        response.headers_mut().insert(header::SET_COOKIE, secret.cookie());
    }
    Ok(response)
}

/// Look at a hold
///
/// `forgotten` of the refusal: the server was started anew since and no order was made of the hold, so that nobody else
/// ended it. Whoever still wants its places asks for them again.
#[utoipa::path(
    get, path = "/holds/{id}", tag = "holds", params(("id" = String, Path)), security(("secret" = [])),
    responses(
        (status = 200, body = HoldView, description = "Still held"),
        (status = 401, body = Problem, description = "No secret", content_type = "application/problem+json"),
        (status = 410, body = Problem, description = "`hold_expired`: it ran out, was let go, or is not the asker's", content_type = "application/problem+json"),
    )
)]
pub async fn read(State(shop): State<Shop>, Named(id): Named<HoldId>, caller: Caller) -> Result<Response, ApiError> {
    let (patience, holder) = (Patience::new(Back::Looks), caller.holder());
    match looked(patience, shop.holds.get(id, holder, shop.now())).await {
        Err(gone) if gone.status() == StatusCode::GONE => {
            let forgotten = looked(patience, shop.forgot(id, holder)).await?;
            Err(if forgotten { gone.with("forgotten", true) } else { gone })
        }
        hold => answer(&shop, &hold?).await,
    }
}

/// Extend a hold once
#[utoipa::path(
    post, path = "/holds/{id}/extend", tag = "holds", security(("secret" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses(
        (status = 200, body = HoldView, description = "Extended"),
        (status = 401, body = Problem, description = "No secret", content_type = "application/problem+json"),
        (status = 409, body = Problem, description = "`no_extension_left`", content_type = "application/problem+json"),
        (status = 410, body = Problem, description = "`hold_expired`", content_type = "application/problem+json"),
    )
)]
pub async fn extend(
    State(shop): State<Shop>,
    Named(id): Named<HoldId>,
    caller: Caller,
    again: Option<Extension<Again>>,
) -> Result<Response, ApiError> {
    let hold = shop.extend(Patience::new(Back::Asks), id, caller.holder(), again.is_some()).await?;
    answer(&shop, &hold).await.map_err(ApiError::after_the_effect)
}

/// Let a hold go
///
/// Letting go of what is gone already is no error.
#[utoipa::path(
    delete, path = "/holds/{id}", tag = "holds", params(("id" = String, Path)), security(("secret" = [])),
    responses(
        (status = 204, description = "Gone"),
        (status = 401, body = Problem, description = "No secret", content_type = "application/problem+json"),
    )
)]
pub async fn release(
    State(shop): State<Shop>,
    Named(id): Named<HoldId>,
    caller: Caller,
) -> Result<StatusCode, ApiError> {
    shop.holds.release(id, caller.holder(), shop.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn answer(shop: &Shop, hold: &domain::hold::Hold) -> Result<Response, ApiError> {
    let stage = shop.on_stage_by_id(hold.event).await?;
    let view = hold_view(hold, &stage.event, stage.chart.as_deref(), Extras::default(), shop.now());
    let mut response = Json(view).into_response();
    private(&mut response);
    Ok(response)
}

/// One buyer's answer: nobody in between keeps it.
pub(super) fn private(response: &mut Response) {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
}
