//! What every answer must be, whatever was asked.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use parterre::test_support::house::TestHouse;
use parterre::test_support::paper::Paper;
use serde_json::Value;
use tower::ServiceExt;

/// Long inputs are runs of this letter; an answer never has more than so many of them in a row.
pub(crate) const LETTER: char = 'q';
const ECHOED: usize = 400;

/// An answer, with what was asked.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    method: String,
    path: String,
    asked: String,
    api: bool,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl core::fmt::Debug for Answer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let start: String = self.text().chars().take(600).collect();
        write!(f, "{} answered {}\n{:#?}\n{start}", self.asked, self.status, self.headers)
    }
}

pub(crate) async fn answer(router: &Router, request: Request<Body>) -> Answer {
    let asked = format!("{} {}", request.method(), request.uri());
    let (method, path) = (request.method().as_str().to_lowercase(), request.uri().path().to_owned());
    let api = path == "/api" || path.starts_with("/api/");
    let response = router.clone().oneshot(request).await.expect("a router always answers");
    let (parts, body) = response.into_parts();
    // A stream has no end.
    let streams =
        parts.headers.get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    let body = if streams { vec![] } else { to_bytes(body, 1 << 24).await.expect("a body is read whole").to_vec() };
    Answer { status: parts.status, method, path, asked, api, headers: parts.headers, body }
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Whether the API's document knows of the answer, where it knows of the operation; or what it does not know.
    pub(crate) fn documented(&self, paper: &Paper) -> Result<(), String> {
        // A look without a body may answer all that the look does.
        let method = if self.method == "head" { "get" } else { &self.method };
        let Some(template) = paper.template(&self.path) else { return Ok(()) };
        if paper.responses(method, template).is_none() {
            return Ok(());
        }
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let code = body["code"].as_str().filter(|_| self.header("content-type") == "application/problem+json");
        let case = (method.to_owned(), template.to_owned(), self.status.as_u16());
        paper.knows(&case, code, self.headers.contains_key("retry-after"))
    }

    /// Whether the answer keeps the law, or what it broke.
    pub(crate) fn lawful(&self) -> Result<(), String> {
        let says = |lawful: bool, what: &str| if lawful { Ok(()) } else { Err(what.to_owned()) };
        let honest = self.status == StatusCode::SERVICE_UNAVAILABLE && self.headers.contains_key("retry-after");
        says(!self.status.is_server_error() || honest, "an error of ours")?;
        if self.status.is_client_error() || self.status.is_server_error() {
            says(refused_in_full(self), "a refusal without its words")?;
            says(!self.header("cache-control").contains("public"), "a refusal that may be kept")?;
        }
        for name in ["content-security-policy", "x-content-type-options", "referrer-policy", "cache-control"] {
            says(self.headers.contains_key(name), &format!("no {name}"))?;
        }
        says(self.headers.get_all("vary").iter().count() <= 1, "Vary twice")?;
        for cookie in self.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().map_err(|error| error.to_string())?;
            let sealed = ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax", "; Max-Age="];
            says(cookie.starts_with("__Host-") && sealed.iter().all(|part| cookie.contains(part)), "an open cookie")?;
            says(!self.header("cache-control").contains("public"), "a cookie for everybody")?;
        }
        let run = LETTER.to_string().repeat(ECHOED);
        says(!self.text().contains(&run), "an echo in the body")?;
        says(
            self.headers.values().all(|value| !String::from_utf8_lossy(value.as_bytes()).contains(&run)),
            "an echo in a header",
        )?;
        says(
            self.headers
                .get("location")
                .is_none_or(|to| to.as_bytes().starts_with(b"/") && !to.as_bytes().starts_with(b"//")),
            "a way off the site",
        )?;
        let html = self.header("content-type").starts_with("text/html");
        says(!html || !self.text().contains("<script>alert"), "a stranger's script")
    }
}

/// Problems to programs, pages to people.
pub(crate) fn refused_in_full(answer: &Answer) -> bool {
    // A compressed answer is looked at where it came plain.
    if answer.headers.contains_key("content-encoding") || answer.asked.starts_with("HEAD") {
        return true;
    }
    if !answer.api {
        return answer.header("content-type").starts_with("text/html") && answer.text().starts_with("<!DOCTYPE html>");
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let said = |name: &str| body[name].as_str().is_some_and(|text| !text.is_empty());
    answer.header("content-type") == "application/problem+json"
        && body["status"] == answer.status.as_u16()
        && ["type", "title", "detail", "code"].into_iter().all(said)
}

/// How much is in the books: orders, lines, claims, payments, places reserved and sold.
pub(crate) async fn books(house: &TestHouse) -> (i64, i64, i64, i64, i64) {
    sqlx::query_as(
        "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM order_items), (SELECT count(*) FROM seat_claims),
                (SELECT count(*) FROM payments), (SELECT sum(sold::bigint + reserved) FROM ticket_tiers)::bigint",
    )
    .fetch_one(&house.database.pool)
    .await
    .unwrap()
}
