//! Counts of wrong secrets for each key.
//!
//! Counting does not prevent guessing: secrets of 256 random bits do. It makes a misconfigured
//! client stop, accepts the correct secret at any time, and lets nobody block the key of somebody
//! else.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The period in which wrong secrets of a key are counted.
const WINDOW: Duration = Duration::from_mins(1);

/// Most keys with counted wrong secrets.
pub(crate) const KEYS_MAX: usize = 10_000;

/// Counts wrong secrets.
#[derive(Debug)]
pub(crate) struct Failures {
    count_max: usize,
    hasher: RandomState,
    /// By the hash of the key, because a key from a client may be long.
    counts: Mutex<HashMap<u64, Count>>,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    /// The end of its validity, on the clock.
    until: Duration,
    count: usize,
}

/// The result of counting a wrong secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is within the limit.
    Tolerated,
    /// It is the first above the limit.
    Crossed(Duration),
    /// It is above the limit; the count is reset after this time.
    Excessive(Duration),
}

impl Failures {
    /// Counters at zero; `count_max` wrong secrets per minute are tolerated.
    pub(crate) fn new(count_max: usize) -> Self {
        Self { count_max, hasher: RandomState::new(), counts: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Count>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a wrong secret for `key`, whether it exists or not.
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
