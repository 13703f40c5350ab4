//! How many connections are served at a time: in all, and from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::client::{Client, is_one_of};

/// What one process serves.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections in all; further ones wait to be accepted.
    pub all: usize,
    /// From one address, the proxies apart; further ones are closed.
    pub each: usize,
    /// Proxies of ours, behind each of which everybody may stand.
    pub proxies: Arc<[IpAddr]>,
}

impl From<usize> for Limits {
    /// So many in all, from wherever they come.
    fn from(all: usize) -> Self {
        Self { all, each: usize::MAX, proxies: Arc::default() }
    }
}

/// Counts connections by where they come from.
#[derive(Debug)]
pub(super) struct Peers {
    each: usize,
    proxies: Arc<[IpAddr]>,
    open: Mutex<HashMap<Client, usize>>,
}

impl Peers {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self { each: limits.each, proxies: Arc::clone(&limits.proxies), open: Mutex::default() })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Client, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one more connection of `peer`; `None` where it has as many as one may.
    pub(super) fn enter(self: &Arc<Self>, peer: IpAddr) -> Option<Entered> {
        if is_one_of(&self.proxies, peer) {
            return Some(Entered(None));
        }
        let client = Client::household(peer);
        let mut open = self.open();
        let here = open.entry(client).or_default();
        if *here >= self.each {
            return None;
        }
        *here += 1;
        Some(Entered(Some((Arc::clone(self), client))))
    }
}

/// A counted connection, until this is dropped.
pub(super) struct Entered(Option<(Arc<Peers>, Client)>);

impl Drop for Entered {
    fn drop(&mut self) {
        let Some((peers, client)) = self.0.take() else { return };
        let mut open = peers.open();
        if let Some(here) = open.get_mut(&client) {
            *here -= 1;
            if *here == 0 {
                open.remove(&client);
            }
        }
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
}
