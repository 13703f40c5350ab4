//! What one client address may do in an hour, over all processes; seconds are the business of [`super::layers`].

use axum::extract::{Query, Request, State};
use axum::http::{Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::time::Millis;

use super::client::Client;
use super::problem::ApiError;
use super::state::Shop;
use crate::config::Config;
use crate::limits::{Bucket, Lent, Limits, Rule};

/// Addresses whose questions cost the database work of their own: every search and filter is another question.
const SEARCHED: [&str; 2] = ["/", "/api/v1/events"];

/// Calls that change something: a quarter of what the limit by the second would let through in an hour.
fn writes(config: &Config) -> Rule {
    let per_hour = config.writes_per_second.saturating_mul(900);
    Rule { name: "writes", per_hour, burst: per_hour / 4 }
}

/// Searches and filtered lists.
fn searches(config: &Config) -> Rule {
    Rule { name: "searches", per_hour: config.searches_per_hour, burst: config.searches_per_hour / 30 }
}

/// New baskets: in the long run ten times as many an hour as may be open at a time.
fn holds(config: &Config) -> Rule {
    let burst = config.holds_per_address;
    Rule { name: "holds", per_hour: burst.saturating_mul(10), burst }
}

/// Counts what costs something, and lets the rest pass uncounted.
pub async fn limit(State(shop): State<Shop>, request: Request, next: Next) -> Response {
    let changes = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE].contains(request.method());
    let asks = SEARCHED.contains(&request.uri().path()) && searches_for(request.uri());
    let rule = match (changes, asks) {
        (true, _) => writes(&shop.config),
        (false, true) => searches(&shop.config),
        (false, false) => return next.run(request).await,
    };
    let client = request.extensions().get::<Client>().copied();
    match counted(&shop.limits, rule, client, shop.now()).await {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}

/// Whether an address asks for anything: it may also collect what others write into it. Read as the search itself reads it,
/// for a name can be written in more than one way.
fn searches_for(uri: &Uri) -> bool {
    let asks = |(name, value): &(String, String)| {
        ["q", "category", "after", "from", "to", "limit"].contains(&name.as_str()) && !value.is_empty()
    };
    // What cannot be read is refused, and searches for nothing.
    Query::<Vec<(String, String)>>::try_from_uri(uri).is_ok_and(|Query(fields)| fields.iter().any(asks))
}

/// Counts a new basket of `client`, for itself and for its site: what to give back where none comes of it.
///
/// # Errors
/// Milliseconds until there may be another: the hour's are used up, and nothing is counted.
pub(super) async fn basket(shop: &Shop, client: Client) -> Result<Vec<Lent>, i64> {
    lend(&shop.limits, holds(&shop.config), client, shop.now()).await
}

/// Counts under `rule` for `client` itself and for its site, or, where one of them says no, for neither.
async fn lend(limits: &Limits, rule: Rule, client: Client, now: Millis) -> Result<Vec<Lent>, i64> {
    let mut all = Vec::with_capacity(2);
    for bucket in client.buckets() {
        match limits.lend(of(rule, bucket), &bucket.to_string(), now).await {
            Ok(lent) => all.push(lent),
            Err(retry_after) => {
                give_back(limits, all, now);
                return Err(retry_after);
            }
        }
    }
    Ok(all)
}

/// Nothing came of it. Nobody waits until all others know.
pub(super) fn give_back(limits: &Limits, all: Vec<Lent>, now: Millis) {
    for others in all.into_iter().filter_map(|lent| limits.give_back(lent, now)) {
        tokio::spawn(others);
    }
}

/// The rule for so many clients' worth.
fn of(Rule { name, per_hour, burst }: Rule, bucket: Bucket) -> Rule {
    let times = |limit: u32| limit.saturating_mul(bucket.times());
    Rule { name, per_hour: times(per_hour), burst: times(burst) }
}

/// Counts a request of `client` under `rule`, for itself and for its site.
///
/// # Errors
/// 429 where either has used up what it may.
pub(super) async fn counted(limits: &Limits, rule: Rule, client: Option<Client>, now: Millis) -> Result<(), ApiError> {
    let Some(client) = client else { return Ok(()) };
    lend(limits, rule, client, now).await.map(drop).map_err(too_often)
}

/// 429, to come back after so many milliseconds.
pub(super) fn too_often(milliseconds: i64) -> ApiError {
    let wait = u32::try_from(milliseconds.max(0).unsigned_abs().div_ceil(1000)).unwrap_or(3600).max(1);
    ApiError::too_often(wait)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::limits::SITE;
    use crate::test_support::NOW;

    #[test]
    fn a_search_is_one_however_its_name_is_written() {
        let asks = |address: &str| searches_for(&address.parse().unwrap());
        for address in ["/?q=jazz", "/?%71=jazz", "/?lang=de&%63ategory=concert", "/?q=%20", "/?fr%6Fm=2026-01-01"] {
            assert!(asks(address), "{address}");
        }
        for address in ["/", "/?", "/?q", "/?q=", "/?%71=", "/?utm_source=letter", "/?%2571=jazz"] {
            assert!(!asks(address), "{address}");
        }
    }

    #[tokio::test]
    async fn what_a_site_may_not_have_is_counted_for_nobody() {
        let limits = Limits::new(None, std::sync::Arc::new(SystemClock));
        let rule = Rule { name: "test", per_hour: 60, burst: 1 };
        let household = |last: u16| Some(Client::household(format!("2001:db8:1:{last:x}::1").parse().unwrap()));
        let mut neighbours = 0;
        while counted(&limits, rule, household(neighbours), NOW).await.is_ok() {
            neighbours += 1;
        }
        assert!(neighbours > 1, "a site may have more than one of its households");
        // Refused for the site's sake, however often: what is this household's own is still there an hour later.
        let late = household(neighbours);
        for _ in 0..10 {
            assert!(counted(&limits, rule, late, NOW).await.is_err());
        }
        let own = late.unwrap().buckets().next().unwrap();
        assert!(own.times() < SITE && limits.lend(of(rule, own), &own.to_string(), NOW).await.is_ok());
    }
}
