//! Problems as pages: whatever a handler refuses becomes a page with a way on, unless the API asked.

use app::pages::wrong::{Way, WrongPage};
use app::pages::{self, render};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::super::html::private;
use super::super::layers::{late, worded};
use super::super::problem::{ApiError, Shown};
use super::super::state::Shop;

/// A page that is not what was hoped for.
pub(crate) fn show(shop: &Shop, status: StatusCode, data: WrongPage) -> Response {
    let frame = shop.frame();
    private(status, render(move || pages::wrong::page(&frame, data)), false)
}

/// Nothing lives at this address.
pub(crate) async fn nowhere() -> ApiError {
    ApiError::not_found("address")
}

/// Turns problems into pages.
pub(crate) async fn as_page(State(shop): State<Shop>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
    let looks = request.method().is_safe();
    let mut response = next.run(request).await;
    let status = response.status();
    // Whatever a layer or the framework refused: a body that is too large, a method that does not fit, time that is over.
    if (status.is_client_error() || status.is_server_error()) && is_plain(&response) {
        let allow = response.headers().get(header::ALLOW).cloned();
        response = if looks { looked(status, &path) } else { worded(status) }.into_response();
        if let Some(allow) = allow {
            response.headers_mut().insert(header::ALLOW, allow);
        }
    }
    if path == "/api" || path.starts_with("/api/") {
        return response;
    }
    let Some(Shown(problem)) = response.extensions().get::<Shown>().cloned() else { return response };
    let retry = response.headers().get(header::RETRY_AFTER).cloned();
    let allow = response.headers().get(header::ALLOW).cloned();
    let slug = path.strip_prefix("/events/").and_then(|rest| rest.split('/').next());
    // What is longer than any event's address part is not sent back.
    let slug = slug.filter(|slug| slug.len() <= 100).unwrap_or_default();
    let here = paid_page(&path);
    let data = match problem.code.as_str() {
        "not_found" => WrongPage::not_found(),
        "method_not_allowed" => WrongPage {
            text: "This address takes what a form sends, and nothing else. Look for the event instead:".into(),
            ..WrongPage::not_found()
        },
        "unauthorized" => WrongPage::not_yours(),
        "sold_out" if !slug.is_empty() => WrongPage::sold_out(slug),
        "not_on_sale" if !slug.is_empty() => WrongPage::not_on_sale(slug, None),
        "internal" => WrongPage::trouble(&id, here),
        "unconfirmed" => here.map_or_else(|| WrongPage::unsure(slug), WrongPage::checking),
        _ if !slug.is_empty() => WrongPage::refused(&problem.title, &problem.detail, slug),
        code => {
            let (words, href) = match here.filter(|_| code == "too_many_requests") {
                Some(here) => ("Look again", here),
                None => ("See what is on", "/"),
            };
            let ways = vec![Way::Go { words: words.into(), href: href.into() }];
            WrongPage { title: problem.title, text: problem.detail, ways, ..WrongPage::default() }
        }
    };
    let mut page = show(&shop, status, data);
    for (name, value) in [(header::RETRY_AFTER, retry), (header::ALLOW, allow)] {
        if let Some(value) = value {
            page.headers_mut().insert(name, value);
        }
    }
    page
}

/// A bare status that answers a look. One whose time is over has done nothing; where money may be in question that is not
/// said.
fn looked(status: StatusCode, path: &str) -> ApiError {
    let own = path.strip_prefix("/api/v1").unwrap_or(path);
    if status == StatusCode::SERVICE_UNAVAILABLE && paid_page(own).is_none() { late() } else { worded(status) }
}

/// The page that tells how things stand, where money may be in question at this address.
fn paid_page(path: &str) -> Option<&str> {
    let of_money = ["/checkout/", "/orders/", "/tickets/"].iter().any(|start| path.starts_with(start));
    // The first two parts: the rest are verbs and files.
    let end = path.match_indices('/').nth(2).map_or(path.len(), |(at, _)| at);
    of_money.then(|| &path[..end])
}

fn is_plain(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_none_or(|kind| kind.starts_with("text/plain"))
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::{looked, paid_page};

    #[test]
    fn a_look_that_took_too_long_did_nothing_unless_money_may_be_in_question() {
        let code = |path: &str| looked(StatusCode::SERVICE_UNAVAILABLE, path).problem.code;
        assert_eq!(["/", "/api/v1/events", "/api/v1/holds/1"].map(code), ["busy"; 3]);
        assert_eq!(["/orders/1", "/api/v1/orders/1", "/checkout/2"].map(code), ["unconfirmed"; 3]);
    }

    #[test]
    fn where_money_may_be_in_question_a_page_tells_how_things_stand() {
        assert_eq!(paid_page("/orders/1/pay"), Some("/orders/1"));
        assert_eq!(paid_page("/orders/1/tickets.pdf"), Some("/orders/1"));
        assert_eq!(paid_page("/checkout/2"), Some("/checkout/2"));
        assert_eq!(paid_page("/tickets/abc/ticket.pdf"), Some("/tickets/abc"));
        assert_eq!(paid_page("/events/x/hold"), None);
        assert_eq!(paid_page("/holds/3/extend"), None);
    }
}
