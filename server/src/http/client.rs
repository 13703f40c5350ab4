//! Whose request it is, as far as an address tells: behind a trusted proxy the one that the proxy saw.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;

use crate::limits::{Bucket, first_bits};

/// The client's address: an IPv4 address, or the first 64 bits of an IPv6 one, which is what one household has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Client(pub IpAddr);

impl Client {
    /// Where nothing is known: tests of the bare router.
    const UNKNOWN: Self = Self(IpAddr::V4(Ipv4Addr::LOCALHOST));

    /// The client of a request that came from `peer` with `headers`. The right-most forwarded address that is no proxy
    /// of ours counts; what stands left of it anybody may have written.
    #[must_use]
    pub fn of(peer: Option<IpAddr>, headers: &HeaderMap, proxies: &[IpAddr]) -> Self {
        let Some(peer) = peer else { return Self::UNKNOWN };
        if !is_one_of(proxies, peer) {
            return Self::household(peer);
        }
        let named = headers
            .get_all("x-forwarded-for")
            .iter()
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
            .map(address);
        let mut client = peer;
        for address in named.rev() {
            // Nonsense ends the trail: the last address that can be believed is the proxy's own.
            let Some(address) = address else { break };
            client = address;
            if !is_one_of(proxies, address) {
                break;
            }
        }
        Self::household(client)
    }

    /// The client at this address.
    pub(super) fn household(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => Self(first_bits(address, 64)),
            v4 => Self(v4),
        }
    }

    /// Whom it is counted with: itself, and its site where it has one.
    pub fn buckets(self) -> impl Iterator<Item = Bucket> {
        Bucket::all_of(self.0)
    }
}

/// An address as proxies write it: some with a port, IPv6 then in brackets.
fn address(part: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(part).ok()?.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// Whether `address` is one of `known`, written as IPv4 or as the IPv6 that a socket for both makes of it.
pub(super) fn is_one_of(known: &[IpAddr], address: IpAddr) -> bool {
    known.iter().any(|known| known.to_canonical() == address.to_canonical())
}

/// Writes the client's address to the request, for everything within.
pub async fn recognise(State(proxies): State<Arc<[IpAddr]>>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let client = Client::of(peer, request.headers(), &proxies);
    request.extensions_mut().insert(client);
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn seen(peer: &str, forwarded: &str, proxies: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", HeaderValue::from_bytes(forwarded.as_bytes()).unwrap());
        let proxies: Vec<IpAddr> = proxies.iter().map(|proxy| proxy.parse().unwrap()).collect();
        Client::of(Some(peer.parse().unwrap()), &headers, &proxies).0.to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(seen("203.0.113.9", "198.51.100.1", &[]), "203.0.113.9");
        assert_eq!(seen("127.0.0.1", "198.51.100.1", &["127.0.0.1"]), "198.51.100.1");
        assert_eq!(seen("127.0.0.1", "10.9.9.9, 198.51.100.1, 127.0.0.1", &["127.0.0.1"]), "198.51.100.1");
        assert_eq!(seen("127.0.0.1", "nonsense", &["127.0.0.1"]), "127.0.0.1");
    }

    #[test]
    fn a_socket_for_both_protocols_knows_its_proxy_too() {
        assert_eq!(seen("::ffff:127.0.0.1", "198.51.100.1", &["127.0.0.1"]), "198.51.100.1");
        assert_eq!(seen("127.0.0.1", "198.51.100.1, ::ffff:10.0.0.2", &["127.0.0.1", "10.0.0.2"]), "198.51.100.1");
        assert_eq!(seen("10.0.0.2", "198.51.100.1", &["::ffff:10.0.0.2"]), "198.51.100.1");
    }

    #[test]
    fn what_a_client_wrote_before_it_hides_no_address() {
        for (written, client) in [
            ("\u{e9}, 203.0.113.9", "203.0.113.9"),
            ("203.0.113.9:4711", "203.0.113.9"),
            ("[2001:db8:1:2::3]:4711", "2001:db8:1:2::"),
            ("[2001:db8:1:2::3]", "2001:db8:1:2::"),
            ("203.0.113.9, nonsense", "127.0.0.1"),
        ] {
            assert_eq!(seen("127.0.0.1", written, &["127.0.0.1"]), client, "{written}");
        }
    }

    #[test]
    fn a_household_of_ipv6_addresses_is_one_client() {
        assert_eq!(seen("2001:db8:1:2:3:4:5:6", "", &[]), "2001:db8:1:2::");
        assert_eq!(seen("::ffff:203.0.113.9", "", &[]), "203.0.113.9");
    }

    #[test]
    fn a_site_is_counted_beside_its_households_and_never_taken_for_one() {
        let buckets = |address: &str| -> Vec<String> {
            let client = Client::household(address.parse().unwrap());
            client.buckets().map(|bucket| format!("{bucket} x{}", bucket.times())).collect()
        };
        assert_eq!(buckets("2001:db8:1:2::3"), ["2001:db8:1:2:: x1", "2001:db8:1::/48 x8"]);
        assert_eq!(buckets("2001:db8:1::3"), ["2001:db8:1:: x1", "2001:db8:1::/48 x8"]);
        assert_eq!(buckets("203.0.113.9"), ["203.0.113.9 x1"]);
    }
}
