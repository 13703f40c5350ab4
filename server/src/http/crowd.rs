//! Live holds by client: one address cannot hold the house, however many secrets it invents.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, PoisonError};

use domain::time::Millis;

use super::client::Client;
use crate::limits::Bucket;

/// When the live holds of each client, and of each site, end.
#[derive(Debug, Default)]
pub struct Crowd(Mutex<Ends>);

#[derive(Debug)]
struct Ends {
    of: HashMap<Bucket, Vec<Millis>>,
    /// Clients remembered before the idle ones are forgotten: twice as many as were left the last time.
    tidy_above: usize,
}

impl Default for Ends {
    fn default() -> Self {
        Self { of: HashMap::new(), tidy_above: Self::LEAST }
    }
}

impl Ends {
    const LEAST: usize = 10_000;
}

impl Crowd {
    /// Counts a hold of `client` that lasts until `end`; false, and nothing is counted, where it has `limit` live ones, or
    /// its site as many as a site may have. One that is let go early counts on: holding and letting go is what it guards
    /// against.
    pub fn enter(&self, client: Client, limit: u32, end: Millis, now: Millis) -> bool {
        let mut ends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ends.of.len() > ends.tidy_above {
            ends.of.retain(|_, ends| ends.iter().any(|end| *end > now));
            ends.tidy_above = (ends.of.len() * 2).max(Ends::LEAST);
        }
        let has_room = client.buckets().all(|bucket| {
            ends.of.get_mut(&bucket).is_none_or(|ends| {
                ends.retain(|end| *end > now);
                ends.len() < limit.saturating_mul(bucket.times()) as usize
            })
        });
        if has_room {
            for bucket in client.buckets() {
                ends.of.entry(bucket).or_default().push(end);
            }
        }
        has_room
    }

    /// No hold came of one that was counted until `end`.
    pub fn leave(&self, client: Client, end: Millis) {
        let mut ends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for bucket in client.buckets() {
            let Entry::Occupied(mut known) = ends.of.entry(bucket) else { continue };
            if let Some(at) = known.get().iter().position(|known| *known == end) {
                known.get_mut().swap_remove(at);
            }
            if known.get().is_empty() {
                known.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(address: &str) -> Client {
        Client::household(address.parse().unwrap())
    }

    #[test]
    fn room_comes_back_when_holds_run_out() {
        let (crowd, client) = (Crowd::default(), client("192.0.2.1"));
        for _ in 0..2 {
            assert!(crowd.enter(client, 2, Millis(10), Millis(0)));
        }
        assert!(!crowd.enter(client, 2, Millis(19), Millis(9)));
        assert!(crowd.enter(client, 2, Millis(20), Millis(10)));
    }

    #[test]
    fn a_hold_that_never_came_leaves_its_room_and_no_other_s() {
        let (crowd, client) = (Crowd::default(), client("192.0.2.1"));
        for end in [10, 20] {
            assert!(crowd.enter(client, 2, Millis(end), Millis(0)));
        }
        crowd.leave(client, Millis(20));
        crowd.leave(client, Millis(20));
        assert!(crowd.enter(client, 2, Millis(30), Millis(0)));
        assert!(!crowd.enter(client, 2, Millis(30), Millis(0)));
    }

    #[test]
    fn many_households_of_one_site_have_no_more_than_a_site_may() {
        let crowd = Crowd::default();
        let enters = |address: &str| crowd.enter(client(address), 1, Millis(10), Millis(0));
        assert_eq!((0..100).filter(|household| enters(&format!("2001:db8:1:{household:x}::1"))).count(), 8);
        assert!(enters("2001:db8:2::1"));
    }
}
