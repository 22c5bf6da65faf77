//! Wrong secrets, counted for each key.
//!
//! Counting does not stop anybody from guessing: secrets of 256 random bits do. It tells a
//! client that goes on with a wrong secret to stop, costs it nothing to be right, and lets
//! nobody shut a key that is not theirs.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long wrong secrets of a key are counted together.
const WINDOW: Duration = Duration::from_mins(1);

/// Most keys whose wrong secrets are counted at a time.
pub(crate) const KEYS_MAX: usize = 10_000;

/// Counts wrong secrets.
#[derive(Debug)]
pub(crate) struct Failures {
    count_max: usize,
    hasher: RandomState,
    /// By the hash of the key, which may be long and come from anybody.
    counts: Mutex<HashMap<u64, Count>>,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    /// Until this time on the clock.
    until: Duration,
    count: usize,
}

/// What to make of another wrong secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is one of a few.
    Tolerated,
    /// It is the first that is too many.
    Crossed(Duration),
    /// It is one of too many; they are forgotten after this time.
    Excessive(Duration),
}

impl Failures {
    /// Nothing counted; `count_max` wrong secrets a minute are tolerated.
    pub(crate) fn new(count_max: usize) -> Self {
        Self { count_max, hasher: RandomState::new(), counts: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Count>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a wrong secret for `key`, whether there is such a key or not.
    pub(crate) fn count(&self, key: &str, now: Duration) -> Verdict {
        let hash = self.hasher.hash_one(key);
        let mut counts = self.lock();
        if KEYS_MAX <= counts.len() && !counts.contains_key(&hash) {
            counts.retain(|_, count| now < count.until);
            if KEYS_MAX <= counts.len() {
                counts.clear();
            }
        }
        let fresh = Count { until: now + WINDOW, count: 0 };
        let count = counts.entry(hash).or_insert(fresh);
        if count.until <= now {
            *count = fresh;
        }
        count.count += 1;
        let left = count.until.saturating_sub(now);
        if count.count <= self.count_max {
            Verdict::Tolerated
        } else if count.count == self.count_max + 1 {
            Verdict::Crossed(left)
        } else {
            Verdict::Excessive(left)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerates_so_many_a_minute_for_each_key() {
        let failures = Failures::new(2);
        let second = Duration::from_secs(1);
        let table = [
            ("a", 0, Verdict::Tolerated),
            ("a", 1, Verdict::Tolerated),
            ("a", 2, Verdict::Crossed(58 * second)),
            ("a", 3, Verdict::Excessive(57 * second)),
            ("b", 3, Verdict::Tolerated),
            ("a", 59, Verdict::Excessive(second)),
            ("a", 60, Verdict::Tolerated),
        ];
        for (key, at, expected) in table {
            assert_eq!(failures.count(key, at * second), expected, "{key} at {at} s");
        }
    }

    #[test]
    fn is_bounded() {
        let failures = Failures::new(1);
        for number in 0..3 * KEYS_MAX {
            failures.count(&number.to_string(), Duration::ZERO);
        }
        assert!(failures.lock().len() <= KEYS_MAX);
    }
}
