//! How many listen at a time: in all, and from one address.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum_prometheus::metrics::gauge;

/// Why somebody may not listen now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// As many listen as this process takes.
    House,
    /// As many listen from this address as one may.
    Address {
        /// The limit.
        limit: u32,
    },
}

/// Counts who listens.
#[derive(Debug)]
pub(super) struct Doors {
    most: usize,
    most_each: u32,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    all: usize,
    by_address: HashMap<IpAddr, u32>,
}

impl Doors {
    /// Lets at most `most` in, and `most_each` from one address.
    pub(super) fn new(most: usize, most_each: u32) -> Arc<Self> {
        Arc::new(Self { most, most_each, inside: Mutex::default() })
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets somebody in until the guest is dropped.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Result<Guest, Full> {
        let mut inside = self.inside();
        let here = inside.by_address.get(&address).copied().unwrap_or(0);
        if here >= self.most_each {
            return Err(Full::Address { limit: self.most_each });
        }
        if inside.all >= self.most {
            return Err(Full::House);
        }
        inside.all += 1;
        inside.by_address.insert(address, here + 1);
        gauge!("parterre_live_subscribers").set(inside.all as f64);
        Ok(Guest { doors: Arc::clone(self), address })
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
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut inside = self.doors.inside();
        inside.all = inside.all.saturating_sub(1);
        if let Entry::Occupied(mut here) = inside.by_address.entry(self.address) {
            *here.get_mut() -= 1;
            if *here.get() == 0 {
                here.remove();
            }
        }
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
}
