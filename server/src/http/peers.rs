//! How many connections are served at a time: in all, and from one address.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::client::{Client, is_one_of};
use crate::limits::Shares;

/// What one process serves.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections in all; further ones wait to be accepted.
    pub all: usize,
    /// From one address, the proxies apart; further ones are closed. A site may have some times as many.
    pub each: u32,
    /// Proxies of ours, behind each of which everybody may stand.
    pub proxies: Arc<[IpAddr]>,
}

impl From<usize> for Limits {
    /// So many in all, from wherever they come.
    fn from(all: usize) -> Self {
        Self { all, each: u32::MAX, proxies: Arc::default() }
    }
}

/// Counts connections by where they come from.
#[derive(Debug)]
pub(super) struct Peers {
    each: u32,
    proxies: Arc<[IpAddr]>,
    open: Mutex<Shares>,
}

impl Peers {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self { each: limits.each, proxies: Arc::clone(&limits.proxies), open: Mutex::default() })
    }

    fn open(&self) -> MutexGuard<'_, Shares> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one more connection of `peer`; `None` where it has as many as one may.
    pub(super) fn enter(self: &Arc<Self>, peer: IpAddr) -> Option<Entered> {
        if is_one_of(&self.proxies, peer) {
            return Some(Entered(None));
        }
        let client = Client::household(peer);
        self.open().enter(client.0, self.each).ok()?;
        Some(Entered(Some((Arc::clone(self), client))))
    }
}

/// A counted connection, until this is dropped.
pub(super) struct Entered(Option<(Arc<Peers>, Client)>);

impl Drop for Entered {
    fn drop(&mut self) {
        let Some((peers, client)) = self.0.take() else { return };
        peers.open().leave(client.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_limit_and_a_proxy_none() {
        let [fan, neighbour, proxy] = ["192.0.2.1", "192.0.2.2", "::ffff:192.0.2.9"].map(|at| at.parse().unwrap());
        let proxies = Arc::from(["192.0.2.9".parse::<IpAddr>().unwrap()]);
        let peers = Peers::new(&Limits { all: 9, each: 2, proxies });
        let two = [(); 2].map(|()| peers.enter(fan).unwrap());
        assert!(peers.enter(fan).is_none() && peers.enter(neighbour).is_some());
        let many: Vec<_> = (0..9).map(|_| peers.enter(proxy).unwrap()).collect();
        drop(two);
        assert!(peers.enter(fan).is_some());
        drop(many);
        assert!(peers.open().is_empty());
    }

    #[test]
    fn whoever_has_many_households_has_no_more_than_a_site_may() {
        let peers = Peers::new(&Limits { all: 999, each: 2, proxies: Arc::default() });
        let households = || (0..100).map(|number: u16| format!("2001:db8:1:{number:x}::1").parse().unwrap());
        let inside: Vec<_> = households().filter_map(|peer| peers.enter(peer)).collect();
        assert_eq!(inside.len(), 16);
        assert!(peers.enter("2001:db8:2::1".parse().unwrap()).is_some());
        drop(inside);
        assert!(peers.open().is_empty());
    }
}
