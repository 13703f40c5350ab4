//! How often one client may look at what is its own: each look is a question to the books, on the connections of those who
//! buy.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::client::Client;
use super::hourly;
use crate::clock::Clock;
use crate::limits::{Limits, Rule};

/// Below these lies what somebody holds, has ordered, or owns.
pub(super) const OWN: [&str; 7] =
    ["/checkout/", "/holds/", "/orders/", "/pay/", "/tickets/", "/api/v1/holds/", "/api/v1/orders/"];

/// Counts looks in this process.
#[derive(Clone)]
pub struct Looks {
    limits: Arc<Limits>,
    rule: Rule,
    clock: Arc<dyn Clock>,
}

impl Looks {
    /// So many a second in the long run, and ten times as many at once.
    #[must_use]
    pub fn new(per_second: u32, clock: Arc<dyn Clock>) -> Self {
        let rule =
            Rule { name: "looks", per_hour: per_second.saturating_mul(3_600), burst: per_second.saturating_mul(10) };
        Self { limits: Arc::new(Limits::new(None, Arc::clone(&clock))), rule, clock }
    }
}

/// Counts a look at one's own, and lets the rest pass uncounted.
pub async fn limit(State(looks): State<Looks>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let looks_at_own = [Method::GET, Method::HEAD].contains(request.method())
        && (OWN.iter().any(|below| path.starts_with(below)) || is_over(path));
    if looks_at_own {
        let client = request.extensions().get::<Client>().copied();
        if let Err(refused) = hourly::counted(&looks.limits, looks.rule, client, looks.clock.now()).await {
            return refused.into_response();
        }
    }
    next.run(request).await
}

/// Whether it is the page of a window whose time is up, which looks for the hold and the order it may have become.
fn is_over(path: &str) -> bool {
    path.starts_with("/events/") && path.ends_with("/over")
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::body::{Body, to_bytes};
    use axum::extract::ConnectInfo;
    use axum::http::{StatusCode, header};
    use tower::ServiceExt;

    use super::*;
    use crate::clock::ManualClock;
    use crate::config::Config;
    use crate::holds::MemoryHolds;
    use crate::test_support::NOW;
    use crate::test_support::house::{SLUG, TestHouse, config, with};

    const ORDER: &str = "01890000-0000-7000-8000-000000000000";

    async fn get(house: &TestHouse, last: u8, path: &str) -> Response {
        let mut request = Request::get(path).body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, last], 4000))));
        house.router.clone().oneshot(request).await.unwrap()
    }

    /// Looks until it is refused; answers how often it was not, and the refusal.
    async fn until_refused(house: &TestHouse, path: &str) -> (usize, Response) {
        for granted in 0..100 {
            let answer = get(house, 1, path).await;
            if answer.status() == StatusCode::TOO_MANY_REQUESTS {
                return (granted, answer);
            }
        }
        panic!("{path} has no limit");
    }

    #[tokio::test]
    async fn looks_at_ones_own_have_a_limit_and_the_refusal_leads_back() {
        let house = with(Config { writes_per_second: 1, ..config() }, Arc::new(MemoryHolds::default())).await;
        let order = format!("/api/v1/orders/{ORDER}");
        assert!(until_refused(&house, &order).await.0 >= 10);
        // All that is one's own is one rule.
        for (path, way) in [
            (format!("/orders/{ORDER}/tickets.pdf"), format!("/orders/{ORDER}")),
            (format!("/checkout/{ORDER}"), format!("/checkout/{ORDER}")),
            ("/tickets/abc".to_owned(), "/tickets/abc".to_owned()),
        ] {
            let (granted, answer) = until_refused(&house, &path).await;
            assert!(granted < 10, "{path}: {granted}");
            assert!(answer.headers().contains_key(header::RETRY_AFTER), "{path}");
            let page = String::from_utf8(to_bytes(answer.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap();
            assert!(page.contains("Slow down a little") && page.contains(&format!("href=\"{way}\"")), "{page}");
        }
        // So is the page of a window whose time is up, and the way back from a bank.
        for path in [format!("/events/{SLUG}/over?hold={ORDER}"), format!("/pay/test/x?order={ORDER}")] {
            assert!(until_refused(&house, &path).await.0 < 10, "{path}");
        }
        // What is everybody's, and everybody else, are not concerned.
        for _ in 0..20 {
            assert_eq!(get(&house, 1, &format!("/api/v1/events/{SLUG}")).await.status(), StatusCode::OK);
        }
        assert_eq!(get(&house, 2, &order).await.status(), StatusCode::UNAUTHORIZED);
    }

    #[tokio::test]
    async fn a_street_that_waits_for_its_orders_is_never_refused() {
        let clock = Arc::new(ManualClock::at(NOW));
        let looks = Looks::new(20, clock.clone());
        let client = Some(Client::household("192.0.2.1".parse().unwrap()));
        // Forty browsers behind one address, each looking every two seconds for an hour.
        for _ in 0..1_800 {
            for _ in 0..40 {
                assert!(hourly::counted(&looks.limits, looks.rule, client, clock.now()).await.is_ok());
            }
            clock.advance(2_000);
        }
    }
}
