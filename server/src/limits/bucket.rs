//! Who is counted together: an address, and the site that it is part of.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// Clients' worth that a site may have.
pub const SITE: u32 = 8;

/// Who is counted together: a client, or a site, the first 48 bits of an IPv6 address. Providers give as much to anybody
/// who rents a server, and it has room for 65,536 clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bucket {
    address: IpAddr,
    is_site: bool,
}

impl Bucket {
    /// Whom the client at this address is counted with: itself, and its site where it has one.
    pub fn all_of(client: IpAddr) -> impl Iterator<Item = Self> {
        let site = match client {
            IpAddr::V6(address) => Some(Self { address: first_bits(address, 48), is_site: true }),
            IpAddr::V4(_) => None,
        };
        [Self { address: client, is_site: false }].into_iter().chain(site)
    }

    /// How many clients' worth it may have.
    #[must_use]
    pub fn times(self) -> u32 {
        if self.is_site { SITE } else { 1 }
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.address, if self.is_site { "/48" } else { "" })
    }
}

/// The first bits of an address, the others zero.
#[must_use]
pub fn first_bits(address: Ipv6Addr, bits: u32) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from(u128::from(address) & !(u128::MAX >> bits)))
}

/// How many of something each client and each site has at this moment.
#[derive(Debug, Default)]
pub struct Shares(HashMap<Bucket, u32>);

impl Shares {
    /// Counts one more of the client at this address, of which a client may have `each`.
    ///
    /// # Errors
    /// How many the client, or its site, may have and has: nothing was counted.
    pub fn enter(&mut self, client: IpAddr, each: u32) -> Result<(), u32> {
        for bucket in Bucket::all_of(client) {
            let most = each.saturating_mul(bucket.times());
            if self.0.get(&bucket).copied().unwrap_or(0) >= most {
                return Err(most);
            }
        }
        for bucket in Bucket::all_of(client) {
            *self.0.entry(bucket).or_default() += 1;
        }
        Ok(())
    }

    /// One of the client's is over.
    pub fn leave(&mut self, client: IpAddr) {
        for bucket in Bucket::all_of(client) {
            if let Entry::Occupied(mut here) = self.0.entry(bucket) {
                *here.get_mut() = here.get().saturating_sub(1);
                if *here.get() == 0 {
                    here.remove();
                }
            }
        }
    }

    /// Whether nobody has any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn household(of: u16) -> IpAddr {
        IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 1, of, 0, 0, 0, 0))
    }

    #[test]
    fn a_client_has_its_share_and_a_site_as_much_as_some() {
        let mut shares = Shares::default();
        let alone: IpAddr = "192.0.2.1".parse().unwrap();
        assert_eq!([(); 3].map(|()| shares.enter(alone, 2)), [Ok(()), Ok(()), Err(2)]);
        let inside: Vec<_> = (0..100).filter(|of| shares.enter(household(*of), 2).is_ok()).collect();
        assert_eq!(inside.len(), 16);
        assert_eq!(shares.enter(household(0), 2), Err(16), "one of its households' site is full");
        assert_eq!(shares.enter("2001:db8:2::".parse().unwrap(), 2), Ok(()), "another site is not concerned");
        // Whoever was refused was not counted.
        shares.leave(household(0));
        assert_eq!(shares.enter(household(99), 2), Ok(()));
        for of in inside.into_iter().skip(1).chain([99]) {
            shares.leave(household(of));
        }
        for client in [alone, alone, "2001:db8:2::".parse().unwrap()] {
            shares.leave(client);
        }
        assert!(shares.is_empty());
    }
}
