//! Limits the attempts to sign in from one place, before anything is written or hashed for them.
//!
//! An attempt that fails costs its place one of a number of attempts, which are restored with time;
//! an attempt that succeeds costs nothing. So many people can sign in behind one address, and a
//! place that only guesses gets few password hashes, few rows and few audit entries.
//!
//! Spec: OWASP ASVS 5.0, 6.3.1; OWASP Credential Stuffing Prevention Cheat Sheet.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acta_ambient::Clock;

/// The time in which one attempt is restored.
const RESTORED_IN: Duration = Duration::from_secs(1);

/// Most places that are remembered.
const PLACES_MAX: usize = 10_000;

/// When to try again if too many attempts of a place are in progress.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Admits attempts to sign in.
#[derive(Debug)]
pub struct SignInAdmission {
    clock: Arc<dyn Clock>,
    places: Mutex<HashMap<String, AddressState>>,
}

/// The attempts of one place.
#[derive(Clone, Copy, Debug)]
struct AddressState {
    /// When all attempts will be restored, on the clock.
    restored: Duration,
    concurrent_count: u32,
}

/// An attempt that was admitted. It counts as failed when dropped.
#[derive(Debug)]
pub struct Admitted<'a> {
    admission: &'a SignInAdmission,
    place: String,
}

impl SignInAdmission {
    /// Failed attempts that a place may make at once.
    pub const BURST: u32 = 100;

    /// Most attempts of one place at a time: a part of those that can wait for a hash, so that no
    /// place fills the queue.
    pub const CONCURRENT_MAX: u32 = 16;

    /// Remembers no place yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, places: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, AddressState>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Admits an attempt from `place`.
    ///
    /// # Errors
    ///
    /// The time to wait before the next attempt.
    pub fn admit(&self, place: &str) -> Result<Admitted<'_>, Duration> {
        let now = self.clock.elapsed();
        let mut places = self.lock();
        if PLACES_MAX <= places.len() && !places.contains_key(place) {
            places.retain(|_, place| now < place.restored || 0 < place.concurrent_count);
            // Very many places guess at once. Those in progress keep their counts.
            if PLACES_MAX <= places.len() {
                places.retain(|_, place| 0 < place.concurrent_count);
            }
        }
        let fresh = AddressState { restored: now, concurrent_count: 0 };
        let known = places.entry(place.to_owned()).or_insert(fresh);
        let restored = known.restored.max(now) + RESTORED_IN;
        let wait = restored.saturating_sub(now).saturating_sub(Self::BURST * RESTORED_IN);
        if !wait.is_zero() {
            return Err(wait);
        }
        if Self::CONCURRENT_MAX <= known.concurrent_count {
            return Err(RETRY_AFTER);
        }
        known.restored = restored;
        known.concurrent_count += 1;
        Ok(Admitted { admission: self, place: place.to_owned() })
    }
}

impl Admitted<'_> {
    /// The attempt succeeded: it costs nothing.
    pub fn succeed(self) {
        if let Some(place) = self.admission.lock().get_mut(&self.place) {
            place.restored = place.restored.saturating_sub(RESTORED_IN);
        }
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        if let Some(place) = self.admission.lock().get_mut(&self.place) {
            place.concurrent_count = place.concurrent_count.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use acta_ambient::{ManualClock, Timestamp};

    use super::*;

    const START: Timestamp = Timestamp::from_unix_micros(1_800_000_000_000_000);

    fn admission() -> (Arc<ManualClock>, SignInAdmission) {
        let clock = Arc::new(ManualClock::new(START));
        (Arc::clone(&clock), SignInAdmission::new(clock))
    }

    #[test]
    fn failed_attempts_of_a_place_are_limited() {
        let (clock, admission) = admission();
        for _ in 0..SignInAdmission::BURST {
            drop(admission.admit("here").unwrap());
        }
        assert_eq!(admission.admit("here").unwrap_err(), RESTORED_IN);
        admission.admit("elsewhere").unwrap();
        clock.advance(RESTORED_IN);
        drop(admission.admit("here").unwrap());
        assert_eq!(admission.admit("here").unwrap_err(), RESTORED_IN);
    }

    #[test]
    fn successful_attempts_are_not_limited() {
        let (_, admission) = admission();
        for _ in 0..3 * SignInAdmission::BURST {
            admission.admit("here").unwrap().succeed();
        }
    }

    #[test]
    fn concurrent_attempts_of_a_place_are_limited() {
        let (_, admission) = admission();
        let mut admitted: Vec<_> = (0..SignInAdmission::CONCURRENT_MAX)
            .map(|_| admission.admit("here").unwrap())
            .collect();
        assert_eq!(admission.admit("here").unwrap_err(), RETRY_AFTER);
        drop(admission.admit("elsewhere").unwrap());
        admitted.pop();
        admission.admit("here").unwrap();
    }

    #[test]
    fn remembered_places_are_limited() {
        let (_, admission) = admission();
        for number in 0..3 * PLACES_MAX {
            drop(admission.admit(&number.to_string()).unwrap());
        }
        assert!(admission.lock().len() <= PLACES_MAX);
    }
}
