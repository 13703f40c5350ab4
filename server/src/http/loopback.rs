//! Twins of the cookies for a look at the shop on one's own machine: some browsers, Safari among them, keep no `Secure`
//! cookie on `http://127.0.0.1`, and the prefix `__Host-` asks for one.
//!
//! Only where the shop shows its development pages, listens on loopback alone, has no proxy and no other public address,
//! and only for requests to a loopback address that came through nobody: never where sales are real. There a page answers
//! with each cookie once more, by a plain name and without `Secure`; whoever brings only that one back is known by it.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::uri::{Authority, Scheme};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::config::Config;

/// How the names of cookies begin, and those of their twins.
const PREFIX: &str = "__Host-";
const TWIN: &str = "Plain-";
/// Headers of whoever passes requests on.
const PASSED_ON: [&str; 7] =
    ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "cf-connecting-ip"];

/// Whether a shop with these settings, which fans see at `public_url`, gives twins at all.
pub(super) fn applies(config: &Config, public_url: &str) -> bool {
    let seen = public_url.parse::<Uri>().unwrap_or_default();
    config.dev_pages
        && config.host.is_loopback()
        && config.trusted_proxies.is_empty()
        && seen.scheme() == Some(&Scheme::HTTP)
        && seen.authority().is_some_and(is_loopback)
}

fn is_loopback(authority: &Authority) -> bool {
    let host = authority.host();
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Gives the cookies of an answer their twins, and reads them back.
pub(super) async fn twins(mut request: Request, next: Next) -> Response {
    if !is_at_home(request.headers()) {
        return next.run(request).await;
    }
    for cookie in known_by_twin(request.headers()) {
        request.headers_mut().append(header::COOKIE, cookie);
    }
    let mut response = next.run(request).await;
    let twins: Vec<_> = response.headers().get_all(header::SET_COOKIE).iter().filter_map(twin).collect();
    for cookie in twins {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Whether this machine's browser asked, at an address that no other machine has.
fn is_at_home(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| Authority::try_from(host.as_bytes()).ok());
    host.as_ref().is_some_and(is_loopback) && !PASSED_ON.iter().any(|name| headers.contains_key(*name))
}

/// The cookies of which only the twin came, as they would have come.
fn known_by_twin(headers: &HeaderMap) -> Vec<HeaderValue> {
    let pairs: Vec<&str> = super::cookies::pairs(headers).collect();
    let name = |pair: &str| pair.split('=').next().unwrap_or_default().to_owned();
    let came = |wanted: &str| pairs.iter().any(|pair| pair.strip_prefix(PREFIX).is_some_and(|own| name(own) == wanted));
    let alone = pairs.iter().filter_map(|pair| pair.strip_prefix(TWIN)).filter(|twin| !came(&name(twin)));
    alone.filter_map(|twin| HeaderValue::from_str(&format!("{PREFIX}{twin}")).ok()).collect()
}

fn twin(cookie: &HeaderValue) -> Option<HeaderValue> {
    let own = cookie.to_str().ok()?.strip_prefix(PREFIX)?;
    HeaderValue::from_str(&format!("{TWIN}{}", own.replace("; Secure", ""))).ok()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Words {
        #[command(flatten)]
        config: Config,
    }

    fn given(words: &[&str], public_url: &str) -> bool {
        applies(&Words::parse_from([&["parterre"], words].concat()).config, public_url)
    }

    fn asked(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap()));
        pairs.collect()
    }

    #[test]
    fn plain_cookies_are_for_a_look_at_ones_own_machine_alone() {
        let here = "http://127.0.0.1:8080";
        assert!(given(&["--dev-pages"], here) && given(&["--dev-pages", "--host", "::1"], "http://[::1]:80"));
        assert!(!given(&[], here), "real sales");
        assert!(!given(&["--dev-pages", "--host", "0.0.0.0"], here), "other machines can ask");
        assert!(!given(&["--dev-pages", "--trusted-proxy", "127.0.0.1"], here), "a proxy stands before it");
        for seen in ["https://127.0.0.1", "https://tickets.example", "http://tickets.example", "http://10.0.0.1", ""] {
            assert!(!given(&["--dev-pages"], seen), "{seen}");
        }

        for host in ["127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]:8080", "127.9.9.9"] {
            assert!(is_at_home(&asked(&[("host", host)])), "{host}");
        }
        for host in ["tickets.example", "localhost.example:80", "127.0.0.1.example", "10.0.0.1", "[::2]", "", "a b"] {
            assert!(!is_at_home(&asked(&[("host", host)])), "{host}");
        }
        for name in PASSED_ON {
            assert!(!is_at_home(&asked(&[("host", "localhost"), (name, "127.0.0.1")])), "{name}");
        }
        assert!(!is_at_home(&HeaderMap::new()));
    }

    #[test]
    fn a_cookie_is_known_by_its_twin_where_it_did_not_come_itself() {
        let given = HeaderValue::from_static("__Host-parterre=abc; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=60");
        assert_eq!(twin(&given).unwrap(), "Plain-parterre=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=60");
        assert_eq!(twin(&HeaderValue::from_static("other=abc; Secure")), None);
        let came = |cookies: &str| known_by_twin(&asked(&[("cookie", cookies)]));
        assert_eq!(came("a=b; Plain-parterre=abc; Plain-notice=x=="), ["__Host-parterre=abc", "__Host-notice=x=="]);
        assert_eq!(came("Plain-parterre=old; __Host-parterre=new; Plain-notice=x"), ["__Host-notice=x"]);
        assert!(came("a=b; __Host-parterre=new").is_empty());
    }
}
