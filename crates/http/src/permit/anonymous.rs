//! How many requests without a valid credential each network address may send.
//!
//! A table of fixed size remembers the addresses. When it is full, what is forgotten are those with
//! most requests left: none is refused for the requests of another one, and an address that has
//! sent too many stays known.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The period of which the requests count.
const PERIOD: Duration = Duration::from_mins(1);

/// Parts of the table; the hash of an address says in which it is.
const SETS: u64 = 4096;

/// Addresses in each part.
const ADDRESSES: usize = 4;

/// The leading bits of an IPv6 address that one client has to itself: it has all of these
/// addresses.
const NETWORK: u128 = 0xffff_ffff_ffff_ffff_0000_0000_0000_0000;

/// The requests of addresses.
pub(crate) struct AnonymousRequests {
    count_max: usize,
    /// The time in which one request is restored.
    restored_in: Duration,
    /// The time in which all of them are.
    all_restored_in: Duration,
    hasher: RandomState,
    sets: Vec<Mutex<[AddressState; ADDRESSES]>>,
}

/// The requests of one address.
#[derive(Clone, Copy, Debug, Default)]
struct AddressState {
    /// The address; 0 if there is none.
    network: u128,
    /// When all requests will be restored, on the clock.
    restored: Duration,
}

impl fmt::Debug for AnonymousRequests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnonymousRequests")
            .field("count_max", &self.count_max)
            .finish_non_exhaustive()
    }
}

impl AnonymousRequests {
    /// So many requests may come from each address within a minute, at least one.
    pub(crate) fn new(count_max: usize) -> Self {
        let count = u32::try_from(count_max).unwrap_or(u32::MAX).max(1);
        let restored_in = PERIOD / count;
        Self {
            count_max,
            restored_in,
            all_restored_in: restored_in.saturating_mul(count),
            hasher: RandomState::new(),
            sets: (0..SETS).map(|_| Mutex::default()).collect(),
        }
    }

    /// How many there may be.
    pub(crate) const fn count_max(&self) -> usize {
        self.count_max
    }

    /// Counts a request from `address` at the time `now` of the clock.
    ///
    /// # Errors
    ///
    /// The time to wait before the next request. The request was not counted.
    pub(crate) fn take(&self, address: IpAddr, now: Duration) -> Result<(), Duration> {
        let network = network_of(address);
        let index = usize::try_from(self.hasher.hash_one(network) % SETS).unwrap_or_default();
        let Some(set) = self.sets.get(index) else { return Ok(()) };
        let mut set = set.lock().unwrap_or_else(PoisonError::into_inner);
        if !set.iter().any(|known| known.network == network)
            && let Some(most_left) = set.iter_mut().min_by_key(|known| known.restored)
        {
            *most_left = AddressState { network, restored: now };
        }
        let known = set.iter_mut().find(|known| known.network == network);
        let Some(known) = known else { return Ok(()) };
        let restored = known.restored.max(now).saturating_add(self.restored_in);
        let wait = restored.saturating_sub(now).saturating_sub(self.all_restored_in);
        if !wait.is_zero() {
            return Err(wait);
        }
        known.restored = restored;
        Ok(())
    }
}

/// The address, or the network in which one client has very many.
fn network_of(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits() & NETWORK,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// How many requests of an address pass at once.
    fn passed(requests: &AnonymousRequests, text: &str, now: Duration) -> usize {
        (0..1000).take_while(|_| requests.take(remote(text), now).is_ok()).count()
    }

    const START: Duration = Duration::from_secs(500);

    #[test]
    fn requests_of_an_address_are_limited_and_restored_with_time() {
        for count in [1, 7, 60] {
            let requests = AnonymousRequests::new(count);
            let here = "192.0.2.7";
            assert_eq!(passed(&requests, here, START), count);
            let restored_in = requests.restored_in;
            assert_eq!(requests.take(remote(here), START), Err(restored_in), "{count}");
            assert_eq!(passed(&requests, "192.0.2.8", START), count, "another address");
            assert_eq!(passed(&requests, here, START + restored_in), 1);
            assert_eq!(passed(&requests, here, START + 3 * PERIOD), count);
        }
    }

    #[test]
    fn addresses_of_one_network_of_version_6_are_one() {
        let requests = AnonymousRequests::new(5);
        assert_eq!(passed(&requests, "2001:db8:0:1::1", START), 5);
        assert_eq!(passed(&requests, "2001:db8:0:1:ffff::2", START), 0);
        assert_eq!(passed(&requests, "2001:db8:0:2::1", START), 5);
        assert_eq!(passed(&requests, "::1", START), 5);
    }

    #[test]
    fn an_address_that_has_sent_too_many_is_known_among_very_many_others() {
        let requests = AnonymousRequests::new(3);
        let here = "192.0.2.7";
        assert_eq!(passed(&requests, here, START), 3);
        for number in 0..200_000_u32 {
            let other = IpAddr::V4((0x0a00_0000 + number).into());
            assert_eq!(requests.take(other, START), Ok(()), "{number}");
        }
        assert_eq!(passed(&requests, here, START), 0);
        let bytes = requests.sets.len() * size_of::<Mutex<[AddressState; ADDRESSES]>>();
        assert!(bytes < 1 << 20, "{bytes}");
    }
}
