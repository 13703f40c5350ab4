//! How many listen at a time: in all, from one address or site, and by ordinary bodies.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum_prometheus::metrics::gauge;

use crate::limits::Shares;

/// Why somebody may not listen now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// As many listen as this process takes.
    House,
    /// As many listen from this address, or from its site, as one may.
    Address {
        /// The limit.
        limit: u32,
    },
    /// The process is about to end.
    Closing,
}

/// Counts who listens.
#[derive(Debug)]
pub(super) struct Doors {
    most: usize,
    most_each: u32,
    most_bodies: AtomicUsize,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    all: usize,
    bodies: usize,
    by_address: Shares,
}

impl Doors {
    /// Lets at most `most` in, and `most_each` from one address; from a site some times as many.
    pub(super) fn new(most: usize, most_each: u32) -> Arc<Self> {
        Arc::new(Self { most, most_each, most_bodies: AtomicUsize::new(usize::MAX), inside: Mutex::default() })
    }

    /// Lets at most so many of them listen by ordinary bodies.
    pub(super) fn limit_bodies(&self, most: usize) {
        self.most_bodies.store(most, Ordering::Relaxed);
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets somebody in until the guest is dropped.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Result<Guest, Full> {
        let mut inside = self.inside();
        inside.by_address.enter(address, self.most_each).map_err(|limit| Full::Address { limit })?;
        if inside.all >= self.most {
            inside.by_address.leave(address);
            return Err(Full::House);
        }
        inside.all += 1;
        gauge!("parterre_live_subscribers").set(inside.all as f64);
        Ok(Guest { doors: Arc::clone(self), address, by_body: false })
    }

    /// How many are inside.
    pub(super) fn count(&self) -> usize {
        self.inside().all
    }
}

/// Somebody who listens.
#[derive(Debug)]
pub(super) struct Guest {
    doors: Arc<Doors>,
    address: IpAddr,
    by_body: bool,
}

impl Guest {
    /// Counts among those who listen by ordinary bodies from now on.
    pub(super) fn take_body(&mut self) -> Result<(), Full> {
        let mut inside = self.doors.inside();
        if inside.bodies >= self.doors.most_bodies.load(Ordering::Relaxed) {
            return Err(Full::House);
        }
        inside.bodies += 1;
        self.by_body = true;
        Ok(())
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut inside = self.doors.inside();
        inside.all = inside.all.saturating_sub(1);
        inside.bodies -= usize::from(self.by_body);
        inside.by_address.leave(self.address);
        gauge!("parterre_live_subscribers").set(inside.all as f64);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn the_house_and_each_address_have_their_limit() {
        let doors = Doors::new(3, 2);
        let [a, b, c] = [1, 2, 3].map(|last| IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)));
        let first = doors.enter(a).unwrap();
        let second = doors.enter(a).unwrap();
        assert_eq!(doors.enter(a).unwrap_err(), Full::Address { limit: 2 });
        let third = doors.enter(b).unwrap();
        assert_eq!(doors.enter(c).unwrap_err(), Full::House);
        drop(first);
        assert!(doors.enter(c).is_ok());
        drop((second, third));
        assert_eq!(doors.count(), 0);
        assert!(doors.inside().by_address.is_empty());
    }

    #[test]
    fn many_households_of_one_site_take_no_more_streams_than_a_site_may() {
        let doors = Doors::new(999, 2);
        let household = |of: u32| format!("2001:db8:1:{of:x}::").parse().unwrap();
        let inside: Vec<_> = (0..100).filter_map(|of| doors.enter(household(of)).ok()).collect();
        assert_eq!(inside.len(), 16);
        assert_eq!(doors.enter(household(100)).unwrap_err(), Full::Address { limit: 16 });
        assert!(doors.enter("2001:db8:2::".parse().unwrap()).is_ok());
        drop(inside);
        assert!(doors.inside().by_address.is_empty());
    }

    #[test]
    fn bodies_have_a_limit_of_their_own() {
        let doors = Doors::new(9, 9);
        doors.limit_bodies(1);
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let [mut first, mut second, _third] = [(); 3].map(|()| doors.enter(address).unwrap());
        first.take_body().unwrap();
        assert_eq!(second.take_body(), Err(Full::House));
        drop(first);
        second.take_body().unwrap();
        drop(second);
        assert_eq!(doors.inside().bodies, 0);
        assert_eq!(doors.count(), 1);
    }
}
