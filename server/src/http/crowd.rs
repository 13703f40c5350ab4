//! Live holds by client: one address cannot hold the house, however many secrets it invents.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::time::Millis;

use super::client::Client;
use crate::limits::Bucket;

/// When the live holds of each client, and of each site, end.
#[derive(Debug, Default)]
pub struct Crowd {
    ends: Mutex<HashMap<Bucket, Vec<Millis>>>,
}

impl Crowd {
    /// Clients remembered before the idle ones are forgotten.
    const TIDY_ABOVE: usize = 10_000;

    /// Whether `client` has fewer than `limit` live holds, and its site fewer than a site may have.
    pub fn has_room(&self, client: Client, limit: u32, now: Millis) -> bool {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        client.buckets().all(|bucket| {
            ends.get_mut(&bucket).is_none_or(|ends| {
                ends.retain(|end| *end > now);
                ends.len() < limit.saturating_mul(bucket.times()) as usize
            })
        })
    }

    /// Counts a hold of `client` that lasts until `end`. One that is let go early counts on: holding and letting go is
    /// what it guards against.
    pub fn count(&self, client: Client, end: Millis, now: Millis) {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        if ends.len() > Self::TIDY_ABOVE {
            ends.retain(|_, ends| ends.iter().any(|end| *end > now));
        }
        for bucket in client.buckets() {
            ends.entry(bucket).or_default().push(end);
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
            assert!(crowd.has_room(client, 2, Millis(0)));
            crowd.count(client, Millis(10), Millis(0));
        }
        assert!(!crowd.has_room(client, 2, Millis(9)));
        assert!(crowd.has_room(client, 2, Millis(10)));
    }

    #[test]
    fn many_households_of_one_site_have_no_more_than_a_site_may() {
        let crowd = Crowd::default();
        let granted = (0..100).filter(|household| {
            let client = client(&format!("2001:db8:1:{household:x}::1"));
            let room = crowd.has_room(client, 1, Millis(0));
            if room {
                crowd.count(client, Millis(10), Millis(0));
            }
            room
        });
        assert_eq!(granted.count(), 8);
        assert!(crowd.has_room(client("2001:db8:2::1"), 1, Millis(0)));
    }
}
