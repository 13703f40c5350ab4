//! Problems as pages: whatever a handler refuses becomes a page with a way on, unless the API asked.

use app::pages::wrong::{Way, WrongPage};
use app::pages::{self, render};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use super::super::html::private;
use super::super::problem::Shown;
use super::super::state::Shop;

/// A page that is not what was hoped for.
pub(crate) fn show(shop: &Shop, status: StatusCode, data: WrongPage) -> Response {
    let frame = shop.frame("");
    private(status, render(move || pages::wrong::page(&frame, data)), None)
}

/// Nothing lives at this address.
pub(crate) async fn nowhere(State(shop): State<Shop>) -> Response {
    show(&shop, StatusCode::NOT_FOUND, WrongPage::not_found())
}

/// Turns problems into pages.
pub(crate) async fn as_page(State(shop): State<Shop>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
    let response = next.run(request).await;
    if path.starts_with("/api/") {
        return response;
    }
    let status = response.status();
    let Some(Shown(problem)) = response.extensions().get::<Shown>().cloned() else {
        // Whatever the framework itself refused: a form that is too large, a method that does not fit.
        return if status == StatusCode::METHOD_NOT_ALLOWED || (status.is_client_error() && is_plain(&response)) {
            show(&shop, status, WrongPage::not_found())
        } else {
            response
        };
    };
    let retry = response.headers().get(header::RETRY_AFTER).cloned();
    let slug = path.strip_prefix("/events/").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let data = match problem.code.as_str() {
        "not_found" => WrongPage::not_found(),
        "unauthorized" => WrongPage::not_yours(),
        "sold_out" if !slug.is_empty() => WrongPage::sold_out(slug),
        "not_on_sale" if !slug.is_empty() => WrongPage::not_on_sale(slug, None),
        "internal" => WrongPage::trouble(&id),
        _ if !slug.is_empty() => WrongPage::refused(&problem.title, &problem.detail, slug),
        _ => WrongPage {
            title: problem.title,
            text: problem.detail,
            ways: vec![Way::Go { words: "See what is on".into(), href: "/".into() }],
            ..WrongPage::default()
        },
    };
    let mut page = show(&shop, status, data);
    if let Some(retry) = retry {
        page.headers_mut().insert(header::RETRY_AFTER, retry);
    }
    page
}

fn is_plain(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_none_or(|kind| kind.starts_with("text/plain"))
}
