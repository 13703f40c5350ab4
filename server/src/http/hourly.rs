//! What one client address may do in an hour, over all processes; seconds are the business of [`super::layers`].

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::time::Millis;

use super::client::Client;
use super::problem::ApiError;
use super::state::Shop;
use crate::config::Config;
use crate::limits::{Bucket, Lent, Limits, Rule, Verdict};

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
    let uri = request.uri();
    let asks = SEARCHED.contains(&uri.path()) && uri.query().is_some_and(searches_for);
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

/// Whether a query asks for anything: addresses also collect what others write into them.
fn searches_for(query: &str) -> bool {
    query
        .split('&')
        .filter_map(|part| part.split_once('='))
        .any(|(name, value)| ["q", "category", "after", "from", "to", "limit"].contains(&name) && !value.is_empty())
}

/// Counts a new basket of `client`, for itself and for its site: what to give back where none comes of it.
///
/// # Errors
/// Milliseconds until there may be another: the hour's are used up, and nothing is counted.
pub(super) async fn basket(shop: &Shop, client: Client) -> Result<Vec<Lent>, i64> {
    let now = shop.now();
    let mut all = Vec::with_capacity(2);
    for bucket in client.buckets() {
        match shop.limits.lend(of(holds(&shop.config), bucket), &bucket.to_string(), now).await {
            Ok(lent) => all.push(lent),
            Err(retry_after) => {
                give_back(shop, all);
                return Err(retry_after);
            }
        }
    }
    Ok(all)
}

/// No basket came of it. Nobody waits until all others know.
pub(super) fn give_back(shop: &Shop, all: Vec<Lent>) {
    for others in all.into_iter().filter_map(|lent| shop.limits.give_back(lent, shop.now())) {
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
    for bucket in client.into_iter().flat_map(Client::buckets) {
        if let Verdict::Refused { retry_after } = limits.take(of(rule, bucket), &bucket.to_string(), now).await {
            return Err(too_often(retry_after));
        }
    }
    Ok(())
}

/// 429, to come back after so many milliseconds.
pub(super) fn too_often(milliseconds: i64) -> ApiError {
    let wait = u32::try_from(milliseconds.max(0).unsigned_abs().div_ceil(1000)).unwrap_or(3600).max(1);
    ApiError::too_often(wait)
}
